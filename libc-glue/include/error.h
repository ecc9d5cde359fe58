// SPDX-License-Identifier: BSD-2-Clause
// GNU's error reports: "program: message: strerror(number)" on standard error.
#ifndef _ERROR_H
#define _ERROR_H

#include <sys/cdefs.h>

__BEGIN_DECLS
// Prints the message, and with the number not 0 the text of that errno value; exits with the status
// unless that is 0.
void error(int, int, const char *, ...) __attribute__((__format__(__printf__, 3, 4)));
// The same with a file's name and line in front.
void error_at_line(int, int, const char *, unsigned, const char *, ...)
    __attribute__((__format__(__printf__, 5, 6)));
// How many messages there were; whether a second one about the same line is left out; what prints
// the program's name in the place of this library.
extern unsigned error_message_count;
extern int error_one_per_line;
extern void (*error_print_progname)(void);
__END_DECLS

#endif
