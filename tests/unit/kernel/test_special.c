// SPDX-License-Identifier: BSD-2-Clause
// Files that are more than their contents: FIFOs, devices, /proc; and record locks.
#include "tests/unit/lib/fs_helpers.h"
#include "kernel/api/poll.h"
#include "kernel/api/time.h"
#include "kernel/dev/dev.h"

static void set_up(void)
{
    boot_with(NULL, 0);
}

static int fifo_writer(void *arg)
{
    (void)arg;
    long fd = sys_openat(AT_FDCWD, "p", O_WRONLY, 0);
    return sys_write((int)fd, "through a name", 14) == 14 && sys_close((int)fd) == 0 ? 0 : 1;
}

static void test_fifo(void)
{
    char buf[32];
    set_up();
    CHECK_EQ(sys_mknodat(AT_FDCWD, "p", S_IFIFO | 0644, 0), 0);
    CHECK_EQ(sys_openat(AT_FDCWD, "p", O_WRONLY | O_NONBLOCK, 0), -ENXIO);
    for (int i = 0; i < 20; i++) {
        pid_t vm = fake_vm(2, fifo_writer, NULL);
        long fd = sys_openat(AT_FDCWD, "p", O_RDONLY, 0);
        CHECK_EQ(sys_read((int)fd, buf, sizeof buf), 14);
        CHECK_EQ(sys_read((int)fd, buf, sizeof buf), 0);
        sys_close((int)fd);
        CHECK_EQ(fake_join(vm), 0);
    }
    long r = sys_openat(AT_FDCWD, "p", O_RDONLY | O_NONBLOCK, 0);
    CHECK_EQ(sys_read((int)r, buf, 1), 0);
    long w = sys_openat(AT_FDCWD, "p", O_WRONLY | O_NONBLOCK, 0);
    CHECK(w >= 0);
    CHECK_EQ(sys_read((int)r, buf, 1), -EAGAIN);
    CHECK_EQ(sys_write((int)w, "lost", 4), 4);
    sys_close((int)r);
    sys_close((int)w);
    fake_interrupt(1);
    CHECK_EQ(sys_openat(AT_FDCWD, "p", O_RDONLY, 0), -EINTR);
    fake_interrupt(0);
    r = sys_openat(AT_FDCWD, "p", O_RDWR | O_NONBLOCK, 0);
    CHECK_EQ(sys_read((int)r, buf, 1), -EAGAIN); // what was in it went with the last end
    sys_close((int)r);
    rm("p");
    no_leaks();
}

static uint32_t poll_read(int fd)
{
    struct k_pollfd pfd = {.fd = fd, .events = POLLIN};
    struct k_timespec now = {0, 0};
    return sys_ppoll(&pfd, 1, &now, NULL) < 0 ? 0xffff : (uint16_t)pfd.revents;
}

// A reader hears of a hang-up only when a writer has been there since it opened.
static void test_fifo_hangup(void)
{
    set_up();
    CHECK_EQ(sys_mknodat(AT_FDCWD, "p", S_IFIFO | 0644, 0), 0);
    int r = (int)sys_openat(AT_FDCWD, "p", O_RDONLY | O_NONBLOCK, 0);
    CHECK_EQ(poll_read(r), 0);
    int w = (int)sys_openat(AT_FDCWD, "p", O_WRONLY | O_NONBLOCK, 0);
    CHECK_EQ(poll_read(r), 0);
    sys_close(w);
    CHECK_EQ(poll_read(r), POLLHUP);
    int again = (int)sys_openat(AT_FDCWD, "p", O_RDONLY | O_NONBLOCK, 0);
    CHECK_EQ(poll_read(again), 0); // was POLLHUP
    CHECK_EQ(poll_read(r), POLLHUP);
    w = (int)sys_openat(AT_FDCWD, "p", O_WRONLY | O_NONBLOCK, 0);
    CHECK_EQ(poll_read(r), 0);
    sys_close(w);
    CHECK_EQ(poll_read(again), POLLHUP);
    sys_close(r);
    sys_close(again);
    rm("p");
    no_leaks();
}

// --- devices and /proc ---

