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
#include <sys/uio.h>
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
#define SETTLE_NS   1000000              // not used within: there is time for more warming up
#define SPIN_TURNS  20000u               // of a spare that has been called, a few 100 us
#define GROUP       (8 * X86_PAGE)       // what KVM maps at one fault
#define LATE_NS     300000               // a new clone would have been as fast
#define READY_NS    5000000              // how long its owner waits for it

enum state {
    STARTING, // the spare is at work
    READY,    // the spare: its VM could run
    CALLED,   // the owner: get up, you will be used or dropped
    USED,     // the owner: the parcel is complete
    DONE,     // the spare: has read it
    DROPPED   // the owner
};

// What the spare is given: a memfd, which the owner has mapped and the spare reads, so that nothing
// of its owner is left in its address space.
struct spare_parcel {
    struct clone clone;
    struct kvm_regs regs;
    uint32_t npages;
    struct virtio_mmio devices[DISKS_MAX];
    uint64_t page[SPARE_PAGES];
};
#define CONTENT ((sizeof(struct spare_parcel) + X86_PAGE - 1) & ~(X86_PAGE - 1))
#define PARCEL  (CONTENT + SPARE_PAGES * X86_PAGE)

static struct family_slot *own_slot(const struct monitor *m)
{
    return &m->family->shared->slots[m->slot];
}

static long state_wait(struct family_slot *slot, uint32_t state, const struct timespec *most)
{
    return syscall(SYS_futex, &slot->spare_state, FUTEX_WAIT, state, most, NULL, 0) < 0 ? -errno
                                                                                        : 0;
}

