// SPDX-License-Identifier: BSD-2-Clause
// The tables of three boot protocols: Multiboot 0.6.96 section 3.3, Multiboot2 section 3.6, and
// Xen's PVH (struct hvm_start_info). Only the memory map, the first module, the command line and
// ACPI's root pointer are taken.

#include "arch/x86_64/shim/boot/bootinfo.h"

#include "abi/x86.h"
#include "arch/x86_64/shim/layout.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/mem/phys.h"

#define E820_RAM   1
#define DIRECT_END (UINT64_C(1) << 32) // what boot.S has mapped

// Where mkimage puts an appended image; it finds this by its magic.
struct shim_payload {
    uint8_t magic[8];
    uint64_t addr, size;
};
volatile struct shim_payload shim_payload
    __attribute__((section(".payload"), aligned(16), used)) = {"RMPAYLD", 0, 0};

struct mb1_info {
    uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr;
    uint32_t syms[4], mmap_length, mmap_addr, drives_length, drives_addr, config_table;
    uint32_t loader_name;
};
#define MB1_CMDLINE     (1u << 2)
#define MB1_MODS        (1u << 3)
#define MB1_MMAP        (1u << 6)
#define MB1_LOADER_NAME (1u << 9)

struct mb1_mmap {
    uint32_t size; // of what follows
    uint64_t addr, len;
    uint32_t type;
} __attribute__((packed));

struct mb1_module {
    uint32_t start, end, string, reserved;
};

struct mb2_tag {
    uint32_t type, size;
};
#define MB2_END       0
#define MB2_CMDLINE   1
#define MB2_MODULE    3
#define MB2_MMAP      6
#define MB2_RSDP_OLD  14
#define MB2_RSDP_NEW  15
#define MB2_INFO_SIZE 65536u // more of it is not believed

struct mb2_mmap_entry {
    uint64_t addr, len;
    uint32_t type, reserved;
};

struct pvh_info {
    uint32_t magic, version, flags, nr_modules;
    uint64_t modlist, cmdline, rsdp, memmap;
    uint32_t memmap_entries, reserved;
};

struct pvh_module {
    uint64_t addr, size, cmdline, reserved;
};

// Sorted by address. Whole pages: a range is rounded inwards.
static void add_range(struct boot *b, uint64_t start, uint64_t len, uint32_t type)
{
    uint64_t end = (start + len) & ~(X86_PAGE - 1);
    start = (start + X86_PAGE - 1) & ~(X86_PAGE - 1);
    if (type != E820_RAM || start >= end || b->nusable == BOOT_RANGES)
        return;
    uint32_t i = b->nusable++;
    for (; i > 0 && b->usable[i - 1].start > start; i--)
        b->usable[i] = b->usable[i - 1];
    b->usable[i] = (struct boot_range){start, end};
}

// Rounded outwards. A range may lose its beginning, its end, or its middle; one that is lost whole
// stays as an empty one.
void boot_reserve(struct boot *b, uint64_t start, uint64_t end)
{
    start &= ~(X86_PAGE - 1);
    end = (end + X86_PAGE - 1) & ~(X86_PAGE - 1);
    for (uint32_t i = 0; i < b->nusable; i++) {
        struct boot_range *r = &b->usable[i];
        if (end <= r->start || start >= r->end)
            continue;
        struct boot_range tail = {end, r->end};
        r->end = start > r->start ? start : r->start;
        // Behind this one in the list, where the loop sees it next and finds nothing more to cut.
        if (tail.start < tail.end)
            add_range(b, tail.start, tail.end - tail.start, E820_RAM);
    }
}

static void set_cmdline(struct boot *b, const char *s, int skip_word)
{
    while (skip_word && *s && *s != ' ')
        s++;
    while (*s == ' ')
        s++;
    size_t n = 0;
    while (n < BOOT_CMDLINE - 1 && s[n])
        n++;
    memcpy(b->cmdline, s, n);
    b->cmdline[n] = 0;
}

// The first wins: an image that mkimage has appended is not replaced by a boot loader's module.
static void set_image(struct boot *b, uint64_t start, uint64_t size)
{
    if (!b->image && size)
        b->image = start, b->image_size = size;
}

// Addresses are below 4 GB, as the protocol has 32 bits for them; boot.S has mapped those.
static void parse_mb1(struct boot *b, uint64_t at)
{
    const struct mb1_info *info = phys(at);
    if (info->flags & MB1_MMAP)
        for (uint32_t off = 0; off + sizeof(struct mb1_mmap) <= info->mmap_length;) {
            const struct mb1_mmap *m = phys(info->mmap_addr + off);
            add_range(b, m->addr, m->len, m->type);
            off += m->size + 4;
        }
    if ((info->flags & MB1_MODS) && info->mods_count) {
        const struct mb1_module *mod = phys(info->mods_addr);
        set_image(b, mod->start, mod->end - mod->start);
    }
    // QEMU puts the name of the kernel file first; GRUB does not.
    int name = (info->flags & MB1_LOADER_NAME) && !memcmp(phys(info->loader_name), "qemu", 5);
    if (info->flags & MB1_CMDLINE)
        set_cmdline(b, phys(info->cmdline), name);
}

