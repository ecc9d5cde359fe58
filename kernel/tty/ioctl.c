// SPDX-License-Identifier: BSD-2-Clause
// The terminal's attributes and job control: tcsetattr, tcsetpgrp and the rest, as ioctls.
//
// Neighbours: tty.c (bytes), line.c (what attributes mean), ids.c (groups and sessions).

#include "kernel/api/errno.h"
#include "kernel/api/signal.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/signal/signal.h"
#include "kernel/tty/tty.h"

// XBD 11.1.4: what a process outside the foreground group may do. 0, -EIO, or -ERESTART after a
// signal to its whole group.
int tty_job_control(struct tty *t, int sig)
{
    struct proc *p = proc_self;
    // Single words; a change at this moment may be seen or not, as on any system.
    if (!t->sid || p->sid != t->sid || p->pgid == t->fg_pgid)
        return 0;
    if ((atomic_load(&p->sig_blocked) | atomic_load(&p->sig_ignored)) & SIG_BIT(sig))
        return sig == SIGTTIN ? -EIO : 0; // POSIX 11.1.4
    proc_lock();
    int orphaned = proc_group_orphaned(p->pgid, p->sid, NULL);
    proc_unlock();
    if (orphaned)
        return -EIO;
    // The whole group, not this process alone: a background job stops as one.
    proc_signal_group(p->pgid, sig, SI_KERNEL);
    return -ERESTART; // stopped on the way out; continued, the call begins again
}

// Without the terminal's lock, for the reason given in set_termios().
static long copy_out(void *to, const void *from, size_t size)
{
    if (user_writable(to, size) < 0)
        return -EFAULT;
    memcpy(to, from, size);
    return 0;
}

// --- attributes ---

static long get_termios(void *arg)
{
    struct tty *t = tty_lock();
    struct k_termios now = t->termios;
    tty_unlock();
    return copy_out(arg, &now, sizeof now);
}

