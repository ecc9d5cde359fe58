// SPDX-License-Identifier: BSD-2-Clause
// needs: family, redirection
//
// Job control of the calls on a terminal's queues: a background process that flushes, stops or
// drains it gets SIGTTOU first, whatever its argument. Run with a terminal, here and on Linux, by
// tests/suites/fault/fault_tty.py; here there is none.
#include "tests/guest/check.h"
#include <termios.h>

static volatile sig_atomic_t signals;

static void count(int sig)
{
    (void)sig;
    signals++;
}

static void calls(int fd)
{
    TRY(tcflush(fd, TCIFLUSH));
    TRY(tcflush(fd, 99));
    TRY(tcflow(fd, TCOON));
    TRY(tcflow(fd, 99));
    TRY(tcdrain(fd));
    TRY(tcsendbreak(fd, 0));
    say("SIGTTOU came %d times", (int)signals);
}

int main(void)
{
    int fd = open("/dev/tty", O_RDWR);

    if (fd < 0) {
        say("no terminal: %s", err_name(errno));
        return 0;
    }
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        NEED(setpgid(0, 0) == 0);
        install(SIGTTOU, count, 0);
        calls(fd);
        install(SIGTTOU, SIG_IGN, 0);
        calls(fd);
        install(SIGTTOU, SIG_DFL, 0);
        tcflush(fd, TCIFLUSH);
        _exit(7);
    }
    int status;
    NEED(waitpid(pid, &status, WUNTRACED) == pid);
    say_status("with the default action", status);
    kill(pid, SIGKILL);
    NEED(waitpid(pid, &status, 0) == pid);
    install(SIGTTOU, count, 0);
    say("in the foreground:");
    calls(fd);
    say("end");
    return 0;
}
