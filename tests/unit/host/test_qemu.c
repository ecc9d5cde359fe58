// SPDX-License-Identifier: BSD-2-Clause
// test_qemu.c: the command line of QEMU and the supervisor's book of QEMUs, which here are
// processes that sleep, started by a clock that stands still. Links host/qemu/argv.c and
// host/qemu/pool.c.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/qemu/qemu.h"
#include "tests/unit/lib/check.h"

#define MB (UINT64_C(1) << 20)

// ---- fakes of the other files ----

static uint64_t clock_ms = 1000;
static unsigned starts, boots;
static int start_error;
static const char *complaint;
static char said[256];

uint64_t qmp_deadline(unsigned ms)
{
    return (clock_ms + ms) * 1000000;
}

void family_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
}

static void leave(int sig)
{
    _exit(sig);
}

int qemu_start(const struct qemu_family *q, int boot, struct qemu_process *p)
{
    (void)q;
    *p = (struct qemu_process){.complaints = -1, .lease = -1, .fd = {-1, -1, -1, -1}};
    if (start_error)
        return start_error;
    starts++;
    boots += boot != 0;
    for (int i = 0; i < QEMU_NFDS; i++)
        p->fd[i] = dup(0);
    int line[2];
    char byte;
    if (pipe(line) < 0)
        exit(1);
    p->pid = fork();
    if (p->pid == 0) {
        signal(SIGUSR1, leave);
        close_range(3, ~0u, 0); // our monitors' leases are in the same process as the supervisor
        for (;;)
            pause();
    }
    close(line[1]);
    while (read(line[0], &byte, 1) > 0) // until it has closed them
        ;
    close(line[0]);
    return 0;
}

void qemu_close(struct qemu_process *p)
{
    for (int i = 0; i < QEMU_NFDS; i++)
        if (p->fd[i] >= 0)
            close(p->fd[i]);
    if (p->lease >= 0)
        close(p->lease);
    p->lease = -1;
}

int qemu_complaint(const struct qemu_process *p, char *line, size_t len)
{
    (void)p;
    if (!complaint)
        return -1;
    snprintf(line, len, "%s", complaint);
    return 0;
}

// ---- a monitor ----

struct held {
    int lease, error, nfds;
    pid_t pid;
};

static struct qemu_family family;

static struct held ask(int boot)
{
    char space[CMSG_SPACE(QEMU_NFDS * sizeof(int))];
    struct qemu_reply reply = {.error = 1};
    struct iovec iov = {&reply, sizeof reply};
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        exit(1);
    qemu_pool_request(family.pool, boot, pair[1]);
    CHECK_EQ(recvmsg(pair[0], &msg, MSG_DONTWAIT), (ssize_t)sizeof reply);
    struct held h = {.lease = pair[0], .error = reply.error, .pid = reply.pid};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    h.nfds = c ? (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int)) : 0;
    for (int i = 0; i < h.nfds; i++)
        close(((int *)CMSG_DATA(c))[i]);
    return h;
}

static int alive(pid_t pid)
{
    return kill(pid, 0) == 0;
}

static void begin(uint32_t ready, uint32_t max_procs)
{
    starts = boots = 0;
    start_error = 0;
    complaint = NULL;
    said[0] = 0;
    CHECK_EQ(qemu_pool_init(&family, ready, max_procs), 0);
}

static void end(void)
{
    qemu_pool_kill(family.pool);
    qemu_pool_settle(family.pool);
    CHECK_EQ(waitpid(-1, NULL, WNOHANG), -1);
    CHECK_EQ(errno, ECHILD);
    close(qemu_pool_fd(family.pool));
    free(family.pool);
    family.pool = NULL;
}

// ---- tests ----

// Nothing is started before somebody asks, and then no more than were asked for.
static void test_refill(void)
{
    begin(2, 4);
    CHECK_EQ(qemu_pool_refill(family.pool), -1);
    CHECK_EQ(starts, 0);
    struct held first = ask(1);
    CHECK_EQ(first.error, 0);
    CHECK_EQ(first.nfds, QEMU_NFDS);
    CHECK_EQ(starts, 1);
    CHECK_EQ(boots, 1);
    int wait = qemu_pool_refill(family.pool);
    CHECK(wait > 0);
    clock_ms += (unsigned)wait + 1;
    for (int i = 0; i < 10; i++) {
        qemu_pool_refill(family.pool);
        clock_ms += 100;
    }
    CHECK_EQ(starts, 3);
    CHECK_EQ(boots, 1);
    close(first.lease);
    end();
}

// The oldest first; one that is asked for is replaced.
static void test_order(void)
{
    begin(2, 4);
    struct held first = ask(0);
    CHECK_EQ(starts, 1);
    for (int i = 0; i < 4; i++, clock_ms += 100)
        qemu_pool_refill(family.pool);
    CHECK_EQ(starts, 3);
    struct held second = ask(0), third = ask(0);
    CHECK_EQ(starts, 3);
    CHECK(first.pid < second.pid && second.pid < third.pid);
    CHECK(qemu_pool_refill(family.pool) > 0);
    CHECK_EQ(starts, 4);
    close(first.lease);
    close(second.lease);
    close(third.lease);
    end();
}

// The end of a lease is the end of its QEMU, of no other; settled means gone.
static void test_lease(void)
{
    begin(0, 4);
    struct held a = ask(0), b = ask(0);
    struct pollfd p = {.fd = qemu_pool_fd(family.pool), .events = POLLIN};
    CHECK_EQ(poll(&p, 1, 0), 0);
    int copy = dup(a.lease); // a clone of the monitor
    close(a.lease);
    qemu_pool_settle(family.pool);
    CHECK(alive(a.pid));
    close(copy);
    CHECK_EQ(poll(&p, 1, 0), 1);
    qemu_pool_settle(family.pool);
    CHECK(!alive(a.pid) && alive(b.pid));
    CHECK_EQ(poll(&p, 1, 0), 0);
    CHECK_EQ(said[0], 0);
    close(b.lease);
    end();
}

