// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// stat fields, chmod and fchmod, umask, access, utime, sticky bits: what `ls -l`, test and make
// use.
#include "tests/guest/check.h"
#include <sys/time.h>
#include <utime.h>

static void show(const char *name)
{
    struct stat st;

    if (lstat(name, &st) == -1) {
        say("%s: %s", name, err_name(errno));
        return;
    }
    const char *type = S_ISREG(st.st_mode)    ? "file"
                       : S_ISDIR(st.st_mode)  ? "dir"
                       : S_ISLNK(st.st_mode)  ? "link"
                       : S_ISFIFO(st.st_mode) ? "fifo"
                       : S_ISCHR(st.st_mode)  ? "chr"
                                              : "?";
    say("%s: %s mode %o", name, type, (unsigned)st.st_mode & 07777);
}

static void modes(void)
{
    put_file("f", "12345", 0644);
    show("f");
    TRY(chmod("f", 0400));
    show("f");
    TRY(chmod("f", 06755));
    show("f");
    TRY(chmod("absent", 0644));
    int fd = open("f", O_RDONLY);
    NEED(fd >= 0);
    TRY(fchmod(fd, 0711));
    show("f");
    TRY(close(fd));
    TRY(fchmod(fd, 0711));
    NEED(mkdir("d", 0755) == 0);
    TRY(chmod("d", 01777));
    show("d");
    NEED(symlink("f", "l") == 0);
    show("l");
    TRY(chmod("l", 0600));
    show("f");
}

static void masks(void)
{
    say("umask was %03o", (unsigned)umask(0));
    close(open("m0", O_CREAT | O_WRONLY, 0666));
    say("umask was %03o", (unsigned)umask(027));
    close(open("m27", O_CREAT | O_WRONLY, 0777));
    mkdir("dm27", 0777);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        say("child's umask %03o", (unsigned)umask(077));
        close(open("m77", O_CREAT | O_WRONLY, 0666));
        _exit(0);
    }
    wait_for(pid);
    say("parent's umask stays %03o", (unsigned)umask(022));
    show("m0");
    show("m27");
    show("dm27");
    show("m77");
}

static void times(void)
{
    struct stat st, later;
    struct utimbuf stamp = {1000000, 2000000};
    struct timespec fine[2] = {{5, 6000}, {7, 8000}};

    NEED(stat("f", &st) == 0);
    CHECK("born in this century", st.st_mtime > 1500000000);
    TRY(utime("f", &stamp));
    NEED(stat("f", &st) == 0);
    say("atime %ld mtime %ld", (long)st.st_atime, (long)st.st_mtime);
    TRY(utimensat(AT_FDCWD, "f", fine, 0));
    NEED(stat("f", &st) == 0);
    say("atime %ld.%06ld mtime %ld.%06ld", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
        (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    int fd = open("f", O_WRONLY | O_APPEND);
    NEED(fd >= 0);
    NEED(write(fd, "6", 1) == 1 && fstat(fd, &later) == 0);
    close(fd);
    CHECK("a write moves mtime", later.st_mtime > st.st_mtime);
    say("size %ld", (long)later.st_size);
    TRY(utime("absent", NULL));
}

static void fields(void)
{
    struct stat a, b;

    NEED(stat("f", &a) == 0 && stat("d", &b) == 0);
    CHECK("different inodes", a.st_ino != b.st_ino);
    CHECK("same device", a.st_dev == b.st_dev);
    CHECK("mine", a.st_uid == geteuid() && a.st_gid == getegid());
    CHECK("a block size", a.st_blksize >= 512);
    say("links of a file %ld", (long)a.st_nlink);
    NEED(stat("/dev/null", &a) == 0);
    CHECK("/dev/null is a character device", S_ISCHR(a.st_mode));
    NEED(stat("/", &a) == 0);
    CHECK("/ is a directory", S_ISDIR(a.st_mode));
    TRY(stat("", &a));
    TRY(stat("f/x", &a));
    TRY(fstat(99, &a));
    TRY(fstatat(AT_FDCWD, "l", &a, AT_SYMLINK_NOFOLLOW));
    CHECK("the link itself", S_ISLNK(a.st_mode));
}

static void accessing(void)
{
    NEED(chmod("f", 0644) == 0);
    TRY(access("f", F_OK));
    TRY(access("f", R_OK | W_OK));
    TRY(access("f", X_OK));
    TRY(access("absent", F_OK));
    TRY(access("d", X_OK));
    TRY(access("f", 8));
    NEED(chmod("f", 0755) == 0);
    TRY(access("f", X_OK));
}

int main(void)
{
    scratch("file_stat");
    modes();
    masks();
    times();
    fields();
    accessing();
    return 0;
}
