// SPDX-License-Identifier: BSD-2-Clause
// Calendar times: time zones by rule, strftime, strptime, mktime. No time of today. See diff.h.
#include <time.h>

#include "tests/diff/diff.h"

static const char *const zones[] = {"UTC0",
                                    "CET-1CEST,M3.5.0,M10.5.0/3",
                                    "EST5EDT,M3.2.0,M11.1.0",
                                    "NZST-12NZDT,M9.5.0,M4.1.0/3",
                                    "<+0530>-5:30",
                                    "XXX3YYY,J60/2,300",
                                    "AAA-3:15:20"};

static void zone(void)
{
    unsigned i = pick(LENGTH(zones));
    put(" zone %u", i);
    setenv("TZ", zones[i], 1);
    tzset();
}

// From 1971 on: glibc applies no rule to the years before.
static time_t a_time(void)
{
    int64_t day = (int64_t)pick(100000) + 366, second = pick(86400);
    if (pick(10) == 0)
        day *= 40; // after the year 9999
    return (time_t)(day * 86400 + second);
}

static void put_tm(const struct tm *tm)
{
    put(" %d-%d-%d %d:%d:%d wday %d yday %d dst %d", tm->tm_year, tm->tm_mon, tm->tm_mday,
        tm->tm_hour, tm->tm_min, tm->tm_sec, tm->tm_wday, tm->tm_yday, tm->tm_isdst);
}

static void do_localtime(void)
{
    struct tm tm;
    zone();
    time_t t = a_time();
    put(" %lld", (long long)t);
    if (!localtime_r(&t, &tm)) {
        put_result(-1);
        return;
    }
    put_tm(&tm);
    put(" %ld %s", tm.tm_gmtoff, tm.tm_zone);
    put(" back %d", mktime(&tm) == t);
}

static void do_mktime(void)
{
    struct tm tm = {.tm_year = 70 + (int)pick(80),
                    .tm_mon = (int)pick(40) - 14,
                    .tm_mday = (int)pick(80) - 20,
                    .tm_hour = (int)pick(60) - 20,
                    .tm_min = (int)pick(200) - 80,
                    .tm_sec = (int)pick(200) - 80,
                    .tm_isdst = pick(3) ? 0 : -1};
    int utc = pick(4) == 0;
    zone();
    put_tm(&tm);
    put(" = %lld", (long long)(utc ? timegm(&tm) : mktime(&tm)));
    put_tm(&tm);
}

static void do_strftime(void)
{
    static const char *const formats[] = {"%a %A %b %B %h",
                                          "%c",
                                          "%C %y %Y %G %g",
                                          "%d %e %j %m",
                                          "%D %F %x",
                                          "%H %I %k %l %p",
                                          "%M %S %T %R %r %X",
                                          "%s",
                                          "%u %w %U %V %W",
                                          "%z %Z",
                                          "%n%t%%",
                                          "%Ey %Od %OH",
                                          "%G-W%V-%u",
                                          "%P",
                                          "%F"};
    char text[200];
    struct tm tm;
    zone();
    const char *format = PICK(formats);
    time_t t = a_time();
    size_t room = pick(8) ? sizeof text : pick(12);
    put(" [%s] %lld room %zu", format, (long long)t, room);
    if (!localtime_r(&t, &tm))
        return;
    size_t n = strftime(text, room, format, &tm);
    put(" = %zu", n);
    if (n > 0)
        put_data(text, n);
}

static void do_strptime(void)
{
    static const struct {
        const char *format, *text[3];
    } cases[] = {
        {"%Y-%m-%d", {"2024-02-29", "1999-12-31x", "24-13-01"}},
        {"%I:%M %p", {"10:48 AM", "12:01 am", "11:59 PM"}},
        {"%r", {"10:48:07 AM", "12:00:00 PM", "1:2:3 pm"}},
        {"%T", {"23:59:60", "24:00:00", "1:2:3"}},
        {"%u", {"1", "7", "8"}},
        {"%w", {"0", "6", "7"}},
        {"%C%y", {"2093", "1969", "0001"}},
        {"%y", {"68", "69", "00"}},
        {"%z", {"+0530", "-11:30", "Z"}},
        {"%G-W%V-%u", {"2024-W05-3", "1999-W53-7", "x"}},
        {"%a %d %b %Y", {"Mon 1 Jan 2024", "friday 13 december 1901", "Foo 1 Jan 2024"}},
        {"%j %Y", {"366 2024", "001 2023", "367 2024"}},
        {"%D %R", {"12/31/99 23:59", "02/30/00 1:1", "1/1/1 0:0"}},
        {"%s", {"0", "86399", "x"}},
        {"%e %k %l", {" 5 9  8", "31 23 12", "32 1 1"}},
        {"%n%t%d%%", {"  12%", "12", "\t3%"}},
        {"%H%M%S", {"235959", "12345", "1"}},
        {"%c", {"Mon Jan  1 12:30:45 2024", "x", ""}},
        {"%x %X", {"01/02/03 04:05:06", "1/2/3 4:5:6", "x"}},
        {"%U %W %Y", {"10 11 2024", "53 53 2023", "54 1 2000"}},
        {"%h %B", {"feb MARCH", "Sept may", "May may"}},
    };
    unsigned i = pick(LENGTH(cases)), k = pick(3);
    struct tm tm = {.tm_year = 5, .tm_mday = 1, .tm_isdst = 0};
    setenv("TZ", "UTC0", 1);
    tzset();
    put(" [%s] [%s]", cases[i].format, cases[i].text[k]);
    char *end = strptime(cases[i].text[k], cases[i].format, &tm);
    put(" = %d", end ? (int)(end - cases[i].text[k]) : -1);
    if (end)
        put_tm(&tm);
}

static void do_asctime(void)
{
    char text[64];
    struct tm tm;
    time_t t = a_time();
    put(" %lld", (long long)t);
    if (gmtime_r(&t, &tm) && tm.tm_year > -1900 && tm.tm_year < 8100)
        put(" %.24s", asctime_r(&tm, text));
}

static const struct op ops[] = {
    {"localtime", 10, do_localtime}, {"mktime", 10, do_mktime},  {"strftime", 12, do_strftime},
    {"strptime", 14, do_strptime},   {"asctime", 2, do_asctime},
};

const struct area area_times = {"times", ops, LENGTH(ops), NULL};
