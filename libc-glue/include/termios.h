// SPDX-License-Identifier: BSD-2-Clause
// Terminal attributes: Linux's numbers (from <ramet/termios.h>) and the 32-slot struct termios of
// Linux C libraries; libc-glue/file/termios.c converts to the kernel's shorter one.
#ifndef _TERMIOS_H
#define _TERMIOS_H

#include <ramet/termios.h>
#include <sys/cdefs.h>
#include <sys/types.h>

#undef NCCS
#define NCCS 32

typedef unsigned char cc_t;
typedef unsigned int speed_t;
typedef unsigned int tcflag_t;

struct termios {
    tcflag_t c_iflag;
    tcflag_t c_oflag;
    tcflag_t c_cflag;
    tcflag_t c_lflag;
    cc_t c_line;
    cc_t c_cc[NCCS];
    speed_t c_ispeed; // B*, a copy of the bits in c_cflag
    speed_t c_ospeed;
};

struct winsize {
    unsigned short ws_row, ws_col, ws_xpixel, ws_ypixel;
};

#define EXTA B19200
#define EXTB B38400

// Output delays: named by stty, without effect.
#define NLDLY 0000400
#define NL0   0000000
#define NL1   0000400
#define CRDLY 0003000
#define CR0   0000000
#define CR1   0001000
#define CR2   0002000
#define CR3   0003000
#define TAB1  0004000
#define TAB2  0010000
#define BSDLY 0020000
#define BS0   0000000
#define BS1   0020000
#define VTDLY 0040000
#define VT0   0000000
#define VT1   0040000
#define FFDLY 0100000
#define FF0   0000000
#define FF1   0100000

__BEGIN_DECLS
int tcgetattr(int, struct termios *);
int tcsetattr(int, int, const struct termios *);
int tcsendbreak(int, int);
int tcdrain(int);
int tcflush(int, int);
int tcflow(int, int);
pid_t tcgetsid(int);
speed_t cfgetispeed(const struct termios *);
speed_t cfgetospeed(const struct termios *);
int cfsetispeed(struct termios *, speed_t);
int cfsetospeed(struct termios *, speed_t);
int cfsetspeed(struct termios *, speed_t);
void cfmakeraw(struct termios *);
__END_DECLS

#endif
