// SPDX-License-Identifier: BSD-2-Clause
// stub_blob.S: see stub_blob.h.
    .section .rodata
    .balign 16
    .globl stub_blob, stub_blob_end
stub_blob:
    .incbin STUB_FILE
stub_blob_end:
    .section .note.GNU-stack, "", @progbits
