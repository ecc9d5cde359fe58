// SPDX-License-Identifier: BSD-2-Clause
// The process table, in the window: one entry per slot, slot = VM.
#ifndef RAMET_KERNEL_PROC_H
#define RAMET_KERNEL_PROC_H

#include <stdatomic.h>
#include <stdint.h>
#include "kernel/api/resource.h"
#include "kernel/window/lock.h"
#include "kernel/window/waitq.h"
#include "kernel/window/window.h"

#define PROC_MAX_FDS  1024
#define PROC_MAX_MAPS 64 // shared mappings of a process
// The family's supervisor: parent of the first program and of orphans, reaps at once.
#define PROC_INIT_PID   1
#define PROC_FIRST_PID  2
#define PROC_NGROUPS    16
#define PROC_CPU_TIMERS 2

enum proc_state {
    PROC_FREE = 0,
    PROC_EMBRYO = 1, // claimed by a fork or spawn that has not finished
    PROC_RUNNING = 2,
    PROC_STOPPED = 3, // by SIGSTOP and the like
    PROC_ZOMBIE = 4,  // PV_CALL_EXIT's `publish` points at `state` with this value
    PROC_DOOMED = 5,  // an embryo whose parent's VM died: its undertaker is taking it apart
};

#define PROC_PLAIN_SIGS 31 // signals 1 to 31: two of a number that are pending are one

// Who sent a signal. Of a plain one the last sender; real-time signals are queued
// (kernel/signal/queue.c).
struct proc_siginfo {
    int32_t code;
    int32_t pid;
    uint32_t uid;
    uint32_t reserved;
    uint64_t value; // SIGCHLD: status or signal; SI_QUEUE: the sender's sigval
};

// A part of a shared segment that a process maps (kernel/mem/shared.c).
struct proc_map {
    uint32_t segment; // index in wroot.segments + 1; 0 = the entry is free
    struct wref start;
    uint32_t pages;
    uint32_t prot; // what system calls may do there: PROT_*
};

struct proc {
    // Atomic; a claim sets it first and a burial clears it last.
    _Atomic uint32_t state;
    // Set when claimed, constant after.
    uint32_t slot;
    int32_t pid;
    // Under wroot.proc_lock.
    int32_t ppid;
    uint32_t parent_slot; // 0: the supervisor
    // Its children, the youngest first, so that nobody looks at every entry of a large family to
    // find them: each may be a first touch of a page.
    uint32_t first_child, next_sibling; // slots
    int32_t pgid;
    int32_t sid;
    int32_t status;        // wait status: final when ZOMBIE, last stop otherwise
    uint32_t wait_flags;   // PROC_W_*: a stop or continue not yet waited for
    uint32_t exec_done;    // not 0 after the first exec (setpgid by the parent fails then)
    uint32_t had_children; // not 0 once it has claimed an entry for one
    uint32_t had_group;    // not 0 once it has led a group: others may be in it still
    uint32_t dead;         // not 0: status is final and may be waited for; the VM is about to leave
    // Not 0: it has moved here from that slot, whose entry is not its own any more (claim.c).
    uint32_t moved_from;
    // The slot of the VM that runs it: its own, but for a vforked child its parent's
    // (kernel/proc/vfork.h).
    uint32_t vm_slot;
    _Atomic uint32_t threads; // 0: it has one, as at its beginning
    // Atomic, written by senders.
    _Atomic uint64_t sig_pending;
    struct proc_siginfo siginfo[PROC_PLAIN_SIGS];
    uint32_t sig_queue; // under proc_lock: the oldest struct sig_record, its index + 1
    // Atomic, written by the process itself, read by senders as hints.
    _Atomic uint64_t sig_ignored; // so that SIGCHLD to a parent that ignores it is not sent
    _Atomic uint64_t sig_caught;  // signals with a handler; 0 after exec
    _Atomic uint64_t sig_blocked; // by the thread that runs
    _Atomic uint32_t nocldwait;   // children of this process leave no zombie
    _Atomic uint32_t nocldstop;
    struct waitq child_q; // the process waits here in wait4
    // Written by the process itself (a parent sets the child's before it runs).
    uint32_t uid, euid, suid, gid, egid, sgid;
    uint32_t ngroups;
    uint32_t groups[PROC_NGROUPS];
    uint32_t umask;
    int32_t nice;
    struct wref cwd;  // inode, holds a reference
    struct wref root; // inode, holds a reference
    struct k_rlimit rlimits[K_RLIM_NLIMITS];
    struct k_timeval cutime; // of waited-for children
    uint64_t cpu_ns;         // processor time, final once dead
    uint64_t asleep_ns;      // time spent in pv_wait before the last exec
    uint64_t start_ns;
    uint64_t alarm_ns; // exec keeps an alarm: next expiry and period of ITIMER_REAL
    uint64_t alarm_interval_ns;
    struct proc_cpu_timer { // the same of ITIMER_VIRTUAL and ITIMER_PROF, in processor time
        uint64_t next, interval;
    } cpu_timer[PROC_CPU_TIMERS];
    uint32_t sem_undo; // the first struct sem_undo, its index + 1 (kernel/ipc/sem_undo.c)
    char comm[16];
    char cmdline[256];
    // Shared mappings, written as the descriptors below are.
    uint32_t nmaps; // all entries from here on are free
    struct proc_map maps[PROC_MAX_MAPS];
    // Open descriptors: index of a struct file in wroot.files + 1, | PROC_FD_CLOEXEC; 0 = closed.
    // Only the process itself changes them (a parent fills its child's; whoever buries it closes
    // them).
    uint32_t fd_high; // all descriptors from here on are closed
    uint32_t fds[PROC_MAX_FDS];
} __attribute__((aligned(64)));

