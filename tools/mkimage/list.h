// SPDX-License-Identifier: BSD-2-Clause
// list.h: telling the user what is in an image.
#ifndef RAMET_MKIMAGE_LIST_H
#define RAMET_MKIMAGE_LIST_H

#include <stdint.h>

// Open and check the image at `path` and print its files, programs and defaults. Dies if it is not
// a good image.
void list_image(const char *path);

// A byte count for people. Valid until the next call.
const char *human(uint64_t bytes);

// Print a space and its name for each driver bit, or " none".
void print_drivers(uint32_t drivers);

#endif
