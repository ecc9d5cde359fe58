// SPDX-License-Identifier: BSD-2-Clause
// ioctl(): request numbers are Linux's; they and struct winsize live with the terminals.
#ifndef _SYS_IOCTL_H
#define _SYS_IOCTL_H

#include <sys/cdefs.h>
#include <termios.h>

__BEGIN_DECLS
int ioctl(int, unsigned long, ...);
__END_DECLS

#endif
