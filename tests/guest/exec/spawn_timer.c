// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// A file action of posix_spawn that blocks, in an open of a FIFO: the caller's interval timer goes
// on afterwards, signals of the caller come through, and the child has neither.
#include "tests/guest/check.h"
#include <spawn.h>
#include <sys/time.h>

extern char **environ;

static volatile sig_atomic_t ticks, hups;

static void on_signal(int sig)
{
    if (sig == SIGALRM)
        ticks++;
    else
        hups++;
}

// Opens the FIFO's other end when the caller has been in the action for a few periods.
static pid_t opener(pid_t parent)
{
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid)
        return pid;
    usleep(150 * 1000);
    kill(parent, SIGHUP);
    int fd = open("fifo", O_WRONLY);
    usleep(50 * 1000);
    _exit(fd >= 0 && write(fd, "word\n", 5) == 5 ? 0 : 1);
}

static int stage(void)
{
    struct itimerval left;
    char c;
    NEED(getitimer(ITIMER_REAL, &left) == 0);
    CHECK("no timer in the child", left.it_value.tv_sec == 0 && left.it_value.tv_usec == 0);
    CHECK("its input is the FIFO", read(0, &c, 1) == 1 && c == 'w');
    return 5;
}

int main(int argc, char **argv)
{
    struct itimerval timer = {{0, 20000}, {0, 20000}};
    posix_spawn_file_actions_t fa;
    char *args[] = {argv[0], "stage", NULL};
    pid_t pid;

    if (argc > 1)
        return stage();
    unlink("fifo");
    NEED(mkfifo("fifo", 0600) == 0);
    install(SIGALRM, on_signal, SA_RESTART);
    install(SIGHUP, on_signal, SA_RESTART);
    NEED(posix_spawn_file_actions_init(&fa) == 0);
    posix_spawn_file_actions_addopen(&fa, 0, "fifo", O_RDONLY, 0);
    pid_t other = opener(getpid());
    NEED(setitimer(ITIMER_REAL, &timer, NULL) == 0);
    NEED(posix_spawn(&pid, argv[0], &fa, NULL, args, environ) == 0);
    int seen = ticks, status = wait_for(pid); // before any line of ours, which must not mix
    for (int i = 0; i < 2000 && ticks < seen + 3; i++)
        usleep(1000);
    CHECK("the signal of the time of the action came", hups == 1);
    CHECK("the timer goes on", ticks >= seen + 3);
    say_status("spawned", status);
    say_status("opener", wait_for(other));
    unlink("fifo");
    return 0;
}
