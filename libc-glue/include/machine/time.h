// SPDX-License-Identifier: BSD-2-Clause
// CLOCKS_PER_SEC is a million: XSI demands it and programs hard-code it.
#ifndef _MACHTIME_H_
#define _MACHTIME_H_

#define _CLOCKS_PER_SEC_ 1000000L

#endif
