// SPDX-License-Identifier: BSD-2-Clause
// A thread, as the kernel sees it.
//
// All that a call in progress keeps, and that is not on its stack, is here; a file of the kernel
// has no variable of its own for it. What stays outside belongs to the process (dispositions,
// memory, who we are: proc_self) or to the window. A member has one processor, and the kernel is
// never preempted: while one thread is in it, the others stand still, until that one waits or
// leaves. So nothing private needs a lock.
// Neighbours: thread.c (the first one, and what every program links), sched.c (who runs), calls.c
// (new ones and their ends), word.c (waiting on a word), upcall.c (depth), signal/deliver.c (masks
// and handlers), signal/signal.c (marks).
#ifndef RAMET_KERNEL_THREAD_H
#define RAMET_KERNEL_THREAD_H

#include <stdint.h>
#include "abi/pv.h"
#include "kernel/api/signal.h"
#include "kernel/api/thread.h"
#include "kernel/proc/proc.h"

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

// Room for what is too large for the program's stack, one for all threads: nothing in it is needed
// after a wait. Nor does it outlive the call that filled it, and a handler that the call runs on
// its way out may fill it anew. What is needed over a wait is in thread_room().
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
    char strings[SCRATCH_BODY]; // exec.c
};
extern struct scratch thread_scratch;

// Of a thread, over the waits of one call.
struct thread_room {
    union {
        uint8_t bytes[SCRATCH_BODY];                                 // of a vector
        struct waitq *queues[SCRATCH_BODY / sizeof(struct waitq *)]; // of a poll
    };
};

enum thread_state {
    THREAD_RUNNING = 0, // `current`
    THREAD_READY = 1,   // in the run queue
    THREAD_BLOCKED = 2, // in a wait: a change may end it
    THREAD_PARKED = 3,  // on a word of its own memory: only sys_word_wake() ends it
    THREAD_ENDED = 4,
};

#define THREAD_FILES 2u // that a call works with over a wait, at most: sendfile()

struct kthread {
    struct k_thread pub; // first: what the C library knows
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
    struct thread_room *room; // thread_room(), once it was asked for

    // Signals sent to this thread alone, and what those of plain numbers carry.
    uint64_t directed;
    struct proc_siginfo directed_info[PROC_PLAIN_SIGS];
    uint64_t awaits; // signals that its sigwait() waits for
    // The descriptions behind the last descriptors of the call in progress; and of those that were
    // closed meanwhile, the references that went over to this call.
    uint32_t borrows;
    struct file *borrowed[THREAD_FILES], *kept[THREAD_FILES];

    // While it does not run.
    enum thread_state state;
    struct kthread *next, *prev; // in the list of its state
    struct kthread *sibling;     // in thread_list
    const struct wait *wait;     // BLOCKED
    const uint32_t *word;        // PARKED
    uint64_t deadline;           // of either
    int woken;                   // PARKED: by sys_word_wake()
    void *sp;                    // where arch_switch() goes on
    uint64_t blocked;            // its mask; of `current` it is in its entry
    void *reent;                 // the C library's word (sys_thread_start())
    struct k_thread_start start;
    // Processor time, ns: of it before it was last switched to, and when that was.
    uint64_t cpu_ns, since_ns;
    uint64_t asleep_ns; // wait_asleep_ns at that time
};
_Static_assert(sizeof(struct kthread) <= K_THREAD_SIZE, "the C library has room for it");

extern struct kthread *current;

// The calling thread's room, or NULL: no memory for it (-ENOMEM).
struct thread_room *thread_room(void);

// Sets the thread pointer, and keeps it for clones.
void thread_set_pointer(void *pointer);

// What a program with several threads does at certain moments (sched.c). NULL: it has one.
struct file;
struct thread_hooks {
    void (*events)(uint32_t bits);   // PV_EVENT_* were handled: who is to look?
    void (*turn)(void);              // about to go on with the program: is it another's turn?
    int (*yield)(void);              // sched_yield(): whether another had a turn
    void (*left)(void);              // a call is over: what it borrowed may go
    void (*forget)(uint64_t set);    // signals of all threads
    int (*keep_file)(struct file *); // descriptor closed: whether a call in progress keeps the file
    void (*ended)(void);             // the process ends: so do all calls in progress
    void (*rejoin)(void);            // thread_alone_end()
    // The processor time of a thread, ns; 0: the calling one. 0 or -ESRCH.
    int (*cpu_time)(int tid, uint64_t *ns);
};
extern const struct thread_hooks *thread_hooks;

// All threads of the process, the first one first.
extern struct kthread *thread_list;

// Until the end no other thread runs: the process stops, ends, or acts in a child's name. Nests.
void thread_alone_begin(void);
void thread_alone_end(void);
// For good: the process ends, or becomes another program.
void thread_end_others(void);

// When the scheduler wants the timer (kernel/time/alarm.c), ns of the monotonic clock.
extern uint64_t thread_due;

// What sys_gettid() says: the first thread's is the pid, also in the child of a fork.
static inline int32_t thread_number(const struct kthread *t)
{
    return t->pub.tid ? t->pub.tid : proc_vm->pid;
}

// Signals that are pending for the calling thread, blocked or not.
static inline uint64_t thread_pending(void)
{
    return atomic_load(&proc_vm->sig_pending) | current->directed;
}

// Processor time of a thread, ns.
uint64_t thread_cpu_ns(const struct kthread *t);

// Whether the thread is asked to end, and does so now: a wait in a cancellation point ends.
static inline int thread_cancelled(void)
{
    return current->pub.pending && (current->pub.state & K_CANCEL_POINT) &&
           !(current->pub.state & K_CANCEL_DISABLED);
}

// Fork table, in the child.
void thread_fork_child(void);

#endif
