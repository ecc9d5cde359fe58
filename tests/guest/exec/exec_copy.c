// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// A program that is a file like any other: a copy of this one, executed by exec, spawn, vfork and
// #!, under other names and without leave; what only looks like a program; and one that is replaced
// while it runs.
#define _GNU_SOURCE // pipe2()
#include <spawn.h>

#include "tests/guest/check.h"

extern char **environ;

static long copy_bytes; // of this program

// The first `len` bytes of `from` (all: -1) become `to`.
static void copy(const char *from, const char *to, long len, mode_t mode)
{
    static char buf[65536];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t n;
    NEED(in >= 0 && out >= 0);
    while (len && (n = read(in, buf, len > 0 && len < 65536 ? (size_t)len : sizeof buf)) > 0) {
        NEED(write(out, buf, (size_t)n) == n);
        copy_bytes += n;
        if (len > 0)
            len -= n;
    }
    NEED(fchmod(out, mode) == 0 && close(in) == 0 && close(out) == 0);
}

static void attempt(const char *path)
{
    errno = 0;
    execl(path, path, "child", (char *)NULL);
    say("exec %s: %s", path, err_name(errno));
}

static void run(const char *path, const char *argument)
{
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        execl(path, path, argument, (char *)NULL);
        say("exec failed: %s", err_name(errno));
        _exit(93);
    }
    say_status(path, wait_for(pid));
}

static void run_vfork(const char *path)
{
    pid_t pid = vfork();
    NEED(pid >= 0);
    if (pid == 0) {
        execl(path, path, "by vfork", (char *)NULL);
        _exit(93);
    }
    say_status("vfork", wait_for(pid));
}

static void spawn(const char *path)
{
    char *argv[] = {(char *)path, "by spawn", NULL};
    pid_t pid;
    int r = posix_spawn(&pid, path, NULL, NULL, argv, environ);
    int status = r ? 0 : wait_for(pid); // it speaks first
    say("spawn %s: %s", path, r ? err_name(r) : "0");
    if (r == 0)
        say_status("spawned", status);
}

static void refused(void)
{
    const char machine = 0x28; // ARM
    copy("copy", "not-ours", -1, 0755);
    int fd = open("not-ours", O_WRONLY);
    NEED(fd >= 0 && pwrite(fd, &machine, 1, 18) == 1 && close(fd) == 0);
    attempt("not-ours");
    spawn("not-ours");
    copy("copy", "cut-off", 100, 0755);
    attempt("cut-off");
    copy("copy", "no-leave", -1, 0644);
    attempt("no-leave");
    spawn("no-leave");
    NEED(chmod("no-leave", 0755) == 0);
    run("no-leave", "child");
    put_file("magic", "\177ELF", 0755);
    attempt("magic");
}

// The child waits while its file goes and another comes in its place. An exec that has succeeded
// closes the last writer of `begun`.
static void replaced(void)
{
    int to[2], begun[2];
    char fd[12];
    NEED(pipe(to) == 0 && pipe2(begun, O_CLOEXEC) == 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        close(to[1]);
        snprintf(fd, sizeof fd, "%d", to[0]);
        execl("copy", "copy", "hold", fd, (char *)NULL);
        _exit(93);
    }
    close(to[0]);
    close(begun[1]);
    NEED(read(begun[0], fd, 1) == 0 && close(begun[0]) == 0);
    NEED(unlink("copy") == 0);
    put_file("copy", "something else\n", 0755);
    NEED(write(to[1], "x", 1) == 1);
    say_status("replaced", wait_for(pid));
}

static void parent(const char *self)
{
    copy(self, "copy", -1, 0755);
    say("copied: %s", copy_bytes > 10000 ? "yes" : "no");
    run("./copy", "child");
    spawn("copy");
    run_vfork("copy");
    NEED(rename("copy", "other") == 0 && link("other", "copy") == 0);
    NEED(symlink("other", "link") == 0);
    run("other", "renamed");
    run("link", "linked");
    NEED(setenv("COPY", "inherited", 1) == 0);
    run("copy", "environment");
    put_file("script", "#! ./copy script\n", 0755);
    run("script", "argument");
    run("copy", "fork"); // whose children are clones of a program that was a file
    refused();
    replaced();
    run("other", "again");
}

static int child(int argc, char *argv[])
{
    if (!strcmp(argv[1], "hold")) {
        char byte;
        NEED(argc == 3 && read(atoi(argv[2]), &byte, 1) == 1);
    }
    if (!strcmp(argv[1], "fork")) {
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0)
            _exit(7);
        say_status("grandchild", wait_for(pid));
    }
    say("%s: %s %s, COPY %s", argv[0], argv[1], argc > 2 && strcmp(argv[1], "hold") ? argv[2] : "-",
        getenv("COPY") ? getenv("COPY") : "-");
    return 5;
}

int main(int argc, char *argv[])
{
    if (argc > 1)
        return child(argc, argv);
    parent(argv[0]);
    return 0;
}
