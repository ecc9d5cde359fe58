// SPDX-License-Identifier: BSD-2-Clause
// vfork(): returns twice into the same stack frame, first as the child.
//
// The child goes on to call other functions, which overwrite the stack below our caller's frame,
// the return address of this call included. So that address waits in RBX, which sys_vfork preserves
// over both returns, and the caller's RBX in the value that sys_vfork hands back in RDX.
// Neighbours: arch/x86_64/entry.S and kernel/proc/vfork.c (the other side), process.c.

#include "libc-glue/glue.h"

// Called by the lines below only, hence its name in no header. It runs once in the child and once
// in the parent, and errno is the same word for both: the child's value is what the parent sees
// afterwards, as of any variable.
long vfork_result(long r);

// An error leaves -1 and errno; 0 and a pid pass through.
long vfork_result(long r)
{
    return glue_ret(r);
}

__asm__(".text\n"
        ".globl vfork\n"
        ".type vfork, @function\n"
        "vfork:\n"
        "    mov %rbx, %rdi\n"
        "    pop %rbx\n"
        "    call sys_vfork\n"
        "    push %rbx\n"
        "    mov %rdx, %rbx\n"
        "    mov %rax, %rdi\n"
        "    jmp vfork_result\n"
        ".size vfork, . - vfork\n");
