// SPDX-License-Identifier: BSD-2-Clause
// shim_blob.S: the ring-0 shim (arch/x86_64/shim) as bytes inside host programs, so that mkimage
// and ramet are one file each and never meet a shim of another build. shim_blob.h declares it.
    .section .rodata
    .balign 16
    .globl shim_elf, shim_elf_end
shim_elf:
    .incbin SHIM_FILE
shim_elf_end:
    .section .note.GNU-stack, "", @progbits
