// SPDX-License-Identifier: BSD-2-Clause
// getcontext(), setcontext(), swapcontext(), makecontext(): coroutines on stacks of the program's
// own. Saved are the registers a called function keeps, those of arguments (for makecontext()), the
// signal mask, and the control words of the two floating-point units, which are kept where Linux
// has reserved words. A handler's context, which the kernel made, can be gone on with by signal
// return only. Neighbours: setjmp.c, signal.c.
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

// What the assembler below writes as numbers.
#define AT_REG(reg) (40 + 8 * (reg))
_Static_assert(offsetof(ucontext_t, uc_mcontext.gregs) == AT_REG(REG_R8), "registers");
_Static_assert(AT_REG(REG_R12) == 72 && AT_REG(REG_RDI) == 104 && AT_REG(REG_RSP) == 160, "");
_Static_assert(offsetof(ucontext_t, uc_mcontext.__reserved) == 232, "control words");
_Static_assert(offsetof(ucontext_t, uc_sigmask) == 296, "the mask");
_Static_assert(SIG_BLOCK == 0 && SIG_SETMASK == 2, "");

// RDI is the context. What it goes on at is our caller's return address, with the stack as it is
// then.
#define SAVE                                                                                       \
    "    movq %r12, 72(%rdi)\n"                                                                    \
    "    movq %r13, 80(%rdi)\n"                                                                    \
    "    movq %r14, 88(%rdi)\n"                                                                    \
    "    movq %r15, 96(%rdi)\n"                                                                    \
    "    movq %rdi, 104(%rdi)\n"                                                                   \
    "    movq %rsi, 112(%rdi)\n"                                                                   \
    "    movq %rbp, 120(%rdi)\n"                                                                   \
    "    movq %rbx, 128(%rdi)\n"                                                                   \
    "    leaq 8(%rsp), %rax\n"                                                                     \
    "    movq %rax, 160(%rdi)\n"                                                                   \
    "    movq (%rsp), %rax\n"                                                                      \
    "    movq %rax, 168(%rdi)\n"                                                                   \
    "    stmxcsr 232(%rdi)\n"                                                                      \
    "    fnstcw 236(%rdi)\n"

// RBX is the context, whose mask is in force already.
#define RESTORE                                                                                    \
    "    ldmxcsr 232(%rbx)\n"                                                                      \
    "    fldcw 236(%rbx)\n"                                                                        \
    "    movq 40(%rbx), %r8\n"                                                                     \
    "    movq 48(%rbx), %r9\n"                                                                     \
    "    movq 72(%rbx), %r12\n"                                                                    \
    "    movq 80(%rbx), %r13\n"                                                                    \
    "    movq 88(%rbx), %r14\n"                                                                    \
    "    movq 96(%rbx), %r15\n"                                                                    \
    "    movq 104(%rbx), %rdi\n"                                                                   \
    "    movq 112(%rbx), %rsi\n"                                                                   \
    "    movq 120(%rbx), %rbp\n"                                                                   \
    "    movq 136(%rbx), %rdx\n"                                                                   \
    "    movq 152(%rbx), %rcx\n"                                                                   \
    "    movq 160(%rbx), %rsp\n"                                                                   \
    "    pushq 168(%rbx)\n"                                                                        \
    "    movq 128(%rbx), %rbx\n"                                                                   \
    "    xorl %eax, %eax\n"                                                                        \
    "    ret\n"

__asm__(".text\n"
        ".globl getcontext\n"
        ".type getcontext, @function\n"
        "getcontext:\n" SAVE "    leaq 296(%rdi), %rdx\n"
        "    xorl %esi, %esi\n"
        "    xorl %edi, %edi\n"
        "    jmp sigprocmask\n" // asks for the mask, and returns 0 for us
        ".size getcontext, . - getcontext\n"
        ".globl setcontext\n"
        ".type setcontext, @function\n"
        "setcontext:\n"
        "    pushq %rbx\n" // keeps the stack aligned for the call
        "    movq %rdi, %rbx\n"
        "    leaq 296(%rbx), %rsi\n"
        "    movl $2, %edi\n"
        "    xorl %edx, %edx\n"
        "    call sigprocmask\n" RESTORE ".size setcontext, . - setcontext\n"
        ".globl swapcontext\n"
        ".type swapcontext, @function\n"
        "swapcontext:\n" SAVE "    pushq %rbx\n"
        "    movq %rsi, %rbx\n"
        "    leaq 296(%rdi), %rdx\n"
        "    leaq 296(%rsi), %rsi\n"
        "    movl $2, %edi\n"
        "    call sigprocmask\n" RESTORE ".size swapcontext, . - swapcontext\n"
        // Where a function of makecontext() returns to: its successor is in RBX, which it kept.
        ".type context_end, @function\n"
        "context_end:\n"
        "    movq %rbx, %rdi\n"
        "    testq %rdi, %rdi\n"
        "    jz 1f\n"
        "    call setcontext\n"
        "1:  xorl %edi, %edi\n"
        "    call exit\n"
        ".size context_end, . - context_end\n");

void context_end(void);

// The arguments are ints by the standard; like glibc's, whole registers are handed through, so that
// pointers survive.
void makecontext(ucontext_t *ucp, void (*function)(void), int count, ...)
{
    static const int where[] = {REG_RDI, REG_RSI, REG_RDX, REG_RCX, REG_R8, REG_R9};
    greg_t *regs = ucp->uc_mcontext.gregs;
    size_t behind = count > 6 ? (size_t)count - 6 : 0;
    uintptr_t top = ((uintptr_t)ucp->uc_stack.ss_sp + ucp->uc_stack.ss_size) & ~(uintptr_t)15;
    // At a function's entry the stack is 8 off a multiple of 16 (System V ABI, 3.2.2).
    greg_t *sp = (greg_t *)(top - ((behind + 1) & ~(size_t)1) * 8 - 8);
    va_list ap;
    va_start(ap, count);
    for (int i = 0; i < count; i++)
        *(i < 6 ? &regs[where[i]] : &sp[i - 5]) = va_arg(ap, greg_t);
    va_end(ap);
    sp[0] = (greg_t)(uintptr_t)context_end;
    regs[REG_RSP] = (greg_t)(uintptr_t)sp;
    regs[REG_RIP] = (greg_t)(uintptr_t)function;
    regs[REG_RBX] = (greg_t)(uintptr_t)ucp->uc_link;
    regs[REG_RBP] = 0;
}
