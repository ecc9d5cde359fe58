// SPDX-License-Identifier: BSD-2-Clause
// File types, mode bits and struct stat, with Linux x86-64's values and layout.
#ifndef RAMET_API_STAT_H
#define RAMET_API_STAT_H

#include <stdint.h>
#include "time.h"

#define S_IFMT   0170000
#define S_IFSOCK 0140000
#define S_IFLNK  0120000
#define S_IFREG  0100000
#define S_IFBLK  0060000
#define S_IFDIR  0040000
#define S_IFCHR  0020000
#define S_IFIFO  0010000
#define S_ISUID  04000
#define S_ISGID  02000
#define S_ISVTX  01000

#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe

struct k_stat {
    uint64_t dev;
    uint64_t ino;
    uint64_t nlink;
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    uint32_t pad0;
    uint64_t rdev;
    int64_t size;
    int64_t blksize;
    int64_t blocks; // of 512 bytes
    struct k_timespec atim;
    struct k_timespec mtim;
    struct k_timespec ctim;
    int64_t unused[3];
};
_Static_assert(sizeof(struct k_stat) == 144, "Linux's struct stat is 144 bytes");

struct k_statfs { // Linux's struct statfs
    int64_t type, bsize;
    uint64_t blocks, bfree, bavail, files, ffree;
    int32_t fsid[2];
    int64_t namelen, frsize, flags, spare[4];
};

#endif
