// SPDX-License-Identifier: BSD-2-Clause
// A spare's life: it makes its VM, lets it touch what any clone touches, and waits for its owner to
// make it a clone or another program. See spare.h.
//
// Until then it has no slot: no event reaches it, and what it dies of is nobody's death.

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "host/virtio/devices.h"
#include "host/kvm/kvm.h"
#include "host/kvm/platform.h"
#include "host/kvm/protect.h"
#include "host/kvm/spare/private.h"
#include "host/kvm/spare/warm.h"

#define KEEP_S     4              // it waits so long for its use
#define SETTLE_NS  1000000        // not used within: there is time for more warming up
#define SPIN_TURNS 20000u         // when it has been called, a few 100 us
#define GROUP      (8 * X86_PAGE) // what KVM maps at one fault

// What a spare has until it is used.
struct life {
    struct family_slot *owner;
    _Atomic uint32_t *word; // what is going on with it
    uint32_t seq;           // its number
    int32_t pid;            // its own
    struct spare_origin origin;
    int blank;
    struct kvm_regs regs; // blank: its program starts with
    struct warm first, second;
};

static void add_write(const struct monitor *m, struct warm *w, uint64_t addr)
{
    addr &= ~UINT64_C(3);
    if (w->nwrite < WARM_WRITES && guest_ptr(&m->vm.mem, (struct gaddr){addr}, 4, GUEST_RAM) &&
        protect_writable(&m->vm, addr, 4))
        w->write[w->nwrite++] = addr;
}

// What any clone touches: its kernel's data, the stack, the text it returns to, the window's
// tables.
static void plan_first(const struct monitor *m, uint64_t rsp, struct warm *w)
{
    const struct elf_program *program = monitor_program(m);
    const struct spare *s = &m->spare;
    uint64_t back = 0;
    w->write[w->nwrite++] = PV_SHARED_VA;
    if (s->nhot > 0)
        add_write(m, w, s->hot[0].addr + s->hot[0].len / 2);
    if (s->nhot > 1)
        add_write(m, w, s->hot[1].addr);
    w->read[w->nread++] = PV_WINDOW_VA;
    guest_read(&m->vm.mem, (struct gaddr){rsp}, &back, sizeof back);
    for (uint32_t i = 0; i < program->nsegs && w->nread < WARM_READS; i++)
        if ((program->segs[i].flags & IMAGE_SEG_X) &&
            back - program->segs[i].vaddr < program->segs[i].memsz)
            w->read[w->nread++] = back;
}

// What this program writes from fork to fork, as far as that is something else.
static void plan_second(const struct monitor *m, const struct warm *first, struct warm *w)
{
    const struct spare *s = &m->spare;
    uint64_t last = 0;
    for (uint32_t i = 0; i < s->nunits; i++)
        add_write(m, w, s->unit[i] * X86_PAGE_2M);
    for (uint32_t i = 0; i < s->nrecent; i++) {
        const uint64_t group = s->recent[i] / GROUP;
        int done = group == last;
        for (unsigned k = 0; k < first->nwrite; k++)
            done |= first->write[k] / GROUP == group;
        if (!done)
            add_write(m, w, s->recent[i]);
        last = group;
    }
}

static void warm(struct monitor *m, const struct warm *w)
{
    if (warm_run(m, w) < 0)
        _exit(1);
}

// A VM of its own with the program that its owner spawned last, which is likely the next one too;
// `regs` are those it starts with.
static void load_last(struct monitor *m, struct kvm_regs *regs)
{
    const struct load_args none = {0};
    // Before anything else is mapped: it might be where RAM will be.
    if (load_reserve(&m->vm) < 0)
        _exit(1);
    vm_forget(&m->vm);
    m->member.program = m->spare.program;
    if (load_program(&m->vm, m->member.family, 0, m->member.program, &none, regs) < 0)
        _exit(1);
    devices_reset(m);
    monitor_share_text(m);
    monitor_create_vm(m);
}

// What any program touches before its main().
static void plan_start(const struct monitor *m, const struct kvm_regs *regs, struct warm *w)
{
    const struct elf_program *program = monitor_program(m);
    w->write[w->nwrite++] = PV_SHARED_VA;
    add_write(m, w, regs->rsp - 8);
    for (uint32_t i = 0; i < program->nsegs; i++)
        if (program->segs[i].flags & IMAGE_SEG_W)
            add_write(m, w, program->segs[i].vaddr);
    add_write(m, w, m->vm.heap_start);
    w->read[w->nread++] = PV_BOOT_INFO_VA;
    w->read[w->nread++] = PV_WINDOW_VA;
    w->read[w->nread++] = regs->rip;
}

