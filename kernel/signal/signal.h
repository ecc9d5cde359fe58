// SPDX-License-Identifier: BSD-2-Clause
// Signals: posting them to other VMs, and delivering them in this one.
//
// What a sender must see (pending, blocked, ignored, caught) is in struct proc, in the window; the
// dispositions themselves are function addresses, so they are private memory, cloned by fork and
// gone with exec. A signal is posted in two steps because posting happens under proc_lock and
// waking is a call to the host, which must not be made under a lock. Neighbours:
// kernel/signal/signal.c (posting, kill), calls.c (masks and waits), deliver.c (handlers), fault.c
// (exceptions). docs/signals.md has the whole picture.
#ifndef RAMET_KERNEL_SIGNAL_H
#define RAMET_KERNEL_SIGNAL_H

#include <stdint.h>
#include "abi/pv.h"
#include "kernel/api/signal.h"
#include "kernel/proc/proc.h"

#define SIG_BIT(sig) (UINT64_C(1) << ((sig)-1))

// Signals that nothing can block, catch or ignore.
#define SIG_UNBLOCKABLE (SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP))
// Signals whose default action stops the process, and those whose default action does nothing.
#define SIG_STOPS (SIG_BIT(SIGSTOP) | SIG_BIT(SIGTSTP) | SIG_BIT(SIGTTIN) | SIG_BIT(SIGTTOU))
#define SIG_DEFAULT_IGNORED                                                                        \
    (SIG_BIT(SIGCHLD) | SIG_BIT(SIGURG) | SIG_BIT(SIGWINCH) | SIG_BIT(SIGCONT))

// Real-time signals: each one sent is delivered (queue.c).
#define SIG_QUEUED  (~UINT64_C(0) << PROC_PLAIN_SIGS)
#define SIG_RECORDS 2048u // of them that may be pending in a family

// One that is pending, in the window.
struct sig_record {
    uint32_t used; // 0: free
    uint32_t next; // the next younger one of the process, its index + 1
    int32_t sig;
    int32_t tid; // of the thread it was sent to; 0: to the process
    struct proc_siginfo info;
    uint32_t reserved[6];
};
_Static_assert(sizeof(struct sig_record) == 64, "objects of a table are multiples of 64 bytes");

// --- this process's dispositions (calls.c) ---
extern struct k_sigaction signal_actions[K_NSIG + 1]; // [1..K_NSIG]

// Sets the dispositions up from what the window kept over exec. At boot, after proc_boot().
void signal_boot(void);
// Keeps in the window what exec lets survive: handlers become SIG_DFL. Just before pv_exec().
void signal_exec(struct proc *p);

// Signals of this process that would be acted on now: pending, not blocked, and not ignored.
uint64_t signal_active(void);
// Whether a wait must end: signal_active() is not 0. Used by wait_for().
int signal_deliverable(void);
// Whether sys_leave() must call signal_deliver_syscall(): the above, or a mask waits to be
// restored.
int signal_work(void);

// Forgets signals that are pending, not blocked and ignored: they must not turn up when the
// disposition changes. (SIGCONT is always posted, for it ends a stop.)
void signal_drop_ignored(void);

// A program's siginfo_t from what a sender left in the window.
void signal_fill_info(struct k_siginfo *info, int sig, const struct proc_siginfo *from);

// Replaces the blocked mask until sys_leave() has delivered signals (sigsuspend, ppoll). In the
// kernel.
void signal_mask_push(uint64_t mask);

// Holds all signals back but those that nothing holds back, for a call that acts in another
// process's name. Returns the mask for signal_release().
uint64_t signal_hold(void);
void signal_release(uint64_t mask);

// --- posting (signal.c), under proc_lock unless p is proc_vm ---
// Makes `sig` pending in p unless p ignores it. `info` may be NULL: as from the kernel. 0, or
// -EAGAIN: too many are queued, and a sigqueue() is refused (all else is delivered without its
// siginfo).
int signal_post(struct proc *p, int sig, const struct proc_siginfo *info);
// Whether a signal to a thread of this process that blocks `blocked` would do nothing.
int signal_drops(int sig, uint64_t blocked);
// Marks a slot for signal_kick(): to be woken if it sleeps and, with `interrupt`, stopped in its
// tracks if it runs.
void signal_mark(uint32_t slot, int interrupt);
// In the first program, PV_EVENT_KICK: what the host's user has sent the family. No lock held.
void signal_from_host(void);
// Wakes or interrupts everyone signal_post() marked since the last call. No lock held.
void signal_kick(void);
// Takes the mark of one slot off again, for a caller that wakes it by other means. Whether it was
// to be interrupted.
int signal_unmark(uint32_t slot);

// --- what pending signals carry (queue.c) ---
// Takes one pending signal of this process: it is pending no more, unless another of a real-time
// signal waits.
struct proc_siginfo signal_take(int sig);
// This process's signals of `set` are not pending any more.
void signal_forget(uint64_t set);
// Under proc_lock: appends a real-time signal to p's queue (0 or -EAGAIN); drops those of `set`.
// `tid`: to that thread alone, 0 to the process.
int signal_queue_put(struct proc *p, int sig, const struct proc_siginfo *info, int32_t tid);
void signal_queue_empty(struct proc *p, uint64_t set);

// --- delivery (deliver.c); in the kernel (depth > 0), no lock held ---
// At the end of a system call. Acts on every deliverable signal: runs handlers, stops, ends the
// process. Returns the number of handlers run; *restart = 1 if all of them (or none) had
// SA_RESTART.
int signal_deliver_syscall(int *restart);
// From an upcall that found the program running. A handler may change the frame through its
// ucontext. `fpu` is what upcall() got.
void signal_deliver_frame(struct pv_frame *frame, void *fpu);
// An exception of the program, from upcall() on the exception stack, with shared->masked set.
// Returns only to resume the frame at once (nothing to do); a handler that returns resumes it by
// itself.
void signal_fault(struct pv_frame *frame, void *fpu);

// --- for deliver.c and fault.c ---
struct signal_call {
    int sig;
    struct k_sigaction act;
    struct k_siginfo info;
    struct pv_frame *frame; // the interrupted state, or NULL inside a system call
    void *fpu;
    uint64_t restore_mask; // blocked mask after the handler
    uint32_t depth;        // to return to after the handler
};
// Runs call->act's handler on this stack, as program code, with its mask; then restores mask and
// depth.
void signal_run(struct signal_call *call);
// Whether the address is on the alternative stack (a handler is running there).
int signal_on_altstack(uint64_t sp);
// Takes the disposition of `sig` for one delivery: fills call->act, applies SA_RESETHAND.
void signal_take_action(struct signal_call *call);

#endif
