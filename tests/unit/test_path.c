// SPDX-License-Identifier: BSD-2-Clause
// Names: walks, links, rename in all its cases, permissions, FIFOs, devices, /proc, record locks.
#include "tests/unit/check.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/time.h"
#include "kernel/dev.h"
#include "kernel/inode.h"
#include "kernel/proc.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/sys.h"
#include "tests/unit/fake_kernel.h"

static uint32_t pages0, inodes0;

static void set_up(void)
{
    fake_boot_fs(16u << 20, NULL, 0);
    CHECK_EQ(sys_chdir("/tmp"), 0);
    pages0 = window_pages_used();
    inodes0 = window_root()->inodes.used;
}

static void no_leaks(void)
{
    CHECK_EQ(window_pages_used(), pages0);
    CHECK_EQ(window_root()->inodes.used, inodes0);
    CHECK_EQ(window_root()->files.used, 0);
    CHECK_EQ(window_root()->pipes.used, 0);
    CHECK_EQ(pv_shared->critical, 0);
}

// Short names for the calls, all from the working directory.
static long make(const char *path)
{
    long fd = sys_openat(AT_FDCWD, path, O_WRONLY | O_CREAT, 0644);
    return fd < 0 ? fd : sys_close((int)fd);
}

static long md(const char *path)
{
    return sys_mkdirat(AT_FDCWD, path, 0777);
}

static long rm(const char *path)
{
    return sys_unlinkat(AT_FDCWD, path, 0);
}

static long rd(const char *path)
{
    return sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

static long mv(const char *from, const char *to)
{
    return sys_renameat(AT_FDCWD, from, AT_FDCWD, to);
}

static long ln(const char *target, const char *path)
{
    return sys_symlinkat(target, AT_FDCWD, path);
}

static struct k_stat st;

static long look(const char *path)
{
    return sys_fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW);
}

static long look_through(const char *path)
{
    return sys_fstatat(AT_FDCWD, path, &st, 0);
}

static const char *cwd(void)
{
    static char buf[4096];
    long n = sys_getcwd(buf, sizeof buf);
    return n < 0 ? NULL : buf;
}

static void test_walk(void)
{
    char name[300];
    static char path[5000];
    set_up();
    CHECK_EQ(md("a"), 0);
    CHECK_EQ(make("a/f"), 0);
    CHECK_EQ(look("a/./../a//f"), 0);
    CHECK_EQ(look("/../tmp/a"), 0);
    CHECK_EQ(look(""), -ENOENT);
    CHECK_EQ(look("a/f/"), -ENOTDIR);
    CHECK_EQ(look("a/f/x"), -ENOTDIR);
    CHECK_EQ(look("a/f/."), -ENOTDIR);
    CHECK_EQ(look("b/x"), -ENOENT);
    CHECK_EQ(look((char *)64), -EFAULT);
    memset(name, 'n', sizeof name);
    name[255] = '\0';
    CHECK_EQ(make(name), 0);
    CHECK_EQ(rm(name), 0);
    name[255] = 'n';
    name[256] = '\0';
    CHECK_EQ(make(name), -ENAMETOOLONG);
    for (uint32_t i = 0; i < sizeof path - 1; i++)
        path[i] = i % 2 ? '/' : '.';
    CHECK_EQ(look(path), -ENAMETOOLONG);
    path[4095] = '\0';
    CHECK_EQ(look(path), 0);
    long dir = sys_openat(AT_FDCWD, "a", O_RDONLY, 0);
    CHECK_EQ(sys_fstatat((int)dir, "f", &st, 0), 0);
    CHECK_EQ(sys_fstatat(99, "f", &st, 0), -EBADF);
    CHECK_EQ(sys_fstatat(99, "/tmp", &st, 0), 0);
    CHECK_EQ(sys_fstatat((int)dir, "", &st, AT_EMPTY_PATH), 0);
    CHECK_EQ(st.mode, S_IFDIR | 0755);
    sys_close((int)dir);
    rm("a/f");
    rd("a");
    no_leaks();
}

