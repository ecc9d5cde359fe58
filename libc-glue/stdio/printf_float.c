// SPDX-License-Identifier: BSD-2-Clause
// Floating-point numbers for printf: %e %f %g, exact to the last digit in the current rounding
// direction, and without memory of malloc(), whatever the precision: the number is written down as
// a decimal one (stdlib/bignum.h), rounded there, and its digits go out from there. See printf.h;
// %a is in printf_hex.c.
#include <string.h>

#include "libc-glue/stdio/printf.h"
#include "libc-glue/stdio/printf_float.h"

// The x87 control word's rounding direction, which fesetround() keeps the same as SSE's.
int __float_rounding(void)
{
    uint16_t control;
    __asm__("fnstcw %0" : "=m"(control));
    return control >> 10 & 3;
}

// IEEE 754, 4.3: to nearest with ties to even, or towards one side whenever anything is left.
int __float_rounds_up(int minus, int odd, int rest)
{
    switch (__float_rounding()) {
    case ROUND_DOWN:
        return rest && minus;
    case ROUND_UP:
        return rest && !minus;
    case ROUND_TO_ZERO:
        return 0;
    default:
        return rest == 3 || (rest == 2 && odd);
    }
}

// Adds UNIT, a power of ten, to the word at AT; what is behind it is gone already.
static void add_unit(struct bignum *b, int at, uint32_t unit)
{
    if (b->first == b->last || at < b->first || at >= b->last)
        big_set(b, at, 0);
    for (int i = at;; i--, unit = 1) {
        if (i < b->first)
            big_set(b, i, 0);
        b->word[i] += unit;
        if (b->word[i] < WORD)
            break;
        b->word[i] -= WORD;
    }
    big_trim(b);
}

// N at most 9.
static uint32_t power_of_ten(int n)
{
    uint32_t unit = 1;
    while (n-- > 0)
        unit *= 10;
    return unit;
}

// Rounds to PLACES digits behind the point (before it, when that is negative).
static void big_round(struct bignum *b, long places, int minus)
{
    long keep = POINT * WORD_DIGIT + places; // digits of the array, counted from its left
    if (b->first == b->last || keep >= (long)b->last * WORD_DIGIT)
        return;
    int at = (int)(keep / WORD_DIGIT), digit = (int)(keep % WORD_DIGIT);
    uint32_t unit = power_of_ten(WORD_DIGIT - digit), rest = 0, odd = 0;
    int more = at < b->last - 1;
    if (at >= b->first) {
        rest = b->word[at] % unit;
        odd = digit ? b->word[at] / unit & 1 : at > b->first && (b->word[at - 1] & 1);
        b->word[at] -= rest;
        b->last = at + 1;
    } else {
        big_clear(b); // less than half: everything is behind the place
    }
    int what = rest > unit / 2 || (rest == unit / 2 && more) ? 3
               : rest == unit / 2                            ? 2
                                                             : rest || more;
    big_trim(b);
    if (!__float_rounds_up(minus, (int)odd, what))
        return;
    // The digit that grows may be in the word before the one that was cut.
    // A word of 9 digits holds no 10^9: that is a unit of the word before.
    if (digit == 0)
        add_unit(b, at - 1, 1);
    else
        add_unit(b, at, unit);
}

// The power of ten of the first digit; 0 for 0.
// What stands before the first digit is no part of the number; big_trim() has seen to that.
static int exponent_of(const struct bignum *b)
{
    if (b->first == b->last)
        return 0;
    return (POINT - b->first - 1) * WORD_DIGIT + big_digits_of(b->word[b->first]) - 1;
}

// How many digits there are behind the one of 10^EXPONENT, without zeros at the end.
static int digits_behind(const struct bignum *b, int exponent)
{
    if (b->first == b->last)
        return 0;
    int zeros = 0;
    for (uint32_t word = b->word[b->last - 1]; word % 10 == 0; word /= 10)
        zeros++;
    int n = (b->last - POINT) * WORD_DIGIT - zeros + exponent;
    return n > 0 ? n : 0;
}

// Puts N digits, the first of which is that of 10^EXPONENT.
static void put_digits(struct sink *s, const struct bignum *b, int exponent, size_t n)
{
    char text[WORD_DIGIT];
    size_t place = (size_t)(POINT * WORD_DIGIT - 1 - exponent), some;
    for (; n > 0 && place / WORD_DIGIT < (size_t)b->last; place += some, n -= some) {
        int at = (int)(place / WORD_DIGIT), skip = (int)(place % WORD_DIGIT);
        uint32_t word = at >= b->first ? b->word[at] : 0;
        for (int i = WORD_DIGIT; i-- > 0; word /= 10)
            text[i] = (char)('0' + word % 10);
        some = (size_t)(WORD_DIGIT - skip) < n ? (size_t)(WORD_DIGIT - skip) : n;
        __sink_emit(s, text + skip, some);
    }
    __sink_pad(s, '0', n);
}

// The sign, or the place that is kept for one, at TO. Returns its length.
size_t __float_sign(const struct spec *spec, int minus, char *to)
{
    *to = minus ? '-' : spec->plus ? '+' : ' ';
    return minus || spec->plus || spec->space;
}

