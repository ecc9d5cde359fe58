// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Open descriptions are shared by dup and fork (one offset, one set of status flags); two opens of
// one file share only the file. Descriptors themselves are each process' own.
#include "tests/guest/check.h"

static char at(int fd)
{
    char c = '?';

    if (read(fd, &c, 1) != 1)
        return '-';
    return c;
}

static void offsets_by_dup(void)
{
    int a = open("letters", O_RDONLY), b = dup(a), c = open("letters", O_RDONLY);

    NEED(a >= 0 && b >= 0 && c >= 0);
    say("%c %c %c %c", at(a), at(a), at(b), at(c));
    TRY(lseek(b, 10, SEEK_SET));
    say("%c %c", at(a), at(c));
    close(a);
    say("after closing the first: %c", at(b));
    close(b);
    close(c);
}

static void offsets_by_fork(void)
{
    int fd = open("letters", O_RDONLY);
    struct gate turn = gate_make();

    NEED(fd >= 0);
    say("parent reads %c", at(fd));
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        say("child reads %c", at(fd));
        lseek(fd, 20, SEEK_SET);
        gate_open(&turn);
        _exit(0);
    }
    gate_wait(&turn);
    say_status("child", wait_for(pid));
    say("parent reads %c: the child's lseek moved it", at(fd));
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        close(fd);
        _exit(0);
    }
    wait_for(pid);
    say("the child's close leaves mine open: %c", at(fd));
    close(fd);
}

// Writers with one shared offset append to each other without O_APPEND and overwrite nothing.
static void shared_writers(void)
{
    int fd = open("log", O_RDWR | O_CREAT | O_TRUNC, 0644);
    char line[6];
    int count[4] = {0};

    NEED(fd >= 0);
    for (int i = 0; i < 4; i++) {
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0) {
            snprintf(line, sizeof line, "row %d", i);
            line[5] = '\n';
            for (int k = 0; k < 50; k++)
                NEED(write(fd, line, 6) == 6);
            _exit(0);
        }
    }
    while (wait(NULL) > 0)
        ;
    struct stat st;
    NEED(fstat(fd, &st) == 0);
    say("size %ld, offset %ld", (long)st.st_size, (long)lseek(fd, 0, SEEK_CUR));
    lseek(fd, 0, SEEK_SET);
    int bad = 0;
    while (read(fd, line, 6) == 6) {
        if (memcmp(line, "row ", 4) || line[5] != '\n' || line[4] < '0' || line[4] > '3')
            bad++;
        else
            count[line[4] - '0']++;
    }
    say("rows %d %d %d %d, bad %d", count[0], count[1], count[2], count[3], bad);
    close(fd);
}

// The same through O_APPEND and separate opens: the offset is per open, the end is common.
static void appenders(void)
{
    struct stat st;

    for (int i = 0; i < 3; i++) {
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0) {
            int fd = open("appended", O_WRONLY | O_CREAT | O_APPEND, 0644);
            NEED(fd >= 0);
            for (int k = 0; k < 40; k++)
                NEED(write(fd, "0123456789", 10) == 10);
            _exit(0);
        }
    }
    while (wait(NULL) > 0)
        ;
    NEED(stat("appended", &st) == 0);
    say("appended %ld", (long)st.st_size);
}

int main(void)
{
    scratch("fd_share");
    put_file("letters", "abcdefghijklmnopqrstuvwxyz", 0644);
    offsets_by_dup();
    offsets_by_fork();
    shared_writers();
    appenders();
    return 0;
}
