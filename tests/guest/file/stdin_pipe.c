// SPDX-License-Identifier: BSD-2-Clause
//
// needs: redirection
// stdin: first line\nsecond line\nlast without newline
//
// Reading the host's pipe as stdin: lines, a child that takes over in the middle, end of file.
#include "tests/guest/check.h"

static void read_line(const char *who)
{
    char line[64];
    size_t n = 0;

    while (n < sizeof line && read(0, line + n, 1) == 1 && line[n] != '\n')
        n++;
    say("%s: [%.*s]", who, (int)n, line);
}

int main(void)
{
    char c;

    read_line("parent");
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        read_line("child");
        _exit(0);
    }
    wait_for(pid);
    read_line("parent");
    TRY(read(0, &c, 1));
    TRY(read(0, &c, 1));
    TRY(lseek(0, 0, SEEK_SET));
    return 0;
}
