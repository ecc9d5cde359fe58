// SPDX-License-Identifier: BSD-2-Clause
//
// Memory that fork does share: an anonymous MAP_SHARED mapping, and a file mapped by two processes.
#include "check.h"
#include <sys/mman.h>

int main(void)
{
    int *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    NEED(p != MAP_FAILED);
    p[0] = 1;
    p[2000] = 2;
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        say("child sees %d %d", p[0], p[2000]);
        p[0] = 10;
        p[2000] = 20;
        _exit(0);
    }
    wait_for(pid);
    say("parent sees %d %d", p[0], p[2000]);

    // Four processes count together; the total is exact because the increments are atomic.
    p[0] = 0;
    for (int i = 0; i < 4; i++) {
        pid = fork();
        NEED(pid >= 0);
        if (pid == 0) {
            for (int k = 0; k < 1000; k++)
                __atomic_fetch_add(&p[0], 1, __ATOMIC_SEQ_CST);
            _exit(0);
        }
    }
    while (wait(NULL) > 0)
        ;
    say("counted together %d", p[0]);
    TRY(munmap(p, 8192));

    scratch("map_shared");
    put_file("f", "0123456789", 0644);
    int fd = open("f", O_RDWR);
    NEED(fd >= 0);
    char *m = mmap(NULL, 10, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    NEED(m != MAP_FAILED);
    m[0] = 'A';
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        m[1] = 'B';
        _exit(m[0]);
    }
    say_status("child sees A", wait_for(pid));
    say("parent sees %c", m[1]);
    TRY(msync(m, 10, MS_SYNC));
    TRY(munmap(m, 10));
    say_file("f");
    m = mmap(NULL, 10, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    NEED(m != MAP_FAILED);
    m[2] = 'x';
    say("private copy [%.10s]", m);
    munmap(m, 10);
    say_file("f");
    close(fd);
    return 0;
}
