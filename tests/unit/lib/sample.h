// SPDX-License-Identifier: BSD-2-Clause
// sample.h: a small good program and a small good image, as structs, for tests that damage one
// field at a time (test_elf.c, test_image.c) and as the first input of the fuzzers.
#ifndef RAMET_TESTS_SAMPLE_H
#define RAMET_TESTS_SAMPLE_H

#include <elf.h>
#include <stdint.h>
#include <string.h>

#include "abi/image.h"
#include "abi/pv.h"

enum { SAMPLE_RO, SAMPLE_TEXT, SAMPLE_DATA, SAMPLE_TLS, SAMPLE_NOTE, SAMPLE_PHDRS };

struct sample_note {
    Elf64_Nhdr head;
    char name[8]; // padded to 4 bytes
    struct image_note desc;
};

// Three pages of file: headers and note, code, data.
struct sample_elf {
    Elf64_Ehdr eh;
    Elf64_Phdr ph[SAMPLE_PHDRS];
    struct sample_note note;
    uint8_t pad[IMAGE_PAGE - sizeof(Elf64_Ehdr) - SAMPLE_PHDRS * sizeof(Elf64_Phdr) -
                sizeof(struct sample_note)];
    uint8_t text[IMAGE_PAGE];
    uint8_t data[IMAGE_PAGE];
};

static inline Elf64_Phdr sample_load(uint64_t off, uint64_t filesz, uint64_t memsz, uint32_t flags)
{
    return (Elf64_Phdr){
        .p_type = PT_LOAD,
        .p_flags = flags,
        .p_offset = off,
        .p_vaddr = IMAGE_VADDR_MIN + off,
        .p_filesz = filesz,
        .p_memsz = memsz,
        .p_align = IMAGE_PAGE,
    };
}

static inline void sample_elf(struct sample_elf *s)
{
    const uint64_t data = offsetof(struct sample_elf, data);
    const uint64_t note = offsetof(struct sample_elf, note);

    memset(s, 0, sizeof *s);
    memcpy(s->eh.e_ident, ELFMAG, SELFMAG);
    s->eh.e_ident[EI_CLASS] = ELFCLASS64;
    s->eh.e_ident[EI_DATA] = ELFDATA2LSB;
    s->eh.e_ident[EI_VERSION] = EV_CURRENT;
    s->eh.e_type = ET_EXEC;
    s->eh.e_machine = EM_X86_64;
    s->eh.e_version = EV_CURRENT;
    s->eh.e_entry = IMAGE_VADDR_MIN + IMAGE_PAGE + 16;
    s->eh.e_phoff = offsetof(struct sample_elf, ph);
    s->eh.e_phentsize = sizeof(Elf64_Phdr);
    s->eh.e_phnum = SAMPLE_PHDRS;
    s->ph[SAMPLE_RO] = sample_load(0, IMAGE_PAGE, IMAGE_PAGE, PF_R);
    s->ph[SAMPLE_TEXT] = sample_load(IMAGE_PAGE, IMAGE_PAGE, IMAGE_PAGE, PF_R | PF_X);
    s->ph[SAMPLE_DATA] = sample_load(data, 2048, 3 * IMAGE_PAGE, PF_R | PF_W);
    s->ph[SAMPLE_TLS] = sample_load(data, 16, 64, PF_R);
    s->ph[SAMPLE_TLS].p_type = PT_TLS;
    s->ph[SAMPLE_TLS].p_align = 16;
    s->ph[SAMPLE_NOTE] = sample_load(note, sizeof s->note, sizeof s->note, PF_R);
    s->ph[SAMPLE_NOTE].p_type = PT_NOTE;
    s->ph[SAMPLE_NOTE].p_align = 4;
    s->note.head =
        (Elf64_Nhdr){.n_namesz = sizeof IMAGE_NOTE_NAME, .n_descsz = 12, .n_type = IMAGE_NOTE_TYPE};
    memcpy(s->note.name, IMAGE_NOTE_NAME, sizeof IMAGE_NOTE_NAME);
    s->note.desc = (struct image_note){.abi = PV_ABI_VERSION, .drivers = IMAGE_DRIVER_CONSOLE};
}

// The strings of the sample image, each with its NUL. Offsets by sample_str().
#define SAMPLE_STRINGS "/\0/bin\0/bin/ls\0/bin/sh\0/etc\0/etc/motd\0sh\0-c\0echo hi"
#define SAMPLE_MOTD    "welcome\n"

