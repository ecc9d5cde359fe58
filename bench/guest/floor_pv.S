/* SPDX-License-Identifier: BSD-2-Clause */
/* The least a Ramet VM can be: no kernel, no C library, two paravirtual calls (abi/pv.h). It prints
   the line of bench/guest/ready.c and waits for ever. What `ramet run` takes for it is what the
   monitor and KVM take; the rest of a program's start is kernel and C library.

   Linked with arch/x86_64/ramet.ld like any program; by the note mkimage knows it (abi/image.h). */

#define PV_CALL_VA 0x00110000 /* abi/pv.h */
#define CALL_WAIT 2           /* PV_CALL_WAIT */
#define CALL_CONSOLE 5        /* PV_CALL_CONSOLE */

        .text
        .globl _start
_start:
        mov $console, %edi
        mov $PV_CALL_VA, %eax
        call *%rax
stay:
        mov $wait, %edi
        mov $PV_CALL_VA, %eax
        call *%rax
        jmp stay

        .section .rodata
line:   .ascii "instance ready\n"
        .set line_len, . - line

/* struct pv_console and struct pv_wait: `ret` is written to, and so lies in .data. */
        .data
        .balign 8
console:
        .long CALL_CONSOLE, 0
        .quad 0
        .long 1, 1 /* descriptor 1, write */
        .quad line, line_len
        .balign 8
wait:
        .long CALL_WAIT, 0
        .quad 0
        .quad -1 /* PV_FOREVER */
        .long 0, 0

/* struct image_note after the header of an ELF note. */
        .section .note.ramet, "a", @note
        .balign 4
        .long 6, 12, 1 /* "Ramet" with its NUL, the size of struct image_note, IMAGE_NOTE_TYPE */
        .asciz "Ramet"
        .balign 4
        .long 2, 0 /* PV_ABI_VERSION, no flags; the linker script adds the drivers */

        .section .note.GNU-stack, "", @progbits
