// SPDX-License-Identifier: BSD-2-Clause
// prctl(): the numbers programs name; every call says EINVAL, as Linux does for unknown requests.
#ifndef _SYS_PRCTL_H
#define _SYS_PRCTL_H

#include <sys/cdefs.h>

#define PR_SET_PDEATHSIG 1
#define PR_SET_DUMPABLE  4
#define PR_SET_NAME      15
#define PR_GET_NAME      16

__BEGIN_DECLS
int prctl(int, ...);
__END_DECLS

#endif
