// SPDX-License-Identifier: BSD-2-Clause
// Old spelling of <termios.h>.
#ifndef _SYS_TERMIOS_H
#define _SYS_TERMIOS_H

#include <termios.h>

#endif
