// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
// disk: 256K
//
// Two processes write disjoint halves of a disk and make them safe. With an argument they then say
// so and stay: tests/suites/fault/fault_disk.py kills them and looks at the disk.
#include "tests/guest/check.h"

#define HALF (128 * 1024)

static void fill(const char *path, int which)
{
    static char block[8192];
    int fd = open(path, O_WRONLY);

    NEED(fd >= 0);
    memset(block, 'A' + which, sizeof block);
    for (int off = 0; off < HALF; off += (int)sizeof block)
        NEED(pwrite(fd, block, sizeof block, which * HALF + off) == (ssize_t)sizeof block);
    NEED(fsync(fd) == 0);
    close(fd);
}

int main(int argc, char **argv)
{
    const char *path = getenv("DISK");
    struct gate done = gate_make();

    (void)argv;
    NEED(path);
    pid_t pid = fork();
    NEED(pid >= 0);
    fill(path, pid == 0);
    if (pid == 0) {
        gate_open(&done);
        if (argc > 1)
            pause();
        _exit(0);
    }
    gate_wait(&done);
    say("safe");
    if (argc > 1)
        pause();
    say_status("child", wait_for(pid));
    return 0;
}
