// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// vfork + exec, as old shells and make do it: the parent goes on only after the child's exec or
// exit; failed exec tells through the status; many in a row.
#include "tests/guest/check.h"

static const char *self;

static void spawn_one(const char *what, const char *path, const char *arg)
{
    pid_t pid = vfork();

    if (pid == 0) {
        execl(path, path, arg, (char *)NULL);
        _exit(127);
    }
    NEED(pid > 0);
    say_status(what, wait_for(pid));
}

// The parent must not run before the child has written: no gate is needed for this order.
static void order(void)
{
    pid_t pid = vfork();

    if (pid == 0) {
        if (write(1, "child first\n", 12) != 12)
            _exit(1);
        _exit(3);
    }
    say("parent second");
    NEED(pid > 0);
    say_status("child", wait_for(pid));
}

// Apart from the loop, so that no local variable lives across vfork's two returns.
static int one_of_many(const char *arg)
{
    pid_t pid = vfork();

    if (pid == 0) {
        execl(self, self, arg, (char *)NULL);
        _exit(127);
    }
    NEED(pid > 0);
    return WEXITSTATUS(wait_for(pid));
}

static void many(void)
{
    int good = 0;

    for (int i = 0; i < 30; i++) {
        char arg[12];
        snprintf(arg, sizeof arg, "%d", i);
        good += one_of_many(arg) == i;
    }
    say("30 in a row: %d right", good);
}

int main(int argc, char **argv)
{
    self = test_path("vfork_exec");
    if (argc > 1)
        return atoi(argv[1]);
    spawn_one("exec", self, "41");
    spawn_one("missing program", "/no/such/program", "0");
    order();
    many();
    int status;
    TRY(wait(&status));
    return 0;
}