static void parse_mb2_mmap(struct boot *b, const struct mb2_tag *tag)
{
    const uint32_t *size = (const uint32_t *)(tag + 1); // of an entry; then a version, then entries
    if (*size < sizeof(struct mb2_mmap_entry))
        return;
    for (uint32_t off = 16; off + *size <= tag->size; off += *size) {
        const struct mb2_mmap_entry *e = (const void *)((const uint8_t *)tag + off);
        add_range(b, e->addr, e->len, e->type);
    }
}

// These tables are overwritten before acpi_init() comes to it.
static void keep_rsdp(struct boot *b, const void *rsdp, uint64_t size)
{
    static uint8_t copy[36]; // ACPI 6.4, 5.2.5.3
    memcpy(copy, rsdp, min_u64(size, sizeof copy));
    b->rsdp = (uint64_t)copy - SHIM_VIRTUAL;
}

static void parse_mb2(struct boot *b, uint64_t at)
{
    uint32_t total = *(const uint32_t *)phys(at);
    total = total < MB2_INFO_SIZE ? total : MB2_INFO_SIZE;
    for (uint32_t off = 8; off + sizeof(struct mb2_tag) <= total;) {
        const struct mb2_tag *tag = phys(at + off);
        const uint32_t *module = (const uint32_t *)(tag + 1);
        // A size below that of a tag would keep us here for ever.
        if (tag->type == MB2_END || tag->size < sizeof *tag)
            break;
        if (tag->type == MB2_MMAP)
            parse_mb2_mmap(b, tag);
        else if (tag->type == MB2_MODULE)
            set_image(b, module[0], module[1] - module[0]);
        else if (tag->type == MB2_CMDLINE)
            set_cmdline(b, (const char *)(tag + 1), 0);
        else if (tag->type == MB2_RSDP_OLD || tag->type == MB2_RSDP_NEW)
            keep_rsdp(b, tag + 1, tag->size - sizeof *tag);
        off += (tag->size + 7) & ~7u;
    }
}

static void parse_pvh(struct boot *b, uint64_t at)
{
    const struct pvh_info *info = phys(at);
    if (info->magic != BOOT_PVH)
        shim_panic("started by PVH without its start info");
    b->rsdp = info->rsdp;
    if (info->version >= 1 && info->memmap) {
        const struct mb2_mmap_entry *map = phys(info->memmap); // the same layout
        for (uint32_t i = 0; i < info->memmap_entries; i++)
            add_range(b, map[i].addr, map[i].len, map[i].type);
    }
    if (info->nr_modules) {
        const struct pvh_module *mod = phys(info->modlist);
        set_image(b, mod->addr, mod->size);
    }
    if (info->cmdline)
        set_cmdline(b, phys(info->cmdline), 0);
}

// GRUB puts modules at the lowest free address, with a BIOS right above 1 MB: where ring 3's
// platform pages are going to be. By now nothing else that a loader left is needed.
static void move_image_up(struct boot *b)
{
    uint64_t size = (b->image_size + X86_PAGE - 1) & ~(X86_PAGE - 1);
    if (!b->image_size || b->image >= SHIM_PHYS)
        return;
    for (uint32_t i = 0; i < b->nusable; i++) {
        const struct boot_range *r = &b->usable[i];
        // They cannot overlap: what is usable begins above the shim; the image begins below it and
        // so ends below it, since no loader puts a module over its kernel.
        if (r->start + size > r->end || r->start + size > DIRECT_END)
            continue;
        memcpy(phys(r->start), phys(b->image), b->image_size);
        b->image = r->start;
        return;
    }
    shim_panic("no memory for the image of %lu KB", size >> 10);
}

extern uint8_t shim_end_phys[]; // an absolute symbol: its address is the value

void boot_parse(struct boot *b, uint32_t magic, uint64_t info)
{
    set_image(b, shim_payload.addr, shim_payload.size);
    if (magic == BOOT_MULTIBOOT1)
        parse_mb1(b, info);
    else if (magic == BOOT_MULTIBOOT2)
        parse_mb2(b, info);
    else if (magic == BOOT_PVH)
        parse_pvh(b, info);
    else
        shim_panic("started by an unknown boot protocol (%x)", magic);
    if (!b->nusable)
        shim_panic("the boot loader gave no memory map");
    // In this order: the image may be moved into memory that is neither firmware's nor ours, and is
    // then kept from being handed out.
    boot_reserve(b, 0, SHIM_PHYS); // firmware and platform pages
    boot_reserve(b, SHIM_PHYS, (uint64_t)shim_end_phys);
    move_image_up(b);
    boot_reserve(b, b->image, b->image + b->image_size);
}
