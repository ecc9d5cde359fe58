// SPDX-License-Identifier: BSD-2-Clause
// The calendar: seconds to struct tm and back, with the time zone of TZ: a name of the zone
// database ("Europe/Berlin"), or a rule in POSIX's form ("CET-1CEST,M3.5.0,M10.5.0/3"). Without TZ
// it is what /etc/localtime says. UTC when there is no such zone.
//
// Replaces newlib's versions, which call UTC "GMT", leave tm_gmtoff and tm_zone unset and do not
// know quoted names ("<+03>-3"). newlib's ctime(), strftime() and the rest call these.
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libc-glue/stdlib/tzfile.h"

#define DAY 86400

struct rule {  // when the clocks change
    char kind; // 'J': day 1-365, never 29 February; 'D': day 0-365; 'M': month, week, weekday
    int day, week, month;
    int seconds; // local time of day
};

static struct {
    char *name[2]; // standard, daylight saving
    long east[2];  // seconds to add to UTC
    int has_dst;
    struct rule to[2]; // [1]: to daylight saving, [0]: back
    char names[2][16];
    char source[64]; // the TZ it was made from
    int from_file;   // the rule is for the time after the last change the file knows
} zone = {.name = {"UTC", "UTC"}};

// POSIX's variables, beside newlib's own with an underscore: both are set, as programs use the one
// and newlib's functions the other.
long timezone;
int daylight;

