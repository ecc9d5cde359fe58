// SPDX-License-Identifier: BSD-2-Clause
// strtol() and its kin. newlib's take any base, read "0x" without a digit behind it as no number,
// and leave *end alone when there is none. Neighbours: strtod.c, wcstol.c.
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <reent.h>
#include <stdlib.h>

long _strtol_r(struct _reent *re, const char *restrict s, char **restrict end, int base);
unsigned long _strtoul_r(struct _reent *re, const char *restrict s, char **restrict end, int base);

// 99: of no base.
static unsigned digit_of(unsigned char c)
{
    return isdigit(c) ? (unsigned)c - '0' : isalpha(c) ? (unsigned)tolower(c) - 'a' + 10u : 99;
}

// The base of the number at *S, which moves behind "0x". Such a prefix is one only with a digit
// behind it; else the number is the 0 (C11 7.22.1.4).
static unsigned prefix(const char **s, int base)
{
    const char *p = *s;
    int hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X') && digit_of((unsigned char)p[2]) < 16;
    if (hex && (base == 0 || base == 16)) {
        *s += 2;
        return 16;
    }
    return base ? (unsigned)base : p[0] == '0' ? 8 : 10;
}

// The number at TEXT, whose sign is *MINUS, at most MOST (one more when it is negative and SIGNED).
// A base there is not is EINVAL, and *END stays what it is, as in glibc.
static unsigned long magnitude(const char *text, char **end, int base, unsigned long most,
                               int is_signed, int *minus)
{
    const char *s = text, *after = text;
    unsigned long n = 0;
    int too_large = 0;
    *minus = 0;
    if (base < 0 || base == 1 || base > 36)
        return errno = EINVAL, 0;
    while (isspace((unsigned char)*s))
        s++;
    *minus = *s == '-';
    s += *s == '-' || *s == '+';
    unsigned radix = prefix(&s, base);
    for (unsigned d; (d = digit_of((unsigned char)*s)) < radix; after = ++s)
        too_large |= __builtin_mul_overflow(n, radix, &n) || __builtin_add_overflow(n, d, &n);
    if (end)
        *end = (char *)(uintptr_t)after;
    most += is_signed && *minus;
    if (!too_large && n <= most)
        return n;
    errno = ERANGE;
    if (!is_signed)
        *minus = 0; // the largest number, whatever the sign
    return most;
}

// At the edge the result is the edge, with ERANGE.
long strtol(const char *restrict s, char **restrict end, int base)
{
    int minus;
    unsigned long n = magnitude(s, end, base, LONG_MAX, 1, &minus);
    return (long)(minus ? -n : n);
}

// A minus sign is allowed, and the result is what C's arithmetic makes of it.
unsigned long strtoul(const char *restrict s, char **restrict end, int base)
{
    int minus;
    unsigned long n = magnitude(s, end, base, ULONG_MAX, 0, &minus);
    return minus ? -n : n;
}

// All of 64 bits.
_Static_assert(sizeof(long) == sizeof(long long) && sizeof(long) == sizeof(intmax_t), "LP64");

// long long is long here.
long long strtoll(const char *restrict s, char **restrict end, int base)
{
    return strtol(s, end, base);
}

unsigned long long strtoull(const char *restrict s, char **restrict end, int base)
{
    return strtoul(s, end, base);
}

// <inttypes.h>'s names.
intmax_t strtoimax(const char *restrict s, char **restrict end, int base)
{
    return strtol(s, end, base);
}

// The largest type is as wide.
uintmax_t strtoumax(const char *restrict s, char **restrict end, int base)
{
    return strtoul(s, end, base);
}

// newlib's own callers: atoi() and scanf().
long _strtol_r(struct _reent *re, const char *restrict s, char **restrict end, int base)
{
    (void)re;
    return strtol(s, end, base);
}

unsigned long _strtoul_r(struct _reent *re, const char *restrict s, char **restrict end, int base)
{
    (void)re;
    return strtoul(s, end, base);
}
