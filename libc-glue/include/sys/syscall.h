// SPDX-License-Identifier: BSD-2-Clause
// No numbers here: the kernel is a library and is called by name, so there is no syscall(). The
// header exists because programs include it beside uses they guard by #ifdef SYS_something.
#ifndef _SYS_SYSCALL_H
#define _SYS_SYSCALL_H

#endif
