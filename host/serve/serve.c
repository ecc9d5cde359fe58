// SPDX-License-Identifier: BSD-2-Clause
// `ramet serve`: the process that owns the socket and keeps families ready. It hears of what its
// children do through one pipe, and they of its end through another; it is no part of the way from
// a client to its family. See serve.h.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/serve/serve.h"
#include "host/family/supervisor.h"

#define FAILED   2
#define NAMES    16                    // tried for a socket that has none yet
#define BACKLOG  128                   // clients that wait; others wait for a place
#define START_NS UINT64_C(30000000000) // a family that is not ready by then never will be
#define YOUNG_NS UINT64_C(1000000000)  // one that dies sooner than that after it was ready
#define PAUSE_NS UINT64_C(1000000000)  // before another is tried
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
    struct sockaddr_un at;
    struct stat file; // the socket's
    int listener, signals;
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

// ---- the socket ----

// Makes way for a new socket: refuses what is none, and one that somebody listens on.
static int check_place(const struct server *s)
{
    const char *path = s->f->opt->socket;
    struct stat st;
    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : failed(path, strerror(errno));
    if (!S_ISSOCK(st.st_mode))
        return failed(path, "it is there and no socket");
    // Not blocking: a server whose queue is full is one.
    int probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r = connect(probe, (const struct sockaddr *)&s->at, sizeof s->at);
    const int why = r < 0 ? errno : 0;
    close(probe);
    return why == ECONNREFUSED || why == ENOENT ? 0 : failed(path, "another server has it");
}

// Binds to a name nobody else has, next to the socket's: whatever else is there stays.
static int bind_aside(int listener, const char *path, struct sockaddr_un *new)
{
    char name[sizeof new->sun_path + 16];
    uint32_t any;
    int r = -1;
    for (int i = 0; i < NAMES && r < 0; i++) {
        if (getrandom(&any, sizeof any, 0) != sizeof any)
            return -EIO;
        snprintf(name, sizeof name, "%s.%06x", path, any & 0xffffff);
        if (client_address(name, new) < 0)
            return -ENAMETOOLONG;
        const mode_t mask = umask(0177);
        r = bind(listener, (struct sockaddr *)new, sizeof *new);
        umask(mask);
        if (r < 0 && errno != EADDRINUSE)
            break;
    }
    return r < 0 ? -errno : 0;
}

// The file appears under its name when clients can connect, in place of a stale one.
static int listen_at(struct server *s)
{
    const char *path = s->f->opt->socket;
    struct sockaddr_un new;
    if (client_address(path, &s->at) < 0 || check_place(s) < 0)
        return -1;
    s->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r = bind_aside(s->listener, path, &new);
    if (r < 0)
        return failed(path, strerror(-r));
    if (listen(s->listener, BACKLOG) < 0 || lstat(new.sun_path, &s->file) < 0 ||
        rename(new.sun_path, path) < 0) {
        failed(path, strerror(errno));
        unlink(new.sun_path);
        return -1;
    }
    return 0;
}

// Another server may have put its own there, or anybody something else, if ours was removed.
static void remove_socket(const struct server *s)
{
    struct stat st;
    if (lstat(s->f->opt->socket, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == s->file.st_ino &&
        st.st_dev == s->file.st_dev)
        unlink(s->f->opt->socket);
    shutdown(s->listener, SHUT_RDWR);
}

// ---- children ----

// A family from its start to its end: ready, then its client's.
static _Noreturn void become_family(const struct server *s)
{
    struct family f = *s->f;
    struct ready ready = {.listener = s->listener,
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
    return may_start(s) && s->not_before_ns < late ? s->not_before_ns : late;
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
    if (may_start(s) && now_ns() >= s->not_before_ns)
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
    return listen_at(s);
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
    remove_socket(&s);
    end_children(&s);
    return s.end == FAILED ? FAILED : 0;
}
