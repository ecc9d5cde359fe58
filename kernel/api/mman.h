// SPDX-License-Identifier: BSD-2-Clause
// mmap(2) numbers, with Linux x86-64's values.
#ifndef RAMET_API_MMAN_H
#define RAMET_API_MMAN_H

#define PROT_NONE  0
#define PROT_READ  1
#define PROT_WRITE 2
#define PROT_EXEC  4

#define MAP_SHARED    0x01
#define MAP_PRIVATE   0x02
#define MAP_FIXED     0x10
#define MAP_ANONYMOUS 0x20
#define MAP_ANON      MAP_ANONYMOUS
#define MAP_NORESERVE 0x4000
#define MAP_POPULATE  0x8000

// mremap(2): to wherever there is room; to a place that is given, which is emptied.
#define MREMAP_MAYMOVE 1
#define MREMAP_FIXED   2

// memfd_create(2). The last two say whether it may be executed, which nothing here asks.
#define MFD_CLOEXEC       0x01u
#define MFD_ALLOW_SEALING 0x02u
#define MFD_NOEXEC_SEAL   0x08u
#define MFD_EXEC          0x10u

#define MADV_NORMAL     0
#define MADV_RANDOM     1
#define MADV_SEQUENTIAL 2
#define MADV_WILLNEED   3
#define MADV_DONTNEED   4
#define MADV_FREE       8

#define MS_ASYNC      1
#define MS_INVALIDATE 2
#define MS_SYNC       4

#endif
