// SPDX-License-Identifier: BSD-2-Clause
// strtod(), strtof(), strtold(): text to a number, rounded once, whatever its length, without
// memory from malloc().
//
// A number of up to 19 digits and a small exponent is one exact long double times or divided by
// another, so that one operation rounds it; all others are written down exactly (bignum.h) and
// shifted until the integer part is the mantissa. newlib's strtof() rounds twice and reports no
// underflow. Neighbours: dtoa.c, newlib's scanf and wcstod(), which come here.
#include <ctype.h>
#include <errno.h>
#include <reent.h>
#include <stdlib.h>
#include <strings.h>

#include "libc-glue/stdlib/bignum.h"

// A binary format: MANTISSA bits, the least exponent of the last of them, and the first power of 2
// that is too large.
struct format {
    int mantissa, least, most;
};
static const struct format of_float = {24, -149, 128};
static const struct format of_double = {53, -1074, 1024};
static const struct format of_long = {64, -16445, 16384};

// Exponents beyond are out of every format's range, and sums of them fit an int.
#define MOST_EXPONENT 100000000

double _strtod_l(struct _reent *re, const char *restrict s, char **restrict end, locale_t locale);
double _strtod_r(struct _reent *re, const char *restrict s, char **restrict end);
long double _strtold_r(struct _reent *re, const char *restrict s, char **restrict end);

static long double too_large(void)
{
    errno = ERANGE;
    return __builtin_infl();
}

// The place of the highest bit set, counted from 1.
static int bits_of(uint64_t n)
{
    return n ? 64 - __builtin_clzll(n) : 0;
}

// BITS * 2^EXPONENT, which is a long double.
static long double composed(uint64_t bits, int exponent)
{
    union {
        long double x;
        struct {
            uint64_t mantissa;
            uint16_t exponent;
        };
    } parts = {0};
    int up = 64 - bits_of(bits), field = exponent - up + 16383 + 63;
    if (bits == 0)
        return 0;
    if (field < 1) { // without the leading bit: the exponent stays at its least
        up = exponent + 16445;
        field = 0;
    }
    parts.mantissa = bits << up;
    parts.exponent = (uint16_t)field;
    return parts.x;
}

// BITS * 2^EXPONENT and a little more (REST: 0 nothing, 1 less than half of the last bit, 2 half, 3
// more, 4 three quarters and more), rounded. BITS has no more bits than the format.
static long double rounded(uint64_t bits, int exponent, int rest, const struct format *f)
{
    // Less precise than the format: underflow. Not what becomes the smallest normal number when it
    // is rounded to the format's bits, as if there were smaller ones (IEEE 754, 7.5).
    uint64_t largest = (UINT64_C(1) << (f->mantissa - 1)) - 1;
    if (rest && exponent == f->least && bits <= largest && (bits < largest || rest < 4))
        errno = ERANGE;
    // To the nearest, ties to even (IEEE 754, 4.3.1). A carry out of 64 bits is the next power of
    // two.
    if ((rest >= 3 || (rest == 2 && (bits & 1))) && ++bits == 0) {
        bits = UINT64_C(1) << 63;
        exponent++;
    }
    if (bits_of(bits) + exponent > f->most)
        return too_large();
    return composed(bits, exponent);
}

// The exponent behind LETTER at *S, which it moves behind it; 0 when there is none.
static int exponent_at(const char **s, int letter)
{
    const char *e = *s + 1;
    int n = 0;
    if (tolower((unsigned char)**s) != letter)
        return 0;
    int minus = *e == '-';
    e += *e == '-' || *e == '+';
    if (!isdigit((unsigned char)*e))
        return 0;
    for (; isdigit((unsigned char)*e); e++)
        if (n < MOST_EXPONENT)
            n = n * 10 + (*e - '0');
    *s = e;
    return minus ? -n : n;
}

// ---- decimal ----

// The integer part when it is below 10^27.
static unsigned __int128 integer_part(const struct bignum *b)
{
    unsigned __int128 n = 0;
    for (int i = b->first < POINT ? b->first : POINT; i < POINT; i++)
        n = n * WORD + (i < b->last ? b->word[i] : 0);
    return n;
}

static int wide_bits(unsigned __int128 n)
{
    uint64_t high = (uint64_t)(n >> 64);
    return high ? 64 + bits_of(high) : bits_of((uint64_t)n);
}

// What is behind the point, as rounded() wants it.
static int rest_of(const struct bignum *b)
{
    if (b->last <= POINT)
        return 0;
    uint32_t first = b->first <= POINT ? b->word[POINT] : 0;
    int more = b->last > POINT + 1;
    if (first >= WORD / 4 * 3)
        return 4;
    return first > WORD / 2 || (first == WORD / 2 && more) ? 3 : first == WORD / 2 ? 2 : 1;
}

