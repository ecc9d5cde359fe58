// SPDX-License-Identifier: BSD-2-Clause
// Copying between the program and the window: pipes and files.
//
// Plain C on 16-byte vectors, which every 64-bit processor has (SSE2 is part of the x86-64 ABI);
// four at a time, so that loads and stores overlap. Small and odd rests go by memcpy().
// Neighbours: pipe.c, fs/ram/data.c.

#include "kernel/mem/copy.h"
#include "kernel/lib.h"

// Unaligned, and allowed to stand for any object.
typedef uint64_t vec __attribute__((vector_size(16), aligned(1), may_alias));

#define STRIDE (4 * sizeof(vec))

void copy_bytes(void *to, const void *from, size_t n)
{
    vec *t = to;
    const vec *f = from;
    for (; n >= STRIDE; n -= STRIDE, t += 4, f += 4) {
        vec a = f[0], b = f[1], c = f[2], d = f[3];
        t[0] = a;
        t[1] = b;
        t[2] = c;
        t[3] = d;
    }
    memcpy(t, f, n);
}
