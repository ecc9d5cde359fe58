// SPDX-License-Identifier: BSD-2-Clause
// memcpy, memmove, memset: newlib's go around the caches from 256 bytes on, which makes a program
// that hands data to another VM several times slower.
//
// Plain C on 16-byte vectors, which every 64-bit processor has. The last vector overlaps the one
// before it, so that no rest is copied byte by byte. Neighbour: kernel/mem/copy.c (the same loop
// for the kernel's own bulk copies).
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Unaligned, and allowed to stand for any object.
typedef uint64_t vec __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t u64 __attribute__((aligned(1), may_alias));
typedef uint32_t u32 __attribute__((aligned(1), may_alias));
typedef uint16_t u16 __attribute__((aligned(1), may_alias));

#define VEC sizeof(vec)

// Fewer than 16 bytes; all are loaded before any is stored, so the ranges may overlap.
static inline void copy_small(uint8_t *t, const uint8_t *f, size_t n)
{
    if (n >= 8) {
        uint64_t a = *(const u64 *)f, b = *(const u64 *)(f + n - 8);
        *(u64 *)t = a;
        *(u64 *)(t + n - 8) = b;
    } else if (n >= 4) {
        uint32_t a = *(const u32 *)f, b = *(const u32 *)(f + n - 4);
        *(u32 *)t = a;
        *(u32 *)(t + n - 4) = b;
    } else if (n >= 2) {
        uint16_t a = *(const u16 *)f, b = *(const u16 *)(f + n - 2);
        *(u16 *)t = a;
        *(u16 *)(t + n - 2) = b;
    } else if (n) {
        *t = *f;
    }
}

// At least 16 bytes, from the start: right for ranges that overlap with `to` the lower one.
static inline void copy_up(uint8_t *t, const uint8_t *f, size_t n)
{
    // Loaded first: the loop may overwrite it when the ranges overlap.
    vec last = *(const vec *)(f + n - VEC);
    uint8_t *end = t + n - VEC;
    for (; n >= 4 * VEC; n -= 4 * VEC, t += 4 * VEC, f += 4 * VEC) {
        const vec *s = (const vec *)f;
        vec a = s[0], b = s[1], c = s[2], d = s[3];
        ((vec *)t)[0] = a;
        ((vec *)t)[1] = b;
        ((vec *)t)[2] = c;
        ((vec *)t)[3] = d;
    }
    for (; n >= VEC; n -= VEC, t += VEC, f += VEC)
        *(vec *)t = *(const vec *)f;
    *(vec *)end = last;
}

// Not unrolled: ranges that overlap upwards are rare and short (an insertion into an array). The
// first vector is loaded before anything is stored, since the loop may run over it.
// At least 16 bytes, from the end.
static inline void copy_down(uint8_t *t, const uint8_t *f, size_t n)
{
    vec first = *(const vec *)f;
    for (; n >= VEC; n -= VEC)
        *(vec *)(t + n - VEC) = *(const vec *)(f + n - VEC);
    *(vec *)t = first;
}

// The compiler calls these three by itself, for assignments of structures above all: so they may
// use nothing of the libc, and are correct before any constructor has run.
void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    if (n < VEC)
        copy_small(to, from, n);
    else
        copy_up(to, from, n);
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    if (n < VEC)
        copy_small(to, from, n);
    else if ((uintptr_t)to - (uintptr_t)from >= n) // also when `to` is below: the difference wraps
        copy_up(to, from, n);
    else
        copy_down(to, from, n);
    return to;
}

static inline void set_small(uint8_t *t, uint64_t pattern, size_t n)
{
    if (n >= 8) {
        *(u64 *)t = pattern;
        *(u64 *)(t + n - 8) = pattern;
    } else if (n >= 4) {
        *(u32 *)t = (uint32_t)pattern;
        *(u32 *)(t + n - 4) = (uint32_t)pattern;
    } else if (n >= 2) {
        *(u16 *)t = (uint16_t)pattern;
        *(u16 *)(t + n - 2) = (uint16_t)pattern;
    } else if (n) {
        *t = (uint8_t)pattern;
    }
}

void *memset(void *to, int byte, size_t n)
{
    uint8_t *t = to;
    uint64_t pattern = (uint8_t)byte * UINT64_C(0x0101010101010101);
    if (n < VEC) {
        set_small(t, pattern, n);
        return to;
    }
    // The end first, by an unaligned vector that the loop's last one may overlap: then the loop
    // needs no case for a rest.
    vec v = {pattern, pattern};
    *(vec *)(t + n - VEC) = v;
    for (; n >= VEC; n -= VEC, t += VEC)
        *(vec *)t = v;
    return to;
}
