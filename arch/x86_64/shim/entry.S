/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Into ring 0 and out: exceptions, interrupts and SYSCALL all make the same struct frame (trap.h)
 * on the one ring-0 stack and leave by IRETQ. Interrupts are off in ring 0 but for the HLT of
 * idle(), so one stack is enough.
 */
#include "arch/x86_64/shim/layout.h"

#define USER_DATA 0x2b          /* X86_SEL_USER_DATA, _CODE (abi/x86.h) */
#define USER_CODE 0x33

        .text
/* One stub per vector, 16 bytes apart; those with an error code of their own (SDM vol. 3, 6.13). */
        .macro  stub vector
        .balign 16
        .if     (\vector == 8) || (\vector >= 10 && \vector <= 14) || (\vector == 17)
        .else
        pushq   $0
        .endif
        pushq   $\vector
        jmp     enter
        .endm

        .globl  trap_stubs
        .balign 16
trap_stubs:
        .set    v, 0
        .rept   VECTOR_COUNT
        stub    v
        .set    v, v + 1
        .endr

/* An interrupt that was taken back: no EOI (SDM vol. 3, 10.9). */
        .globl  spurious_stub
spurious_stub:
        iretq

/* SYSCALL: RCX = return address, R11 = flags; the stack is still ring 3's. */
        .globl  call_entry
call_entry:
        mov     %rsp, user_rsp(%rip)
        mov     $shim_stack_top, %rsp
        pushq   $USER_DATA
        pushq   user_rsp(%rip)
        pushq   %r11
        pushq   $USER_CODE
        pushq   %rcx
        pushq   $0
        pushq   $VECTOR_CALL
enter:
        push    %r15
        push    %r14
        push    %r13
        push    %r12
        push    %r11
        push    %r10
        push    %r9
        push    %r8
        push    %rbp
        push    %rdi
        push    %rsi
        push    %rdx
        push    %rcx
        push    %rbx
        push    %rax
        cld
        mov     %rsp, %rdi
        call    trap
/* void resume(struct frame *): never returns. */
        mov     %rsp, %rdi
        .globl  resume
resume:
        mov     %rdi, %rsp
        pop     %rax
        pop     %rbx
        pop     %rcx
        pop     %rdx
        pop     %rsi
        pop     %rdi
        pop     %rbp
        pop     %r8
        pop     %r9
        pop     %r10
        pop     %r11
        pop     %r12
        pop     %r13
        pop     %r14
        pop     %r15
        add     $16, %rsp
        iretq

/* void idle(void): one interrupt, whether it comes before or after we sleep (STI holds it back for
   one instruction: SDM vol. 2B). */
        .globl  idle
idle:
        sti
        hlt
        cli
        ret

/* void fpu_reset(void): x87 and SSE state as at the start of a program (abi/pv.h). In one
   instruction that even a KVM which emulates ring 0 knows. */
        .globl  fpu_reset
fpu_reset:
        fxrstor64 initial_fpu(%rip)
        ret

/* SDM vol. 1, 10.5.1: FCW as after FNINIT, MXCSR 0x1f80, all registers empty or 0. */
        .section .rodata
        .balign 16
initial_fpu:
        .word   0x037f
        .skip   22
        .long   0x1f80, 0
        .skip   480

/* What PV_CALL_VA holds (copied there): one instruction of two bytes, and a return. SYSCALL keeps
   RDI, where the argument struct is. */
        .globl  call_by_syscall, call_by_ud2, call_code_end
call_by_syscall:
        syscall
        ret
call_by_ud2:
        ud2
        ret
call_code_end:

        .section .bss
        .balign 8
user_rsp:
        .quad   0

        .section .note.GNU-stack, "", @progbits
