// SPDX-License-Identifier: BSD-2-Clause
// Exceptions as upcalls: vector, error code, address, where the frame lies, what it holds.

#include "tests/pv/pv.h"

extern uint8_t trap_de_at[], trap_address_at[], trap_mf_at[], trap_xm_at[], probe_end[];
void trap_de(void), trap_ud(void), trap_bp(void), trap_gp(void), trap_address(void);
void trap_mf(void), trap_xm(void), probe_read(uint64_t addr);

// Raises one by f(); where it must say it was raised.
static void raises(void (*f)(void), unsigned vector, const void *rip, uint64_t resume)
{
    expect_exception(resume);
    f();
    WANT_EQ(exception_seen.count, 1);
    WANT_EQ(exception_seen.frame.type, PV_UPCALL_EXCEPTION);
    WANT_EQ(exception_seen.frame.vector, vector);
    WANT_EQ(exception_seen.frame.error, 0);
    WANT_EQ(exception_seen.frame.rip, (uintptr_t)rip);
}

// QEMU's emulated processor, and so a KVM that runs on it, raises no SSE exceptions: it sets the
// flag and goes on. Not the implementer's doing, who cannot see it either.
static int raises_xm(void)
{
    const uint32_t zero_divide = 1 << 2;
    uint32_t mxcsr;
    expect_exception((uintptr_t)probe_end);
    trap_xm();
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    return exception_seen.count != 0 || !(mxcsr & zero_divide);
}

static void vectors(void)
{
    // Faults go on at a return instruction; a breakpoint is a trap and goes on by itself.
    const uint64_t end = (uintptr_t)probe_end;
    test("exception DE");
    raises(trap_de, X86_EXC_DE, trap_de_at, end);
    test("exception BP");
    raises(trap_bp, X86_EXC_BP, (const uint8_t *)(uintptr_t)trap_bp + 1, 0);
    test("exception UD");
    raises(trap_ud, X86_EXC_UD, (const void *)(uintptr_t)trap_ud, end);
    test("exception GP, privileged instruction");
    raises(trap_gp, X86_EXC_GP, (const void *)(uintptr_t)trap_gp, end);
    test("exception GP, impossible address");
    raises(trap_address, X86_EXC_GP, trap_address_at, end);
    test("exception MF");
    raises(trap_mf, X86_EXC_MF, trap_mf_at, end);
    __asm__ volatile("fninit");
    test("exception XM");
    if (raises_xm())
        raises(trap_xm, X86_EXC_XM, trap_xm_at, end);
    uint32_t mxcsr = 0x1f80;
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));

    test("exception PF");
    WANT(faults(READ, 8) && !(exception_seen.frame.error & X86_PF_PRESENT));
    WANT(faults(WRITE, (uintptr_t)trap_ud) && (exception_seen.frame.error & X86_PF_PRESENT));
    WANT(faults(FETCH, boot->heap_start) && (exception_seen.frame.error & X86_PF_PRESENT));
    WANT(faults(READ, UINT64_C(0x7ffffffff000)));
}

static void frames(void)
{
    const uint64_t top = (uintptr_t)exception_stack + sizeof exception_stack;
    const struct seen *s = &exception_seen;
    test("exception frame on its own stack");
    WANT(faults(READ, 0));
    WANT_EQ(s->at, top - sizeof s->frame);
    WANT_EQ(s->rdi, s->at);
    WANT_EQ(s->masked, 1);
    WANT_EQ(shared->masked, 0); // by our handler
    // A stack that is not 16-aligned, as RSP is not either.
    shared->exception_stack = top - 5;
    WANT(faults(READ, 0));
    WANT_EQ(s->at % 16, 0);
    WANT(s->at + sizeof s->frame <= top - 5 && s->at + sizeof s->frame > top - 5 - 16);

    test("exception frame on the current stack");
    shared->exception_stack = 0;
    WANT(faults(READ, 0));
    WANT_EQ(s->at % 16, 0);
    WANT(s->at + sizeof s->frame <= s->frame.rsp - 128);
    WANT(s->at + sizeof s->frame > s->frame.rsp - 128 - 16);
    expect_exception(0);
    WANT(red_zone_exception());

    test("exception without a stack of its own below RSP");
    shared->exception_stack = top;
    uint64_t saved;
    // RSP is nowhere: the frame goes to the exception stack all the same.
    expect_exception(0);
    __asm__ volatile("mov %%rsp, %0\n\tmov $64, %%esp\n\tint3\n\tmov %0, %%rsp"
                     : "=&r"(saved)
                     :
                     : "memory");
    WANT_EQ(s->count, 1);
    WANT_EQ(s->frame.rsp, 64);
}

static void state(void)
{
    test("exception preserves all registers");
    for (unsigned i = 0; i < sizeof regs_in; i++)
        ((uint8_t *)&regs_in)[i] = (uint8_t)(i * 7 + 3);
    expect_exception(0);
    regs_over_exception();
    WANT(!memcmp(&regs_in, &regs_out, sizeof regs_in));
    WANT_EQ(regs_rsp, 0);

    test("exception frame holds the registers");
    const struct pv_frame *f = &exception_seen.frame;
    WANT(!memcmp(f, &regs_in, sizeof regs_in.gpr));
    WANT_EQ(f->rip, (uintptr_t)regs_over_exception_at);
    WANT_EQ(f->cs, X86_SEL_USER_CODE);
    WANT_EQ(f->ss, X86_SEL_USER_DATA);
    WANT_EQ(f->rflags & X86_RFLAGS_ONE, X86_RFLAGS_ONE);
}

void trap_checks(void)
{
    vectors();
    frames();
    state();
}
