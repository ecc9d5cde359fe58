// SPDX-License-Identifier: BSD-2-Clause
// test_elf.c: the ELF parser takes a good program as it is, and refuses it with the right reason
// when any one field is wrong. Links host/image/elf.c.
#include <errno.h>
#include <stdlib.h>

#include "host/image/elf.h"
#include "tests/unit/lib/check.h"
#include "tests/unit/lib/sample.h"

// Parse a heap copy of exactly `size` bytes, so that a read beyond it is seen by the sanitizer.
static int parse(const struct sample_elf *s, size_t size, struct elf_program *out, char *err,
                 size_t errlen)
{
    uint8_t *copy = malloc(size);
    memcpy(copy, s, size);
    int rc = elf_parse(out, copy, size, err, errlen);
    free(copy);
    return rc;
}

static void expect_refusal(const struct sample_elf *s, const char *want, int line)
{
    struct elf_program prog;
    char err[160] = "";
    int rc = parse(s, sizeof *s, &prog, err, sizeof err);

    check_eq(rc, -ENOEXEC, __FILE__, line, want);
    if (!check_note(strstr(err, want) != NULL, __FILE__, line, want))
        fprintf(stderr, "    got \"%s\"\n", err);
}

// One damaged field, and a part of the reason expected.
#define REFUSED(want, ...)                                                                         \
    do {                                                                                           \
        struct sample_elf e;                                                                       \
        sample_elf(&e);                                                                            \
        __VA_ARGS__;                                                                               \
        expect_refusal(&e, want, __LINE__);                                                        \
    } while (0)

static void test_good(void)
{
    struct elf_program p;
    struct sample_elf e;
    char err[160] = "";

    sample_elf(&e);
    CHECK_EQ(parse(&e, sizeof e, &p, err, sizeof err), 0);
    CHECK_STR(err, "");
    CHECK_EQ(p.entry, e.eh.e_entry);
    CHECK_EQ(p.nsegs, 3);
    CHECK_EQ(p.segs[1].flags, IMAGE_SEG_R | IMAGE_SEG_X);
    CHECK_EQ(p.segs[2].vaddr, 0x202000);
    CHECK_EQ(p.segs[2].file_off, 0x2000);
    CHECK_EQ(p.segs[2].filesz, 2048);
    CHECK_EQ(p.segs[2].memsz, 3 * 4096);
    CHECK_EQ(p.tls.vaddr, 0x202000);
    CHECK_EQ(p.tls.memsz, 64);
    CHECK_EQ(p.note.abi, PV_ABI_VERSION);
    CHECK_EQ(p.note.drivers, IMAGE_DRIVER_CONSOLE);
    CHECK(elf_is_ramet((const uint8_t *)&e, sizeof e));
}

// Every shorter prefix is refused, none reads beyond its end.
static void test_truncated(void)
{
    struct elf_program p;
    struct sample_elf e;
    char err[160];
    unsigned accepted = 0;

    sample_elf(&e);
    for (size_t size = 1; size < offsetof(struct sample_elf, data) + 2048; size += 7)
        accepted += parse(&e, size, &p, err, sizeof err) == 0;
    CHECK_EQ(accepted, 0);
    // The file may end with the last segment's bytes.
    CHECK_EQ(parse(&e, offsetof(struct sample_elf, data) + 2048, &p, err, sizeof err), 0);
}

static void test_header(void)
{
    REFUSED("not an ELF", e.eh.e_ident[0] = 'X');
    REFUSED("64-bit x86-64", e.eh.e_ident[EI_CLASS] = ELFCLASS32);
    REFUSED("64-bit x86-64", e.eh.e_ident[EI_DATA] = ELFDATA2MSB);
    REFUSED("64-bit x86-64", e.eh.e_machine = EM_AARCH64);
    REFUSED("position independent", e.eh.e_type = ET_DYN);
    REFUSED("not a linked executable", e.eh.e_type = ET_REL);
    REFUSED("program headers", e.eh.e_phentsize = 32);
    REFUSED("program headers", e.eh.e_phnum = 65);
    REFUSED("program headers", e.eh.e_phoff = UINT64_MAX - 8);
    REFUSED("program headers", e.eh.e_phoff = sizeof e - 8);
    REFUSED("0 loadable", e.eh.e_phnum = 1; e.ph[0] = e.ph[SAMPLE_NOTE]);
    REFUSED("entry point", e.eh.e_entry = IMAGE_VADDR_MIN);
    REFUSED("entry point", e.eh.e_entry = 0);
    REFUSED("entry point", e.eh.e_entry = IMAGE_VADDR_MIN + 2 * IMAGE_PAGE);
    REFUSED("dynamically", e.ph[SAMPLE_TLS].p_type = PT_INTERP);
    REFUSED("dynamically", e.ph[SAMPLE_TLS].p_type = PT_DYNAMIC);
}

static void test_segments(void)
{
    REFUSED("writable and executable", e.ph[SAMPLE_TEXT].p_flags |= PF_W);
    REFUSED("not readable", e.ph[SAMPLE_DATA].p_flags = PF_W);
    REFUSED("contradict", e.ph[SAMPLE_DATA].p_memsz = 2047);
    REFUSED("contradict", e.ph[SAMPLE_DATA].p_memsz = 0);
    REFUSED("cut off", e.ph[SAMPLE_DATA].p_offset = 3 * IMAGE_PAGE);
    REFUSED("cut off", e.ph[SAMPLE_DATA].p_offset = UINT64_MAX - IMAGE_PAGE + 1);
    REFUSED("cannot be mapped", e.ph[SAMPLE_DATA].p_offset += 8);
    REFUSED("outside the addresses", e.ph[SAMPLE_RO].p_vaddr -= IMAGE_PAGE);
    REFUSED("outside the addresses", e.ph[SAMPLE_DATA].p_memsz = IMAGE_VADDR_MAX);
    REFUSED("outside the addresses", e.ph[SAMPLE_DATA].p_memsz = UINT64_MAX);
    REFUSED("outside the addresses", e.ph[SAMPLE_DATA].p_vaddr = UINT64_MAX - 4095);
    REFUSED("out of order", e.ph[SAMPLE_DATA].p_vaddr = e.ph[SAMPLE_TEXT].p_vaddr);
    REFUSED("out of order", e.ph[SAMPLE_RO].p_vaddr += 4 * IMAGE_PAGE);
    REFUSED("shares a page", e.ph[SAMPLE_TEXT].p_memsz++);
}

