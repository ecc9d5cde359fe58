// SPDX-License-Identifier: BSD-2-Clause
// Spares, on both sides: the monitor that has one, and the one that is one. See spare.h.

#include "host/spare.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/dirty.h"
#include "host/kvm.h"
#include "host/platform.h"
#include "host/protect.h"
#include "host/warm.h"

#define AFTER_FORKS 2u                   // lately: one more is likely
#define LATELY_NS   UINT64_C(2000000000) // between two forks
#define SKIP_FORKS  16u                  // when a spare was not ready in time
#define KEEP_S      4                    // a spare waits so long for its use
#define SLEEP_NS    500000               // a shorter sleep is no time to make one
#define PAGES_MAX   128u                 // written since: a new clone is no slower with more
#define SPIN_TURNS  20000u               // of a spare that has been called, a few 100 us
#define GROUP       (8 * X86_PAGE)       // what KVM maps at one fault
#define LATE_NS     300000               // a new clone would have been as fast
#define READY_NS    5000000              // how long its owner waits for it

enum state {
    STARTING,
    READY,  // the spare: its VM could run
    CALLED, // the owner: get up, you will be used or dropped
    USED,   // the owner: all that follows is filled in
    DONE,   // the spare: has read it
    DROPPED // the owner
};

struct spare_box {
    _Atomic uint32_t state;
    uint32_t npages;
    struct clone clone;
    struct kvm_regs regs;
    struct virtio_mmio devices[DISKS_MAX];
    uint64_t page[PAGES_MAX];
    _Alignas(4096) uint8_t content[PAGES_MAX][4096];
};

static _Atomic int32_t *pid_word(const struct monitor *m)
{
    return &m->family->shared->slots[m->slot].spare;
}

