// SPDX-License-Identifier: BSD-2-Clause
// drand48_r() and its kin, GNU's forms of the 48-bit generator with the state in the caller's hands
// (XSH drand48(): X = a X + c modulo 2^48). newlib has the plain forms.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// The multiplier and the addend of the standard.
#define STANDARD_A 0x5deece66dULL
#define STANDARD_C 11
#define BITS_48    (((uint64_t)1 << 48) - 1)

// The lowest 16 bits come first.
static uint64_t number_of(const unsigned short x[3])
{
    return (uint64_t)x[2] << 32 | (uint64_t)x[1] << 16 | x[0];
}

// What is above 48 bits is dropped.
static void set_seed(unsigned short x[3], uint64_t n)
{
    for (int i = 0; i < 3; i++, n >>= 16)
        x[i] = (unsigned short)n;
}

// The next X after the one in X, which it replaces.
static uint64_t step(unsigned short x[3], struct drand48_data *d)
{
    if (!d->__init) {
        d->__a = STANDARD_A;
        d->__c = STANDARD_C;
        d->__init = 1;
    }
    uint64_t n = (number_of(x) * d->__a + d->__c) & BITS_48;
    set_seed(x, n);
    return n;
}

// 48 bits behind the point: below 1.
int erand48_r(unsigned short x[3], struct drand48_data *d, double *result)
{
    *result = (double)step(x, d) / (double)((uint64_t)1 << 48);
    return 0;
}

// The 31 highest bits.
int nrand48_r(unsigned short x[3], struct drand48_data *d, long *result)
{
    *result = (long)(step(x, d) >> 17);
    return 0;
}

// The 32 highest, with a sign.
int jrand48_r(unsigned short x[3], struct drand48_data *d, long *result)
{
    *result = (int32_t)(step(x, d) >> 16);
    return 0;
}

// The same three with the state's own number.
int drand48_r(struct drand48_data *d, double *result)
{
    return erand48_r(d->__x, d, result);
}

int lrand48_r(struct drand48_data *d, long *result)
{
    return nrand48_r(d->__x, d, result);
}

int mrand48_r(struct drand48_data *d, long *result)
{
    return jrand48_r(d->__x, d, result);
}

// The lowest bits are the standard's 330E.
int srand48_r(long seed, struct drand48_data *d)
{
    set_seed(d->__x, (uint64_t)(uint32_t)seed << 16 | 0x330e);
    d->__a = STANDARD_A;
    d->__c = STANDARD_C;
    d->__init = 1;
    return 0;
}

// The number before is kept, as XSH has it, for a program that goes back to it.
int seed48_r(unsigned short seed[3], struct drand48_data *d)
{
    memcpy(d->__old_x, d->__x, sizeof d->__x);
    memcpy(d->__x, seed, sizeof d->__x);
    d->__a = STANDARD_A;
    d->__c = STANDARD_C;
    d->__init = 1;
    return 0;
}

// X, then a, then c, as the standard has them in seven words.
int lcong48_r(unsigned short parameters[7], struct drand48_data *d)
{
    memcpy(d->__x, parameters, sizeof d->__x);
    d->__a = number_of(parameters + 3);
    d->__c = parameters[6];
    d->__init = 1;
    return 0;
}
