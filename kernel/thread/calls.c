// SPDX-License-Identifier: BSD-2-Clause
// Threads come and go: their beginning, their end, their names, and what is sent to one alone.
//
// The record of a thread is memory of the C library's, which has it for as long as the thread is:
// the kernel allocates nothing. Neighbours: sched.c (who runs), libc-glue/pthread (the only
// caller), docs/threads.md.

#include "kernel/api/errno.h"
#include "kernel/api/wait.h"
#include "kernel/arch.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/proc/vfork.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/signal/signal.h"
#include "kernel/sys.h"
#include "kernel/thread/sched.h"

// Numbers of threads but the first ones, whose number is the pid: above all pids, unique in the
// family for as long as it lasts.
#define TID_FIRST (1u << 22)
#define TID_MASK  (TID_FIRST - 1)

// Comes round after some four million threads of the family: one that has lived through all of them
// could meet its number again, which is not looked for.
static int32_t new_tid(void)
{
    uint32_t n = __atomic_fetch_add(&window_root()->next_tid, 1, __ATOMIC_RELAXED);
    return (int32_t)(TID_FIRST + (n & TID_MASK));
}

// The list is short, and walked only where threads come and go: nothing has to be kept in step.
static uint32_t thread_count(void)
{
    uint32_t n = 0;
    for (const struct kthread *t = thread_list; t; t = t->sibling)
        n++;
    return n;
}

// A new thread's first steps, on its stack: it comes out of the kernel like one whose turn it is.
_Noreturn static void thread_begin(void)
{
    const struct k_thread_start *start = &current->start;
    kernel_depth_set(0);
    start->entry(start->arg);
    panic("a thread has returned");
}

// All that may be missing is looked at before anything is changed, so an error leaves no trace. The
// new thread is last in line and the caller goes on; it has no alternate signal stack, and the mask
// that is given with it.
long sys_thread_start(const struct k_thread_start *start, void **reent)
{
    if (user_readable(start, sizeof *start) < 0 ||
        user_writable(start->thread, K_THREAD_SIZE) < 0 ||
        user_writable(start->stack, start->stack_len) < 0 ||
        user_writable(reent, sizeof *reent) < 0)
        return -EFAULT;
    if (vfork_borrowed()) // there is one borrower
        return -EAGAIN;
    sys_enter();
    struct kthread *t = start->thread;
    memset(t, 0, sizeof *t);
    t->pub.self = start->self;
    t->pub.tid = new_tid();
    memcpy(t->pub.name, current->pub.name, sizeof t->pub.name);
    t->altstack.flags = SS_DISABLE;
    t->start = *start;
    t->pointer = start->pointer;
    t->reent = start->reent;
    t->blocked = start->sigmask & ~SIG_UNBLOCKABLE;
    t->depth = 1;
    t->sp = arch_stack_begin((uint8_t *)start->stack + start->stack_len, thread_begin);
    if (!wait_threads)
        sched_begin(reent);
    t->sibling = thread_list->sibling; // the first one stays the first
    thread_list->sibling = t;
    atomic_store(&proc_vm->threads, thread_count());
    sched_add(t);
    return sys_done(t->pub.tid);
}

// The first thread may leave, too: the next is first then, and the list never becomes empty.
static void leave_threads(struct kthread *t)
{
    struct kthread **link = &thread_list;
    while (*link != t)
        link = &(*link)->sibling;
    *link = t->sibling;
}

// The word is told last of all that can be seen: whoever sees it 0 may have the stack, since it
// runs only when this thread does not any more.
void sys_thread_exit(uint32_t *word)
{
    sys_enter(); // for good
    const uint32_t left = thread_count() - 1;
    if (left == 0)
        proc_exit(K_STATUS_EXIT(0)); // POSIX: as if exit(0) had been called, which the caller has
    thread_hooks->left();
    leave_threads(current);
    atomic_store(&proc_vm->threads, left);
    // What was sent to the process and this thread was to take, another may.
    thread_hooks->events(0);
    if (word && user_writable(word, sizeof *word) == 0) {
        __atomic_store_n(word, 0, __ATOMIC_SEQ_CST);
        word_wake(word, UINT32_MAX);
    }
    current->state = THREAD_ENDED;
    sched_switch();
    panic("a thread goes on after its end");
}

// --- signals to one thread ---

// What ends, stops or continues does so to the process, whoever it was sent to (XSH 2.4).
#define OF_PROCESS (SIG_UNBLOCKABLE | SIG_BIT(SIGCONT))

// A signal of real time is queued with the receiver's number, others are one bit and the latest
// sender. Only a queue that is full is an error, and only for who sends with a value.
static long post_directed(struct kthread *t, int sig, int code, uint64_t value)
{
    const struct proc_siginfo info = {
        .code = code, .pid = proc_self->pid, .uid = proc_self->uid, .value = value};
    if (!thread_hooks || (SIG_BIT(sig) & OF_PROCESS)) // a lone thread is the process
        return signal_post(proc_vm, sig, &info);
    if (signal_drops(sig, t == current ? atomic_load(&proc_vm->sig_blocked) : t->blocked))
        return 0;
    if (SIG_BIT(sig) & SIG_QUEUED) {
        proc_lock();
        int r = signal_queue_put(proc_vm, sig, &info, thread_number(t));
        proc_unlock();
        if (r < 0 && code == SI_QUEUE)
            return r;
    } else {
        t->directed_info[sig - 1] = info;
    }
    t->directed |= SIG_BIT(sig);
    return 0;
}

// Signal 0 asks whether the thread is there. ESRCH of one that has ended, though the C library may
// still have its record.
long sys_thread_kill(int tid, int sig, int code, uint64_t value)
{
    long r;
    if (sig < 0 || sig > K_NSIG)
        return -EINVAL;
    sys_enter();
    struct kthread *t = thread_find(tid);
    r = t ? 0 : -ESRCH;
    if (t && sig)
        r = post_directed(t, sig, code, value);
    if (thread_hooks)
        thread_hooks->events(0); // whoever waits wakes for it
    return sys_done(r);
}

// Only notes it and wakes the thread: it looks for itself whether it waits in a cancellation point,
// and waits on if not.
long sys_thread_cancel(int tid)
{
    sys_enter();
    struct kthread *t = thread_find(tid);
    if (t) {
        t->pub.pending |= K_CANCEL_PENDING;
        if (t->state == THREAD_BLOCKED || t->state == THREAD_PARKED)
            sched_ready(t, 0);
    }
    return sys_done(t ? 0 : -ESRCH);
}

// --- names ---

// Either pointer may be NULL, and with both the old name is not seen any more. A thread without a
// name is called as its process is.
long sys_thread_name(int tid, char *get, const char *set)
{
    if ((get && user_writable(get, K_THREAD_NAME) < 0) ||
        (set && user_strlen(set, K_THREAD_NAME) < 0))
        return -EFAULT;
    sys_enter();
    struct kthread *t = thread_find(tid);
    if (t && set)
        memcpy(t->pub.name, set, (size_t)user_strlen(set, K_THREAD_NAME));
    if (t && get)
        memcpy(get, t->pub.name[0] ? t->pub.name : proc_self->comm, K_THREAD_NAME);
    return sys_done(t ? 0 : -ESRCH);
}
