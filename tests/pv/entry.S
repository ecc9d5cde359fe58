// SPDX-License-Identifier: BSD-2-Clause
// The conformance guest where C cannot say it: what _start finds, the upcall entry, single accesses
// that may fault, and registers held over an upcall or a call. Neighbours: pv.h (the declarations),
// upcall.c (what an upcall does).

// The order of struct regs (pv.h): as in struct pv_frame, then the SSE registers.
#define XMM 120

        .text

// All that the implementer set is stored before anything can change it.
        .globl _start
_start:
        mov     %rax, boot_regs(%rip)
        mov     %rbx, boot_regs+8(%rip)
        mov     %rcx, boot_regs+16(%rip)
        mov     %rdx, boot_regs+24(%rip)
        mov     %rsi, boot_regs+32(%rip)
        mov     %rdi, boot_regs+40(%rip)
        mov     %rbp, boot_regs+48(%rip)
        mov     %r8, boot_regs+56(%rip)
        mov     %r9, boot_regs+64(%rip)
        mov     %r10, boot_regs+72(%rip)
        mov     %r11, boot_regs+80(%rip)
        mov     %r12, boot_regs+88(%rip)
        mov     %r13, boot_regs+96(%rip)
        mov     %r14, boot_regs+104(%rip)
        mov     %r15, boot_regs+112(%rip)
        mov     %rsp, boot_rsp(%rip)
        fxsave64 boot_fpu(%rip)
        pushfq
        pop     boot_flags(%rip)
        xor     %ebp, %ebp
        call    pv_main
        ud2

// RSP = RDI = struct pv_frame. The frame holds the general registers, so all are free here.
        .globl upcall_entry
upcall_entry:
        cld
        mov     %rdi, %rsi
        mov     %rsp, %rdi
        mov     %rsp, %rbx
        sub     $512, %rsp
        fxsave64 (%rsp)
        call    upcall
        fxrstor64 (%rsp)
        mov     %rbx, %rsp
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

// One access to the address in RDI. upcall() goes on at probe_end when it faults: the stack is the
// same there, also for a call to a place that cannot be executed.
        .globl probe_read, probe_write, probe_fetch, probe_fs, probe_gs, probe_end
probe_read:
        mov     (%rdi), %al
        ret
probe_write:                            // stores SIL
        mov     %sil, (%rdi)
        ret
probe_fs:
        mov     %fs:(%rdi), %al
        ret
probe_gs:
        mov     %gs:(%rdi), %al
        ret
probe_fetch:
        call    *%rdi
probe_end:
        ret

// uint64_t load_fs(void)
        .globl load_fs
load_fs:
        mov     %fs:0, %rax
        ret

// Instructions that raise an exception: the address of each one is its own name.
        .globl trap_de, trap_ud, trap_bp, trap_gp, trap_address, trap_mf, trap_xm
trap_de:
        xor     %eax, %eax
        xor     %edx, %edx
        xor     %ecx, %ecx
trap_de_at:
        div     %ecx
        ret
trap_ud:
        ud2
        ret
trap_bp:
        int3
        ret
trap_gp:
        hlt
        ret
trap_address:
        movabs  $0x8000000000000000, %rax
trap_address_at:
        mov     (%rax), %al
        ret
trap_mf:
        fninit
        push    $0x37b                  // zero divide unmasked (SDM vol. 1, 8.1.5)
        fldcw   (%rsp)
        pop     %rax
        fld1
        fldz
        fdivrp
trap_mf_at:
        fwait
        ret
trap_xm:
        push    $0x1d80                 // likewise (SDM vol. 1, 10.2.3)
        ldmxcsr (%rsp)
        pop     %rax
        xorps   %xmm1, %xmm1
        mov     $0x3f800000, %eax
        movd    %eax, %xmm0
