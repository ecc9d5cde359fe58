// SPDX-License-Identifier: BSD-2-Clause
// Terminals: attributes, the foreground group, names. All are ioctls on the descriptor; the libc's
// struct termios is longer than the kernel's (32 control characters, two speeds) and is converted.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "libc-glue/glue.h"

#define KERNEL_NCCS sizeof(((struct k_termios *)0)->cc)

// Also a background process may ask; only changing the attributes stops it (XBD 11.1.4).
int tcgetattr(int fd, struct termios *t)
{
    struct k_termios k;
    if (ioctl(fd, TCGETS, &k) < 0)
        return -1;
    *t = (struct termios){.c_iflag = k.iflag,
                          .c_oflag = k.oflag,
                          .c_cflag = k.cflag,
                          .c_lflag = k.lflag,
                          .c_line = k.line};
    memcpy(t->c_cc, k.cc, KERNEL_NCCS);
    // The kernel keeps the speed in c_cflag only, one for both directions.
    t->c_ispeed = t->c_ospeed = k.cflag & CBAUD;
    return 0;
}

// The three requests differ in what happens first: nothing, wait for the output, and that plus
// throw away the input not read. Success means that some of the changes were made; who needs to
// know asks again.
int tcsetattr(int fd, int when, const struct termios *t)
{
    static const unsigned long requests[] = {TCSETS, TCSETSW, TCSETSF};
    struct k_termios k = {.iflag = t->c_iflag,
                          .oflag = t->c_oflag,
                          .cflag = t->c_cflag,
                          .lflag = t->c_lflag,
                          .line = t->c_line};
    if (when < TCSANOW || when > TCSAFLUSH)
        return (int)glue_ret(-EINVAL);
    memcpy(k.cc, t->c_cc, KERNEL_NCCS);
    return ioctl(fd, requests[when], &k);
}

// TCSBRK with 0 would send a break, where there is a line; with anything else it waits for the
// output (Linux), and that is tcdrain().
int tcsendbreak(int fd, int duration)
{
    (void)duration;
    return ioctl(fd, TCSBRK, 0);
}

int tcdrain(int fd)
{
    return ioctl(fd, TCSBRK, 1);
}

// The kernel judges the second argument. Only input is ever thrown away: output has no queue.
int tcflush(int fd, int queue)
{
    return ioctl(fd, TCFLSH, (long)queue);
}

int tcflow(int fd, int action)
{
    return ioctl(fd, TCXONC, (long)action);
}

// Speeds are kept because programs set them and read them back. No terminal here is a serial line
// that has one, and none is 0, which would mean to hang up.
speed_t cfgetispeed(const struct termios *t)
{
    return t->c_cflag & CBAUD;
}

speed_t cfgetospeed(const struct termios *t)
{
    return t->c_cflag & CBAUD;
}

int cfsetospeed(struct termios *t, speed_t speed)
{
    if (speed & ~(speed_t)CBAUD)
        return (int)glue_ret(-EINVAL);
    t->c_cflag = (t->c_cflag & ~(tcflag_t)CBAUD) | speed;
    t->c_ispeed = t->c_ospeed = speed;
    return 0;
}

// An input speed of 0 means "as the output's".
int cfsetispeed(struct termios *t, speed_t speed)
{
    return speed ? cfsetospeed(t, speed) : 0;
}

int cfsetspeed(struct termios *t, speed_t speed)
{
    return cfsetospeed(t, speed);
}

// Not POSIX, but every editor's and shell's: each byte as it comes, at once, with no signal made of
// it and no byte changed on the way out.
void cfmakeraw(struct termios *t)
{
    t->c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    t->c_oflag &= ~(tcflag_t)OPOST;
    t->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    t->c_cflag = (t->c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    t->c_cc[VMIN] = 1;
    t->c_cc[VTIME] = 0;
}

// Only of the caller's own controlling terminal; ENOTTY otherwise (XSH tcgetpgrp()).
pid_t tcgetpgrp(int fd)
{
    int group;
    return ioctl(fd, TIOCGPGRP, &group) < 0 ? -1 : group;
}

// From the background it raises SIGTTOU, unless that is blocked or ignored: a shell blocks it for
// that reason.
int tcsetpgrp(int fd, pid_t group)
{
    int g = group;
    return ioctl(fd, TIOCSPGRP, &g);
}

pid_t tcgetsid(int fd)
{
    int session;
    return ioctl(fd, TIOCGSID, &session) < 0 ? -1 : session;
}

// TCGETS succeeds for terminals and for nothing else. errno is then ENOTTY or EBADF, as POSIX asks.
int isatty(int fd)
{
    struct k_termios k;
    return ioctl(fd, TCGETS, &k) == 0;
}

// The name of a terminal is found by its device number among the few that exist.
int ttyname_r(int fd, char *buf, size_t len)
{
    static const char *const names[] = {"/dev/console", "/dev/tty0", "/dev/ttyS0"};
    struct stat st, dev;
    if (!isatty(fd) || fstat(fd, &st) < 0)
        return errno;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (stat(names[i], &dev) == 0 && S_ISCHR(dev.st_mode) && dev.st_rdev == st.st_rdev) {
            if (strlen(names[i]) >= len)
                return ERANGE;
            strcpy(buf, names[i]);
            return 0;
        }
    return ENOENT;
}

// 32 bytes: longer than any name in the table above.
char *ttyname(int fd)
{
    static char name[32];
    int error = ttyname_r(fd, name, sizeof name);
    return error ? (glue_ret(-error), NULL) : name;
}

// Whatever the controlling terminal is, and whether there is one: opening it tells.
char *ctermid(char *buf)
{
    static char name[L_ctermid];
    return strcpy(buf ? buf : name, "/dev/tty");
}

// Prompts on the terminal with echo off. The buffer is static, as everywhere.
char *getpass(const char *prompt)
{
    static char line[128];
    struct termios old, quiet;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (fd < 0 || tcgetattr(fd, &old) < 0) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    quiet = old;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    // TCSAFLUSH: what was typed before the prompt is not the password. ISIG is off, so that ^C
    // cannot leave the terminal without echo.
    tcsetattr(fd, TCSAFLUSH, &quiet);
    dprintf(fd, "%s", prompt);
    ssize_t n = read(fd, line, sizeof line - 1);
    tcsetattr(fd, TCSAFLUSH, &old);
    dprintf(fd, "\n");
    close(fd);
    if (n < 0)
        return NULL;
    line[n] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return line;
}
