// SPDX-License-Identifier: BSD-2-Clause
// Thread-specific data: keys of the process, values of each thread.
#include "libc-glue/pthread/pthread.h"

// The lowest free number is given first, so a program with few keys uses the beginning of every
// thread's values only.
static struct {
    int used;
    void (*destructor)(void *);
} keys[KEYS_MAX];
static struct quick_lock keys_lock;

// EAGAIN when PTHREAD_KEYS_MAX are in use. All threads have NULL at a new key, as a deleted one's
// values were cleared. DESTRUCTOR may be NULL.
int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    int r = EAGAIN;
    __pt_quick_take(&keys_lock);
    for (unsigned i = 0; i < KEYS_MAX && r; i++)
        if (!keys[i].used) {
            keys[i].used = 1;
            keys[i].destructor = destructor;
            *key = i;
            r = 0;
        }
    __pt_quick_drop(&keys_lock);
    return r;
}

// The next key of that number begins with NULL in all __pt_threads (XSH pthread_key_create()).
int pthread_key_delete(pthread_key_t key)
{
    if (key >= KEYS_MAX || !keys[key].used)
        return EINVAL;
    __pt_quick_take(&__pt_threads_lock);
    for (struct thread *t = __pt_threads; t; t = t->next)
        t->values[key] = NULL;
    __pt_quick_drop(&__pt_threads_lock);
    keys[key].destructor = NULL;
    keys[key].used = 0;
    return 0;
}

// NULL for a number that is no key, too: there is no way to tell of an error, and POSIX leaves it
// undefined. Needs no lock, as a thread's values are its own.
void *pthread_getspecific(pthread_key_t key)
{
    return key < KEYS_MAX ? __pt_self()->values[key] : NULL;
}

// What was there before is not destroyed: that is the caller's (XSH pthread_setspecific()). EINVAL
// for a key that is not in use.
int pthread_setspecific(pthread_key_t key, const void *value)
{
    if (key >= KEYS_MAX || !keys[key].used)
        return EINVAL;
    __pt_self()->values[key] = (void *)(uintptr_t)value;
    return 0;
}

// A destructor may set values again: so often, and no more.
void __pt_keys_destroy(struct thread *t)
{
    int again = 1;
    for (int round = 0; again && round < PTHREAD_DESTRUCTOR_ITERATIONS; round++) {
        again = 0;
        for (unsigned i = 0; i < KEYS_MAX; i++) {
            void *value = t->values[i];
            t->values[i] = NULL;
            if (value && keys[i].destructor) {
                keys[i].destructor(value);
                again = 1;
            }
        }
    }
}
