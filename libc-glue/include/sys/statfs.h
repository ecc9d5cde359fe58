// SPDX-License-Identifier: BSD-2-Clause
// File system statistics, Linux's layout.
#ifndef _SYS_STATFS_H
#define _SYS_STATFS_H

#include <sys/cdefs.h>
#include <sys/types.h>

typedef struct {
    int __val[2];
} fsid_t;

struct statfs {
    long f_type, f_bsize;
    fsblkcnt_t f_blocks, f_bfree, f_bavail; // of f_bsize bytes
    fsfilcnt_t f_files, f_ffree;
    fsid_t f_fsid;
    long f_namelen, f_frsize, f_flags, f_spare[4];
};

__BEGIN_DECLS
int statfs(const char *, struct statfs *);
int fstatfs(int, struct statfs *);
__END_DECLS

#ifdef _LARGEFILE64_SOURCE
#define statfs64  statfs
#define fstatfs64 fstatfs
#endif

#endif
