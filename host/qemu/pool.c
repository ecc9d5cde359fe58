// SPDX-License-Identifier: BSD-2-Clause
// The supervisor's book of QEMUs: started, ahead of need or not, given to monitors, ended, reaped.
//
// A QEMU takes longer to start than a VM takes to clone, so some are kept ready. Who has one is
// never asked: a lease is a socket, and it ends when the last process that holds the other end is
// gone or lets go of it. See qemu.h.

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/family/fdpass.h"
#include "host/qemu/qemu.h"

// Between two starts: one takes that long on a quiet host, and a few at once none any sooner.
#define REFILL_MS 10u
// A program that ends soon needs none.
#define FIRST_MS 100u
// One that could not start was not the last, probably.
#define RETRY_MS 2000u
// On their way out, beside those of max_procs.
#define DYING_MAX 16u

// Of the supervisor only, which has one thread: no locks. EPOLL watches the leases.
struct qemu_pool {
    const struct qemu_family *q;
    int epoll;
    uint32_t ready, size; // how many to keep ready; entries
    uint64_t refill_ns;   // when the next one may be started; 0: nobody has asked for one yet
    uint64_t started;     // counts starts
    struct qemu_process all[];
};

// Started, nobody's yet, not on its way out.
static int is_ready(const struct qemu_process *p)
{
    return p->pid > 0 && p->lease < 0 && !p->killed;
}

// An entry is in use until its process is reaped, not until it is killed.
static struct qemu_process *free_entry(struct qemu_pool *pool)
{
    for (uint32_t i = 0; i < pool->size; i++)
        if (!pool->all[i].pid)
            return &pool->all[i];
    return NULL;
}

// As many entries as there can be QEMUs at once, so a request fails for want of one only when many
// are dying.
int qemu_pool_init(struct qemu_family *q, uint32_t ready, uint32_t max_procs)
{
    uint32_t size = max_procs + ready + DYING_MAX;
    struct qemu_pool *pool = calloc(1, sizeof *pool + size * sizeof pool->all[0]);
    if (!pool)
        return -ENOMEM;
    pool->q = q;
    pool->ready = ready;
    pool->size = size;
    pool->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (pool->epoll < 0) {
        int e = errno;
        free(pool);
        return -e;
    }
    q->pool = pool;
    return 0;
}

int qemu_pool_fd(const struct qemu_pool *pool)
{
    return pool->epoll;
}

static void kill_qemu(struct qemu_process *p)
{
    if (p->pid > 0 && !p->killed)
        kill(p->pid, SIGKILL); // ours, and not reaped: the pid is nobody else's
    p->killed = 1;
}

// Closing the lease tells a monitor that its QEMU is no more.
static void forget(struct qemu_process *p)
{
    qemu_close(p);
    p->pid = 0;
}

// Descriptors and verdict to whoever holds the other end. 0 or -errno.
static int reply(int lease, const struct qemu_process *p, int error)
{
    struct qemu_reply answer = {.error = error, .pid = p ? p->pid : 0};
    ssize_t n = fdpass_send(lease, &answer, sizeof answer, p ? p->fd : NULL, error ? 0 : QEMU_NFDS,
                            MSG_DONTWAIT);
    return n < 0 ? -errno : 0;
}

// The order of starts tells which one has had the most time to become ready.
static int start(struct qemu_pool *pool, int boot, struct qemu_process *p)
{
    int r = qemu_start(pool->q, boot, p);
    p->order = pool->started++;
    return r;
}

// One that is ready, or a new one: the monitor waits for QEMU itself then, not we.
static struct qemu_process *choose(struct qemu_pool *pool, int boot, int *error)
{
    struct qemu_process *p = NULL;
    // The oldest: it is ready if any is.
    for (uint32_t i = 0; i < pool->size && !boot; i++)
        if (is_ready(&pool->all[i]) && (!p || pool->all[i].order < p->order))
            p = &pool->all[i];
    *error = p ? 0 : -EAGAIN;
    if (!p && !free_entry(pool))
        qemu_pool_settle(pool); // many are on their way out
    if (!p && (p = free_entry(pool)))
        *error = start(pool, boot, p);
    return *error ? NULL : p;
}

// 0 is never.
static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a && a < b ? a : b;
}

