// SPDX-License-Identifier: BSD-2-Clause
// disk.c: a raw disk (see media.h).
//
//     LBA 0            boot.img (BIOS), protective partition table
//     LBA 1-33         GPT
//     LBA 34-2047      BIOS boot partition: GRUB's core image, which boot.img loads by number
//     LBA 2048-        EFI system partition, FAT32: BOOTX64.EFI, grub.cfg, shim, image
//     the last 33      GPT, again
#include <stdlib.h>
#include <string.h>

#include "abi/image.h"
#include "host/image/shim_blob.h"
#include "tools/mkimage/gpt.h"
#include "tools/mkimage/media.h"
#include "tools/mkimage/util.h"
#include "tools/mkimage/work.h"

#define ESP_FIRST    2048u
#define ESP_MIN      69632u     // sectors: room for the 65,525 clusters that make a FAT FAT32
#define ESP_OVERHEAD (4u << 20) // bytes beside shim and image: GRUB, folders, a longer grub.cfg
#define FAT32_PER    60u        // one sector of two FATs' entries serves so many sectors of data
#define BOOT_CODE    440u       // bytes of boot code in a partitioned disk's first sector

// Where boot.img keeps what its installer tells it (GRUB 2, boot.S).
#define BOOT_CORE_LBA    0x5c // 64 bits: the core image's first sector
#define BOOT_DRIVE_CHECK 0x66 // a jump over a work-around for BIOSes that pass a wrong drive number

// The end of the core image's first sector: its own list of the sectors that follow (diskboot.S).
struct block_list {
    uint64_t start;
    uint16_t count;
    uint16_t segment; // where to, in paragraphs: 0x8200, behind the first sector
} __attribute__((packed));
#define BLOCK_LIST    (SECTOR - sizeof(struct block_list))
#define BLOCK_SEGMENT 0x820

static void put_boot_code(uint8_t *sector, uint64_t core_lba)
{
    char *path = grub_bios_file("boot.img");
    uint64_t size;
    uint8_t *boot = work_read(path, &size);

    if (size != SECTOR)
        die("%s: %llu bytes instead of %u", path, (unsigned long long)size, SECTOR);
    memcpy(sector, boot, BOOT_CODE);
    memcpy(sector + BOOT_CORE_LBA, &core_lba, sizeof core_lba);
    memset(sector + BOOT_DRIVE_CHECK, 0x90, 2); // no-operations, as grub-bios-setup has it
    free(boot);
    free(path);
}

static void put_core(const char *disk, int fd, const struct boot_source *src)
{
    uint64_t size, room = (uint64_t)(ESP_FIRST - GPT_HEAD_SECTORS) * SECTOR;
    const char *name = grub_core(GRUB_BIOS_DISK, src);
    uint8_t *core = work_read(name, &size);

    if (size < 2 * SECTOR || size > room)
        die("%s: GRUB's core image of %llu bytes does not fit its place", name,
            (unsigned long long)size);
    struct block_list list = {
        .start = GPT_HEAD_SECTORS + 1,
        .count = (uint16_t)((size - 1) / SECTOR),
        .segment = BLOCK_SEGMENT,
    };
    memcpy(core + BLOCK_LIST, &list, sizeof list);
    write_at(disk, fd, core, size, GPT_HEAD_SECTORS * SECTOR);
    free(core);
}

static void fill_esp(const char *disk, uint64_t sectors, const struct boot_source *src)
{
    const uint64_t off = (uint64_t)ESP_FIRST * SECTOR;
    char *path;
    const char *marker = grub_marker(src, &path);

    fat_format(disk, off, sectors, 1, src);
    fat_mkdir(disk, off, "/EFI");
    fat_mkdir(disk, off, "/EFI/BOOT");
    fat_mkdir(disk, off, "/boot");
    fat_mkdir(disk, off, "/boot/grub");
    fat_copy(disk, off, grub_core(GRUB_EFI, src), "/EFI/BOOT/BOOTX64.EFI");
    fat_copy(disk, off, grub_config(), "/boot/grub/grub.cfg");
    fat_copy(disk, off, marker, path);
    fat_copy(disk, off, grub_shim(), "/shim.elf");
    fat_copy(disk, off, src->name, "/app.img");
}

void write_disk(const struct boot_source *src, const char *name, uint64_t unit)
{
    static uint8_t head[GPT_HEAD_SECTORS * SECTOR], tail[GPT_TAIL_SECTORS * SECTOR];
    uint64_t esp = (src->size + shim_elf_size() + ESP_OVERHEAD) / SECTOR;

    esp += esp / FAT32_PER;
    if (esp < ESP_MIN)
        esp = ESP_MIN;
    uint64_t size = align_up((ESP_FIRST + esp + GPT_TAIL_SECTORS) * SECTOR, unit);
    esp = size / SECTOR - GPT_TAIL_SECTORS - ESP_FIRST;
    const struct gpt_part parts[] = {
        {GPT_BIOS_BOOT, "GRUB core image", GPT_HEAD_SECTORS, ESP_FIRST - 1},
        {GPT_ESP, "Ramet", ESP_FIRST, ESP_FIRST + esp - 1},
    };
    int fd = work_create(name, size);

    put_boot_code(head, GPT_HEAD_SECTORS);
    gpt_build(head, tail, size / SECTOR, parts, sizeof parts / sizeof *parts, src->id);
    write_at(name, fd, head, sizeof head, 0);
    put_core(name, fd, src);
    write_at(name, fd, tail, sizeof tail, size - sizeof tail);
    work_close(name, fd);
    fill_esp(name, esp, src);
}
