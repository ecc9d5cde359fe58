// SPDX-License-Identifier: BSD-2-Clause
// What the rest of the kernel asks of a process with several threads, but for who runs (sched.c):
// descriptors that are closed behind a call in progress, signals of all threads, a thread's time.

#include "kernel/api/errno.h"
#include "kernel/file/file.h"
#include "kernel/thread/sched.h"

void thread_left(void)
{
    struct file *kept = current->kept;
    current->borrowed = current->kept = NULL;
    if (kept)
        file_unref(kept);
}

// A descriptor is closed while another thread's call works with what is behind it. The reference
// goes over to that call.
int thread_keep_file(struct file *f)
{
    for (struct kthread *t = thread_list; t; t = t->sibling)
        if (t != current && t->borrowed == f && !t->kept) {
            t->kept = f;
            return 1;
        }
    return 0;
}

void thread_forget_signals(uint64_t set)
{
    for (struct kthread *t = thread_list; t; t = t->sibling)
        t->directed &= ~set;
}

// The process ends: what calls in progress have kept.
void thread_calls_end(void)
{
    for (struct kthread *t = thread_list; t; t = t->sibling) {
        struct file *kept = t->kept;
        t->kept = NULL;
        if (kept)
            file_unref(kept);
    }
}

int thread_time(int tid, uint64_t *ns)
{
    const struct kthread *t = tid == 0 ? current : thread_list;
    while (tid && t && (t->pub.tid ? t->pub.tid : proc_vm->pid) != tid)
        t = t->sibling;
    if (t)
        *ns = thread_cpu_ns(t);
    return t ? 0 : -ESRCH;
}
