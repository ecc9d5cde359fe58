// SPDX-License-Identifier: BSD-2-Clause
// needs: redirection
//
// tcflow(): a request to whoever is at the other end of the terminal, and nobody else. Run with a
// terminal by tests/suites/fault/fault_tty.py; here there is none.
#include "tests/guest/check.h"
#include <termios.h>

int main(void)
{
    int fd = open("/dev/tty", O_RDWR);

    if (fd < 0) {
        say("no terminal: %s", err_name(errno));
        return 0;
    }
    TRY(tcflow(fd, TCIOFF));
    TRY(tcflow(fd, TCION));
    TRY(tcflow(fd, 17));
    return 0;
}
