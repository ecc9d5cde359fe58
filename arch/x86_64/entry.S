// SPDX-License-Identifier: BSD-2-Clause
// Where the processor enters and leaves the kernel: boot, upcalls, resuming, stack switches.
// All of it runs in ring 3. Frame offsets are those of struct pv_frame (abi/pv.h asserts them).

#define FRAME_RIP 120
#define FXSAVE_SIZE 512 // SDM vol. 1, 10.5.1
#define HEADER_SIZE 64  // of an XSAVE area, behind that (13.4.2)
#define X87_AND_SSE 3   // state components 0 and 1

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
// all are free; the vector state is not in it, and C code (signal handlers above all) uses it.
//
// With PV_BOOT_XSAVE that is more than x87 and SSE. What of the rest is in its initial state, as in
// most programs always, is not stored (XGETBV with ECX = 1, SDM vol. 1, 13.2): the area is then as
// small as FXSAVE's, and its header makes XRSTOR initialise the rest again.
        .globl arch_upcall_entry
        .type arch_upcall_entry, @function
arch_upcall_entry:
        cld
        mov     %rsp, %rbx
        mov     arch_fpu_mask, %r12
        test    %r12, %r12
        jz      .Lfxsave
        mov     %r12, %rax
        cmpl    $0, arch_fpu_tells_use
        je      .Lall_in_use
        mov     $1, %ecx
        xgetbv
        shl     $32, %rdx
        or      %rdx, %rax
        and     %r12, %rax
.Lall_in_use:
        mov     $FXSAVE_SIZE + HEADER_SIZE, %ecx
        test    $~X87_AND_SSE, %rax
        jz      .Lsmall
        mov     arch_fpu_size, %rcx
.Lsmall:
        or      $X87_AND_SSE, %rax
        sub     %rcx, %rsp
        and     $-64, %rsp
        xor     %ecx, %ecx
        .irp    at, 0, 8, 16, 24, 32, 40, 48, 56
        mov     %rcx, FXSAVE_SIZE + \at(%rsp)
        .endr
        mov     %rax, %rdx
        shr     $32, %rdx
        xsave64 (%rsp)
        jmp     .Lsaved
.Lfxsave:
        sub     $FXSAVE_SIZE, %rsp
        fxsave64 (%rsp)
.Lsaved:
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
        mov     arch_fpu_mask, %rax
        test    %rax, %rax
        jz      .Lfxrstor
        // A handler may have changed these two, of which XSAVE may have said that they are initial.
        orq     $X87_AND_SSE, FXSAVE_SIZE(%rsi)
        mov     %rax, %rdx
        shr     $32, %rdx
        xrstor64 (%rsi)
        jmp     .Lrestored
.Lfxrstor:
        fxrstor64 (%rsi)
.Lrestored:
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

// void arch_switch(void **from, void *to)
// What a call preserves (psABI 3.2.1): six registers, MXCSR and the x87 control word.
        .globl arch_switch
        .type arch_switch, @function
arch_switch:
        push    %rbp
        push    %rbx
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        sub     $8, %rsp
        stmxcsr (%rsp)
        fnstcw  4(%rsp)
        mov     %rsp, (%rdi)
        mov     %rsi, %rsp
        ldmxcsr (%rsp)
        fldcw   4(%rsp)
        add     $8, %rsp
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbx
        pop     %rbp
        ret
        .size arch_switch, . - arch_switch

// long sys_vfork(uint64_t keep): returns to the same place twice, first as the child
// (kernel/proc/vfork.h). The callee-saved registers and the caller's stack pointer and address make
// a struct arch_context; `keep` comes back in RDX both times, for a caller whose own return address
// the child would overwrite.
        .globl sys_vfork
        .type sys_vfork, @function
sys_vfork:
        mov     (%rsp), %rax
        lea     8(%rsp), %rcx
        push    %rdi
        push    %rax
        push    %rcx
        push    %r15
        push    %r14
        push    %r13
        push    %r12
        push    %rbp
        push    %rbx
        mov     %rsp, %rdi
        call    vfork_begin
        mov     64(%rsp), %rdx
        add     $72, %rsp
        ret
        .size sys_vfork, . - sys_vfork

// void arch_return(const struct arch_context *context, long value)
        .globl arch_return
        .type arch_return, @function
arch_return:
        mov     %rsi, %rax
        mov     (%rdi), %rbx
        mov     8(%rdi), %rbp
        mov     16(%rdi), %r12
        mov     24(%rdi), %r13
        mov     32(%rdi), %r14
        mov     40(%rdi), %r15
        mov     48(%rdi), %rsp
        mov     64(%rdi), %rdx
        jmp     *56(%rdi)
        .size arch_return, . - arch_return

        .section .note.GNU-stack, "", @progbits
