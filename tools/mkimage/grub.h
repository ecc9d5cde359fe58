// SPDX-License-Identifier: BSD-2-Clause
// grub.h: what starts the shim from a disk or CD: GRUB, as Debian's packages have it.
//
// GRUB finds the file system by a file whose name is made from the image (grub_marker), reads
// boot/grub/grub.cfg there, and loads the shim with the image as its module: so a user changes the
// command line in a text file, and firmware may keep whatever memory it occupies.
#ifndef RAMET_MKIMAGE_GRUB_H
#define RAMET_MKIMAGE_GRUB_H

#include <stdint.h>

// Everything a boot medium is made from.
struct boot_source {
    const char *name; // of the image in the work folder
    int fd;
    uint64_t size;
    uint64_t id;   // a hash over image and shim: medium and partitions are named after it
    int64_t mtime; // time stamps inside the medium
};

enum grub_kind {
    GRUB_BIOS_DISK, // core image for the sectors behind boot.img
    GRUB_BIOS_CD,   // El Torito boot image
    GRUB_EFI,       // BOOTX64.EFI
};

// Build a GRUB of this kind in the work folder. Returns its name there.
const char *grub_core(enum grub_kind kind, const struct boot_source *src);

// Write grub.cfg, the shim and the marker file into the work folder; each returns the name there.
// *path: where the marker goes on the medium.
const char *grub_config(void);
const char *grub_shim(void);
const char *grub_marker(const struct boot_source *src, char **path);

// Path of one of GRUB's own files for BIOS machines, such as "boot.img".
char *grub_bios_file(const char *name);

// Make a FAT file system of `sectors` in the file at byte `off`, fat32 or what its size suggests.
void fat_format(const char *file, uint64_t off, uint64_t sectors, int fat32,
                const struct boot_source *src);

// A folder in it; a file in it.
void fat_mkdir(const char *file, uint64_t off, const char *name);
void fat_copy(const char *file, uint64_t off, const char *from, const char *name);

#endif
