// SPDX-License-Identifier: BSD-2-Clause
// util.c: see util.h.
#include "tools/mkimage/util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void die(const char *fmt, ...)
{
    va_list ap;

    fputs("mkimage: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(2);
}

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
