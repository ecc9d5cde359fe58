// SPDX-License-Identifier: BSD-2-Clause
// Where the stub is entered and left. Labels that signal.c compares the interrupted RIP with stand
// between the instructions they are about.

#include "host/process/stub/offsets.h"

// What the host must know of the stub, in the order of enum stub_symbol (host/process/stub_blob.h).
        .section .head, "a"
        .quad   stub_begin, stub_call, stub_restorer, stub_on_event, stub_on_exception
        .quad   stub_enter, stub_return

        .text

// The first instruction of the stub: the host's start jumps here, on any stack.
        .globl stub_begin
stub_begin:
        mov     $STUB_STACK_TOP, %rsp
        xor     %ebp, %ebp
        call    stub_first
        ud2

// A paravirtual call: RDI = its struct, on the guest's stack. All but RAX, RCX and R11 is kept; the
// C code keeps the callee-saved ones and uses no vector register.
        .globl stub_call
stub_call:
        push    %rdi
        push    %rsi
        push    %rdx
        push    %r8
        push    %r9
        push    %r10
        push    %rbp
        mov     %rsp, %rbp
        and     $-16, %rsp
        call    stub_dispatch
        mov     %rbp, %rsp
        test    %eax, %eax
        jne     stub_saving
        pop     %rbp
        pop     %r10
        pop     %r9
        pop     %r8
        pop     %rdx
        pop     %rsi
        pop     %rdi
// An event that came meanwhile is delivered now: UD2 brings us to the handler, which makes an
// upcall that goes on at stub_return. One that comes between the look and the return starts the
// look anew.
        .globl stub_look
stub_look:
        cmpl    $0, SHARED_PENDING
        je      stub_return
        cmpl    $0, SHARED_MASKED
        jne     stub_return
        cmpq    $0, SHARED_ENTRY
        je      stub_return
        .globl stub_event
stub_event:
        ud2
        .globl stub_return
stub_return:
        ret

// The member is to be saved here, at the end of the call: what it has pushed and what C keeps make
// a struct stub_registers. Does not return.
stub_saving:
        push    %r15
        push    %r14
        push    %r13
        push    %r12
        push    %rbx
        mov     %rsp, %rdi
        and     $-16, %rsp
        call    stub_save
        ud2

// void stub_resume(const struct stub_registers *regs, uint64_t rsp): at the end of that call again.
        .globl stub_resume
stub_resume:
        mov     %rsi, %rsp
        mov     (%rdi), %rbx
        mov     8(%rdi), %r12
        mov     16(%rdi), %r13
        mov     24(%rdi), %r14
        mov     32(%rdi), %r15
        mov     40(%rdi), %rbp
        mov     48(%rdi), %r10
        mov     56(%rdi), %r9
        mov     64(%rdi), %r8
        mov     72(%rdi), %rdx
        mov     80(%rdi), %rsi
        mov     88(%rdi), %rdi
        jmp     stub_look

// long stub_wait_bell(uint32_t *bell, long op, uint32_t expected, const struct timespec *left)
// FUTEX_WAIT, unless an event is pending: a handler that runs before the kernel sleeps moves RIP to
// the abort.
        .globl stub_wait_bell
stub_wait_bell:
        mov     %rcx, %r10
        xor     %r8d, %r8d
        xor     %r9d, %r9d
        .globl stub_wait_begin
stub_wait_begin:
        cmpl    $0, SHARED_PENDING
        jne     stub_wait_abort
        mov     $SYS_FUTEX, %eax
        syscall
        .globl stub_wait_end
stub_wait_end:
        ret
        .globl stub_wait_abort
stub_wait_abort:
        mov     $-EINTR, %rax
        ret

// int stub_copy(void *to, const void *from, uint64_t n): 0, or -1 where a page is not to be had.
        .globl stub_copy
stub_copy:
        mov     %rdx, %rcx
        .globl stub_copy_begin
stub_copy_begin:
        rep movsb
        .globl stub_copy_end
stub_copy_end:
        xor     %eax, %eax
        ret
        .globl stub_copy_fail
stub_copy_fail:
        or      $-1, %eax
        ret

// The return address of signal handlers (sa_restorer).
        .globl stub_restorer
stub_restorer:
        mov     $SYS_RT_SIGRETURN, %eax
        syscall
        ud2

// void stub_reset_fpu(int avx): the state a program boots with (abi/pv.h).
        .globl stub_reset_fpu
stub_reset_fpu:
        fninit
        push    $0x1f80
        ldmxcsr (%rsp)
        pop     %rax
        test    %edi, %edi
        jz      1f
        vzeroall
        ret
1:      pxor    %xmm0, %xmm0
        pxor    %xmm1, %xmm1
        pxor    %xmm2, %xmm2
        pxor    %xmm3, %xmm3
        pxor    %xmm4, %xmm4
        pxor    %xmm5, %xmm5
        pxor    %xmm6, %xmm6
        pxor    %xmm7, %xmm7
        pxor    %xmm8, %xmm8
        pxor    %xmm9, %xmm9
        pxor    %xmm10, %xmm10
        pxor    %xmm11, %xmm11
        pxor    %xmm12, %xmm12
        pxor    %xmm13, %xmm13
        pxor    %xmm14, %xmm14
        pxor    %xmm15, %xmm15
        ret

// void stub_enter(uint64_t rip, uint64_t rsp): a program boots.
// A debugger puts INT3 in the place of NOP (host/process/tracee.c).
        .globl stub_enter
stub_enter:
        nop
        mov     %rdi, %rax
        mov     %rsi, %rsp
        push    %rax
        mov     $BOOT_INFO, %edi
        xor     %eax, %eax
        xor     %ebx, %ebx
        xor     %ecx, %ecx
        xor     %edx, %edx
        xor     %esi, %esi
        xor     %ebp, %ebp
        xor     %r8d, %r8d
        xor     %r9d, %r9d
        xor     %r10d, %r10d
        xor     %r11d, %r11d
        xor     %r12d, %r12d
        xor     %r13d, %r13d
        xor     %r14d, %r14d
        xor     %r15d, %r15d
        ret

// void stub_on_stack(void (*fn)(void)): goes on on the stub's own stack; for what drops the
// guest's. Does not return.
        .globl stub_on_stack
stub_on_stack:
        mov     $STUB_STACK_TOP, %rsp
        xor     %ebp, %ebp
        call    *%rdi
        ud2

// long stub_call_on_stack(long (*fn)(void)): the same, and comes back.
        .globl stub_call_on_stack
stub_call_on_stack:
        push    %rbp
        mov     %rsp, %rbp
        mov     $STUB_STACK_TOP, %rsp
        call    *%rdi
        mov     %rbp, %rsp
        pop     %rbp
        ret

        .section .note.GNU-stack, "", @progbits
