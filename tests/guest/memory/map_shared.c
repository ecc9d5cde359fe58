// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Memory that fork does share: an anonymous MAP_SHARED mapping.
#include "tests/guest/check.h"
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
    return 0;
}
