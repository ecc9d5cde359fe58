// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Running out of things. Without an argument: the bounded part, the same on Linux. With one: until
// the resource is gone, for the fault tests, which give the family small limits
// (`ramet run --max-procs 16 --exec /tests/limits IMAGE fork`). Even then there is an end, above
// those limits: where a limit does not hold, the test must fail and not take the host down with it.
#include "tests/guest/check.h"

#define BLOCK (64 * 1024)
static char block[BLOCK];

// Forks until it may not, or max children wait; then lets them go and proves that fork works again.
static void forks(int max)
{
    int go[2], n = 0, good = 0, status;

    NEED(pipe(go) == 0);
    for (; n < max; n++) {
        pid_t pid = fork();
        if (pid == -1)
            break;
        if (pid == 0) {
            char c;
            close(go[1]);
            _exit(read(go[0], &c, 1) == 0 ? 5 : 6);
        }
    }
    say("fork: %s", n < max ? err_name(errno) : "all made");
    close(go[1]);
    while (wait(&status) > 0)
        good += WIFEXITED(status) && WEXITSTATUS(status) == 5;
    CHECK("every child was real", good == n);
    CHECK("at least one", n > 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0)
        _exit(7);
    say_status("fork works again", wait_for(pid));
    close(go[0]);
}

// Fills one file; removing it must give everything back.
static void files(long max)
{
    for (int round = 0; round < 2; round++) {
        long total = 0;
        ssize_t n = 0;
        int fd = open("/tmp/limits-file", O_RDWR | O_CREAT | O_TRUNC, 0644);
        NEED(fd >= 0);
        while (total < max && (n = write(fd, block, BLOCK)) > 0)
            total += n;
        say("write: %s", n > 0 ? "all written" : n == 0 ? "0 NO" : err_name(errno));
        CHECK("something was written", total > 0);
        NEED(unlink("/tmp/limits-file") == 0);
        close(fd);
    }
    put_file("/tmp/limits-small", "room again", 0644);
    say_file("/tmp/limits-small");
    unlink("/tmp/limits-small");
}

// Makes empty files until there is no room for another name.
static void names(int max)
{
    char name[40];
    int n = 0, fd = 0;

    NEED(mkdir("/tmp/limits-dir", 0755) == 0);
    for (; n < max; n++) {
        snprintf(name, sizeof name, "/tmp/limits-dir/%d", n);
        fd = open(name, O_WRONLY | O_CREAT, 0644);
        if (fd < 0)
            break;
        close(fd);
    }
    say("create: %s", fd < 0 ? err_name(errno) : "all made");
    int removed = 0;
    while (removed < n) {
        snprintf(name, sizeof name, "/tmp/limits-dir/%d", removed);
        if (unlink(name) != 0)
            break;
        removed++;
    }
    CHECK("all removed", removed == n && rmdir("/tmp/limits-dir") == 0);
}

// Pipes filled to the brim, until descriptors or the window run out.
static void pipes(int max)
{
    int p[2], n = 0, r = 0;

    for (; n < max && (r = pipe(p)) == 0; n++) {
        fcntl(p[1], F_SETFL, O_NONBLOCK);
        while (write(p[1], block, BLOCK) > 0)
            ;
    }
    say("pipe: %s", r < 0 ? err_name(errno) : "all made");
    CHECK("at least ten", n >= 10);
    for (int fd = 3; fd < 3 + 2 * n; fd++)
        close(fd);
    TRY(pipe(p));
}

static void memory(long max)
{
    char *chain = NULL, *p = NULL;
    long total = 0;

    while (total < max && (p = malloc(BLOCK))) {
        memset(p, 1, BLOCK);
        *(char **)p = chain;
        chain = p;
        total += BLOCK;
    }
    say("malloc: %s", p ? "all given" : err_name(errno));
    while (chain) {
        p = chain;
        chain = *(char **)p;
        free(p);
    }
    p = malloc(total / 2);
    CHECK("freed memory can be had again", p != NULL);
    free(p);
}

__attribute__((noinline)) static int overflow(int n)
{
    volatile char frame[1024];

    frame[0] = (char)n;
    return n < 0 ? frame[0] : overflow(n + 1) + frame[n % 1024];
}

// One way to die each, as the family's first program.
static void crash(const char *how)
{
    if (!strcmp(how, "null"))
        *(volatile int *)NULL = 1;
    else if (!strcmp(how, "code"))
        *(volatile char *)(void *)(unsigned long)&overflow = 1;
    else if (!strcmp(how, "stack"))
        say("%d", overflow(0));
    else if (!strcmp(how, "trap"))
        __builtin_trap();
    else if (!strcmp(how, "abort"))
        abort();
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (argc < 2) {
        forks(10);
        files(1 << 20);
        names(100);
        pipes(10);
        memory(8 << 20);
        return 0;
    }
    if (!strcmp(what, "fork"))
        forks(2000);
    else if (!strcmp(what, "files"))
        files(1L << 30);
    else if (!strcmp(what, "names"))
        names(300000);
    else if (!strcmp(what, "pipes"))
        pipes(2000);
    else if (!strcmp(what, "memory"))
        memory(1L << 30);
    else
        crash(what);
    return 0;
}
