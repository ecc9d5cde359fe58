// SPDX-License-Identifier: BSD-2-Clause
// ELF64 (System V gABI, chapters 4 and 5; x86-64 psABI): is it a Ramet program, and where do its
// segments go? The bytes are the program's own: every sum is checked in a form that cannot
// overflow. tests/unit/shim/test_program_elf.c compares all of it with the host's parser.

#include "arch/x86_64/shim/boot/elf.h"

#include "abi/pv.h"
#include "arch/x86_64/shim/errno.h"
#include "arch/x86_64/shim/lib.h"

#define MAX_SEGMENTS 64u        // program headers: a static program has about eight
#define MAX_TLS      (1u << 20) // every thread carries a copy of the template

#define MACHINE_X86_64  62
#define TYPE_EXECUTABLE 2

enum segment_type { LOAD = 1, DYNAMIC = 2, INTERPRETER = 3, NOTE = 4, TLS = 7 };

struct file_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct file_header) == 64, "gABI, ELF header");

struct segment {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct segment) == 56, "gABI, program header");

struct note {
    uint32_t namesz, descsz, type;
};

struct reader {
    const uint8_t *bytes;
    uint64_t size;
    struct image_program *out;
    int notes; // of Ramet's, found
};

static int file_has(uint64_t off, uint64_t len, uint64_t size)
{
    return off <= size && len <= size - off;
}

// A copy, since the bytes need not be aligned; and static executables only, since nobody here could
// relocate anything.
static int header_good(const struct reader *r, struct file_header *h)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2 /* 64 bits */, 1 /* little-endian */, 1};
    if (r->size < sizeof *h)
        return 0;
    memcpy(h, r->bytes, sizeof *h);
    return !memcmp(h->ident, ident, sizeof ident) && h->machine == MACHINE_X86_64 &&
           h->type == TYPE_EXECUTABLE && h->phentsize == sizeof(struct segment) &&
           h->phnum <= MAX_SEGMENTS &&
           file_has(h->phoff, h->phnum * sizeof(struct segment), r->size);
}

// --- one program header each: 0 if it cannot be ---

static int take_load(struct reader *r, const struct segment *s)
{
    const uint32_t known = IMAGE_SEG_R | IMAGE_SEG_W | IMAGE_SEG_X;
    if (!s->memsz && !s->filesz)
        return 1;
    if (r->out->seg_count == IMAGE_MAX_SEGS)
        return 0;
    r->out->segs[r->out->seg_count++] = (struct image_seg){.vaddr = s->vaddr,
                                                           .file_off = s->offset,
                                                           .filesz = s->filesz,
                                                           .memsz = s->memsz,
                                                           .flags = s->flags & known};
    return 1;
}

// One at most: a second one would have no meaning.
static int take_tls(struct reader *r, const struct segment *s)
{
    if (!s->memsz && !s->filesz)
        return 1;
    if (r->out->tls.memsz)
        return 0;
    r->out->tls = (struct image_tls){s->vaddr, s->filesz, s->memsz, s->align ? s->align : 1};
    return 1;
}

// A note is a header, its owner's name and a descriptor, each padded to 4 bytes, or to 8 where the
// segment is so aligned. Of a segment the first note of ours counts.
static int take_notes(struct reader *r, const struct segment *s)
{
    const uint64_t pad = s->align == 8 ? 7 : 3;
    uint64_t at = s->offset, left = s->filesz;
    struct note n;
    if (!file_has(at, left, r->size))
        return 0;
    while (left >= sizeof n) {
        memcpy(&n, r->bytes + at, sizeof n);
        // 32-bit sizes in 64-bit sums: no overflow.
        uint64_t desc = (sizeof n + n.namesz + pad) & ~pad, next = (desc + n.descsz + pad) & ~pad;
        if (desc + n.descsz > left)
            return 0;
        if (n.type == IMAGE_NOTE_TYPE && n.namesz == sizeof IMAGE_NOTE_NAME &&
            !memcmp(r->bytes + at + sizeof n, IMAGE_NOTE_NAME, sizeof IMAGE_NOTE_NAME)) {
            memcpy(&r->out->note, r->bytes + at + desc, min_u64(n.descsz, sizeof r->out->note));
            return n.descsz == sizeof r->out->note && !r->notes++;
        }
        if (next >= left)
            break;
        at += next;
        left -= next;
    }
    return 1;
}

static int take_segment(struct reader *r, const struct segment *s)
{
    switch (s->type) {
    case LOAD:
        return take_load(r, s);
    case TLS:
        return take_tls(r, s);
    case NOTE:
        return take_notes(r, s);
    default:
        return s->type != DYNAMIC && s->type != INTERPRETER;
    }
}

// --- what they are together ---

static int place_good(uint64_t vaddr, uint64_t memsz)
{
    return vaddr >= IMAGE_VADDR_MIN && file_has(vaddr, memsz, IMAGE_VADDR_MAX);
}

static int segment_good(const struct image_seg *s, uint64_t size)
{
    return s->memsz && s->filesz <= s->memsz && place_good(s->vaddr, s->memsz) &&
           file_has(s->file_off, s->filesz, size) &&
           (!s->filesz || s->file_off % IMAGE_PAGE == s->vaddr % IMAGE_PAGE) &&
           (s->flags & IMAGE_SEG_R) && !((s->flags & IMAGE_SEG_W) && (s->flags & IMAGE_SEG_X));
}

// Ascending, no two in one page, and the entry in code that the file has.
static int segments_good(const struct image_program *p, uint64_t size)
{
    uint64_t free_from = 0;
    int entry = 0;
    for (uint32_t i = 0; i < p->seg_count; i++) {
        const struct image_seg *s = &p->segs[i];
        if (!segment_good(s, size) || s->vaddr < free_from)
            return 0;
        free_from = ((s->vaddr + s->memsz - 1) | (IMAGE_PAGE - 1)) + 1;
        entry |= (s->flags & IMAGE_SEG_X) && p->entry - s->vaddr < s->filesz;
    }
    return entry;
}

// The initial values must lie in a segment's file bytes, for the kernel copies them from there.
static int tls_good(const struct image_program *p)
{
    const struct image_tls *t = &p->tls;
    if (t->memsz == 0)
        return !t->vaddr && !t->filesz && !t->align;
    if (t->filesz > t->memsz || t->memsz > MAX_TLS || t->align > IMAGE_PAGE ||
        (t->align & (t->align - 1)) || !place_good(t->vaddr, t->memsz))
        return 0;
    for (uint32_t i = 0; i < p->seg_count; i++)
        if (t->vaddr >= p->segs[i].vaddr &&
            file_has(t->vaddr - p->segs[i].vaddr, t->filesz, p->segs[i].filesz))
            return 1;
    return t->filesz == 0;
}

int elf_describe(const uint8_t *bytes, uint64_t size, struct image_program *out)
{
    struct reader r = {bytes, size, out, 0};
    struct file_header h;
    struct segment s;

    memset(out, 0, sizeof *out);
    if (!header_good(&r, &h))
        return -ENOEXEC;
    out->entry = h.entry;
    for (unsigned i = 0; i < h.phnum; i++) {
        memcpy(&s, bytes + h.phoff + i * sizeof s, sizeof s);
        if (!take_segment(&r, &s))
            return -ENOEXEC;
    }
    return r.notes && out->note.abi == PV_ABI_VERSION && segments_good(out, size) && tls_good(out)
               ? 0
               : -ENOEXEC;
}