static void wake(struct spare_box *box)
{
    syscall(SYS_futex, &box->state, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void spare_forget(struct monitor *m)
{
    if (m->spare.pagemap >= 0)
        close(m->spare.pagemap);
    if (m->spare.box)
        munmap(m->spare.box, sizeof *m->spare.box);
    m->spare = (struct spare){.pagemap = m->spare.pagemap == -2 ? -2 : -1};
}

void spare_note_fork(struct monitor *m, const struct clone *c)
{
    struct spare *s = &m->spare;
    s->forks = c->start - s->last_ns < LATELY_NS ? s->forks + 1 : 1;
    s->last_ns = c->start;
    s->skip -= s->skip > 0;
    s->nhot = c->nhot;
    memcpy(s->hot, c->hot, c->nhot * sizeof c->hot[0]);
}

void spare_drop(struct monitor *m)
{
    struct spare *s = &m->spare;
    if (!s->made)
        return;
    s->made = 0;
    s->forks = 0;
    if (atomic_exchange(pid_word(m), 0) == 0)
        return; // it has ended
    atomic_store(&s->box->state, DROPPED);
    wake(s->box);
}

// ---- the spare ----

static int writable(const struct monitor *m, uint64_t addr)
{
    return guest_ptr(&m->vm, (struct gaddr){addr}, 1, GUEST_RAM) &&
           protect_writable(&m->vm, addr, 1);
}

static void add_write(const struct monitor *m, struct warm *w, uint64_t addr)
{
    addr &= ~UINT64_C(3);
    if (w->nwrite < WARM_WRITES && writable(m, addr))
        w->write[w->nwrite++] = addr;
}

// What a clone is about to touch: the hot ranges, the text it returns to, the window's tables.
static void plan(const struct monitor *m, uint64_t rsp, struct warm *w)
{
    const struct elf_program *program = image_program(m->family->image, m->program);
    uint64_t back = 0;
    add_write(m, w, PV_SHARED_VA);
    if (m->spare.nhot > 0)
        add_write(m, w, m->spare.hot[0].addr + m->spare.hot[0].len / 2);
    if (m->spare.nhot > 1)
        add_write(m, w, m->spare.hot[1].addr);
    w->read[w->nread++] = PV_WINDOW_VA;
    guest_read(&m->vm, (struct gaddr){rsp}, &back, sizeof back);
    for (uint32_t i = 0; i < program->nsegs; i++)
        if ((program->segs[i].flags & IMAGE_SEG_X) &&
            back - program->segs[i].vaddr < program->segs[i].memsz)
            w->read[w->nread++] = back;
}

// Until the owner says what is to become of us. Returns when we are used.
static void wait_for_use(struct spare_box *box, _Atomic int32_t *pid_word, int32_t pid)
{
    struct timespec keep = {.tv_sec = KEEP_S};
    for (uint32_t state, turn = 0; (state = atomic_load(&box->state)) != USED; turn++) {
        if (state == DROPPED)
            _exit(0);
        if (state == CALLED && turn < SPIN_TURNS) {
            __builtin_ia32_pause();
            continue;
        }
        if (syscall(SYS_futex, &box->state, FUTEX_WAIT, state, &keep, NULL, 0) < 0 &&
            errno == ETIMEDOUT && atomic_compare_exchange_strong(pid_word, &pid, 0))
            _exit(0);
    }
}

static void take_over(struct monitor *m, struct spare_box *box)
{
    placement_reset(&m->family->placement);
    struct clone c = box->clone;
    struct kvm_regs regs = box->regs;
    memcpy(m->devices, box->devices, sizeof m->devices);
    for (uint32_t i = 0; i < box->npages; i++)
        memcpy(m->vm.ram + box->page[i], box->content[i], X86_PAGE);
    atomic_store(&box->state, DONE);
    munmap(box, sizeof *box);
    m->slot = c.slot;
    monitor_enroll(m);
    kvm_clone_start(m, &c, &regs, " of a spare");
}

static void become_spare(struct monitor *m)
{
    struct spare_box *box = m->spare.box;
    _Atomic int32_t *word = pid_word(m);
    const int32_t pid = atomic_load(word);
    const struct kvm_regs regs = *vm_regs(&m->vm);
    struct warm w = {0};

    m->slot = 0; // none; what we die of is nobody's death
    monitor_adopt(m->family);
    plan(m, regs.rsp, &w);
    kvm_clone_body(m, m->spare.hot, m->spare.nhot);
    m->spare.box = NULL;
    spare_forget(m);
    vm_start_at(&m->vm, &regs, PLATFORM_TABLES_VA(m->vm.tables));
    if (warm_run(&m->vm, &w) < 0)
        _exit(0);
    uint32_t starting = STARTING;
    atomic_compare_exchange_strong(&box->state, &starting, READY);
    wake(box); // its owner may be waiting for it
    wait_for_use(box, word, pid);
    take_over(m, box);
}

// ---- its owner ----

static int wanted(struct monitor *m, const struct timespec *sleep)
{
    const struct options *opt = m->family->opt;
    struct spare *s = &m->spare;
    uint64_t now = family_now(m->family);
    if (!opt->pool || opt->gdb_port || opt->until || s->skip || s->forks < AFTER_FORKS ||
        m->family->cpus < 2 || s->pagemap == -2 ||
        (sleep->tv_sec == 0 && sleep->tv_nsec < SLEEP_NS))
        return 0;
    if (s->made && atomic_load(pid_word(m)) == 0) {
        s->made = 0; // it was not needed
        s->forks = 0;
    }
    if (s->pagemap == -1)
        s->pagemap = family_ask_pagemap(m->family, m->slot);
    return s->pagemap >= 0 && !s->made && now - s->last_ns < LATELY_NS;
}

// A box that no earlier spare is still reading.
static int make_box(struct spare *s)
{
    if (s->box && atomic_load(&s->box->state) != DONE) {
        munmap(s->box, sizeof *s->box);
        s->box = NULL;
    }
    if (!s->box) {
        void *p = mmap(NULL, sizeof *s->box, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (p == MAP_FAILED)
            return -1;
        s->box = p;
        madvise(p, sizeof *s->box, MADV_DONTFORK);
    }
    atomic_store(&s->box->state, STARTING);
    return 0;
}

int spare_prepare(struct monitor *m, const struct timespec *sleep)
{
    struct spare *s = &m->spare;
    if (!wanted(m, sleep) || make_box(s) < 0)
        return 0;
    madvise(s->box, sizeof *s->box, MADV_DOFORK);
    pid_t pid = family_fork(m->family, pid_word(m), CLONE_PARENT, 0);
    if (pid == 0) {
        become_spare(m);
        return 1;
    }
    madvise(s->box, sizeof *s->box, MADV_DONTFORK);
    s->made = pid > 0;
    if (s->made)
        kvm_touch(m, s->hot, s->nhot);
    return 0;
}

static int fill(struct monitor *m, struct spare_box *box)
{
    int n = dirty_pages(&m->vm, m->spare.pagemap, box->page, PAGES_MAX);
    if (n < 0)
        return n;
    for (int i = 0; i < n; i++)
        memcpy(box->content[i], m->vm.ram + box->page[i], X86_PAGE);
    box->npages = (uint32_t)n;
    memcpy(box->devices, m->devices, sizeof box->devices);
    return 0;
}

// Until the spare is ready: it has less left to do than a new clone.
static int wait_until_ready(struct monitor *m, int32_t pid)
{
    struct spare_box *box = m->spare.box;
    const struct timespec most = {.tv_nsec = READY_NS};
    const uint64_t from = family_now(m->family);
    if (atomic_load(&box->state) == STARTING)
        placement_pull(&m->family->placement, pid);
    while (atomic_load(&box->state) == STARTING)
        if (syscall(SYS_futex, &box->state, FUTEX_WAIT, STARTING, &most, NULL, 0) < 0 &&
            errno == ETIMEDOUT)
            return 0;
    if (family_now(m->family) - from > LATE_NS)
        m->spare.skip = SKIP_FORKS; // nothing was gained
    return 1;
}

int spare_use(struct monitor *m, const struct clone *c, const struct kvm_regs *regs)
{
    struct spare *s = &m->spare;
    struct spare_box *box = s->box;
    _Atomic int32_t *const word = pid_word(m), *const child =
                                                   &m->family->shared->slots[c->slot].pid;
    int32_t pid = s->made ? atomic_load(word) : 0;
    uint32_t ready = READY;

    if (!pid) {
        s->made = 0;
        return 0;
    }
    if (atomic_compare_exchange_strong(&box->state, &ready, CALLED)) {
        placement_push(&m->family->placement, pid);
        wake(box); // it gets up while we look for what it needs
    }
    box->clone = *c;
    box->regs = *regs;
    if (fill(m, box) < 0 || !wait_until_ready(m, pid)) {
        spare_drop(m);
        s->skip = SKIP_FORKS;
        return 0;
    }
    // The supervisor looks for a dead one in its owner's word first: if it finds us there, we do
    // not find it.
    atomic_store(child, pid);
    s->made = 0;
    if (!atomic_compare_exchange_strong(word, &pid, 0)) {
        atomic_store(child, 0);
        return 0;
    }
    atomic_store(&box->state, USED);
    wake(box);
    return 1;
}
