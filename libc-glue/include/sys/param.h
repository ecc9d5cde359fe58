// SPDX-License-Identifier: BSD-2-Clause
// Old BSD parameters. newlib's file pretends HZ is 60 and paths are short.
#ifndef _SYS_PARAM_H
#define _SYS_PARAM_H

#include <limits.h>
#include <machine/endian.h>
#include <sys/types.h>

#define NBBY           8
#define HZ             100
#define NOFILE         256
#define MAXPATHLEN     PATH_MAX
#define MAXHOSTNAMELEN HOST_NAME_MAX
#define MAXSYMLINKS    SYMLOOP_MAX
#define NGROUPS        NGROUPS_MAX
#define DEV_BSIZE      512

#define MAX(a, b)     ((a) > (b) ? (a) : (b))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))
#define howmany(x, y) (((x) + ((y)-1)) / (y))
#define roundup(x, y) (howmany(x, y) * (y))

#endif
