// SPDX-License-Identifier: BSD-2-Clause
// What the rest of the kernel asks of a process with several threads, but for who runs (sched.c):
// descriptors that are closed behind a call in progress, signals of all threads, a thread's time.

#include "kernel/api/errno.h"
#include "kernel/file/file.h"
#include "kernel/thread/sched.h"

// What this thread was the last to use is closed now; what it has only borrowed is another's.
static void drop_kept(struct kthread *t)
{
    for (uint32_t i = 0; i < THREAD_FILES; i++) {
        struct file *kept = t->kept[i];
        t->borrowed[i] = t->kept[i] = NULL;
        if (kept)
            file_unref(kept);
    }
}

// The thread is in no call that needs a file any more: its end is the last one.
void thread_left(void)
{
    drop_kept(current);
}

// A descriptor is closed while another thread's call works with what is behind it. The reference
// goes over to that call.
int thread_keep_file(struct file *f)
{
    for (struct kthread *t = thread_list; t; t = t->sibling)
        for (uint32_t i = 0; t != current && i < THREAD_FILES; i++)
            if (t->borrowed[i] == f && !t->kept[i]) {
                t->kept[i] = f;
                return 1;
            }
    return 0;
}

// Signals that the process discards, as it ignores them: also those that were sent to one thread.
void thread_forget_signals(uint64_t set)
{
    for (struct kthread *t = thread_list; t; t = t->sibling)
        t->directed &= ~set;
}

// The process ends.
void thread_calls_end(void)
{
    for (struct kthread *t = thread_list; t; t = t->sibling)
        drop_kept(t);
}

struct kthread *thread_find(int32_t tid)
{
    struct kthread *t = tid == 0 ? current : thread_list;
    while (tid && t && thread_number(t) != tid)
        t = t->sibling;
    return t;
}

int thread_time(int tid, uint64_t *ns)
{
    const struct kthread *t = thread_find(tid);
    if (t)
        *ns = thread_cpu_ns(t);
    return t ? 0 : -ESRCH;
}