// %f: all digits before the point, at least one, and DECIMALS behind it.
static void put_fixed(struct sink *s, const struct spec *spec, const struct bignum *b, int minus,
                      size_t decimals)
{
    char sign;
    int exponent = exponent_of(b), point = decimals > 0 || spec->alt;
    if (exponent < 0)
        exponent = 0;
    size_t sign_len = __float_sign(spec, minus, &sign), whole = (size_t)exponent + 1;
    size_t behind = __printf_open(s, spec, &sign, sign_len, whole + (size_t)point + decimals, 1);
    put_digits(s, b, exponent, whole);
    if (point)
        __sink_emit(s, ".", 1);
    put_digits(s, b, -1, decimals);
    __sink_pad(s, ' ', behind);
}

// 7 digits are room for any exponent; a long double's has 4.
size_t __float_exponent(char *to, int letter, int exponent, int least)
{
    char digits[8];
    size_t n = 0, len = 0;
    unsigned left = exponent < 0 ? -(unsigned)exponent : (unsigned)exponent;
    do
        digits[n++] = (char)('0' + left % 10);
    while ((left /= 10) || n < (size_t)least);
    to[len++] = (char)letter;
    to[len++] = exponent < 0 ? '-' : '+';
    while (n > 0)
        to[len++] = digits[--n];
    return len;
}

// LETTER is 'e' or 'E'.
static void put_scientific(struct sink *s, const struct spec *spec, const struct bignum *b,
                           int minus, size_t decimals, int letter)
{
    char sign, tail[12];
    int exponent = exponent_of(b), point = decimals > 0 || spec->alt;
    size_t sign_len = __float_sign(spec, minus, &sign);
    size_t tail_len = __float_exponent(tail, letter, exponent, 2);
    size_t size = 1 + (size_t)point + decimals + tail_len;
    size_t behind = __printf_open(s, spec, &sign, sign_len, size, 1);
    put_digits(s, b, exponent, 1);
    if (point)
        __sink_emit(s, ".", 1);
    put_digits(s, b, exponent - 1, decimals);
    __sink_emit(s, tail, tail_len);
    __sink_pad(s, ' ', behind);
}

// %g: as many digits as the precision says in the shorter of the two forms, without zeros at the
// end (C11 7.21.6.1).
static void put_general(struct sink *s, const struct spec *spec, struct bignum *b, int minus)
{
    int digits = spec->precision < 0 ? 6 : spec->precision > 0 ? spec->precision : 1;
    big_round(b, (long)digits - 1 - exponent_of(b), minus);
    int exponent = exponent_of(b), fixed = exponent >= -4 && exponent < digits;
    int decimals = fixed ? digits - 1 - exponent : digits - 1;
    if (!spec->alt) {
        int there = digits_behind(b, fixed ? 0 : exponent);
        decimals = there < decimals ? there : decimals;
    }
    if (fixed)
        put_fixed(s, spec, b, minus, (size_t)decimals);
    else
        put_scientific(s, spec, b, minus, (size_t)decimals, spec->conv == 'G' ? 'E' : 'e');
}

// Infinity and NaN, which no zeros are put before.
static void put_word(struct sink *s, const struct spec *spec, int minus, const char *word)
{
    char sign;
    size_t sign_len = __float_sign(spec, minus, &sign);
    size_t behind = __printf_open(s, spec, &sign, sign_len, 3, 0);
    __sink_emit(s, word, 3);
    __sink_pad(s, ' ', behind);
}

// Infinity and NaN in the case of the letter; a sign even of NaN, as glibc prints it.
void __printf_float(struct sink *s, const struct spec *spec, long double x)
{
    union long_parts parts = {x};
    struct bignum b;
    int minus = parts.exponent >> 15, field = parts.exponent & NO_NUMBER;
    int upper = spec->conv < 'a', decimals = spec->precision < 0 ? 6 : spec->precision;
    // Without its leading bit a number with an exponent is none the processor would make.
    if (field && !(parts.mantissa >> 63))
        return put_word(s, spec, minus, upper ? "NAN" : "nan");
    if (field == NO_NUMBER && parts.mantissa << 1)
        return put_word(s, spec, minus, upper ? "NAN" : "nan");
    if (field == NO_NUMBER)
        return put_word(s, spec, minus, upper ? "INF" : "inf");
    if (spec->conv == 'a' || spec->conv == 'A')
        return __printf_hex(s, spec, &parts);
    big_clear(&b);
    if (parts.mantissa)
        big_from(&b, &parts);
    if (spec->conv == 'g' || spec->conv == 'G')
        return put_general(s, spec, &b, minus);
    if (spec->conv == 'f' || spec->conv == 'F') {
        big_round(&b, decimals, minus);
        return put_fixed(s, spec, &b, minus, (size_t)decimals);
    }
    big_round(&b, (long)decimals - exponent_of(&b), minus);
    put_scientific(s, spec, &b, minus, (size_t)decimals, (int)spec->conv);
}
