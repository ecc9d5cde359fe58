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

static const char *log_name;
static int log_options;
static int log_mask = 0xff;

void openlog(const char *name, int options, int facility)
{
    (void)facility;
    log_name = name;
    log_options = options;
}

void closelog(void)
{
    log_name = NULL;
    log_options = 0;
}

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
    if (!(log_options & LOG_PERROR) || !(log_mask & LOG_MASK(LOG_PRI(priority))))
        return;
    fprintf(stderr, "%s", log_name ? log_name : program_invocation_short_name);
    if (log_options & LOG_PID)
        fprintf(stderr, "[%d]", getpid());
    fputs(": ", stderr);
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
}

void syslog(int priority, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsyslog(priority, format, ap);
    va_end(ap);
}
