// SPDX-License-Identifier: BSD-2-Clause
// A family kept ready, from both sides: the monitor, whose VM stands at its next instruction, and
// the supervisor, which waits for a client, hands its descriptors on and then runs for it.
// See serve.h.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/backend.h"
#include "host/clock.h"
#include "host/family/fdpass.h"
#include "host/kvm/monitor.h"
#include "host/kvm/platform.h"
#include "host/serve/serve.h"
#include "host/family/supervisor_private.h"
#include "host/template/template.h"

#define STDIO    3u
#define HELLO_MS 1000              // a client has sent its message by then
#define QUIET_NS UINT64_C(2000000) // after it was taken: the processors are its own

// ---- the monitor ----

// Placeholders are at 0 to 2 (main.c), so no descriptor was received there, and dup3() cannot find
// its target to be its source.
static void use_stdio(struct family *f, const struct ready_go *go, const int *fds)
{
    for (unsigned i = 0; i < STDIO; i++) {
        f->stdio[i] = go->absent >> i & 1 ? PV_STDIO_NONE : PV_STDIO_STREAM;
        f->stdio_nowait[i] = go->nowait >> i & 1;
        f->stdio_small[i] = 0;
        dup3(fds[i], (int)i, 0);
        close(fds[i]);
    }
}

// What the program will touch first is touched. Then KVM is given the registers: its next run does
// nothing but run.
static void get_ready(struct monitor *m, const struct kvm_regs *regs)
{
    template_touch(m);
    vm_start_at(&m->vm, regs, PLATFORM_TABLES_VA(m->vm.tables));
    template_load_segments(&m->vm, m->member.family->template);
    vm_settle(&m->vm);
}

// Returns when a client has come, with everything that must be its own: descriptors, clock, seed.
void ready_wait(struct monitor *m, const struct kvm_regs *regs)
{
    struct family *f = m->member.family;
    struct ready_go go;
    int fds[FDPASS_MAX];
    unsigned n = 0;
    ssize_t got;

    get_ready(m, regs);
    family_tell(f, FAMILY_READY, m->member.slot);
    do
        got = fdpass_receive(f->answers, &go, sizeof go, fds, &n, 0);
    while (got < 0 && errno == EINTR);
    if (got != sizeof go || n != STDIO)
        _exit(1); // there is no supervisor any more
    use_stdio(f, &go, fds);
    f->ready = NULL;
    family_renew_clock(f);
    if (template_renew(&m->vm, f, m->member.slot) < 0)
        member_die(&m->member, SIGKILL, "no random seed");
}

// ---- the supervisor ----

int ready_init(struct supervisor *s, char *err, size_t errlen)
{
    struct ready *r = s->f->ready;
    const int fds[] = {s->signals, s->messages, r->server};
    r->events = epoll_create1(EPOLL_CLOEXEC);
    placement_pin(&s->f->placement, r->number);
    for (unsigned i = 0; i < 3; i++) {
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fds[i]};
        if (epoll_ctl(r->events, EPOLL_CTL_ADD, fds[i], &e) < 0)
            return family_fail(err, errlen, "cannot set up");
    }
    return 0;
}

static void tell_server(const struct ready *r, enum serve_op op)
{
    const struct serve_news news = {.pid = getpid(), .op = op};
    if (write(r->news, &news, sizeof news) < 0)
        return; // it has ended, of which we hear
}

static void tell_taken(struct ready *r)
{
    if (r->client < 0 || r->news < 0)
        return;
    tell_server(r, SERVE_TAKEN);
    close(r->news);
    r->news = -1;
}

// The family has begun: it is one like any other now.
static void settle_down(struct supervisor *s)
{
    const uint8_t taken = 1;
    tell_taken(s->f->ready);
    send(s->f->ready->client, &taken, sizeof taken, MSG_NOSIGNAL | MSG_DONTWAIT);
    placement_free(&s->f->placement, 0);
    placement_free(&s->f->placement, s->group);
}

