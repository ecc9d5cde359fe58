/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where things are in a VM that the shim runs, physical and virtual. For C and assembly.
 *
 *     physical                             virtual
 *     0 .. 1 MB         firmware           SHIM_DIRECT + address   all of it, ring 0
 *     1 MB .. 2 MB      platform pages     the same (abi/pv.h)     ring 3
 *     SHIM_PHYS ..      shim, payload      SHIM_VIRTUAL + address  ring 0
 *     the rest          page frames        wherever needed
 */
#ifndef SHIM_LAYOUT_H
#define SHIM_LAYOUT_H

#define SHIM_PHYS    0x200000
#define SHIM_VIRTUAL 0xffffffff80000000
#define SHIM_DIRECT  0xffff800000000000 /* + physical address */
#define SHIM_DEVICES 0xffff900000000000 /* device registers for ring 0, uncached */
#define SHIM_FILE    0xffffa00000000000 /* a program that is a file, while it is loaded */
#define SHIM_STACK   0x4000

/* Interrupt vectors. SYSCALL has no vector; its frame carries this number. */
#define VECTOR_TIMER    0x20
#define VECTOR_SERIAL   0x21
#define VECTOR_DEVICE   0x22
#define VECTOR_COUNT    0x23
#define VECTOR_CALL     0x80
#define VECTOR_SPURIOUS 0xff

/* How we were started, for shim_main(). */
#define BOOT_MULTIBOOT1 0x2badb002 /* Multiboot 0.6.96, 3.2: EAX at entry */
#define BOOT_MULTIBOOT2 0x36d76289 /* Multiboot2, 3.3 */
#define BOOT_PVH        0x336ec578 /* Xen PVH: hvm_start_info.magic */

#endif