static void state_wake(struct family_slot *slot)
{
    syscall(SYS_futex, &slot->spare_state, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void state_set(struct family_slot *slot, uint32_t state)
{
    atomic_store(&slot->spare_state, state);
    state_wake(slot);
}

void spare_forget(struct monitor *m)
{
    struct spare *s = &m->spare;
    if (s->pagemap >= 0)
        close(s->pagemap);
    if (s->parcel)
        close(s->fd); // its mapping is not inherited
    *s = (struct spare){.pagemap = s->pagemap == NO_PAGEMAP ? NO_PAGEMAP : -1};
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
    if (atomic_exchange(&own_slot(m)->spare, 0)) // else it has ended
        state_set(own_slot(m), DROPPED);
}

// Copies what has been written lately; either side does, and afterwards writes its copy without a
// fault on the host's side.
static void touch_recent(const struct monitor *m)
{
    const struct spare *s = &m->spare;
    for (uint32_t i = 0, n; i < s->nrecent; i += n) {
        for (n = 1; i + n < s->nrecent && s->recent[i + n] == s->recent[i] + n * X86_PAGE;)
            n++;
        madvise(m->vm.ram + s->recent[i], n * X86_PAGE, MADV_POPULATE_WRITE);
    }
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

// What any clone touches: its kernel's data, the stack, the text it returns to, the window's
// tables.
static void plan_first(const struct monitor *m, uint64_t rsp, struct warm *w)
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

// What this program writes from fork to fork, as far as that is something else.
static void plan_second(const struct monitor *m, const struct warm *first, struct warm *w)
{
    const struct spare *s = &m->spare;
    uint64_t last = 0;
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

// Until the owner says what is to become of us. Returns when we are used.
static void wait_for_use(struct family_slot *owner, int32_t pid)
{
    const struct timespec keep = {.tv_sec = KEEP_S};
    int taken = 0; // and then nothing: whoever took us is dead
    atomic_store(&owner->spare_cpu, (uint32_t)sched_getcpu());
    for (uint32_t state, turn = 0; (state = atomic_load(&owner->spare_state)) != USED; turn++) {
        if (state == DROPPED)
            _exit(0);
        if (state == CALLED && turn < SPIN_TURNS)
            __builtin_ia32_pause();
        else if (state_wait(owner, state, &keep) == -ETIMEDOUT &&
                 (atomic_compare_exchange_strong(&owner->spare, &pid, 0) || taken++))
            _exit(1);
    }
}

// The pages that have changed, to where they belong.
static int read_pages(const struct monitor *m, const struct spare_parcel *parcel, int fd)
{
    struct iovec to[SPARE_PAGES];
    for (uint32_t i = 0; i < parcel->npages; i++)
        to[i] = (struct iovec){m->vm.ram + parcel->page[i], X86_PAGE};
    ssize_t all = (ssize_t)(parcel->npages * X86_PAGE);
    return preadv(fd, to, (int)parcel->npages, CONTENT) == all ? 0 : -EIO;
}

static void take_over(struct monitor *m, struct family_slot *owner, int fd)
{
    struct spare_parcel parcel;
    if (pread(fd, &parcel, sizeof parcel, 0) != sizeof parcel || read_pages(m, &parcel, fd) < 0)
        _exit(1);
    close(fd);
    atomic_store(&owner->spare_state, DONE);
    placement_reset(&m->family->placement);
    memcpy(m->devices, parcel.devices, sizeof m->devices);
    m->slot = parcel.clone.slot;
    monitor_enroll(m);
    kvm_clone_start(m, &parcel.clone, &parcel.regs, " of a spare");
}

static void become_spare(struct monitor *m)
{
    struct family_slot *owner = own_slot(m);
    const int32_t pid = atomic_load(&owner->spare);
    const struct kvm_regs regs = *vm_regs(&m->vm);
    const struct timespec settle = {.tv_nsec = SETTLE_NS};
    struct warm first = {0}, second = {0};
    uint32_t starting = STARTING;

    m->slot = 0; // none; what we die of is nobody's death
    monitor_adopt(m->family);
    plan_first(m, regs.rsp, &first);
    plan_second(m, &first, &second);
    touch_recent(m);
    kvm_clone_body(m, m->spare.hot, m->spare.nhot);
    int fd = m->spare.fd;
    m->spare.parcel = NULL; // ours is the descriptor
    spare_forget(m);
    vm_start_at(&m->vm, &regs, PLATFORM_TABLES_VA(m->vm.tables));
    if (warm_run(&m->vm, &first) < 0)
        _exit(0);
    if (atomic_compare_exchange_strong(&owner->spare_state, &starting, READY))
        state_wake(owner); // it may be waiting for us
    if (second.nwrite && state_wait(owner, READY, &settle) == -ETIMEDOUT &&
        warm_run(&m->vm, &second) < 0)
        _exit(0);
    wait_for_use(owner, pid);
    take_over(m, owner, fd);
}

// ---- its owner ----

static int wanted(struct monitor *m, const struct timespec *sleep)
{
    const struct options *opt = m->family->opt;
    struct spare *s = &m->spare;
    uint64_t now = family_now(m->family);
    if (!opt->pool || opt->gdb_port || opt->until || s->skip || s->forks < AFTER_FORKS ||
        m->family->cpus < 2 || s->pagemap == NO_PAGEMAP ||
        (sleep->tv_sec == 0 && sleep->tv_nsec < SLEEP_NS))
        return 0;
    if (s->made && atomic_load(&own_slot(m)->spare) == 0) {
        s->made = 0; // it was not needed
        s->forks = 0;
    }
    if (s->pagemap == -1)
        s->pagemap = family_ask_pagemap(m->family, m->slot);
    return s->pagemap >= 0 && !s->made && now - s->last_ns < LATELY_NS;
}

// A parcel, and nobody who still reads what was in it before.
static int prepare_parcel(struct monitor *m)
{
    struct spare *s = &m->spare;
    if (s->used_pid && atomic_load(&own_slot(m)->spare_state) != DONE &&
        atomic_load(&m->family->shared->slots[s->used_slot].pid) == s->used_pid)
        return -EBUSY;
    s->used_pid = 0;
    if (s->parcel)
        return 0;
    int fd = memfd_create("ramet-parcel", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    void *p = ftruncate(fd, PARCEL) < 0
                  ? MAP_FAILED
                  : mmap(NULL, PARCEL, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (p == MAP_FAILED || madvise(p, PARCEL, MADV_DONTFORK) < 0) {
        close(fd);
        return -ENOMEM;
    }
    s->parcel = p;
    s->fd = fd;
    return 0;
}

int spare_prepare(struct monitor *m, const struct timespec *sleep)
{
    struct spare *s = &m->spare;
    if (!wanted(m, sleep) || prepare_parcel(m) < 0)
        return 0;
    atomic_store(&own_slot(m)->spare_state, STARTING);
    pid_t pid = family_fork(m->family, &own_slot(m)->spare, CLONE_PARENT, 0);
    if (pid == 0) {
        become_spare(m);
        return 1;
    }
    s->made = pid > 0;
    if (s->made) {
        kvm_touch(m, s->hot, s->nhot);
        touch_recent(m);
    }
    return 0;
}

// Everything but the spare's own.
static int fill(struct monitor *m, const struct clone *c, const struct kvm_regs *regs)
{
    struct spare *s = &m->spare;
    struct spare_parcel *parcel = s->parcel;
    int n = dirty_pages(&m->vm, s->pagemap, s->recent, SPARE_PAGES);
    s->nrecent = n < 0 ? 0 : (uint32_t)n;
    if (n < 0)
        return n;
    uint8_t *content = (uint8_t *)parcel + CONTENT;
    for (uint32_t i = 0; i < s->nrecent; i++)
        memcpy(content + i * X86_PAGE, m->vm.ram + s->recent[i], X86_PAGE);
    memcpy(parcel->page, s->recent, s->nrecent * sizeof s->recent[0]);
    memcpy(parcel->devices, m->devices, sizeof parcel->devices);
    parcel->npages = s->nrecent;
    parcel->clone = *c;
    parcel->regs = *regs;
    return 0;
}

// Until the spare is ready: it has less left to do than a new clone.
static int wait_until_ready(struct monitor *m, int32_t pid)
{
    const struct timespec most = {.tv_nsec = READY_NS};
    const uint64_t from = family_now(m->family);
    if (atomic_load(&own_slot(m)->spare_state) == STARTING)
        placement_pull(&m->family->placement, pid);
    while (atomic_load(&own_slot(m)->spare_state) == STARTING)
        if (state_wait(own_slot(m), STARTING, &most) == -ETIMEDOUT)
            return 0;
    if (family_now(m->family) - from > LATE_NS)
        m->spare.skip = SKIP_FORKS; // nothing was gained
    return 1;
}

// It gets up while we look for what it needs.
static void call(struct monitor *m, int32_t pid)
{
    struct family_slot *slot = own_slot(m);
    uint32_t ready = READY;
    if (!atomic_compare_exchange_strong(&slot->spare_state, &ready, CALLED))
        return;
    if (atomic_load(&slot->spare_cpu) == (uint32_t)sched_getcpu())
        placement_push(&m->family->placement, pid);
    state_wake(slot);
}

int spare_use(struct monitor *m, const struct clone *c, const struct kvm_regs *regs)
{
    struct spare *s = &m->spare;
    struct family_slot *child = &m->family->shared->slots[c->slot];
    int32_t pid = s->made ? atomic_load(&own_slot(m)->spare) : 0;

    if (!pid) {
        s->made = 0;
        return 0;
    }
    call(m, pid);
    if (fill(m, c, regs) < 0 || !wait_until_ready(m, pid)) {
        spare_drop(m);
        s->skip = SKIP_FORKS;
        return 0;
    }
    // The supervisor looks for a dead one in its owner's word first: if it finds us there, we do
    // not find it.
    s->made = 0;
    s->used_slot = c->slot;
    s->used_pid = pid;
    atomic_store(&child->pid, pid);
    if (!atomic_compare_exchange_strong(&own_slot(m)->spare, &pid, 0)) {
        atomic_store(&child->pid, 0);
        s->used_pid = 0;
        return 0;
    }
    state_set(own_slot(m), USED);
    return 1;
}
