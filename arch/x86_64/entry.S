// SPDX-License-Identifier: BSD-2-Clause
// Where the processor enters and leaves the kernel: boot, upcalls, resuming, stack switches.
// All of it runs in ring 3. Frame offsets are those of struct pv_frame (abi/pv.h asserts them).

#define FRAME_RIP 120
#define FXSAVE_SIZE 512 // SDM vol. 1, 10.5.1

        .text

// Boot: RDI = boot_info, RSP set by the implementer. A NULL return address ends backtraces.
        .globl _start
        .type _start, @function
_start:
        xor     %ebp, %ebp
        push    %rbp
        push    %rbp
        call    kernel_main
        ud2
        .size _start, . - _start

// An upcall: RSP = RDI = struct pv_frame, 16-aligned. The frame holds every general register, so
// all are free; the x87 and SSE state is not in it, and C code (signal handlers above all) uses it.
        .globl arch_upcall_entry
        .type arch_upcall_entry, @function
arch_upcall_entry:
        cld
        mov     %rsp, %rbx
        sub     $FXSAVE_SIZE, %rsp
        fxsave64 (%rsp)
        mov     %rsp, %rsi
        call    upcall
        mov     %rbx, %rdi
        mov     %rsp, %rsi
        // fall through: continue the frame
        .size arch_upcall_entry, . - arch_upcall_entry

// void arch_resume(struct pv_frame *frame, void *fpu)
// IRETQ within ring 3 restores RIP, RFLAGS and RSP at once, and needs no privilege (SDM vol. 2A).
        .globl arch_resume
        .type arch_resume, @function
arch_resume:
        fxrstor64 (%rsi)
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
        iretq
        .size arch_resume, . - arch_resume

// void arch_call_on_stack(void *top, void (*fn)(void *), void *arg)
        .globl arch_call_on_stack
        .type arch_call_on_stack, @function
arch_call_on_stack:
        push    %rbp
        mov     %rsp, %rbp
        mov     %rdi, %rsp
        and     $-16, %rsp
        mov     %rdx, %rdi
        call    *%rsi
        mov     %rbp, %rsp
        pop     %rbp
        ret
        .size arch_call_on_stack, . - arch_call_on_stack

        .section .note.GNU-stack, "", @progbits
