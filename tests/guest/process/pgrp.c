// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Process groups and sessions: inheritance, setpgid's rules, setsid, and user and group ids.
#include "tests/guest/check.h"
#include <sys/utsname.h>

// Runs a check in a child and prints its verdict line by line.
static void in_child(const char *what, int (*check)(void))
{
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0)
        _exit(check());
    say_status(what, wait_for(pid));
}

static int new_session(void)
{
    pid_t before = getpgrp();

    CHECK("group inherited", getpgid(getppid()) == before);
    CHECK("session inherited", getsid(0) == getsid(getppid()));
    CHECK("setsid returns the pid", setsid() == getpid());
    CHECK("own group", getpgrp() == getpid() && getpgrp() != before);
    CHECK("own session", getsid(0) == getpid());
    TRY(setsid());
    TRY(setpgid(0, 0));
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        CHECK("grandchild is in the new session", getsid(0) == getppid());
        CHECK("and may leave it", setsid() == getpid());
        _exit(0);
    }
    say_status("grandchild", wait_for(pid));
    return 1;
}

static int groups(void)
{
    struct gate go = gate_make(), ready = gate_make();
    pid_t a = fork();

    NEED(a >= 0);
    if (a == 0) {
        gate_wait(&go);
        _exit(getpgrp() == getpid() ? 2 : 3);
    }
    pid_t b = fork();
    NEED(b >= 0);
    if (b == 0) {
        NEED(setsid() == getpid());
        gate_open(&ready);
        gate_wait(&go);
        _exit(4);
    }
    gate_wait(&ready);
    TRY(setpgid(a, 0));
    CHECK("a leads its group", getpgid(a) == a);
    TRY(setpgid(a, a));
    CHECK("another session: EPERM", setpgid(b, 0) == -1 && errno == EPERM);
    CHECK("no such group: EPERM", setpgid(a, b) == -1 && errno == EPERM);
    CHECK("join a's group", setpgid(0, a) == 0 && getpgrp() == a);
    gate_open(&go);
    gate_open(&go);
    say_status("a", wait_for(a));
    say_status("b", wait_for(b));
    CHECK("the group lives while I am in it", kill(-a, 0) == 0);
    return 5;
}

static volatile sig_atomic_t hups;

static void hup(int sig)
{
    hups += sig == SIGHUP;
}

// A group whose last link to its session goes while a member is stopped gets HUP and CONT.
static int orphaned_group(void)
{
    int up[2];
    struct {
        pid_t pid;
        char hups;
    } said;

    NEED(pipe(up) == 0);
    NEED(setsid() >= 0);
    pid_t middle = fork();
    NEED(middle >= 0);
    if (middle == 0) {
        pid_t bottom = fork();
        NEED(bottom >= 0);
        if (bottom == 0) {
            install(SIGHUP, hup, 0);
            setpgid(0, 0);
            raise(SIGSTOP);
            for (int i = 0; i < 500 && !hups; i++)
                sleep_ms(1);
            said.hups = (char)('0' + hups);
            said.pid = getpid();
            NEED(write(up[1], &said, sizeof said) == sizeof said);
            _exit(0);
        }
        int status;
        NEED(waitpid(bottom, &status, WUNTRACED) == bottom);
        _exit(WIFSTOPPED(status) ? 6 : 7);
    }
    say_status("middle left a stopped child", wait_for(middle));
    close(up[1]);
    NEED(read(up[0], &said, sizeof said) == sizeof said);
    say("the stopped orphan got HUP and went on: %c", said.hups);
    // It is nobody's child, and must be gone before what it holds is counted.
    for (int i = 0; i < 200 && kill(said.pid, 0) == 0; i++)
        sleep_ms(1);
    return 8;
}

int main(void)
{
    struct utsname name;

    in_child("session", new_session);
    in_child("groups", groups);
    in_child("orphaned group", orphaned_group);
    CHECK("getpgid(0) is getpgrp()", getpgid(0) == getpgrp());
    CHECK("real and effective ids agree", getuid() == geteuid() && getgid() == getegid());
    TRY(uname(&name));
    CHECK("uname says something", name.sysname[0] && name.release[0] && name.machine[0]);
    char host[100];
    TRY(gethostname(host, sizeof host));
    return 0;
}
