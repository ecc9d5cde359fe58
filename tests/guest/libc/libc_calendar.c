// SPDX-License-Identifier: BSD-2-Clause
//
// The C library's calendar: seconds to dates and back in seven time zones, daylight saving on both
// hemispheres, strftime, mktime's normalisation, strptime. After 1970 only: before, Linux's C
// library ignores the daylight saving rules of TZ.
#include "tests/guest/check.h"

static unsigned long draw(void)
{
    static unsigned long state = 12345;
    state = state * 6364136223846793005UL + 1442695040888963407UL;
    return state >> 31;
}

static void show(time_t t)
{
    char utc[96], local[96];
    struct tm a, b, c;
    CHECK("gmtime_r", gmtime_r(&t, &a) == &a);
    CHECK("localtime_r", localtime_r(&t, &b) == &b);
    strftime(utc, sizeof utc, "%Y-%m-%d %H:%M:%S %j %u %V %G %e %I %p", &a);
    strftime(local, sizeof local, "%a %d %b %T %z %Z", &b);
    c = b;
    c.tm_mon += 5;
    c.tm_mday += 40;
    c.tm_hour -= 100;
    c.tm_isdst = -1;
    time_t later = mktime(&c);
    say("%ld: %s; %s dst %d gmtoff %ld; later %ld dst %d; timegm %s", (long)t, utc, local,
        b.tm_isdst, b.tm_gmtoff, (long)later, c.tm_isdst, timegm(&a) == t ? "back" : "WRONG");
}

int main(void)
{
    static const char *const zones[] = {
        "UTC0",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "EST5EDT,M3.2.0,M11.1.0",
        "<+0330>-3:30",
        "AEST-10AEDT,M10.1.0,M4.1.0/3",
        "NZST-12NZDT,J280,J80",
        "XXX4YYY3,59/1,300/2",
    };
    unsetenv("TZ");
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        NEED(setenv("TZ", zones[i], 1) == 0);
        tzset();
        say("%s: %s %s %ld %d", zones[i], tzname[0], tzname[1], timezone, daylight != 0);
        for (int k = 0; k < 60; k++)
            show((time_t)(draw() % 4000000000UL + 20000000UL));
    }
    NEED(setenv("TZ", "UTC0", 1) == 0);
    tzset();
    for (long t = 0; t < 2; t++)
        show(t * 951782400); // the epoch, and 29 February 2000
    struct tm tm = {0};
    char *rest = strptime("2024-02-29 23:59:58 rest", "%Y-%m-%d %H:%M:%S", &tm);
    say("strptime: %d-%d-%d %d:%d:%d [%s]", tm.tm_year, tm.tm_mon, tm.tm_mday, tm.tm_hour,
        tm.tm_min, tm.tm_sec, rest ? rest : "(null)");
    tm = (struct tm){.tm_year = 100, .tm_mon = 1, .tm_mday = 29, .tm_hour = 12};
    say("mktime: %ld", (long)mktime(&tm));
    say("asctime: %s", strtok(asctime(&tm), "\n"));
    return 0;
}
