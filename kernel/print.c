// SPDX-License-Identifier: BSD-2-Clause
// klog() and panic(): one line on the host's stderr. For what the program cannot be told of.

#include <stdarg.h>

#include "kernel/api/signal.h"
#include "kernel/api/wait.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/window/window.h"

#define LINE 256

struct line {
    char text[LINE];
    uint32_t len;
};

static void line_put(struct line *l, char c)
{
    if (l->len < LINE - 1) // room for the newline
        l->text[l->len++] = c;
}

static void line_put_string(struct line *l, const char *s)
{
    for (s = s ? s : "(null)"; *s; s++)
        line_put(l, *s);
}

static void line_put_number(struct line *l, uint64_t n, unsigned base)
{
    char digits[24];
    int i = 0;
    do
        digits[i++] = "0123456789abcdef"[n % base];
    while (n /= base);
    while (i > 0)
        line_put(l, digits[--i]);
}

static void put_signed(struct line *l, int64_t n)
{
    if (n < 0)
        line_put(l, '-');
    line_put_number(l, n < 0 ? -(uint64_t)n : (uint64_t)n, 10);
}

static void format_line(struct line *l, const char *f, va_list args)
{
    for (; *f; f++) {
        if (*f != '%') {
            line_put(l, *f);
            continue;
        }
        int is_long = f[1] == 'l';
        f += 1 + is_long;
        switch (*f) {
        case 's':
            line_put_string(l, va_arg(args, const char *));
            break;
        case 'd':
            put_signed(l, is_long ? va_arg(args, long) : va_arg(args, int));
            break;
        case 'u':
        case 'x':
            line_put_number(l, is_long ? va_arg(args, unsigned long) : va_arg(args, unsigned),
                            *f == 'x' ? 16 : 10);
            break;
        case 'p':
            line_put_string(l, "0x");
            line_put_number(l, (uintptr_t)va_arg(args, void *), 16);
            break;
        case '%':
            line_put(l, '%');
            break;
        default: // an unknown conversion, or a format that ends in '%'
            return;
        }
    }
}

static void print(const char *prefix, const char *format, va_list args)
{
    struct line l = {.len = 0};
    line_put_string(&l, prefix);
    format_line(&l, format, args);
    // One call for one line, so that lines of different processes do not mix. Whether it worked is
    // not asked: there is nobody else to tell.
    l.text[l.len++] = '\n';
    pv_console(2, 1, l.text, l.len);
}

void klog(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print("kernel: ", format, args);
    va_end(args);
}

void panic(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print("kernel panic: ", format, args);
    va_end(args);
    // Not through proc_exit(): whatever is broken, the host's view of this VM's death is not.
    for (;;)
        pv_exit(SIGABRT, NULL, 0, 0, 0);
}

void refuse(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print("ramet: ", format, args);
    va_end(args);
    for (;;)
        pv_exit(K_STATUS_EXIT(1), NULL, 0, 0, 0);
}
