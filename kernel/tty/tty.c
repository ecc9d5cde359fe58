// SPDX-License-Identifier: BSD-2-Clause
// The terminal as a file: reading, and moving input from the host to the line discipline.
//
// Input arrives in the window's ring and is pulled through the discipline by whichever VM notices
// first; echo, signals and wake-ups follow after tty.lock is dropped, because they call the host.
// Neighbours: line.c (the discipline), output.c (writing), ioctl.c (attributes, job control),
// upcall.c (PV_EVENT_TTY).

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/poll.h"
#include "kernel/api/signal.h"
#include "kernel/time/clock.h"
#include "kernel/entry.h"
#include "kernel/fs/inode.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/signal/signal.h"
#include "kernel/tty/tty.h"

// How often, and how long each time, echo waits for a terminal that takes nothing, before it is
// dropped.
#define ECHO_TRIES   5
#define ECHO_WAIT_NS UINT64_C(20000000)
#define VTIME_NS     UINT64_C(100000000) // VTIME counts tenths of a second
#define RDEV_CONSOLE (5u << 8 | 1u)      // Linux's /dev/console

// Nothing that calls the host or takes proc_lock may run before the unlock.
struct tty *tty_lock(void)
{
    struct tty *t = &window_root()->tty;
    // After an owner's death: positions in a byte buffer, valid whatever they are but for their
    // order.
    if (lock_take(&t->lock) == -EOWNERDEAD && t->head - t->tail > TTY_LINE_MAX)
        tty_line_flush_input(t);
    return t;
}

void tty_unlock(void)
{
    lock_drop(&window_root()->tty.lock);
}

void tty_boot(void)
{
    struct tty *t = &window_root()->tty;
    struct window_tty *host = window_tty();
    tty_line_init(t);
    t->host_row = t->winsize.row = host->rows;
    t->host_col = t->winsize.col = host->cols;
    if (boot_info->stdio[tty_host_fd()] != PV_STDIO_TTY)
        return;
    // The first program's session gets the terminal without asking, as a login shell finds it.
    t->sid = proc_self->sid;
    t->fg_pgid = proc_self->pgid;
}

// Called with no lock held. A terminal without a session is free for the next leader that asks.
void tty_session_leave(const struct proc *leader)
{
    int32_t group = 0;
    struct tty *t = tty_lock();
    if (t->sid && t->sid == leader->sid) {
        group = t->fg_pgid;
        t->sid = t->fg_pgid = 0;
    }
    tty_unlock();
    if (group) {
        // XSH exit(): when a controlling process ends, SIGHUP goes to the foreground group.
        // SIGCONT, so that a stopped one can act on it.
        proc_signal_group(group, SIGHUP, SI_KERNEL);
        proc_signal_group(group, SIGCONT, SI_KERNEL);
    }
}

// --- input ---

// Echo must not block: it may run in any VM, at an upcall. What a stuck terminal does not take is
// lost.
static void write_echo(const uint8_t *buf, uint32_t len)
{
    uint32_t fd = tty_host_fd();
    for (int tries = 0; len && tries < ECHO_TRIES;) {
        int64_t n = pv_console(fd, 1, buf, len);
        if (n > 0) {
            buf += n;
            len -= (uint32_t)n;
        } else if (n == -EAGAIN) {
            pv_wait(window_door(lock_self_slot())->bell, pv_mono_ns() + ECHO_WAIT_NS, 1u << fd);
            tries++;
        } else {
            return;
        }
    }
}

// Takes the host's window size if it is new; the foreground group hears of it.
static void look_at_size(struct tty *t, struct tty_effect *e)
{
    const struct window_tty *host = window_tty();
    uint16_t rows = __atomic_load_n(&host->rows, __ATOMIC_RELAXED);
    uint16_t cols = __atomic_load_n(&host->cols, __ATOMIC_RELAXED);
    if (rows == t->host_row && cols == t->host_col)
        return;
    t->host_row = t->winsize.row = rows;
    t->host_col = t->winsize.col = cols;
    e->signals |= 1u << SIGWINCH;
}

