// SPDX-License-Identifier: BSD-2-Clause
// gpt.h: the partition table of a disk (UEFI 2.10, section 5), as bytes to be written.
#ifndef RAMET_MKIMAGE_GPT_H
#define RAMET_MKIMAGE_GPT_H

#include <stdint.h>

#define SECTOR           512u
#define GPT_ENTRIES      128u // the least a table may have room for: 32 sectors
#define GPT_HEAD_SECTORS 34u  // protective MBR, header, entries
#define GPT_TAIL_SECTORS 33u  // entries, header

// A GUID in the order of its text; gpt_build swaps what is stored little-endian.
struct guid {
    uint8_t bytes[16];
};

// EFI system partition; GRUB's place for its core image on disks that a BIOS boots.
extern const struct guid GPT_ESP, GPT_BIOS_BOOT;

struct gpt_part {
    struct guid type;
    const char *name; // ASCII, at most 36 characters
    uint64_t first;   // LBA
    uint64_t last;    // the last one inside
};

// Make the first GPT_HEAD_SECTORS and the last GPT_TAIL_SECTORS of a disk of `sectors`. Disk and
// partitions get GUIDs made from `id`. `head` keeps its first 440 bytes, the boot code.
void gpt_build(uint8_t *head, uint8_t *tail, uint64_t sectors, const struct gpt_part *parts,
               unsigned count, uint64_t id);

// The CRC of GPT and Ethernet (polynomial 0x04c11db7, reflected).
uint32_t crc32(const void *buf, uint64_t len);

#endif
