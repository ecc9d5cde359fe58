// SPDX-License-Identifier: BSD-2-Clause
// util.c: see util.h.
#include "tools/mkimage/util.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void die(const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        text = NULL;
    va_end(ap);
    fputs("mkimage: ", stderr);
    print_text(stderr, text ? text : "out of memory");
    fputc('\n', stderr);
    exit(2);
}

// ---- signals ----

static sigset_t held; // filled when the first temporary file is made
static int ended_by;  // the signal that ends us, 0 for none

const sigset_t *signals_held(void)
{
    return &held;
}

// Signals that are ignored (nohup) stay so: blocked, they would become pending all the same.
static void hold_signals(void)
{
    static const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGXCPU};
    struct sigaction now;

    sigemptyset(&held);
    for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++)
        if (sigaction(ends[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaddset(&held, ends[i]);
    sigprocmask(SIG_BLOCK, &held, NULL);
}

// The first handler of exit() to be registered is the last to run: by now all is undone.
static void end_by_signal(void)
{
    if (!ended_by)
        return;
    signal(ended_by, SIG_DFL);
    raise(ended_by);
    sigprocmask(SIG_UNBLOCK, &held, NULL);
}

void undo_at_exit(void (*undo)(void))
{
    static bool first = true;

    if (first) {
        hold_signals();
        if (atexit(end_by_signal) != 0)
            die("out of memory");
    }
    first = false;
    if (atexit(undo) != 0)
        die("out of memory");
}

void signals_check(void)
{
    sigset_t pending;

    sigpending(&pending);
    for (int sig = 1; sig < NSIG; sig++) {
        if (sigismember(&held, sig) != 1 || sigismember(&pending, sig) != 1)
            continue;
        ended_by = sig;
        exit(128 + sig);
    }
}

// ---- text ----

// The length of the UTF-8 character at p (RFC 3629), if it may be printed as it is; else 0.
static size_t plain_char(const unsigned char *p)
{
    if (p[0] < 0x80)
        return p[0] >= ' ' && p[0] != 0x7f && p[0] != '\\';
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    uint32_t c = p[0] & (0x7f >> len);

    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) // the NUL at the end too
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    // Too long a form, half of a UTF-16 pair, or a control character of ISO 6429.
    bool bad = c < (len == 2   ? 0xa0u
                    : len == 3 ? 0x800u
                               : 0x10000u) ||
               c > 0x10ffff || (c >= 0xd800 && c < 0xe000);
    return bad ? 0 : len;
}

void print_text(FILE *to, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;

    while (*p) {
        size_t len = plain_char(p);
        if (len)
            fwrite(p, len, 1, to);
        else
            fprintf(to, "\\%03o", *p);
        p += len ? len : 1;
    }
}

// ---- memory ----

void *new_zeroed(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);

    if (!p)
        die("out of memory");
    return p;
}

void *grow(void *old, size_t count, size_t size)
{
    void *p = reallocarray(old, count, size);

    if (!p)
        die("out of memory");
    return p;
}

char *new_string(const char *fmt, ...)
{
    va_list ap;
    char *s;

    va_start(ap, fmt);
    if (vasprintf(&s, fmt, ap) < 0)
        die("out of memory");
    va_end(ap);
    return s;
}

uint64_t align_up(uint64_t x, uint64_t align)
{
    return (x + align - 1) & ~(align - 1);
}

void write_at(const char *path, int fd, const void *buf, size_t len, uint64_t off)
{
    for (size_t done = 0; done < len;) {
        signals_check();
        ssize_t n = pwrite(fd, (const char *)buf + done, len - done, (off_t)(off + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            die("%s: %s", path, strerror(errno));
        done += (size_t)n;
    }
}

mode_t output_mode(void)
{
    mode_t mask = umask(0);

    umask(mask);
    return 0666 & ~mask;
}

// Copy one word from *in to out and step *in behind it. The word is never longer than its source.
static void copy_word(const char **in, char *out, const char *line)
{
    const char *p = *in;
    char quote = 0;

    for (; *p && (quote || !strchr(" \t\n", *p)); p++) {
        if (quote ? *p == quote : *p == '\'' || *p == '"') {
            quote = quote ? 0 : *p;
        } else if (*p == '\\' && p[1] &&
                   (!quote || (quote == '"' && (p[1] == '"' || p[1] == '\\')))) {
            *out++ = *++p;
        } else {
            *out++ = *p;
        }
    }
    if (quote)
        die("command line: %c quote left open: %s", quote, line);
    *out = '\0';
    *in = p;
}

char **split_words(const char *line, uint32_t *count)
{
    char **words = new_zeroed(1, sizeof *words);
    const char *p = line;

    for (*count = 0;; ++*count) {
        p += strspn(p, " \t\n");
        if (!*p)
            return words;
        words = grow(words, *count + 2, sizeof *words);
        words[*count] = new_zeroed(strlen(p) + 1, 1);
        words[*count + 1] = NULL;
        copy_word(&p, words[*count], line);
    }
}