// A QEMU that ends by itself: the monitor sees it, the user reads why.
static void test_end(void)
{
    int status;
    char byte;
    begin(0, 4);
    struct held a = ask(0);
    complaint = "no such thing";
    kill(a.pid, SIGTERM);
    CHECK_EQ(waitpid(a.pid, &status, 0), a.pid);
    CHECK_EQ(qemu_pool_reaped(family.pool, a.pid + 1000000, status), 0);
    CHECK_EQ(said[0], 0);
    CHECK_EQ(qemu_pool_reaped(family.pool, a.pid, status), 1);
    CHECK_STR(said, "QEMU: no such thing");
    CHECK_EQ(read(a.lease, &byte, 1), 0);
    CHECK_EQ(qemu_pool_reaped(family.pool, a.pid, status), 0);
    close(a.lease);
    end();
}

// The same when the end of its monitor is noticed first.
static void test_end_unseen(void)
{
    siginfo_t info;
    begin(0, 4);
    struct held a = ask(0);
    complaint = "out of memory";
    kill(a.pid, SIGUSR1);
    CHECK_EQ(waitid(P_PID, (id_t)a.pid, &info, WEXITED | WNOWAIT), 0);
    close(a.lease);
    qemu_pool_settle(family.pool);
    CHECK_STR(said, "QEMU: out of memory");
    end();
}

// One that cannot be started is not tried again at once.
static void test_failure(void)
{
    begin(1, 4);
    start_error = -ENOMEM;
    struct held a = ask(0);
    CHECK_EQ(a.error, -ENOMEM);
    CHECK_EQ(a.nfds, 0);
    close(a.lease);
    start_error = 0;
    struct held b = ask(0);
    CHECK_EQ(b.error, 0);
    start_error = -EAGAIN;
    CHECK(qemu_pool_refill(family.pool) >= 1000);
    start_error = 0;
    clock_ms += 100;
    CHECK(qemu_pool_refill(family.pool) > 0);
    CHECK_EQ(starts, 1);
    clock_ms += 10000;
    qemu_pool_refill(family.pool);
    CHECK_EQ(starts, 2);
    close(b.lease);
    end();
}

// Monitors ask without end: there is one.
static void test_limit(void)
{
    struct held all[64];
    unsigned n = 0;
    begin(1, 2);
    do
        all[n] = ask(0);
    while (all[n++].error == 0 && n < 64);
    CHECK_EQ(all[n - 1].error, -EAGAIN);
    CHECK(n > 3 && n < 64);
    close(all[0].lease); // its place is free as soon as it is needed
    struct held again = ask(0);
    CHECK_EQ(again.error, 0);
    for (unsigned i = 1; i < n; i++)
        close(all[i].lease);
    close(again.lease);
    end();
}

static int find(const struct qemu_args *a, const char *word)
{
    for (unsigned i = 0; i < a->n; i++)
        if (strstr(a->argv[i], word))
            return (int)i;
    return -1;
}

static void test_argv(void)
{
    static struct qemu_args a;
    const struct disk disks[2] = {{.read_only = 1}, {.read_only = 0}};
    struct qemu_family q = {.binary = "/bin/qemu",
                            .accel = "tcg",
                            .ram = 70 * MB,
                            .shared = 66 * MB,
                            .window = 64 * MB,
                            .image = 12345};
    CHECK_EQ(qemu_argv(&a, &q, 1), 0);
    CHECK_STR(a.argv[0], "/bin/qemu");
    CHECK(a.argv[a.n] == NULL);
    CHECK_STR(a.argv[find(&a, "-m") > 0 ? find(&a, "136M") : 0], "136M");
    CHECK_STR(a.argv[find(&a, COMPANION_OPTION)], COMPANION_OPTION "4600000,4000000,3039");
    CHECK(find(&a, "memory-backend-file,id=ram,mem-path=/proc/self/fd/3,size=73400320") > 0);
    CHECK(find(&a, "id=shared,mem-path=/proc/self/fd/4,size=69206016,share=on") > 0);
    CHECK(find(&a, "maxcpus=2") > 0); // locked instructions under TCG
    CHECK(find(&a, "-sandbox") > 0);
    CHECK_EQ(find(&a, "-incoming"), -1);
    CHECK_EQ(find(&a, "virtio"), -1);
    q.disks = disks;
    q.ndisks = 2;
    CHECK_EQ(qemu_argv(&a, &q, 0), 0);
    CHECK_STR(a.argv[find(&a, "-incoming") + 1], "defer");
    CHECK_STR(a.argv[a.n - 1], "-S");
    int first = find(&a, "id=disk0");
    CHECK(first > 0 && strstr(a.argv[first], "readonly=on"));
    CHECK(strstr(a.argv[find(&a, "id=disk1")], "readonly=off") != NULL);
    static char lengthy[sizeof a.text];
    memset(lengthy, 'x', sizeof lengthy - 1);
    q.accel = lengthy;
    CHECK_EQ(qemu_argv(&a, &q, 0), -E2BIG);
}

int main(void)
{
    RUN(test_refill);
    RUN(test_order);
    RUN(test_lease);
    RUN(test_end);
    RUN(test_end_unseen);
    RUN(test_failure);
    RUN(test_limit);
    RUN(test_argv);
    return check_done("qemu");
}