// Drops input not yet read, in the window's ring too.
static void drop_input(struct tty *t)
{
    struct window_tty *host = window_tty();
    tty_line_flush_input(t);
    // Up to where the host is now: what it adds while we look is new input.
    __atomic_store_n(&host->tail, __atomic_load_n(&host->head, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
}

// TCSADRAIN is the same as TCSANOW here. The caller is checked first and changes nothing when it is
// in the background: it is stopped, and asks again when it is continued.
static long set_termios(const void *arg, int flush)
{
    struct k_termios new;
    if (user_readable(arg, sizeof new) < 0)
        return -EFAULT;
    // Copied before the lock is taken: a program's page may be made by a fault, which is slow.
    memcpy(&new, arg, sizeof new);
    long r = tty_job_control(&window_root()->tty, SIGTTOU);
    if (r < 0)
        return r;
    if (!flush)
        tty_input(); // what came before the change is processed by the old rules
    // Output has no queue to drain: write() returns when the host has the bytes.
    struct tty *t = tty_lock();
    if (flush)
        drop_input(t);
    tty_line_set(t, &new);
    if (!(new.iflag &IXON))
        t->stopped = 0;
    tty_unlock();
    waitq_wake(&t->readers); // what is readable may have changed
    return 0;
}

// SIGWINCH only for a change, as on Linux: a program that sets the size it has read would otherwise
// signal itself without end.
static long set_winsize(const void *arg)
{
    struct k_winsize new;
    if (user_readable(arg, sizeof new) < 0)
        return -EFAULT;
    memcpy(&new, arg, sizeof new);
    struct tty *t = tty_lock();
    int changed = memcmp(&new, &t->winsize, sizeof new) != 0;
    int32_t group = t->fg_pgid;
    t->winsize = new;
    tty_unlock();
    // Without the lock: signalling takes the process table's.
    if (changed && group)
        proc_signal_group(group, SIGWINCH, SI_KERNEL);
    return 0;
}

static long get_winsize(void *arg)
{
    tty_input(); // takes a new size of the host's window
    struct tty *t = tty_lock();
    struct k_winsize now = t->winsize;
    tty_unlock();
    return copy_out(arg, &now, sizeof now);
}

// --- job control ---

// Without the lock the answer may be old by the time it is used; those who act on it look again.
static int is_mine(const struct tty *t)
{
    return t->sid && t->sid == proc_self->sid;
}

// Of somebody else's terminal, or of one nobody has: ENOTTY (XSH tcgetpgrp()).
static long get_ids(void *arg, int want_sid)
{
    struct tty *t = tty_lock();
    int mine = is_mine(t);
    int32_t id = want_sid ? t->sid : t->fg_pgid;
    tty_unlock();
    return mine ? copy_out(arg, &id, sizeof id) : -ENOTTY;
}

// A group of another session is EPERM, whether it exists or not.
// tcsetpgrp(), in the order of POSIX's errors.
static long set_foreground(const void *arg)
{
    int32_t pgid;
    struct tty *t = &window_root()->tty;
    if (user_readable(arg, sizeof pgid) < 0)
        return -EFAULT;
    memcpy(&pgid, arg, sizeof pgid);
    if (!is_mine(t))
        return -ENOTTY;
    if (pgid < 0)
        return -EINVAL;
    long r = tty_job_control(t, SIGTTOU);
    if (r < 0)
        return r;
    proc_lock();
    int found = proc_group_in_session(pgid, proc_self->sid);
    proc_unlock();
    if (!found)
        return -EPERM;
    // The group was there a moment ago and may be gone now; a foreground group without members only
    // means that signal keys reach nobody.
    tty_lock();
    t->fg_pgid = pgid;
    tty_unlock();
    return 0;
}

static long set_controlling(uintptr_t steal)
{
    struct proc *p = proc_self;
    long r = 0;
    struct tty *t = tty_lock();
    // Only a session leader, and only a free terminal: with 1 for `steal`, root takes it away from
    // another session (Linux, ioctl_tty(2)).
    if (t->sid == p->sid) {
        // already ours
    } else if (p->pid != p->sid || (t->sid && !(steal == 1 && p->euid == 0))) {
        r = -EPERM;
    } else {
        t->sid = p->sid;
        t->fg_pgid = p->pgid;
    }
    tty_unlock();
    return r;
}

static long give_up_controlling(void)
{
    if (!is_mine(&window_root()->tty))
        return -ENOTTY;
    // The terminal belongs to a session here, not to each process of it: only the leader can give
    // it up.
    if (proc_self->pid != proc_self->sid)
        return -EPERM;
    tty_session_leave(proc_self);
    return 0;
}

// --- flow, queues: of a background process's business with the terminal as well (XBD 11.1.4) ---

// tcflow(): TCOOFF and TCOON stop and start our own output; TCIOFF and TCION ask the other end to
// do so with its, by sending the key that means it there.
static long flow(uintptr_t action)
{
    long r = tty_job_control(&window_root()->tty, SIGTTOU);
    if (r < 0)
        return r;
    if (action > TCION)
        return -EINVAL;
    struct tty *t = tty_lock();
    uint8_t key = t->termios.cc[action == TCIOFF ? VSTOP : VSTART];
    if (action == TCOOFF || action == TCOON)
        t->stopped = action == TCOOFF;
    tty_unlock();
    if (action == TCOON)
        waitq_wake(&t->readers);
    if ((action == TCIOFF || action == TCION) && key)
        // A request to the other end, wherever standard output goes; it may be lost, as on a line.
        pv_console(tty_host_fd(), 1, &key, 1);
    return 0;
}

// tcflush(): what was typed and not read is dropped, also by readers that wait for the rest of a
// line; complete lines go, too.
static long flush_queue(uintptr_t which)
{
    long r = tty_job_control(&window_root()->tty, SIGTTOU);
    if (r < 0)
        return r;
    if (which > TCIOFLUSH)
        return -EINVAL;
    if (which == TCOFLUSH) // output has no queue
        return 0;
    struct tty *t = tty_lock();
    drop_input(t);
    tty_unlock();
    return 0;
}

// FIONREAD: what a read() would give now; in canonical mode that is complete lines only.
static long count_input(void *arg)
{
    int ready;
    tty_input();
    struct tty *t = tty_lock();
    int32_t n = (int32_t)tty_line_available(t, &ready);
    tty_unlock();
    return copy_out(arg, &n, sizeof n);
}

// There is one terminal, so the description says nothing that matters. The argument is checked
// where its size is known.
long tty_ioctl(struct file *f, unsigned long request, void *arg)
{
    static const int32_t empty = 0;
    (void)f;
    switch (request) {
    case TCGETS:
        return get_termios(arg);
    case TCSETS:
    case TCSETSW:
        return set_termios(arg, 0);
    case TCSETSF:
        return set_termios(arg, 1);
    case TIOCGWINSZ:
        return get_winsize(arg);
    case TIOCSWINSZ:
        return set_winsize(arg);
    case TIOCGPGRP:
        return get_ids(arg, 0);
    case TIOCGSID:
        return get_ids(arg, 1);
    case TIOCSPGRP:
        return set_foreground(arg);
    case TIOCSCTTY:
        return set_controlling((uintptr_t)arg);
    case TIOCNOTTY:
        return give_up_controlling();
    case TCXONC:
        return flow((uintptr_t)arg);
    case TCFLSH:
        return flush_queue((uintptr_t)arg);
    case TCSBRK: // tcdrain and tcsendbreak: nothing is queued, and a pty has no break
        return tty_job_control(&window_root()->tty, SIGTTOU);
    case FIONREAD:
        return count_input(arg);
    case TIOCOUTQ:
        return copy_out(arg, &empty, sizeof empty);
    case TIOCSTI: // faking input is refused, as by Linux since 6.2
        return -EIO;
    default:
        return -ENOTTY;
    }
}
