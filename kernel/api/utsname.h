// SPDX-License-Identifier: BSD-2-Clause
// uname(2): Linux's layout.
#ifndef RAMET_API_UTSNAME_H
#define RAMET_API_UTSNAME_H

#define K_UTS_LEN 65

struct k_utsname {
    char sysname[K_UTS_LEN], nodename[K_UTS_LEN], release[K_UTS_LEN];
    char version[K_UTS_LEN], machine[K_UTS_LEN], domainname[K_UTS_LEN];
};

#endif
