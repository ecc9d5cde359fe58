// SPDX-License-Identifier: BSD-2-Clause
// `ramet serve`: the process that owns the socket (place.c) and keeps families ready. It hears of
// what its children do through one pipe, and they of its end through another; it is no part of the
// way from a client to its family. See serve.h.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/serve/serve.h"
#include "host/family/supervisor.h"

#define FAILED   2
#define START_NS UINT64_C(30000000000) // a family that is not ready by then never will be
#define YOUNG_NS UINT64_C(1000000000)  // one that dies sooner than that after it was ready
#define PAUSE_NS UINT64_C(1000000000)  // before another is tried
#define REST_NS  UINT64_C(50000000)   // after one was taken, while half of them are ready still
#define NEVER_NS (~UINT64_C(0))
#define END_NS   UINT64_C(2000000000) // for the ready ones to end in

struct child {
    pid_t pid;
    int ready;
    uint64_t since_ns; // it was forked, or ready
};

struct server {
    struct family *f; // what families have in common; never run itself
    uint32_t program;
    char *const *argv;
    struct serve_place place;
    int signals;
    int life[2]; // nothing is written to it: its read end tells children when we are gone
    int news[2]; // struct serve_news
    sigset_t before;
    struct child children[POOL_MAX]; // those that are not taken
    uint32_t n;
    uint32_t ready;         // of them
    unsigned started;       // children so far
    uint32_t processors;    // of the host
    int proven;             // one has been ready: it can be done
    int end;                // a signal has come, or it cannot be done
    uint64_t not_before_ns; // the next one is not started sooner
    uint64_t taken_ns;      // the last one was
};

static uint64_t now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

static int failed(const char *what, const char *why)
{
    fprintf(stderr, "ramet: %s: %s\n", what, why);
    return -1;
}

// ---- children ----

// A family from its start to its end: ready, then its client's.
static _Noreturn void become_family(const struct server *s)
{
    struct family f = *s->f;
    struct ready ready = {.listener = s->place.listener,
                          .server = s->life[0],
                          .news = s->news[1],
                          .client = -1,
                          .number = s->started};
    char err[256];
    close(s->life[1]);
    close(s->news[0]);
    close(s->signals);
    setsid(); // the signals of the server's terminal are not for families
    sigprocmask(SIG_SETMASK, &s->before, NULL);
    f.ready = &ready;
    if (family_init(&f, err, sizeof err) < 0) {
        fprintf(stderr, "ramet: %s\n", err);
        _exit(FAILED);
    }
    const int status = supervisor_run(&f, s->program, s->argv);
    ready_finish(&ready, status);
    _exit(status);
}

static void start_child(struct server *s)
{
    s->started++;
    pid_t pid = fork();
    if (pid == 0)
        become_family(s);
    if (pid > 0)
        s->children[s->n++] = (struct child){.pid = pid, .since_ns = now_ns()};
    else
        s->not_before_ns = now_ns() + PAUSE_NS;
}

static struct child *find_child(struct server *s, pid_t pid)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (s->children[i].pid == pid)
            return &s->children[i];
    return NULL;
}

static void forget_child(struct server *s, struct child *c)
{
    s->ready -= c->ready != 0;
    *c = s->children[--s->n];
}

static void take_news(struct server *s)
{
    struct serve_news news;
    while (read(s->news[0], &news, sizeof news) == sizeof news) {
        struct child *c = find_child(s, news.pid);
        if (c && news.op == SERVE_READY && !c->ready) {
            c->ready = s->proven = 1;
            c->since_ns = now_ns();
            s->ready++;
        } else if (c && news.op == SERVE_TAKEN) {
            forget_child(s, c);
            s->taken_ns = now_ns();
        }
    }
}

static void reap(struct server *s)
{
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
        take_news(s); // all it has said has been said
        struct child *c = find_child(s, pid);
        if (!c)
            continue; // a family that was in use
        if (!c->ready || now_ns() - c->since_ns < YOUNG_NS)
            s->not_before_ns = now_ns() + PAUSE_NS;
        forget_child(s, c);
        if (!s->proven)
            s->end = FAILED; // it has said why
    }
}

// One is made after the other, as those that are taken need the processors; but with none ready it
// is they that are waited for.
static int may_start(const struct server *s)
{
    const uint32_t making = s->n - s->ready;
    return s->n < s->f->opt->ready && making < (s->ready ? 1 : s->processors);
}

// When it may be. Clients that come one after the other have the processors to themselves, as long
// as there are enough for some more.
static uint64_t start_ns(const struct server *s)
{
    const uint64_t rested = s->ready * 2 >= s->f->opt->ready ? s->taken_ns + REST_NS : 0;
    return rested > s->not_before_ns ? rested : s->not_before_ns;
}

// The longest in the making, or NULL.
static const struct child *oldest(const struct server *s)
{
    const struct child *c = NULL;
    for (uint32_t i = 0; i < s->n; i++)
        if (!s->children[i].ready && (!c || s->children[i].since_ns < c->since_ns))
            c = &s->children[i];
    return c;
}

// When there is something to do besides listening.
static uint64_t next_ns(const struct server *s)
{
    const struct child *c = oldest(s);
    const uint64_t late = c ? c->since_ns + START_NS : NEVER_NS;
    return may_start(s) && start_ns(s) < late ? start_ns(s) : late;
}

static void step(struct server *s)
{
    struct signalfd_siginfo info;
    struct pollfd fds[2] = {{.fd = s->signals, .events = POLLIN},
                            {.fd = s->news[0], .events = POLLIN}};
    const uint64_t now = now_ns(), next = next_ns(s);
    const uint64_t left = next > now ? next - now : 0;
    const struct timespec wait = {.tv_sec = (time_t)(left / 1000000000u),
                                  .tv_nsec = (long)(left % 1000000000u)};
    ppoll(fds, 2, next == NEVER_NS ? NULL : &wait, NULL);
    take_news(s);
    while (read(s->signals, &info, sizeof info) == sizeof info)
        if (info.ssi_signo != SIGCHLD)
            s->end = 1;
    reap(s);
}

static void keep_ready(struct server *s)
{
    const struct child *c = oldest(s);
    if (c && now_ns() - c->since_ns >= START_NS)
        kill(c->pid, SIGKILL);
    if (may_start(s) && now_ns() >= start_ns(s))
        start_child(s);
}

// The ready ones end by themselves, as they see that we do; those in use go on.
static void end_children(struct server *s)
{
    const uint64_t deadline = now_ns() + END_NS;
    close(s->life[1]);
    while (s->n && now_ns() < deadline) {
        poll(NULL, 0, 1);
        take_news(s);
        reap(s);
    }
    for (uint32_t i = 0; i < s->n; i++)
        kill(s->children[i].pid, SIGKILL);
}

static int init(struct server *s)
{
    sigset_t set;
    supervisor_end_signals(&set);
    sigaddset(&set, SIGCHLD);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &set, &s->before);
    s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->signals < 0 || pipe2(s->life, O_CLOEXEC) < 0 ||
        pipe2(s->news, O_CLOEXEC | O_NONBLOCK) < 0)
        return failed("cannot set up", strerror(errno));
    return place_open(&s->place, s->f->opt->socket);
}

int serve_run(struct family *f, uint32_t program, char *const argv[])
{
    static struct server s;
    s = (struct server){.f = f, .program = program, .argv = argv};
    s.processors = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
    if (init(&s) < 0)
        return FAILED;
    while (!s.end) {
        keep_ready(&s);
        step(&s);
    }
    place_close(&s.place);
    end_children(&s);
    return s.end == FAILED ? FAILED : 0;
}
