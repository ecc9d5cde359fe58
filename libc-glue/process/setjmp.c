// SPDX-License-Identifier: BSD-2-Clause
// setjmp and longjmp for x86-64.
//
// newlib's longjmp(env, 0) makes setjmp return 0, which C forbids (it must be 1) and which turns
// "if (setjmp(...))" into an endless loop. The registers saved are those the System V ABI keeps
// across calls, into newlib's jmp_buf of eight words; x87 and SSE control words stay as they are.
// Neighbour: signal.c has the variants that restore the signal mask.
#include <setjmp.h>

_Static_assert(sizeof(jmp_buf) >= 8 * sizeof(long), "eight registers fit");

// Words of the buffer: 0 to 5 the registers that a called function keeps, 6 the stack pointer, 7
// the address to go on at. The jump leaves no check behind: the frame that called setjmp() must be
// live.
__asm__(".text\n"
        ".globl setjmp\n"
        ".type setjmp, @function\n"
        "setjmp:\n"
        "    movq %rbx, 0(%rdi)\n"
        "    movq %rbp, 8(%rdi)\n"
        "    movq %r12, 16(%rdi)\n"
        "    movq %r13, 24(%rdi)\n"
        "    movq %r14, 32(%rdi)\n"
        "    movq %r15, 40(%rdi)\n"
        "    leaq 8(%rsp), %rax\n" // the stack as it is after our return
        "    movq %rax, 48(%rdi)\n"
        "    movq (%rsp), %rax\n"
        "    movq %rax, 56(%rdi)\n"
        "    xorl %eax, %eax\n"
        "    ret\n"
        ".size setjmp, . - setjmp\n"
        ".globl longjmp\n"
        ".type longjmp, @function\n"
        "longjmp:\n"
        "    movl %esi, %eax\n"
        "    cmpl $1, %eax\n" // carry when 0
        "    adcl $0, %eax\n" // 0 becomes 1
        "    movq 0(%rdi), %rbx\n"
        "    movq 8(%rdi), %rbp\n"
        "    movq 16(%rdi), %r12\n"
        "    movq 24(%rdi), %r13\n"
        "    movq 32(%rdi), %r14\n"
        "    movq 40(%rdi), %r15\n"
        "    movq 48(%rdi), %rsp\n"
        "    jmpq *56(%rdi)\n"
        ".size longjmp, . - longjmp\n");
