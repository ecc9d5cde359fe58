// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// exec of this same program: arguments, environment, pid, cwd, umask and status survive or change
// as POSIX says; execv, execve, execl, execlp/execvp by PATH, and a chain of execs.
#include "tests/guest/check.h"

extern char **environ;
static const char *self;

static int stage(int argc, char **argv)
{
    const char *what = argv[1];

    if (!strcmp(what, "show")) {
        for (int i = 2; i < argc; i++)
            say("  arg %d [%s]", i, argv[i]);
        // The tests' own environment is not the same everywhere; what execve() was given is.
        if (!getenv("PATH"))
            for (char **e = environ; *e; e++)
                say("  env [%s]", *e);
        return argc;
    }
    if (!strcmp(what, "pid"))
        return getpid() == atoi(argv[2]) && getppid() == atoi(argv[3]) ? 80 : 81;
    if (!strcmp(what, "state")) {
        char cwd[600];
        NEED(getcwd(cwd, sizeof cwd));
        say("  cwd ends [%s], umask %03o", strrchr(cwd, '/'), (unsigned)umask(0));
        return 82;
    }
    if (!strcmp(what, "count")) {
        int n = atoi(argv[2]);
        char next[12];
        if (n == 0)
            return 83;
        snprintf(next, sizeof next, "%d", n - 1);
        execl(self, argv[0], "count", next, (char *)NULL);
    }
    return 99;
}

static void report(const char *what, pid_t pid)
{
    say_status(what, wait_for(pid));
}

static void variants(void)
{
    char *args[] = {"any name", "show", "one", "", "three words here", NULL};
    char *env[] = {"ONE=1", "EMPTY=", "LAST=a=b", NULL}, *no_env[] = {NULL};
    pid_t pid;

    if ((pid = fork()) == 0) {
        environ = no_env;
        execv(self, args);
    }
    report("execv", pid);
    if ((pid = fork()) == 0)
        execve(self, args, env);
    report("execve", pid);
    if ((pid = fork()) == 0)
        execle(self, "zero", "show", "l", "e", (char *)NULL, env);
    report("execle", pid);
    const char *dir = getenv("TESTDIR");
    setenv("PATH", dir ? dir : "/tests", 1);
    if ((pid = fork()) == 0) {
        setenv("PATH", "/nonexistent:/:", 1);
        execlp("exec_basic", "x", "show", (char *)NULL);
        _exit(errno == ENOENT ? 84 : 85);
    }
    report("execlp not on PATH", pid);
    if ((pid = fork()) == 0)
        execvp("exec_basic", args);
    report("execvp", pid);
}

static void survives(void)
{
    char me[16], child[16];
    pid_t pid;

    snprintf(me, sizeof me, "%d", (int)getpid());
    if ((pid = fork()) == 0) {
        snprintf(child, sizeof child, "%d", (int)getpid());
        execl(self, self, "pid", child, me, (char *)NULL);
    }
    report("same pid, same parent", pid);
    NEED(mkdir("inner", 0755) == 0);
    if ((pid = fork()) == 0) {
        umask(031);
        NEED(chdir("inner") == 0);
        execl(self, self, "state", (char *)NULL);
    }
    report("state", pid);
    if ((pid = fork()) == 0)
        execl(self, self, "count", "10", (char *)NULL);
    report("ten execs in a row", pid);
}

// Long arguments and many of them arrive whole.
static void large(void)
{
    static char text[20001];
    static char *args[1003];
    pid_t pid;

    memset(text, 'A', sizeof text - 1);
    args[0] = "large";
    args[1] = "show";
    for (int i = 2; i < 1002; i++)
        args[i] = "a-short-argument";
    if ((pid = fork()) == 0) {
        close(1);
        NEED(open("out", O_WRONLY | O_CREAT | O_TRUNC, 0644) == 1);
        execv(self, args);
    }
    int status = wait_for(pid);
    say("argc 1002: status %d", WEXITSTATUS(status) == (1002 & 255));
    args[2] = text;
    args[3] = NULL;
    if ((pid = fork()) == 0) {
        close(1);
        NEED(open("out2", O_WRONLY | O_CREAT | O_TRUNC, 0644) == 1);
        setenv("LARGE", text, 1);
        execv(self, args);
    }
    status = wait_for(pid);
    say("20 KB argument and variable: %d", WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
    self = test_path("exec_basic");
    if (argc > 1)
        return stage(argc, argv);
    scratch("exec_basic");
    variants();
    survives();
    large();
    // Last of all the first process replaces itself: the family's status is the new image's.
    execl(self, self, "show", "bye", (char *)NULL);
    return 1;
}