// LEASE is ours from here on, whatever happens. A monitor that died meanwhile shows by its end.
void qemu_pool_request(struct qemu_pool *pool, int boot, int lease)
{
    int error;
    struct qemu_process *p = choose(pool, boot, &error);
    struct epoll_event want = {.events = EPOLLRDHUP, .data.ptr = p};
    if (!p) {
        reply(lease, NULL, error);
        close(lease);
        return;
    }
    // The first request starts the clock for spares, after a while; a clone means that there will
    // be more, so the next is started at once.
    if (!pool->refill_ns || !boot)
        pool->refill_ns = earlier(pool->refill_ns, qmp_deadline(boot ? FIRST_MS : 0));
    p->lease = lease;
    if (epoll_ctl(pool->epoll, EPOLL_CTL_ADD, lease, &want) < 0 || reply(lease, p, 0) < 0)
        kill_qemu(p);
    // They are the monitor's now. Holding them would keep a dead VM's memory and hide the end of
    // its lines.
    for (int i = 0; i < QEMU_NFDS; i++) {
        close(p->fd[i]);
        p->fd[i] = -1;
    }
}

// Ends those whose lease has ended.
static void end_leases(struct qemu_pool *pool)
{
    struct epoll_event events[16];
    int n;
    while ((n = epoll_wait(pool->epoll, events, 16, 0)) > 0)
        for (int i = 0; i < n; i++) {
            struct qemu_process *p = events[i].data.ptr;
            kill_qemu(p);
            close(p->lease); // it would be reported for ever
            p->lease = -1;
        }
}

// Only what nobody asked for: one that we killed, or that was killed with its monitor, has no
// message.
static void report(const struct qemu_process *p, int status)
{
    char line[160];
    if (qemu_complaint(p, line, sizeof line) == 0)
        family_say("QEMU: %s", line);
    else if (WIFEXITED(status) && p->lease >= 0)
        family_say("QEMU ended by itself with status %d", WEXITSTATUS(status));
}

void qemu_pool_settle(struct qemu_pool *pool)
{
    end_leases(pool);
    for (uint32_t i = 0; i < pool->size; i++) {
        struct qemu_process *p = &pool->all[i];
        int status;
        // Waits, but only for processes that have been sent SIGKILL.
        if (p->pid <= 0 || !p->killed || waitpid(p->pid, &status, 0) != p->pid)
            continue;
        // Its monitor's death may be seen before its own, which was the reason.
        if (WIFEXITED(status))
            report(p, status);
        forget(p);
    }
}

// Whether PID was one of the pool's: the supervisor reaps members by the same call.
int qemu_pool_reaped(struct qemu_pool *pool, pid_t pid, int status)
{
    for (uint32_t i = 0; i < pool->size; i++) {
        struct qemu_process *p = &pool->all[i];
        if (p->pid != pid)
            continue;
        if (!p->killed || WIFEXITED(status))
            report(p, status);
        // It died before anybody had it: another one would do the same at once.
        if (!p->killed && p->lease < 0)
            pool->refill_ns = qmp_deadline(RETRY_MS);
        forget(p); // the end of the lease tells the monitor
        return 1;
    }
    return 0;
}

// At most one is started for each call. The result is how long to wait before the next, in
// milliseconds, or -1: until something happens.
int qemu_pool_refill(struct qemu_pool *pool)
{
    uint32_t ready = 0;
    end_leases(pool);
    for (uint32_t i = 0; i < pool->size; i++)
        ready += is_ready(&pool->all[i]) != 0;
    struct qemu_process *p = ready < pool->ready ? free_entry(pool) : NULL;
    if (!pool->refill_ns || !p)
        return -1;
    uint64_t now = qmp_deadline(0);
    if (now < pool->refill_ns)
        return (int)((pool->refill_ns - now) / 1000000) + 1;
    int r = start(pool, 0, p);
    pool->refill_ns = qmp_deadline(r < 0 ? RETRY_MS : REFILL_MS);
    return (int)(r < 0 ? RETRY_MS : REFILL_MS);
}

void qemu_pool_kill(struct qemu_pool *pool)
{
    for (uint32_t i = 0; i < pool->size; i++)
        kill_qemu(&pool->all[i]);
}
