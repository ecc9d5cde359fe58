// SPDX-License-Identifier: BSD-2-Clause
// Upcalls of the conformance guest, and accesses that may raise one.

#include "tests/pv/pv.h"

struct seen exception_seen, event_seen;
volatile uint32_t upcall_events;
uint8_t exception_stack[4096] __attribute__((aligned(16)));
struct regs regs_in, regs_out;
uint64_t regs_rsp;

static volatile int expected;
static uint64_t resume_at;

void upcall(struct pv_frame *frame, uint64_t rdi); // from entry.S
extern uint8_t upcall_entry[], probe_end[];
void probe_read(uint64_t, uint8_t), probe_write(uint64_t, uint8_t), probe_fetch(uint64_t, uint8_t);

void upcalls_begin(void)
{
    shared->exception_stack = (uintptr_t)exception_stack + sizeof exception_stack;
    shared->upcall_entry = (uintptr_t)upcall_entry;
}

static void note(struct seen *s, const struct pv_frame *frame, uint64_t rdi)
{
    s->frame = *frame;
    s->at = (uintptr_t)frame;
    s->rdi = rdi;
    s->masked = shared->masked;
    s->count++;
}

void upcall(struct pv_frame *frame, uint64_t rdi)
{
    if (frame->type == PV_UPCALL_EXCEPTION) {
        note(&exception_seen, frame, rdi);
        if (!expected)
            stop("unexpected exception at", frame->rip);
        expected = 0;
        if (resume_at)
            frame->rip = resume_at;
    } else {
        note(&event_seen, frame, rdi);
        upcall_events |= __atomic_exchange_n(&shared->pending, 0, __ATOMIC_SEQ_CST);
    }
    shared->masked = 0;
}

void expect_exception(uint64_t resume)
{
    exception_seen.count = 0;
    resume_at = resume;
    expected = 1;
}

uint32_t collect(void)
{
    uint32_t was = shared->masked;
    shared->masked = 1;
    upcall_events |= __atomic_exchange_n(&shared->pending, 0, __ATOMIC_SEQ_CST);
    shared->masked = was;
    return upcall_events;
}

int await(uint32_t events, uint64_t ns)
{
    uint64_t end = now() + ns;
    while ((upcall_events & events) != events)
        if (now() > end)
            return 0;
    return 1;
}

unsigned probe_with(void (*access)(uint64_t, uint8_t), uint64_t addr)
{
    expect_exception((uintptr_t)probe_end);
    access(addr, 0);
    expected = 0;
    return exception_seen.count ? exception_seen.frame.vector + 1 : 0;
}

unsigned probe(enum access how, uint64_t addr)
{
    static void (*const access[])(uint64_t, uint8_t) = {probe_read, probe_write, probe_fetch};
    uint8_t byte = 0;
    // A write stores what is there: the memory is somebody's.
    if (how == WRITE && probe(READ, addr) == 0)
        byte = *(volatile uint8_t *)addr;
    expect_exception((uintptr_t)probe_end);
    access[how](addr, byte);
    expected = 0;
    return exception_seen.count ? exception_seen.frame.vector + 1 : 0;
}

int faults(enum access how, uint64_t addr)
{
    const uint64_t user = 4, kind = how == WRITE ? X86_PF_WRITE : how == FETCH ? X86_PF_FETCH : 0;
    const struct pv_frame *f = &exception_seen.frame;
    return probe(how, addr) == X86_EXC_PF + 1 && f->address == addr &&
           (f->error & ~(uint64_t)X86_PF_PRESENT) == (user | kind);
}

int allowed(enum access how, uint64_t addr)
{
    return probe(how, addr) == 0;
}
