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

#include "host/image/image.h"
#include "host/image/shim_blob.h"
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
    void (*write)(const struct boot_source *src, const char *name);
    const char *run[4]; // commands; %s is the output
};

static void write_elf(const struct boot_source *src, const char *name)
{
    struct bootelf boot;
    const char *wrong = bootelf_make(&boot, shim_elf, shim_elf_size(), src->size);

    if (wrong)
        die("the shim of this build: %s", wrong);
    int fd = work_create(name, boot.size + src->size);
    write_at(name, fd, boot.head, boot.size, 0);
    work_copy(src->name, src->fd, src->size, name, fd, boot.size);
    work_close(name, fd);
    free(boot.head);
}

static void write_raw(const struct boot_source *src, const char *name)
{
    write_disk(src, name, MIB);
}

static void write_qcow2(const struct boot_source *src, const char *name)
{
    char *argv[] = {"qemu-img", "convert",  "-f",         "raw", "-O",
                    "qcow2",    "disk.raw", (char *)name, NULL};

    write_disk(src, "disk.raw", MIB);
    run_tool("qemu-utils", argv);
}

// What Google's image import wants: one member, disk.raw, of whole gigabytes, sparse, oldgnu, gzip.
static void write_gce(const struct boot_source *src, const char *name)
{
    char *time = new_string("--mtime=@%" PRId64, src->mtime);
    char *argv[] = {"tar",
                    "--format=oldgnu",
                    "--owner=0",
                    "--group=0",
                    "--numeric-owner",
                    "--mode=0644",
                    time,
                    "-Sczf",
                    (char *)name,
                    "disk.raw",
                    NULL};

    write_disk(src, "disk.raw", GIB);
    run_tool("tar", argv);
    free(time);
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

static uint64_t id_of(const char *image)
{
    uint64_t size;
    uint8_t *bytes = work_read(image, &size);
    uint64_t h = hash(UINT64_C(0xcbf29ce484222325), bytes, size);

    free(bytes);
    return hash(h, shim_elf, shim_elf_size());
}

void format_write(const struct format *format, const char *from, const char *output)
{
    static const char result[] = "output";
    char *path = work_path(FORMAT_IMAGE), err[512], epoch[32];
    struct image img;

    // Its messages name the file that the user knows.
    if (image_open(&img, from ? from : path, err, sizeof err) < 0)
        die("%s", err);
    if (img.size > BOOTELF_MAX)
        die("%s: larger than the %llu GiB that boot loaders find room for", output,
            BOOTELF_MAX / GIB);
    if (from)
        work_link(from, FORMAT_IMAGE);
    struct boot_source src = {
        .name = FORMAT_IMAGE,
        .fd = img.fd,
        .size = img.size,
        .id = id_of(FORMAT_IMAGE),
        .mtime = img.files[0].mtime > DOS_EPOCH ? img.files[0].mtime : DOS_EPOCH, // of "/"
    };
    // The tools below take the time from here instead of the clock: same image, same bytes.
    snprintf(epoch, sizeof epoch, "%" PRId64, src.mtime);
    setenv("SOURCE_DATE_EPOCH", epoch, 1);
    setenv("TZ", "UTC", 1);
    setenv("LC_ALL", "C", 1);
    format->write(&src, result);
    work_publish(result);
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