static void test_devices(void)
{
    char buf[8] = "xxxxxxx";
    set_up();
    CHECK_EQ(look("/dev/null"), 0);
    CHECK_EQ(st.mode, S_IFCHR | 0666);
    CHECK_EQ(st.rdev, DEV_NULL);
    long fd = sys_openat(AT_FDCWD, "/dev/null", O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK_EQ(sys_write((int)fd, buf, 8), 8);
    CHECK_EQ(sys_read((int)fd, buf, 8), 0);
    sys_close((int)fd);
    fd = sys_openat(AT_FDCWD, "/dev/zero", O_RDWR, 0);
    CHECK_EQ(sys_read((int)fd, buf, 8), 8);
    CHECK_EQ(buf[3], 0);
    sys_close((int)fd);
    fd = sys_openat(AT_FDCWD, "/dev/full", O_RDWR, 0);
    CHECK_EQ(sys_write((int)fd, buf, 8), -ENOSPC);
    sys_close((int)fd);
    fd = sys_openat(AT_FDCWD, "/dev/tty", O_RDWR, 0);
    CHECK(fd >= 0);
    sys_close((int)fd);
    proc_self->sid = 77; // another session
    CHECK_EQ(sys_openat(AT_FDCWD, "/dev/tty", O_RDWR, 0), -ENXIO);
    CHECK_EQ(sys_mknodat(AT_FDCWD, "odd", S_IFCHR | 0600, 0x4242), 0);
    CHECK_EQ(sys_openat(AT_FDCWD, "odd", O_RDWR, 0), -ENXIO);
    rm("odd");
    no_leaks();
}

static void test_proc(void)
{
    char buf[512];
    int p[2];
    set_up();
    memcpy(proc_self->comm, "unit", 5);
    long fd = sys_openat(AT_FDCWD, "/proc/self/stat", O_RDONLY, 0);
    long n = sys_read((int)fd, buf, sizeof buf - 1);
    buf[n < 0 ? 0 : n] = '\0';
    CHECK(strncmp(buf, "2 (unit) R 0 ", 13) == 0);
    CHECK_EQ(sys_read((int)fd, buf, sizeof buf), 0);
    CHECK_EQ(sys_write((int)fd, "x", 1), -EBADF);
    sys_close((int)fd);
    CHECK_EQ(look("/proc/2/fd"), 0);
    CHECK_EQ(look("/proc/999"), -ENOENT);
    CHECK_EQ(make("/proc/x"), -EACCES);
    CHECK_EQ(rd("/proc/2"), -EPERM);
    // Opening a pipe's descriptor by name is dup().
    CHECK_EQ(sys_pipe2(p, 0), 0);
    CHECK_EQ(p[0], 0);
    fd = sys_openat(AT_FDCWD, "/dev/stdin", O_RDONLY, 0);
    CHECK_EQ(fd, 2);
    CHECK_EQ(sys_write(p[1], "hi", 2), 2);
    CHECK_EQ(sys_read((int)fd, buf, 8), 2);
    CHECK_EQ(look_through("/dev/stdin"), 0);
    CHECK_EQ(st.mode, S_IFIFO | 0600);
    fd = sys_openat(AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY, 0);
    // find(1) must not descend into the directory it has open.
    CHECK_EQ(fd, 3);
    CHECK_EQ(look("/proc/self/fd/3"), 0);
    CHECK_EQ(st.mode, S_IFLNK | 0700);
    CHECK_EQ(look_through("/proc/self/fd/3"), 0);
    CHECK_EQ(st.mode, S_IFDIR | 0500);
    CHECK_EQ(sys_readlinkat(AT_FDCWD, "/proc/self/fd/0", buf, 6), 6);
    CHECK(memcmp(buf, "pipe:[", 6) == 0);
    CHECK(sys_getdents64((int)fd, buf, sizeof buf) > 0);
    fds_close_all(proc_self);
    fd = sys_openat(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0);
    CHECK(sys_getdents64((int)fd, buf, sizeof buf) > 100);
    CHECK_EQ(sys_getdents64((int)fd, buf, sizeof buf), 0);
    sys_close((int)fd);
    no_leaks();
}

// --- record locks ---

static long lock(int fd, int cmd, int type, int64_t start, int64_t len)
{
    struct k_flock fl = {.type = (int16_t)type, .whence = SEEK_SET, .start = start, .len = len};
    long r = sys_fcntl(fd, cmd, (long)&fl);
    return r < 0 || cmd != F_GETLK ? r : fl.type == F_UNLCK ? 0 : fl.pid;
}

static int wait_for_lock(void *arg)
{
    int fd = *(int *)arg;
    if (lock(fd, F_SETLK, F_WRLCK, 0, 0) != -EAGAIN)
        return 1;
    if (lock(fd, F_SETLKW, F_WRLCK, 40, 10) != 0)
        return 2;
    if (lock(fd, F_GETLK, F_WRLCK, 0, 10) != 2)
        return 3;
    return 0;
}

static void test_record_locks(void)
{
    set_up();
    int fd = (int)sys_openat(AT_FDCWD, "f", O_RDWR | O_CREAT, 0644);
    CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 0, 100), 0);
    CHECK_EQ(lock(fd, F_SETLK, F_UNLCK, 40, 10), 0); // splits it
    CHECK_EQ(window_root()->rlocks.used, 2);
    CHECK_EQ(lock(fd, F_SETLK, F_RDLCK, 30, 40), 0);
    CHECK_EQ(window_root()->rlocks.used, 3);
    CHECK_EQ(lock(fd, F_GETLK, F_WRLCK, 0, 0), 0); // one's own are no conflict
    pid_t vm = fake_vm(2, wait_for_lock, &fd);
    struct k_timespec ts = {0, 20000000};
    sys_ppoll(NULL, 0, &ts, NULL);
    CHECK_EQ(lock(fd, F_SETLK, F_UNLCK, 30, 40), 0);
    CHECK_EQ(fake_join(vm), 0);
    CHECK_EQ(lock(fd, F_GETLK, F_RDLCK, 0, 0), 3); // the dead one's, until it is buried
    fds_close_all(proc_at(2));
    CHECK_EQ(lock(fd, F_GETLK, F_RDLCK, 0, 0), 0);
    int other = (int)sys_openat(AT_FDCWD, "f", O_RDONLY, 0);
    CHECK_EQ(lock(other, F_SETLK, F_WRLCK, 0, 0), -EBADF);
    sys_close(other); // POSIX: any close drops all of them
    CHECK_EQ(window_root()->rlocks.used, 0);
    sys_close(fd);
    rm("f");
    no_leaks();
}