static int is_leap(long long y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

// Days from 1970-01-01 to the first of month M (0-11) of year Y. Years begin in March here, so that
// the leap day is the last one.
static long long days_to(long long y, int m)
{
    y -= m < 2;
    long long era = (y >= 0 ? y : y - 399) / 400, year = y - era * 400;
    int march = (m + 10) % 12;
    return era * 146097 + year * 365 + year / 4 - year / 100 + (153 * march + 2) / 5 - 719468;
}

// --- reading TZ ---

// At least three characters, of which the first 15 are kept (XBD 8.3 asks for no more than
// TZNAME_MAX). Letters only, unless it is in angle brackets.
static const char *read_name(const char *s, char *name)
{
    int quoted = *s == '<';
    size_t n = 0;
    s += quoted;
    while (quoted ? *s && *s != '>' : isalpha((unsigned char)*s)) {
        if (n < sizeof zone.names[0] - 1)
            name[n++] = *s;
        s++;
    }
    name[n] = '\0';
    if (n < 3 || (quoted && *s != '>'))
        return NULL;
    return s + quoted;
}

// [+-]hh[:mm[:ss]] in seconds.
static const char *read_time(const char *s, long *out)
{
    int sign = *s == '-' ? -1 : 1;
    long total = 0, unit = 3600;
    s += *s == '-' || *s == '+';
    if (!isdigit((unsigned char)*s))
        return NULL;
    for (; unit; unit /= 60) {
        char *end;
        total += strtol(s, &end, 10) * unit;
        s = end;
        if (*s != ':' || unit == 1)
            break;
        s++;
    }
    *out = sign * total;
    return s;
}

// Returns what is behind the rule, or NULL. Days and hours out of range are taken as they come:
// they give a moment in a neighbouring day or year, and no index depends on them. Times from -167
// to 167 hours are RFC 8536's extension.
static const char *parse_rule(const char *s, struct rule *r)
{
    char *end;
    long seconds = 2 * 3600; // the default: two in the morning
    *r = (struct rule){.kind = *s == 'J' || *s == 'M' ? *s++ : 'D'};
    r->day = (int)strtol(s, &end, 10);
    if (end == s)
        return NULL;
    s = end;
    if (r->kind == 'M') {
        r->month = r->day;
        if (*s != '.' || !isdigit((unsigned char)s[1]) || s[2] != '.' ||
            !isdigit((unsigned char)s[3]) || r->month < 1 || r->month > 12)
            return NULL;
        r->week = s[1] - '0';
        r->day = s[3] - '0';
        s += 4;
    }
    if (*s == '/' && !(s = read_time(s + 1, &seconds)))
        return NULL;
    r->seconds = (int)seconds;
    return s;
}

// Fills the zone from S; 0 if S is not in POSIX's form.
static int read_zone(const char *s)
{
    long west;
    if (!(s = read_name(s, zone.names[0])) || !(s = read_time(s, &west)))
        return 0;
    zone.name[0] = zone.name[1] = zone.names[0];
    zone.east[0] = zone.east[1] = -west;
    zone.has_dst = 0;
    if (!*s)
        return 1;
    if (!(s = read_name(s, zone.names[1])))
        return 0;
    west = -zone.east[0] - 3600;
    if (*s && *s != ',' && !(s = read_time(s, &west)))
        return 0;
    zone.name[1] = zone.names[1];
    zone.east[1] = -west;
    zone.has_dst = 1;
    if (*s != ',')
        s = ",M3.2.0,M11.1.0"; // POSIX leaves it open; everybody takes the US rule
    if (!(s = parse_rule(s + 1, &zone.to[1])) || *s != ',')
        return 0;
    s = parse_rule(s + 1, &zone.to[0]);
    return s && !*s;
}

// What an unreadable TZ means: POSIX leaves it open, and everybody takes UTC.
static void be_utc(void)
{
    zone.name[0] = zone.name[1] = "UTC";
    zone.east[0] = zone.east[1] = 0;
    zone.has_dst = 0;
}

// A file that has no rule is one of a zone that changes no more: its last offset stands for it.
static void read_tz(const char *tz)
{
    struct local local;
    const char *rule = *tz ? tzfile_open(*tz == ':' ? tz + 1 : tz) : NULL;
    zone.from_file = rule != NULL;
    if (rule && !*rule && tzfile_near(LLONG_MAX, 0, &local)) {
        be_utc();
        zone.east[0] = zone.east[1] = local.east;
        zone.name[0] = zone.name[1] = strncpy(zone.names[0], local.name, sizeof zone.names[0] - 1);
    } else if (!read_zone(rule ? rule : tz)) {
        be_utc();
    }
}

void _tzset_unlocked(void); // the name newlib's other functions call it by
void _tzset_unlocked(void)
{
    const char *tz = getenv("TZ");
    if (!tz)
        tz = "/etc/localtime";
    else if (!*tz)
        tz = "UTC0";
    // Read again only when TZ has changed: localtime() comes here every time.
    if (strcmp(tz, zone.source) != 0) {
        read_tz(tz);
        zone.source[0] = '\0';
        if (strlen(tz) < sizeof zone.source)
            strcpy(zone.source, tz);
    }
    tzname[0] = zone.name[0];
    tzname[1] = zone.name[1];
    timezone = _timezone = -zone.east[0];
    daylight = _daylight = zone.has_dst;
}

void tzset(void)
{
    _tzset_unlocked();
}

// --- what TZ means at a moment ---

// The change by rule R in year Y, in seconds since the epoch of the local clock.
static long long rule_change(const struct rule *r, long long y)
{
    long long day = days_to(y, 0) + r->day;
    // Jn counts from 1 and skips 29 February, n counts from 0 and does not (XBD 8.3).
    if (r->kind == 'J')
        day += (is_leap(y) && r->day >= 60) - 1;
    if (r->kind == 'M') {
        long long first = days_to(y, r->month - 1);
        long long next = r->month == 12 ? days_to(y + 1, 0) : days_to(y, r->month);
        int weekday = (int)(((first + 4) % 7 + 7) % 7); // 1970-01-01 was a Thursday
        day = first + (r->day - weekday + 7) % 7 + 7 * (r->week - 1);
        if (day >= next) // week 5 is the last one
            day -= 7;
    }
    return day * DAY + r->seconds;
}

static struct tm *fill_fields(long long t, long east, struct tm *tm);

// The year is that of standard time: near the new year it may be another by the wall clock, but no
// zone changes its clocks within that hour.
// Whether daylight saving time is in force at T.
static int in_dst(time_t t)
{
    struct tm tm;
    if (!zone.has_dst || !fill_fields(t, zone.east[0], &tm))
        return 0;
    long long year = 1900LL + tm.tm_year;
    long long on = rule_change(&zone.to[1], year) - zone.east[0];
    long long off = rule_change(&zone.to[0], year) - zone.east[1];
    // In the south daylight saving time spans the new year.
    return on < off ? t >= on && t < off : t >= on || t < off;
}

// Division truncates in C: the days are corrected for moments before 1970. Eras of 400 years
// (146,097 days) repeat exactly; doe, yoe and doy are day of the era, year of the era, day of the
// year that begins in March.
// Splits T seconds, EAST of UTC; NULL when the year does not fit.
static struct tm *fill_fields(long long t, long east, struct tm *tm)
{
    // So that no sum below can overflow.
    if (t > LLONG_MAX / 2 || t < LLONG_MIN / 2)
        return errno = EOVERFLOW, NULL;
    t += east;
    long long days = t / DAY - (t % DAY < 0), seconds = t - days * DAY;
    long long z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
    long long yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    long long doy = doe - (365 * yoe + yoe / 4 - yoe / 100), march = (5 * doy + 2) / 153;
    int month = (int)(march < 10 ? march + 2 : march - 10);
    long long year = yoe + era * 400 + (month < 2);
    if (year - 1900 > INT_MAX || year - 1900 < INT_MIN)
        return errno = EOVERFLOW, NULL;
    *tm = (struct tm){
        .tm_sec = (int)(seconds % 60),
        .tm_min = (int)(seconds / 60 % 60),
        .tm_hour = (int)(seconds / 3600),
        .tm_mday = (int)(doy - (153 * march + 2) / 5 + 1),
        .tm_mon = month,
        .tm_year = (int)(year - 1900),
        .tm_wday = (int)(((days + 4) % 7 + 7) % 7),
        .tm_yday = (int)(days - days_to(year, 0)),
        .tm_gmtoff = east,
        .tm_zone = "UTC",
    };
    return tm;
}

struct tm *gmtime_r(const time_t *restrict t, struct tm *restrict tm)
{
    return fill_fields(*t, 0, tm);
}

// What the clocks show at T.
static void local_at(long long t, struct local *local)
{
    if (zone.from_file && tzfile_at(t, local))
        return;
    local->dst = in_dst(t);
    local->east = zone.east[local->dst];
    local->name = zone.name[local->dst];
}

// Seconds east of UTC of standard or daylight saving time about T.
static long east_near(long long t, int dst)
{
    struct local local;
    if (zone.from_file && tzfile_at(t, &local) && tzfile_near(t, dst, &local))
        return local.east;
    return zone.east[dst];
}

// Reads TZ like localtime(), where POSIX does not ask for it: a program that calls only this one
// would otherwise be in UTC for ever. tm_zone points into our own tables until TZ changes.
struct tm *localtime_r(const time_t *restrict t, struct tm *restrict tm)
{
    struct local local;
    _tzset_unlocked();
    local_at(*t, &local);
    if (!fill_fields(*t, local.east, tm))
        return NULL;
    tm->tm_isdst = local.dst;
    tm->tm_zone = local.name;
    return tm;
}

// Each field is an int, so no sum leaves 64 bits.
// The fields of TM, in whatever range, as seconds of their own clock.
static long long join_fields(const struct tm *tm)
{
    long long month = tm->tm_mon, year = 1900LL + tm->tm_year + month / 12;
    month %= 12;
    if (month < 0) {
        month += 12;
        year--;
    }
    long long days = days_to(year, (int)month) + tm->tm_mday - 1;
    return days * DAY + tm->tm_hour * 3600LL + tm->tm_min * 60LL + tm->tm_sec;
}

// The inverse of gmtime_r(): tm_isdst is ignored and becomes 0.
time_t timegm(struct tm *tm)
{
    time_t t = join_fields(tm);
    return fill_fields(t, 0, tm) ? t : -1;
}

// On success all fields are brought into their ranges. -1 is also a second before 1970: a caller
// that cares looks at tm_wday (XSH mktime()).
// A negative tm_isdst asks us to find out; else the caller says which clock it means.
time_t mktime(struct tm *tm)
{
    struct local local;
    _tzset_unlocked();
    long long seconds = join_fields(tm), t = seconds - east_near(seconds, tm->tm_isdst > 0);
    // An hour that occurs twice is the earlier one, in daylight saving time.
    if (tm->tm_isdst < 0) {
        long long earlier = seconds - east_near(seconds, 1);
        local_at(earlier, &local);
        if (local.dst)
            t = earlier;
    }
    // A zone may have had another standard time at that moment than the one nearest to it.
    local_at(t, &local);
    if (local.east != seconds - t && (tm->tm_isdst < 0 || local.dst == (tm->tm_isdst > 0))) {
        long long other = seconds - local.east;
        long east = local.east;
        local_at(other, &local);
        if (local.east == east)
            t = other;
    }
    time_t result = t;
    return localtime_r(&result, tm) ? result : -1;
}
