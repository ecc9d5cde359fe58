// SPDX-License-Identifier: BSD-2-Clause
//
// needs: redirection
//
// What the terminal calls say when stdin and stdout are pipes, as the harness has them.
#include "tests/guest/check.h"
#include <sys/ioctl.h>
#include <termios.h>

int main(void)
{
    struct termios tio;
    struct winsize size;

    TRY(isatty(0));
    say("errno %s", err_name(errno));
    TRY(isatty(1));
    TRY(tcgetattr(0, &tio));
    memset(&tio, 0, sizeof tio);
    TRY(tcsetattr(0, TCSANOW, &tio));
    TRY(ioctl(0, TIOCGWINSZ, &size));
    TRY(tcgetpgrp(0));
    TRY(tcsetpgrp(0, getpgrp()));
    TRY(ttyname(0) == NULL ? -1 : 0);
    TRY(tcflush(0, TCIFLUSH));
    TRY(tcdrain(0));
    TRY(open("/dev/tty", O_RDWR) >= 0 ? 0 : -1);
    return 0;
}