static void test_segment_count(void)
{
    struct elf_program p;
    struct sample_elf e;
    char err[160];

    sample_elf(&e);
    e.ph[SAMPLE_TLS] = sample_load(0, 0, 0, PF_R); // an empty segment does not count
    CHECK_EQ(parse(&e, sizeof e, &p, err, sizeof err), 0);
    CHECK_EQ(p.nsegs, 3);
    // Nine segments and the note, in a table of their own.
    Elf64_Phdr *ph = (Elf64_Phdr *)e.text;
    for (unsigned i = 0; i < 9; i++) {
        ph[i] = e.ph[SAMPLE_RO];
        ph[i].p_vaddr += i * IMAGE_PAGE;
    }
    ph[1] = e.ph[SAMPLE_TEXT];
    ph[9] = e.ph[SAMPLE_NOTE];
    e.eh.e_phoff = offsetof(struct sample_elf, text);
    e.eh.e_phnum = 10;
    expect_refusal(&e, "more than 8", __LINE__);
    ph[8].p_type = PT_NULL;
    CHECK_EQ(parse(&e, sizeof e, &p, err, sizeof err), 0);
    CHECK_EQ(p.nsegs, 8);
}

static void test_tls(void)
{
    struct elf_program p;
    struct sample_elf e;
    char err[160];

    REFUSED("storage: bad size", e.ph[SAMPLE_TLS].p_filesz = 65);
    REFUSED("storage: bad size", e.ph[SAMPLE_TLS].p_memsz = 1 << 30);
    REFUSED("storage: bad alignment", e.ph[SAMPLE_TLS].p_align = 24);
    REFUSED("storage: bad alignment", e.ph[SAMPLE_TLS].p_align = 8192);
    REFUSED("not inside a segment", e.ph[SAMPLE_TLS].p_vaddr += 2048 - 15);
    REFUSED("outside the addresses", e.ph[SAMPLE_TLS].p_vaddr = 0);
    REFUSED("two TLS", e.ph[SAMPLE_RO] = e.ph[SAMPLE_TLS]);
    // Only zero-filled variables: no bytes in a segment.
    sample_elf(&e);
    e.ph[SAMPLE_TLS].p_filesz = 0;
    e.ph[SAMPLE_TLS].p_vaddr += 2048;
    CHECK_EQ(parse(&e, sizeof e, &p, err, sizeof err), 0);
}

static void test_note(void)
{
    struct sample_elf e;

    REFUSED("no Ramet note", e.ph[SAMPLE_NOTE].p_type = PT_NULL);
    REFUSED("no Ramet note", e.note.name[0] = 'r');
    REFUSED("no Ramet note", e.note.head.n_type = 2);
    REFUSED("damaged ELF note", e.note.head.n_descsz = 8);
    REFUSED("damaged ELF note", e.note.head.n_descsz = UINT32_MAX);
    REFUSED("damaged ELF note", e.note.head.n_namesz = UINT32_MAX);
    REFUSED("damaged ELF note", e.ph[SAMPLE_NOTE].p_offset = UINT64_MAX - 3);
    REFUSED("damaged ELF note", e.ph[SAMPLE_NOTE].p_filesz = sizeof e);
    REFUSED("two Ramet notes", e.ph[SAMPLE_TLS] = e.ph[SAMPLE_NOTE]);
    REFUSED("built for Ramet ABI 77, this is ABI", e.note.desc.abi = 77);

    sample_elf(&e);
    e.note.desc.abi = 77; // a program all the same, of another version
    CHECK(elf_is_ramet((const uint8_t *)&e, sizeof e));
    e.note.name[0] = 'r';
    CHECK(!elf_is_ramet((const uint8_t *)&e, sizeof e));
    CHECK(!elf_is_ramet((const uint8_t *)"#!/bin/sh\n", 10));
}

// A note of someone else before ours, in the same segment.
static void test_second_note(void)
{
    struct elf_program p;
    struct sample_elf e;
    char err[160];
    struct {
        Elf64_Nhdr head;
        char name[4];
        uint8_t desc[16];
        struct sample_note ours;
    } notes = {.head = {.n_namesz = 4, .n_descsz = 13, .n_type = IMAGE_NOTE_TYPE}, .name = "GNU"};

    sample_elf(&e);
    notes.ours = e.note;
    memcpy(e.text, &notes, sizeof notes);
    e.ph[SAMPLE_NOTE].p_offset = offsetof(struct sample_elf, text);
    e.ph[SAMPLE_NOTE].p_filesz = sizeof notes;
    CHECK_EQ(parse(&e, sizeof e, &p, err, sizeof err), 0);
    CHECK_EQ(p.note.abi, PV_ABI_VERSION);
}

int main(void)
{
    RUN(test_good);
    RUN(test_truncated);
    RUN(test_header);
    RUN(test_segments);
    RUN(test_segment_count);
    RUN(test_tls);
    RUN(test_note);
    RUN(test_second_note);
    return check_done("elf");
}
