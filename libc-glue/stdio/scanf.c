// SPDX-License-Identifier: BSD-2-Clause
// The engine of scanf: the format is followed one directive at a time, until one does not match or
// the input ends (XSH fscanf()). See scanf.h.
#include <stdint.h>
#include <wctype.h>

#include "libc-glue/stdio/scanf.h"

// ASCII's six in every locale; in wide text those of the locale, too.
static int is_space(const struct source *s, wint_t c)
{
    if (c == WEOF)
        return 0;
    return c < 128 ? c == ' ' || (c >= '\t' && c <= '\r') : s->wide && iswspace(c);
}

// Up to the first character that is none, which stays.
static void skip_spaces(struct source *s)
{
    wint_t c;
    do
        c = source_next(s);
    while (is_space(s, c));
    source_back(s, c);
}

// The end of the input is told apart from a character that does not match.
static enum outcome scan_literal(struct source *s, wint_t wanted)
{
    wint_t c = source_next(s);
    if (c == wanted)
        return SCAN_OK;
    source_back(s, c);
    return c == WEOF ? SCAN_NO_INPUT : SCAN_NO_MATCH;
}

// ---- the format ----

// -1 when there is none. Widths beyond a hundred million are all alike.
static int decimal_at(const struct text *t, size_t *i)
{
    int n = -1;
    for (wint_t c; (c = text_at(t, *i)) >= '0' && c <= '9'; ++*i)
        if (n < 100000000)
            n = (n < 0 ? 0 : n * 10) + (int)(c - '0');
    return n;
}

// All in one loop: glibc takes 'm' before or behind the length.
static size_t read_size(const struct text *t, size_t i, struct directive *d)
{
    for (;; i++) {
        switch (text_at(t, i)) {
        case 'h':
            d->length = d->length == LEN_H ? LEN_HH : LEN_H;
            break;
        case 'l':
            d->length = d->length == LEN_L ? LEN_LL : LEN_L;
            break;
        case 'L':
        case 'q':
            d->length = LEN_LL;
            break;
        case 'j':
        case 'z':
        case 'Z':
        case 't':
            d->length = LEN_L;
            break;
        case 'm':
            d->allocate = 1;
            break;
        default:
            return i;
        }
    }
}

// Reads the directive whose '%' is at T[I]; *NUMBER is its argument's, or -1 for the next one.
// Returns what comes after the letter.
static size_t read_directive(const struct text *t, size_t i, struct directive *d, int *number)
{
    *d = (struct directive){.width = -1};
    *number = -1;
    size_t at = ++i;
    int n = decimal_at(t, &at);
    if (n > 0 && text_at(t, at) == '$') {
        *number = n;
        i = at + 1;
    }
    for (wint_t c; (c = text_at(t, i)) == '*' || c == '\'' || c == 'I'; i++)
        d->suppress |= c == '*';
    d->width = decimal_at(t, &i);
    if (d->width == 0)
        d->width = -1;
    i = read_size(t, i, d);
    d->conv = text_at(t, i);
    return d->conv ? i + 1 : i;
}

// Argument NUMBER, all of them being pointers.
static void *numbered_pointer(va_list all, int number)
{
    va_list ap;
    void *p = NULL;
    va_copy(ap, all);
    for (int i = 0; i < number; i++)
        p = va_arg(ap, void *);
    va_end(ap);
    return p;
}

// ---- conversions ----

// %n counts characters of the source, bytes or wide ones.
static void store_taken(const struct source *s, const struct directive *d)
{
    if (d->suppress)
        return;
    switch (d->length) {
    case LEN_HH:
        *(signed char *)d->to = (signed char)s->count;
        break;
    case LEN_H:
        *(short *)d->to = (short)s->count;
        break;
    case LEN_NONE:
        *(int *)d->to = (int)s->count;
        break;
    default:
        *(long *)d->to = (long)s->count;
    }
}

// strchr() would take a NUL for a letter, and wide characters for bytes.
static int is_one_of(wint_t c, const char *letters)
{
    while (*letters && (wint_t)*letters != c)
        letters++;
    return *letters != '\0';
}

// The conversion D, whose letter stands before T[I].
static enum outcome run(struct source *s, struct directive *d, const struct text *t, size_t i)
{
    if (!is_one_of(d->conv, "[cCn"))
        skip_spaces(s);
    if (is_one_of(d->conv, "diouxXp"))
        return __scanf_integer(s, d);
    if (is_one_of(d->conv, "aAeEfFgG"))
        return __scanf_float(s, d);
    if (is_one_of(d->conv, "csCS["))
        return __scanf_text(s, d, d->conv == '[' ? t : NULL, i);
    if (d->conv == '%')
        return scan_literal(s, '%');
    if (d->conv != 'n')
        return SCAN_NO_MATCH; // no conversion
    store_taken(s, d);
    return SCAN_OK;
}

// One directive at T[*I], which moves behind it. *STORED counts.
static enum outcome scan_directive(struct source *s, const struct text *t, size_t *i, va_list *next,
                                   va_list all, int *stored)
{
    struct directive d;
    int number;
    wint_t c = text_at(t, *i);
    if (c < 128 ? is_space(s, c) : t->wide && iswspace(c)) {
        ++*i;
        skip_spaces(s);
        return SCAN_OK;
    }
    if (c != '%') {
        ++*i;
        return scan_literal(s, c);
    }
    *i = read_directive(t, *i, &d, &number);
    if (!d.suppress && d.conv != '%' && d.conv)
        d.to = number > 0 ? numbered_pointer(all, number) : va_arg(*next, void *);
    size_t set = *i;
    if (d.conv == '[' && (*i = __scanf_set_end(t, set)) == 0)
        return SCAN_NO_MATCH;
    enum outcome outcome = run(s, &d, t, set);
    *stored += outcome == SCAN_OK && !d.suppress && d.conv != 'n' && d.conv != '%';
    return outcome;
}

// EOF only when nothing at all was stored before the input ended (XSH fscanf()).
int __scanf_from(struct source *s, struct text format, va_list ap)
{
    va_list next, all;
    int stored = 0;
    enum outcome outcome = SCAN_OK;
    va_copy(next, ap);
    va_copy(all, ap);
    for (size_t i = 0; outcome == SCAN_OK && text_at(&format, i);)
        outcome = scan_directive(s, &format, &i, &next, all, &stored);
    va_end(next);
    va_end(all);
    return outcome == SCAN_NO_INPUT && stored == 0 ? -1 : stored;
}
