// SPDX-License-Identifier: BSD-2-Clause
// test_bootable.c: the boot file around an image, and partition tables, field by field. Links
// tools/mkimage/bootelf.c and gpt.c; that the results boot is tests/suites/boot.py's to say.
#include <elf.h>
#include <stddef.h>
#include <stdlib.h>

#include "tests/unit/lib/check.h"
#include "tools/mkimage/bootelf.h"
#include "tools/mkimage/gpt.h"

#define PHYS 0x200000ull
#define TEXT 0x1000u // file offset of the first segment

// A shim: two segments with bss behind the second, a multiboot header, a .payload section.
struct sample {
    Elf64_Ehdr eh;
    Elf64_Phdr ph[2];
    uint8_t gap[TEXT - sizeof(Elf64_Ehdr) - 2 * sizeof(Elf64_Phdr)];
    uint32_t multiboot[8]; // the first segment
    uint8_t code[4096 - 32];
    uint64_t payload[3]; // the second
    uint8_t data[1000];
    Elf64_Shdr sh[3];
    char names[32];
};

static void sample_shim(struct sample *s)
{
    memset(s, 0, sizeof *s);
    memcpy(s->eh.e_ident, ELFMAG, SELFMAG);
    s->eh.e_ident[EI_CLASS] = ELFCLASS64;
    s->eh.e_phoff = offsetof(struct sample, ph);
    s->eh.e_phentsize = sizeof s->ph[0];
    s->eh.e_phnum = 2;
    s->eh.e_shoff = offsetof(struct sample, sh);
    s->eh.e_shentsize = sizeof s->sh[0];
    s->eh.e_shnum = 3;
    s->eh.e_shstrndx = 2;
    s->ph[0] = (Elf64_Phdr){
        .p_type = PT_LOAD, .p_offset = TEXT, .p_paddr = PHYS, .p_filesz = 4096, .p_memsz = 4096};
    s->ph[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                            .p_offset = TEXT + 4096,
                            .p_paddr = PHYS + 4096,
                            .p_filesz = 1024,
                            .p_memsz = 3 * 4096 + 1};
    const uint32_t magic = 0x1badb002, flags = 0x10003;
    uint32_t header[8] = {magic, flags,    -(magic + flags), PHYS,
                          PHYS,  PHYS + 1, PHYS + 2,         PHYS + 64};
    memcpy(s->multiboot, header, sizeof header);
    memset(s->code, 0x90, sizeof s->code);
    memcpy(s->payload, "RMPAYLD", 8);
    memset(s->data, 7, sizeof s->data);
    memcpy(s->names, "\0.payload\0.shstrtab", 20);
    s->sh[1] = (Elf64_Shdr){.sh_name = 1,
                            .sh_type = SHT_PROGBITS,
                            .sh_size = 24,
                            .sh_offset = offsetof(struct sample, payload)};
    s->sh[2] = (Elf64_Shdr){.sh_name = 10,
                            .sh_type = SHT_STRTAB,
                            .sh_size = sizeof s->names,
                            .sh_offset = offsetof(struct sample, names)};
}

static bool all(const uint8_t *p, uint8_t value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (p[i] != value)
            return false;
    return true;
}

static void test_good(void)
{
    const uint64_t image = 5 * 4096, end = PHYS + 5 * 4096; // text, and four pages of data and bss
    struct bootelf out;
    struct sample s;

    sample_shim(&s);
    const char *wrong = bootelf_make(&out, (uint8_t *)&s, sizeof s, image);
    CHECK_STR(wrong ? wrong : "", "");
    CHECK_EQ(out.addr, end);
    CHECK_EQ(out.size, TEXT + 5 * 4096);
    const struct sample *o = (const struct sample *)out.head;
    CHECK_EQ(o->eh.e_phnum, 3);
    CHECK_EQ(o->eh.e_shnum, 0);
    CHECK_EQ(o->eh.e_shoff, 0);
    const Elf64_Phdr *added = &o->ph[2];
    CHECK_EQ(added->p_type, PT_LOAD);
    CHECK_EQ(added->p_offset, out.size);
    CHECK_EQ(added->p_paddr, end);
    CHECK_EQ(added->p_filesz, image);
    CHECK_EQ(added->p_memsz, image);
    // Multiboot's one piece covers the image; nothing else of the header has changed.
    CHECK_EQ(o->multiboot[5], end + image);
    CHECK_EQ(o->multiboot[6], end + image);
    CHECK_EQ(o->multiboot[4], PHYS);
    CHECK_EQ(o->multiboot[7], PHYS + 64);
    CHECK(memcmp(o->payload, "RMPAYLD", 8) == 0);
    CHECK_EQ(o->payload[1], end);
    CHECK_EQ(o->payload[2], image);
    CHECK(all(o->code, 0x90, sizeof o->code));
    CHECK(all(o->data, 7, sizeof o->data));
    // The bss is in the file, and no section header or symbol has taken its place.
    CHECK(all(out.head + TEXT + 4096 + 1024, 0, out.size - TEXT - 4096 - 1024));
    free(out.head);
}