static void test_open(void)
{
    set_up();
    CHECK_EQ(make("new/"), -EISDIR);
    CHECK_EQ(make("."), -EISDIR);
    CHECK_EQ(make("no/dir"), -ENOENT);
    CHECK_EQ(sys_openat(AT_FDCWD, ".", O_RDWR, 0), -EISDIR);
    CHECK_EQ(make("f"), 0);
    CHECK_EQ(sys_openat(AT_FDCWD, "f", O_CREAT | O_EXCL | O_RDWR, 0644), -EEXIST);
    CHECK_EQ(sys_openat(AT_FDCWD, "f", O_DIRECTORY, 0), -ENOTDIR);
    CHECK_EQ(ln("gone", "l"), 0);
    CHECK_EQ(sys_openat(AT_FDCWD, "l", O_RDONLY, 0), -ENOENT);
    CHECK_EQ(sys_openat(AT_FDCWD, "l", O_RDONLY | O_NOFOLLOW, 0), -ELOOP);
    CHECK_EQ(sys_openat(AT_FDCWD, "l", O_CREAT | O_EXCL | O_RDWR, 0644), -EEXIST);
    CHECK_EQ(make("l"), 0); // through the dangling link
    CHECK_EQ(look("gone"), 0);
    CHECK_EQ(st.mode, S_IFREG | 0644);
    sys_umask(077);
    long fd = sys_openat(AT_FDCWD, "ro", O_WRONLY | O_CREAT, 0466);
    CHECK_EQ(sys_write((int)fd, "x", 1), 1);
    CHECK_EQ(sys_fstat((int)fd, &st), 0);
    CHECK_EQ(st.mode, S_IFREG | 0400);
    char c;
    CHECK_EQ(sys_read((int)fd, &c, 1), -EBADF);
    sys_close((int)fd);
    fd = sys_openat(AT_FDCWD, "ro", O_PATH, 0);
    CHECK_EQ(sys_read((int)fd, &c, 1), -EBADF);
    CHECK_EQ(sys_fstat((int)fd, &st), 0);
    sys_close((int)fd);
    rm("f"), rm("l"), rm("gone"), rm("ro");
    no_leaks();
}

static void test_symlinks(void)
{
    char buf[300], target[200];
    set_up();
    CHECK_EQ(md("d"), 0);
    CHECK_EQ(make("d/f"), 0);
    CHECK_EQ(ln("d", "l"), 0);
    CHECK_EQ(look("l"), 0);
    CHECK_EQ(st.size, 1);
    CHECK_EQ(look("l/"), 0);
    CHECK(st.mode == (S_IFDIR | 0755));
    CHECK_EQ(look("l/f"), 0);
    CHECK_EQ(ln("../l/../l/f", "d/up"), 0);
    CHECK_EQ(look_through("l/up"), 0);
    CHECK_EQ(st.mode, S_IFREG | 0644);
    CHECK_EQ(sys_readlinkat(AT_FDCWD, "d/up", buf, sizeof buf), 11);
    CHECK(memcmp(buf, "../l/../l/f", 11) == 0);
    CHECK_EQ(sys_readlinkat(AT_FDCWD, "d/up", buf, 3), 3);
    CHECK_EQ(sys_readlinkat(AT_FDCWD, "d", buf, 3), -EINVAL);
    CHECK_EQ(ln("y", "x"), 0);
    CHECK_EQ(ln("x", "y"), 0);
    CHECK_EQ(look_through("x"), -ELOOP);
    CHECK_EQ(look_through("x/z"), -ELOOP);
    CHECK_EQ(ln("", "e"), -ENOENT);
    CHECK_EQ(ln("a", "x"), -EEXIST);
    memset(target, 'T', sizeof target);
    target[199] = '\0';
    CHECK_EQ(ln(target, "long"), 0); // too long for the inode: in a page
    CHECK_EQ(sys_readlinkat(AT_FDCWD, "long", buf, sizeof buf), 199);
    CHECK(memcmp(buf, target, 199) == 0);
    // A chain of 40 is followed, one more is not.
    char name[16], to[16] = "d/f";
    for (int i = 0; i < 41; i++) {
        snprintf(name, sizeof name, "c%d", i);
        CHECK_EQ(ln(to, name), 0);
        memcpy(to, name, sizeof to);
    }
    CHECK_EQ(look_through("c39"), 0);
    CHECK_EQ(look_through("c40"), -ELOOP);
    for (int i = 0; i < 41; i++) {
        snprintf(name, sizeof name, "c%d", i);
        rm(name);
    }
    rm("d/f"), rm("d/up"), rm("l"), rm("x"), rm("y"), rm("long"), rd("d");
    no_leaks();
}

