// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Names: link, unlink (also while open), rename in all its cases, symbolic links and their loops.
#include "tests/guest/check.h"

static long links(const char *name)
{
    struct stat st;

    return lstat(name, &st) == 0 ? (long)st.st_nlink : -1;
}

static bool same_file(const char *a, const char *b)
{
    struct stat sa, sb;

    return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_ino == sb.st_ino &&
           sa.st_dev == sb.st_dev;
}

static void hard(void)
{
    put_file("a", "content", 0644);
    say("links %ld", links("a"));
    TRY(link("a", "b"));
    say("links %ld %ld", links("a"), links("b"));
    CHECK("same inode", same_file("a", "b"));
    TRY(link("a", "b"));
    TRY(link("absent", "c"));
    TRY(link(".", "c"));
    TRY(unlink("a"));
    say_file("b");
    TRY(unlink("a"));
    TRY(unlink("."));
    NEED(mkdir("d", 0755) == 0);
    TRY(unlink("d"));
}

static void unlink_while_open(void)
{
    char buf[8] = "";
    struct stat st;
    int fd;

    NEED((fd = open("b", O_RDWR)) >= 0);
    TRY(unlink("b"));
    TRY(access("b", F_OK));
    NEED(fstat(fd, &st) == 0);
    say("links of an open nameless file %ld", (long)st.st_nlink);
    TRY(pwrite(fd, "CON", 3, 0));
    TRY(read(fd, buf, 7));
    say("[%s]", buf);
    // The file outlives its name in a child, too.
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        lseek(fd, 0, SEEK_SET);
        _exit(read(fd, buf, 7) == 7 && memcmp(buf, "CONtent", 7) == 0 ? 30 : 31);
    }
    close(fd);
    say_status("child reads the nameless file", wait_for(pid));
    put_file("b", "another b", 0644);
    say_file("b");
}

static void renaming(void)
{
    put_file("one", "1", 0644);
    put_file("two", "2", 0644);
    TRY(rename("one", "uno"));
    TRY(access("one", F_OK));
    TRY(rename("uno", "two"));
    say_file("two");
    TRY(access("uno", F_OK));
    TRY(rename("absent", "x"));
    TRY(rename("two", "two"));
    NEED(mkdir("dir", 0755) == 0 && mkdir("dir/in", 0755) == 0 && mkdir("empty", 0755) == 0);
    TRY(rename("two", "dir"));
    TRY(rename("dir", "two"));
    TRY(rename("dir", "dir/in/deeper"));
    TRY(rename("empty", "dir"));
    TRY(rename("dir", "empty"));
    TRY(access("empty/in", F_OK));
    TRY(rename("two", "empty/in/two"));
    say_file("empty/in/two");
    TRY(rename("empty/in/two", "no/such"));
    NEED(link("empty/in/two", "hard") == 0);
    TRY(rename("hard", "empty/in/two"));
    say("renaming one hard link to another does nothing: %ld links", links("hard"));
}

static void symbolic(void)
{
    char buf[64] = "";
    struct stat st;

    put_file("target", "through the link", 0644);
    TRY(symlink("target", "soft"));
    TRY(symlink("target", "soft"));
    say_file("soft");
    TRY(readlink("soft", buf, sizeof buf));
    say("[%.6s]", buf);
    TRY(readlink("soft", buf, 3));
    TRY(readlink("target", buf, sizeof buf));
    TRY(readlink("absent", buf, sizeof buf));
    NEED(lstat("soft", &st) == 0);
    say("lstat: link %d size %ld", !!S_ISLNK(st.st_mode), (long)st.st_size);
    NEED(stat("soft", &st) == 0);
    say("stat: regular %d size %ld", !!S_ISREG(st.st_mode), (long)st.st_size);
    TRY(unlink("target"));
    TRY(stat("soft", &st));
    TRY(lstat("soft", &st));
    TRY(unlink("soft"));
    TRY(symlink("loop2", "loop1"));
    TRY(symlink("loop1", "loop2"));
    TRY(open("loop1", O_RDONLY));
    TRY(stat("loop1/x", &st));
    TRY(symlink("self", "self"));
    TRY(chdir("self"));
    NEED(mkdir("real", 0755) == 0 && symlink("real", "alias") == 0);
    put_file("alias/file", "in real", 0644);
    say_file("real/file");
    TRY(symlink("../real/file", "real/up"));
    say_file("alias/up");
    TRY(rmdir("alias"));
    TRY(unlink("alias"));
    say_file("real/file");
}

int main(void)
{
    scratch("file_links");
    hard();
    unlink_while_open();
    renaming();
    symbolic();
    return 0;
}
