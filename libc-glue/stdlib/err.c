// SPDX-License-Identifier: BSD-2-Clause
// Messages for humans: err(3) and syslog(3).
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

// The name is the last part of argv[0], as BSD's err(3) prints it. Standard error is unbuffered, so
// the pieces come out in turn, but another process that writes to the same terminal may come
// between them.
// "program: ", the message if there is one, and with ERROR its text.
static void report(const char *format, va_list ap, int with_error)
{
    int error = errno; // stdio may change it
    fprintf(stderr, "%s: ", program_invocation_short_name);
    if (format)
        vfprintf(stderr, format, ap);
    if (with_error)
        fprintf(stderr, "%s%s", format ? ": " : "", strerror(error));
    fputc('\n', stderr);
}

void vwarn(const char *format, va_list ap)
{
    report(format, ap, 1);
}

// Without the error's text: for what the program has found out by itself.
void vwarnx(const char *format, va_list ap)
{
    report(format, ap, 0);
}

// exit() and not _exit(): what the program has written must come out before it ends.
void verr(int status, const char *format, va_list ap)
{
    report(format, ap, 1);
    exit(status);
}

void verrx(int status, const char *format, va_list ap)
{
    report(format, ap, 0);
    exit(status);
}

void warn(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vwarn(format, ap);
    va_end(ap);
}

void warnx(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vwarnx(format, ap);
    va_end(ap);
}

// Not by verr(), which does not return: va_end() could then not be called on every path (C11
// 7.16.1).
void err(int status, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    report(format, ap, 1);
    va_end(ap);
    exit(status);
}

void errx(int status, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    report(format, ap, 0);
    va_end(ap);
    exit(status);
}

// What openlog() was told. The name is the caller's string and not copied, as the manual warns.
// NULL: never called, and the program's own name is used.
static const char *log_name;
static int log_options;
static int log_mask = 0xff;

// The facility would tell a daemon which log to write to; no message here gets that far.
void openlog(const char *name, int options, int facility)
{
    (void)facility;
    log_name = name;
    log_options = options;
}

// XSH closelog(): nothing need be called before the next syslog().
void closelog(void)
{
    log_name = NULL;
    log_options = 0;
}

// A bit for each of the eight priorities, all set at first. 0 asks for the mask without changing it
// (XSH setlogmask()).
int setlogmask(int mask)
{
    int old = log_mask;
    if (mask)
        log_mask = mask;
    return old;
}

// No log daemon runs in a family; with LOG_PERROR the message still reaches standard error.
void vsyslog(int priority, const char *format, va_list ap)
{
    const int before = errno; // of the caller, for "%m" and for afterwards: all below may change it
    if (!(log_options & LOG_PERROR) || !(log_mask & LOG_MASK(LOG_PRI(priority))))
        return;
    fprintf(stderr, "%s", log_name ? log_name : program_invocation_short_name);
    if (log_options & LOG_PID)
        fprintf(stderr, "[%d]", getpid());
    fputs(": ", stderr);
    errno = before;
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
    errno = before;
}

void syslog(int priority, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsyslog(priority, format, ap);
    va_end(ap);
}
