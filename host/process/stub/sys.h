// SPDX-License-Identifier: BSD-2-Clause
// System calls, bare: the stub has no C library. Results are those of the kernel, -errno included.
#ifndef PROCESS_STUB_SYS_H
#define PROCESS_STUB_SYS_H

#include <stdint.h>
#include <sys/syscall.h>

static inline long sys6(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                        uint64_t f)
{
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    register uint64_t r9 __asm__("r9") = f;
    long r;
    __asm__ volatile("syscall"
                     : "=a"(r)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return r;
}

static inline long sys4(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return sys6(nr, a, b, c, d, 0, 0);
}

static inline long sys3(long nr, uint64_t a, uint64_t b, uint64_t c)
{
    return sys6(nr, a, b, c, 0, 0, 0);
}

static inline long sys2(long nr, uint64_t a, uint64_t b)
{
    return sys6(nr, a, b, 0, 0, 0, 0);
}

#endif
