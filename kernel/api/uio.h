// SPDX-License-Identifier: BSD-2-Clause
// Scatter and gather: struct iovec, as Linux lays it out.
#ifndef RAMET_API_UIO_H
#define RAMET_API_UIO_H

#include <stddef.h>

struct k_iovec {
    void *base;
    size_t len;
};

#define K_IOV_MAX 1024

#endif
