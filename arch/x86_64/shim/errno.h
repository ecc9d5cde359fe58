// SPDX-License-Identifier: BSD-2-Clause
// The errors of paravirtual calls, with Linux's numbers (abi/pv.h).
#ifndef SHIM_ERRNO_H
#define SHIM_ERRNO_H

#define E2BIG   7
#define ENOEXEC 8
#define EBADF   9
#define ENOMEM  12
#define EACCES  13
#define EFAULT  14
#define ENODEV  19
#define EINVAL  22
#define ENOSYS  38

#endif