// --- circles, and whole files ---

static int hold_and_want(void *arg)
{
    int fd = *(int *)arg;
    if (lock(fd, F_SETLK, F_WRLCK, 100, 1) != 0)
        return 1;
    return lock(fd, F_SETLKW, F_WRLCK, 200, 1) == 0 ? 0 : 2;
}

static void test_circle(void)
{
    set_up();
    int fd = (int)sys_openat(AT_FDCWD, "f", O_RDWR | O_CREAT, 0644);
    CHECK_EQ(lock(fd, F_SETLK, F_WRLCK, 200, 1), 0);
    pid_t vm = fake_vm(2, hold_and_want, &fd);
    while (window_root()->rlocks.used < 3) { // its lock and its wish
        struct k_timespec ts = {0, 1000000};
        sys_ppoll(NULL, 0, &ts, NULL);
    }
    CHECK_EQ(lock(fd, F_SETLKW, F_WRLCK, 100, 1), -EDEADLK);
    CHECK_EQ(lock(fd, F_SETLK, F_UNLCK, 200, 1), 0);
    CHECK_EQ(fake_join(vm), 0);
    fds_close_all(proc_at(2));
    sys_close(fd);
    CHECK_EQ(window_root()->rlocks.used, 0);
    rm("f");
    no_leaks();
}

static void test_flock(void)
{
    set_up();
    int a = (int)sys_openat(AT_FDCWD, "f", O_RDWR | O_CREAT, 0644);
    int b = (int)sys_openat(AT_FDCWD, "f", O_RDONLY, 0);
    CHECK_EQ(sys_flock(a, LOCK_EX | LOCK_NB), 0);
    CHECK_EQ(sys_flock(b, LOCK_SH | LOCK_NB), -EAGAIN);
    int copy = (int)sys_dup(a); // the same description, so the same owner
    CHECK_EQ(sys_flock(copy, LOCK_SH | LOCK_NB), 0);
    CHECK_EQ(sys_flock(b, LOCK_SH | LOCK_NB), 0);
    CHECK_EQ(lock(a, F_SETLK, F_WRLCK, 0, 0), 0); // ranges do not see it
    CHECK_EQ(sys_flock(b, LOCK_EX | LOCK_NB), -EAGAIN);
    sys_close(a);
    CHECK_EQ(sys_flock(b, LOCK_EX | LOCK_NB), -EAGAIN); // not the last one
    sys_close(copy);
    CHECK_EQ(sys_flock(b, LOCK_EX | LOCK_NB), 0);
    CHECK_EQ(sys_flock(b, LOCK_EX | LOCK_SH), -EINVAL);
    CHECK_EQ(sys_flock(99, LOCK_EX), -EBADF);
    sys_close(b);
    CHECK_EQ(window_root()->rlocks.used, 0);
    rm("f");
    no_leaks();
}

int main(void)
{
    RUN(test_fifo);
    RUN(test_fifo_hangup);
    RUN(test_devices);
    RUN(test_proc);
    RUN(test_record_locks);
    RUN(test_circle);
    RUN(test_flock);
    return check_done("special");
}
