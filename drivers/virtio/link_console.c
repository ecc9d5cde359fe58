// SPDX-License-Identifier: BSD-2-Clause
// --drivers=console: consoles (link.h).

#include "drivers/virtio/link.h"

DRIVER_LINK(console, IMAGE_DRIVER_CONSOLE);
