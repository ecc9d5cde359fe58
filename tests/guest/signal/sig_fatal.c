// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// The default action of every signal, sent from outside and raised inside; SIGKILL on processes
// that block, compute, ignore or mask everything.
#include "tests/guest/check.h"

static void outside(int sig)
{
    struct gate ready = gate_make();
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0) {
        if (sig != SIGKILL)
            install(sig, SIG_DFL, 0);
        gate_open(&ready);
        sleep_ms(sig == SIGCHLD || sig == SIGURG || sig == SIGWINCH || sig == SIGCONT ? 20 : 10000);
        _exit(60);
    }
    gate_wait(&ready);
    NEED(kill(pid, sig) == 0);
    say_status(sig_name(sig), wait_for(pid));
    close(ready.fd[0]);
    close(ready.fd[1]);
}

static void inside(int sig)
{
    pid_t pid = fork();
    char what[32];

    NEED(pid >= 0);
    if (pid == 0) {
        raise(sig);
        _exit(61);
    }
    snprintf(what, sizeof what, "raise(%s)", sig_name(sig));
    say_status(what, wait_for(pid));
}

enum way { IN_PAUSE, IN_READ, COMPUTING, MASKED, IN_WAIT, ALREADY_DEAD, WAYS };

// A pipe that every grandchild holds open: at its end of file none is left.
static int orphans[2];

static void live(enum way way, struct gate *ready)
{
    static const int sigs[] = {SIGTERM, SIGINT, SIGHUP};
    sigset_t all;
    char c;
    int p[2];

    NEED(pipe(p) == 0);
    for (size_t i = 0; i < 3; i++)
        install(sigs[i], SIG_IGN, 0);
    if (way == ALREADY_DEAD)
        _exit(62);
    if (way == IN_WAIT && fork() == 0) {
        sleep_ms(100);
        _exit(0);
    }
    gate_open(ready);
    if (way == IN_PAUSE)
        pause();
    if (way == IN_READ)
        _exit((int)read(p[0], &c, 1));
    if (way == IN_WAIT)
        wait(NULL);
    sigfillset(&all);
    if (way == MASKED)
        sigprocmask(SIG_SETMASK, &all, NULL);
    for (volatile unsigned long i = 0;; i++)
        ;
}

static void killing(void)
{
    static const char *names[WAYS] = {"pausing", "reading",      "computing", "masking everything",
                                      "waiting", "already ended"};

    for (int way = 0; way < WAYS; way++) {
        struct gate ready = gate_make();
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0)
            live((enum way)way, &ready);
        if (way != ALREADY_DEAD) {
            gate_wait(&ready);
            sleep_ms(5);
            kill(pid, SIGTERM);
        } else {
            siginfo_t info;
            NEED(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
        }
        kill(pid, SIGKILL);
        say_status(names[way], wait_for(pid));
        close(ready.fd[0]);
        close(ready.fd[1]);
    }
}

static void wait_for_orphans(void)
{
    char c;

    close(orphans[1]);
    TRY(read(orphans[0], &c, 1));
    sleep_ms(50); // its descriptors are closed a moment before it is gone
}

int main(void)
{
    static const int sigs[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,   SIGTRAP, SIGABRT, SIGBUS,
                               SIGFPE,  SIGKILL, SIGUSR1, SIGSEGV,  SIGUSR2, SIGPIPE, SIGALRM,
                               SIGTERM, SIGCHLD, SIGURG,  SIGWINCH, SIGCONT};

    for (size_t i = 0; i < sizeof sigs / sizeof *sigs; i++)
        outside(sigs[i]);
    inside(SIGTERM);
    inside(SIGKILL);
    inside(SIGSEGV);
    inside(SIGABRT);
    inside(SIGCHLD);
    NEED(pipe(orphans) == 0);
    killing();
    wait_for_orphans();
    return 0;
}
