// SPDX-License-Identifier: BSD-2-Clause
// A picoprocess is saved as a template, or rehearsed, by its supervisor. See
// host/template/template.h.
//
// The member stands still in a notification. Its memory is read through files of /proc that it
// opened itself, before it was confined: so it need not be open to others of its user. What is read
// is the guest's and goes into the file as it is; of the pages that are the stub's, registers are
// taken, which are the guest's as well.

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/clock.h"
#include "host/process/process.h"
#include "host/template/rehearse.h"
#include "host/template/template.h"

#define ALONE_MS 1000                // for processes that have exited to be gone
#define PLAY_NS  UINT64_C(200000000) // a program that has not called by then is computing

// `len` bytes of the member's memory. 0 or -1.
static int read_member(const struct process_family *p, void *to, uint64_t at, size_t len)
{
    return pread(p->files.memory, to, len, (off_t)at) == (ssize_t)len ? 0 : -1;
}

int save_watch(struct supervisor *s, uint64_t at, uint64_t len)
{
    uint8_t bytes[4096];
    int come = 0;
    for (uint64_t n; len && !come; at += n, len -= n) {
        n = len < sizeof bytes ? len : sizeof bytes;
        if (read_member(process_of(s->f), bytes, at, n) < 0)
            return 0; // it has not printed that
        come = template_watch(s->f, bytes, n);
    }
    return come;
}

// ---- the list of rights ----

struct rights {
    struct template_extent list[TEMPLATE_EXTENTS];
    uint32_t n;
};

static int right_bits(const char *flags)
{
    return (flags[0] == 'r' ? PV_RIGHT_READ : 0) | (flags[1] == 'w' ? PV_RIGHT_WRITE : 0) |
           (flags[2] == 'x' ? PV_RIGHT_EXEC : 0);
}

// A mapping of the member's; its neighbour may have the same rights.
static int add_mapping(struct rights *to, uint64_t start, uint64_t end, uint64_t bits)
{
    struct template_extent *last = to->n ? &to->list[to->n - 1] : NULL;
    if (last && last->addr + last->len == start && last->off == bits) {
        last->len += end - start;
        return 0;
    }
    if (to->n == TEMPLATE_EXTENTS)
        return -E2BIG;
    to->list[to->n++] = (struct template_extent){.addr = start, .len = end - start, .off = bits};
    return 0;
}

// proc(5), /proc/PID/maps: what of RAM is mapped, and how. 0 or -errno.
static int find_rights(const struct family *f, struct rights *to)
{
    FILE *maps = fdopen(dup(process_of(f)->files.maps), "r");
    char line[512], flags[8];
    unsigned long start, end;
    int r = maps ? 0 : -errno;
    to->n = 0;
    while (r == 0 && fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%lx %7s", &start, &end, flags) == 3 && start >= PV_RAM_VA &&
            end <= f->opt->mem)
            r = add_mapping(to, start, end, (uint64_t)right_bits(flags));
    if (maps)
        fclose(maps);
    return r;
}

// ---- saving ----

static void note_registers(struct template_header *t, const struct stub_saved *s)
{
    const struct stub_registers *r = &s->regs;
    t->regs = (struct kvm_regs){.rbx = r->rbx,
                                .r12 = r->r12,
                                .r13 = r->r13,
                                .r14 = r->r14,
                                .r15 = r->r15,
                                .rbp = r->rbp,
                                .r10 = r->r10,
                                .r9 = r->r9,
                                .r8 = r->r8,
                                .rdx = r->rdx,
                                .rsi = r->rsi,
                                .rdi = r->rdi,
                                .rsp = s->rsp};
    t->fs_base = s->fs_base;
    t->gs_base = s->gs_base;
    t->timer_deadline = s->timer_deadline;
    t->mxcsr = s->mxcsr;
    t->fcw = s->fcw;
}

// What comes with the registers, where the member says it is. NULL, or what is wrong.
static const char *note_header(const struct family *f, uint32_t *program)
{
    const struct process_family *p = process_of(f);
    const struct load_args none = {0};
    struct template_header *t = template_new();
    struct stub_saved saved;
    struct load_layout at;
    if (read_member(p, &saved, STUB_DATA_VA + offsetof(struct stub_state, saved), sizeof saved) <
            0 ||
        read_member(p, program, PV_BOOT_INFO_VA + offsetof(struct pv_boot_info, program),
                    sizeof *program) < 0)
        return "its memory cannot be read";
    const struct elf_program *elf = image_program(f->image, *program);
    if (!elf || load_layout(f->opt->mem, elf, &none, &at) < 0)
        return "the program is not one of the image's";
    strcpy(t->maker, f->backend->name);
    t->features = process_features(f);
    t->heap_start = at.heap;
    t->stack_bottom = at.stack_bottom;
    note_registers(t, &saved);
    return NULL;
}

// A process that has exited is gone a moment later than its parent hears of it.
static int wait_until_alone(struct supervisor *s)
{
    for (int i = 0; !template_is_alone(s->f, 1); i++) {
        if (i == ALONE_MS)
            return 0;
        poll(NULL, 0, 1);
        supervisor_reap(s);
    }
    return 1;
}

static const char *save_member(struct supervisor *s)
{
    static struct rights rights;
    struct template_source source = {.f = s->f,
                                     .low = PV_SHARED_VA,
                                     .pagemap = process_of(s->f)->files.pagemap,
                                     .mem = process_of(s->f)->files.memory};
    const char *why;
    if (!wait_until_alone(s))
        return "the program has other processes: a template is of one";
    if ((why = note_header(s->f, &source.program)))
        return why;
    if (find_rights(s->f, &rights) < 0)
        return "its memory is in too many pieces";
    source.rights = rights.list;
    source.nrights = rights.n;
    return template_save(&source);
}

static int end_of_family(struct supervisor *s)
{
    atomic_store(&s->f->shared->first_done, 1);
    return 0;
}

static void list_pages(struct supervisor *s)
{
    const int pagemap = process_of(s->f)->files.pagemap;
    struct rehearse_list list = rehearse_list();
    rehearse_find(pagemap, PV_SHARED_VA, s->f->opt->mem - PV_SHARED_VA, PV_SHARED_VA, &list);
    rehearse_find(pagemap, PV_WINDOW_VA, s->f->window_size, PV_WINDOW_VA, &list);
    rehearse_write(s->f, &list);
}

int save_due(struct supervisor *s, uint32_t from)
{
    const char *why;
    if (from != 1 || process_of(s->f)->tried++)
        return -EPERM;
    if (s->f->rehearsal) {
        list_pages(s);
        return end_of_family(s);
    }
    if (!s->f->opt->until || (why = save_member(s))) {
        family_say("template: %s", s->f->opt->until ? why : "nobody has asked for one");
        atomic_store(&s->f->shared->unsaved, 1);
        return -ECANCELED;
    }
    atomic_store(&s->f->shared->saved, 1);
    return end_of_family(s);
}

int save_step(struct supervisor *s)
{
    struct process_family *p = process_of(s->f);
    const uint64_t now = clock_ns(CLOCK_MONOTONIC);
    if (!s->f->rehearsal || !atomic_load(&s->f->shared->started) ||
        atomic_load(&s->f->shared->first_done))
        return -1;
    if (!p->play_ns)
        p->play_ns = now + PLAY_NS;
    if (now < p->play_ns)
        return (int)((p->play_ns - now) / 1000000) + 1;
    list_pages(s);
    return end_of_family(s);
}
