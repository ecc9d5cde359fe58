// SPDX-License-Identifier: BSD-2-Clause
// fake_family.h: a family of host processes for tests of processes and signals.
//
// fake_family.c is the host: pv_fork() is fork(2), a kick that interrupts is a real signal whose
// handler makes the upcall, so kernel/upcall.c and the signal code run as they do in a VM,
// interrupted at any instruction. fake_lower.c stands in for files, the terminal and the processor.
// Link both with fake_pv.c and the kernel's process and signal files.
#ifndef RAMET_TESTS_FAKE_FAMILY_H
#define RAMET_TESTS_FAKE_FAMILY_H

#include <stdint.h>

// Boots the family's first program (slot 1, pid 2) in a new window. May be called once per test.
void family_boot(void);
// Ends this VM as SIGKILL to its monitor does: no exit call, window locks held. Does not return.
void family_die(void);
// What the host does when the VM in `slot` is dead without an exit: waits for its end, notes the
// death at its door and tells slot 1.
void family_mourn(uint32_t slot);
// The same of an earlier process of the slot, whose host process is not waited for.
void family_mourn_late(uint32_t slot, uint32_t gen);
// Has the host interrupt this VM now, as for a sibling's kick: an upcall, unless they are masked.
void family_interrupt(void);
// Host processes of the family still alive, this one not counted, after giving them a second to
// end.
int family_left(void);
void family_sleep_ms(int ms); // on the host's clock; interrupted by nothing

// The next n calls of pv_fork() find the slot still being torn down (-EBUSY).
extern int family_busy;
// Makes pv_fork() fail with -EAGAIN while on: the host has no room.
extern int family_full;
// Calls to the host by this VM.
extern uint64_t family_forks;

// References on the working directory of all processes, as fake_lower.c counts them in the window.
int lower_inode_refs(void);
// Processes whose descriptors were inherited and not closed again.
int lower_fd_tables(void);

#endif
