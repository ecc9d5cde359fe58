// SPDX-License-Identifier: BSD-2-Clause
// A thread's memory: one mapping,
//
//     [ guard | stack | thread-local variables | struct thread | struct _reent | the kernel's ]
//
// or without the first two, where the program gave a stack. It is kept for the next thread: to make
// a guard costs a call to the host. A thread that ends stands on its stack until the kernel has
// switched to another, so memory is taken again only when `live` is 0. Neighbour: thread.c.
#include <string.h>
#include <sys/mman.h>

#include "libc-glue/pthread/pthread.h"

#define PAGE      4096u
#define KEPT_MAX  64u // mappings
#define UP(n, to) (((n) + (to)-1) & ~((size_t)(to)-1))

// By the linker script (arch/x86_64/ramet.ld): the program's thread-local variables.
// Weak, as the compiler takes the address of another object never to be 0.
extern char __tls_start[], __tls_file_end[];
extern char __tls_size[] __attribute__((weak)), __tls_align[] __attribute__((weak));

// Memory of threads that are over, or nearly: linked by `next`, the youngest first.
static struct thread *kept;
static uint32_t nkept;
static struct quick_lock kept_lock;

// At least a cache line, so that the record, at which the variables end, is aligned as well.
static size_t tls_align(void)
{
    const size_t align = (size_t)__tls_align;
    return align < 64 ? 64 : align;
}

// Rounded up to their own alignment, as the linker does.
static size_t tls_len(void)
{
    const size_t align = (size_t)__tls_align;
    return align ? UP((size_t)__tls_size, align) : 0;
}

// From the end of the record to the end of the mapping.
static size_t tail_len(void)
{
    return UP(sizeof(struct thread), 64) + UP(sizeof(struct _reent), 64) + K_THREAD_SIZE;
}

// One that is as large as is asked for. Its guard is in place.
static struct thread *take_kept(size_t len, size_t guard)
{
    struct thread *t, **link = &kept;
    __pt_quick_take(&kept_lock);
    for (; (t = *link); link = &t->next)
        if (t->map_len == len && t->guard == guard && !__atomic_load_n(&t->live, __ATOMIC_ACQUIRE))
            break;
    if (t) {
        *link = t->next;
        nkept--;
    }
    __pt_quick_drop(&kept_lock);
    return t;
}

// The guard is at the low end, where a stack that grows down runs into it: a fault instead of
// another mapping's bytes. NULL when the memory or the guard cannot be had.
static uint8_t *new_mapping(size_t len, size_t guard)
{
    uint8_t *map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (map == MAP_FAILED)
        return NULL;
    if (guard && mprotect(map, guard, PROT_NONE) < 0) {
        munmap(map, len);
        return NULL;
    }
    return map;
}

// The variables end where the record begins, which is the thread pointer (psABI "Thread-Local
// Storage", variant II).
static struct thread *place_record(uint8_t *end)
{
    struct thread *t = (struct thread *)((uintptr_t)(end - tail_len()) & ~(tls_align() - 1));
    const size_t filled = (size_t)(__tls_file_end - __tls_start);
    uint8_t *block = (uint8_t *)t - tls_len();
    memset(t, 0, sizeof *t);
    t->pointer = tls_len() ? t : NULL;
    t->reent = (struct _reent *)((uint8_t *)t + UP(sizeof *t, 64));
    t->kernel = (uint8_t *)t->reent + UP(sizeof *t->reent, 64);
    if (tls_len()) {
        memcpy(block, __tls_start, filled);
        memset(block + filled, 0, tls_len() - filled);
    }
    return t;
}

// The lengths are rounded up to pages here, so that two threads with nearly the same attributes use
// each other's memory. A kept one's record is made anew; its stack holds what was left there.
struct thread *__pt_memory(const pthread_attr_t *a)
{
    const size_t guard = a->__stack ? 0 : UP(a->__guard_size, PAGE);
    const size_t stack = a->__stack ? 0 : UP(a->__stack_size, PAGE);
    const size_t len = guard + stack + UP(tail_len() + tls_len() + tls_align(), PAGE);
    struct thread *t = take_kept(len, guard);
    uint8_t *map = t ? t->map : new_mapping(len, guard);
    if (!map)
        return NULL;
    t = place_record(map + len);
    t->map = map;
    t->map_len = len;
    t->guard = guard;
    t->stack = a->__stack ? a->__stack : map + guard;
    t->stack_len =
        a->__stack ? a->__stack_size : (size_t)((uint8_t *)t - tls_len() - (map + guard));
    return t;
}

// Of what is kept nobody stands on most: one of those goes if there are too many.
void __pt_forget(struct thread *t)
{
    struct thread *gone = NULL, **link = &kept;
    __pt_quick_take(&kept_lock);
    if (nkept >= KEPT_MAX)
        while (*link && __atomic_load_n(&(*link)->live, __ATOMIC_ACQUIRE))
            link = &(*link)->next;
    if (nkept >= KEPT_MAX && (gone = *link))
        *link = gone->next;
    t->next = kept;
    kept = t;
    nkept += !gone;
    __pt_quick_drop(&kept_lock);
    if (gone)
        munmap(gone->map, gone->map_len);
}

// Their stacks stay mapped: variables on them may be in use (XSH fork() copies all memory).
void __pt_forget_all(void)
{
    kept_lock.word = 0;
    for (struct thread *t = kept; t; t = t->next)
        t->live = 0;
}
