// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
// timeout: 60
//
// Many processes one after the other, many at once, and many that are killed from outside. The
// endurance suite (tests/suites/endurance.py) runs it with large numbers; without arguments it is a
// small test of the first two.
#include "tests/guest/check.h"

#define MOST 2048

static int next_status(int i)
{
    return i % 8;
}

static void one_after_the_other(int n)
{
    int right = 0;
    for (int i = 0; i < n; i++) {
        int status = -1;
        pid_t pid = fork();
        if (pid == 0)
            _exit(next_status(i));
        if (pid > 0 && waitpid(pid, &status, 0) == pid)
            right += WIFEXITED(status) && WEXITSTATUS(status) == next_status(i);
    }
    say("%d of %d forks", right, n);
}

static int start_sleepers(pid_t *pids, int n)
{
    int made = 0;
    while (made < n && (pids[made] = fork()) >= 0) {
        if (pids[made] == 0)
            for (;;)
                pause();
        made++;
    }
    return made;
}

// Until whoever started us has written a line, or nobody will.
static void wait_for_line(void)
{
    char line[16];
    if (read(0, line, sizeof line) < 0)
        say("no line");
}

static void all_at_once(int n, int asks)
{
    static pid_t pids[MOST];
    int status, killed = 0;
    const int made = start_sleepers(pids, n < MOST ? n : MOST);
    say("%d of %d sleep", made, n);
    if (asks)
        wait_for_line();
    for (int i = 0; i < made; i++)
        kill(pids[i], SIGKILL);
    while (wait(&status) > 0)
        killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    say("%d killed", killed);
}

// One that works until it is killed, with children of its own.
static void work(void)
{
    signal(SIGTERM, SIG_DFL);
    for (;;) {
        int fds[2], status;
        char byte = 'x';
        if (pipe(fds) < 0)
            _exit(1);
        pid_t pid = fork();
        if (pid == 0) {
            if (write(fds[1], &byte, 1) != 1)
                _exit(1);
            _exit(0);
        }
        close(fds[1]);
        if (pid > 0 && read(fds[0], &byte, 1) >= 0)
            waitpid(pid, &status, 0);
        close(fds[0]);
    }
}

// Workers that somebody outside kills, until n have been: each is replaced.
static void killed_from_outside(int n, int workers)
{
    int deaths = 0, other = 0;
    for (int i = 0; i < workers; i++)
        if (fork() == 0)
            work();
    say("%d work", workers);
    while (deaths < n) {
        int status;
        if (wait(&status) < 0)
            break;
        const int killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        deaths += killed;
        other += !killed;
        if (fork() == 0)
            work();
    }
    kill(0, SIGTERM); // of us all, the others
    while (wait(NULL) > 0)
        ;
    say("%d killed, %d ended otherwise", deaths, other);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    const int n = argc > 2 ? atoi(argv[2]) : 0;
    if (n) {
        say("begin");
        wait_for_line();
    }
    if (!strcmp(mode, "forks"))
        one_after_the_other(n);
    else if (!strcmp(mode, "alive"))
        all_at_once(n, 1);
    else if (!strcmp(mode, "killed")) {
        signal(SIGTERM, SIG_IGN);
        killed_from_outside(n, 12);
    } else {
        one_after_the_other(50);
        all_at_once(20, 0);
    }
    if (n)
        wait_for_line();
    return 0;
}
