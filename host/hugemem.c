// SPDX-License-Identifier: BSD-2-Clause
// Shared memory on huge pages. MADV_COLLAPSE works without privilege and whatever the host's policy for huge
// pages in shared memory is; a host without it (Linux before 6.1) is only slower.

#include "host/hugemem.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/x86.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

void *hugemem_map(const char *name, uint64_t size)
{
    int file = memfd_create(name, MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, (off_t)size) < 0)
        return NULL;
    // mmap() aligns to small pages only: reserve more and place the mapping inside.
    uint8_t *p = mmap(NULL, size + X86_PAGE_2M, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                      -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    p = (uint8_t *)(((uintptr_t)p + X86_PAGE_2M - 1) & ~(X86_PAGE_2M - 1));
    p = mmap(p, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
    if (p == MAP_FAILED)
        return NULL;
    close(file);
    return p;
}

int hugemem_collapse(void *start, uint64_t len)
{
    return madvise(start, len, MADV_COLLAPSE) < 0 ? -errno : 0;
}
