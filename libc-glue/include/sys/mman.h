// SPDX-License-Identifier: BSD-2-Clause
// Memory mappings: Linux's numbers (from <ramet/mman.h>).
#ifndef _SYS_MMAN_H
#define _SYS_MMAN_H

#include <ramet/mman.h>
#include <sys/cdefs.h>
#include <sys/types.h>

#define MAP_FAILED  ((void *)-1)
#define MAP_FILE    0
#define MCL_CURRENT 1
#define MCL_FUTURE  2
#define MCL_ONFAULT 4

#define POSIX_MADV_NORMAL     MADV_NORMAL
#define POSIX_MADV_RANDOM     MADV_RANDOM
#define POSIX_MADV_SEQUENTIAL MADV_SEQUENTIAL
#define POSIX_MADV_WILLNEED   MADV_WILLNEED
#define POSIX_MADV_DONTNEED   MADV_DONTNEED

__BEGIN_DECLS
void *mmap(void *, size_t, int, int, int, off_t);
int munmap(void *, size_t);
int mprotect(void *, size_t, int);
int madvise(void *, size_t, int);
int posix_madvise(void *, size_t, int);
int msync(void *, size_t, int);
int mlock(const void *, size_t);
int munlock(const void *, size_t);
int mlockall(int);
int munlockall(void);
int mincore(void *, size_t, unsigned char *);
int memfd_create(const char *, unsigned);
void *mremap(void *, size_t, size_t, int, ...);
int shm_open(const char *, int, mode_t);
int shm_unlink(const char *);
__END_DECLS

#ifdef _LARGEFILE64_SOURCE
#define mmap64 mmap
#endif

#endif
