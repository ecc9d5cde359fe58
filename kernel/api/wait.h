// SPDX-License-Identifier: BSD-2-Clause
// wait4(2)/waitid(2) options and how a wait status is put together: Linux's values.
#ifndef RAMET_API_WAIT_H
#define RAMET_API_WAIT_H

#define WNOHANG    0x00000001
#define WUNTRACED  0x00000002
#define WSTOPPED   WUNTRACED
#define WEXITED    0x00000004
#define WCONTINUED 0x00000008
#define WNOWAIT    0x01000000

#define P_ALL  0
#define P_PID  1
#define P_PGID 2

#define K_STATUS_EXIT(code)   (((code)&0xff) << 8)
#define K_STATUS_SIGNAL(sig)  ((sig)&0x7f)
#define K_STATUS_CORE         0x80
#define K_STATUS_STOPPED(sig) ((((sig)&0xff) << 8) | 0x7f)
#define K_STATUS_CONTINUED    0xffff

#endif
