// SPDX-License-Identifier: BSD-2-Clause
// What a compiler calls by itself, and little more: for the shim and for the stub of picoprocesses,
// which have no C library and use no vector register.

#include "arch/x86_64/shim/lib.h"

// Blocks of 64 bytes by plain moves: an emulated processor takes 50 ns for each turn of REP STOSQ,
// and one or two for a move; a real one is fast enough either way.
#define BLOCK 64

// The rest of fewer than 64 bytes goes byte by byte. The asm statements also keep the compiler from
// turning the loop into a call of memcpy().
void *memcpy(void *to, const void *from, size_t n)
{
    uint8_t *d = to;
    const uint8_t *s = from;
    uint64_t a, b;
    for (; n >= BLOCK; n -= BLOCK, d += BLOCK, s += BLOCK)
        __asm__ volatile("mov (%3), %0\n\tmov 8(%3), %1\n\tmov %0, (%2)\n\tmov %1, 8(%2)\n\t"
                         "mov 16(%3), %0\n\tmov 24(%3), %1\n\tmov %0, 16(%2)\n\tmov %1, 24(%2)\n\t"
                         "mov 32(%3), %0\n\tmov 40(%3), %1\n\tmov %0, 32(%2)\n\tmov %1, 40(%2)\n\t"
                         "mov 48(%3), %0\n\tmov 56(%3), %1\n\tmov %0, 48(%2)\n\tmov %1, 56(%2)"
                         : "=&r"(a), "=&r"(b)
                         : "r"(d), "r"(s)
                         : "memory");
    __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    // Forwards is safe unless `to` lies inside [from, from + n): one comparison, as the difference
    // is unsigned and very large when `to` is below.
    if ((uintptr_t)to - (uintptr_t)from >= n)
        return memcpy(to, from, n);
    uint8_t *d = to;
    const uint8_t *s = from;
    while (n--)
        d[n] = s[n];
    return to;
}

void *memset(void *to, int byte, size_t n)
{
    uint8_t *d = to;
    const uint64_t pattern = (uint8_t)byte * UINT64_C(0x0101010101010101);
    for (; n >= BLOCK; n -= BLOCK, d += BLOCK)
        __asm__ volatile("mov %1, (%0)\n\tmov %1, 8(%0)\n\tmov %1, 16(%0)\n\tmov %1, 24(%0)\n\t"
                         "mov %1, 32(%0)\n\tmov %1, 40(%0)\n\tmov %1, 48(%0)\n\tmov %1, 56(%0)"
                         :
                         : "r"(d), "r"(pattern)
                         : "memory");
    __asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(byte) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;
    for (; n; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    return n;
}