static void test_links(void)
{
    set_up();
    make("a"), md("d");
    CHECK_EQ(sys_linkat(AT_FDCWD, "a", AT_FDCWD, "b", 0), 0);
    look("a");
    CHECK_EQ(st.nlink, 2);
    CHECK_EQ(sys_linkat(AT_FDCWD, "a", AT_FDCWD, "b", 0), -EEXIST);
    CHECK_EQ(sys_linkat(AT_FDCWD, "d", AT_FDCWD, "c", 0), -EPERM);
    CHECK_EQ(sys_linkat(AT_FDCWD, "z", AT_FDCWD, "c", 0), -ENOENT);
    CHECK_EQ(rm("d"), -EISDIR);
    CHECK_EQ(rm("."), -EISDIR);
    CHECK_EQ(rd("a"), -ENOTDIR);
    CHECK_EQ(rd("d/."), -EINVAL);
    CHECK_EQ(rd("d/.."), -ENOTEMPTY);
    CHECK_EQ(rd("/"), -EBUSY);
    CHECK_EQ(md("d"), -EEXIST);
    CHECK_EQ(md("d/s/"), 0);
    CHECK_EQ(md("d/s/"), -EEXIST);
    CHECK_EQ(rd("d"), -ENOTEMPTY);
    look("d");
    CHECK_EQ(st.nlink, 3);
    CHECK_EQ(rd("d/s/"), 0);
    look("d");
    CHECK_EQ(st.nlink, 2);
    rm("a"), rm("b"), rd("d");
    no_leaks();
}

static void test_rename(void)
{
    set_up();
    make("a"), make("b"), md("d"), md("e"), md("d/s"), make("e/f");
    uint64_t ino = look("a") == 0 ? st.ino : 0;
    CHECK_EQ(mv("a", "c"), 0);
    CHECK_EQ(look("a"), -ENOENT);
    CHECK_EQ(mv("c", "b"), 0); // over an existing file
    CHECK_EQ(look("b"), 0);
    CHECK_EQ(st.ino, ino);
    CHECK_EQ(sys_linkat(AT_FDCWD, "b", AT_FDCWD, "b2", 0), 0);
    CHECK_EQ(mv("b", "b2"), 0); // two names of one file: both stay
    CHECK_EQ(look("b"), 0);
    CHECK_EQ(rm("b2"), 0);
    CHECK_EQ(mv("b", "d"), -EISDIR);
    CHECK_EQ(mv("d", "b"), -ENOTDIR);
    CHECK_EQ(mv("b", "q/"), -ENOTDIR);
    CHECK_EQ(mv("no", "q"), -ENOENT);
    CHECK_EQ(mv("b", "no/q"), -ENOENT);
    CHECK_EQ(mv("d", "d/s/x"), -EINVAL);
    CHECK_EQ(mv("d", "d/x"), -EINVAL);
    CHECK_EQ(mv("d/s", "d"), -ENOTEMPTY);
    CHECK_EQ(mv("e", "d"), -ENOTEMPTY);
    CHECK_EQ(mv("d/.", "x"), -EBUSY);
    CHECK_EQ(mv("d", ".."), -EBUSY);
    CHECK_EQ(mv("e", "d/s"), 0); // over an empty directory
    CHECK_EQ(look("d/s/f"), 0);
    look("d");
    CHECK_EQ(st.nlink, 3);
    CHECK_EQ(sys_chdir("d/s"), 0);
    CHECK_EQ(mv("/tmp/d/s", "/tmp/moved/"), 0); // the working directory moves along
    CHECK_STR(cwd(), "/tmp/moved");
    CHECK_EQ(look(".."), 0);
    CHECK_EQ(sys_chdir(".."), 0);
    CHECK_STR(cwd(), "/tmp");
    look("d");
    CHECK_EQ(st.nlink, 2);
    CHECK_EQ(mv("moved/f", "a-name-much-longer-than-before"), 0);
    rm("a-name-much-longer-than-before"), rm("b"), rd("moved"), rd("d");
    no_leaks();
}

