// SPDX-License-Identifier: BSD-2-Clause
// elf.c: the ELF parser. The bytes are untrusted: headers are copied out before they are looked at
// (they need not be aligned), and each sum is checked in a form that cannot overflow.
//
// Used by tools/mkimage on program files and by host/image/image.c on the segment lists of an
// image.
#include "host/image/elf.h"

#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "abi/pv.h"

#define MAX_PHDRS 64         // a static program has about eight
#define MAX_TLS   (1u << 20) // every thread carries a copy of the template

// The bytes being parsed, and where a refusal is explained.
struct reader {
    const uint8_t *buf;
    size_t size;
    char *err;
    size_t errlen;
};

// What the Ramet note search found.
enum note_result { NOTE_NONE, NOTE_FOUND, NOTE_BAD };

int elf_refuse(char *err, size_t errlen, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(err, errlen, fmt, ap);
    va_end(ap);
    return -ENOEXEC;
}

#define REFUSE(r, ...) elf_refuse((r)->err, (r)->errlen, __VA_ARGS__)

static bool file_has(uint64_t off, uint64_t len, uint64_t size)
{
    return off <= size && len <= size - off;
}

static uint64_t page_down(uint64_t x)
{
    return x & ~(uint64_t)(IMAGE_PAGE - 1);
}

static bool is_elf64_x86(const struct reader *r, Elf64_Ehdr *eh)
{
    if (r->size < sizeof *eh)
        return false;
    memcpy(eh, r->buf, sizeof *eh);
    return memcmp(eh->e_ident, ELFMAG, SELFMAG) == 0 && eh->e_ident[EI_CLASS] == ELFCLASS64 &&
           eh->e_ident[EI_DATA] == ELFDATA2LSB && eh->e_ident[EI_VERSION] == EV_CURRENT &&
           eh->e_machine == EM_X86_64;
}

static bool phdrs_inside(const struct reader *r, const Elf64_Ehdr *eh)
{
    return eh->e_phentsize == sizeof(Elf64_Phdr) && eh->e_phnum <= MAX_PHDRS &&
           file_has(eh->e_phoff, (uint64_t)eh->e_phnum * sizeof(Elf64_Phdr), r->size);
}

static Elf64_Phdr phdr_at(const struct reader *r, const Elf64_Ehdr *eh, unsigned i)
{
    Elf64_Phdr ph;

    memcpy(&ph, r->buf + eh->e_phoff + i * sizeof ph, sizeof ph);
    return ph;
}

// Look through one PT_NOTE segment. A note is a header, its owner's name and a descriptor, each
// padded to 4 bytes, or to 8 where the segment is so aligned (GNU property notes are).
static enum note_result find_note(const struct reader *r, const Elf64_Phdr *ph,
                                  struct image_note *note)
{
    const uint64_t pad = ph->p_align == 8 ? 7 : 3;
    uint64_t at = ph->p_offset;
    uint64_t left = ph->p_filesz;

    if (!file_has(at, left, r->size))
        return NOTE_BAD;
    while (left >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr nh;
        memcpy(&nh, r->buf + at, sizeof nh);
        // 32-bit sizes in 64-bit sums: no overflow.
        uint64_t desc = (sizeof nh + nh.n_namesz + pad) & ~pad;
        uint64_t next = (desc + nh.n_descsz + pad) & ~pad;
        if (desc + nh.n_descsz > left)
            return NOTE_BAD;
        if (nh.n_type == IMAGE_NOTE_TYPE && nh.n_namesz == sizeof IMAGE_NOTE_NAME &&
            memcmp(r->buf + at + sizeof nh, IMAGE_NOTE_NAME, sizeof IMAGE_NOTE_NAME) == 0) {
            if (nh.n_descsz != sizeof *note)
                return NOTE_BAD;
            memcpy(note, r->buf + at + desc, sizeof *note);
            return NOTE_FOUND;
        }
        if (next >= left)
            break;
        at += next;
        left -= next;
    }
    return NOTE_NONE;
}

