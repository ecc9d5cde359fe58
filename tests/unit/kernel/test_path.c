// SPDX-License-Identifier: BSD-2-Clause
// Names: walks, links, rename in all its cases, permissions.
#include "tests/unit/lib/fs_helpers.h"

static void set_up(void)
{
    boot_with(NULL, 0);
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

int main(void)
{
    RUN(test_walk);
    RUN(test_open);
    RUN(test_symlinks);
    RUN(test_links);
    RUN(test_rename);
    RUN(test_removed_cwd);
    RUN(test_permissions);
    return check_done("path");
}
