// SPDX-License-Identifier: BSD-2-Clause
//
// What random calls beside Linux found in the C library: calendar texts, underflow, locales and
// variables that do not exist, options behind W.
#include "tests/guest/check.h"
#include <getopt.h>
#include <locale.h>

static void parse_time(const char *text, const char *format)
{
    struct tm tm = {.tm_mday = 1};
    char *end = strptime(text, format, &tm);
    say("strptime [%s] [%s]: %d, %d-%d-%d %d:%d:%d wday %d yday %d east %ld", text, format,
        end ? (int)(end - text) : -1, tm.tm_year, tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min,
        tm.tm_sec, tm.tm_wday, tm.tm_yday, end ? (long)tm.tm_gmtoff : 0);
}

static void print_time(int year, const char *format)
{
    char text[100];
    struct tm tm = {
        .tm_year = year - 1900, .tm_mon = 11, .tm_mday = 30, .tm_hour = 15, .tm_isdst = 0};
    timegm(&tm);
    size_t n = strftime(text, sizeof text, format, &tm);
    say("strftime %d [%s]: %zu [%s]", year, format, n, text);
}

static void options(const char *word, const char *next)
{
    static const struct option longs[] = {{"file", required_argument, NULL, 'f'},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {NULL, 0, NULL, 0}};
    char *argv[] = {"test", (char *)word, (char *)next, "rest", NULL};
    int c;
    optind = 0;
    opterr = 0;
    say("options %s %s", word, next);
    while ((c = getopt_long(4, argv, "aW;", longs, NULL)) != -1)
        say("  %d %s", c, optarg ? optarg : "-");
    say("  at %d", optind);
}

int main(void)
{
    setenv("TZ", "UTC0", 1);
    parse_time("10:48 AM", "%I:%M %p");
    parse_time("12:01 am", "%I:%M %p");
    parse_time("PM 11", "%p %I");
    parse_time("11:05:09 PM", "%r");
    parse_time("7", "%u");
    parse_time("2093", "%C%y");
    parse_time("+0530", "%z");
    parse_time("-03:30x", "%z");
    parse_time("2024-W07", "%G-W%V");
    parse_time("60 2024", "%j %Y");
    parse_time("Tue 31 2023", "%a %U %Y");
    print_time(10000, "%F %Y %G");
    print_time(2024, "%-d %_H %^a %5Y %G-W%V-%u");
    print_time(999, "%F %y");
    errno = 0;
    float f = strtof("3e-102", NULL);
    say("strtof 3e-102: %g %s", (double)f, err_name(errno));
    errno = 0;
    f = strtof("1e-40", NULL);
    say("strtof 1e-40: %.9g %s", (double)f, err_name(errno));
    say("strtod -.e1: %g", strtod("-.e1", NULL));
    unsetenv("LC_ALL");
    setenv("LANG", "xx_YY", 1);
    say("setlocale xx_YY %d, C %d, from the environment %d", setlocale(LC_ALL, "xx_YY") != NULL,
        setlocale(LC_ALL, "C") != NULL, setlocale(LC_ALL, "") != NULL);
    setenv("A", "B=C", 1);
    say("getenv: %d %s", getenv("A=B") != NULL, getenv("A"));
    options("-W", "file=x");
    options("-Wquiet", "y");
    options("-aW", "quiet");
    return 0;
}