// Each step loses nothing: the rounding comes once, at the end, with all of the rest in view.
static long double from_bignum(struct bignum *b, const struct format *f)
{
    int exponent = 0;
    for (;;) {
        // At most nine bits to the right and 29 to the left at a time, which is what big_right()
        // and big_left() can do in one pass.
        int bits = POINT - b->first > 3 ? 999 : wide_bits(integer_part(b)), by;
        if (bits > f->mantissa) {
            by = bits - f->mantissa > 9 ? 9 : bits - f->mantissa;
            big_right(b, by);
            exponent += by;
        } else if (bits < f->mantissa && exponent > f->least) {
            by = f->mantissa - bits;
            if (exponent - f->least < by)
                by = exponent - f->least;
            by = by > 29 ? 29 : by;
            big_left(b, by);
            exponent -= by;
        } else {
            return rounded((uint64_t)integer_part(b), exponent, rest_of(b), f);
        }
    }
}

// The digits S..END (a point among them is passed over), the first of which stands POINT_AT places
// before the point. What is half way between two numbers has no more digits behind the point than
// bits: those after them only tell that there is more.
static long double exact(const char *s, const char *end, int point_at, const struct format *f)
{
    struct bignum b;
    int at = POINT * WORD_DIGIT - point_at; // places from the left of the array
    int most = POINT * WORD_DIGIT + (point_at > 0 ? 80 : 16600);
    uint32_t word = 0;
    big_clear(&b);
    for (; s < end && at < most; s++) {
        if (*s == '.')
            continue;
        word = word * 10 + (uint32_t)(*s - '0');
        if (++at % WORD_DIGIT == 0) {
            big_set(&b, at / WORD_DIGIT - 1, word);
            word = 0;
        }
    }
    int more = 0;
    for (; s < end; s++)
        more |= *s != '.' && *s != '0';
    for (; at % WORD_DIGIT; at++, more = 0) // the last word is filled up
        word = word * 10 + (uint32_t)more;
    if (word)
        big_set(&b, at / WORD_DIGIT - 1, word);
    if (more)
        big_set(&b, at / WORD_DIGIT, 1);
    big_trim(&b);
    return from_bignum(&b, f);
}

// By one operation, when that is exact enough; *DONE says so. N * 10^EXPONENT.
static long double quick(uint64_t n, int exponent, const struct format *f, int *done)
{
    union {
        long double x;
        uint64_t mantissa;
    } u = {1};
    if (exponent < -27 || exponent > 27)
        return 0;
    for (int i = exponent < 0 ? -exponent : exponent; i > 0; i--)
        u.x *= 10; // exact: 5^27 has 63 bits
    // One rounding in 64 bits of mantissa; a shorter format rounds a second time, which is what the
    // test below is about.
    u.x = exponent < 0 ? (long double)n / u.x : (long double)n * u.x;
    if (f->mantissa == 24 && (u.x < 1e-36L || u.x > 1e37L))
        return 0;
    // Half way between two of a shorter format's numbers: which side the rest is on is lost.
    uint64_t half = f->mantissa < 64 ? UINT64_C(1) << (63 - f->mantissa) : 0;
    *done = half == 0 || (u.mantissa & (2 * half - 1)) != half;
    return u.x;
}

// S is at a digit or a point that is followed by one. Leaves *END behind the number.
static long double decimal(const char *s, const char **end, const struct format *f)
{
    const char *first = NULL, *last = NULL; // digits from the first to the last that is not zero
    int point_at = 0, point = 0, count = 0, zeros = 0;
    uint64_t n = 0;
    for (; isdigit((unsigned char)*s) || (*s == '.' && !point); s++) {
        if (*s == '.') {
            point = 1;
            continue;
        }
        if (!first && *s == '0') {
            zeros += point && zeros < MOST_EXPONENT;
            continue;
        }
        if (!first) {
            first = s;
            point_at = -zeros;
        }
        point_at += !point && point_at < MOST_EXPONENT;
        count += count < MOST_EXPONENT;
        if (count <= 19)
            n = n * 10 + (uint64_t)(*s - '0');
        if (*s != '0')
            last = s + 1;
    }
    int exponent = exponent_at(&s, 'e');
    *end = s;
    if (!first)
        return 0;
    point_at += exponent;
    // Beyond the long double's range by a wide margin: no need to write down that many digits.
    if (point_at > 5000)
        return too_large();
    if (point_at < -5000)
        return errno = ERANGE, 0;
    int done = 0;
    long double x = count <= 19 ? quick(n, point_at - count, f, &done) : 0;
    return done ? x : exact(first, last, point_at, f);
}

// ---- hexadecimal ----

