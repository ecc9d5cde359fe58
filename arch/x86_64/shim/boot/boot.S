/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a boot loader to 64-bit C. Three loaders know us: multiboot 1 (QEMU -kernel), multiboot 2
 * (GRUB) and PVH (QEMU microvm, Firecracker, cloud-hypervisor). All enter in 32-bit protected mode
 * with paging off, EBX pointing at what they have to say. Neighbours: bootinfo.c reads that.
 */
#include "arch/x86_64/shim/layout.h"

#define MB1_MAGIC 0x1badb002
#define MB1_FLAGS 0x00010003    /* modules page-aligned, memory map, address fields valid */
#define MB2_MAGIC 0xe85250d6

#define PTE_TABLE 0x23          /* present, writable, accessed (SDM vol. 3, 4.5) */
#define PTE_2M    0xe3          /* and dirty, 2 MB page */

        .section .boot.header, "aw"
/*
 * Multiboot 1 takes only 32-bit ELF, so the address fields tell it what to load (3.1.3): the file
 * from this header on, to SHIM_PHYS. mkimage moves the last two ends when it appends an image.
 */
        .balign 8
        .globl  multiboot1
multiboot1:
        .long   MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)
        .long   multiboot1, SHIM_PHYS, shim_end_phys, shim_end_phys, multiboot_entry

        .balign 8
multiboot2:
        .long   MB2_MAGIC, 0, multiboot2_end - multiboot2
        .long   -(MB2_MAGIC + multiboot2_end - multiboot2)
        .word   6, 0            /* tag: modules page-aligned (3.1.10) */
        .long   8
        .word   0, 0            /* end of tags */
        .long   8
multiboot2_end:

/* Xen's note for an entry in 32-bit mode: XEN_ELFNOTE_PHYS32_ENTRY. */
        .section .note.pvh, "a", @note
        .balign 4
        .long   4, 8, 18
        .asciz  "Xen"
        .quad   pvh_entry

        .section .boot, "awx"
        .code32
        .globl  multiboot_entry
multiboot_entry:
        mov     %eax, %edi
        jmp     start
pvh_entry:
        mov     $BOOT_PVH, %edi
start:
        cld
        mov     %ebx, %esi
        mov     $boot_stack, %esp
        mov     $0x80000000, %eax       /* has it long mode? CPUID.80000001H:EDX[29] */
        cpuid
        cmp     $0x80000001, %eax
        jb      no_long_mode
        mov     $0x80000001, %eax
        cpuid
        bt      $29, %edx
        jnc     no_long_mode

        mov     $boot_pml4, %eax
        mov     %eax, %cr3
        mov     %cr4, %eax
        or      $0x620, %eax            /* PAE, OSFXSR, OSXMMEXCPT */
        mov     %eax, %cr4
        mov     $0xc0000080, %ecx       /* EFER */
        rdmsr
        or      $0x901, %eax            /* NXE, LME, SCE */
        wrmsr
        mov     $0x80050033, %eax       /* PG AM WP NE ET MP PE */
        mov     %eax, %cr0
        lgdt    boot_gdt_pointer
        ljmp    $0x10, $long_mode

/* COM1, polled: the only line such a processor sees of us. */
no_long_mode:
        mov     $complaint, %esi
1:      lodsb
        test    %al, %al
        jz      2f
        mov     $0x3f8, %dx
        outb    %al, %dx
        jmp     1b
2:      hlt
        jmp     2b
complaint:
        .asciz  "ramet: this is not a 64-bit processor\r\n"

        .code64
long_mode:
        xor     %eax, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %fs
        mov     %eax, %gs
        mov     $0x18, %eax             /* not null, which an IRETQ makes another kind of SS: */
        mov     %eax, %ss               /* QEMU would translate all code anew */
        mov     $shim_stack_top, %rsp
        mov     %edi, %edi              /* both are 32-bit values */
        mov     %esi, %esi
        xor     %ebp, %ebp
        mov     $shim_main, %rax
        call    *%rax
        ud2

        .balign 8
boot_gdt:
        .quad   0, 0
        .quad   0x00af9b000000ffff      /* 0x10: 64-bit code */
        .quad   0x00cf93000000ffff      /* 0x18: data */
boot_gdt_pointer:
        .word   . - boot_gdt - 1
        .long   boot_gdt
        .balign 16
        .skip   64
boot_stack:

/*
 * The first 4 GB, three times: identical (for this code only; shim_main takes that slot for ring
 * 3), at SHIM_DIRECT, and the first of them at SHIM_VIRTUAL.
 */
        .balign 4096
        .globl  boot_pml4
boot_pml4:
        .quad   boot_pdpt + PTE_TABLE
        .fill   255, 8, 0
        .globl  direct_entry
direct_entry:
        .quad   boot_pdpt + PTE_TABLE
        .fill   254, 8, 0
        .quad   shim_pdpt + PTE_TABLE
        .globl  boot_pdpt
boot_pdpt:
        .quad   boot_pd + PTE_TABLE, boot_pd + 0x1000 + PTE_TABLE
        .quad   boot_pd + 0x2000 + PTE_TABLE, boot_pd + 0x3000 + PTE_TABLE
        .fill   508, 8, 0
shim_pdpt:
        .fill   510, 8, 0
        .quad   boot_pd + PTE_TABLE
        .quad   0
boot_pd:
        .set    at, 0
        .rept   2048
        .quad   at + PTE_2M
        .set    at, at + 0x200000
        .endr

        .section .bss
        .balign 16
        .skip   SHIM_STACK
        .globl  shim_stack_top
shim_stack_top:

        .section .note.GNU-stack, "", @progbits
