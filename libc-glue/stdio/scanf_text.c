// SPDX-License-Identifier: BSD-2-Clause
// Characters for scanf: %c, %s and %[, as bytes or wide characters, into the caller's array or into
// memory that is taken for them ("%ms"). See scanf.h.
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "libc-glue/stdio/scanf.h"

// ---- sets ----

// The first member of the set at T[I] is behind a '^', and may be the ']'.
// '^' turns a set into what is not in it.
static size_t first_member(const struct text *t, size_t i)
{
    return text_at(t, i) == '^' ? i + 1 : i;
}

// A set without an end makes scanf stop there, before anything is read.
size_t __scanf_set_end(const struct text *t, size_t i)
{
    i = first_member(t, i);
    if (text_at(t, i) == ']')
        i++;
    for (; text_at(t, i) != ']'; i++)
        if (!text_at(t, i))
            return 0;
    return i + 1;
}

// Whether C is in the set at T[I]. "a-z" is a range when it is in order; a '-' at either end is
// one of the members.
static int in_set(const struct text *t, size_t i, wint_t c)
{
    int not_in = text_at(t, i) == '^', found = 0;
    size_t from = first_member(t, i), end = __scanf_set_end(t, i) - 1;
    for (i = from; i < end && !found; i++) {
        wint_t member = text_at(t, i);
        if (member == '-' && i > from && i + 1 < end && text_at(t, i - 1) <= text_at(t, i + 1))
            found = c >= text_at(t, i - 1) && c <= text_at(t, i + 1);
        else
            found = c == member;
    }
    return found != not_in;
}

// ---- where the text goes ----

// Bytes, or wide characters when WIDE is set.
struct target {
    struct directive *d;
    int wide;
    char *bytes;
    wchar_t *chars;
    size_t used, room; // of what is allocated
    int error;
    mbstate_t state; // of the bytes that are to become one wide character
};

// Bytes an element takes.
static size_t unit(const struct target *t)
{
    return t->wide ? sizeof(wchar_t) : 1;
}

// With %m nothing is allocated before there is a character; a failure leaves the caller's pointer
// alone.
static void target_open(struct target *t, struct directive *d, int wide)
{
    memset(t, 0, sizeof *t);
    t->d = d;
    t->wide = wide;
    if (!d->allocate && !d->suppress) {
        t->bytes = d->to;
        t->chars = d->to;
    }
}

// Makes place for N more units and a NUL.
static void target_reserve(struct target *t, size_t n)
{
    if (!t->d->allocate || t->d->suppress || t->used + n < t->room)
        return;
    size_t room = 2 * t->room + n + 32;
    void *more = realloc(t->wide ? (void *)t->chars : t->bytes, room * unit(t));
    if (!more) {
        t->error = ENOMEM;
        return;
    }
    t->bytes = more;
    t->chars = more;
    t->room = room;
}

// Nothing is stored after an error, but counted on: the input is read to its end all the same.
static void target_bytes(struct target *t, const char *p, size_t n)
{
    target_reserve(t, n);
    if (!t->error && t->bytes)
        memcpy(t->bytes + t->used, p, n);
    t->used += n;
}

// The two arrays are one: which of the pointers is used depends on WIDE.
static void target_wide(struct target *t, wchar_t c)
{
    target_reserve(t, 1);
    if (!t->error && t->chars)
        t->chars[t->used] = c;
    t->used++;
}

// Takes C of source S. Returns whether a character is complete.
static int target_take(struct target *t, const struct source *s, wint_t c)
{
    char bytes[MB_LEN_MAX] = {(char)c};
    wchar_t wide = (wchar_t)c;
    if (t->wide && !s->wide) {
        size_t len = mbrtowc(&wide, bytes, 1, &t->state);
        if (len == (size_t)-2)
            return 0;
        if (len == (size_t)-1)
            return t->error = EILSEQ, 1;
    }
    if (t->wide) {
        target_wide(t, wide);
        return 1;
    }
    size_t len = s->wide ? wcrtomb(bytes, wide, &t->state) : 1;
    if (len == (size_t)-1)
        return t->error = EILSEQ, 1;
    target_bytes(t, bytes, len);
    return 1;
}

// Ends the text (%c has no NUL) and hands allocated memory to the caller.
static void target_close(struct target *t, int with_nul)
{
    if (with_nul) {
        if (t->wide)
            target_wide(t, L'\0');
        else
            target_bytes(t, "", 1);
    }
    if (!t->d->allocate || t->d->suppress)
        return;
    if (t->error)
        free(t->bytes);
    else
        *(void **)t->d->to = t->bytes;
}

// ---- conversions ----

// Whether C belongs to the text that D reads.
static int belongs(const struct source *s, const struct directive *d, const struct text *set,
                   size_t at, wint_t c)
{
    if (set)
        return in_set(set, at, c);
    if (d->conv == 'c' || d->conv == 'C')
        return 1;
    return c < 128 ? c != ' ' && (c < '\t' || c > '\r') : !s->wide || !iswspace(c);
}

// %c takes what there is when the input ends early; %s and %[ need one character at least.
enum outcome __scanf_text(struct source *s, struct directive *d, const struct text *set, size_t at)
{
    struct target t;
    int chars = d->conv == 'c' || d->conv == 'C', taken = 0, whole = 1;
    int left = d->width > 0 ? d->width : chars ? 1 : INT_MAX;
    wint_t c = WEOF;
    target_open(&t, d, d->length >= LEN_L || d->conv == 'C' || d->conv == 'S');
    while (left > 0 && !t.error && (c = source_next(s)) != WEOF) {
        if (!belongs(s, d, set, at, c)) {
            source_back(s, c);
            break;
        }
        taken = 1;
        whole = target_take(&t, s, c);
        left -= whole;
    }
    if (!taken)
        return c == WEOF ? SCAN_NO_INPUT : SCAN_NO_MATCH;
    if (!whole) // the input ends within a character
        t.error = EILSEQ;
    target_close(&t, !chars);
    if (!t.error)
        return SCAN_OK;
    errno = t.error;
    return t.error == EILSEQ ? SCAN_NO_MATCH : SCAN_NO_INPUT;
}
