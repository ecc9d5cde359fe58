// SPDX-License-Identifier: BSD-2-Clause
// Whether a family's window has room for what the kernel makes of an image's file table at boot.
//
// Asked before there is a VM, so that the answer is one line and not a guest that gives up. The
// arithmetic is the kernel's own (abi/ramfs.h). Neighbours: image.c (the checked table).

#include "host/image/image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "abi/ramfs.h"

#define MB (UINT64_C(1) << 20)

int image_fits(const struct image *img, uint64_t window, uint32_t procs, char *err, size_t errlen)
{
    const uint32_t count = img->header->file_count;
    uint64_t *sizes = calloc(count, sizeof *sizes);
    if (!sizes) {
        snprintf(err, errlen, "out of memory");
        return -ENOMEM;
    }
    const uint64_t need = ramfs_window(ramfs_pages(img->files, count, sizes), procs);
    free(sizes);
    if (need <= window)
        return 0;
    snprintf(err, errlen,
             "the image's %u files do not fit into a window of %llu MB: give --window-size %lluM",
             count, (unsigned long long)(window / MB),
             (unsigned long long)((need + 2 * MB - 1) / (2 * MB) * 2));
    return -ENOSPC;
}
