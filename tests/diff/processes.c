// SPDX-License-Identifier: BSD-2-Clause
// Processes: children that wait to be told how to end, waited for in every way, stopped, signalled,
// put into groups. A child is known by its place in a table, never by its pid. See diff.h.
#include <sched.h>
#include <sys/resource.h>

#include "tests/diff/diff.h"

#define CHILDREN 4

static struct {
    pid_t pid;
    int order; // the pipe that tells it what to do
    int ended; // told to end, or killed, and waited for by nobody yet
} children[CHILDREN];

static void begin(void)
{
    signal(SIGPIPE, SIG_IGN);
    setpgid(0, 0);
}

// What a child does: it ends with the status it reads, or by the signal of that number plus 100.
static void child(int order)
{
    unsigned char byte;
    while (read(order, &byte, 1) < 0)
        ;
    if (byte > 100) {
        signal(byte - 100, SIG_DFL);
        raise(byte - 100);
    }
    _exit(byte);
}

static int a_child(void)
{
    unsigned i = pick(CHILDREN);
    put(" #%u", i);
    return (int)i;
}

static int which(pid_t pid)
{
    for (int i = 0; i < CHILDREN; i++)
        if (children[i].pid == pid)
            return i;
    return -1;
}

static void put_status(pid_t pid, int status)
{
    put(" child %d", which(pid));
    if (WIFEXITED(status))
        put(" exit %d", WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        put(" signal %d", WTERMSIG(status));
    else if (WIFSTOPPED(status))
        put(" stopped %d", WSTOPSIG(status));
    else if (WIFCONTINUED(status))
        put(" continued");
}

static void forget(int i)
{
    close(children[i].order);
    children[i].pid = 0;
    children[i].ended = 0;
}

static void do_fork(void)
{
    int i = a_child(), p[2];
    if (children[i].pid || pipe(p) < 0) {
        put(" there is one");
        return;
    }
    flush_lines();
    pid_t pid = fork();
    if (pid == 0) {
        close(p[1]);
        for (int k = 0; k < CHILDREN; k++)
            if (children[k].pid)
                close(children[k].order);
        child(p[0]);
    }
    close(p[0]);
    children[i].pid = pid;
    children[i].order = p[1];
    put_done(pid);
}

// Ends the child and waits until it is a zombie, without taking its status.
static void do_end(void)
{
    static const unsigned char how[] = {0, 1, 42, 100 + SIGTERM, 100 + SIGKILL, 100 + SIGUSR1};
    siginfo_t info;
    int i = a_child();
    unsigned char byte = PICK(how);
    if (!children[i].pid || children[i].ended)
        return;
    kill(children[i].pid, SIGCONT);
    put(" %u", byte);
    put_result(write(children[i].order, &byte, 1));
    put_result(waitid(P_PID, (id_t)children[i].pid, &info, WEXITED | WNOWAIT));
    put(" code %d status %d", info.si_code, info.si_status);
    children[i].ended = 1;
}

static void do_kill(void)
{
    static const int sigs[] = {0, SIGTERM, SIGKILL, SIGCHLD, SIGURG, 99, -1};
    siginfo_t info;
    int i = a_child(), sig = PICK(sigs);
    if (!children[i].pid)
        return;
    put(" %d", sig);
    put_result(kill(children[i].pid, sig));
    if ((sig == SIGTERM || sig == SIGKILL) && !children[i].ended) {
        if (sig == SIGTERM)
            kill(children[i].pid, SIGCONT);
        put_result(waitid(P_PID, (id_t)children[i].pid, &info, WEXITED | WNOWAIT));
        children[i].ended = 1;
    }
}

static void do_stop(void)
{
    siginfo_t info;
    int i = a_child(), status;
    if (!children[i].pid || children[i].ended)
        return;
    put_result(kill(children[i].pid, SIGSTOP));
    put_result(waitid(P_PID, (id_t)children[i].pid, &info, WSTOPPED | WNOWAIT));
    put(" code %d status %d", info.si_code, info.si_status);
    put_result(waitpid(children[i].pid, &status, WNOHANG) > 0);
    put_result(waitpid(children[i].pid, &status, WUNTRACED) > 0);
    put_status(children[i].pid, status);
    put_result(kill(children[i].pid, SIGCONT));
    put_result(waitpid(children[i].pid, &status, WCONTINUED) > 0);
    put_status(children[i].pid, status);
}

// Only children that have ended can be taken without waiting; which of several is left open, so
// with more than one only their number is said.
static void do_wait(void)
{
    int status = 0, i = a_child(), ended = 0;
    unsigned how = pick(4);
    for (int k = 0; k < CHILDREN; k++)
        ended += children[k].ended;
    pid_t what = how == 0 ? children[i].pid : how == 1 ? -1 : how == 2 ? 0 : -getpgrp();
    if (how == 0 && what == 0) {
        put(" none");
        return;
    }
    if (how > 0 && ended > 1)
        what = -1;
    put(" how %u", how);
    pid_t got = waitpid(what, &status, WNOHANG);
    put_result(got > 0 ? 1 : got);
    if (got <= 0)
        return;
    if (how == 0 || ended == 1)
        put_status(got, status);
    if (which(got) >= 0)
        forget(which(got));
    while (how > 0 && ended > 1 && (got = waitpid(-1, &status, WNOHANG)) > 0) {
        put(" and");
        forget(which(got));
    }
}

static void do_group(void)
{
    int i = a_child(), k = a_child();
    if (!children[i].pid)
        return;
    pid_t group = pick(3) == 0 ? children[i].pid : pick(2) ? getpgrp() : children[k].pid;
    if (group == 0)
        return;
    put(" to %s", group == getpgrp() ? "ours" : group == children[i].pid ? "own" : "another's");
    if (children[i].ended) {
        put(" ended");
        return;
    }
    put_result(setpgid(children[i].pid, group));
    put(" %d", getpgid(children[i].pid) == group);
}

static void do_ids(void)
{
    int i = a_child();
    if (!children[i].pid)
        return;
    put(" %d %d", getsid(children[i].pid) == getsid(0), getpgid(children[i].pid) > 0);
    put_result(setpgid(children[i].pid + 100000, 0));
    put_result(setpgid(0, -1));
    put_result(getpgid(-1));
    put_result(kill(children[i].pid + 100000, 0));
}

static void do_fork_wait(void)
{
    int status, code = (int)pick(256), p[2];
    char byte = 'x';
    if (pipe(p) < 0)
        return;
    flush_lines();
    pid_t pid = fork();
    if (pid == 0) {
        pid_t inner = fork();
        if (inner == 0)
            _exit(7);
        int got = waitpid(inner, &status, 0) == inner && WIFEXITED(status);
        byte = (char)('a' + (got ? WEXITSTATUS(status) : 20));
        if (write(p[1], &byte, 1) != 1)
            _exit(1);
        _exit(code);
    }
    close(p[1]);
    ssize_t n = read(p[0], &byte, 1);
    put_result(waitpid(pid, &status, 0) == pid);
    put(" %zd %c", n, byte);
    put_status(0, status);
    put(" end %zd", read(p[0], &byte, 1));
    close(p[0]);
}

static void do_limits(void)
{
    struct rlimit limit;
    put_result(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = 64 + pick(64);
    put_result(setrlimit(RLIMIT_NOFILE, &limit));
    struct rlimit now;
    getrlimit(RLIMIT_NOFILE, &now);
    put(" %d", now.rlim_cur == limit.rlim_cur);
    put_result(dup2(1, (int)limit.rlim_cur));
    put_result(getrlimit(77, &limit));
}

static void do_bad_wait(void)
{
    siginfo_t info;
    int status;
    put_result(waitpid(getpid(), &status, WNOHANG));
    put_result(waitpid(-1, &status, 0x40000000 >> 8));
    put_result(waitid(P_ALL, 0, &info, 0));
    put_result(waitid((idtype_t)9, 0, &info, WEXITED));
    put_result(waitid(P_PID, 0, &info, WEXITED | WNOHANG));
}

static const struct op ops[] = {
    {"fork", 12, do_fork},    {"end", 8, do_end},
    {"kill", 8, do_kill},     {"stop", 4, do_stop},
    {"wait", 12, do_wait},    {"group", 6, do_group},
    {"ids", 2, do_ids},       {"fork-wait", 3, do_fork_wait},
    {"limits", 2, do_limits}, {"bad-wait", 2, do_bad_wait},
};

const struct area area_processes = {"processes", ops, LENGTH(ops), begin};
