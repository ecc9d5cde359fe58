// SPDX-License-Identifier: BSD-2-Clause
// A monitor's hold on its QEMU: getting one from the supervisor, commands to it, its end.
// See qemu.h.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/family/fdpass.h"
#include "host/qemu/qemu.h"

#define TAKE_MS     10000u // a QEMU that is not ready yet, on a busy host
#define TAKE_AGAIN  4u
#define COMMAND_MS  5000u
#define CONTINUE_MS 2000u
#define STATE_NAME  "state" // QEMU's name for the descriptor of a VM's state

// A request and the lease it is made of. Our end, or -errno.
static int request(struct family *f, int boot)
{
    struct family_msg what = {.op = QEMU_MESSAGE_TAKE, .slot = (uint32_t)boot};
    int pair[2];
    ssize_t n;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    do
        n = fdpass_send(f->control, &what, sizeof what, &pair[1], 1, 0);
    while (n < 0 && errno == EINTR);
    int e = errno;
    close(pair[1]);
    if (n < 0)
        close(pair[0]);
    return n < 0 ? -e : pair[0];
}

// The supervisor's answer. 0 or -errno.
// The supervisor may have to start a QEMU first, and answers when its descriptors exist, not when
// it is up: prepare() waits for that.
static int receive(int lease, int fd[QEMU_NFDS])
{
    struct qemu_reply reply;
    struct pollfd p = {.fd = lease, .events = POLLIN};
    const uint64_t deadline = qmp_deadline(TAKE_MS);
    unsigned n;
    while (poll(&p, 1, (int)COMMAND_MS) <= 0)
        if (qmp_deadline(0) > deadline)
            return -ETIMEDOUT;
    _Static_assert(QEMU_NFDS == FDPASS_MAX, "all of them fit into one message");
    if (fdpass_receive(lease, &reply, sizeof reply, fd, &n, MSG_DONTWAIT) != (ssize_t)sizeof reply)
        return -EPIPE;
    // The supervisor is trusted, but a positive number here would later be taken for success.
    if (reply.error)
        return reply.error < 0 ? reply.error : -EPROTO;
    return n == QEMU_NFDS ? 0 : -EPROTO;
}

// Saving leaves out shared memory, reports its end by an event and is not throttled.
static int prepare(struct qmp *q)
{
    const uint64_t deadline = qmp_deadline(TAKE_MS);
    // All three at once, then all answers: one round trip instead of three.
    int r = qmp_send(q, deadline, -1, "qmp_capabilities", NULL);
    if (r == 0)
        r = qmp_send(q, deadline, -1, "migrate-set-capabilities", "{s:[{s:s,s:b},{s:s,s:b}]}",
                     "capabilities", "capability", "x-ignore-shared", "state", 1, "capability",
                     "events", "state", 1);
    if (r == 0)
        r = qmp_send(q, deadline, -1, "migrate-set-parameters", "{s:I}", "max-bandwidth",
                     (long long)1 << 40);
    return r < 0 ? r : qmp_finish(q, deadline);
}

// BOOT: a QEMU that runs the firmware and the shim; else one that waits for a state to load.
static int take(struct family *f, int boot, struct qemu *q)
{
    *q = (struct qemu){.fd = {-1, -1, -1, -1}};
    q->lease = request(f, boot);
    if (q->lease < 0)
        return q->lease;
    // From here on qemu_drop() undoes all of it: closing the lease ends the QEMU.
    int r = receive(q->lease, q->fd);
    if (r == 0) {
        qmp_init(&q->qmp, q->fd[QEMU_QMP]);
        r = prepare(&q->qmp);
    }
    if (r < 0)
        qemu_drop(q);
    return r;
}

int qemu_take(struct family *f, int boot, struct qemu *q)
{
    int r = take(f, boot, q);
    // One of the pool may have died before the supervisor knew; others have not.
    for (unsigned again = 0; r == -EPIPE && !boot && again < TAKE_AGAIN; again++)
        r = take(f, boot, q);
    return r;
}

// The lease last: with it the supervisor ends the QEMU, and its other lines have been let go of.
void qemu_drop(struct qemu *q)
{
    for (int i = 0; i < QEMU_NFDS; i++)
        if (q->fd[i] >= 0)
            close(q->fd[i]);
    close(q->lease);
}

