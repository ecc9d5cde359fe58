// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// What vfork promises on Linux and programs build on: the child runs in its parent's memory and the
// parent stands still; yet descriptors, directory, mask and handlers are the child's own.
#include "tests/guest/check.h"

static volatile int shared, handled;

static void on_child(int sig)
{
    handled += sig == SIGCHLD;
}

// How programs report that exec failed: through memory.
static void exec_error(void)
{
    volatile int error = 0;
    char *const args[] = {"nosuch", NULL};

    pid_t pid = vfork();
    if (pid == 0) {
        execve("/tmp/no/such/program", args, args);
        error = errno;
        shared = 5;
        _exit(127);
    }
    say("shared %d, error %s", shared, error == ENOENT ? "ENOENT" : "another");
    say_status("exec failed", wait_for(pid));
}

static void own_state(void)
{
    struct sigaction act;
    char cwd[64];
    int p[2];

    NEED(pipe(p) == 0 && chdir("/") == 0);
    install(SIGUSR1, on_child, 0);
    pid_t parent = getpid(), pid = vfork();
    if (pid == 0) {
        shared = getpid() != parent && getppid() == parent;
        close(p[0]);
        dup2(p[1], 9);
        if (chdir("/tmp") != 0)
            _exit(1);
        signal(SIGUSR1, SIG_IGN);
        _exit(write(9, "x", 1) == 1 ? 0 : 2);
    }
    say("child had ids of its own: %d", shared);
    say_status("child", wait_for(pid));
    say("cwd %s", getcwd(cwd, sizeof cwd));
    say("fd 9 open here: %d", fcntl(9, F_GETFD) >= 0);
    NEED(sigaction(SIGUSR1, NULL, &act) == 0);
    say("handler kept: %d", act.sa_handler == on_child);
    NEED(read(p[0], cwd, 1) == 1);
    say("read %c", cwd[0]);
}

// The parent's signals wait until it runs again.
static void signals(void)
{
    install(SIGCHLD, on_child, SA_RESTART);
    pid_t parent = getpid(), pid = vfork();
    if (pid == 0) {
        kill(parent, SIGCHLD);
        shared = handled;
        _exit(3);
    }
    say("before the child's end %d, after %d", shared, handled > 0);
    say_status("ended", wait_for(pid));
    pid = vfork();
    if (pid == 0) {
        kill(getpid(), SIGTERM);
        _exit(4);
    }
    say_status("killed itself", wait_for(pid));
}

static int deep(int n)
{
    volatile char room[512];
    memset((char *)room, n, sizeof room);
    return n ? deep(n - 1) + room[n] : 0;
}

// The child's calls use the stack below the frame that vfork returned to.
static void stack(void)
{
    int kept = 42;
    pid_t pid = vfork();
    if (pid == 0) {
        shared = deep(20);
        _exit(0);
    }
    say("kept %d, deep %d", kept, shared);
    say_status("deep", wait_for(pid));
    for (volatile int i = 0; i < 50; i++) {
        pid = vfork();
        if (pid == 0)
            _exit(i);
        int status;
        NEED(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == i);
    }
    say("50 in a row");
}

int main(void)
{
    exec_error();
    own_state();
    signals();
    stack();
    return 0;
}
