// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Record locks (fcntl) and flock: conflicts between processes, ranges, waiting, release by close
// and by exit, not inherited by fork, and EDEADLK; what adjoins is one lock, and the last byte of
// all.
#include "tests/guest/check.h"
#include <sys/file.h>

static int lock(int fd, int cmd, int type, long start, long length)
{
    struct flock l = {
        .l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};

    return fcntl(fd, cmd, &l);
}

static const char *probe(int fd, int type, long start, long length, pid_t *owner)
{
    struct flock l = {
        .l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};

    NEED(fcntl(fd, F_GETLK, &l) == 0);
    *owner = l.l_pid;
    return l.l_type == F_UNLCK ? "free" : l.l_type == F_RDLCK ? "read-locked" : "write-locked";
}

static void conflicts(int fd)
{
    pid_t parent = getpid(), owner;

    TRY(lock(fd, F_SETLK, F_WRLCK, 10, 10));
    TRY(lock(fd, F_SETLK, F_RDLCK, 50, 10));
    TRY(lock(fd, F_SETLK, F_WRLCK, 10, 10));
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        TRY(lock(fd, F_SETLK, F_WRLCK, 0, 10));
        TRY(lock(fd, F_SETLK, F_WRLCK, 15, 1));
        TRY(lock(fd, F_SETLK, F_RDLCK, 19, 5));
        TRY(lock(fd, F_SETLK, F_RDLCK, 52, 2));
        TRY(lock(fd, F_SETLK, F_WRLCK, 52, 2));
        say("probe: %s", probe(fd, F_WRLCK, 12, 1, &owner));
        CHECK("owned by the parent", owner == parent);
        say("probe: %s", probe(fd, F_WRLCK, 30, 10, &owner));
        TRY(lock(fd, F_SETLK, F_WRLCK, 20, 0));
        _exit(0);
    }
    say_status("child", wait_for(pid));
    say("the child's locks went with it: %s", probe(fd, F_WRLCK, 0, 10, &owner));
    // Unlocking the middle splits a range.
    TRY(lock(fd, F_SETLK, F_UNLCK, 14, 2));
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        TRY(lock(fd, F_SETLK, F_WRLCK, 14, 2));
        TRY(lock(fd, F_SETLK, F_WRLCK, 13, 1));
        TRY(lock(fd, F_SETLK, F_WRLCK, 16, 1));
        _exit(0);
    }
    say_status("child", wait_for(pid));
    TRY(lock(fd, F_SETLK, F_UNLCK, 0, 0));
}

static void waiting(int fd)
{
    struct gate locked = gate_make();
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0) {
        NEED(lock(fd, F_SETLKW, F_WRLCK, 0, 5) == 0);
        gate_open(&locked);
        sleep_ms(30);
        say("holder lets go");
        _exit(0);
    }
    gate_wait(&locked);
    TRY(lock(fd, F_SETLK, F_WRLCK, 0, 5));
    TRY(lock(fd, F_SETLKW, F_WRLCK, 0, 5));
    wait_for(pid);
    // Closing any descriptor of the file drops the process' locks on it.
    close(dup(fd));
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        TRY(lock(fd, F_SETLK, F_WRLCK, 0, 5));
        _exit(0);
    }
    wait_for(pid);
}

static void deadlock(int fd)
{
    struct gate a = gate_make(), b = gate_make();
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0) {
        NEED(lock(fd, F_SETLK, F_WRLCK, 100, 1) == 0);
        gate_open(&a);
        gate_wait(&b);
        _exit(lock(fd, F_SETLKW, F_WRLCK, 200, 1) == 0 ? 0 : 1);
    }
    NEED(lock(fd, F_SETLK, F_WRLCK, 200, 1) == 0);
    gate_wait(&a);
    gate_open(&b);
    sleep_ms(30);
    TRY(lock(fd, F_SETLKW, F_WRLCK, 100, 1));
    TRY(lock(fd, F_SETLK, F_UNLCK, 200, 1));
    say_status("child got its lock", wait_for(pid));
}

static void say_lock(int fd, long start, long length)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = length};

    NEED(fcntl(fd, F_GETLK, &l) == 0);
    if (l.l_type == F_UNLCK)
        say("free");
    else
        say("%s %ld+%ld", l.l_type == F_RDLCK ? "read" : "write", (long)l.l_start, (long)l.l_len);
}

