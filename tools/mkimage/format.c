// SPDX-License-Identifier: BSD-2-Clause
// format.c: see format.h. One line a format in a table, one function that writes it.
#include "tools/mkimage/format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/image.h"
#include "host/shim_blob.h"
#include "tools/mkimage/bootelf.h"
#include "tools/mkimage/list.h"
#include "tools/mkimage/media.h"
#include "tools/mkimage/util.h"
#include "tools/mkimage/work.h"

#define MIB       (1ull << 20)
#define GIB       (1ull << 30)
#define DOS_EPOCH INT64_C(315532800) // 1980: FAT knows no time before that, xorriso not 1970-01-01
#define OVMF      "/usr/share/ovmf/OVMF.fd"
#define QEMU      "qemu-system-x86_64 -m 512 -nographic -no-reboot "

struct format {
    const char *name, *what;
    void (*write)(const struct boot_source *src, const char *path);
    const char *run[4]; // commands; %s is the output
};

static void write_elf(const struct boot_source *src, const char *path)
{
    struct bootelf boot;
    const char *wrong = bootelf_make(&boot, shim_elf, shim_elf_size(), src->size);

    if (wrong)
        die("the shim of this build: %s", wrong);
    int fd = work_create(path, boot.size + src->size);
    write_at(path, fd, boot.head, boot.size, 0);
    work_copy(src->path, src->fd, src->size, path, fd, boot.size);
    work_close(path, fd);
    free(boot.head);
}

static void write_raw(const struct boot_source *src, const char *path)
{
    write_disk(src, path, MIB);
}

static void write_qcow2(const struct boot_source *src, const char *path)
{
    char *raw = work_path("disk.raw");
    char *argv[] = {"qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, (char *)path, NULL};

    write_disk(src, raw, MIB);
    run_tool("qemu-utils", argv);
    free(raw);
}

// What Google's image import wants: one member, disk.raw, of whole gigabytes, sparse, oldgnu, gzip.
static void write_gce(const struct boot_source *src, const char *path)
{
    char *raw = work_path("disk.raw"), *folder = work_path("");
    char *argv[] = {"tar",
                    "--format=oldgnu",
                    "--owner=0",
                    "--group=0",
                    "--numeric-owner",
                    "--mode=0644",
                    new_string("--mtime=@%" PRId64, src->mtime),
                    "-C",
                    folder,
                    "-Sczf",
                    (char *)path,
                    "disk.raw",
                    NULL};

    write_disk(src, raw, GIB);
    run_tool("tar", argv);
    free(raw);
}

static const struct format formats[] = {
    {"elf",
     "a kernel file for QEMU, microVM monitors with PVH, and GRUB",
     write_elf,
     {QEMU "-kernel %s [-append 'ARGS']", QEMU "-M microvm -kernel %s [-append 'ARGS']"}},
    {"raw",
     "a disk that boots with BIOS and UEFI",
     write_raw,
     {QEMU "-drive format=raw,file=%s", QEMU "-bios " OVMF " -drive format=raw,file=%s",
      "dd if=%s of=/dev/DISK bs=1M conv=sparse,fsync"}},
    {"qcow2",
     "a disk that boots with BIOS and UEFI",
     write_qcow2,
     {QEMU "-drive format=qcow2,file=%s", QEMU "-bios " OVMF " -drive format=qcow2,file=%s"}},
    {"iso",
     "a CD or USB stick that boots with BIOS and UEFI",
     write_iso,
     {QEMU "-cdrom %s", QEMU "-bios " OVMF " -cdrom %s"}},
    {"gce",
     "a disk image for Google Compute Engine",
     write_gce,
     {"gcloud storage cp %s gs://BUCKET/IMAGE.tar.gz",
      "gcloud compute images create IMAGE --source-uri=gs://BUCKET/IMAGE.tar.gz "
      "--guest-os-features=UEFI_COMPATIBLE",
      "gcloud compute instances create VM --image=IMAGE --machine-type=e2-micro",
      "gcloud compute instances get-serial-port-output VM"}},
};

const struct format *format_find(const char *name)
{
    if (strcmp(name, "image") == 0)
        return NULL;
    for (unsigned i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(name, formats[i].name) == 0)
            return &formats[i];
    die("--format: '%s' is none of image, elf, raw, qcow2, iso, gce", name);
}

// FNV-1a, 64 bits: a name for these bytes, not a protection.
static uint64_t hash(uint64_t h, const uint8_t *p, uint64_t len)
{
    for (uint64_t i = 0; i < len; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

static uint64_t name_of(const char *image)
{
    uint64_t size;
    uint8_t *bytes = work_read(image, &size);
    uint64_t h = hash(UINT64_C(0xcbf29ce484222325), bytes, size);

    free(bytes);
    return hash(h, shim_elf, shim_elf_size());
}

void format_write(const struct format *format, const char *image, const char *output)
{
    char err[512], epoch[32];
    char *path = work_path("output");
    struct image img;

    if (image_open(&img, image, err, sizeof err) < 0)
        die("%s", err);
    if (img.size > BOOTELF_MAX)
        die("%s: larger than the %llu GiB that boot loaders find room for", output,
            BOOTELF_MAX / GIB);
    struct boot_source src = {
        .path = image,
        .fd = img.fd,
        .size = img.size,
        .id = name_of(image),
        .mtime = img.files[0].mtime > DOS_EPOCH ? img.files[0].mtime : DOS_EPOCH, // of "/"
    };
    // The tools below take the time from here instead of the clock: same image, same bytes.
    snprintf(epoch, sizeof epoch, "%" PRId64, src.mtime);
    setenv("SOURCE_DATE_EPOCH", epoch, 1);
    setenv("TZ", "UTC", 1);
    setenv("LC_ALL", "C", 1);
    format->write(&src, path);
    work_publish(path);
    image_close(&img);
    free(path);
}

void format_report(const struct format *format, const char *output)
{
    struct stat st;

    if (stat(output, &st) < 0)
        die("%s: %s", output, strerror(errno));
    printf("%s: %s", output, human((uint64_t)st.st_size));
    printf(" (%s on disk), %s\n", human((uint64_t)st.st_blocks * 512), format->what);
    for (unsigned i = 0; i < sizeof format->run / sizeof *format->run && format->run[i]; i++) {
        const char *cut = strstr(format->run[i], "%s");
        if (cut)
            printf("  %.*s%s%s\n", (int)(cut - format->run[i]), format->run[i], output, cut + 2);
        else
            printf("  %s\n", format->run[i]);
    }
}
