// SPDX-License-Identifier: BSD-2-Clause
// What pending signals carry: one siginfo a number for the plain ones, where the last sender's
// counts, and a queue for real-time signals, where each one sent is delivered, in order, with its
// value (POSIX sigqueue()).
//
// The queue of a process is a list of records in a table of the window, oldest first, under
// proc_lock. It is changed by one store to one link, so a VM that dies in the middle leaves a valid
// list and leaks a record at worst. The pending bit of a real-time signal stays set until its last
// record is taken. Neighbours: signal.c (sending), deliver.c and calls.c (taking).

#include "kernel/api/errno.h"
#include "kernel/lib.h"
#include "kernel/signal/signal.h"
#include "kernel/sys.h"
#include "kernel/thread/thread.h"
#include "kernel/root.h"

// A link is the record's number and 1, 0 the end. One that leads outside the table ends the list:
// it lies in the window.
static struct sig_record *sig_record_at(uint32_t link)
{
    const struct wtable *table = &window_root()->sig_records;
    return link && link <= table->count ? wtable_at(table, link - 1) : NULL;
}

#define ANY_TID (-1)

// The link that leads to the first record of one of `set`, or NULL. TID: sent to whom.
static uint32_t *find_link(struct proc *p, uint64_t set, int32_t tid)
{
    uint32_t *link = &p->sig_queue;
    for (struct sig_record *r; (r = sig_record_at(*link)); link = &r->next)
        if ((SIG_BIT(r->sig) & set) && (tid == ANY_TID || r->tid == tid))
            return link;
    return NULL;
}

static void unlink_record(uint32_t *link)
{
    struct sig_record *r = sig_record_at(*link);
    *link = r->next;
    wtable_free(&window_root()->sig_records, r);
}

// Under proc_lock. EAGAIN is what POSIX has sigqueue() say, when the receiver has RLIMIT_SIGPENDING
// of them or the family's table is full.
int signal_queue_put(struct proc *p, int sig, const struct proc_siginfo *info, int32_t tid)
{
    uint64_t n = 0, limit = p->rlimits[RLIMIT_SIGPENDING].cur;
    uint32_t *link = &p->sig_queue;
    for (struct sig_record *r; (r = sig_record_at(*link)); link = &r->next)
        n++;
    struct sig_record *new = n < limit ? wtable_claim(&window_root()->sig_records, 1) : NULL;
    if (!new)
        return -EAGAIN;
    new->sig = sig;
    new->tid = tid;
    new->info = *info;
    // Release: complete before it is in the list.
    __atomic_store_n(link, wtable_index(&window_root()->sig_records, new) + 1, __ATOMIC_RELEASE);
    return 0;
}

// TID: 0, or the calling thread's, of what was sent to it alone.
static struct proc_siginfo take_queued(struct proc *p, int sig, int32_t tid)
{
    // A bit without a record: there was no room for one (kill() is not refused for that).
    struct proc_siginfo info = {.code = SI_USER};
    proc_lock();
    uint32_t *link = find_link(p, SIG_BIT(sig), tid);
    if (link) {
        info = sig_record_at(*link)->info;
        unlink_record(link);
    }
    const int more = find_link(p, SIG_BIT(sig), tid) != NULL;
    if (!more && tid)
        current->directed &= ~SIG_BIT(sig);
    else if (!more)
        atomic_fetch_and(&p->sig_pending, ~SIG_BIT(sig));
    proc_unlock();
    return info;
}

// The information is read before the bit goes: a sender that comes in between is one with the
// signal that is taken.
struct proc_siginfo signal_take(int sig)
{
    struct proc *p = proc_vm;
    const int mine = (current->directed & SIG_BIT(sig)) != 0;
    if (SIG_BIT(sig) & SIG_QUEUED)
        return take_queued(p, sig, mine ? (int32_t)sys_gettid() : 0);
    if (mine) {
        current->directed &= ~SIG_BIT(sig);
        return current->directed_info[sig - 1];
    }
    struct proc_siginfo info = p->siginfo[sig - 1];
    atomic_fetch_and(&p->sig_pending, ~SIG_BIT(sig));
    return info;
}

// Under proc_lock; the pending bits are the caller's business.
void signal_queue_empty(struct proc *p, uint64_t set)
{
    for (uint32_t *link; (link = find_link(p, set, ANY_TID));)
        unlink_record(link);
}

void signal_forget(uint64_t set)
{
    struct proc *p = proc_vm;
    current->directed &= ~set;
    if (thread_hooks)
        thread_hooks->forget(set);
    if (!(set & SIG_QUEUED)) {
        atomic_fetch_and(&p->sig_pending, ~set);
        return;
    }
    proc_lock();
    atomic_fetch_and(&p->sig_pending, ~set);
    signal_queue_empty(p, set);
    proc_unlock();
}
