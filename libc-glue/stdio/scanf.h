// SPDX-License-Identifier: BSD-2-Clause
// What the files behind scanf() share: where characters come from and what a conversion asks for.
//
// One engine for all of scanf's relatives, like printf's (printf.h). At most one character is ever
// given back to the source, so that a stream of any kind will do: what a failed conversion has read
// before that one is gone (C11 7.21.6.2). Neighbours: scanf.c (the engine), scanf_number.c,
// scanf_text.c, scanf_calls.c and wscanf.c (the functions of the standard).
#ifndef RAMET_GLUE_SCANF_H
#define RAMET_GLUE_SCANF_H

#include <stdarg.h>
#include <stddef.h>
#include <wchar.h>

#include "libc-glue/stdio/printf.h"

// Where the next character comes from. The kinds embed this as their first member.
struct source {
    wint_t (*next)(struct source *s);         // WEOF at the end
    void (*back)(struct source *s, wint_t c); // C, the last one read, is not taken after all
    int wide;                                 // gives wide characters, not bytes
    size_t count;                             // characters taken so far
};

// The end is no character: it is not counted.
static inline wint_t source_next(struct source *s)
{
    wint_t c = s->next(s);
    if (c != WEOF)
        s->count++;
    return c;
}

// The end cannot be given back, and need not be.
static inline void source_back(struct source *s, wint_t c)
{
    if (c == WEOF)
        return;
    s->count--;
    s->back(s, c);
}

// A conversion, taken apart.
struct directive {
    int suppress;       // '*': nothing is stored
    int allocate;       // 'm': memory is
    int width;          // -1: none was given
    enum length length; // LEN_LL: also long double
    wint_t conv;
    void *to; // where the result goes; NULL with SUPPRESS
};

// How a conversion ends. Both failures end scanf; of the input's, scanf returns EOF if nothing was
// stored before.
enum outcome { SCAN_OK, SCAN_NO_MATCH, SCAN_NO_INPUT };

// The spaces in front are skipped already. What is stored is stored at D's place.
enum outcome __scanf_integer(struct source *s, struct directive *d);
enum outcome __scanf_float(struct source *s, struct directive *d);

// %c, %s and %[. SET is the format behind the '[', or NULL.
enum outcome __scanf_text(struct source *s, struct directive *d, const struct text *set, size_t at);

// Behind the ']' of the set that begins at T[I]; 0 when there is none.
size_t __scanf_set_end(const struct text *t, size_t i);

// All of a scanf. Returns what scanf returns.
int __scanf_from(struct source *s, struct text format, va_list ap);

#endif
