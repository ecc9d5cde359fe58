// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
// timeout: 120
//
// Many processes: 200 one after another, 50 alive at the same time, a chain 12 deep, and a last
// look that nothing of them is left to wait for or to read from.
#include "tests/guest/check.h"

#define IN_TURN 200
#define AT_ONCE 50
#define CHAIN   12

static void in_turn(void)
{
    int good = 0, repeated = 0;
    pid_t last = 0;

    for (int i = 0; i < IN_TURN; i++) {
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0)
            _exit(i & 127);
        repeated += pid == last;
        last = pid;
        int status = wait_for(pid);
        good += WIFEXITED(status) && WEXITSTATUS(status) == (i & 127);
    }
    say("in turn: %d of %d right, same pid twice running %d", good, IN_TURN, repeated);
}

// All children wait at one gate; a byte from each proves that all were alive together.
static void at_once(void)
{
    int ready[2], go[2], seen = 0, good = 0, status;
    pid_t pids[AT_ONCE];

    NEED(pipe(ready) == 0 && pipe(go) == 0);
    for (int i = 0; i < AT_ONCE; i++) {
        pids[i] = fork();
        NEED(pids[i] >= 0);
        if (pids[i] == 0) {
            char c = (char)i;
            close(go[1]);
            NEED(write(ready[1], &c, 1) == 1);
            NEED(read(go[0], &c, 1) == 0);
            _exit(i);
        }
    }
    close(ready[1]);
    close(go[0]);
    for (char c; seen < AT_ONCE && read(ready[0], &c, 1) == 1;)
        seen++;
    say("alive together: %d", seen);
    int distinct = 1;
    for (int i = 0; i < AT_ONCE; i++)
        for (int j = 0; j < i; j++)
            distinct &= pids[i] != pids[j];
    CHECK("all pids distinct", distinct);
    CHECK("none has ended yet", waitpid(-1, &status, WNOHANG) == 0);
    close(go[1]);
    for (int i = 0; i < AT_ONCE; i++) {
        status = wait_for(pids[i]);
        good += WIFEXITED(status) && WEXITSTATUS(status) == i;
    }
    say("at once: %d of %d right", good, AT_ONCE);
    char c;
    TRY(read(ready[0], &c, 1));
    close(ready[0]);
}

static void chain(void)
{
    pid_t top = getpid();
    int depth = 0;

    for (; depth < CHAIN; depth++) {
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid > 0) {
            int below = WEXITSTATUS(wait_for(pid));
            if (getpid() != top)
                _exit(below + 1);
            say("chain: %d", below + 1);
            return;
        }
    }
    _exit(0);
}

int main(void)
{
    int status;

    in_turn();
    at_once();
    chain();
    TRY(wait(&status));
    return 0;
}
