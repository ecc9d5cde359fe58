// SPDX-License-Identifier: BSD-2-Clause
//
// open's flags one by one, what access mode allows, and the mode a new file gets.
#include "tests/guest/check.h"

static void modes(void)
{
    char c;
    struct stat st;
    int fd = open("new", O_WRONLY | O_CREAT, 0666);

    NEED(fd >= 0);
    TRY(read(fd, &c, 1));
    TRY(write(fd, "first", 5));
    TRY(close(fd));
    NEED(stat("new", &st) == 0);
    say("mode %o size %ld", (unsigned)st.st_mode & 07777, (long)st.st_size);
    fd = open("new", O_RDONLY);
    NEED(fd >= 0);
    TRY(write(fd, "x", 1));
    TRY(close(fd));
    umask(077);
    fd = open("private", O_RDWR | O_CREAT, 0666);
    NEED(fd >= 0 && fstat(fd, &st) == 0);
    say("mode under umask 077: %o", (unsigned)st.st_mode & 07777);
    close(fd);
    umask(022);
    // The creator may write through a descriptor whose file is read-only from birth.
    fd = open("readonly", O_WRONLY | O_CREAT, 0444);
    NEED(fd >= 0);
    TRY(write(fd, "yes", 3));
    close(fd);
    say_file("readonly");
}

static void flags(void)
{
    int fd;

    TRY(open("new", O_RDWR | O_CREAT | O_EXCL, 0644));
    TRY(open("absent", O_RDWR));
    TRY(fd = open("new", O_RDWR | O_TRUNC));
    close(fd);
    say_file("new");
    NEED((fd = open("new", O_WRONLY | O_APPEND)) >= 0);
    TRY(write(fd, "one", 3));
    TRY(lseek(fd, 0, SEEK_SET));
    TRY(write(fd, "two", 3));
    TRY(lseek(fd, 0, SEEK_CUR));
    close(fd);
    say_file("new");
    NEED((fd = open("new", O_WRONLY)) >= 0);
    TRY(write(fd, "ONE", 3));
    close(fd);
    say_file("new");
    TRY(open("new", O_RDONLY | O_DIRECTORY));
    TRY(open(".", O_RDWR));
    TRY(open(".", O_WRONLY));
    TRY(fd = open(".", O_RDONLY | O_DIRECTORY));
    char c;
    TRY(read(fd, &c, 1));
    TRY(close(fd));
    TRY(open("new/x", O_RDONLY));
    TRY(open("", O_RDONLY));
    TRY(open("no/such/dir", O_RDONLY | O_CREAT, 0644));
    TRY(open("newdir/", O_RDWR | O_CREAT, 0644));
    NEED(symlink("new", "link") == 0);
    TRY(open("link", O_RDONLY | O_NOFOLLOW));
    TRY(open("link", O_RDWR | O_CREAT | O_EXCL, 0644));
    TRY(fd = open("link", O_RDONLY));
    TRY(close(fd));
    NEED(symlink("made through", "dangling") == 0);
    TRY(fd = open("dangling", O_WRONLY | O_CREAT, 0644));
    TRY(close(fd));
    TRY(access("made through", F_OK));
}

static void long_names(void)
{
    char name[300];
    int fd;

    memset(name, 'n', sizeof name);
    name[255] = '\0';
    TRY(fd = open(name, O_RDWR | O_CREAT, 0644));
    TRY(close(fd));
    TRY(unlink(name));
    name[255] = 'n';
    name[256] = '\0';
    TRY(open(name, O_RDWR | O_CREAT, 0644));
    static char path[5000];
    for (size_t i = 0; i < sizeof path - 1; i++)
        path[i] = i % 2 ? '/' : '.';
    TRY(open(path, O_RDONLY));
}

static void at_family(void)
{
    int dir, fd;

    NEED(mkdir("sub", 0755) == 0);
    NEED((dir = open("sub", O_RDONLY | O_DIRECTORY)) >= 0);
    TRY(fd = openat(dir, "inner", O_RDWR | O_CREAT, 0644));
    TRY(close(fd));
    TRY(access("sub/inner", R_OK));
    TRY(fd = openat(AT_FDCWD, "sub/inner", O_RDONLY));
    TRY(close(fd));
    TRY(openat(99, "inner", O_RDONLY));
    NEED((fd = open("new", O_RDONLY)) >= 0);
    TRY(openat(fd, "inner", O_RDONLY));
    TRY(unlinkat(dir, "inner", 0));
    TRY(unlinkat(AT_FDCWD, "sub", AT_REMOVEDIR));
    TRY(openat(dir, "again", O_RDWR | O_CREAT, 0644));
}

int main(void)
{
    scratch("file_open");
    modes();
    flags();
    long_names();
    at_family();
    return 0;
}
