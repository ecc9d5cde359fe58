// SPDX-License-Identifier: BSD-2-Clause
// fake_children.h: the kernel as a supervisor of picoprocesses sees it: children that live, send
// notifications, clone, die and are reaped, and a clock. For tests of host/process/notify.c and
// host/family/supervisor.c, which are real; the linker's --wrap brings their system calls here
// (FAKE_CHILDREN_FLAGS in tests/tests.mk).
//
// A signal to what is no child of ours, living or not reaped, aborts: it could be anybody's.
#ifndef RAMET_TESTS_FAKE_CHILDREN_H
#define RAMET_TESTS_FAKE_CHILDREN_H

#include "host/process/process.h"

#define FAKE_PIDS  64  // pids are below; the family's pid_max
#define FAKE_SLOTS 8u  // --max-procs
#define FAKE_FIRST 2   // pid of the first member
#define FAKE_FD    100 // the listener

struct fake_child {
    enum { CHILD_NONE, CHILD_ALIVE, CHILD_ZOMBIE } state;
    int status;         // wait(2)'s, of a zombie
    uint64_t signals;   // bits of those it has got
    uint32_t cloning;   // slot + 1 of the clone(2) that was let pass and has not come about
    uint32_t member_of; // the slot it was once seen in
};
extern struct fake_child fake_children[FAKE_PIDS];
extern struct supervisor fake_supervisor;
extern struct process_family fake_process;
extern uint64_t fake_now; // ns

// A family with its first member, which has reported, and nobody else. Any number of times.
void fake_family_begin(void);
// One that has a pid and is alive, outside the notifications. Its pid, or 0: there is no room.
int fake_child_born(void);
void fake_child_die(int pid, int status);

// A notification, as the kernel would hand it over, taken by process_step(). The answer, -errno or
// 0; `dies`: the sender is killed before it is answered. One that is let pass clones when
// fake_clone() says so.
int fake_notify(int pid, int nr, uint64_t a0, uint64_t a1, uint64_t a4, uint64_t a5, int dies);
// The clone that was let pass comes about, or (`fails`) does not. The child's pid, or 0.
int fake_clone(int pid, int fails);
// Living children and those that are not reaped, and the clones on their way.
uint32_t fake_children_count(void);

#endif
