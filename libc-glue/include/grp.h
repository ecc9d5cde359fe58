// SPDX-License-Identifier: BSD-2-Clause
// newlib's <grp.h> with the calls about all groups of a user and a file of
// groups.
#ifndef _RAMET_GRP_H
#define _RAMET_GRP_H

#include_next <grp.h>
#include <stdio.h>

__BEGIN_DECLS
int getgrouplist(const char *, gid_t, gid_t *, int *);
int initgroups(const char *, gid_t);
int setgroups(int, const gid_t *);
struct group *fgetgrent(FILE *);
__END_DECLS

#endif