// For the signal handler. NULL until the lease is there.
static struct qemu_monitor *volatile watching;

// The only news a lease has is its end. Whatever this process is doing, there is no VM to do it
// for; what it was making is cleaned up by the supervisor.
static void end_with_lease(struct qemu_monitor *mon)
{
    struct pollfd p = {.fd = mon->qemu.lease, .events = 0};
    if (poll(&p, 1, 0) > 0)
        member_die(&mon->member, SIGKILL, NULL);
}

// SIGIO: the lease, or the shim has an event of its own for a WAIT that we are in. The doorbell is
// changed so that a sleep about to begin does not; before that we look at `pending`.
static void on_news(int sig)
{
    int e = errno;
    struct qemu_monitor *mon = watching;
    (void)sig;
    if (mon) {
        end_with_lease(mon);
        uint32_t state = atomic_load(&mon->member.family->shared->slots[mon->member.slot].state);
        if (state == SLOT_WAITING || state == SLOT_POLLING)
            __atomic_fetch_add(&family_door(mon->member.family, mon->member.slot)->bell, 1,
                               __ATOMIC_SEQ_CST);
    }
    errno = e;
}

// Input or an end on FD raises SIGIO in PID from now on. Both properties are the open file's: who
// gets the descriptor by fork(2) has to ask for itself.
static int signal_news(int fd, int32_t pid)
{
    return fcntl(fd, F_SETOWN, pid) < 0 || fcntl(fd, F_SETFL, O_RDWR | O_ASYNC) < 0 ? -1 : 0;
}

// In each monitor for its own QEMU, also in a clone, whose signals would go to its parent
// otherwise.
void qemu_watch(struct qemu_monitor *mon)
{
    struct sigaction act = {.sa_handler = on_news};
    watching = mon;
    sigaction(SIGIO, &act, NULL);
    // Only devices raise events within a VM.
    if (signal_news(mon->qemu.lease, mon->member.pid) < 0 ||
        (mon->member.family->ndisks && signal_news(mon->qemu.fd[QEMU_BELL], mon->member.pid) < 0))
        member_die(&mon->member, SIGKILL, "cannot watch its QEMU");
    // It may have ended before signals were asked for.
    end_with_lease(mon);
}

int qemu_gdb(struct qemu *q, int port)
{
    const uint64_t deadline = qmp_deadline(COMMAND_MS);
    char command[64];
    snprintf(command, sizeof command, "gdbserver tcp:127.0.0.1:%d", port);
    int r =
        qmp_send(&q->qmp, deadline, -1, "human-monitor-command", "{s:s}", "command-line", command);
    return r < 0 ? r : qmp_finish(&q->qmp, deadline);
}

int qemu_continue(struct qemu *q)
{
    const uint64_t deadline = qmp_deadline(CONTINUE_MS);
    for (;;) {
        int r = qmp_send(&q->qmp, deadline, -1, "cont", NULL);
        if (r == 0)
            r = qmp_finish(&q->qmp, deadline);
        // A migration is reported completed a moment before it is "finalized".
        if (r != -EREMOTEIO || qmp_deadline(0) > deadline)
            return r;
        poll(NULL, 0, 1);
    }
}

// Saving and loading are QEMU's migration, to and from a pipe. The event that ends it may come
// before the answer to the command, hence the state kept in M.
static int migrate(struct qemu *q, int fd, const char *command)
{
    const uint64_t deadline = qmp_deadline(COMMAND_MS);
    struct qmp *m = &q->qmp;
    m->migration = QMP_MIGRATION_NONE;
    // The migration uses the name up: the next one can have it again.
    int r = qmp_send(m, deadline, fd, "getfd", "{s:s}", "fdname", STATE_NAME);
    if (r == 0)
        r = qmp_send(m, deadline, -1, command, "{s:s}", "uri", "fd:" STATE_NAME);
    if (r == 0)
        r = qmp_finish(m, deadline);
    return r < 0 ? r : qmp_migrated(m, deadline);
}

int qemu_save(struct qemu *q, int to)
{
    return migrate(q, to, "migrate");
}

int qemu_load(struct qemu *q, int from)
{
    return migrate(q, from, "migrate-incoming");
}
