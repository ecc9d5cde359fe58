// SPDX-License-Identifier: BSD-2-Clause
// Old spelling of <poll.h>.
#ifndef _SYS_POLL_H
#define _SYS_POLL_H

#include <poll.h>

#endif
