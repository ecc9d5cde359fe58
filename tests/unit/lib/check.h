// SPDX-License-Identifier: BSD-2-Clause
// check.h: the hosted unit tests' harness. One test binary is one .c file with a main() that runs
// test functions and returns check_done(). A failed check prints its place and goes on, so that one
// run shows every failure; the counts printed at the end are what `make test` adds up.
//
//     static void test_sum(void) { CHECK_EQ(1 + 1, 2); }
//     int main(void) { RUN(test_sum); return check_done("sum"); }
#ifndef RAMET_TESTS_CHECK_H
#define RAMET_TESTS_CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static unsigned check_passed;
static unsigned check_failed;

// Count one result; print the place of a failure. Returns ok, so that a test can leave early.
static inline bool check_note(bool ok, const char *file, int line, const char *text)
{
    if (ok) {
        check_passed++;
    } else {
        check_failed++;
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, text);
    }
    return ok;
}

static inline bool check_eq(intmax_t got, intmax_t want, const char *file, int line,
                            const char *text)
{
    bool ok = check_note(got == want, file, line, text);
    if (!ok)
        fprintf(stderr, "    got %jd (0x%jx), want %jd (0x%jx)\n", got, (uintmax_t)got, want,
                (uintmax_t)want);
    return ok;
}

static inline bool check_str(const char *got, const char *want, const char *file, int line,
                             const char *text)
{
    bool ok = check_note(got && want && strcmp(got, want) == 0, file, line, text);
    if (!ok)
        fprintf(stderr, "    got \"%s\", want \"%s\"\n", got ? got : "(null)",
                want ? want : "(null)");
    return ok;
}

// Each evaluates its arguments once and yields true when the check held.
#define CHECK(cond) check_note((cond), __FILE__, __LINE__, #cond)
#define CHECK_EQ(got, want)                                                                        \
    check_eq((intmax_t)(got), (intmax_t)(want), __FILE__, __LINE__, #got " == " #want)
#define CHECK_STR(got, want) check_str((got), (want), __FILE__, __LINE__, #got " is " #want)

// Run one test function; its name appears only when something in it failed.
#define RUN(test)                                                                                  \
    do {                                                                                           \
        unsigned before_ = check_failed;                                                           \
        test();                                                                                    \
        if (check_failed != before_)                                                               \
            fprintf(stderr, "%s: %s FAILED\n", __FILE__, #test);                                   \
    } while (0)

// Print the line `make test` reads. Returns main's status: having checked nothing is a failure.
static inline int check_done(const char *name)
{
    printf("%s: %u passed, %u failed\n", name, check_passed, check_failed);
    return check_failed || !check_passed;
}

#endif