// Nobody has wanted us for long: ends, unless somebody does just now.
static void give_up(const struct life *l)
{
    uint32_t ready = spare_word(l->seq, SPARE_READY);
    int32_t pid = l->pid;
    if (!atomic_compare_exchange_strong(l->word, &ready, spare_word(l->seq, SPARE_DROPPED)))
        return;
    atomic_compare_exchange_strong(&l->owner->spare, &pid, 0);
    _exit(0);
}

// Until the owner says what is to become of us. Returns when we are used.
static void wait_for_use(const struct monitor *m, const struct life *l)
{
    const struct timespec keep = {.tv_sec = KEEP_S};
    for (uint32_t word, turn = 0;; turn++) {
        word = atomic_load(l->word);
        if (word == spare_word(l->seq, SPARE_USED))
            return;
        // Dropped, or the slot's next owner has taken the word.
        if (word == spare_word(l->seq, SPARE_DROPPED))
            _exit(0);
        if (word >> 3 != l->seq) {
            if (family_slot_of(m->member.family, l->pid))
                return; // whatever the word says by now: we have been used
            _exit(0);
        }
        if (word == spare_word(l->seq, SPARE_CALLED) && turn < SPIN_TURNS)
            __builtin_ia32_pause();
        else if (spare_wait(l->word, word, &keep) == -ETIMEDOUT)
            give_up(l);
    }
}

// The pages that have changed, to where they belong.
static int read_pages(const struct monitor *m, const struct spare_handover *handover, int fd)
{
    struct iovec to[SPARE_PAGES];
    for (uint32_t i = 0; i < handover->npages; i++)
        to[i] = (struct iovec){m->vm.mem.ram + handover->page[i], X86_PAGE};
    ssize_t all = (ssize_t)(handover->npages * X86_PAGE);
    return preadv(fd, to, (int)handover->npages, SPARE_CONTENT) == all ? 0 : -EIO;
}

static int read_strings(const struct spare_handover *handover, int fd, struct load_args *args)
{
    if (handover->len > PV_ARG_MAX)
        return -E2BIG;
    *args = (struct load_args){.strings = malloc(handover->len + 1),
                               .len = handover->len,
                               .argc = handover->argc,
                               .envc = handover->envc};
    if (!args->strings)
        return -ENOMEM;
    if (pread(fd, args->strings, args->len, SPARE_CONTENT) != (ssize_t)args->len)
        return -EIO;
    return load_args_valid(args) ? 0 : -EINVAL;
}

// Whether the handover is one for us. Its owner is a monitor like us, and has checked what it put
// in; but no guest that got out of one shall have the next for it.
static int is_good(const struct monitor *m, const struct life *l, const struct spare_handover *p)
{
    const struct family *f = m->member.family;
    if (!family_slot_valid(f, p->slot) || atomic_load(&f->shared->slots[p->slot].pid) != l->pid ||
        (l->blank && !p->program) || p->npages > SPARE_PAGES)
        return 0;
    for (uint32_t i = 0; i < f->ndisks && !p->program; i++)
        if (!virtio_mmio_fits(&m->devices[i], &p->devices[i]))
            return 0;
    for (uint32_t i = 0; i < p->npages && !p->program; i++)
        if (p->page[i] % X86_PAGE || p->page[i] < PV_PLATFORM_VA ||
            p->page[i] > m->vm.mem.ram_size - X86_PAGE)
            return 0;
    return !p->program || image_program(f->image, p->program - 1);
}

// What a device is and where its memory is stays ours.
static void copy_devices(struct monitor *m, const struct spare_handover *handover)
{
    for (uint32_t i = 0; i < m->member.family->ndisks; i++) {
        struct virtio_mmio *to = &m->devices[i], ours = *to;
        *to = handover->devices[i];
        to->class = ours.class;
        to->device = ours.device;
        to->dma_phys = ours.dma_phys;
        to->dma_size = ours.dma_size;
        to->dma = ours.dma;
    }
}

static void take_over(struct monitor *m, struct life *l)
{
    struct spare_handover handover;
    struct load_args args = {0};
    uint32_t used = spare_word(l->seq, SPARE_USED);
    const int fd = l->origin.fd;
    if (pread(fd, &handover, sizeof handover, 0) != sizeof handover || !is_good(m, l, &handover) ||
        (handover.program ? read_strings(&handover, fd, &args) : read_pages(m, &handover, fd)) < 0)
        _exit(1); // if a slot is ours it is a death
    if (atomic_compare_exchange_strong(l->word, &used, spare_word(l->seq, SPARE_DONE)))
        spare_wake(l->word); // the owner may be about to make another
    if (l->blank)
        m->origin = l->origin;
    else
        close(fd);
    m->member.slot = handover.slot;
    member_enroll(&m->member);
    if (handover.program) {
        kvm_program_start(m, handover.program - 1, &args, handover.start,
                          l->blank ? &l->regs : NULL);
        free(args.strings);
        return;
    }
    copy_devices(m, &handover);
    kvm_clone_start(m, handover.start, &handover.regs, " of a spare");
}