static void test_spare_header(void)
{
    struct bootelf out;
    struct sample s;

    // One that means nothing to a loader is taken, wherever it stands.
    sample_shim(&s);
    s.ph[1] = s.ph[0];
    s.ph[1].p_memsz = 8192;
    s.ph[0] = (Elf64_Phdr){.p_type = PT_GNU_STACK};
    CHECK(!bootelf_make(&out, (uint8_t *)&s, sizeof s, 4096));
    const struct sample *o = (const struct sample *)out.head;
    CHECK_EQ(o->eh.e_phnum, 2);
    CHECK_EQ(o->ph[0].p_type, PT_LOAD);
    CHECK_EQ(o->ph[0].p_paddr, PHYS + 8192);
    free(out.head);
}

static void expect_refusal(const struct sample *s, size_t size, const char *want, int line)
{
    uint8_t *copy = malloc(size); // of exactly that size: the sanitizer sees a read beyond it
    struct bootelf out = {0};

    memcpy(copy, s, size);
    const char *wrong = bootelf_make(&out, copy, size, 4096);
    if (!check_note(wrong && strstr(wrong, want), __FILE__, line, want))
        fprintf(stderr, "    got \"%s\"\n", wrong ? wrong : "success");
    free(copy);
}

// One damaged field, and a part of the reason expected.
#define REFUSED(want, ...)                                                                         \
    do {                                                                                           \
        struct sample s;                                                                           \
        sample_shim(&s);                                                                           \
        __VA_ARGS__;                                                                               \
        expect_refusal(&s, sizeof s, want, __LINE__);                                              \
    } while (0)

static void test_refusals(void)
{
    REFUSED("not an ELF64", s.eh.e_ident[0] = 0);
    REFUSED("not an ELF64", s.eh.e_ident[EI_CLASS] = ELFCLASS32);
    REFUSED("program headers", s.eh.e_phoff = sizeof s);
    REFUSED("program headers", s.eh.e_phoff = UINT64_MAX - 7);
    REFUSED("program headers", s.eh.e_phentsize = 32);
    REFUSED("section headers", s.eh.e_shoff = sizeof s);
    REFUSED("section headers", s.eh.e_shstrndx = 3);
    REFUSED("nothing to load", s.ph[0].p_type = s.ph[1].p_type = PT_NOTE);
    REFUSED("one distance", s.ph[1].p_paddr += 4096);
    REFUSED("a segment outside", s.ph[1].p_filesz = sizeof s);
    REFUSED("a segment outside", s.ph[1].p_filesz = s.ph[1].p_memsz + 1);
    REFUSED("a segment outside", s.ph[0].p_memsz = UINT64_MAX);
    REFUSED("a segment outside", s.ph[0].p_offset = UINT64_MAX - 8191;
            s.ph[0].p_paddr = PHYS - TEXT + s.ph[0].p_offset);
    REFUSED("no section .payload", s.names[1] = 'x');
    REFUSED("no section .payload", s.sh[1].sh_name = 0xffffffff);
    REFUSED("no section .payload", s.sh[2].sh_offset = UINT64_MAX);
    REFUSED("no struct shim_payload", s.payload[0]++);
    REFUSED("no struct shim_payload", s.sh[1].sh_size = 16);
    REFUSED("no struct shim_payload", s.sh[1].sh_offset = sizeof s);
    REFUSED("no struct shim_payload", s.sh[1].sh_type = SHT_NOBITS);
    REFUSED("page boundaries", s.ph[0].p_paddr += 8; s.ph[1].p_paddr += 8);
    REFUSED("no room", s.sh[0] = (Elf64_Shdr){.sh_offset = 200, .sh_size = 8});
    REFUSED("no multiboot header", s.multiboot[0]++);
    REFUSED("no multiboot header", s.multiboot[2]++);
    REFUSED("no address fields", s.multiboot[1] = 3; s.multiboot[2] = -(s.multiboot[0] + 3));
    REFUSED("not where it says", s.multiboot[3] += 4);
    struct sample s;
    sample_shim(&s);
    for (size_t size = 0; size < sizeof s; size += 61)
        expect_refusal(&s, size, "", __LINE__);
}

