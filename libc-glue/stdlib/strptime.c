// SPDX-License-Identifier: BSD-2-Clause
// strptime() of the C locale, as glibc has it: what is read in any order is put together at the
// end (12 hours and AM or PM, century and year, day of the year or week and weekday). newlib's
// knows neither, and not %u, %z, %G. Neighbours: strftime.c.
#include <ctype.h>
#include <locale.h>
#include <string.h>
#include <strings.h>
#include <time.h>

// What has been read, beside the struct tm itself.
// Fields of a date that were read count as 1; what only follows from others is computed in
// complete().
struct seen {
    int twelve, pm;               // an hour of 12; AM (0), PM (1), neither (-1)
    int century, year_of_century; // -1: none
    int week, week_begins;        // %U (0: Sunday), %W (1: Monday); week -1: none
    int weekday, month, day, yday;
    int date; // anything that tells the date: weekday and day of the year are to be filled in
};

static const char *const day_names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};
static const char *const month_names[] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};

static const char *parse_time(const char *s, const char *format, struct tm *tm, struct seen *seen);

// A number of up to DIGITS digits from LOW to HIGH; spaces before it do not count.
static const char *parse_number(const char *s, int low, int high, int digits, int *value)
{
    int n = 0;
    while (*s == ' ')
        s++;
    if (!isdigit((unsigned char)*s))
        return NULL;
    // No more digits than make sense: "%H%M" takes 1234 apart, and 30 for %H is 3 and a rest.
    do
        n = n * 10 + (*s++ - '0');
    while (--digits > 0 && n * 10 <= high && isdigit((unsigned char)*s));
    *value = n;
    return n >= low && n <= high ? s : NULL;
}

// One of COUNT names, whole or its first three letters.
static const char *name(const char *s, const char *const *names, int count, int *value)
{
    for (int i = 0; i < count; i++) {
        size_t len = strlen(names[i]);
        if (strncasecmp(s, names[i], len) != 0)
            len = strncasecmp(s, names[i], 3) ? 0 : 3;
        if (len) {
            *value = i;
            return s + len;
        }
    }
    return NULL;
}

// The offset is stored, and the fields are left as they were read: mktime() does not look at it.
// +hh, +hhmm, +hh:mm or Z.
static const char *offset(const char *s, struct tm *tm)
{
    int value = 0, n = 0;
    while (isspace((unsigned char)*s))
        s++;
    if (*s == 'Z') {
        tm->tm_gmtoff = 0;
        return s + 1;
    }
    int minus = *s == '-';
    if (*s != '+' && *s != '-')
        return NULL;
    for (s++; n < 4 && isdigit((unsigned char)*s); n++) {
        value = value * 10 + (*s++ - '0');
        if (n == 1 && *s == ':' && isdigit((unsigned char)s[1]))
            s++;
    }
    if (n == 2)
        value *= 100;
    if ((n != 2 && n != 4) || value % 100 >= 60)
        return NULL;
    long east = value / 100 * 3600L + value % 100 * 60L;
    tm->tm_gmtoff = minus ? -east : east;
    return s;
}

// All fields at once, of the local time zone. The bound keeps the product inside 64 bits: a number
// with more digits than that is beyond any year an int can hold, and localtime_r() refuses it or
// the rest of the digits match nothing.
static const char *seconds(const char *s, struct tm *tm)
{
    time_t t = 0;
    if (!isdigit((unsigned char)*s))
        return NULL;
    while (isdigit((unsigned char)*s) && t < (time_t)1 << 55)
        t = t * 10 + (*s++ - '0');
    return localtime_r(&t, tm) ? s : NULL;
}

// Only noted: the hour it belongs to may come before it or after it.
static const char *half_of_day(const char *s, struct seen *seen)
{
    if (strncasecmp(s, "AM", 2) != 0 && strncasecmp(s, "PM", 2) != 0)
        return NULL;
    seen->pm = tolower((unsigned char)*s) == 'p';
    return s + 2;
}

// A zone's letters do not tell its offset ("IST" is three of them), so they are passed over, as
// glibc does.
static const char *zone_name(const char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    while (*s && !isspace((unsigned char)*s))
        s++;
    return s;
}

