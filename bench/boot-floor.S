/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The least a machine can do before it prints a line: fourteen instructions behind a multiboot
 * header (Multiboot 0.6.96, section 3.1), in 32-bit mode as the loader leaves it. bench/boot
 * measures how long QEMU takes to get here, and sets a program's first line beside it.
 */
        .section .text
        .code32
        .balign 4
header: .long   0x1badb002, 0x00010000, -(0x1badb002 + 0x00010000)
        .long   header, header, end, end, _start

        .globl  _start
_start:
        cld
        mov     $line, %esi
        mov     $0x3f8, %dx             /* COM1 */
1:      lodsb
        test    %al, %al
        jz      2f
        outb    %al, %dx
        jmp     1b
2:      xor     %eax, %eax
        mov     $0x501, %dx             /* isa-debug-exit: QEMU ends with 2 * 0 + 1 */
        outw    %ax, %dx
        cli
3:      hlt
        jmp     3b
line:   .asciz  "floor\r\n"
end:
        .section .note.GNU-stack, "", @progbits
