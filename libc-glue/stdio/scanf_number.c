// SPDX-License-Identifier: BSD-2-Clause
// Numbers for scanf. An integer is put together as it is read; the text of a floating-point number
// is collected for strtold() and its kin, which round once. What is taken for the beginning of a
// number is glibc's choice, "1e" and "0x" too. See scanf.h.
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>

#include "libc-glue/stdio/scanf.h"

// The reading of one number: the next character, and how many more may be read.
struct reading {
    struct source *s;
    wint_t c;
    int left; // negative: as many as there are
};

// The end of the input counts as a character read: the width is used up anyhow.
static void advance(struct reading *r)
{
    if (r->left > 0)
        r->left--;
    r->c = source_next(r->s);
}

// The lower-case letter of C, which is no letter when it is not ASCII.
static int lower(wint_t c)
{
    return c < 128 ? tolower((int)c) : -1;
}

// 99 is a digit of no base.
static int digit_value(wint_t c)
{
    if (c >= '0' && c <= '9')
        return (int)(c - '0');
    return c < 128 && isxdigit((int)c) ? lower(c) - 'a' + 10 : 99;
}

// ---- integers ----

// 0: the text says.
static unsigned base_of(wint_t conv)
{
    switch (conv) {
    case 'i':
        return 0;
    case 'o':
        return 8;
    case 'x':
    case 'X':
    case 'p':
        return 16;
    default:
        return 10;
    }
}

// What does not fit is cut, as a conversion from long would.
static void store_integer(const struct directive *d, uintmax_t n)
{
    if (d->suppress)
        return;
    if (d->conv == 'p') {
        *(void **)d->to = (void *)(uintptr_t)n;
        return;
    }
    switch (d->length) {
    case LEN_HH:
        *(unsigned char *)d->to = (unsigned char)n;
        break;
    case LEN_H:
        *(unsigned short *)d->to = (unsigned short)n;
        break;
    case LEN_NONE:
        *(unsigned *)d->to = (unsigned)n;
        break;
    default:
        *(uintmax_t *)d->to = n;
    }
}

// Beyond the range of its type a number is the nearest there is, as strtol() and strtoul() have it.
static uintmax_t signed_value(const struct directive *d, uintmax_t n, int minus, int too_large)
{
    int is_signed = d->conv == 'd' || d->conv == 'i';
    uintmax_t most = is_signed ? (uintmax_t)INT64_MAX + (uintmax_t)minus : UINT64_MAX;
    if (too_large || n > most)
        return is_signed && minus ? (uintmax_t)INT64_MIN : most;
    return minus ? -n : n;
}

// A leading "0" or "0x", which may say the base. Returns whether it was a digit.
static int read_prefix(struct reading *r, unsigned *base)
{
    int zero = r->left != 0 && r->c == '0';
    if (zero) {
        advance(r);
        if (r->left != 0 && lower(r->c) == 'x' && (*base == 0 || *base == 16)) {
            *base = 16;
            advance(r);
        } else if (*base == 0) {
            *base = 8;
        }
    }
    if (*base == 0)
        *base = 10;
    return zero;
}

// "(nil)", as printf writes a null pointer; R is at its bracket.
static int is_nil(struct reading *r)
{
    static const char word[] = "(nil)";
    if (r->c != '(' || (r->left >= 0 && r->left < 5))
        return 0;
    for (int i = 1; word[i]; i++) {
        r->c = source_next(r->s);
        if (lower(r->c) != word[i])
            return 0;
    }
    return 1;
}

// One character behind the number is read and given back, also when the width was used up.
enum outcome __scanf_integer(struct source *s, struct directive *d)
{
    struct reading r = {s, source_next(s), d->width};
    unsigned base = base_of(d->conv);
    uintmax_t n = 0;
    if (r.c == WEOF)
        return SCAN_NO_INPUT;
    int minus = r.c == '-', sign = minus || r.c == '+', too_large = 0;
    if (sign)
        advance(&r);
    int digits = read_prefix(&r, &base);
    for (unsigned value; r.left != 0 && (value = (unsigned)digit_value(r.c)) < base; digits = 1) {
        too_large |= __builtin_mul_overflow(n, base, &n) || __builtin_add_overflow(n, value, &n);
        advance(&r);
    }
    if (!digits && d->conv == 'p' && !sign && is_nil(&r)) {
        store_integer(d, 0);
        return SCAN_OK;
    }
    source_back(s, r.c);
    if (!digits)
        return SCAN_NO_MATCH;
    store_integer(d, signed_value(d, n, minus, too_large));
    return SCAN_OK;
}

