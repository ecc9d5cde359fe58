// SPDX-License-Identifier: BSD-2-Clause
// A conversion specification of printf, taken apart: "%2$-*3$.5ld" (XSH fprintf()). What follows
// no rule is left to the engine, which prints it as it stands, like glibc. See printf.h.
#include <limits.h>

#include "libc-glue/stdio/printf.h"

// Of the format's alphabet; no locale has other digits in a format.
static int is_digit(wint_t c)
{
    return c >= '0' && c <= '9';
}

// The number at T[*I], which moves behind it; 0 when there is none, -1 when it is no int.
static int number_at(const struct text *t, size_t *i)
{
    long n = 0;
    for (; is_digit(text_at(t, *i)); ++*i)
        if (n <= INT_MAX)
            n = n * 10 + (long)(text_at(t, *i) - '0');
    return n > INT_MAX ? -1 : (int)n;
}

// "3$" at T[*I]: which argument that is. Without it *I stays, and it is the next one.
static int numbered_at(const struct text *t, size_t *i)
{
    size_t at = *i;
    int n = number_at(t, &at);
    if (at == *i || text_at(t, at) != '$' || n < 1)
        return ARG_NEXT;
    *i = at + 1;
    return n;
}

// In any order, each as often as one likes.
static size_t read_flags(const struct text *t, size_t i, struct spec *spec)
{
    for (;; i++) {
        switch (text_at(t, i)) {
        case '-':
            spec->minus = 1;
            break;
        case '+':
            spec->plus = 1;
            break;
        case ' ':
            spec->space = 1;
            break;
        case '#':
            spec->alt = 1;
            break;
        case '0':
            spec->zero = 1;
            break;
        case '\'':
            spec->group = 1;
            break;
        case 'I':
            spec->digits = 1;
            break;
        default:
            return i;
        }
    }
}

// A width or precision: digits, or a star with the argument it names in *ARG.
static int amount_at(const struct text *t, size_t *i, int *arg)
{
    if (text_at(t, *i) != '*')
        return number_at(t, i);
    ++*i;
    *arg = numbered_at(t, i);
    return 0;
}

// All types longer than int are 64 bits wide here, so that only long double needs LEN_LL.
static size_t read_length(const struct text *t, size_t i, struct spec *spec)
{
    wint_t c = text_at(t, i);
    switch (c) {
    case 'h':
        spec->length = text_at(t, i + 1) == 'h' ? LEN_HH : LEN_H;
        return i + 1 + (spec->length == LEN_HH);
    case 'l':
        spec->length = text_at(t, i + 1) == 'l' ? LEN_LL : LEN_L;
        return i + 1 + (spec->length == LEN_LL);
    case 'L':
    case 'q':
        spec->length = LEN_LL;
        return i + 1;
    case 'j':
    case 'z':
    case 'Z':
    case 't':
        spec->length = LEN_L;
        return i + 1;
    default:
        return i;
    }
}

// In the order of the standard, each part once: a letter out of its place is the conversion's.
size_t __printf_spec(const struct text *t, size_t i, struct spec *spec)
{
    *spec = (struct spec){.precision = -1, .width_arg = ARG_NONE, .precision_arg = ARG_NONE};
    i++;
    spec->arg = numbered_at(t, &i);
    i = read_flags(t, i, spec);
    spec->width = amount_at(t, &i, &spec->width_arg);
    if (spec->width < 0)
        return 0;
    if (text_at(t, i) == '.') {
        i++;
        spec->precision = amount_at(t, &i, &spec->precision_arg);
        if (spec->precision < 0)
            return 0;
    }
    i = read_length(t, i, spec);
    spec->conv = text_at(t, i);
    return spec->conv ? i + 1 : i;
}
