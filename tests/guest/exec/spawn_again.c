// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// One program started after another, by posix_spawn, vfork and exec: each finds a fresh process,
// whatever the one before it did to memory, registers, handlers and timers, and the arguments meant
// for it. Sometimes the next is another program.
#include <fenv.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "tests/guest/check.h"

#define ROUNDS 40
#define HEAP   (600u << 10)
#define PAGE   4096u

extern char **environ;
static const char *self;
static char in_bss[5 * PAGE];
static int in_data = 42;
static char aligned[2 * PAGE] __attribute__((aligned(4096)));

static bool all_zero(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (p[i])
            return false;
    return true;
}

// Nothing of an earlier life.
static bool is_fresh(void)
{
    struct sigaction act;
    sigset_t set;
    struct itimerval timer;
    char *heap = sbrk(HEAP);
    bool good = in_data == 42 && all_zero(in_bss, sizeof in_bss) && all_zero(heap, HEAP);
    sigaction(SIGUSR1, NULL, &act);
    sigprocmask(SIG_BLOCK, NULL, &set);
    getitimer(ITIMER_REAL, &timer);
    good &= act.sa_handler == SIG_DFL && !sigismember(&set, SIGUSR2);
    good &= timer.it_value.tv_sec == 0 && timer.it_value.tv_usec == 0;
    good &= fegetround() == FE_TONEAREST && fetestexcept(FE_ALL_EXCEPT) == 0;
    good &= fcntl(7, F_GETFD) < 0;
    aligned[0] = 1; // writable, again
    return good;
}

static void on_usr1(int sig)
{
    (void)sig;
}

// What the next one must not see.
static void leave_traces(void)
{
    struct itimerval soon = {.it_value = {.tv_sec = 5}};
    sigset_t set;
    volatile double zero = 0, one = 1;
    in_data = 7;
    memset(in_bss, 'x', sizeof in_bss);
    memset((char *)sbrk(0) - HEAP, 'y', HEAP);
    char *more = malloc(HEAP);
    if (more)
        memset(more, 'z', HEAP);
    signal(SIGUSR1, on_usr1);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    fesetround(FE_UPWARD);
    one /= zero;
    dup2(1, 7);
    mprotect(aligned, PAGE, PROT_READ);
}

static int child(char **argv, int argc)
{
    int round = atoi(argv[2]);
    const char *env = getenv("ROUND");
    bool good = is_fresh() && argc == 3 + round % 4 && env && atoi(env) == round;
    for (int i = 3; i < argc; i++)
        good &= !strcmp(argv[i], "more");
    leave_traces();
    return good ? 10 + round : 99;
}

static int start(int round)
{
    static char more[] = "more", mark[] = "child";
    char number[12], env_number[24];
    char *argv[8] = {(char *)self, mark, number, more, more, more, NULL};
    char *env[] = {env_number, NULL};
    pid_t pid;
    argv[3 + round % 4] = NULL;
    snprintf(number, sizeof number, "%d", round);
    snprintf(env_number, sizeof env_number, "ROUND=%d", round);
    if (round % 3 == 0) {
        pid = vfork();
        if (pid == 0) {
            execve(self, argv, env);
            _exit(98);
        }
    } else {
        NEED(posix_spawn(&pid, self, NULL, NULL, argv, env) == 0);
    }
    return wait_for(pid);
}

// Another program in between: its memory is another's.
static int start_other(const char *path)
{
    char *argv[] = {(char *)path, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    NEED(posix_spawn(&pid, path, &actions, NULL, argv, environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    return wait_for(pid);
}

int main(int argc, char **argv)
{
    int good = 0, others = 0;
    if (argc > 2 && !strcmp(argv[1], "child"))
        return child(argv, argc);
    self = strdup(test_path("spawn_again"));
    NEED(self);
    for (int round = 0; round < ROUNDS; round++) {
        int status = start(round);
        good += WIFEXITED(status) && WEXITSTATUS(status) == 10 + round;
        if (round % 5 == 4)
            others += WIFEXITED(start_other(test_path("hello")));
        if (round % 7 == 6) {
            const struct timespec rest = {.tv_nsec = 5000000};
            nanosleep(&rest, NULL);
        }
    }
    say("fresh: %d of %d, others: %d", good, ROUNDS, others);
    return 0;
}
