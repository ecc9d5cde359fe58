// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
// timeout: 120
//
// Everything at once: workers that fork, exec, pipe, kill, stop, rename and wait in pseudo-random
// order side by side. What each step must give is known, so the sum is; the order is not.
#include "tests/guest/check.h"

#define WORKERS 6
#define STEPS   60

static const char *self;
static unsigned long seed;

static unsigned pick(unsigned below)
{
    seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned)(seed >> 33) % below;
}

static bool exited(pid_t pid, int with)
{
    int status = wait_for(pid);

    return WIFEXITED(status) && WEXITSTATUS(status) == with;
}

static bool killed(pid_t pid, int by)
{
    int status = wait_for(pid);

    return WIFSIGNALED(status) && WTERMSIG(status) == by;
}

static pid_t child_pausing(void)
{
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0)
        for (;;)
            pause();
    return pid;
}

static bool step_exit(void)
{
    int status = (int)pick(200);
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0)
        _exit(status);
    return exited(pid, status);
}

// A child returns what it is sent, plus one; sizes up to more than a pipe holds.
static bool step_echo(void)
{
    static unsigned char out[100000], in[100000];
    int there[2], back[2];
    size_t n = 1 + pick(sizeof out), have = 0;

    NEED(pipe(there) == 0 && pipe(back) == 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        ssize_t got;
        close(there[1]);
        close(back[0]);
        while ((got = read(there[0], in, sizeof in)) > 0) {
            for (ssize_t i = 0; i < got; i++)
                in[i]++;
            NEED(write(back[1], in, (size_t)got) == got);
        }
        _exit(1);
    }
    close(there[0]);
    close(back[1]);
    // A second child writes: this one alone would block with both pipes full.
    pid_t writer = fork();
    NEED(writer >= 0);
    if (writer == 0) {
        for (size_t i = 0; i < n; i++)
            out[i] = (unsigned char)(i * 13);
        NEED(write(there[1], out, n) == (ssize_t)n);
        _exit(2);
    }
    close(there[1]);
    ssize_t got;
    bool good = true;
    while ((got = read(back[0], in, sizeof in)) > 0)
        for (ssize_t i = 0; i < got; i++, have++)
            good &= in[i] == (unsigned char)(have * 13 + 1);
    close(back[0]);
    return exited(writer, 2) & exited(pid, 1) & good & (have == n);
}

static bool step_kill(void)
{
    static const int sigs[] = {SIGKILL, SIGTERM, SIGUSR1, SIGHUP};
    int sig = sigs[pick(4)];
    pid_t pid = child_pausing();

    if (pick(2))
        sleep_ms(1);
    NEED(kill(pid, sig) == 0);
    return killed(pid, sig);
}

static bool step_stop(void)
{
    int status;
    pid_t pid = child_pausing();

    NEED(kill(pid, SIGSTOP) == 0);
    if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
        return false;
    if (pick(2))
        NEED(kill(pid, SIGCONT) == 0);
    NEED(kill(pid, SIGKILL) == 0);
    return killed(pid, SIGKILL);
}

static bool step_exec(void)
{
    char arg[12];
    int status = (int)pick(100);
    pid_t pid = fork();

    NEED(pid >= 0);
    snprintf(arg, sizeof arg, "%d", status);
    if (pid == 0) {
        execl(self, "churn", arg, (char *)NULL);
        _exit(127);
    }
    return exited(pid, status);
}

static bool step_files(void)
{
    char a[32], b[32];
    struct stat st;

    snprintf(a, sizeof a, "file-%d-a", (int)getpid());
    snprintf(b, sizeof b, "file-%d-b", (int)getpid());
    put_file(a, "some text", 0644);
    NEED(link(a, b) == 0);
    bool good = stat(b, &st) == 0 && st.st_nlink == 2 && st.st_size == 9;
    good &= rename(b, a) == 0; // the same file: nothing happens
    good &= unlink(a) == 0 && unlink(b) == 0 && access(a, F_OK) == -1;
    return good;
}

// The grandchild outlives its parent and speaks through a pipe.
static bool step_orphan(void)
{
    int p[2];
    char text[8];

    NEED(pipe(p) == 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        if (fork() == 0) {
            sleep_ms(1);
            NEED(write(p[1], "orphan", 6) == 6);
            _exit(0);
        }
        _exit(9);
    }
    close(p[1]);
    bool good = exited(pid, 9);
    good &= read(p[0], text, sizeof text) == 6;
    good &= read(p[0], text, sizeof text) == 0;
    close(p[0]);
    return good;
}

static void work(int number)
{
    static bool (*const steps[])(void) = {step_exit, step_echo,  step_kill,  step_stop,
                                          step_exec, step_files, step_orphan};
    static const char *const names[] = {"exit", "echo", "kill", "stop", "exec", "files", "orphan"};
    int good = 0;

    seed = (unsigned long)number * 7919 + 1;
    for (int i = 0; i < STEPS; i++) {
        unsigned which = pick(sizeof steps / sizeof *steps);
        if (steps[which]())
            good++;
        else
            say("worker %d, step %d (%s): NO", number, i, names[which]);
    }
    _exit(good == STEPS ? number : 99);
}

int main(int argc, char **argv)
{
    pid_t pids[WORKERS];
    int status;

    if (argc > 1)
        return atoi(argv[1]);
    self = test_path("churn");
    scratch("churn");
    for (int i = 0; i < WORKERS; i++) {
        pids[i] = fork();
        NEED(pids[i] >= 0);
        if (pids[i] == 0)
            work(i);
    }
    for (int i = 0; i < WORKERS; i++) {
        char what[32];
        snprintf(what, sizeof what, "worker %d", i);
        say_status(what, wait_for(pids[i]));
    }
    TRY(wait(&status));
    return 0;
}