// Times of day, and what only is passed over.
static const char *time_of_day(const char *s, int c, struct tm *tm, struct seen *seen)
{
    int unused;
    switch (c) {
    case 'H':
    case 'k':
        seen->twelve = 0;
        return parse_number(s, 0, 23, 2, &tm->tm_hour);
    // 12 o'clock is hour 0 of its half; complete() adds the other half.
    case 'I':
    case 'l':
        seen->twelve = 1;
        s = parse_number(s, 1, 12, 2, &tm->tm_hour);
        tm->tm_hour %= 12;
        return s;
    case 'M':
        return parse_number(s, 0, 59, 2, &tm->tm_min);
    case 'S':
        return parse_number(s, 0, 61, 2, &tm->tm_sec);
    // "%I" and "%p" may stand in either order, and each without the other.
    case 'p':
        return half_of_day(s, seen);
    case 'R':
        return parse_time(s, "%H:%M", tm, seen);
    case 'r':
        return parse_time(s, "%I:%M:%S %p", tm, seen);
    case 'T':
    case 'X':
        return parse_time(s, "%H:%M:%S", tm, seen);
    // The year and week of ISO 8601 are read and forgotten: glibc does not compute a date from
    // them.
    case 'G':
        return parse_number(s, 0, 9999, 4, &unused);
    case 'g':
        return parse_number(s, 0, 99, 2, &unused);
    case 'V':
        return parse_number(s, 0, 53, 2, &unused);
    case 'Z':
        return zone_name(s);
    case 'z':
        return offset(s, tm);
    case 's':
        return seconds(s, tm);
    case '%':
        return *s == '%' ? s + 1 : NULL;
    default: // white space: "%n", "%t"
        while (isspace((unsigned char)*s))
            s++;
        return s;
    }
}

// %u counts Monday to Sunday from 1 to 7, %w Sunday to Saturday from 0 to 6; struct tm has the
// latter.
static const char *weekday(const char *s, int c, struct tm *tm, struct seen *seen)
{
    seen->weekday = 1;
    if (c == 'a' || c == 'A')
        return name(s, day_names, 7, &tm->tm_wday);
    s = c == 'u' ? parse_number(s, 1, 7, 1, &tm->tm_wday) : parse_number(s, 0, 6, 1, &tm->tm_wday);
    tm->tm_wday %= 7;
    return s;
}

// %C and %y make a year together, in either order: the later of the two must not undo the former.
static const char *year(const char *s, int c, struct tm *tm, struct seen *seen)
{
    int n = 0;
    seen->date = 1;
    if (c == 'C')
        return parse_number(s, 0, 99, 2, &seen->century);
    s = c == 'y' ? parse_number(s, 0, 99, 2, &n) : parse_number(s, 0, 9999, 4, &n);
    seen->year_of_century = c == 'y';
    // XSH strptime(): 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068.
    tm->tm_year = c == 'Y' ? n - 1900 : n >= 69 ? n : n + 100;
    if (c == 'Y')
        seen->century = -1;
    return s;
}

// Dates.
static const char *date(const char *s, int c, struct tm *tm, struct seen *seen)
{
    switch (c) {
    case 'b':
    case 'B':
    case 'h':
        seen->month = seen->date = 1;
        return name(s, month_names, 12, &tm->tm_mon);
    case 'c':
        return parse_time(s, "%a %b %e %H:%M:%S %Y", tm, seen);
    case 'D':
    case 'x':
        return parse_time(s, "%m/%d/%y", tm, seen);
    case 'd':
    case 'e':
        seen->day = seen->date = 1;
        return parse_number(s, 1, 31, 2, &tm->tm_mday);
    case 'F':
        return parse_time(s, "%Y-%m-%d", tm, seen);
    case 'j':
        seen->yday = 1;
        s = parse_number(s, 1, 366, 3, &tm->tm_yday);
        tm->tm_yday--;
        return s;
    case 'm':
        seen->month = seen->date = 1;
        s = parse_number(s, 1, 12, 2, &tm->tm_mon);
        tm->tm_mon--;
        return s;
    case 'U':
    case 'W':
        seen->week_begins = c == 'W';
        return parse_number(s, 0, 53, 2, &seen->week);
    default:
        return NULL;
    }
}