void ready_monitor(struct supervisor *s)
{
    struct ready *r = s->f->ready;
    // One waiter is woken for each client.
    struct epoll_event e = {.events = EPOLLIN | EPOLLEXCLUSIVE};
    if (!r || r->state != READY_STARTING)
        return; // it comes from a guest that has got out
    e.data.fd = r->listener;
    if (epoll_ctl(r->events, EPOLL_CTL_ADD, r->listener, &e) < 0)
        return;
    r->state = READY_WAITING;
    tell_server(r, SERVE_READY);
}

// The message of a client that may be served, with its three descriptors. 0, or -1 without any.
static int receive_hello(int client, struct serve_hello *hello, int *fds)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    struct pollfd p = {.fd = client, .events = POLLIN};
    unsigned n;
    if (getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ||
        (peer.uid != geteuid() && peer.uid != 0))
        return -1;
    ssize_t got = fdpass_receive(client, hello, sizeof *hello, fds, &n, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN && poll(&p, 1, HELLO_MS) == 1)
        got = fdpass_receive(client, hello, sizeof *hello, fds, &n, MSG_DONTWAIT);
    if (got == sizeof *hello && hello->magic == SERVE_MAGIC && n == STDIO)
        return 0;
    while (n)
        close(fds[--n]);
    return -1;
}

// One client is the family's whole life: the listener is closed, and others wait for the next
// family.
static void take_client(struct supervisor *s)
{
    struct ready *r = s->f->ready;
    struct serve_hello hello;
    int fds[FDPASS_MAX];
    int client = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return; // somebody else was faster
    if (receive_hello(client, &hello, fds) < 0) {
        close(client);
        return;
    }
    const struct ready_go go = {.absent = hello.absent, .nowait = hello.nowait};
    if (s->f->backend->taken)
        s->f->backend->taken(s, &go, fds);
    else
        fdpass_send(s->answers, &go, sizeof go, fds, STDIO, 0);
    // From here on nobody waits for us.
    r->client = client;
    for (unsigned i = 0; i < STDIO; i++) {
        dup3(fds[i], (int)i, 0);
        close(fds[i]);
    }
    // Others wait: the next family cannot.
    struct pollfd more = {.fd = r->listener, .events = POLLIN};
    if (poll(&more, 1, 0) == 1)
        settle_down(s);
    close(r->events);
    close(r->listener);
    close(r->server);
    r->taken_ns = clock_ns(CLOCK_MONOTONIC);
    r->state = READY_TAKEN;
}

void ready_step(struct supervisor *s)
{
    struct ready *r = s->f->ready;
    struct epoll_event e;
    if (epoll_wait(r->events, &e, 1, -1) != 1)
        return;
    if (e.data.fd == r->listener)
        take_client(s);
    else if (e.data.fd == r->server)
        s->outside = SIGTERM; // there is no server any more
}

// In ms, -1: none. The news of being taken is put off for QUIET_NS, as what it sets in motion would
// take the processor from a program that has just begun.
int ready_timeout(struct supervisor *s)
{
    struct ready *r = s->f->ready;
    if (!r || r->news < 0)
        return -1;
    const uint64_t passed = clock_ns(CLOCK_MONOTONIC) - r->taken_ns;
    if (passed < QUIET_NS)
        return (int)((QUIET_NS - passed) / 1000000u) + 1;
    settle_down(s);
    return -1;
}

// Numbers of signals, a byte each; its end is a hang-up.
void ready_client(struct supervisor *s)
{
    uint8_t number = 0;
    ssize_t n = recv(s->f->ready->client, &number, sizeof number, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        s->outside = SIGHUP; // like a terminal that is gone
    else if (n > 0 && supervisor_is_end(number))
        supervisor_outside(s, number);
}

void ready_finish(struct ready *r, int status)
{
    const struct serve_end end = {.status = status};
    tell_taken(r);
    if (r->client >= 0)
        send(r->client, &end, sizeof end, MSG_NOSIGNAL | MSG_DONTWAIT);
}
