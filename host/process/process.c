// SPDX-License-Identifier: BSD-2-Clause
// The process back end's table, and what a family of picoprocesses needs before there is one.

#include "host/process/process.h"

#include <cpuid.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

#include "host/clock.h"
#include "host/family/hugemem.h"
#include "host/template/template.h"

#define PAGE            4096u
#define HWCAP2_FSGSBASE 2u // the kernel's word for it; whether WRFSBASE executes says nothing
#define RATE_NS         UINT64_C(1000000) // how long the TSC is watched
#define CLOCK_READS     8
#define PID_LIMIT       (1 << 22) // of Linux: pid_max is at most this

static struct process_family the_family;

// Whether this kernel hands notifications over, and has their sender wait for the answer in peace
// (Linux 5.19). With flags it knows it goes on to look for the filter, which is nowhere.
static int has_notifications(void)
{
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, STUB_FILTER_FLAGS, NULL) < 0 &&
           errno == EFAULT;
}

// Whether a filter round this program, as a container has one, denies what the stub's messages look
// like. None of these calls can succeed: their paths and names are empty, and no descriptor is as
// high as an address. (NULL would do, for ten times the time: a fault in the kernel.)
static int messages_pass(void)
{
    for (long nr = STUB_REPORT; nr < STUB_NOTE_END; nr++)
        if (syscall(nr, "", "", NULL, 0, 0) < 0 && (errno == EPERM || errno == ENOSYS))
            return 0;
    return 1;
}

// The pair that was read in the shortest time, of a few.
static struct clocks clocks_now(void)
{
    struct clocks best = {0};
    uint64_t shortest = UINT64_MAX;
    for (int i = 0; i < CLOCK_READS; i++) {
        const uint64_t before = __rdtsc(), ns = clock_ns(CLOCK_MONOTONIC), after = __rdtsc();
        if (after - before < shortest) {
            shortest = after - before;
            best = (struct clocks){before + shortest / 2, ns};
        }
    }
    return best;
}

uint64_t process_tsc_mult(const struct process_family *p)
{
    const struct clocks from = p->opened;
    struct clocks to;
    do
        to = clocks_now();
    while (to.ns - from.ns < RATE_NS);
    return (uint64_t)(((unsigned __int128)(to.ns - from.ns) << 32) / (to.tsc - from.tsc));
}

static uint32_t stub_flags(void)
{
    uint32_t a, b, c, d, flags = 0;
    if (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE)
        flags |= STUB_FSGSBASE;
    if (__get_cpuid(1, &a, &b, &c, &d) && (c & bit_OSXSAVE) && (c & bit_AVX))
        flags |= STUB_AVX;
    return flags;
}

static int process_open(struct family *f, char *err, size_t errlen)
{
    const char *not_ours = NULL;
    if (f->opt->accel)
        not_ours = "--accel";
    if (f->opt->trace & ~TRACE_PROC)
        not_ours = "--trace=call or exit";
    if (not_ours) {
        snprintf(err, errlen, "picoprocesses have no %s", not_ours);
        return -ENOTSUP;
    }
    if (!has_notifications()) {
        snprintf(err, errlen, "seccomp: %s",
                 errno == EPERM ? "not permitted here" : "no user notifications as of Linux 5.19");
        return -ENOSYS;
    }
    if (!messages_pass()) {
        snprintf(err, errlen,
                 "seccomp: a filter round this program denies setxattr(2) and its "
                 "like, which picoprocesses need as messages");
        return -EPERM;
    }
    // A rehearsal's family is the second of this process, and has nothing of the first.
    the_family = (struct process_family){.listener = -1, .files = {-1, -1, -1}};
    the_family.stub_flags =
        stub_flags() | (f->opt->trace ? STUB_TRACE : 0) | (f->opt->until ? STUB_WATCHED : 0);
    the_family.opened = clocks_now();
    f->own = &the_family;
    return 0;
}

static void *zeroed(size_t len, int flags)
{
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static int process_memory(struct family *f, char *err, size_t errlen)
{
    struct process_family *p = process_of(f);
    int r;
    if (f->image->size > PV_IMAGE_MAX) {
        snprintf(err, errlen, "%s: larger than 2 GB", f->opt->image);
        return -EFBIG;
    }
    if (f->template && (r = resume_check(f, err, errlen)) < 0)
        return r;
    p->pid_max = PID_LIMIT;
    f->window_size = f->opt->window_size;
    f->window = hugemem_reserve(f->window_size);
    p->hello = zeroed(PAGE, MAP_SHARED);
    p->slot_of = zeroed((size_t)p->pid_max * sizeof *p->slot_of, MAP_PRIVATE);
    p->claimed = calloc(f->opt->max_procs + 1, sizeof *p->claimed);
    p->embryo = calloc(f->opt->max_procs + 1, sizeof *p->embryo);
    p->spawned = calloc(f->opt->max_procs + 1, sizeof *p->spawned);
    p->runs = calloc(f->opt->max_procs + 1, sizeof *p->runs);
    if (!f->window || !p->hello || !p->slot_of || !p->claimed || !p->embryo || !p->spawned ||
        !p->runs)
        return family_fail(err, errlen, "cannot reserve memory");
    if ((r = watchdog_prepare(p)) < 0) {
        errno = -r;
        return family_fail(err, errlen, "cannot make a pipe");
    }
    if ((r = f->window_fd = hugemem_map(f->window, "ramet-window", f->window_size)) < 0 ||
        (f->template && (r = template_load_window(f)) < 0)) {
        errno = -r;
        return family_fail(err, errlen, "cannot make the window");
    }
    if ((r = warm_prepare(f)) < 0) {
        errno = -r;
        return family_fail(err, errlen, "cannot make the text cache");
    }
    // After a template's window was loaded: the header is this family's.
    family_window_init(f);
    return 0;
}

const struct backend process_backend = {
    .name = "process",
    .calls = 0,                 // the stub's business
    .start_flags = CLONE_FILES, // so that the supervisor gets the notifications' descriptor
    .open = process_open,
    .memory = process_memory,
    .start = process_start,
    .started = process_started,
    .poll_fd = process_poll_fd,
    .step = process_step,
    .post = process_post,
    .taken = process_taken,
    .reaped = process_reaped,
    .close = process_close,
};