// Reads what conversion C stands for. C is never 0 in a valid format, but strchr() would find a 0
// in every list.
static const char *one(const char *s, int c, struct tm *tm, struct seen *seen)
{
    if (c && strchr("HkIlMSpRrTXGgVZzs%nt", c))
        return time_of_day(s, c, tm, seen);
    if (c && strchr("aAuw", c))
        return weekday(s, c, tm, seen);
    if (c && strchr("CyY", c))
        return year(s, c, tm, seen);
    return c ? date(s, c, tm, seen) : NULL;
}

static const char *parse_time(const char *s, const char *format, struct tm *tm, struct seen *seen)
{
    for (; s && *format; format++) {
        if (isspace((unsigned char)*format)) {
            while (isspace((unsigned char)*s))
                s++;
        } else if (*format != '%') {
            s = *s == *format ? s + 1 : NULL;
        } else {
            format++;
            while (*format && strchr("_-0^#", *format))
                format++;
            if (*format == 'E' || *format == 'O')
                format++;
            if (!*format)
                return NULL;
            s = one(s, *format, tm, seen);
        }
    }
    return s;
}

static int days_before(int month, int is_leap)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    return before[month] + (is_leap && month > 1);
}

static int is_leap_year(const struct tm *tm)
{
    int y = tm->tm_year + 1900;
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

// By the proleptic Gregorian calendar, in which 1 January of the year 1 was a Monday. The remainder
// is made positive for years before that.
// The day of the week of DAY (from 0) of TM's year.
static int weekday_of(const struct tm *tm, int day)
{
    long y = tm->tm_year + 1899L;
    return (int)(((365 * y + y / 4 - y / 100 + y / 400 + day + 1) % 7 + 7) % 7);
}

static void month_from_yday(struct tm *tm, const struct seen *seen)
{
    int month = 0;
    while (month < 11 && days_before(month + 1, is_leap_year(tm)) <= tm->tm_yday)
        month++;
    if (!seen->month)
        tm->tm_mon = month;
    if (!seen->day)
        tm->tm_mday = tm->tm_yday - days_before(month, is_leap_year(tm)) + 1;
}

// What follows from what was read.
static void complete(struct tm *tm, struct seen *seen)
{
    if (seen->twelve && seen->pm == 1)
        tm->tm_hour += 12;
    if (seen->century >= 0)
        tm->tm_year = (seen->century - 19) * 100 + (seen->year_of_century ? tm->tm_year % 100 : 0);
    // What was read wins over what could be computed, even if the two disagree.
    if (seen->date && !seen->weekday) {
        if (!(seen->month && seen->day) && seen->yday) {
            month_from_yday(tm, seen);
            seen->month = seen->day = 1;
        }
        if (tm->tm_mon >= 0 && tm->tm_mon < 12)
            tm->tm_wday =
                weekday_of(tm, days_before(tm->tm_mon, is_leap_year(tm)) + tm->tm_mday - 1);
    }
    if (seen->date && !seen->yday && tm->tm_mon >= 0 && tm->tm_mon < 12)
        tm->tm_yday = days_before(tm->tm_mon, is_leap_year(tm)) + tm->tm_mday - 1;
    if (seen->week >= 0 && seen->weekday) {
        int first = weekday_of(tm, 0), begins = seen->week_begins;
        if (!seen->yday)
            tm->tm_yday =
                (7 - (first - begins)) % 7 + (seen->week - 1) * 7 + (tm->tm_wday - begins + 7) % 7;
        if (!seen->day || !seen->month)
            month_from_yday(tm, seen);
    }
}

// Fields that the format does not name keep what the caller put there: POSIX leaves it open, and
// programs clear the structure first or count on it. On failure some may have been set already.
char *strptime(const char *restrict s, const char *restrict format, struct tm *restrict tm)
{
    struct seen seen = {.pm = -1, .century = -1, .week = -1};
    const char *end = parse_time(s, format, tm, &seen);
    if (!end)
        return NULL;
    complete(tm, &seen);
    return (char *)(unsigned long)end;
}

// One locale knows the calendar, C.
char *strptime_l(const char *restrict s, const char *restrict format, struct tm *restrict tm,
                 locale_t locale)
{
    (void)locale;
    return strptime(s, format, tm);
}
