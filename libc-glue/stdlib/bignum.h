// SPDX-License-Identifier: BSD-2-Clause
// A decimal number of any size a long double can have, exactly, on the stack: what printf and
// strtod compute with where newlib's take memory from malloc() and abort the program when there is
// none.
//
// Words of nine digits: word[POINT] and those after it are the fraction, those before it the
// integer part. Only first..last-1 may be other than zero. Shifting by bits is exact as long as
// there is room, and there is: see the two constants. Neighbours: dtoa.c, strtod.c,
// stdio/printf_float.c.
#ifndef RAMET_BIGNUM_H
#define RAMET_BIGNUM_H

#include <stdint.h>
#include <string.h>

#define WORD       1000000000u
#define WORD_DIGIT 9
#define POINT      560            // 10^5040: the largest long double is below 10^4933
#define WORDS      (POINT + 1872) // the smallest has 16,445 digits after the point

// 10 KB on the caller's stack; only words first..last-1 are ever set, so nothing clears the rest.
struct bignum {
    int first, last;
    uint32_t word[WORDS];
};

static inline void big_clear(struct bignum *b)
{
    b->first = b->last = POINT;
}

// Forgets words that are zero at either end of what is in use.
static inline void big_trim(struct bignum *b)
{
    while (b->first < b->last && b->word[b->first] == 0)
        b->first++;
    while (b->last > b->first && b->word[b->last - 1] == 0)
        b->last--;
    if (b->first == b->last)
        big_clear(b);
}

// The caller knows that AT is inside the array.
// Sets the word at AT; those between it and what is in use become zeros.
static inline void big_set(struct bignum *b, int at, uint32_t value)
{
    if (b->first == b->last)
        b->first = b->last = at;
    while (b->first > at)
        b->word[--b->first] = 0;
    while (b->last <= at)
        b->word[b->last++] = 0;
    b->word[at] = value;
}

// times 2^BITS, at most 29
static inline void big_left(struct bignum *b, int bits)
{
    uint64_t carry = 0;
    for (int i = b->last - 1; i >= b->first; i--) {
        carry += (uint64_t)b->word[i] << bits;
        b->word[i] = (uint32_t)(carry % WORD);
        carry /= WORD;
    }
    if (carry)
        big_set(b, b->first - 1, (uint32_t)carry);
    big_trim(b);
}

// divided by 2^BITS, at most 9: 2^9 divides a word, so nothing is lost
static inline void big_right(struct bignum *b, int bits)
{
    uint32_t rest = 0, mask = (1u << bits) - 1, unit = WORD >> bits;
    for (int i = b->first; i < b->last; i++) {
        uint32_t word = b->word[i];
        b->word[i] = (word >> bits) + rest * unit;
        rest = word & mask;
    }
    if (rest)
        big_set(b, b->last, rest * unit);
    big_trim(b);
}

// The processor's long double: no function of the mathematics library is needed to take it apart.
union long_parts {
    long double x;
    struct {
        uint64_t mantissa;
        uint16_t exponent; // and the sign
    };
};
#define NO_NUMBER 0x7fff // the exponent of infinity and NaN

// X, greater than 0 and finite, exactly.
static inline void big_from(struct bignum *b, const union long_parts *x)
{
    uint64_t bits = x->mantissa;
    int field = x->exponent & NO_NUMBER, exponent = (field ? field : 1) - 16383 + 1;
    // Fewer bits, fewer words and shifts: most numbers have few.
    int zeros = __builtin_ctzll(bits);
    bits >>= zeros;
    exponent += zeros - 64;
    big_clear(b);
    for (int at = POINT - 1; bits; at--, bits /= WORD)
        big_set(b, at, (uint32_t)(bits % WORD));
    for (; exponent > 0; exponent -= exponent < 29 ? exponent : 29)
        big_left(b, exponent < 29 ? exponent : 29);
    for (; exponent<0; exponent += exponent> - 9 ? -exponent : 9)
        big_right(b, exponent > -9 ? -exponent : 9);
}

// Of a word that is not zero: the first one of a number.
static inline int big_digits_of(uint32_t word)
{
    int n = 0;
    for (; word; word /= 10)
        n++;
    return n;
}

#endif
