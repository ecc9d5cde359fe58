// SPDX-License-Identifier: BSD-2-Clause
// Shared memory on huge pages. MADV_COLLAPSE works without privilege and whatever the host's policy
// for huge pages in shared memory is; a host without it (Linux before 6.1) is only slower.

#include "host/family/hugemem.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/x86.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

// Addresses only, at a 2 MB boundary; without that no huge page can be mapped there. NULL: no room.
void *hugemem_reserve(uint64_t size)
{
    // mmap() aligns to small pages only.
    uint8_t *p = mmap(NULL, size + X86_PAGE_2M, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    uint8_t *start = (uint8_t *)(((uintptr_t)p + X86_PAGE_2M - 1) & ~(X86_PAGE_2M - 1));
    if (start > p)
        munmap(p, (size_t)(start - p));
    // What was too much is given back on both sides, so that exactly `size` bytes are ours.
    munmap(start + size, X86_PAGE_2M - (size_t)(start - p));
    return start;
}

// A memfd at a reserved place, as every member finds it there after fork(2). The descriptor or
// -errno.
int hugemem_map(void *at, const char *name, uint64_t size)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    if (ftruncate(fd, (off_t)size) == 0 &&
        mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED)
        return fd;
    int e = errno;
    close(fd);
    return -e;
}

// Synchronous, and makes what was not there be there, as zeros. An error means small pages, as
// before.
int hugemem_collapse(void *start, uint64_t len)
{
    return madvise(start, len, MADV_COLLAPSE) < 0 ? -errno : 0;
}
