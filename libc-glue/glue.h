// SPDX-License-Identifier: BSD-2-Clause
// What every file of the glue shares: from the kernel's "-errno" to C's "-1 and errno".
//
// The glue is the only caller of kernel/sys.h. The libc's structures have the kernel's layouts
// under POSIX's names (layout.c asserts it), so a pointer is handed through with a cast, named K().
#ifndef RAMET_GLUE_H
#define RAMET_GLUE_H

#include <errno.h>

#include "kernel/sys.h"

// The libc's struct pointer P as the kernel's struct TYPE pointer; layout.c vouches for it.
#define K(type, p)  ((struct type *)(void *)(p))
#define KC(type, p) ((const struct type *)(const void *)(p))

// R as C reports it: R itself, or -1 with errno set.
static inline long glue_ret(long r)
{
    if (r < 0) {
        errno = (int)-r;
        return -1;
    }
    return r;
}

#endif