// Once only: from here on reads give the end of the file and writes fail (XBD 11.1.10).
static void look_at_hangup(struct tty *t, struct tty_effect *e)
{
    if (t->hung || !__atomic_load_n(&window_tty()->hangup, __ATOMIC_RELAXED))
        return;
    t->hung = 1;
    e->readable = 1;
    e->signals |= 1u << SIGHUP | 1u << SIGCONT;
}

static int nothing_new(const struct tty *t)
{
    const struct window_tty *host = window_tty();
    // Without the lock: what changes right after this raises another event.
    return __atomic_load_n(&host->head, __ATOMIC_ACQUIRE) == host->tail &&
           host->rows == t->host_row && host->cols == t->host_col && (t->hung || !host->hangup);
}

// Under tty->lock: what the ring holds, as long as echo has room. Not 0 when there may be more.
static int pull_input(struct tty *t, struct tty_effect *e)
{
    struct window_tty *host = window_tty();
    uint32_t tail = host->tail;
    // acquire: the byte was written before head moved past it.
    while (tail != __atomic_load_n(&host->head, __ATOMIC_ACQUIRE)) {
        if (e->len > TTY_ECHO_MAX - TTY_ECHO_ROOM)
            return 1;
        if (tty_line_input(t, host->ring[tail % WINDOW_TTY_RING], e) < 0)
            break;
        // release: the slot is the host's again once it sees this.
        __atomic_store_n(&host->tail, ++tail, __ATOMIC_RELEASE);
    }
    look_at_size(t, e);
    look_at_hangup(t, e);
    return 0;
}

// With no lock held, as each of them takes proc_lock. Signals are bits, 1 << number: all that a
// terminal sends are below 32.
static void send_signals(uint32_t signals, int32_t group, int32_t leader)
{
    for (; signals; signals &= signals - 1)
        if (group)
            proc_signal_group(group, __builtin_ctz(signals), SI_KERNEL);
    if (!leader)
        return;
    proc_lock(); // a hang-up is the session leader's affair even in the background
    struct proc *p = proc_find(leader);
    if (p) {
        signal_post(p, SIGHUP, NULL);
        signal_post(p, SIGCONT, NULL);
    }
    proc_unlock();
    signal_kick();
}

// May be called at any time, by any VM, in the kernel and with no lock held. Two that come at once
// take turns; bytes pass the discipline in the order of the ring.
void tty_input(void)
{
    struct tty_effect e;
    int more;
    if (nothing_new(&window_root()->tty))
        return;
    do {
        e.signals = e.readable = e.resumed = e.len = 0;
        struct tty *t = tty_lock();
        more = pull_input(t, &e);
        // Read under the lock, used after it. The group may be another by then; a key was typed at
        // the old one.
        int32_t group = t->fg_pgid;
        int32_t leader = e.signals & 1u << SIGHUP ? t->sid : 0;
        tty_unlock();
        write_echo(e.echo, e.len);
        if (e.readable || e.resumed)
            waitq_wake(&t->readers);
        send_signals(e.signals, group, leader);
    } while (more);
}

// --- reading ---

// One read(), over all its waits.
struct tty_read {
    uint8_t *buf;
    uint32_t len, got;
    int end;   // end of file: VEOF, or the terminal is gone
    int fault; // the buffer is not the program's any more
};

// What a read returns in the end.
static long read_result(const struct tty_read *r)
{
    return r->fault && !r->got ? -EFAULT : (long)r->got;
}

// Takes what is there. Not 0 when anything came.
static int collect_input(void *arg)
{
    struct tty_read *r = arg;
    int eof;
    tty_input();
    if (user_writable(r->buf + r->got, r->len - r->got) < 0) { // checked before the wait, not since
        r->fault = 1;
        return 1;
    }
    struct tty *t = tty_lock();
    uint32_t n = tty_line_take(t, r->buf + r->got, r->len - r->got, &eof);
    // What is left in the buffer is read before the hang-up is noticed (XBD 11.1.10).
    r->end = eof || (n == 0 && t->hung);
    tty_unlock();
    r->got += n;
    if (n) // room in the buffer: input that waited in the ring may come in
        tty_input();
    return n || r->end;
}