bool elf_is_ramet(const uint8_t *buf, size_t size)
{
    struct reader r = {.buf = buf, .size = size};
    struct image_note note;
    Elf64_Ehdr eh;

    if (!is_elf64_x86(&r, &eh) || !phdrs_inside(&r, &eh))
        return false;
    for (unsigned i = 0; i < eh.e_phnum; i++) {
        Elf64_Phdr ph = phdr_at(&r, &eh, i);
        if (ph.p_type == PT_NOTE && find_note(&r, &ph, &note) == NOTE_FOUND)
            return true;
    }
    return false;
}

static int check_header(const struct reader *r, Elf64_Ehdr *eh)
{
    if (r->size < SELFMAG || memcmp(r->buf, ELFMAG, SELFMAG) != 0)
        return REFUSE(r, "not an ELF file");
    if (!is_elf64_x86(r, eh))
        return REFUSE(r, "not a 64-bit x86-64 ELF file");
    if (eh->e_type == ET_DYN)
        return REFUSE(r, "position independent or shared: build it with ramet-cc");
    if (eh->e_type != ET_EXEC)
        return REFUSE(r, "not a linked executable (ELF type %u): link it with ramet-cc",
                      eh->e_type);
    if (!phdrs_inside(r, eh))
        return REFUSE(r, "program headers damaged or cut off");
    return 0;
}

static int add_segment(const struct reader *r, struct elf_program *out, const Elf64_Phdr *ph)
{
    if (ph->p_memsz == 0 && ph->p_filesz == 0)
        return 0;
    if (out->nsegs == IMAGE_MAX_SEGS)
        return REFUSE(r, "more than %d loadable segments", IMAGE_MAX_SEGS);
    out->segs[out->nsegs++] = (struct image_seg){
        .vaddr = ph->p_vaddr,
        .file_off = ph->p_offset,
        .filesz = ph->p_filesz,
        .memsz = ph->p_memsz,
        // Other bits are the processor's or the system's; none is defined for x86-64.
        .flags = ph->p_flags & (IMAGE_SEG_R | IMAGE_SEG_W | IMAGE_SEG_X),
    };
    return 0;
}

static int add_tls(const struct reader *r, struct elf_program *out, const Elf64_Phdr *ph)
{
    if (ph->p_memsz == 0 && ph->p_filesz == 0)
        return 0;
    if (out->tls.memsz)
        return REFUSE(r, "two TLS segments");
    out->tls = (struct image_tls){
        .vaddr = ph->p_vaddr,
        .filesz = ph->p_filesz,
        .memsz = ph->p_memsz,
        .align = ph->p_align ? ph->p_align : 1,
    };
    return 0;
}

static int add_note(const struct reader *r, struct elf_program *out, const Elf64_Phdr *ph,
                    bool *have)
{
    struct image_note note;

    switch (find_note(r, ph, &note)) {
    case NOTE_BAD:
        return REFUSE(r, "damaged ELF note");
    case NOTE_NONE:
        return 0;
    case NOTE_FOUND:
        break;
    }
    if (*have)
        return REFUSE(r, "two Ramet notes");
    out->note = note;
    *have = true;
    return 0;
}

int elf_parse(struct elf_program *out, const uint8_t *buf, size_t size, char *err, size_t errlen)
{
    const struct reader r = {buf, size, err, errlen};
    bool have_note = false;
    Elf64_Ehdr eh = {0};
    int rc = check_header(&r, &eh);

    // Unknown types of program headers are passed over, as the gABI wants it; those that would need
    // a dynamic linker are not.
    *out = (struct elf_program){.entry = eh.e_entry};
    for (unsigned i = 0; rc == 0 && i < eh.e_phnum; i++) {
        Elf64_Phdr ph = phdr_at(&r, &eh, i);
        if (ph.p_type == PT_INTERP || ph.p_type == PT_DYNAMIC)
            rc = REFUSE(&r, "dynamically linked: build it with ramet-cc");
        else if (ph.p_type == PT_LOAD)
            rc = add_segment(&r, out, &ph);
        else if (ph.p_type == PT_TLS)
            rc = add_tls(&r, out, &ph);
        else if (ph.p_type == PT_NOTE)
            rc = add_note(&r, out, &ph, &have_note);
    }
    if (rc)
        return rc;
    if (!have_note)
        return REFUSE(&r, "no Ramet note: build it with ramet-cc");
    if (out->note.abi != PV_ABI_VERSION)
        return REFUSE(&r, "built for Ramet ABI %u, this is ABI %u", out->note.abi,
                      (unsigned)PV_ABI_VERSION);
    return elf_check(out, 0, size, err, errlen);
}

