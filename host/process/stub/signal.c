// SPDX-License-Identifier: BSD-2-Clause
// Host signals become upcalls.
//
// A handler runs on a stack of its own; it puts a pv_frame on the guest's stack and has sigreturn
// go on at the guest's upcall entry. Events: where the stub itself is interrupted they only become
// pending, and the stub looks on its way out (entry.S). All events are blocked in a handler,
// exceptions are not: the handler touches guest memory by stub_copy() alone.

#include <signal.h>
#include <ucontext.h>

#include "host/process/stub/stub.h"

#define RED_ZONE        128u
#define EXCEPTION_STACK 4096u // at most
#define FLAG_TF         UINT64_C(0x100)
#define FLAG_DF         UINT64_C(0x400)

extern const char stub_look[], stub_event[], stub_return[];
extern const char stub_wait_begin[], stub_wait_end[], stub_wait_abort[];
extern const char stub_copy_begin[], stub_copy_end[], stub_copy_fail[];

static int between(uint64_t rip, const char *from, const char *to)
{
    return rip >= (uintptr_t)from && rip < (uintptr_t)to;
}

static void fill_frame(struct pv_frame *f, const greg_t *g)
{
    *f = (struct pv_frame){
        .rax = (uint64_t)g[REG_RAX],
        .rbx = (uint64_t)g[REG_RBX],
        .rcx = (uint64_t)g[REG_RCX],
        .rdx = (uint64_t)g[REG_RDX],
        .rsi = (uint64_t)g[REG_RSI],
        .rdi = (uint64_t)g[REG_RDI],
        .rbp = (uint64_t)g[REG_RBP],
        .r8 = (uint64_t)g[REG_R8],
        .r9 = (uint64_t)g[REG_R9],
        .r10 = (uint64_t)g[REG_R10],
        .r11 = (uint64_t)g[REG_R11],
        .r12 = (uint64_t)g[REG_R12],
        .r13 = (uint64_t)g[REG_R13],
        .r14 = (uint64_t)g[REG_R14],
        .r15 = (uint64_t)g[REG_R15],
        .rip = (uint64_t)g[REG_RIP],
        .cs = (uint64_t)g[REG_CSGSFS] & 0xffff,
        .rflags = (uint64_t)g[REG_EFL],
        .rsp = (uint64_t)g[REG_RSP],
        .ss = (uint64_t)g[REG_CSGSFS] >> 48,
    };
}

// Makes the interrupted program go on in its upcall, with the frame below `top`. 0, or -1: there is
// no place for it.
static int deliver(greg_t *g, struct pv_frame *f, uint64_t top)
{
    const uint64_t at = (top - sizeof *f) & ~UINT64_C(15);
    if (!range_in(at, sizeof *f, RAM | WINDOW) || stub_copy((void *)at, f, sizeof *f) < 0)
        return -1;
    SHARED->masked = 1;
    g[REG_RIP] = (greg_t)SHARED->upcall_entry;
    g[REG_RSP] = g[REG_RDI] = (greg_t)at;
    g[REG_EFL] &= (greg_t) ~(FLAG_DF | FLAG_TF);
    return 0;
}

static void deliver_event(greg_t *g)
{
    struct pv_frame f;
    if (!SHARED->pending || SHARED->masked || !SHARED->upcall_entry)
        return;
    fill_frame(&f, g);
    f.type = PV_UPCALL_EVENT;
    deliver(g, &f, (uint64_t)g[REG_RSP] - RED_ZONE); // no place: it stays pending
}

// --- events ---

// The deadline has passed, or the host's clock, which is disciplined, runs before the family's.
static uint32_t timer_event(void)
{
    if (STATE->ending && !SHARED->critical)
        leave(STUB_DIED + SIGKILL);
    if (STATE->ending)
        return set_timer(now_ns() + 1000000), 0;
    if (!STATE->timer_deadline)
        return 0;
    if (now_ns() < STATE->timer_deadline)
        return set_timer(STATE->timer_deadline), 0;
    STATE->timer_deadline = 0;
    return PV_EVENT_TIMER;
}

static uint32_t event_of(int sig)
{
    switch (sig) {
    case STUB_SIG_KICK:
        return PV_EVENT_KICK;
    case STUB_SIG_DEATH:
        return PV_EVENT_DEATH;
    case STUB_SIG_TTY:
        return PV_EVENT_TTY;
    case STUB_SIG_KILL:
        return PV_EVENT_KILL;
    case STUB_SIG_END:
        STATE->ending = 1;
        return timer_event();
    case SIGALRM:
        return timer_event();
    default:
        return 0;
    }
}

void stub_on_event(int sig, siginfo_t *info, void *context)
{
    greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint64_t rip = (uint64_t)g[REG_RIP];
    const uint32_t bits = event_of(sig);
    (void)info;
    if (bits)
        __atomic_fetch_or(&SHARED->pending, bits, __ATOMIC_SEQ_CST);
    if (between(rip, stub_wait_begin, stub_wait_end))
        g[REG_RIP] = (greg_t)(uintptr_t)stub_wait_abort;
    else if (between(rip, stub_look, stub_return))
        g[REG_RIP] = (greg_t)(uintptr_t)stub_look;
    else if (rip < STUB_TEXT_VA || rip >= STUB_TEXT_VA + STUB_TEXT_SIZE ||
             rip == (uintptr_t)stub_return)
        deliver_event(g);
}

// --- exceptions ---

void stub_on_exception(int sig, siginfo_t *info, void *context)
{
    greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint64_t rip = (uint64_t)g[REG_RIP], stack = SHARED->exception_stack;
    struct pv_frame f;
    (void)info;
    if (between(rip, stub_copy_begin, stub_copy_end)) {
        g[REG_RIP] = (greg_t)(uintptr_t)stub_copy_fail;
        return;
    }
    if (rip == (uintptr_t)stub_event) {
        g[REG_RIP] = (greg_t)(uintptr_t)stub_return;
        deliver_event(g);
        return;
    }
    if (device_access(g))
        return;
    // Without an upcall, or at its first instruction: its code is gone, as where the image's file
    // has been cut.
    if (!SHARED->upcall_entry || rip == SHARED->upcall_entry)
        leave(STUB_DIED + sig);
    // Or the kernel's data is: it faults where it did before, on the stack that it has for
    // exceptions, without end.
    const int nested = stack - (uint64_t)g[REG_RSP] < EXCEPTION_STACK;
    if (nested && STATE->nested == rip)
        leave(STUB_DIED + sig);
    STATE->nested = nested ? rip : 0;
    fill_frame(&f, g);
    f.type = PV_UPCALL_EXCEPTION;
    f.vector = (uint32_t)g[REG_TRAPNO];
    f.error = (uint64_t)g[REG_ERR];
    f.address = f.vector == PAGE_FAULT ? (uint64_t)g[REG_CR2] : 0;
    if (deliver(g, &f, stack ? stack : (uint64_t)g[REG_RSP] - RED_ZONE) < 0)
        leave(STUB_DIED + sig);
}
