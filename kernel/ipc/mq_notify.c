// SPDX-License-Identifier: BSD-2-Clause
// POSIX message queues: mq_notify().
//
// One process may ask to be told of the next message that finds the queue empty. It is told once.
// The registration is a process's: it goes with any descriptor of the queue that the process
// closes, so with its end, too.
// Neighbours: mq_message.c (who tells), kernel/file/fd.c (who closes), kernel/signal (the signal).

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/mqueue.h"
#include "kernel/api/signal.h"
#include "kernel/entry.h"
#include "kernel/ipc/mq.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/signal/signal.h"
#include "kernel/sys.h"

// Taken away whether or not there is a signal to be sent: once is all that was asked for.
int mq_take_notice(struct mq *q, struct mq_notice *notice)
{
    *notice = (struct mq_notice){q->notify_pid, q->notify_sig, q->notify_value};
    q->notify_pid = 0;
    return notice->pid && notice->sig;
}

// With no lock held: it wakes the process.
void mq_send_notice(const struct mq_notice *notice)
{
    struct proc_siginfo info = {
        .code = SI_MESGQ, .pid = proc_self->pid, .uid = proc_self->uid, .value = notice->value};
    proc_lock();
    struct proc *p = proc_find(notice->pid);
    if (p && !p->dead)
        signal_post(p, notice->sig, &info);
    proc_unlock();
    signal_kick();
}

void mq_closed(const struct proc *p, const struct file *f)
{
    struct mq *q = wref_ptr(f->object);
    if (__atomic_load_n(&q->notify_pid, __ATOMIC_RELAXED) != p->pid)
        return; // ours would be seen
    mq_lock(q);
    if (q->notify_pid == p->pid)
        q->notify_pid = 0;
    mq_unlock(q);
}

// NULL gives the registration up, if it is the caller's.
static long register_notice(struct mq *q, const struct k_sigevent *event)
{
    long r = 0;
    mq_lock(q);
    if (!event) {
        if (q->notify_pid == proc_self->pid)
            q->notify_pid = 0;
    } else if (q->notify_pid) {
        r = -EBUSY;
    } else {
        q->notify_sig = event->notify == K_SIGEV_SIGNAL ? event->signo : 0;
        q->notify_value = event->value;
        q->notify_pid = proc_self->pid;
    }
    mq_unlock(q);
    return r;
}

// SIGEV_THREAD needs a thread to be started when the message comes.
static long check_event(const struct k_sigevent *event)
{
    if (user_readable(event, sizeof *event) < 0)
        return -EFAULT;
    if (event->notify == K_SIGEV_THREAD)
        return -ENOSYS;
    if (event->notify != K_SIGEV_NONE && event->notify != K_SIGEV_SIGNAL)
        return -EINVAL;
    if (event->notify == K_SIGEV_SIGNAL && (event->signo <= 0 || event->signo > K_NSIG))
        return -EINVAL;
    return 0;
}

// The event is looked at before the descriptor, as on Linux.
static long do_notify(int fd, const struct k_sigevent *event)
{
    struct file *f;
    long r = event ? check_event(event) : 0;
    if (r < 0)
        return r;
    struct mq *q = mq_of(fd, O_RDWR, &f);
    return q ? register_notice(q, event) : -EBADF;
}

long sys_mq_notify(int fd, const struct k_sigevent *event)
{
    sys_enter();
    return sys_done(do_notify(fd, event));
}
