// SPDX-License-Identifier: BSD-2-Clause
// Widths of the system types, as Linux x86-64 has them.
//
// newlib's defaults are 16 bit (ino_t, dev_t, uid_t): too narrow for a file system with more than
// 65,535 files, and another layout of struct stat than the kernel fills in. newlib asks this header
// first and skips its own default for each type whose marker is defined here.
#ifndef _MACHINE__TYPES_H
#define _MACHINE__TYPES_H

#include <machine/_default_types.h>

typedef unsigned long __dev_t;
#define __machine_dev_t_defined
typedef unsigned long __ino_t;
#define __machine_ino_t_defined
typedef unsigned int __uid_t;
#define __machine_uid_t_defined
typedef unsigned int __gid_t;
#define __machine_gid_t_defined
typedef unsigned int __mode_t;
#define __machine_mode_t_defined
typedef int __key_t;
#define __machine_key_t_defined
typedef unsigned long __fsfilcnt_t;
#define __machine_fsfilcnt_t_defined
typedef unsigned short __sa_family_t;
#define __machine_sa_family_t_defined

#define __machine_clock_t_defined
#define _CLOCK_T_ long
#define __machine_clockid_t_defined
#define _CLOCKID_T_ int

// newlib has no marker for these two in sys/_types.h, but its sys/types.h has one each.
typedef unsigned long nlink_t;
#define _NLINK_T_DECLARED
typedef unsigned int useconds_t;
#define _USECONDS_T_DECLARED

#endif
