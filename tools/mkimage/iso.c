// SPDX-License-Identifier: BSD-2-Clause
// iso.c: a CD image (see media.h). El Torito offers a BIOS its core image and UEFI a small FAT file
// system with BOOTX64.EFI; the same file carries an MBR and a GPT for machines that see it as a
// disk.
#include <inttypes.h>
#include <stdlib.h>

#include "tools/mkimage/gpt.h"
#include "tools/mkimage/media.h"
#include "tools/mkimage/util.h"
#include "tools/mkimage/work.h"

#define EFI_FAT_SLACK (128u << 10) // bytes beside BOOTX64.EFI

// The FAT file system that UEFI starts from.
static const char *efi_image(const struct boot_source *src)
{
    static const char name[] = "efi.img";
    const char *efi = grub_core(GRUB_EFI, src);
    uint64_t size;

    free(work_read(efi, &size));
    size = align_up(size + EFI_FAT_SLACK, 64 * 32 * SECTOR);
    work_close(name, work_create(name, size));
    fat_format(name, 0, size / SECTOR, 0, src);
    fat_mkdir(name, 0, "/EFI");
    fat_mkdir(name, 0, "/EFI/BOOT");
    fat_copy(name, 0, efi, "/EFI/BOOT/BOOTX64.EFI");
    return name;
}

void write_iso(const struct boot_source *src, const char *name)
{
    char *path;
    const char *marker = grub_marker(src, &path), *efi = efi_image(src);
    char *argv[] = {
        "xorriso", "-as", "mkisofs", "-quiet", "-V", "RAMET", "-o", (char *)name, "-r", "-f",
        "--set_all_file_dates", new_string("=%" PRId64, src->mtime),
        // BIOS: no emulation; GRUB finds its own place in a table inside its image.
        "-b", "boot/grub/eltorito.img", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table",
        "--grub2-boot-info", "--grub2-mbr", grub_bios_file("boot_hybrid.img"),
        // UEFI: the FAT file system is a partition behind the ISO one, and the second entry.
        "-append_partition", "2", "0xef", (char *)efi, "-appended_part_as_gpt",
        "-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::", "-no-emul-boot",
        "-graft-points", new_string("/boot/grub/eltorito.img=%s", grub_core(GRUB_BIOS_CD, src)),
        new_string("/boot/grub/grub.cfg=%s", grub_config()), new_string("%s=%s", path, marker),
        new_string("/shim.elf=%s", grub_shim()), new_string("/app.img=%s", src->name), NULL};

    run_tool("xorriso", argv);
}
