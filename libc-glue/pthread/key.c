// SPDX-License-Identifier: BSD-2-Clause
// Thread-specific data: keys of the process, values of each thread.
#include "libc-glue/pthread/pthread.h"

static struct {
    int used;
    void (*destructor)(void *);
} keys[KEYS_MAX];
static struct quick_lock keys_lock;

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    int r = EAGAIN;
    quick_take(&keys_lock);
    for (unsigned i = 0; i < KEYS_MAX && r; i++)
        if (!keys[i].used) {
            keys[i].used = 1;
            keys[i].destructor = destructor;
            *key = i;
            r = 0;
        }
    quick_drop(&keys_lock);
    return r;
}

// The next key of that number begins with NULL in all threads (XSH pthread_key_create()).
int pthread_key_delete(pthread_key_t key)
{
    if (key >= KEYS_MAX || !keys[key].used)
        return EINVAL;
    quick_take(&threads_lock);
    for (struct thread *t = threads; t; t = t->next)
        t->values[key] = NULL;
    quick_drop(&threads_lock);
    keys[key].destructor = NULL;
    keys[key].used = 0;
    return 0;
}

void *pthread_getspecific(pthread_key_t key)
{
    return key < KEYS_MAX ? thread_self()->values[key] : NULL;
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
    if (key >= KEYS_MAX || !keys[key].used)
        return EINVAL;
    thread_self()->values[key] = (void *)(uintptr_t)value;
    return 0;
}

// A destructor may set values again: so often, and no more.
void keys_destroy(struct thread *t)
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
