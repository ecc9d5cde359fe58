// SPDX-License-Identifier: BSD-2-Clause
// A QEMU monitor: the host process of one VM that runs in a stock QEMU, as kvm/monitor.c is of one
// that runs in KVM. It drives its QEMU by QMP and answers the calls that the shim passes on
// (abi/companion.h), by the same functions. Single-threaded, and forked for every new VM.
// Neighbours: qemu.h (the whole back end), call/call.c (the calls), family/event.c (events).

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "abi/x86.h"
#include "host/backend.h"
#include "host/clock.h"
#include "host/qemu/qemu.h"

#define BOOT_MS 30000u // firmware and shim, on a busy host under emulation
#define LINE    120u   // of what a shim has to say on its serial line

// They are let in while ppoll() sleeps, and nowhere else.
static void block_events(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

// Raises the shim's interrupt: there is an answer, or an event. If the line is full there have been
// enough of them already.
static void poke(const struct qemu_monitor *mon)
{
    send(mon->qemu.fd[QEMU_COM], "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

// The VM's RAM, in the place where this process has had its last VM's: all addresses stay good.
int qemu_monitor_map(struct qemu_monitor *mon)
{
    void *p = mmap(mon->mem.ram, mon->mem.ram_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                   mon->qemu.fd[QEMU_RAM], 0);
    return p == MAP_FAILED ? -errno : 0;
}

// Before every interrupt of the VM: its clock stands still while it is stopped, and catches up with
// this (companion_catch_up() in the shim).
static void tell_time(const struct qemu_monitor *mon)
{
    __atomic_store_n(&qemu_monitor_page(mon)->now_ns, family_now(mon->member.family),
                     __ATOMIC_SEQ_CST);
}

void qemu_monitor_answer(struct qemu_monitor *mon)
{
    struct companion_page *page = qemu_monitor_page(mon);
    tell_time(mon);
    // Release, and the last store: the shim looks at nothing else in the page before it has seen
    // this number.
    __atomic_store_n(&page->answered, mon->qemu.asked, __ATOMIC_RELEASE);
    poke(mon);
}

// The shim waits in a call for it, and loads the program itself: what it needs lies in the page's
// data. Only the first program boots the family.
void qemu_monitor_give_program(struct qemu_monitor *mon, uint32_t program,
                               const struct load_args *args)
{
    struct family *f = mon->member.family;
    struct companion_page *page = qemu_monitor_page(mon);
    struct companion_start start = {
        .boot = {.abi_version = PV_ABI_VERSION,
                 .size = sizeof start.boot,
                 .first = !f->booted,
                 .program = program,
                 .argc = args->argc,
                 .tsc_mult = f->tsc_mult,
                 .cpus = f->cpus,
                 .flags = family_boot_flags(f),
                 .spin = f->spin,
                 .hostname = "ramet"},
        .mem = f->opt->mem,
        .strings_len = args->len,
        .envc = args->envc,
    };
    if (sizeof start + args->len > sizeof page->data)
        member_die(&mon->member, SIGKILL, "its arguments are too long");
    start.boot.wall_base_ns = clock_ns(CLOCK_REALTIME);
    memcpy(start.boot.stdio, f->stdio, sizeof start.boot.stdio);
    if (member_identity(&start.boot, mon->member.slot) < 0)
        member_die(&mon->member, SIGKILL, "no random seed");
    memcpy(page->data, &start, sizeof start);
    memcpy(page->data + sizeof start, args->strings, args->len);
    mon->member.program = program;
    f->booted = 1;
    qemu_monitor_answer(mon);
}

// What a shim prints is not for users, but when it panics that is all there is to know.
static void pass_on(struct qemu_monitor *mon)
{
    static char line[LINE + 1];
    static unsigned len;
    char c[64];
    ssize_t n = recv(mon->qemu.fd[QEMU_COM], c, sizeof c, MSG_DONTWAIT);
    for (ssize_t i = 0; i < n; i++) {
        if (c[i] >= ' ' && c[i] < 0x7f)
            line[len++] = c[i];
        if (len == 0 || (c[i] != '\n' && len < LINE))
            continue;
        line[len] = 0;
        len = 0;
        family_say("VM %u: %s", mon->member.slot, line);
    }
}

// Sleeps until a line has something to say or a signal comes: -1 then, else whether the doorbell
// rang. Its bytes only wake us; what is wanted is in the page.
static int listen_to(struct qemu_monitor *mon, const struct timespec *limit, uint8_t *byte,
                     size_t len, size_t *got)
{
    struct pollfd fds[2] = {{.fd = mon->qemu.fd[QEMU_BELL], .events = POLLIN},
                            {.fd = mon->qemu.fd[QEMU_COM], .events = POLLIN}};
    sigset_t none;
    sigemptyset(&none);
    *got = 0;
    if (ppoll(fds, 2, limit, &none) < 0)
        return -1;
    if (fds[1].revents)
        pass_on(mon);
    if (!fds[0].revents)
        return 0;
    ssize_t n = recv(mon->qemu.fd[QEMU_BELL], byte, len, MSG_DONTWAIT);
    if (n == 0)
        member_die(&mon->member, SIGKILL, NULL); // QEMU is gone; the supervisor knows more
    *got = n > 0 ? (size_t)n : 0;
    return 1;
}

// Where the shim has put the page, checked. Dies if it does not say so.
// Its first eight bytes on the doorbell line are the page's address; from then on they only ring.
static uint64_t wait_for_shim(struct qemu_monitor *mon)
{
    const struct timespec step = {.tv_sec = 1};
    const uint64_t deadline = qmp_deadline(BOOT_MS);
    const uint64_t end = mon->mem.ram_size - sizeof(struct companion_page);
    uint8_t bytes[8];
    size_t have = 0, got;
    while (have < sizeof bytes) {
        listen_to(mon, &step, bytes + have, sizeof bytes - have, &got);
        have += got;
        if (qmp_deadline(0) > deadline)
            member_die(&mon->member, SIGKILL, "QEMU has not started the shim");
    }
    uint64_t page;
    memcpy(&page, bytes, sizeof page);
    // From here on the page is written and read without a check: it must lie in RAM, whole.
    if (page % X86_PAGE || page < PV_RAM_VA || page > end)
        member_die(&mon->member, SIGKILL, "its shim is not one of this version of ramet");
    return page;
}

// The time-stamp counter's rate, from the two clocks since the family's start.
// Only the first member measures. Its clones inherit the result, as they do the counter's base.
static void measure_tsc(struct family *f)
{
    uint64_t ns = clock_ns(CLOCK_MONOTONIC) - f->mono_base_ns;
    uint64_t tsc = __rdtsc() - f->tsc_base;
    f->tsc_mult = (uint64_t)(((unsigned __int128)ns << 32) / tsc);
}

// One call at a time: the shim waits for the answer. The arguments are copied by the dispatch, as
// the VM goes on running around them.
static void serve_shim(struct qemu_monitor *mon)
{
    struct companion_page *page = qemu_monitor_page(mon);
    uint32_t asked = __atomic_load_n(&page->asked, __ATOMIC_ACQUIRE);
    // The doorbell also rings without a call: for a device's event (link.c).
    if (asked == mon->qemu.asked)
        return;
    mon->qemu.asked = asked;
    // A shim whose program died of a signal has nobody in the VM who could publish that. Such an
    // EXIT is a death.
    uint32_t status = __atomic_load_n(&((struct pv_exit *)page->call)->status, __ATOMIC_RELAXED);
    if (((struct pv_call *)page->call)->nr == PV_CALL_EXIT && (status & COMPANION_DIED))
        member_die(&mon->member, status & 0xffff, NULL);
    // After a FORK the process that gets back here may be the clone's, which has been answered.
    if (call_dispatch(&mon->member,
                      (struct gaddr){mon->qemu.page + offsetof(struct companion_page, call)}))
        qemu_monitor_answer(mon);
}

// A clone's monitor comes here too, out of qemu_clone(): as if its own loop had made the call.
static _Noreturn void qemu_run(struct qemu_monitor *mon)
{
    uint8_t rings[64];
    size_t got;
    for (;;) {
        // Signals come while we sleep, so none is lost between this and that.
        block_events();
        if (event_collect(&mon->member)) {
            mon->member.interrupts++;
            tell_time(mon);
            poke(mon);
        }
        if (listen_to(mon, NULL, rings, sizeof rings, &got) > 0 && got)
            serve_shim(mon);
    }
}

// SLOT_RUNNING before the VM runs: whoever kicks it from then on sends a signal, which waits.
void qemu_monitor_begin(struct qemu_monitor *mon)
{
    struct family *f = mon->member.family;
    // This unblocks all signals; from the next line on they wait until the loop sleeps in ppoll().
    event_init(NULL);
    block_events();
    atomic_store(&f->shared->slots[mon->member.slot].state, SLOT_RUNNING);
    // gdb continues a VM that is given to it.
    int gdb = f->opt->gdb_port && mon->member.slot == f->opt->gdb_slot;
    int r = gdb ? qemu_gdb(&mon->qemu, f->opt->gdb_port) : qemu_continue(&mon->qemu);
    if (r == 0 && gdb)
        family_say("VM %u waits for gdb: target remote :%d", mon->member.slot, f->opt->gdb_port);
    if (r < 0)
        member_die(&mon->member, SIGKILL, "QEMU does not start it");
}

static void confine_monitor(struct qemu_monitor *mon, int template)
{
    const struct qemu *q = &mon->qemu;
    const int keep[] = {q->fd[QEMU_RAM],  q->fd[QEMU_QMP], q->fd[QEMU_COM],
                        q->fd[QEMU_BELL], q->lease,        template};
    char why[96];
    int r = qemu_confine(mon->member.family, keep, sizeof keep / sizeof keep[0]);
    if (r == 0)
        return;
    snprintf(why, sizeof why, "cannot be confined: %s", strerror(-r));
    member_die(&mon->member, SIGKILL, why);
}

// Does not return. In a process of its own, forked by the supervisor for the family's first VM.
void qemu_monitor_start(struct family *f, uint32_t slot, uint32_t program,
                        const struct load_args *args)
{
    static struct qemu_monitor
        monitor; // static: clones go on with it, whatever became of this stack
    struct qemu_monitor *mon = &monitor;
    int r;
    monitor = (struct qemu_monitor){
        .member = {.family = f, .slot = slot, .mem = &monitor.mem},
        .mem = {.ram = f->arena,
                .ram_size = qemu_of(f)->ram,
                .window = f->window,
                .window_size = f->window_size,
                .image = f->image_map,
                .image_size = f->image->size},
    };
    member_enroll(&mon->member);
    event_init(NULL); // the terminal's input does not wait until the shim is there
    block_events();
    if ((r = qemu_take(f, 1, &mon->qemu)) < 0)
        member_die(&mon->member, SIGKILL, r == -EPIPE ? NULL : strerror(-r));
    qemu_watch(mon);
    if ((r = qemu_monitor_map(mon)) < 0)
        member_die(&mon->member, SIGKILL, strerror(-r));
    mon->qemu.page = wait_for_shim(mon);
    mon->qemu.asked = qemu_monitor_page(mon)->asked;
    measure_tsc(f);
    // Before the program is told: a copy of this state can be given any program.
    if ((r = qemu_template_make(mon)) < 0)
        member_die(&mon->member, SIGKILL, "its QEMU does not save its state");
    // After all that opens something or maps memory from a new descriptor, before the VM executes
    // anything that is not the shim's.
    confine_monitor(mon, r);
    qemu_monitor_give_program(mon, program, args);
    qemu_monitor_begin(mon);
    atomic_store(&f->shared->started, 1);
    qemu_run(mon);
}
