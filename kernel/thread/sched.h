// SPDX-License-Identifier: BSD-2-Clause
// The scheduler's inner side: for the files of this folder (kernel/thread/sched.c).
#ifndef RAMET_KERNEL_SCHED_H
#define RAMET_KERNEL_SCHED_H

#include "kernel/thread/thread.h"

// Threads in one state, the one that came first at the head.
struct thread_queue {
    struct kthread *head, *tail;
};
void thread_queue_push(struct thread_queue *q, struct kthread *t);
void thread_queue_remove(struct thread_queue *q, struct kthread *t);

// Threads that are parked on words, by the word's address.
struct thread_queue *sched_parked(const void *word);

// From the first sys_thread_start() on. `reent` is a pointer of the C library's that each thread
// finds as it left it.
void sched_begin(void **reent);
// A new thread is ready.
void sched_add(struct kthread *t);

// Makes a blocked or parked thread ready. `first`: it is next.
void sched_ready(struct kthread *t, int first);
// Runs whoever is ready, or sleeps until somebody is. `current` is in a state that says when it
// goes on, and this returns then; of one that has ended it does not return.
void sched_switch(void);
// The timer is wanted at `ns`, if not earlier.
void sched_want_timer(uint64_t ns);

// Wakes up to n threads that wait for the word to change, which it has; of one in the window, all
// of all members. How many, of private words. (word.c)
uint32_t word_wake(const uint32_t *word, uint32_t n);

// The thread of that number, 0: the calling one. NULL: there is none. (hooks.c)
struct kthread *thread_find(int32_t tid);

// --- hooks.c: what struct thread_hooks says of each ---
void thread_left(void);
int thread_keep_file(struct file *f);
void thread_forget_signals(uint64_t set);
void thread_calls_end(void);
int thread_time(int tid, uint64_t *ns);

#endif
