// SPDX-License-Identifier: BSD-2-Clause
// gpt.c: see gpt.h. Section numbers are those of the UEFI specification 2.10.
#include "tools/mkimage/gpt.h"

#include <string.h>

// 5.3.3 and GRUB's manual ("BIOS installation")
const struct guid GPT_ESP = {{0xc1, 0x2a, 0x73, 0x28, 0xf8, 0x1f, 0x11, 0xd2, 0xba, 0x4b, 0x00,
                              0xa0, 0xc9, 0x3e, 0xc9, 0x3b}};
const struct guid GPT_BIOS_BOOT = {{0x21, 0x68, 0x61, 0x48, 0x64, 0x49, 0x6e, 0x6f, 0x74, 0x4e,
                                    0x65, 0x65, 0x64, 0x45, 0x46, 0x49}};

// 5.2.1: the four classic partitions begin here; the boot signature is at 510.
#define MBR_PARTITION 446u
#define MBR_SIGNATURE 0xaa55u
#define MBR_TYPE_GPT  0xeeu // 5.2.3: the whole disk belongs to the GPT

struct mbr_partition {
    uint8_t active;
    uint8_t chs_first[3];
    uint8_t type;
    uint8_t chs_last[3];
    uint32_t lba, count;
} __attribute__((packed));
_Static_assert(sizeof(struct mbr_partition) == 16, "5.2.1");

// 5.3.2
struct gpt_header {
    uint8_t signature[8]; // "EFI PART"
    uint32_t revision;    // 1.0
    uint32_t size;        // of this header
    uint32_t crc;         // over it, with 0 here
    uint32_t reserved;
    uint64_t self, other; // LBA of this header and of its copy
    uint64_t first_usable, last_usable;
    uint8_t disk[16];
    uint64_t entries; // LBA
    uint32_t entry_count, entry_size;
    uint32_t entries_crc;
} __attribute__((packed));
_Static_assert(sizeof(struct gpt_header) == 92, "5.3.2");

// 5.3.3
struct gpt_entry {
    uint8_t type[16], id[16];
    uint64_t first, last, attributes;
    uint16_t name[36]; // UTF-16
} __attribute__((packed));
_Static_assert(sizeof(struct gpt_entry) == 128, "5.3.3");

uint32_t crc32(const void *buf, uint64_t len)
{
    const uint8_t *p = buf;
    uint32_t crc = ~0u;

    for (uint64_t i = 0; i < len; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

// Appendix A: the first three fields of a GUID are stored little-endian.
static void store_guid(uint8_t out[16], struct guid g)
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

    for (int i = 0; i < 16; i++)
        out[i] = g.bytes[order[i]];
}

// A GUID of our own: the id, a number, and the bits that say "version 8, made by other means"
// (RFC 9562, 5.8).
static struct guid make_guid(uint64_t id, uint8_t number)
{
    struct guid g = {{'R', 'a', 'm', 'e', 't', number, 0x80, 0, 0x80}};

    for (int i = 0; i < 7; i++)
        g.bytes[9 + i] = (uint8_t)(id >> 8 * i);
    g.bytes[7] = (uint8_t)(id >> 56);
    return g;
}

static void protect_mbr(uint8_t *mbr, uint64_t sectors)
{
    struct mbr_partition part = {
        .type = MBR_TYPE_GPT,
        .chs_first = {0x00, 0x02, 0x00},
        .chs_last = {0xff, 0xff, 0xff},
        .lba = 1,
        .count = sectors - 1 > UINT32_MAX ? UINT32_MAX : (uint32_t)(sectors - 1),
    };

    memset(mbr + MBR_PARTITION, 0, 4 * sizeof part);
    memcpy(mbr + MBR_PARTITION, &part, sizeof part);
    mbr[510] = MBR_SIGNATURE & 0xff;
    mbr[511] = MBR_SIGNATURE >> 8;
}

static void fill_entries(struct gpt_entry *entries, const struct gpt_part *parts, unsigned count,
                         uint64_t id)
{
    memset(entries, 0, GPT_ENTRIES * sizeof *entries);
    for (unsigned i = 0; i < count; i++) {
        store_guid(entries[i].type, parts[i].type);
        store_guid(entries[i].id, make_guid(id, (uint8_t)(i + 1)));
        entries[i].first = parts[i].first;
        entries[i].last = parts[i].last;
        for (unsigned c = 0; c < 36 && parts[i].name[c]; c++)
            entries[i].name[c] = (uint8_t)parts[i].name[c];
    }
}

static void fill_header(uint8_t *sector, struct gpt_header h)
{
    h.crc = crc32(&h, sizeof h);
    memset(sector, 0, SECTOR);
    memcpy(sector, &h, sizeof h);
}

void gpt_build(uint8_t *head, uint8_t *tail, uint64_t sectors, const struct gpt_part *parts,
               unsigned count, uint64_t id)
{
    struct gpt_entry *entries = (struct gpt_entry *)(head + 2 * SECTOR);
    uint64_t size = GPT_ENTRIES * sizeof *entries;

    protect_mbr(head, sectors);
    fill_entries(entries, parts, count, id);
    struct gpt_header h = {
        .signature = "EFI PART",
        .revision = 0x00010000,
        .size = sizeof h,
        .self = 1,
        .other = sectors - 1,
        .first_usable = GPT_HEAD_SECTORS,
        .last_usable = sectors - GPT_TAIL_SECTORS - 1,
        .entries = 2,
        .entry_count = GPT_ENTRIES,
        .entry_size = sizeof *entries,
        .entries_crc = crc32(entries, size),
    };
    store_guid(h.disk, make_guid(id, 0));
    fill_header(head + SECTOR, h);
    h.self = sectors - 1;
    h.other = 1;
    h.entries = sectors - GPT_TAIL_SECTORS;
    memcpy(tail, entries, size);
    fill_header(tail + size, h);
}
