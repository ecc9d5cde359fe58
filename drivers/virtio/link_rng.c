// SPDX-License-Identifier: BSD-2-Clause
// --drivers=rng: entropy devices (link.h).

#include "drivers/virtio/link.h"

DRIVER_LINK(rng, IMAGE_DRIVER_RNG);
