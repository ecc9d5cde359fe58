// SPDX-License-Identifier: BSD-2-Clause
// Threads: what kernel and C library share of one, and the numbers of the calls about them
// (kernel/sys.h). Numbers are Ramet's own: on Linux threads are made by clone(2), futex(2) and
// signals.
#ifndef RAMET_KERNEL_API_THREAD_H
#define RAMET_KERNEL_API_THREAD_H

#include <stdint.h>

#define K_THREAD_NAME 16 // bytes of a name with its NUL, as Linux's

// The head of a thread, at the address that sys_thread_self() returns. Each side writes its own
// part, with the program's threads switched off or in the thread itself.
struct k_thread {
    // The C library's.
    void *self;        // its own record
    void (*end)(void); // asynchronous cancellation: called in the thread, never returns
    uint32_t state;    // K_CANCEL_*, but for PENDING
    uint32_t reserved;
    // The kernel's, for reading.
    int32_t tid;
    uint32_t pending; // K_CANCEL_PENDING
    char name[K_THREAD_NAME];
};

#define K_CANCEL_DISABLED 1u // pthread_setcancelstate()
#define K_CANCEL_ASYNC    2u // pthread_setcanceltype()
#define K_CANCEL_POINT    4u // in a cancellation point: a wait in the kernel may end for it
#define K_CANCEL_PENDING  1u // asked for by sys_thread_cancel()

// What a new thread is made of. All of it is the caller's memory, and belongs to the thread until
// it has ended.
struct k_thread_start {
    void (*entry)(void *arg); // must not return: it ends by sys_thread_exit()
    void *arg;
    void *self;         // for k_thread.self
    void *thread;       // K_THREAD_SIZE bytes, 64-aligned: the kernel's record
    void *stack;        // the lowest address
    uint64_t stack_len; // bytes
    void *pointer;      // the thread pointer, of a program that has thread-local variables
    void *reent;        // what *impure is while the thread runs
    uint64_t sigmask;   // blocked signals
};

#define K_THREAD_SIZE 4096 // of the kernel's record of a thread

// Flags of sys_word_wait().
#define K_WORD_ANY    0u
#define K_WORD_NO_SIG 1u // a signal does not end the wait (it is handled, and the wait goes on)
#define K_WORD_OWNED  2u // the next word is a member's (sys_member()): -EOWNERDEAD when it is dead

#endif
