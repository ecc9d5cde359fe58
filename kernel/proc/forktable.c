// SPDX-License-Identifier: BSD-2-Clause
// What each subsystem does at fork, in one table; no subsystem finds out about fork in another way.
//
// `prepare` runs from the top down, `parent` and `child` from the bottom up. So "proc" is last: in
// the child it runs first, and gives the others their process entry and their name on locks.
//
// What needs no line: descriptors, working directory, ids and limits are in the child's entry since
// proc_claim(), with no signal pending and no alarm; the heap, the stack and signal handlers are
// memory the clone copied; locks in the window are not held over a fork; the host's timer is off in
// a clone (abi/pv.h).

#include "kernel/proc/forktable.h"
#include "kernel/time/clock.h"
#include "kernel/dev/driver.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/random.h"
#include "kernel/proc/vfork.h"
#include "kernel/thread/thread.h"

const struct fork_hook fork_table[] = {
    // Requests finish, and both sides find devices and queues as they were: cloned together.
    {.name = "drivers", .prepare = drivers_fork_prepare},
    // No interval timer is inherited; the limit of processor time is, and counts from 0.
    {.name = "timer", .child = timer_fork_child},
    // A clone of a vforked child is a process of its own, not the child's parent.
    {.name = "vfork", .child = vfork_fork_child},
    // Where a call sets the thread pointer, a clone starts without.
    {.name = "thread", .child = thread_fork_child},
    // Processor time starts at 0: times(2), getrusage(2).
    {.name = "clock", .child = clock_fork_child},
    // The child's seed is its own: no two processes draw the same numbers.
    {.name = "random", .child = random_boot},
    {.name = "proc", .prepare = proc_fork_prepare, .child = proc_fork_child},
};

const uint32_t fork_table_len = ARRAY_LEN(fork_table);
