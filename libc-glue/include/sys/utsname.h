// SPDX-License-Identifier: BSD-2-Clause
// uname(): Linux's layout (from <ramet/utsname.h>).
#ifndef _SYS_UTSNAME_H
#define _SYS_UTSNAME_H

#include <ramet/utsname.h>
#include <sys/cdefs.h>

struct utsname {
    char sysname[K_UTS_LEN];
    char nodename[K_UTS_LEN];
    char release[K_UTS_LEN];
    char version[K_UTS_LEN];
    char machine[K_UTS_LEN];
    char domainname[K_UTS_LEN];
};

__BEGIN_DECLS
int uname(struct utsname *);
__END_DECLS

#endif
