// SPDX-License-Identifier: BSD-2-Clause
// What a kernel tells a program about itself, as Linux numbers it.
#ifndef _SYS_AUXV_H
#define _SYS_AUXV_H

#include <sys/cdefs.h>

// Those that have an answer here.
#define AT_PAGESZ 6
#define AT_UID    11
#define AT_EUID   12
#define AT_GID    13
#define AT_EGID   14
#define AT_HWCAP  16
#define AT_CLKTCK 17
#define AT_SECURE 23
#define AT_HWCAP2 26
#define AT_EXECFN 31

__BEGIN_DECLS
// 0 with ENOENT for any other.
unsigned long getauxval(unsigned long);
__END_DECLS

#endif