// -1 for what is none.
static int hex_digit(int c)
{
    return isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

// N * 2^EXPONENT, MORE below it.
static long double from_bits(unsigned __int128 n, int exponent, int more, const struct format *f)
{
    int rest = more ? 1 : 0, drop = wide_bits(n) - f->mantissa;
    if (n == 0)
        return 0;
    if (exponent > f->most)
        return too_large();
    if (f->least - exponent > drop)
        drop = f->least - exponent;
    if (drop > 127)
        return errno = ERANGE, 0;
    if (drop > 0) {
        unsigned __int128 gone = n & (((unsigned __int128)1 << drop) - 1);
        unsigned __int128 half = (unsigned __int128)1 << (drop - 1);
        rest = gone > half || (gone == half && more) ? 3 : gone == half ? 2 : gone || more;
        rest = rest == 3 && gone >= half + half / 2 && half > 1 ? 4 : rest;
        n >>= drop;
        exponent += drop;
    }
    return rounded((uint64_t)n, exponent, rest, f);
}

// S is behind "0x", where a digit is sure to come.
static long double hexadecimal(const char *s, const char **end, const struct format *f)
{
    unsigned __int128 n = 0;
    int exponent = 0, point = 0, more = 0, digit;
    for (; (digit = hex_digit((unsigned char)*s)) >= 0 || (*s == '.' && !point); s++) {
        if (digit < 0) {
            point = 1;
        } else if (n >> 124) {
            // Full: digits from here on only tell whether there is more.
            more |= digit != 0;
            exponent += exponent < MOST_EXPONENT && !point ? 4 : 0;
        } else {
            n = n << 4 | (unsigned)digit;
            exponent -= exponent > -MOST_EXPONENT && point ? 4 : 0;
        }
    }
    exponent += exponent_at(&s, 'p');
    *end = s;
    return from_bits(n, exponent, more, f);
}

// ---- what may stand there ----

// "nan", perhaps with letters in brackets that nobody reads.
static const char *skip_nan(const char *s)
{
    const char *t = s + 3;
    if (*t != '(')
        return t;
    for (t++; isalnum((unsigned char)*t) || *t == '_'; t++)
        ;
    return *t == ')' ? t + 1 : s + 3;
}

// *END is TEXT itself when there is no number, with spaces and sign: nothing is used up then (C11
// 7.22.1.3). The result is rounded to F, so that the caller's conversion is exact.
static long double parse_float(const char *text, char **end, const struct format *f)
{
    const char *s = text, *after = text;
    long double x = 0;
    while (isspace((unsigned char)*s))
        s++;
    int minus = *s == '-';
    s += *s == '-' || *s == '+';
    const char *digits = s[0] == '.' ? s + 1 : s;
    int hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
    // "0x" without a digit behind it is the number 0, followed by an x (C11 7.22.1.3).
    if (hex && hex_digit((unsigned char)s[s[2] == '.' ? 3 : 2]) >= 0) {
        x = hexadecimal(s + 2, &after, f);
    } else if (isdigit((unsigned char)*digits)) {
        x = decimal(s, &after, f);
    } else if (!strncasecmp(s, "inf", 3)) {
        x = __builtin_infl();
        after = s + (strncasecmp(s, "infinity", 8) ? 3 : 8);
    } else if (!strncasecmp(s, "nan", 3)) {
        x = __builtin_nanl("");
        after = skip_nan(s);
    }
    if (end)
        *end = (char *)(uintptr_t)after;
    return minus && after != text ? -x : x;
}

float strtof(const char *restrict s, char **restrict end)
{
    return (float)parse_float(s, end, &of_float);
}

double strtod(const char *restrict s, char **restrict end)
{
    return (double)parse_float(s, end, &of_double);
}

long double strtold(const char *restrict s, char **restrict end)
{
    return parse_float(s, end, &of_long);
}

// One locale knows numbers, C.
float strtof_l(const char *restrict s, char **restrict end, locale_t locale)
{
    (void)locale;
    return strtof(s, end);
}

double strtod_l(const char *restrict s, char **restrict end, locale_t locale)
{
    (void)locale;
    return strtod(s, end);
}

long double strtold_l(const char *restrict s, char **restrict end, locale_t locale)
{
    (void)locale;
    return strtold(s, end);
}

// newlib's own callers.
double _strtod_l(struct _reent *re, const char *restrict s, char **restrict end, locale_t locale)
{
    (void)re, (void)locale;
    return strtod(s, end);
}

double _strtod_r(struct _reent *re, const char *restrict s, char **restrict end)
{
    (void)re;
    return strtod(s, end);
}

long double _strtold_r(struct _reent *re, const char *restrict s, char **restrict end)
{
    (void)re;
    return strtold(s, end);
}