#define PROC_FD_CLOEXEC     0x80000000u
#define PROC_FD_INDEX(word) (((word) & ~PROC_FD_CLOEXEC) - 1)
#define PROC_W_STOPPED      1u
#define PROC_W_CONTINUED    2u

// Whom this VM runs: signals, timers, processor time and the VM's end are its. A vforked child
// while it borrows the VM.
extern struct proc *proc_vm;
// Who asks: in whose name system calls act; descriptors, directories, ids, limits are its. The same
// process but during the file actions of posix_spawn(), which act in the child's name.
extern struct proc *proc_self;
// Makes this VM p's: both of them.
void proc_become(struct proc *p);

// --- the table: kernel/proc/proc.c ---
// Under proc_lock unless said otherwise. Every update leaves an entry valid at each instruction, so
// a lock whose owner died is simply taken over.
void proc_lock(void);
void proc_unlock(void);

struct proc *proc_at(uint32_t slot); // any slot 1..max_slots; no lock needed
// A live or zombie one, or NULL; under proc_lock for a stable answer.
struct proc *proc_find(int32_t pid);
// The entry after `p` (NULL: the first) that holds a process, embryos and zombies included; NULL at
// the end.
struct proc *proc_next(const struct proc *p);
// The next slot after `slot` that was claimed since it was last found free; 0 at the end.
uint32_t proc_next_used(uint32_t slot);
// Whether the entry holds no process any more (its VM may still be leaving).
int proc_gone(const struct proc *p);
// Whether nobody in the group `pgid` of session `sid`, `except` left out, has a parent in the
// session but not in the group (POSIX: orphaned process group). `except` may be NULL.
int proc_group_orphaned(int32_t pgid, int32_t sid, const struct proc *except);

// Finds this VM's entry, makes it RUNNING, sets up what the entry of the first program needs.
// Called once at boot after window_format/window_attach, before any other function here.
void proc_boot(int argc, char *const argv[]);
// Gives the first program its root and working directory, once the file system is there.
void proc_boot_root(void);
// Records the program's name and arguments for ps: argv strings, NUL-terminated, back to back.
void proc_name(struct proc *p, const char *path, const char *args, uint64_t len);

