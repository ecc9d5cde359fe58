// SPDX-License-Identifier: BSD-2-Clause
// Mount tables in fstab format; libc-glue/file/mntent.c reads them.
#ifndef _MNTENT_H
#define _MNTENT_H

#include <stdio.h>

#define MOUNTED "/proc/mounts"
#define MNTTAB  "/etc/fstab"

struct mntent {
    char *mnt_fsname, *mnt_dir, *mnt_type, *mnt_opts;
    int mnt_freq, mnt_passno;
};

_BEGIN_STD_C
FILE *setmntent(const char *, const char *);
struct mntent *getmntent(FILE *);
struct mntent *getmntent_r(FILE *, struct mntent *, char *, int);
int endmntent(FILE *);
char *hasmntopt(const struct mntent *, const char *);
_END_STD_C

#endif