static const char *segment_fault(const struct image_seg *s, uint64_t file_start, uint64_t file_end)
{
    if (s->memsz == 0 || s->filesz > s->memsz)
        return "file size and memory size contradict";
    if (s->vaddr < IMAGE_VADDR_MIN || !file_has(s->vaddr, s->memsz, IMAGE_VADDR_MAX))
        return "outside the addresses a program may use";
    if (s->file_off < file_start || !file_has(s->file_off, s->filesz, file_end))
        return "file bytes cut off";
    // Text is mapped from the file, not copied, so both must have the same offset within a page.
    if (s->filesz && s->file_off % IMAGE_PAGE != s->vaddr % IMAGE_PAGE)
        return "file offset and address differ within the page: it cannot be mapped";
    if (s->flags & ~(IMAGE_SEG_R | IMAGE_SEG_W | IMAGE_SEG_X) || !(s->flags & IMAGE_SEG_R))
        return "not readable, or unknown flags";
    if ((s->flags & IMAGE_SEG_W) && (s->flags & IMAGE_SEG_X))
        return "both writable and executable";
    return NULL;
}

static const char *tls_fault(const struct elf_program *prog)
{
    const struct image_tls *t = &prog->tls;

    if (t->memsz == 0)
        return t->vaddr || t->filesz || t->align ? "empty but not zero" : NULL;
    if (t->filesz > t->memsz || t->memsz > MAX_TLS)
        return "bad size";
    if (t->align == 0 || t->align > IMAGE_PAGE || (t->align & (t->align - 1)))
        return "bad alignment";
    // .tbss has an address but no room of its own: only the initialised part lies in a segment.
    if (t->vaddr < IMAGE_VADDR_MIN || !file_has(t->vaddr, t->memsz, IMAGE_VADDR_MAX))
        return "outside the addresses a program may use";
    for (uint32_t i = 0; t->filesz && i < prog->nsegs; i++) {
        const struct image_seg *s = &prog->segs[i];
        if (t->vaddr >= s->vaddr && file_has(t->vaddr - s->vaddr, t->filesz, s->filesz))
            return NULL;
    }
    return t->filesz ? "not inside a segment" : NULL;
}

int elf_check(const struct elf_program *prog, uint64_t file_start, uint64_t file_end, char *err,
              size_t errlen)
{
    uint64_t free_from = 0; // the first page no earlier segment touches
    bool entry_ok = false;
    const char *fault;

    if (prog->nsegs == 0 || prog->nsegs > IMAGE_MAX_SEGS)
        return elf_refuse(err, errlen, "%u loadable segments, not 1...%d", prog->nsegs,
                          IMAGE_MAX_SEGS);
    for (uint32_t i = 0; i < prog->nsegs; i++) {
        const struct image_seg *s = &prog->segs[i];
        fault = segment_fault(s, file_start, file_end);
        if (!fault && s->vaddr < free_from)
            fault = "out of order, or shares a page with the one before";
        if (fault)
            return elf_refuse(err, errlen, "segment %u: %s", i, fault);
        free_from = page_down(s->vaddr + s->memsz - 1) + IMAGE_PAGE;
        // A jump into the zero-filled part would not be the program's code.
        if ((s->flags & IMAGE_SEG_X) && prog->entry - s->vaddr < s->filesz)
            entry_ok = true;
    }
    if (!entry_ok)
        return elf_refuse(err, errlen, "entry point 0x%llx is not in executable code",
                          (unsigned long long)prog->entry);
    fault = tls_fault(prog);
    return fault ? elf_refuse(err, errlen, "thread-local storage: %s", fault) : 0;
}
