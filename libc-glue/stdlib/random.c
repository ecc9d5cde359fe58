// SPDX-License-Identifier: BSD-2-Clause
// random() and its kin: the additive feedback generator of 4.2BSD, with the numbers Linux gives for
// a seed, which programs compare with what they have on file. newlib's has no initstate().
//
// A state is an array of the caller's: the kind and the place of the rear pointer in its first
// word, as in glibc, so that setstate() finds it again.
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

// By kind: how many words, how far apart the two pointers are (0: a plain linear generator), and
// how many bytes initstate() needs.
static const struct {
    int degree, separation;
    size_t bytes;
} kinds[] = {{0, 0, 8}, {7, 3, 32}, {15, 1, 64}, {31, 3, 128}, {63, 1, 256}};

// As many as glibc has.
#define KINDS 5

static int first_words[32];
static struct random_data shared = {.rand_type = -1};

// ANSI C's example, for the smallest state.
static int linear(int state)
{
    return (int)(((unsigned)state * 1103515245u + 12345u) & 0x7fffffff);
}

// Park and Miller's generator, by Schrage's method: no product is larger than 31 bits.
static int next_seed(int word)
{
    long high = word / 127773, low = word % 127773;
    long next = 16807 * low - 2836 * high;
    return (int)(next < 0 ? next + 2147483647 : next);
}

// The lowest bit is the worst and dropped.
int random_r(struct random_data *r, int *result)
{
    if (!r || !result)
        return errno = EINVAL, -1;
    if (r->rand_type == 0) {
        *result = r->state[0] = linear(r->state[0]);
        return 0;
    }
    *r->fptr = (int)((unsigned)*r->fptr + (unsigned)*r->rptr);
    *result = (int)((unsigned)*r->fptr >> 1);
    if (++r->fptr >= r->end_ptr)
        r->fptr = r->state;
    if (++r->rptr >= r->end_ptr)
        r->rptr = r->state;
    return 0;
}

// A seed of 0 would give nothing but zeros in the linear generator.
int srandom_r(unsigned seed, struct random_data *r)
{
    int unused, degree;
    if (!r || r->rand_type < 0 || r->rand_type >= KINDS)
        return errno = EINVAL, -1;
    r->state[0] = seed ? (int)seed : 1;
    if (r->rand_type == 0)
        return 0;
    degree = r->rand_deg;
    for (int i = 1; i < degree; i++)
        r->state[i] = next_seed(r->state[i - 1]);
    r->fptr = r->state + r->rand_sep;
    r->rptr = r->state;
    for (int i = 0; i < 10 * degree; i++) // the first numbers are not mixed well
        random_r(r, &unused);
    return 0;
}

// Writes into the word before R's state what setstate() needs.
static void note_place(struct random_data *r)
{
    int place = r->rand_type ? (int)(r->rptr - r->state) : 0;
    r->state[-1] = place * KINDS + r->rand_type;
}

// The words behind the first are the generator's.
static void use_words(struct random_data *r, int kind, int *words)
{
    r->rand_type = kind;
    r->rand_deg = kinds[kind].degree;
    r->rand_sep = kinds[kind].separation;
    r->state = words + 1;
    r->end_ptr = r->state + r->rand_deg;
}

// The largest kind that SIZE has room for.
int initstate_r(unsigned seed, char *state, size_t size, struct random_data *r)
{
    int kind = KINDS - 1;
    if (!r || size < kinds[0].bytes)
        return errno = EINVAL, -1;
    while (kinds[kind].bytes > size)
        kind--;
    if (r->state)
        note_place(r);
    use_words(r, kind, (int *)(void *)state);
    srandom_r(seed, r);
    note_place(r);
    return 0;
}

// The state says itself of what kind it is, and where it was left.
int setstate_r(char *state, struct random_data *r)
{
    int *words = (int *)(void *)state, kind = words[0] % KINDS, place = words[0] / KINDS;
    if (!r || words[0] < 0 || place > kinds[kind].degree)
        return errno = EINVAL, -1;
    if (r->state)
        note_place(r);
    use_words(r, kind, words);
    if (kind) {
        r->rptr = r->state + place;
        r->fptr = r->state + (place + r->rand_sep) % r->rand_deg;
    }
    note_place(r);
    return 0;
}

// ---- the one of the process ----

// As if srandom(1) had been called (XSH random()).
static struct random_data *the_shared(void)
{
    if (shared.rand_type < 0)
        initstate_r(1, (char *)first_words, sizeof first_words, &shared);
    return &shared;
}

// Not for secrets: see getrandom().
long random(void)
{
    int n;
    random_r(the_shared(), &n);
    return n;
}

void srandom(unsigned seed)
{
    srandom_r(seed, the_shared());
}

// The state there was, for setstate(). NULL when the new one is too small.
char *initstate(unsigned seed, char *state, size_t size)
{
    char *old = (char *)(the_shared()->state - 1);
    return initstate_r(seed, state, size, &shared) ? NULL : old;
}

// The array must hold what initstate() or this has left there.
char *setstate(char *state)
{
    char *old = (char *)(the_shared()->state - 1);
    return setstate_r(state, &shared) ? NULL : old;
}
