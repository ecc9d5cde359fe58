// SPDX-License-Identifier: BSD-2-Clause
// File system statistics, POSIX's spelling; libc-glue/file/stat.c fills it from statfs.
#ifndef _SYS_STATVFS_H
#define _SYS_STATVFS_H

#include <sys/cdefs.h>
#include <sys/types.h>

#define ST_RDONLY 1
#define ST_NOSUID 2

struct statvfs {
    unsigned long f_bsize, f_frsize;
    fsblkcnt_t f_blocks, f_bfree, f_bavail; // of f_frsize bytes
    fsfilcnt_t f_files, f_ffree, f_favail;
    unsigned long f_fsid, f_flag, f_namemax;
};

__BEGIN_DECLS
int statvfs(const char *__restrict, struct statvfs *__restrict);
int fstatvfs(int, struct statvfs *);
__END_DECLS

#ifdef _LARGEFILE64_SOURCE
#define statvfs64  statvfs
#define fstatvfs64 fstatvfs
#endif

#endif
