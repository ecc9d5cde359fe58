// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Descriptors over exec: open ones stay with their offsets and flags, FD_CLOEXEC ones close,
// redirection set up between fork and exec, a pipe into and out of the new program.
#include "tests/guest/check.h"

static const char *self;

static int stage(char **argv)
{
    char buf[64];

    if (!strcmp(argv[1], "probe")) {
        for (int i = 2; argv[i]; i++) {
            int fd = atoi(argv[i]);
            int flags = fcntl(fd, F_GETFL);
            say("  fd %d: %s, FD_CLOEXEC %d", fd, flags == -1 ? err_name(errno) : "open",
                flags == -1 ? 0 : fcntl(fd, F_GETFD));
        }
        return 0;
    }
    if (!strcmp(argv[1], "read")) {
        ssize_t n = read(atoi(argv[2]), buf, 5);
        say("  read [%.*s]", (int)(n > 0 ? n : 0), buf);
        return 0;
    }
    if (!strcmp(argv[1], "upper")) {
        ssize_t n;
        while ((n = read(0, buf, sizeof buf)) > 0) {
            for (ssize_t i = 0; i < n; i++)
                if (buf[i] >= 'a' && buf[i] <= 'z')
                    buf[i] = (char)(buf[i] - 32);
            NEED(write(1, buf, (size_t)n) == n);
        }
        return 90;
    }
    return 99;
}

static void cloexec(void)
{
    int a, b, c, d;
    pid_t pid;

    NEED((a = open("file", O_RDONLY)) == 3);
    NEED((b = open("file", O_RDONLY | O_CLOEXEC)) == 4);
    NEED((c = dup(b)) == 5);
    NEED((d = dup(a)) == 6);
    NEED(fcntl(d, F_SETFD, FD_CLOEXEC) == 0);
    if ((pid = fork()) == 0)
        execl(self, self, "probe", "0", "1", "2", "3", "4", "5", "6", "7", (char *)NULL);
    say_status("probe", wait_for(pid));
    CHECK("mine are all open still",
          fcntl(b, F_GETFD) == FD_CLOEXEC && fcntl(d, F_GETFD) == FD_CLOEXEC);
    // A failed exec closes nothing.
    if ((pid = fork()) == 0) {
        execl("absent", "absent", (char *)NULL);
        _exit(fcntl(b, F_GETFD) == FD_CLOEXEC ? 91 : 92);
    }
    say_status("after a failed exec", wait_for(pid));
    // The offset is the open description's: the new program moves it for me.
    if ((pid = fork()) == 0)
        execl(self, self, "read", "3", (char *)NULL);
    wait_for(pid);
    char buf[8];
    TRY(read(a, buf, 5));
    say("then I read [%.5s]", buf);
    for (int fd = 3; fd < 8; fd++)
        close(fd);
}

static void redirection(void)
{
    pid_t pid;

    if ((pid = fork()) == 0) {
        int in = open("file", O_RDONLY), out = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0644);
        NEED(dup2(in, 0) == 0 && dup2(out, 1) == 1);
        close(in);
        close(out);
        execl(self, self, "upper", (char *)NULL);
    }
    say_status("filter", wait_for(pid));
    say_file("out");
}

// What a shell does for `upper | upper`: ends closed in the parent, statuses of both.
static void pipeline(void)
{
    int first[2], second[2];
    pid_t a, b;
    char buf[64];
    ssize_t n;
    size_t have = 0;

    NEED(pipe(first) == 0 && pipe(second) == 0);
    if ((a = fork()) == 0) {
        int in = open("file", O_RDONLY);
        dup2(in, 0);
        dup2(first[1], 1);
        for (int fd = 3; fd < 10; fd++)
            close(fd);
        execl(self, self, "upper", (char *)NULL);
    }
    if ((b = fork()) == 0) {
        dup2(first[0], 0);
        dup2(second[1], 1);
        for (int fd = 3; fd < 10; fd++)
            close(fd);
        execl(self, self, "upper", (char *)NULL);
    }
    close(first[0]);
    close(first[1]);
    close(second[1]);
    while ((n = read(second[0], buf + have, sizeof buf - have)) > 0)
        have += (size_t)n;
    say("pipeline gave [%.*s]", (int)have, buf);
    say_status("first", wait_for(a));
    say_status("second", wait_for(b));
}

// A pipe's write end with FD_CLOEXEC tells the parent that exec happened: read gives end of file.
static void exec_notice(void)
{
    int p[2];
    char c;
    pid_t pid;

    NEED(pipe2(p, O_CLOEXEC) == 0);
    if ((pid = fork()) == 0) {
        execl("absent", "absent", (char *)NULL);
        c = (char)errno;
        NEED(write(p[1], &c, 1) == 1);
        _exit(127);
    }
    close(p[1]);
    TRY(read(p[0], &c, 1));
    say("the child's errno: %s", err_name(c));
    wait_for(pid);
    close(p[0]);
    NEED(pipe2(p, O_CLOEXEC) == 0);
    if ((pid = fork()) == 0)
        execl(self, self, "probe", (char *)NULL);
    close(p[1]);
    TRY(read(p[0], &c, 1));
    wait_for(pid);
}

int main(int argc, char **argv)
{
    self = test_path("exec_fds");
    if (argc > 1)
        return stage(argv);
    scratch("exec_fds");
    put_file("file", "hello inherited world", 0644);
    cloexec();
    redirection();
    pipeline();
    exec_notice();
    return 0;
}
