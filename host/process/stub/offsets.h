// SPDX-License-Identifier: BSD-2-Clause
// The numbers entry.S needs, as assembly can read them. stub.c asserts that they are right.
#ifndef PROCESS_STUB_OFFSETS_H
#define PROCESS_STUB_OFFSETS_H

#define SHARED_MASKED    0x111000
#define SHARED_PENDING   0x111004
#define SHARED_ENTRY     0x111008
#define BOOT_INFO        0x112000
#define STUB_STACK_TOP   0xa4000
#define SYS_FUTEX        202
#define SYS_RT_SIGRETURN 15
#ifndef EINTR
#define EINTR 4
#endif

#endif
