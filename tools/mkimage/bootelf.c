// SPDX-License-Identifier: BSD-2-Clause
// bootelf.c: see bootelf.h.
//
//     file      ELF header, program headers | shim's segments | its bss, as zeros | image
//     memory                                | the same at one constant distance
//
// Three kinds of loader read it. ELF loaders (PVH, multiboot2) get the image as a last PT_LOAD. A
// multiboot1 loader takes one piece of file from the address fields of the header, so the distance
// is the same everywhere and the fields are set to cover the image. The shim itself finds the image
// through struct shim_payload in its section .payload. Sections and symbols are left out.
#include "tools/mkimage/bootelf.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "abi/image.h"
#include "tools/mkimage/util.h"

// Multiboot 0.6.96, 3.1: the header lies 4-aligned in the first 8192 bytes; bit 16 of the flags
// says that the address fields are there.
#define MULTIBOOT_SEARCH     8192u
#define MULTIBOOT_MAGIC      0x1badb002u
#define MULTIBOOT_HAS_FIELDS 0x00010000u

struct multiboot_header {
    uint32_t magic, flags, checksum;
    uint32_t header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr;
};

#define PAYLOAD_MAGIC "RMPAYLD" // 8 bytes with the NUL

struct shim_payload {
    uint8_t magic[8];
    uint64_t addr, size;
};

// The shim while it is looked at.
struct shim {
    const uint8_t *bytes;
    uint64_t size;
    const Elf64_Ehdr *header;
    const Elf64_Phdr *segments; // header->e_phnum
    const Elf64_Shdr *sections; // header->e_shnum
    uint64_t distance;          // physical address minus file offset
    uint64_t end;               // physical, behind the last segment's memory
    uint64_t payload;           // file offset of struct shim_payload
};

static bool inside(const struct shim *s, uint64_t off, uint64_t len)
{
    return off <= s->size && len <= s->size - off;
}

static const char *parse(struct shim *s)
{
    const Elf64_Ehdr *h = s->header = (const Elf64_Ehdr *)s->bytes;

    if (s->size < sizeof *h || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
        h->e_ident[EI_CLASS] != ELFCLASS64)
        return "not an ELF64 file";
    if (h->e_phentsize != sizeof *s->segments || h->e_phoff % 8 ||
        !inside(s, h->e_phoff, h->e_phnum * sizeof *s->segments))
        return "program headers outside the file";
    if (h->e_shentsize != sizeof *s->sections || h->e_shoff % 8 ||
        !inside(s, h->e_shoff, h->e_shnum * sizeof *s->sections) || h->e_shstrndx >= h->e_shnum)
        return "section headers outside the file";
    s->segments = (const Elf64_Phdr *)(s->bytes + h->e_phoff);
    s->sections = (const Elf64_Shdr *)(s->bytes + h->e_shoff);
    return NULL;
}

static const char *measure(struct shim *s)
{
    bool any = false;

    for (unsigned i = 0; i < s->header->e_phnum; i++) {
        const Elf64_Phdr *p = &s->segments[i];
        if (p->p_type != PT_LOAD)
            continue;
        uint64_t distance = p->p_paddr - p->p_offset;
        if (any && distance != s->distance)
            return "its segments are not at one distance from their place in the file";
        if (!inside(s, p->p_offset, p->p_filesz) || p->p_filesz > p->p_memsz ||
            p->p_paddr >= BOOTELF_MAX || p->p_memsz >= BOOTELF_MAX)
            return "a segment outside the file or of memory";
        s->distance = distance;
        if (p->p_paddr + p->p_memsz > s->end)
            s->end = p->p_paddr + p->p_memsz;
        any = true;
    }
    return any ? NULL : "nothing to load";
}

static const char *find_payload(struct shim *s)
{
    const Elf64_Shdr *names = &s->sections[s->header->e_shstrndx];
    static const char wanted[] = ".payload";

    for (unsigned i = 0; i < s->header->e_shnum; i++) {
        const Elf64_Shdr *sec = &s->sections[i];
        if (!inside(s, names->sh_offset + sec->sh_name, sizeof wanted) ||
            memcmp(s->bytes + names->sh_offset + sec->sh_name, wanted, sizeof wanted) != 0)
            continue;
        if (sec->sh_type != SHT_PROGBITS || sec->sh_offset % 8 ||
            sec->sh_size < sizeof(struct shim_payload) ||
            !inside(s, sec->sh_offset, sec->sh_size) ||
            memcmp(s->bytes + sec->sh_offset, PAYLOAD_MAGIC, 8) != 0)
            return "section .payload holds no struct shim_payload";
        s->payload = sec->sh_offset;
        return NULL;
    }
    return "no section .payload";
}