// Whether the group `pgid` has a member in session `sid`.
int proc_group_in_session(int32_t pgid, int32_t sid);

// The child after `p` (NULL: the youngest), or NULL at the end. Under proc_lock.
struct proc *proc_next_child(const struct proc *parent, const struct proc *p);
// Takes p out of its parent's children; before parent_slot changes.
void proc_leave_parent(const struct proc *p);
// Notes which entry has p's pid, for proc_find(); when it gets one, or moves.
void proc_note_pid(const struct proc *p);
// Notes that p stops; before its state says so.
void proc_note_stop(const struct proc *p);
// Whether a member of the group is stopped.
int proc_group_stopped(int32_t pgid);
// Notes that the entry may soon be free, for the next claim to look at it; before it is.
void proc_may_be_free(const struct proc *p);

// --- new ones: kernel/proc/claim.c ---
// Claims a slot and a pid for a child of proc_self, with everything POSIX says is inherited (ids,
// groups, umask, cwd, descriptors with their references, ignored signals, limits, nice). 0, -EAGAIN
// (table full), or -ENOSYS: this VM can have no sibling. Takes proc_lock itself.
long proc_claim(struct proc **child);
// Has the host start the embryo's VM: ask() makes the call for a slot, again for another when the
// host is still busy with that one, and *child moves there. No lock held. What ask() returned last:
// 0, and the child is RUNNING and may be gone already; 1, and this is the clone; or -errno, -EAGAIN
// for -EBUSY, and it is an embryo still.
int64_t proc_start(struct proc **child, int64_t (*ask)(struct proc *child, void *arg), void *arg);
// Finishes a move that its owner died in (p->moved_from is not 0). Under proc_lock.
void proc_leave_old(struct proc *p);
// Under proc_lock, or when there is no second process yet: a pid that nobody has.
struct wroot;
int32_t proc_new_pid(struct wroot *root);
// A door for a new process: the generation tells its locks from its predecessor's.
void proc_open_door(uint32_t slot);

// --- ends: kernel/proc/exit.c ---
// Undoes proc_claim of a child that never ran: descriptors and references dropped, children given
// to init (a vforked child may have some). Takes proc_lock itself.
void proc_discard(struct proc *p);
// Ends this process with a wait status (K_STATUS_*). No lock may be held.
_Noreturn void proc_exit(int status);
// Buries VMs that died without PV_CALL_EXIT (a kill from the host, a crash of a monitor): their
// descriptors are closed and their parents told. Cheap when there are none. In the kernel, no lock
// held.
void proc_bury_dead(void);
// Tells p's parent that it stopped (CLD_STOPPED, sig) or continued (CLD_CONTINUED). Under
// proc_lock; the caller calls signal_kick() after unlocking.
void proc_tell_parent(struct proc *p, int code, int sig);

// --- the fork hook: kernel/proc/fork.c ---
int proc_fork_prepare(struct proc *child);
void proc_fork_child(void);

// Hooks of the file layer (kernel/file/fd.c) and of other subsystems that live in struct proc:
// Copies the table, takes references.
void fds_inherit(struct proc *child, const struct proc *parent);
void fds_close_all(struct proc *p); // also for a dead process, by its undertaker
void fds_close_on_exec(struct proc *p);
void inode_ref(struct wref inode);
void inode_unref(struct wref inode);

// Sends a signal to one process (checked by the caller): sets it pending, wakes or interrupts the
// target. The caller holds no lock, or p is proc_vm (then nobody needs waking: sys_leave delivers
// it).
void proc_signal(struct proc *p, int sig, int code, int status);
// The same for every process of a group. Takes proc_lock.
void proc_signal_group(int32_t pgid, int sig, int code);

#endif
