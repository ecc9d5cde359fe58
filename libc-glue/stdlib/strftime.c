// SPDX-License-Identifier: BSD-2-Clause
// strftime() of the C locale, with GNU's flags ("%-d", "%_H", "%^a") and widths. newlib's writes a
// plus sign before the year 10000 and names a zone by tzname[] instead of the moment's own name.
// Neighbours: strptime.c, tz.c.
#include <ctype.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Fixed lengths instead of pointers: constant data without relocations, and the short form is the
// first three letters.
static const char days[] =
    "Sunday\0   Monday\0   Tuesday\0  Wednesday\0Thursday\0 Friday\0   Saturday\0 ";
static const char months[] = "January\0  February\0 March\0    April\0    May\0      June\0     "
                             "July\0     August\0   September\0October\0  November\0 December\0 ";
#define NAME 10 // bytes of a name in the tables

// Where the text goes. An overflow is remembered, and what does not fit is dropped.
struct text {
    char *at, *end;
    int full;
};

// A conversion's flags: how to pad, and letters in upper case.
struct flags {
    char pad; // '0', '_', '-', or 0 for what is usual
    int upper, width;
};

static void put_char(struct text *t, int c)
{
    if (t->at < t->end)
        *t->at++ = (char)c;
    else
        t->full = 1;
}

// Padded in front up to the width: with blanks, unless a flag asks for zeros.
static void put_text(struct text *t, const char *s, size_t len, const struct flags *f)
{
    for (int n = f->width - (int)len; n > 0; n--)
        put_char(t, f->pad == '0' ? '0' : ' ');
    for (size_t i = 0; i < len && s[i]; i++)
        put_char(t, f->upper ? toupper((unsigned char)s[i]) : s[i]);
}

// "?" for a month or a day of the week that there is none of: the caller's struct tm may hold
// anything.
static void put_name(struct text *t, const char *table, int count, int i, int len,
                     const struct flags *f)
{
    const char *name = i >= 0 && i < count ? table + i * NAME : "?";
    put_text(t, name, strnlen(name, (size_t)len), f);
}

// The sign counts as one place; it stands before zeros and behind blanks.
// N with at least WIDTH digits, filled with PAD unless a flag says otherwise.
static void format_number(struct text *t, long long n, int width, char pad, const struct flags *f)
{
    char digits[24];
    if (f->pad)
        pad = f->pad;
    if (f->width)
        width = f->width;
    int negative = n < 0, len = snprintf(digits, sizeof digits, "%lld", negative ? -n : n);
    int fill = pad == '-' ? 0 : width - len - negative;
    if (negative && pad != '_')
        put_char(t, '-');
    for (; fill > 0; fill--)
        put_char(t, pad == '_' ? ' ' : '0');
    if (negative && pad == '_')
        put_char(t, '-');
    for (int i = 0; i < len; i++)
        put_char(t, digits[i]);
}

