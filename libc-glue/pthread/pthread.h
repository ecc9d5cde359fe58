// SPDX-License-Identifier: BSD-2-Clause
// What the files of this folder share: a thread's record, and waiting for words.
//
// The kernel runs __pt_threads in turn on one processor and gives one primitive, to wait while a
// word has a value (kernel/sys.h: sys_word_wait()). Whoever changes a word that may be waited for
// wakes afterwards. Objects in shared memory work the same; so all changes of them are atomic, also
// where one processor alone would not ask for it.
#ifndef RAMET_GLUE_PTHREAD_H
#define RAMET_GLUE_PTHREAD_H

#include <limits.h>
#include <pthread.h>
#include <reent.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "kernel/api/thread.h"
#include "libc-glue/glue.h"

#define KEYS_MAX PTHREAD_KEYS_MAX
#define FOREVER  UINT64_MAX

#define THREAD_ID 0x1fffffffu // the bits of an id in a lock's word

// A lock of this library's own, without cancellation and errno.
struct quick_lock {
    uint32_t word; // 0 free, 1 taken, 2 taken and waited for
};

enum thread_fate { THREAD_JOINABLE, THREAD_DETACHED, THREAD_JOINED };

// Of the first thread it is a variable; of another it lies behind its stack, where its thread
// pointer points. pthread_t is its address.
struct thread {
    void *pointer; // its own address (psABI "Thread-Local Storage"); NULL: no such variables
    void *reserved[4];
    uintptr_t guard_value; // where code built with -fstack-protector looks
    struct thread *next;   // of all that live, or of those whose memory may be used again
    uint32_t live;         // 1 until it has left its stack: then the kernel writes 0
    uint32_t id;           // in locks; unlike tid it stays what it is in the child of a fork
    int32_t tid;
    enum thread_fate fate;
    uint32_t over; // set by the end of a thread and by its detachment: the second one forgets it
    void *result;
    void *(*start)(void *);
    void *arg;
    struct __pthread_cleanup *cleanup;
    pthread_mutex_t *robust; // those it has, by __next and __before
    void *values[KEYS_MAX];
    // Its memory (stack.c).
    uint8_t *map;
    size_t map_len, guard;
    uint8_t *stack;
    size_t stack_len;
    struct _reent *reent;
    void *kernel; // K_THREAD_SIZE bytes
};
_Static_assert(offsetof(struct thread, guard_value) == 0x28, "psABI: %fs:0x28");

// The calling thread's.
struct thread *__pt_self(void);
// All that live, and what keeps their list.
extern struct thread *__pt_threads;
extern struct quick_lock __pt_threads_lock;
// The first thread's, which exists before main().
extern struct thread __pt_first_thread;
// Whether a second thread has ever been made: until then locks have nobody to keep out.
extern int __pt_threads_many;

// --- attr.c ---
// Sets an attribute to one of two values. 0 or EINVAL.
int __pt_set_either(int *field, int value, int a, int b);

// --- stack.c ---
#define STACK_USUAL (128u * 1024) // unless an attribute says so
#define GUARD_USUAL 4096u
// Memory for a thread, its record in it zero but for what describes it. NULL: there is none.
struct thread *__pt_memory(const pthread_attr_t *a);
// A thread's that ends or has ended: used again, or given back, once it is off it.
void __pt_forget(struct thread *t);
// Of a child of fork(): the memory of the __pt_threads that it has not.
void __pt_forget_all(void);

// --- word.c ---
void __pt_quick_take(struct quick_lock *l);
void __pt_quick_drop(struct quick_lock *l);

// Waits while *word is `value`. 0 when it may have changed, EINTR, ETIMEDOUT, ECANCELED is never
// returned: a cancelled thread ends here if `point` says that this is a cancellation point.
int __pt_glue_wait(const uint32_t *word, uint32_t value, uint64_t deadline, int point);
static inline void __pt_glue_wake(const uint32_t *word, uint32_t n)
{
    sys_word_wake(word, n);
}

// The monotonic nanoseconds at which `ts` of `clock` is; 0 and EINVAL if it is no time.
int __pt_wait_deadline(clockid_t clock, const struct timespec *ts, uint64_t *deadline);

// A mutex without looking for cancellation (for pthread_cond_wait()). 0 or an error number.
int __pt_mutex_take(pthread_mutex_t *m, uint64_t deadline);
// The thread ends: whatever robust mutexes it has.
void __pt_robust_release(struct thread *t);
// --- stream.c: locks of streams ---
void __pt_stream_locks_make(void);                 // before the second thread
void __pt_stream_locks_release(struct thread *t);  // what a thread leaves behind
void __pt_stream_locks_reset(struct thread *self); // in a fork's child: what all others had
void __pt_fork_calls_set(void); // atfork.c: from here on fork() sees to the __pt_threads

// Runs the handlers and destructors of the calling thread and ends it.
_Noreturn void __pt_end(void *result);
void __pt_cancelled_end(void); // the same, cancelled
void __pt_keys_destroy(struct thread *t);

#endif
