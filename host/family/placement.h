// SPDX-License-Identifier: BSD-2-Clause
// Where a clone starts: on a small host, on another processor than its parent.
//
// Linux without scheduling domains (a small virtual machine, often) does not balance at fork(2):
// the child queues up behind its parent, who has a third of a millisecond of work before it blocks,
// while another processor is idle. So the child is moved once: by the supervisor, since a monitor
// has no say about other processes. A large host balances, and knows better than we which of its
// processors is idle.
#ifndef HOST_PLACEMENT_H
#define HOST_PLACEMENT_H

#include <sched.h>
#include <stdint.h>
#include <sys/types.h>

#define PLACEMENT_SMALL 8 // processors

struct placement {
    cpu_set_t allowed; // where the family may run
    int push;          // not 0: this is a small host, of more than one processor
};

// Looks at the host; in the supervisor, once.
void placement_init(struct placement *p);

// The caller's processor, or -1 where processes are not moved.
int placement_here(const struct placement *p);

// Moves a child of ours off that processor, or to it, whence it may go where the host likes. Errors
// do not matter: it only starts later.
void placement_move(const struct placement *p, pid_t child, uint32_t cpu, int off);

// Keeps the caller and the children it makes to one processor, the `n`th (from 0, in a circle),
// until placement_free(). Two that wake one another wake sooner there.
void placement_pin(const struct placement *p, unsigned n);
void placement_free(const struct placement *p, pid_t process);

// Keeps the caller to that processor until placement_return(), to where it was: `*home` is filled.
// 0, or -1: it may not run there.
int placement_follow(uint64_t cpu, cpu_set_t *home);
void placement_return(const cpu_set_t *home);

#endif
