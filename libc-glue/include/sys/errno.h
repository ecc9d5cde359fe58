// SPDX-License-Identifier: BSD-2-Clause
// errno and its numbers: Linux's, because that is what the kernel returns (kernel/api/errno.h).
// newlib itself is compiled against this file, so strerror() and stdio agree with the kernel.
#ifndef _SYS_ERRNO_H_
#define _SYS_ERRNO_H_

#include <ramet/errno.h>
#include <sys/config.h>
#include <sys/reent.h>

#define errno (*__errno())
int *__errno(void);
#define __errno_r(ptr) ((ptr)->_errno)

// Tables some old programs read directly; strerror() is the interface.
extern const char *const _sys_errlist[];
extern int _sys_nerr;

extern char *program_invocation_name;
extern char *program_invocation_short_name;

#define __ELASTERROR 2000 // newlib: first number a program may add

#endif