static void test_removed_cwd(void)
{
    char tiny[4];
    set_up();
    md("a"), md("a/b");
    CHECK_EQ(sys_chdir("a/b"), 0);
    CHECK_STR(cwd(), "/tmp/a/b");
    CHECK_EQ(sys_getcwd(tiny, sizeof tiny), -ERANGE);
    CHECK_EQ(rd("../b"), 0);
    CHECK_EQ(rd("../../a"), 0);
    CHECK(cwd() == NULL);
    CHECK_EQ(make("f"), -ENOENT);
    CHECK_EQ(md("d"), -ENOENT);
    CHECK_EQ(look("."), 0);
    CHECK_EQ(st.nlink, 0);
    CHECK_EQ(sys_chdir("../.."), 0);
    CHECK_STR(cwd(), "/tmp");
    CHECK_EQ(sys_chdir("/"), 0);
    CHECK_STR(cwd(), "/");
    CHECK_EQ(sys_chdir("/dev/null"), -ENOTDIR);
    CHECK_EQ(sys_chdir("/tmp"), 0);
    no_leaks();
}

static void test_permissions(void)
{
    set_up();
    md("d"), make("d/mine"), make("f");
    CHECK_EQ(sys_fchmodat(AT_FDCWD, "f", 06755, 0), 0);
    CHECK_EQ(sys_fchownat(AT_FDCWD, "d", 7, 8, 0), 0);
    fake_user(7, 9);
    CHECK_EQ(make("d/x"), 0);
    CHECK_EQ(look("d/x"), 0);
    CHECK_EQ(st.uid, 7);
    CHECK_EQ(st.gid, 9);
    CHECK_EQ(sys_openat(AT_FDCWD, "f", O_WRONLY, 0), -EACCES);
    CHECK_EQ(sys_faccessat(AT_FDCWD, "f", X_OK | R_OK, 0), 0);
    CHECK_EQ(sys_faccessat(AT_FDCWD, "f", W_OK, 0), -EACCES);
    CHECK_EQ(sys_faccessat(AT_FDCWD, "f", 8, 0), -EINVAL);
    CHECK_EQ(sys_fchmodat(AT_FDCWD, "f", 0777, 0), -EPERM);
    CHECK_EQ(sys_fchownat(AT_FDCWD, "f", 7, -1u, 0), -EPERM);
    CHECK_EQ(rm("f"), -EPERM); // /tmp is sticky
    CHECK_EQ(mv("f", "g"), -EPERM);
    CHECK_EQ(sys_fchmodat(AT_FDCWD, "d", 0, 0), 0);
    CHECK_EQ(look("d/x"), -EACCES);
    CHECK_EQ(sys_chdir("d"), -EACCES);
    CHECK_EQ(sys_fchmodat(AT_FDCWD, "d", 0500, 0), 0);
    CHECK_EQ(look("d/x"), 0);
    CHECK_EQ(rm("d/x"), -EACCES);
    CHECK_EQ(make("d/y"), -EACCES);
    CHECK_EQ(sys_utimensat(AT_FDCWD, "f", NULL, 0), -EACCES);
    const struct k_timespec times[2] = {{5, 6000}, {0, UTIME_OMIT}};
    CHECK_EQ(sys_utimensat(AT_FDCWD, "f", times, 0), -EPERM);
    CHECK_EQ(sys_utimensat(AT_FDCWD, "d", times, 0), 0);
    CHECK_EQ(look("d"), 0);
    CHECK_EQ(st.atim.sec, 5);
    CHECK_EQ(st.atim.nsec, 6000);
    fake_user(0, 0);
    CHECK_EQ(make("d/y"), 0);
    CHECK_EQ(sys_faccessat(AT_FDCWD, "d/y", X_OK, 0), -EACCES);
    rm("d/x"), rm("d/y"), rm("d/mine"), rd("d"), rm("f");
    no_leaks();
}

// --- FIFOs ---

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

int main(void)
{
    RUN(test_walk);
    RUN(test_open);
    RUN(test_symlinks);
    RUN(test_links);
    RUN(test_rename);
    RUN(test_removed_cwd);
    RUN(test_permissions);
    RUN(test_fifo);
    RUN(test_devices);
    RUN(test_proc);
    RUN(test_record_locks);
    return check_done("path");
}
