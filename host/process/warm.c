// SPDX-License-Identifier: BSD-2-Clause
// What many members touch goes onto huge pages: the window's tables, and text. A member begins with
// nothing mapped of either; on small pages each of some twenty is then a first touch of its own, on
// a huge one the first serves for all. Not at the family's start, where it would cost more than it
// saves a family of one.
// Neighbours: family/textcache.h, stub/text.c (who maps it).

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/family/hugemem.h"
#include "host/process/process.h"

_Static_assert(STUB_TEXT_PAGES == TEXTCACHE_PAGES && STUB_TEXTS_OFF == TEXTCACHE_SIZE, "one cache");

#define WINDOW_TRIES 4
#define WINDOW_AFTER 8                   // clones
#define WINDOW_HOT   (UINT64_C(4) << 20) // doors, processes, descriptions, the first inodes

int warm_prepare(struct family *f)
{
    struct process_family *p = process_of(f);
    p->text_fd = -1;
    // Who debugs a program writes to its text, and who saves one asks where its pages are from.
    if (f->gdb_fd >= 0 || f->opt->until || f->rehearsal)
        return 0;
    uint8_t *at = hugemem_reserve(STUB_TEXTS_SIZE);
    if (!at)
        return -ENOMEM;
    p->text_fd = textcache_init(&p->text, at, STUB_TEXTS_SIZE, f->image->header->program_count);
    if (p->text_fd < 0)
        return p->text_fd;
    p->texts = (struct stub_texts *)(at + STUB_TEXTS_OFF);
    return 0;
}

// Members have the descriptor, and from here on no way to write but through the supervisor's
// mapping, whatever the filter lets pass.
static int seal(struct process_family *p)
{
    const int seals = F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
    return p->text.used ? 0 : fcntl(p->text_fd, F_ADD_SEALS, seals);
}

// It is published last, and never taken back.
static void load_text(struct supervisor *s, uint32_t program)
{
    struct process_family *p = process_of(s->f);
    const struct elf_program *elf = image_program(s->f->image, program);
    if (!stub_text_pages(elf->segs, elf->nsegs) || seal(p) < 0)
        return;
    textcache_load(&p->text, program, elf, s->f->image->fd);
    const int64_t page = textcache_find(&p->text, program);
    if (page >= 0)
        __atomic_store_n(&p->texts->program[page], program + 1, __ATOMIC_RELEASE);
    p->texts->full = p->text.used == TEXTCACHE_PAGES;
}

// Numbers are as the sender likes, and so is what they say: a wrong one has text prepared that
// nobody maps.
static void count(struct supervisor *s, uint32_t program)
{
    struct process_family *p = process_of(s->f);
    if (p->text_fd >= 0 && program < s->f->image->header->program_count &&
        textcache_use(&p->text, program))
        load_text(s, program);
}

void warm_start(struct supervisor *s, uint32_t slot, uint64_t program)
{
    process_of(s->f)->runs[slot] = (uint32_t)program;
    count(s, (uint32_t)program);
}

void warm_clone(struct supervisor *s, uint32_t from, uint32_t slot, uint64_t spawned)
{
    struct process_family *p = process_of(s->f);
    // It does not come about while somebody else has a page in use: then later.
    if (!p->warm && ++p->clones % WINDOW_AFTER == 0)
        p->warm = hugemem_collapse(s->f->window, WINDOW_HOT) == 0 ||
                  p->clones == WINDOW_TRIES * WINDOW_AFTER;
    warm_start(s, slot, spawned ? spawned - 1 : p->runs[from]);
}