// A VM is there that could run: the rest of a spare's life.
static void serve(struct monitor *m, struct life *l)
{
    const struct timespec settle = {.tv_nsec = SETTLE_NS};
    const uint32_t ready = spare_word(l->seq, SPARE_READY);
    uint32_t starting = spare_word(l->seq, SPARE_STARTING);
    warm(m, &l->first);
    if (atomic_compare_exchange_strong(l->word, &starting, ready))
        spare_wake(l->word); // the owner may be waiting for us
    if (l->second.nwrite && spare_wait(l->word, ready, &settle) == -ETIMEDOUT) {
        spare_copy(m, l->word, ready);
        warm(m, &l->second);
    }
    wait_for_use(m, l);
    take_over(m, l);
}

void spare_live(struct monitor *m, const struct kvm_regs *regs)
{
    struct family_slot *owner = &m->member.family->shared->slots[m->member.slot];
    struct life l = {
        .owner = owner,
        .word = spare_word_of(owner, m->spare.seq),
        .seq = m->spare.seq,
        .pid = atomic_load(&owner->spare),
        .origin = {.serial = m->member.serial,
                   .slot = m->member.slot,
                   .fd = m->spare.handover_fd[m->spare.blank]},
        .blank = m->spare.blank,
        .regs = *regs,
    };
    atomic_store(&owner->spare_begun, 1);
    m->member.slot = 0;
    member_adopt(m->member.family);
    if (l.blank) {
        load_last(m, &l.regs);
        plan_start(m, &l.regs, &l.first);
    } else {
        plan_first(m, l.regs.rsp, &l.first);
        plan_second(m, &l.first, &l.second);
        spare_touch_recent(m);
        kvm_clone_body(m, m->spare.hot, m->spare.nhot);
    }
    const struct spare plan = m->spare;
    m->spare.handover[l.blank] = NULL; // the descriptor is ours
    spare_forget(m);
    m->spare.nunits = plan.nunits;
    memcpy(m->spare.unit, plan.unit, sizeof plan.unit);
    vm_start_at(&m->vm, &l.regs, PLATFORM_TABLES_VA(m->vm.tables));
    serve(m, &l);
}

int spare_offer(struct monitor *m)
{
    const struct family *f = m->member.family;
    const struct spare_origin *origin = &m->origin;
    if (!origin->serial || (f->opt->trace & TRACE_EXIT)) // which counts by VM
        return 0;
    struct family_slot *owner = &f->shared->slots[origin->slot];
    int32_t word = atomic_load(&owner->spare), pid = m->member.pid;
    if (word >= 0 || atomic_load(&owner->serial) != origin->serial)
        return 0;
    m->spare.program = (uint32_t)(-1 - word) >> SPARE_SEQ_BITS;
    m->spare.seq = (uint32_t)(-1 - word) & SPARE_SEQ_MASK;
    if (!image_program(f->image, m->spare.program) ||
        !atomic_compare_exchange_strong(&owner->spare, &word, pid))
        return 0;
    if (atomic_load(&owner->serial) == origin->serial)
        return 1;
    atomic_compare_exchange_strong(&owner->spare, &pid, 0); // the wish was another's
    return 0;
}

void spare_again(struct monitor *m)
{
    const struct load_args none = {0};
    const uint32_t program = m->spare.program;
    struct family_slot *owner = &m->member.family->shared->slots[m->origin.slot];
    struct life l = {
        .owner = owner,
        .word = spare_word_of(owner, m->spare.seq),
        .seq = m->spare.seq,
        .pid = m->member.pid,
        .origin = m->origin,
        .blank = 1,
    };
    event_shut();
    m->vm.run->immediate_exit = 0;
    atomic_store(&l.owner->spare_begun, 1);
    m->member.slot = 0;
    for (int i = 0; i < 2; i++)
        if (m->spare.handover[i])
            munmap(m->spare.handover[i], SPARE_HANDOVER_SIZE);
    m->origin.serial = 0; // the descriptor stays
    spare_forget(m);
    kvm_load(m, program, &none, &l.regs);
    plan_start(m, &l.regs, &l.first);
    serve(m, &l);
}
