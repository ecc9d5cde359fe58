// SPDX-License-Identifier: BSD-2-Clause
// poll(2), with Linux's values and layout.
#ifndef RAMET_API_POLL_H
#define RAMET_API_POLL_H

#include <stdint.h>

#define POLLIN     0x001
#define POLLPRI    0x002
#define POLLOUT    0x004
#define POLLERR    0x008
#define POLLHUP    0x010
#define POLLNVAL   0x020
#define POLLRDNORM 0x040
#define POLLRDBAND 0x080
#define POLLWRNORM 0x100
#define POLLWRBAND 0x200
#define POLLRDHUP  0x2000

struct k_pollfd {
    int32_t fd;
    int16_t events;
    int16_t revents;
};

#endif
