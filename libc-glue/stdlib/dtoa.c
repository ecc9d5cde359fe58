// SPDX-License-Identifier: BSD-2-Clause
// Digits of a floating-point number, for printf and ecvt, in place of newlib's two conversions: one
// takes memory for each step and ends the program ("Balloc succeeded") when there is none, the
// other works digit by digit in 16-bit pieces.
//
// The number is written down exactly (bignum.h) and rounded once, to even. Only the digits asked
// for need room: a buffer per thread that grows, and one for all when there is no memory.
// Neighbours: strtod.c; newlib's vfprintf.c, which adds zeros behind the digits in this buffer.
#include <reent.h>
#include <stdlib.h>

#include "libc-glue/stdlib/bignum.h"

char *_dtoa_r(struct _reent *re, double x, int mode, int digits, int *point, int *sign, char **end);
char *_ldtoa_r(struct _reent *re, long double x, int mode, int digits, int *point, int *sign,
               char **end);

#define EMERGENCY 16384 // bytes; who asks for more digits than that without memory is aborted

// The text is good until the next conversion in this thread, which is as long as newlib's printf
// needs it. The common buffer serves when malloc() fails, which two threads could then share;
// ending the program there would be worse.
static char *buffer_for(size_t size)
{
    static char emergency[EMERGENCY];
    struct _reent *re = _REENT; // newlib's field for this; it frees it with the thread
    if (size <= (size_t)re->_result_k)
        return (char *)re->_result;
    free(re->_result);
    size_t wanted = size < 512 ? 512 : size;
    re->_result = malloc(wanted);
    re->_result_k = re->_result ? (int)wanted : 0;
    if (re->_result)
        return (char *)re->_result;
    if (size > sizeof emergency)
        abort();
    return emergency;
}

static char *word_result(const char *word, int *point, char **end)
{
    char *buffer = strcpy(buffer_for(16), word);
    if (end)
        *end = buffer + strlen(word);
    *point = word[0] == '0' ? 1 : 9999; // as newlib's callers know it
    return buffer;
}

// The digit at place I of the number, counted from the first one that is not zero; SKIP zeros lead
// its first word.
static int digit_at(const struct bignum *b, int skip, int i)
{
    int at = b->first + (i + skip) / WORD_DIGIT, place = WORD_DIGIT - 1 - (i + skip) % WORD_DIGIT;
    if (at >= b->last)
        return 0;
    uint32_t word = b->word[at];
    while (place-- > 0)
        word /= 10;
    return (int)(word % 10);
}

// Whether anything is left of the number from place I on: the last word in use is not zero.
static int more_at(const struct bignum *b, int skip, int i)
{
    int at = b->first + (i + skip) / WORD_DIGIT, places = WORD_DIGIT - (i + skip) % WORD_DIGIT;
    uint32_t unit = 1;
    while (places-- > 0)
        unit *= 10;
    return at < b->last - 1 || (at == b->last - 1 && b->word[at] % unit != 0);
}

// Writes WANT digits, rounded. Returns how many there are without zeros at the end; *POINT grows
// when rounding adds a digit in front.
static int round_to(const struct bignum *b, int skip, int want, char *to, int *point)
{
    int total = (b->last - b->first) * WORD_DIGIT - skip, n = want < total ? want : total;
    for (int i = 0; i < n; i++)
        to[i] = (char)('0' + digit_at(b, skip, i));
    int next = digit_at(b, skip, n), odd = n > 0 && (to[n - 1] & 1);
    if (n == want && (next > 5 || (next == 5 && (odd || more_at(b, skip, n + 1))))) {
        // A carry: trailing nines become zeros, and those are left out.
        while (n > 0 && to[n - 1] == '9')
            n--;
        if (n > 0) {
            to[n - 1]++;
        } else {
            to[n++] = '1';
            ++*point;
        }
    }
    while (n > 0 && to[n - 1] == '0')
        n--;
    to[n] = '\0';
    return n;
}

// MODE 3: DIGITS after the point, else so many in all. *POINT is where the point stands, counted
// from the first digit; zeros at the end are left out. A number that rounds to nothing has no
// digit, and its point where the last one asked for would be.
char *_ldtoa_r(struct _reent *re, long double x, int mode, int digits, int *point, int *sign,
               char **end)
{
    union long_parts parts = {x};
    struct bignum b;
    (void)re;
    *sign = parts.exponent >> 15;
    if ((parts.exponent & NO_NUMBER) == NO_NUMBER)
        return word_result(parts.mantissa << 1 ? "NaN" : "Infinity", point, end);
    if (x == 0)
        return word_result("0", point, end);
    big_from(&b, &parts);
    int skip = WORD_DIGIT - big_digits_of(b.word[b.first]);
    *point = (POINT - b.first) * WORD_DIGIT - skip;
    if (mode != 3 && digits < 1)
        digits = 1;
    int want = mode == 3 ? *point + digits : digits;
    // printf fills up to the digits it asked for, in front of the point as well.
    size_t room = (size_t)(digits > 0 ? digits : 0) + (size_t)(*point > 0 ? *point : 0) + 8;
    char *to = buffer_for(room);
    int n = want >= 0 ? round_to(&b, skip, want, to, point) : 0;
    to[n] = '\0';
    if (n == 0)
        *point = -digits;
    if (end)
        *end = to + n;
    return to;
}

char *_dtoa_r(struct _reent *re, double x, int mode, int digits, int *point, int *sign, char **end)
{
    return _ldtoa_r(re, x, mode, digits, point, sign, end);
}
