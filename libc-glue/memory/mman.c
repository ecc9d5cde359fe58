// SPDX-License-Identifier: BSD-2-Clause
// Memory: the break for malloc, and mappings.
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libc-glue/glue.h"

// malloc() is the caller that counts: it takes what comes back as one growing block, which holds as
// long as nobody else moves the break. What is new reads as zero.
void *sbrk(ptrdiff_t increment)
{
    return (void *)glue_ret(sys_sbrk(increment));
}

// Two calls, but nothing runs between them: a handler that allocated here would break a malloc() it
// interrupted, too.
int brk(void *end)
{
    char *now = sbrk(0);
    return sbrk((char *)end - now) == (void *)-1 ? -1 : 0;
}

// -errno becomes -1 by glue_ret(), which as a pointer is MAP_FAILED; no mapping lies up there, so
// no good address looks like an error.
void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
    return (void *)glue_ret(sys_mmap(addr, len, prot, flags, fd, off));
}

int munmap(void *addr, size_t len)
{
    return (int)glue_ret(sys_munmap(addr, len));
}

int mprotect(void *addr, size_t len, int prot)
{
    return (int)glue_ret(sys_mprotect(addr, len, prot));
}

int madvise(void *addr, size_t len, int advice)
{
    return (int)glue_ret(sys_madvise(addr, len, advice));
}

// POSIX's advice must not lose data, unlike Linux's MADV_DONTNEED.
int posix_madvise(void *addr, size_t len, int advice)
{
    if (advice == POSIX_MADV_DONTNEED)
        return 0;
    return (int)-sys_madvise(addr, len, advice);
}

// A shared mapping is the file's own memory, so there is never anything to write back. The
// arguments are checked all the same: programs probe with it whether an address is mapped.
int msync(void *addr, size_t len, int flags)
{
    return (int)GLUE_POINT(sys_msync(addr, len, flags));
}

int mlock(const void *addr, size_t len)
{
    return (int)glue_ret(sys_mlock(addr, len));
}

int munlock(const void *addr, size_t len)
{
    return (int)glue_ret(sys_mlock(addr, len));
}

// The guest pages nothing out, so there is nothing to do.
int mlockall(int flags)
{
    if (flags == 0 || flags == MCL_ONFAULT || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)))
        return (int)glue_ret(-EINVAL);
    return 0;
}

int munlockall(void)
{
    return 0;
}

// The fifth argument is there with MREMAP_FIXED only.
void *mremap(void *addr, size_t old, size_t new, int flags, ...)
{
    void *to = NULL;
    if (flags & MREMAP_FIXED) {
        va_list ap;
        va_start(ap, flags);
        to = va_arg(ap, void *);
        va_end(ap);
    }
    return (void *)glue_ret(sys_mremap(addr, old, new, flags, to));
}

// All pages are there: none is ever paged out.
int mincore(void *addr, size_t len, unsigned char *vector)
{
    return (int)glue_ret(sys_mincore(addr, len, vector));
}

// A file without a name; the one given is for /proc on Linux, and looked at by nobody here.
int memfd_create(const char *name, unsigned flags)
{
    return (int)glue_ret(sys_memfd_create(name, flags));
}