// Non-canonical mode, POSIX 11.1.7: VMIN bytes, VTIME between bytes or, without VMIN, for the
// first.
static long read_raw(struct tty_read *r, struct wait *w, uint32_t min, uint64_t time_ns)
{
    uint32_t need = min < r->len ? min : r->len;
    w->deadline = min ? PV_FOREVER : clock_deadline(time_ns);
    do {
        int n = wait_for(w);
        if (n < 0)
            return r->got ? (long)r->got : n;
        if (n == 0) // the time is up
            break;
        if (min && time_ns)
            w->deadline = clock_deadline(time_ns);
    } while (!r->end && !r->fault && r->got < need);
    return read_result(r);
}

// Job control is looked at first and on each restart: a job that is moved to the background while
// it reads is stopped, not fed.
static long tty_read(struct file *f, void *buf, size_t len)
{
    struct tty *t = &window_root()->tty;
    struct waitq *queues[] = {&t->readers};
    struct tty_read r = {.buf = buf, .len = (uint32_t)min_u64(len, TTY_LINE_MAX)};
    struct wait w = {.ready = collect_input,
                     .arg = &r,
                     .queues = queues,
                     .nqueues = 1,
                     .deadline = PV_FOREVER,
                     .spin = 1};
    long job = tty_job_control(t, SIGTTIN);
    if (job < 0 || len == 0)
        return job;
    tty_lock(); // the mode at the start of the call counts
    int canon = (t->termios.lflag & ICANON) != 0;
    uint32_t min = t->termios.cc[VMIN], time = t->termios.cc[VTIME];
    tty_unlock();
    if (f->flags & O_NONBLOCK) {
        int any = collect_input(&r);
        return any || (!canon && !min) ? read_result(&r) : -EAGAIN;
    }
    if (!canon)
        return read_raw(&r, &w, min, time * VTIME_NS);
    int n = wait_for(&w);
    return n < 0 ? n : read_result(&r);
}

// --- the rest of the operations ---

static uint32_t tty_poll(struct file *f, struct waitq **queues, uint32_t *n, uint32_t *console)
{
    int ready;
    uint32_t events = 0;
    (void)f, (void)console;
    tty_input();
    struct tty *t = tty_lock();
    uint32_t there = tty_line_available(t, &ready);
    const uint8_t *cc = t->termios.cc;
    // Raw mode with VMIN and no VTIME: a read would wait for VMIN bytes.
    if (!(t->termios.lflag & ICANON) && cc[VMIN] && !cc[VTIME])
        ready = there >= cc[VMIN];
    if (ready || t->hung)
        events |= POLLIN | POLLRDNORM;
    // Not whether the host's terminal has room: that can change at any moment, and a write waits
    // for it.
    if (!t->stopped)
        events |= POLLOUT | POLLWRNORM;
    if (t->hung)
        events |= POLLHUP;
    tty_unlock();
    queues[(*n)++] = &t->readers;
    return events;
}

static long tty_stat(struct file *f, struct k_stat *st)
{
    if (f->inode.unit) {
        inode_stat(inode_at(f->inode), st);
        return 0;
    }
    memset(st, 0, sizeof *st);
    st->dev = FS_DEV;
    st->nlink = 1;
    st->mode = S_IFCHR | 0620;
    st->rdev = RDEV_CONSOLE;
    st->blksize = TTY_OUT_CHUNK;
    return 0;
}

const struct file_ops tty_ops = {
    .read = tty_read,
    .write = tty_write,
    .ioctl = tty_ioctl,
    .stat = tty_stat,
    .poll = tty_poll,
};