trap_xm_at:
        divss   %xmm1, %xmm0
        ret
        .globl trap_de_at, trap_address_at, trap_mf_at, trap_xm_at

        .macro  registers_in
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        movdqu  regs_in+XMM+16*\n(%rip), %xmm\n
        .endr
        mov     %rsp, regs_rsp(%rip)
        mov     regs_in(%rip), %rax
        mov     regs_in+8(%rip), %rbx
        mov     regs_in+16(%rip), %rcx
        mov     regs_in+24(%rip), %rdx
        mov     regs_in+32(%rip), %rsi
        mov     regs_in+40(%rip), %rdi
        mov     regs_in+48(%rip), %rbp
        mov     regs_in+56(%rip), %r8
        mov     regs_in+64(%rip), %r9
        mov     regs_in+72(%rip), %r10
        mov     regs_in+80(%rip), %r11
        mov     regs_in+88(%rip), %r12
        mov     regs_in+96(%rip), %r13
        mov     regs_in+104(%rip), %r14
        mov     regs_in+112(%rip), %r15
        .endm

        .macro  registers_out
        mov     %rax, regs_out(%rip)
        mov     %rbx, regs_out+8(%rip)
        mov     %rcx, regs_out+16(%rip)
        mov     %rdx, regs_out+24(%rip)
        mov     %rsi, regs_out+32(%rip)
        mov     %rdi, regs_out+40(%rip)
        mov     %rbp, regs_out+48(%rip)
        mov     %r8, regs_out+56(%rip)
        mov     %r9, regs_out+64(%rip)
        mov     %r10, regs_out+72(%rip)
        mov     %r11, regs_out+80(%rip)
        mov     %r12, regs_out+88(%rip)
        mov     %r13, regs_out+96(%rip)
        mov     %r14, regs_out+104(%rip)
        mov     %r15, regs_out+112(%rip)
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        movdqu  %xmm\n, regs_out+XMM+16*\n(%rip)
        .endr
        sub     %rsp, regs_rsp(%rip)    // 0: where it was
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        ret
        .endm

// void regs_over_exception(void), regs_over_event(void), regs_over_call(void): regs_in is loaded,
// the thing happens, regs_out is stored. The event is waited for without a register.
        .globl regs_over_exception, regs_over_exception_at, regs_over_call
        .globl regs_over_event, regs_over_event_loop, regs_over_event_end
regs_over_exception:
        registers_in
        int3
regs_over_exception_at:
        registers_out

regs_over_event:
        registers_in
regs_over_event_loop:
1:      pause
        cmpl    $0, upcall_events(%rip)
        je      1b
regs_over_event_end:
        registers_out

regs_over_call:                         // RDI: the argument struct, RAX: PV_CALL_VA
        registers_in
        call    *%rax
        registers_out

// int red_zone_exception(void), red_zone_event(void): 1 if the 128 bytes below the stack pointer
// are untouched.
        .macro  zone_fill
        lea     -128(%rsp), %rdi
        mov     $0x5a, %eax
        mov     $128, %ecx
        cld
        rep stosb
        .endm
        .macro  zone_check
        lea     -128(%rsp), %rdi
        mov     $0x5a, %eax
        mov     $128, %ecx
        repe scasb
        sete    %al
        movzbl  %al, %eax
        ret
        .endm
        .globl red_zone_exception, red_zone_event, red_zone_event_loop, red_zone_event_end
red_zone_exception:
        zone_fill
        int3
        zone_check
red_zone_event:
        zone_fill
red_zone_event_loop:
1:      pause
        cmpl    $0, upcall_events(%rip)
        je      1b
red_zone_event_end:
        zone_check

// void spin_on_stack(uint64_t rsp, uint64_t tsc): turns there, with RSP as given, until the
// time-stamp counter has come that far. Uses no stack.
        .globl spin_on_stack
spin_on_stack:
        mov     %rsp, %r8
        mov     %rdi, %rsp
1:      rdtsc
        shl     $32, %rdx
        or      %rdx, %rax
        cmp     %rsi, %rax
        jb      1b
        mov     %r8, %rsp
        ret

// Two pages of text that hold no code but a return instruction at their beginning.
        .globl text_pages
        .balign 4096
text_pages:
        ret
        .fill   8191, 1, 0xcc

        .section .note.GNU-stack, "", @progbits
