// SPDX-License-Identifier: BSD-2-Clause
// Console lines of the shim. Neighbours: string.c (memory functions), serial.c, power.c.

#include "arch/x86_64/shim/lib.h"

#include <stdarg.h>

#include "arch/x86_64/shim/device/power.h"
#include "arch/x86_64/shim/serial.h"

static void put_number(uint64_t value, unsigned base)
{
    char digits[20];
    unsigned n = 0;
    do
        digits[n++] = "0123456789abcdef"[value % base];
    while ((value /= base) != 0);
    while (n)
        serial_put(digits[--n]);
}

static void put_string(const char *s)
{
    while (*s)
        serial_put(*s++);
}

// %s %c %u %x, and %lu %lx for 64 bits. Nothing else, since a format we do not know would read the
// wrong arguments.
static void print(const char *format, va_list args)
{
    put_string("ramet: ");
    for (; *format; format++) {
        if (*format != '%') {
            serial_put(*format);
            continue;
        }
        int wide = *++format == 'l';
        format += wide;
        if (*format == 's')
            put_string(va_arg(args, const char *));
        else if (*format == 'c')
            serial_put((char)va_arg(args, int));
        else
            put_number(wide ? va_arg(args, uint64_t) : va_arg(args, unsigned),
                       *format == 'x' ? 16 : 10);
    }
    put_string("\r\n");
}

void shim_print(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print(format, args);
    va_end(args);
}

void shim_panic(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print(format, args);
    va_end(args);
    power_exit(255u << 8);
}
