// SPDX-License-Identifier: BSD-2-Clause
// A thread, as the kernel sees it: what a second one would have of its own.
//
// All that a call in progress keeps, and that is not on its stack, is here; a file of the kernel
// has no variable of its own for it. What stays outside belongs to the process (dispositions,
// memory, who we are: proc_self) or to the window. There is one thread: `current` never changes.
// Neighbours: upcall.c (depth), signal/deliver.c (masks and handlers), signal/signal.c (marks).
#ifndef RAMET_KERNEL_THREAD_H
#define RAMET_KERNEL_THREAD_H

#include <stdint.h>
#include "abi/pv.h"
#include "kernel/api/signal.h"

// Slots to wake, to interrupt and to end: collected under proc_lock, acted on by signal_kick(). A
// bit a slot.
#define SLOT_WORDS (PV_MAX_SLOTS / 64 + 1)
struct slot_marks {
    uint64_t words; // which words below are not 0
    uint64_t wake[SLOT_WORDS];
    uint64_t interrupt[SLOT_WORDS];
    uint64_t kill[SLOT_WORDS];
};
_Static_assert(SLOT_WORDS <= 64, "slot_marks.words has a bit for each");

// Room for what is too large for the program's stack. Nothing in it outlives the call that filled
// it, and a handler that the call runs on its way out may fill it anew.
#define SCRATCH_PATH 4096u
#define SCRATCH_BODY PV_ARG_MAX
struct scratch {
    // path.c: a symlink's target joined with the rest of the path. Two: the rest may lie in one.
    char joined[2][SCRATCH_PATH];
    // The path that is the call's result, or a part of it. No path is walked while it is in use.
    char path[SCRATCH_PATH];
    // exec.c: the first lines of scripts, and what they name.
    struct script {
        char head[256];
        char *interpreter;
        char *argument; // or NULL
    } scripts[4];
    // One of: exec's strings, the bytes of a vector, the queues of a poll.
    union {
        char strings[SCRATCH_BODY];
        uint8_t bytes[SCRATCH_BODY];
        struct waitq *queues[SCRATCH_BODY / sizeof(struct waitq *)];
    };
};

struct kthread {
    // 0 while the program runs; system calls and upcalls count up. Delivery sets it to 0 for a
    // handler and back afterwards (a handler may never return).
    uint32_t depth;
    // The pid that the child of the fork in progress must find in its entry.
    int32_t expected_pid;
    // Of the C library's thread-local storage. A clone may have lost it (fork table).
    void *pointer;
    // The blocked mask that sigsuspend or ppoll replaced, while it is replaced.
    int mask_pushed;
    uint64_t pushed_mask;
    // Handlers run so far. A call that POSIX never restarts remembers it, and returns -EINTR
    // instead of starting again when it has changed:
    //     uint64_t seen = current->handled;
    //     do {
    //         sys_enter();
    //         r = current->handled != seen ? -EINTR : work();
    //     } while (sys_leave(&r));
    uint64_t handled;
    struct k_stack altstack;
    struct slot_marks marks;
    struct scratch *scratch;
};

extern struct kthread *current;

// Sets the thread pointer, and keeps it for clones.
void thread_set_pointer(void *pointer);

// Fork table, in the child.
void thread_fork_child(void);

#endif