enum { SAMPLE_ROOT, SAMPLE_BIN, SAMPLE_LS, SAMPLE_SH, SAMPLE_ETC, SAMPLE_MOTD_FILE, SAMPLE_FILES };

struct sample_tables {
    struct image_header header;
    struct image_program program;
    struct image_file files[SAMPLE_FILES];
    char strings[sizeof SAMPLE_STRINGS];
};

struct sample_image {
    struct sample_tables t;
    uint8_t pad[IMAGE_PAGE - sizeof(struct sample_tables)];
    struct sample_elf elf;
    char motd[IMAGE_PAGE];
};

// The index-th string.
static inline struct image_str sample_str(unsigned index)
{
    const char *s = SAMPLE_STRINGS;

    while (index--)
        s += strlen(s) + 1;
    return (struct image_str){
        .off = (uint32_t)(offsetof(struct sample_tables, strings) + (s - SAMPLE_STRINGS)),
        .len = (uint32_t)strlen(s),
    };
}

static inline void sample_files(struct sample_tables *t)
{
    static const uint32_t type[SAMPLE_FILES] = {IMAGE_DIR,     IMAGE_DIR, IMAGE_SYMLINK,
                                                IMAGE_PROGRAM, IMAGE_DIR, IMAGE_REG};
    static const uint32_t parent[SAMPLE_FILES] = {0, 0, SAMPLE_BIN, SAMPLE_BIN, 0, SAMPLE_ETC};

    for (unsigned i = 0; i < SAMPLE_FILES; i++)
        t->files[i] = (struct image_file){.path = sample_str(i),
                                          .type = type[i],
                                          .mode = 0755,
                                          .program = IMAGE_NO_PROGRAM,
                                          .parent = parent[i]};
    t->files[SAMPLE_LS].target = sample_str(SAMPLE_FILES);
    t->files[SAMPLE_SH].program = 0;
    t->files[SAMPLE_SH].data_off = offsetof(struct sample_image, elf);
    t->files[SAMPLE_SH].data_size = sizeof(struct sample_elf);
    t->files[SAMPLE_MOTD_FILE].data_off = offsetof(struct sample_image, motd);
    t->files[SAMPLE_MOTD_FILE].data_size = strlen(SAMPLE_MOTD);
}

static inline struct image_seg sample_seg(const Elf64_Phdr *ph)
{
    return (struct image_seg){.vaddr = ph->p_vaddr,
                              .file_off = offsetof(struct sample_image, elf) + ph->p_offset,
                              .filesz = ph->p_filesz,
                              .memsz = ph->p_memsz,
                              .flags = ph->p_flags};
}

static inline void sample_image(struct sample_image *s)
{
    struct sample_tables *t = &s->t;

    memset(s, 0, sizeof *s);
    sample_elf(&s->elf);
    memcpy(s->motd, SAMPLE_MOTD, strlen(SAMPLE_MOTD));
    memcpy(t->strings, SAMPLE_STRINGS, sizeof t->strings);
    sample_files(t);
    t->program = (struct image_program){
        .data_off = offsetof(struct sample_image, elf),
        .data_size = sizeof s->elf,
        .entry = s->elf.eh.e_entry,
        .file = SAMPLE_SH,
        .seg_count = 3,
        .note = s->elf.note.desc,
        .tls = {.vaddr = s->elf.ph[SAMPLE_TLS].p_vaddr, .filesz = 16, .memsz = 64, .align = 16},
    };
    for (unsigned i = SAMPLE_RO; i <= SAMPLE_DATA; i++)
        t->program.segs[i] = sample_seg(&s->elf.ph[i]);
    t->header = (struct image_header){
        .format = IMAGE_FORMAT,
        .abi = PV_ABI_VERSION,
        .total_size = sizeof *s,
        .programs_off = offsetof(struct sample_tables, program),
        .files_off = offsetof(struct sample_tables, files),
        .strings_off = offsetof(struct sample_tables, strings),
        .strings_size = sizeof t->strings,
        .contents_off = offsetof(struct sample_image, elf),
        .program_count = 1,
        .file_count = SAMPLE_FILES,
        .drivers = IMAGE_DRIVER_CONSOLE,
        .entry_path = sample_str(SAMPLE_SH),
        .args = {.off = sample_str(SAMPLE_FILES + 1).off, .len = sizeof "-c" + strlen("echo hi")},
        .arg_count = 2,
    };
    memcpy(t->header.magic, IMAGE_MAGIC, sizeof t->header.magic);
}

#endif
