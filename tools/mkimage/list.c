// SPDX-License-Identifier: BSD-2-Clause
// list.c: see list.h. It reads through host/image/image.c, so what --list shows is what `ramet run`
// gets.
#include "tools/mkimage/list.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "host/image/image.h"
#include "tools/mkimage/util.h"

// By IMAGE_DRIVER_* bit number.
static const char *const driver_names[] = {"net", "blk", "console", "rng"};

const char *human(uint64_t bytes)
{
    static char text[32];

    if (bytes < 10240)
        snprintf(text, sizeof text, "%" PRIu64 " B", bytes);
    else if (bytes < 10240 * 1024)
        snprintf(text, sizeof text, "%.1f KiB", (double)bytes / 1024);
    else
        snprintf(text, sizeof text, "%.1f MiB", (double)bytes / (1024 * 1024));
    return text;
}

void print_drivers(uint32_t drivers)
{
    if (!drivers)
        printf(" none");
    for (unsigned i = 0; i < 32; i++) {
        if (!(drivers >> i & 1))
            continue;
        if (i < sizeof driver_names / sizeof *driver_names)
            printf(" %s", driver_names[i]);
        else
            printf(" driver-%u", i);
    }
}

static void print_file(const struct image *img, const struct image_file *f)
{
    static const char type_letter[] = {
        [IMAGE_REG] = '-',     [IMAGE_DIR] = 'd',  [IMAGE_SYMLINK] = 'l',
        [IMAGE_PROGRAM] = 'p', [IMAGE_FIFO] = '|',
    };
    time_t t = (time_t)f->mtime;
    char when[32] = "?"; // an image may hold a time no calendar does
    struct tm tm;

    if (gmtime_r(&t, &tm))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
    printf("%c %04o %u:%u %10" PRIu64 " %s ", type_letter[f->type], f->mode, f->uid, f->gid,
           f->data_size, when);
    print_text(stdout, image_string(img, f->path));
    if (f->type == IMAGE_SYMLINK) {
        printf(" -> ");
        print_text(stdout, image_string(img, f->target));
    }
    putchar('\n');
}

static void print_program(const struct image *img, uint32_t index)
{
    static const char flag_letters[] = "xwr";
    const struct elf_program *p = image_program(img, index);

    printf("program ");
    print_text(stdout, image_program_path(img, index));
    printf(": entry 0x%" PRIx64 ", drivers", p->entry);
    print_drivers(p->note.drivers);
    putchar('\n');
    for (uint32_t i = 0; i < p->nsegs; i++) {
        const struct image_seg *s = &p->segs[i];
        printf("  0x%08" PRIx64 " ", s->vaddr);
        for (int bit = 2; bit >= 0; bit--)
            putchar(s->flags >> bit & 1 ? flag_letters[bit] : '-');
        printf(" file %" PRIu64 " at %" PRIu64 ", memory %" PRIu64 "\n", s->filesz, s->file_off,
               s->memsz);
    }
}

void list_image(const char *path)
{
    char err[512];
    struct image img;

    if (image_open(&img, path, err, sizeof err) < 0)
        die("%s", err);
    for (uint32_t i = 0; i < img.header->file_count; i++)
        print_file(&img, &img.files[i]);
    for (uint32_t i = 0; i < img.header->program_count; i++)
        print_program(&img, i);
    printf("start ");
    print_text(stdout, image_string(&img, img.header->entry_path));
    for (const char **arg = img.args; *arg; arg++) {
        printf(" '");
        print_text(stdout, *arg);
        putchar('\'');
    }
    printf("\nABI %u, %" PRIu64 " bytes\n", img.header->abi, img.size);
    image_close(&img);
}