static void joining(int fd)
{
    TRY(lock(fd, F_SETLK, F_WRLCK, 23, 10));
    TRY(lock(fd, F_SETLK, F_WRLCK, 33, 1));
    TRY(lock(fd, F_SETLK, F_RDLCK, 100, 10));
    TRY(lock(fd, F_SETLK, F_RDLCK, 105, 20));
    TRY(lock(fd, F_SETLK, F_WRLCK, 125, 5));
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        say_lock(fd, 0, 0);
        say_lock(fd, 33, 1);
        say_lock(fd, 110, 0);
        say_lock(fd, 126, 0);
        _exit(0);
    }
    wait_for(pid);
    TRY(lock(fd, F_SETLK, F_UNLCK, 0, 0));
}

static void edges(int fd)
{
    static const struct flock fixed = {.l_type = F_WRLCK, .l_len = 1};
    const long last = 0x7fffffffffffffff;

    TRY(lock(fd, F_SETLK, F_WRLCK, last, 1));
    TRY(lock(fd, F_SETLK, F_WRLCK, last, 2));
    TRY(lock(fd, F_SETLK, F_WRLCK, last - 1, 2));
    TRY(lock(fd, F_SETLK, F_WRLCK, 1, last));
    TRY(lock(fd, F_SETLK, F_WRLCK, 2, last));
    TRY(lock(fd, F_SETLK, F_WRLCK, 10, -11));
    TRY(lock(fd, F_SETLK, F_WRLCK, 10, -10));
    TRY(lock(fd, F_SETLK, F_WRLCK, -1, 1));
    TRY(lock(fd, F_SETLK, 17, 0, 1));
    TRY(lock(fd, F_GETLK, F_UNLCK, 0, 1));
    TRY(fcntl(fd, F_SETLK, &fixed)); // in memory that cannot be written
    TRY(fcntl(fd, F_GETLK, (struct flock *)16));
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        say_lock(fd, 0, 0);
        say_lock(fd, last, 1);
        _exit(0);
    }
    wait_for(pid);
    TRY(lock(fd, F_SETLK, F_UNLCK, 0, 0));
}

static void whole_file(void)
{
    int a = open("f", O_RDWR), b = open("f", O_RDWR);

    NEED(a >= 0 && b >= 0);
    TRY(flock(a, LOCK_EX | LOCK_NB));
    TRY(flock(b, LOCK_SH | LOCK_NB));
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        TRY(flock(a, LOCK_SH | LOCK_NB));
        _exit(0);
    }
    wait_for(pid);
    TRY(flock(b, LOCK_SH | LOCK_NB));
    TRY(flock(b, LOCK_EX | LOCK_NB));
    TRY(close(a));
    TRY(flock(b, LOCK_EX | LOCK_NB));
    TRY(close(b));
}

// A conversion is not atomic: one that fails has lost the lock that there was, and two who both
// wait for theirs to become exclusive get it in turn.
static void conversion(void)
{
    int a = open("f", O_RDWR), b = open("f", O_RDWR), c = open("f", O_RDWR);

    NEED(a >= 0 && b >= 0 && c >= 0);
    TRY(flock(a, LOCK_SH | LOCK_NB));
    TRY(flock(b, LOCK_SH | LOCK_NB));
    TRY(flock(a, LOCK_EX | LOCK_NB)); // and a has none any more
    TRY(flock(b, LOCK_EX | LOCK_NB));
    TRY(flock(a, LOCK_SH | LOCK_NB));
    TRY(flock(b, LOCK_SH | LOCK_NB));
    TRY(flock(a, LOCK_SH | LOCK_NB));
    // Somebody waits for b's lock, which b loses by asking for more.
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        close(b), b = open("f", O_RDWR);
        alarm(20);
        NEED(flock(c, LOCK_EX) == 0);
        _exit(4);
    }
    sleep_ms(30);
    TRY(flock(a, LOCK_EX | LOCK_NB));
    TRY(flock(b, LOCK_EX | LOCK_NB) == 0 || errno == EAGAIN);
    close(a), close(b), close(c);
    say_status("who waited", wait_for(pid));
}

int main(void)
{
    scratch("locks");
    put_file("f", "lock me", 0644);
    int fd = open("f", O_RDWR);

    NEED(fd >= 0);
    conflicts(fd);
    waiting(fd);
    deadlock(fd);
    joining(fd);
    edges(fd);
    whole_file();
    conversion();
    return 0;
}
