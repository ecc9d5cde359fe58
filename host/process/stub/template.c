// SPDX-License-Identifier: BSD-2-Clause
// Templates, in the member: it says when it can be saved, and goes on from where another was.
//
// Saving is the supervisor's work, which reads this process' memory meanwhile
// (host/process/save.c). A template is made at the end of a call, over which a program keeps
// nothing but some registers and the control words of x87 and SSE (psABI 3.2.1).

#include <asm/prctl.h>
#include <signal.h>
#include <sys/mman.h>

#include "host/process/stub/stub.h"

#define MXCSR_BITS 0xffffu // SDM vol. 1, 10.2.3: any other faults

// --- saving ---

static void save_bases(struct stub_saved *s)
{
    // Else SET_TP has left the one, and the other is 0.
    if (STATE->flags & STUB_FSGSBASE)
        __asm__ volatile("rdfsbase %0\n\trdgsbase %1" : "=r"(s->fs_base), "=r"(s->gs_base));
}

// Nothing happens any more before the supervisor has seen it: signals are blocked.
void stub_save(const struct stub_registers *regs)
{
    struct stub_saved *s = &STATE->saved;
    block_signals();
    s->regs = *regs;
    s->rsp = (uintptr_t)(regs + 1);
    s->timer_deadline = STATE->timer_deadline;
    save_bases(s);
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(s->mxcsr), "=m"(s->fcw));
    leave(note(STUB_SAVE, 0, 0) < 0 ? STUB_DIED + SIGABRT : 0);
}

// --- going on ---

static int read_whole(const struct stub_step *s)
{
    for (uint64_t at = 0; at < s->len;) {
        const long n = sys4(SYS_pread64, (uint64_t)s->fd, s->addr + at, s->len - at, s->off + at);
        if (n <= 0)
            return -1;
        at += (uint64_t)n;
    }
    return 0;
}

static long map_step(const struct stub_step *s)
{
    const uint64_t flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE;
    const long at = sys6(SYS_mmap, s->addr, s->len, s->value,
                         s->fd < 0 ? flags | MAP_ANONYMOUS : flags, (uint64_t)s->fd, s->off);
    return at == (long)s->addr ? 0 : -1;
}

static long take_step(const struct stub_step *s)
{
    switch (s->what) {
    case STEP_MAP:
        return map_step(s);
    case STEP_READ:
        return read_whole(s);
    case STEP_ZERO:
        memset((void *)s->addr, 0, s->len);
        return 0;
    case STEP_POPULATE:
        sys3(SYS_madvise, s->addr, s->len, s->value); // only a matter of speed
        return 0;
    case STEP_PROTECT:
        return sys3(SYS_mprotect, s->addr, s->len, s->value);
    default:
        return sys2(SYS_munmap, s->addr, s->len);
    }
}

// Nobody else can say what has happened: the file was whole when it was opened.
static int steps_failed(void)
{
    static const char why[] = "ramet: the template has been cut, or there is no memory for it\n";
    sys3(SYS_write, 2, (uintptr_t)why, sizeof why - 1);
    return -1;
}

int load_steps(void)
{
    const struct stub_step *steps = (const struct stub_step *)STUB_STEPS_VA;
    for (uint32_t i = 0; i < STATE->nsteps; i++)
        if (take_step(&steps[i]) < 0)
            return steps_failed();
    return 0;
}

// The client's descriptors are in the place of ours; what goes with them is in the page.
static void take_client(struct pv_boot_info *b)
{
    const struct stub_hello *hello = (const struct stub_hello *)STUB_HELLO_VA;
    b->tsc_base = hello->tsc_base;
    b->mono_base_ns = hello->mono_base_ns;
    b->wall_base_ns = hello->wall_base_ns;
    memcpy(b->stdio, hello->stdio, sizeof b->stdio);
    memcpy(STATE->nowait, hello->nowait, sizeof STATE->nowait);
}

static void set_registers(const struct stub_saved *s)
{
    const uint32_t mxcsr = s->mxcsr & MXCSR_BITS;
    stub_reset_fpu(STATE->flags & STUB_AVX);
    __asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(mxcsr), "m"(s->fcw));
    if (STATE->flags & STUB_FSGSBASE)
        __asm__ volatile("wrfsbase %0\n\twrgsbase %1" : : "r"(s->fs_base), "r"(s->gs_base));
    else
        sys2(SYS_arch_prctl, ARCH_SET_FS, s->fs_base);
}

// On the stub's stack, with all signals blocked. What the program is told first is that it has been
// resumed: stub_resume() ends in the look that every call ends in.
void resume_program(void)
{
    struct pv_boot_info *b = BOOT_PAGE;
    const struct stub_saved *s = &STATE->saved;
    const int waits = (STATE->flags & STUB_WAITS) != 0;
    // What can be done before a client waits for it is done: this family is one client's only.
    if (sys3(SYS_getrandom, (uintptr_t)b->seed, sizeof b->seed, 0) != sizeof b->seed)
        leave(STUB_DIED + SIGKILL);
    __atomic_fetch_or(&SHARED->pending, PV_EVENT_RESUMED, __ATOMIC_SEQ_CST);
    sys2(SYS_munmap, STUB_SCRATCH_VA, STUB_SCRATCH_SIZE);
    if (note(waits ? STUB_READY : STUB_REPORT, STATE->slot, b->program) < 0)
        leave(STUB_DIED + SIGKILL);
    if (waits)
        take_client(b);
    sys2(SYS_munmap, STUB_ONCE_VA, STUB_ONCE_SIZE);
    set_registers(s);
    if (s->timer_deadline)
        set_timer(s->timer_deadline);
    unblock_signals();
    stub_resume(&s->regs, s->rsp);
}