// ---- partition tables ----

struct disk {
    uint8_t head[GPT_HEAD_SECTORS * SECTOR], tail[GPT_TAIL_SECTORS * SECTOR];
};

static uint64_t field(const uint8_t *p, unsigned bytes)
{
    uint64_t x = 0;

    for (unsigned i = bytes; i-- > 0;)
        x = x << 8 | p[i];
    return x;
}

// The header's own checksum, and that of the entries it leads to.
static void check_header(const uint8_t *header, const uint8_t *entries)
{
    uint8_t copy[92];

    memcpy(copy, header, sizeof copy);
    memset(copy + 16, 0, 4);
    CHECK_EQ(field(header + 16, 4), crc32(copy, sizeof copy));
    CHECK_EQ(field(header + 88, 4), crc32(entries, 128 * 128));
    CHECK(memcmp(header, "EFI PART", 8) == 0);
}

static void test_gpt(void)
{
    static struct disk d;
    const uint64_t sectors = 100000;
    const struct gpt_part parts[] = {{GPT_BIOS_BOOT, "a", 34, 2047}, {GPT_ESP, "bc", 2048, 99000}};

    CHECK_EQ(crc32("123456789", 9), 0xcbf43926); // the check value of this CRC
    memset(&d, 0x55, sizeof d);
    gpt_build(d.head, d.tail, sectors, parts, 2, 42);
    CHECK(all(d.head, 0x55, 440));
    CHECK_EQ(d.head[446 + 4], 0xee);
    CHECK_EQ(field(d.head + 446 + 12, 4), sectors - 1);
    CHECK_EQ(field(d.head + 510, 2), 0xaa55);
    const uint8_t *first = d.head + SECTOR, *last = d.tail + 32 * SECTOR;
    check_header(first, d.head + 2 * SECTOR);
    check_header(last, d.tail);
    CHECK(memcmp(d.head + 2 * SECTOR, d.tail, 32 * SECTOR) == 0);
    CHECK_EQ(field(first + 24, 8), 1);
    CHECK_EQ(field(first + 32, 8), sectors - 1);
    CHECK_EQ(field(last + 24, 8), sectors - 1);
    CHECK_EQ(field(last + 32, 8), 1);
    CHECK_EQ(field(last + 72, 8), sectors - GPT_TAIL_SECTORS);
    CHECK_EQ(field(first + 48, 8), sectors - GPT_TAIL_SECTORS - 1);
    const uint8_t *esp = d.tail + 128;
    // C12A7328-F81F-11D2-BA4B-00A0C93EC93B as it is stored
    const uint8_t esp_type[] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};
    CHECK(memcmp(esp, esp_type, 16) == 0);
    CHECK_EQ(field(esp + 32, 8), 2048);
    CHECK_EQ(field(esp + 40, 8), 99000);
    CHECK(memcmp(esp + 56, "b\0c\0\0\0", 6) == 0);
    CHECK(memcmp(esp + 16, d.tail + 16, 16) != 0); // two partitions, two names
}

int main(void)
{
    RUN(test_good);
    RUN(test_spare_header);
    RUN(test_refusals);
    RUN(test_gpt);
    return check_done("bootable");
}
