// SPDX-License-Identifier: BSD-2-Clause
// A family of picoprocesses kept ready (host/serve/serve.h): its first member has all a resumed one
// has, is confined, and stands in a notification that is answered when a client has come.
//
// The client's descriptors are put into the member's table from here (SECCOMP_IOCTL_NOTIF_ADDFD,
// seccomp_unotify(2)): it has no right to receive any.

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/process/process.h"
#include "host/serve/serve.h"
#include "host/template/template.h"

void ready_listen(struct supervisor *s)
{
    const int fd = process_of(s->f)->listener;
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(s->f->ready->events, EPOLL_CTL_ADD, fd, &e);
}

int ready_hold(struct supervisor *s, uint32_t from, uint64_t id)
{
    struct process_family *p = process_of(s->f);
    if (from != 1 || p->held || !ready_waits(s->f))
        return -EPERM;
    p->held = id;
    ready_monitor(s);
    return 0;
}

// In the page that the member has as well, and reads when it is answered.
static void tell_client(const struct family *f, struct stub_hello *hello, const struct ready_go *go)
{
    for (unsigned i = 0; i < 3; i++) {
        hello->stdio[i] = go->absent >> i & 1 ? PV_STDIO_NONE : PV_STDIO_STREAM;
        hello->nowait[i] = go->nowait >> i & 1;
    }
    hello->tsc_base = f->tsc_base;
    hello->mono_base_ns = f->mono_base_ns;
    hello->wall_base_ns = f->wall_base_ns;
}

static int give(const struct process_family *p, unsigned number, int fd)
{
    const struct seccomp_notif_addfd to = {
        .id = p->held, .flags = SECCOMP_ADDFD_FLAG_SETFD, .srcfd = (uint32_t)fd, .newfd = number};
    return ioctl(p->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &to) < 0 ? -errno : 0;
}

// One that the client has closed is an O_PATH placeholder (main.c), which cannot be given. The
// server's must not stay in its place: the member gets a pipe with nobody at its end.
static int give_nothing(const struct process_family *p, unsigned number)
{
    int pipe[2], r;
    if (pipe2(pipe, O_CLOEXEC) < 0)
        return -errno;
    close(pipe[1]);
    r = give(p, number, pipe[0]);
    close(pipe[0]);
    return r;
}

// A member that has died meanwhile is answered by an error, and found dead by the loop.
void process_taken(struct supervisor *s, const struct ready_go *go, const int *fds)
{
    struct process_family *p = process_of(s->f);
    struct seccomp_notif_resp r = {.id = p->held};
    for (unsigned i = 0; i < 3 && !r.error; i++)
        if (give(p, i, fds[i]) < 0)
            r.error = give_nothing(p, i);
    family_renew_clock(s->f);
    tell_client(s->f, p->hello, go);
    warm_start(s, 1, s->f->template->program);
    atomic_store(&s->f->shared->started, 1);
    atomic_store(&slot_of(s, 1)->state, SLOT_RUNNING);
    ioctl(p->listener, SECCOMP_IOCTL_NOTIF_SEND, &r);
    munmap(p->hello, 4096);
}
