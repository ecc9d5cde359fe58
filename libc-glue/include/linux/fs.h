// SPDX-License-Identifier: BSD-2-Clause
// Requests for block devices, under the name Linux gives their header.
#ifndef _LINUX_FS_H
#define _LINUX_FS_H

#include <stdint.h>

#include <ramet/blk.h>

#endif