// ---- the copy ----

// The program header for the image: one that means nothing to a boot loader, or the place behind
// the last one where nothing lies.
static Elf64_Phdr *free_segment(const struct shim *s, uint8_t *head, uint64_t size)
{
    Elf64_Ehdr *h = (Elf64_Ehdr *)head;
    Elf64_Phdr *table = (Elf64_Phdr *)(head + h->e_phoff);
    uint64_t end = h->e_phoff + (h->e_phnum + 1u) * sizeof *table;

    for (unsigned i = 0; i < h->e_phnum; i++)
        if (table[i].p_type == PT_NULL || table[i].p_type == PT_GNU_STACK)
            return &table[i];
    for (unsigned i = 0; i < h->e_shnum; i++)
        if (s->sections[i].sh_size && s->sections[i].sh_offset < end)
            return NULL;
    return end <= size ? &table[h->e_phnum++] : NULL;
}

static const char *patch_multiboot(uint8_t *head, uint64_t size, uint64_t distance, uint64_t end)
{
    for (uint64_t off = 0; off + sizeof(struct multiboot_header) <= size && off < MULTIBOOT_SEARCH;
         off += 4) {
        struct multiboot_header *m = (struct multiboot_header *)(head + off);
        if (m->magic != MULTIBOOT_MAGIC || m->magic + m->flags + m->checksum != 0)
            continue;
        if (!(m->flags & MULTIBOOT_HAS_FIELDS))
            return "its multiboot header has no address fields";
        if (m->header_addr != off + distance)
            return "its multiboot header is not where it says";
        m->load_end_addr = (uint32_t)end;
        m->bss_end_addr = (uint32_t)end;
        return NULL;
    }
    return "no multiboot header";
}

static const char *fill(const struct shim *s, struct bootelf *out, uint64_t image_size)
{
    Elf64_Phdr *load = free_segment(s, out->head, out->size);
    Elf64_Ehdr *h = (Elf64_Ehdr *)out->head;
    struct shim_payload *payload = (struct shim_payload *)(out->head + s->payload);

    if (!load)
        return "no room for one more program header";
    *load = (Elf64_Phdr){
        .p_type = PT_LOAD,
        .p_flags = PF_R,
        .p_offset = out->size,
        .p_vaddr = out->addr,
        .p_paddr = out->addr,
        .p_filesz = image_size,
        .p_memsz = image_size,
        .p_align = IMAGE_PAGE,
    };
    h->e_shoff = 0;
    h->e_shnum = 0;
    h->e_shstrndx = SHN_UNDEF;
    payload->addr = out->addr;
    payload->size = image_size;
    return patch_multiboot(out->head, out->size, s->distance, out->addr + image_size);
}

const char *bootelf_make(struct bootelf *out, const uint8_t *shim, uint64_t shim_size,
                         uint64_t image_size)
{
    struct shim s = {.bytes = shim, .size = shim_size};
    const char *wrong = parse(&s);

    if (!wrong)
        wrong = measure(&s);
    if (!wrong)
        wrong = find_payload(&s);
    if (wrong)
        return wrong;
    out->addr = align_up(s.end, IMAGE_PAGE);
    out->size = out->addr - s.distance;
    if (out->size % IMAGE_PAGE || out->size > BOOTELF_MAX ||
        s.payload + sizeof(struct shim_payload) > out->size ||
        s.header->e_phoff + s.header->e_phnum * sizeof *s.segments > out->size)
        return "its segments do not lie on page boundaries";
    out->head = new_zeroed(out->size, 1);
    memcpy(out->head, shim, sizeof(Elf64_Ehdr));
    memcpy(out->head + s.header->e_phoff, s.segments, s.header->e_phnum * sizeof *s.segments);
    for (unsigned i = 0; i < s.header->e_phnum; i++)
        if (s.segments[i].p_type == PT_LOAD)
            memcpy(out->head + s.segments[i].p_offset, shim + s.segments[i].p_offset,
                   s.segments[i].p_filesz);
    wrong = fill(&s, out, image_size);
    if (wrong)
        free(out->head);
    return wrong;
}
