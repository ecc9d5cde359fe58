// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// posix_spawn: file actions in order, attributes (mask, default signals, process group), PATH
// search, errors by return value.
#include "tests/guest/check.h"
#include <spawn.h>

extern char **environ;
static const char *self;

static int stage(char **argv)
{
    char buf[64];
    sigset_t set;

    if (!strcmp(argv[1], "cat")) {
        ssize_t n;
        while ((n = read(0, buf, sizeof buf)) > 0)
            NEED(write(1, buf, (size_t)n) == n);
        return 20;
    }
    if (!strcmp(argv[1], "look")) {
        struct sigaction usr1, usr2;
        sigaction(SIGUSR1, NULL, &usr1);
        sigaction(SIGUSR2, NULL, &usr2);
        sigprocmask(SIG_BLOCK, NULL, &set);
        say("  own group %d, HUP blocked %d, TERM blocked %d, USR1 default %d, USR2 ignored %d",
            getpgrp() == getpid(), sigismember(&set, SIGHUP), sigismember(&set, SIGTERM),
            usr1.sa_handler == SIG_DFL, usr2.sa_handler == SIG_IGN);
        return 21;
    }
    if (!strcmp(argv[1], "env")) {
        const char *value = getenv("SPAWNED");
        say("  SPAWNED [%s]", value ? value : "(none)");
        return 22;
    }
    if (!strcmp(argv[1], "fds")) {
        for (int fd = 3; fd < 8; fd++)
            if (fcntl(fd, F_GETFD) != -1)
                say("  fd %d open", fd);
        return 23;
    }
    return 99;
}

static void file_actions(void)
{
    posix_spawn_file_actions_t fa;
    char *args[] = {(char *)self, "cat", NULL};
    pid_t pid;

    NEED(posix_spawn_file_actions_init(&fa) == 0);
    TRY(posix_spawn_file_actions_addopen(&fa, 0, "in", O_RDONLY, 0));
    TRY(posix_spawn_file_actions_addopen(&fa, 7, "out", O_WRONLY | O_CREAT | O_TRUNC, 0600));
    TRY(posix_spawn_file_actions_adddup2(&fa, 7, 1));
    TRY(posix_spawn_file_actions_addclose(&fa, 7));
    TRY(posix_spawn(&pid, self, &fa, NULL, args, environ));
    say_status("cat", wait_for(pid));
    say_file("out");
    posix_spawn_file_actions_destroy(&fa);

    // An action that fails fails the spawn, whichever way the system reports it.
    NEED(posix_spawn_file_actions_init(&fa) == 0);
    posix_spawn_file_actions_addopen(&fa, 0, "no/such/file", O_RDONLY, 0);
    int err = posix_spawn(&pid, self, &fa, NULL, args, environ);
    say("open action fails: %s", err_name(err));
    posix_spawn_file_actions_destroy(&fa);
}

static void attributes(void)
{
    posix_spawnattr_t at;
    sigset_t set;
    char *args[] = {(char *)self, "look", NULL};
    pid_t pid;

    install(SIGUSR1, SIG_IGN, 0);
    install(SIGUSR2, SIG_IGN, 0);
    NEED(posix_spawnattr_init(&at) == 0);
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    TRY(posix_spawnattr_setsigmask(&at, &set));
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    TRY(posix_spawnattr_setsigdefault(&at, &set));
    TRY(posix_spawnattr_setpgroup(&at, 0));
    TRY(posix_spawnattr_setflags(&at, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                          POSIX_SPAWN_SETPGROUP));
    NEED(posix_spawn(&pid, self, NULL, &at, args, environ) == 0);
    say_status("with attributes", wait_for(pid));
    posix_spawnattr_destroy(&at);
    NEED(posix_spawn(&pid, self, NULL, NULL, args, environ) == 0);
    say_status("without", wait_for(pid));
}

static void others(void)
{
    char *args[] = {(char *)self, "env", NULL}, *env[] = {"SPAWNED=yes", NULL};
    char *fds[] = {(char *)self, "fds", NULL};
    pid_t pid;

    NEED(posix_spawn(&pid, self, NULL, NULL, args, env) == 0);
    say_status("environment", wait_for(pid));
    int err = posix_spawn(&pid, "/no/such/program", NULL, NULL, args, env);
    say("missing program: %s", err_name(err));
    err = posix_spawn(&pid, "in", NULL, NULL, args, env);
    say("not executable: %s", err_name(err));
    const char *dir = getenv("TESTDIR");
    setenv("PATH", dir ? dir : "/tests", 1);
    NEED(posix_spawnp(&pid, "spawn", NULL, NULL, args, environ) == 0);
    say_status("by PATH", wait_for(pid));
    say("no name by PATH: %s", err_name(posix_spawnp(&pid, "", NULL, NULL, args, environ)));
    int keep = open("in", O_RDONLY), gone = open("in", O_RDONLY | O_CLOEXEC);
    say("kept %d, gone %d", keep, gone);
    NEED(posix_spawn(&pid, self, NULL, NULL, fds, environ) == 0);
    say_status("descriptors", wait_for(pid));
    int good = 0;
    pid_t pids[20];
    args[1] = "none";
    for (int i = 0; i < 20; i++)
        NEED(posix_spawn(&pids[i], self, NULL, NULL, args, env) == 0);
    for (int i = 0; i < 20; i++)
        good += WEXITSTATUS(wait_for(pids[i])) == 99;
    say("20 at once: %d", good);
    int status;
    TRY(wait(&status));
}

int main(int argc, char **argv)
{
    self = test_path("spawn");
    if (argc > 1)
        return stage(argv);
    scratch("spawn");
    put_file("in", "spawned bytes", 0644);
    file_actions();
    attributes();
    others();
    return 0;
}