// ---- floating-point numbers ----

// Text that grows: in the caller's frame until it is longer than most numbers are.
struct collected {
    char few[128];
    char *text;
    size_t used, room;
};

// Without memory the rest of the number is dropped.
static void collect(struct collected *t, int c)
{
    if (t->used + 1 >= t->room) {
        char *more = realloc(t->text == t->few ? NULL : t->text, 2 * t->room);
        if (!more)
            return;
        if (t->text == t->few)
            __builtin_memcpy(more, t->few, t->used);
        t->text = more;
        t->room *= 2;
    }
    t->text[t->used++] = (char)c;
    t->text[t->used] = '\0';
}

// The rest of WORD, whose first letter is R's. Returns whether it is there.
static int read_word(struct reading *r, const char *word, struct collected *t)
{
    for (;; word++) {
        if (lower(r->c) != *word)
            return 0;
        collect(t, *word);
        if (!word[1])
            return 1;
        if (r->left == 0)
            return r->c = WEOF, 0;
        advance(r);
    }
}

// "nan", "inf" or "infinity". Returns 1, 0 when the text is another, whose first character that
// does not match is gone like the others (as in glibc), -1 when neither begins here.
static int read_special(struct reading *r, struct collected *t)
{
    if (lower(r->c) == 'n')
        return read_word(r, "nan", t);
    if (lower(r->c) != 'i')
        return -1;
    if (!read_word(r, "inf", t))
        return 0;
    if (r->left == 0)
        return 1;
    advance(r);
    if (lower(r->c) == 'i')
        return read_word(r, "inity", t);
    source_back(r->s, r->c);
    return 1;
}

// Digits, a point and an exponent. Returns whether that is a number or may begin one.
static int read_number(struct reading *r, struct collected *t)
{
    int hex = 0, digits = 0, point = 0, exponent = 0;
    size_t from = t->used;
    if (r->c == '0') {
        collect(t, '0');
        digits = 1;
        if (r->left == 0)
            return 1;
        advance(r);
        if (r->left != 0 && lower(r->c) == 'x') {
            hex = 1;
            digits = 0;
            collect(t, 'x');
            from = t->used;
            if (r->left == 0)
                return 0;
            advance(r);
        }
    }
    for (;; advance(r)) {
        if (digit_value(r->c) < (hex && !exponent ? 16 : 10)) {
            collect(t, (int)r->c);
            digits = 1;
        } else if (exponent && (r->c == '-' || r->c == '+') &&
                   t->text[t->used - 1] == (hex ? 'p' : 'e')) {
            collect(t, (int)r->c);
        } else if (digits && !exponent && lower(r->c) == (hex ? 'p' : 'e')) {
            collect(t, hex ? 'p' : 'e');
            exponent = point = 1;
        } else if (!point && r->c == '.') {
            collect(t, '.');
            point = 1;
        } else {
            source_back(r->s, r->c);
            break;
        }
        if (r->left == 0)
            break;
    }
    return t->used > from;
}

// Returns whether there was a number in TEXT.
static int store_float(const struct directive *d, const char *text)
{
    char *end;
    if (d->length == LEN_LL) {
        long double x = strtold(text, &end);
        if (end != text && !d->suppress)
            *(long double *)d->to = x;
    } else if (d->length == LEN_L) {
        double x = strtod(text, &end);
        if (end != text && !d->suppress)
            *(double *)d->to = x;
    } else {
        float x = strtof(text, &end);
        if (end != text && !d->suppress)
            *(float *)d->to = x;
    }
    return end != text;
}

// A sign alone, at the end of the width or the input, is no number.
enum outcome __scanf_float(struct source *s, struct directive *d)
{
    struct reading r = {s, 0, d->width};
    struct collected t;
    t.text = t.few;
    t.used = 0;
    t.room = sizeof t.few;
    t.few[0] = '\0';
    advance(&r);
    if (r.c == WEOF)
        return SCAN_NO_INPUT;
    if (r.c == '-' || r.c == '+') {
        collect(&t, (int)r.c);
        if (r.left == 0)
            return SCAN_NO_MATCH;
        advance(&r);
    }
    int ok = read_special(&r, &t);
    if (ok < 0)
        ok = read_number(&r, &t);
    if (ok)
        ok = store_float(d, t.text);
    if (t.text != t.few)
        free(t.text);
    return ok ? SCAN_OK : SCAN_NO_MATCH;
}
