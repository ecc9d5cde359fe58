// SPDX-License-Identifier: BSD-2-Clause
// grub.c: see grub.h. GRUB's own tools make its core images, mtools the FAT file systems: neither
// needs root or a loop device. disk.c and iso.c compose the media.
#include "tools/mkimage/grub.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/image/shim_blob.h"
#include "tools/mkimage/util.h"
#include "tools/mkimage/work.h"

#define GRUB_BIOS_FOLDER "/usr/lib/grub/i386-pc"

// What a kind of GRUB is called, where it comes from, and what it reads media with.
static const struct kind {
    const char *target, *package, *probe, *file;
    const char *modules[8];
} kinds[] = {
    [GRUB_BIOS_DISK] = {"i386-pc",
                        "grub-pc-bin",
                        GRUB_BIOS_FOLDER "/boot.img",
                        "core.img",
                        {"biosdisk", "part_gpt", "fat"}},
    [GRUB_BIOS_CD] = {"i386-pc-eltorito",
                      "grub-pc-bin",
                      GRUB_BIOS_FOLDER "/boot.img",
                      "eltorito.img",
                      {"biosdisk", "iso9660", "part_msdos", "part_gpt"}},
    [GRUB_EFI] = {"x86_64-efi",
                  "grub-efi-amd64-bin",
                  "/usr/lib/grub/x86_64-efi/moddep.lst",
                  "bootx64.efi",
                  {"part_gpt", "part_msdos", "fat", "iso9660"}},
};
static const char *const common_modules[] = {"search_fs_file", "normal",     "serial", "terminal",
                                             "multiboot",      "multiboot2", "boot",   "echo",
                                             "test",           NULL};

// Both a serial line and a screen see GRUB's complaints. Without a menu entry nothing is waited
// for.
static const char config[] =
    "# Words behind /shim.elf: ramet.env=NAME=VALUE, ramet.exec=PATH, ramet.hostname=NAME; all\n"
    "# others are the program's arguments, instead of the image's default ones.\n"
    "serial --unit=0 --speed=115200\n"
    "terminal_output console serial\n"
    "multiboot2 /shim.elf\n"
    "module2 /app.img\n"
    "boot\n";

const char *grub_marker(const struct boot_source *src, char **path)
{
    static const char name[] = "marker";

    *path = new_string("/boot/ramet-%016" PRIx64, src->id);
    work_write(name, "", 0);
    return name;
}

const char *grub_config(void)
{
    static const char name[] = "grub.cfg";

    work_write(name, config, sizeof config - 1);
    return name;
}

const char *grub_shim(void)
{
    static const char name[] = "shim.elf";

    work_write(name, shim_elf, shim_elf_size());
    return name;
}

char *grub_bios_file(const char *name)
{
    return new_string(GRUB_BIOS_FOLDER "/%s", name);
}

const char *grub_core(enum grub_kind kind, const struct boot_source *src)
{
    static const char first[] = "core.cfg"; // inside the core: read before any file system is known
    const struct kind *k = &kinds[kind];
    char *text = new_string("search.file /boot/ramet-%016" PRIx64 " root\n"
                            "set prefix=($root)/boot/grub\n",
                            src->id);
    char *argv[40] = {"grub-mkimage", "-O", (char *)k->target, "-o", (char *)k->file, "-c",
                      (char *)first,  "-p", "/boot/grub"};
    int n = 9;

    if (access(k->probe, R_OK) < 0)
        die("%s is not there: it is in the Debian package %s", k->probe, k->package);
    for (const char *const *m = k->modules; *m; m++)
        argv[n++] = (char *)*m;
    for (const char *const *m = common_modules; *m; m++)
        argv[n++] = (char *)*m;
    work_write(first, text, strlen(text));
    run_tool("grub-common", argv);
    free(text);
    return k->file;
}

// ---- FAT, by mtools ----

// mtools names a file system inside a file by FILE@@OFFSET.
static char *at(const char *file, uint64_t off)
{
    return new_string("%s@@%" PRIu64, file, off);
}

void fat_format(const char *file, uint64_t off, uint64_t sectors, int fat32,
                const struct boot_source *src)
{
    char *argv[] = {"mformat",
                    "-i",
                    at(file, off),
                    "-T",
                    new_string("%" PRIu64, sectors),
                    "-h",
                    "64",
                    "-s",
                    "32",
                    "-H",
                    new_string("%" PRIu64, off / 512),
                    "-N",
                    new_string("%08" PRIx32, (uint32_t)src->id),
                    "-v",
                    "RAMET",
                    "::",
                    fat32 ? "-F" : NULL,
                    NULL};

    run_tool("mtools", argv);
}

void fat_mkdir(const char *file, uint64_t off, const char *name)
{
    char *argv[] = {"mmd", "-i", at(file, off), new_string("::%s", name), NULL};

    run_tool("mtools", argv);
}

void fat_copy(const char *file, uint64_t off, const char *from, const char *name)
{
    char *argv[] = {"mcopy", "-i", at(file, off), (char *)from, new_string("::%s", name), NULL};

    run_tool("mtools", argv);
}
