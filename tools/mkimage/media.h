// SPDX-License-Identifier: BSD-2-Clause
// media.h: disks and CDs that boot with BIOS and with UEFI. Each writes a file in the
// work folder (work.h).
#ifndef RAMET_MKIMAGE_MEDIA_H
#define RAMET_MKIMAGE_MEDIA_H

#include "tools/mkimage/grub.h"

// A disk, its size a multiple of `unit` bytes.
void write_disk(const struct boot_source *src, const char *name, uint64_t unit);

// A CD that also boots when it is written to a disk or USB stick.
void write_iso(const struct boot_source *src, const char *name);

#endif