static int leap_year(long long y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

// The week of ISO 8601 and the year it belongs to: week 1 has the year's first Thursday.
static int iso_week(const struct tm *tm, long long *year)
{
    int weekday = (tm->tm_wday + 6) % 7; // Monday is 0
    int week = (tm->tm_yday - weekday + 10) / 7;
    *year = 1900LL + tm->tm_year;
    if (week == 0) {
        --*year;
        int day = tm->tm_yday + 365 + leap_year(*year);
        return (day - weekday + 10) / 7;
    }
    if (week == 53 && tm->tm_yday - weekday + 3 >= 365 + leap_year(*year)) {
        ++*year;
        return 1;
    }
    return week;
}

static long long floor_div(long long n, long long by)
{
    return n / by - (n % by < 0);
}

static void put_offset(struct text *t, const struct tm *tm, const struct flags *f)
{
    // XSH strftime(): no characters if the zone cannot be told.
    if (tm->tm_isdst < 0)
        return;
    long minutes = labs(tm->tm_gmtoff) / 60;
    put_char(t, tm->tm_gmtoff < 0 ? '-' : '+');
    format_number(t, minutes / 60 * 100 + minutes % 60, 4, '0', f);
}

// The moment's own name, which localtime() left in it: a zone may have had others before. A
// structure that the caller cleared has none.
static void put_zone(struct text *t, const struct tm *tm, const struct flags *f)
{
    const char *name = tm->tm_zone ? tm->tm_zone : "";
    put_text(t, name, strlen(name), f);
}

// mktime() brings the fields into their ranges, hence the copy: the caller's is constant.
static void format_seconds(struct text *t, const struct tm *tm, const struct flags *f)
{
    struct tm copy = *tm;
    format_number(t, mktime(&copy), 1, '0', f);
}

static void put_all(struct text *t, const char *format, const struct tm *tm, int upper);

// What stands for others.
static const char *composed_of(int c)
{
    switch (c) {
    case 'c':
        return "%a %b %e %H:%M:%S %Y";
    case 'D':
    case 'x':
        return "%m/%d/%y";
    case 'F':
        return "%Y-%m-%d";
    case 'R':
        return "%H:%M";
    case 'r':
        return "%I:%M:%S %p";
    case 'T':
    case 'X':
        return "%H:%M:%S";
    default:
        return NULL;
    }
}

// Years and weeks.
static int put_year(struct text *t, int c, const struct tm *tm, const struct flags *f)
{
    long long year = 1900LL + tm->tm_year, iso_year;
    int week = iso_week(tm, &iso_year);
    switch (c) {
    case 'C':
        format_number(t, floor_div(year, 100), 2, '0', f);
        return 1;
    case 'G':
        format_number(t, iso_year, 1, '0', f);
        return 1;
    case 'g':
        format_number(t, iso_year - floor_div(iso_year, 100) * 100, 2, '0', f);
        return 1;
    case 'U':
        format_number(t, (tm->tm_yday + 7 - tm->tm_wday) / 7, 2, '0', f);
        return 1;
    case 'V':
        format_number(t, week, 2, '0', f);
        return 1;
    case 'W':
        format_number(t, (tm->tm_yday + 7 - (tm->tm_wday + 6) % 7) / 7, 2, '0', f);
        return 1;
    case 'Y':
        format_number(t, year, 1, '0', f);
        return 1;
    case 'y':
        format_number(t, year - floor_div(year, 100) * 100, 2, '0', f);
        return 1;
    default:
        return 0;
    }
}

// Plain fields: two digits and their kin.
static int put_field(struct text *t, int c, const struct tm *tm, const struct flags *f)
{
    int hour12 = (tm->tm_hour + 11) % 12 + 1;
    const struct {
        char letter;
        int value, width;
        char pad;
    } fields[] = {{'d', tm->tm_mday, 2, '0'},
                  {'e', tm->tm_mday, 2, '_'},
                  {'H', tm->tm_hour, 2, '0'},
                  {'k', tm->tm_hour, 2, '_'},
                  {'I', hour12, 2, '0'},
                  {'l', hour12, 2, '_'},
                  {'j', tm->tm_yday + 1, 3, '0'},
                  {'M', tm->tm_min, 2, '0'},
                  {'m', tm->tm_mon + 1, 2, '0'},
                  {'S', tm->tm_sec, 2, '0'},
                  {'u', (tm->tm_wday + 6) % 7 + 1, 1, '0'},
                  {'w', tm->tm_wday, 1, '0'}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (fields[i].letter == c) {
            format_number(t, fields[i].value, fields[i].width, fields[i].pad, f);
            return 1;
        }
    return 0;
}

// Names and the rest. Returns 0 when C is no conversion.
static int put_other(struct text *t, int c, const struct tm *tm, const struct flags *f)
{
    switch (c) {
    case 'A':
        put_name(t, days, 7, tm->tm_wday, NAME, f);
        return 1;
    case 'a':
        put_name(t, days, 7, tm->tm_wday, 3, f);
        return 1;
    case 'B':
        put_name(t, months, 12, tm->tm_mon, NAME, f);
        return 1;
    case 'b':
    case 'h':
        put_name(t, months, 12, tm->tm_mon, 3, f);
        return 1;
    case 'P':
    case 'p':
        put_text(t,
                 c == 'P'           ? (tm->tm_hour > 11 ? "pm" : "am")
                 : tm->tm_hour > 11 ? "PM"
                                    : "AM",
                 2, f);
        return 1;
    case 'n':
    case 't':
    case '%':
        put_text(t, c == 'n' ? "\n" : c == 't' ? "\t" : "%", 1, f);
        return 1;
    case 's':
        format_seconds(t, tm, f);
        return 1;
    case 'Z':
        put_zone(t, tm, f);
        return 1;
    case 'z':
        put_offset(t, tm, f);
        return 1;
    default:
        return 0;
    }
}

// One conversion; FORMAT is behind its percent sign. Returns where the next text begins.
static const char *put_one(struct text *t, const char *format, const struct tm *tm, int upper)
{
    const char *start = format;
    struct flags f = {.upper = upper};
    for (; *format && strchr("_-0^#", *format); format++) {
        if (*format == '^' || *format == '#')
            f.upper = 1;
        else
            f.pad = *format;
    }
    for (; isdigit((unsigned char)*format); format++)
        f.width = f.width < 1000 ? f.width * 10 + *format - '0' : f.width;
    if (*format == 'E' || *format == 'O') // alternatives, of which this locale has none
        format++;
    const char *parts = composed_of(*format);
    if (parts)
        put_all(t, parts, tm, f.upper);
    else if (!put_year(t, *format, tm, &f) && !put_field(t, *format, tm, &f) &&
             !put_other(t, *format, tm, &f))
        // Not a conversion: it stands for itself, flags and all, as with glibc.
        for (const char *s = start - 1; s <= format && *s; s++)
            put_char(t, *s);
    return *format ? format + 1 : format;
}

static void put_all(struct text *t, const char *format, const struct tm *tm, int upper)
{
    while (*format)
        if (*format == '%')
            format = put_one(t, format + 1, tm, upper);
        else
            put_char(t, *format++);
}

// tzset() as POSIX wants it: %Z and %s depend on TZ, which the program may just have changed. One
// byte is kept back for the NUL.
size_t strftime(char *restrict to, size_t size, const char *restrict format,
                const struct tm *restrict tm)
{
    if (size == 0)
        return 0;
    struct text t = {.at = to, .end = to + size - 1};
    tzset();
    put_all(&t, format, tm, 0);
    *t.at = '\0';
    // 0 tells that it did not fit, and the array's contents mean nothing then.
    return t.full ? 0 : (size_t)(t.at - to);
}

// One locale knows the calendar, C.
size_t strftime_l(char *restrict to, size_t size, const char *restrict format,
                  const struct tm *restrict tm, locale_t locale)
{
    (void)locale;
    return strftime(to, size, format, tm);
}
