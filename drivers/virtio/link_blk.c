// SPDX-License-Identifier: BSD-2-Clause
// --drivers=blk: block devices (link.h).

#include "drivers/virtio/link.h"

DRIVER_LINK(blk, IMAGE_DRIVER_BLK);
