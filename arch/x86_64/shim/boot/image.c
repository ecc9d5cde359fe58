// SPDX-License-Identifier: BSD-2-Clause
// The image as mkimage wrote it. On the host it is checked in full before a monitor believes it;
// here it is ours, loaded by our own boot loader, so only what a damaged or foreign file would get
// wrong is checked.

#include "arch/x86_64/shim/boot/image.h"

#include "abi/pv.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/mem/phys.h"

// Guest-physical address and size, set once by image_init().
static uint64_t base, length;

static int image_has(uint64_t off, uint64_t size)
{
    return off <= length && size <= length - off;
}

static void check_program(uint32_t index, const struct image_program *p)
{
    int good = p->seg_count >= 1 && p->seg_count <= IMAGE_MAX_SEGS;
    for (uint32_t i = 0; good && i < p->seg_count; i++) {
        const struct image_seg *s = &p->segs[i];
        // Offset and address must agree within a page: text is mapped straight from the image.
        good = image_has(s->file_off, s->filesz) && s->filesz <= s->memsz &&
               s->vaddr >= IMAGE_VADDR_MIN && s->vaddr < IMAGE_VADDR_MAX &&
               s->memsz <= IMAGE_VADDR_MAX - s->vaddr && s->file_off % 4096 == s->vaddr % 4096;
    }
    if (!good)
        shim_panic("program %u of the image is damaged", index);
}

void image_init(uint64_t pa, uint64_t size)
{
    base = pa;
    length = size;
    if (!pa)
        shim_panic("no image: append one with mkimage, or load one as the first module");
    if (pa % 4096)
        shim_panic("the image is not at a page boundary");
    // It may lie above 4 GB, which boot.S has not mapped.
    phys_map(pa, size);
    const struct image_header *h = image_header();
    if (size < sizeof *h || memcmp(h->magic, IMAGE_MAGIC, sizeof h->magic))
        shim_panic("the module is not a Ramet image");
    if (h->format != IMAGE_FORMAT || h->abi != PV_ABI_VERSION)
        shim_panic("the image has format %u and paravirtual interface %u, not %u and %u", h->format,
                   h->abi, IMAGE_FORMAT, PV_ABI_VERSION);
    if (h->total_size > size)
        shim_panic("the image is truncated: %lu bytes of %lu", size, h->total_size);
    length = h->total_size;
    if (!image_has(h->programs_off, h->program_count * sizeof(struct image_program)) ||
        !image_has(h->files_off, h->file_count * sizeof(struct image_file)) ||
        !image_has(h->strings_off, h->strings_size))
        shim_panic("the image is damaged");
    for (uint32_t i = 0; i < h->program_count; i++)
        check_program(i, image_program(i));
}

uint64_t image_phys(void)
{
    return base;
}

const struct image_header *image_header(void)
{
    return phys(base);
}

const struct image_program *image_program(uint32_t index)
{
    const struct image_header *h = image_header();
    if (index >= h->program_count)
        return NULL;
    return (const struct image_program *)phys(base + h->programs_off) + index;
}

const char *image_string(uint32_t off)
{
    return phys(base + off);
}

// By the path of a file, not the name of a program: symlinks are the kernel's to follow, not ours.
uint32_t image_find_program(const char *path)
{
    const struct image_header *h = image_header();
    const struct image_file *files = phys(base + h->files_off);
    for (uint32_t i = 0; i < h->file_count; i++)
        if (files[i].type == IMAGE_PROGRAM && strlen(path) == files[i].path.len &&
            !memcmp(path, image_string(files[i].path.off), files[i].path.len))
            return files[i].program;
    return IMAGE_NO_PROGRAM;
}
