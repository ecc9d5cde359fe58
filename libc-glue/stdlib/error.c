// SPDX-License-Identifier: BSD-2-Clause
// GNU's error(3): "program: message: what errno says" on standard error, after standard output is
// flushed. The program's name is the whole of argv[0] here, unlike err(3)'s. Neighbour: err.c.
#include <errno.h>
#include <error.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The program may set the last two.
unsigned error_message_count;
int error_one_per_line;
void (*error_print_progname)(void);

// What went to standard output comes first, as the messages are about it.
static void print_program(void)
{
    fflush(stdout);
    if (error_print_progname)
        error_print_progname();
    else
        fprintf(stderr, "%s: ", program_invocation_name);
}

// The rest of the line; does not return when STATUS is not 0.
static void print_error(int status, int number, const char *format, va_list ap)
{
    vfprintf(stderr, format, ap);
    error_message_count++;
    if (number)
        fprintf(stderr, ": %s", strerror(number));
    fputc('\n', stderr);
    fflush(stderr);
    if (status)
        exit(status);
}

// No newline is needed in the format.
void error(int status, int number, const char *format, ...)
{
    va_list ap;
    print_program();
    va_start(ap, format);
    print_error(status, number, format, ap);
    va_end(ap);
}

// With error_one_per_line, only the first of several messages about a line.
void error_at_line(int status, int number, const char *file, unsigned line, const char *format, ...)
{
    static const char *last_file;
    static unsigned last_line;
    va_list ap;
    int same_file = last_file == file || (last_file && file && !strcmp(last_file, file));
    if (error_one_per_line && line == last_line && same_file)
        return;
    last_file = file;
    last_line = line;
    print_program();
    // GNU's form has no space behind the number, and one when there is no file.
    if (file)
        fprintf(stderr, "%s:%u: ", file, line);
    else
        fputc(' ', stderr);
    va_start(ap, format);
    print_error(status, number, format, ap);
    va_end(ap);
}
