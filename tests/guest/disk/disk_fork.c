// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
// disk: 1M
//
// A disk and many processes: what one writes the others read, whatever its offset; offsets shared
// and not; descriptors that come through fork, exec and posix_spawn to programs that have not
// opened the disk themselves.
#include "tests/guest/check.h"

#include <spawn.h>

extern char **environ;

static void disjoint(const char *path)
{
    pid_t pid[6];
    char block[512];

    // Not whole sectors: neighbours are written by others at the same time.
    for (int i = 0; i < 6; i++)
        if ((pid[i] = fork()) == 0) {
            int fd = open(path, O_WRONLY);
            memset(block, 'a' + i, sizeof block);
            for (int k = 0; k < 20; k++)
                NEED(pwrite(fd, block, 100, 100 * (6 * k + i)) == 100);
            NEED(fsync(fd) == 0);
            _exit(0);
        }
    for (int i = 0; i < 6; i++)
        say_status("writer", wait_for(pid[i]));
    int fd = open(path, O_RDONLY), wrong = 0;
    for (int i = 0; i < 120; i++) {
        NEED(read(fd, block, 100) == 100);
        for (int k = 0; k < 100; k++)
            wrong += block[k] != 'a' + i % 6;
    }
    say("wrong bytes %d", wrong);
    close(fd);
}

static void shared_offset(const char *path)
{
    char block[512];
    int fd = open(path, O_RDWR);

    NEED(lseek(fd, 65536, SEEK_SET) == 65536);
    for (int i = 0; i < 64; i++) {
        memset(block, i, sizeof block);
        NEED(write(fd, block, 512) == 512);
    }
    NEED(lseek(fd, 65536, SEEK_SET) == 65536);
    // One after the other: Linux does not lock the offset of a block device over a read.
    pid_t pid = fork();
    if (pid > 0)
        say_status("reader", wait_for(pid));
    for (int i = 0; i < 32; i++) {
        NEED(read(fd, block, 512) == 512);
        block[1] = 'x';
        NEED(pwrite(fd, block, 512, 65536 + 512 * block[0]) == 512);
    }
    if (pid == 0)
        _exit(0);
    TRY(lseek(fd, 0, SEEK_CUR));
    int marked = 0;
    for (int i = 0; i < 64; i++) {
        NEED(pread(fd, block, 512, 65536 + 512 * i) == 512);
        marked += block[0] == i && block[1] == 'x';
    }
    say("each block once: %d", marked);
    close(fd);
}

static void inherited(const char *path)
{
    char number[16], *argv[] = {"disk_fork", "child", number, NULL};
    int fd = open(path, O_RDWR);
    pid_t pid;

    snprintf(number, sizeof number, "%d", fd);
    TRY(pwrite(fd, "from the parent", 16, 200000));
    pid = fork();
    if (pid == 0) {
        execv(test_path("disk_fork"), argv);
        _exit(127);
    }
    say_status("exec", wait_for(pid));
    NEED(posix_spawn(&pid, test_path("disk_fork"), NULL, NULL, argv, environ) == 0);
    say_status("spawn", wait_for(pid));
    if ((pid = vfork()) == 0) {
        if (pwrite(fd, "vforked", 8, 300000) != 8)
            _exit(1);
        execv(test_path("disk_fork"), argv);
        _exit(127);
    }
    say_status("vfork", wait_for(pid));
    char text[16] = "";
    TRY(pread(fd, text, 16, 300000));
    say("[%s]", text);
    close(fd);
}

int main(int argc, char **argv)
{
    const char *path = getenv("DISK");
    char text[32] = "";

    if (argc == 3) {
        int fd = atoi(argv[2]);
        TRY(pread(fd, text, 16, 200000));
        say("child: [%s]", text);
        TRY(fsync(fd));
        return 0;
    }
    NEED(path);
    disjoint(path);
    shared_offset(path);
    inherited(path);
    return 0;
}
