// SPDX-License-Identifier: BSD-2-Clause
// The date by the CMOS clock of a PC (Motorola MC146818), which is taken to run on UTC. It knows
// whole seconds, so the result is up to one second late.

#include "arch/x86_64/shim/time/clock.h"

#include <stdbool.h>

#include "arch/x86_64/shim/device/acpi.h"
#include "arch/x86_64/shim/io.h"
#include "arch/x86_64/shim/lib.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

#define RTC_SECONDS 0
#define RTC_MINUTES 2
#define RTC_HOURS   4
#define RTC_DAY     7
#define RTC_MONTH   8
#define RTC_YEAR    9
#define RTC_A       10
#define RTC_A_UIP   0x80 // an update is about to happen or happens
#define RTC_B       11
#define RTC_B_24H   0x02
#define RTC_B_BIN   0x04
#define RTC_PM      0x80 // of the hours, in 12-hour mode
#define RTC_CENTURY 0x32 // where nobody says otherwise
#define RTC_ABSENT  0xff

// An update takes 2 ms, and a reading of a port at least 0.3 us, two accesses each.
#define UPDATE_TRIES 5000u
#define READ_TRIES   4u

struct date {
    uint8_t second, minute, hour, day, month, year, century;
};

static uint8_t cmos(uint8_t reg)
{
    outb(CMOS_INDEX, reg);
    return inb(CMOS_DATA);
}

// False: there is no clock, or it is stuck in an update.
static bool settled(void)
{
    for (unsigned i = 0; i < UPDATE_TRIES; i++) {
        uint8_t a = cmos(RTC_A);
        if (a == RTC_ABSENT)
            return false;
        if (!(a & RTC_A_UIP))
            return true;
    }
    return false;
}

static struct date read_registers(uint8_t century)
{
    return (struct date){cmos(RTC_SECONDS), cmos(RTC_MINUTES), cmos(RTC_HOURS), cmos(RTC_DAY),
                         cmos(RTC_MONTH),   cmos(RTC_YEAR),    cmos(century)};
}

// The registers change one after the other; the same ones twice are one date.
static bool read_date(struct date *d)
{
    uint8_t century = acpi()->rtc_century ? acpi()->rtc_century : RTC_CENTURY;

    for (unsigned i = 0; i < READ_TRIES; i++) {
        if (!settled())
            return false;
        *d = read_registers(century);
        struct date again = read_registers(century);
        if (memcmp(d, &again, sizeof again) == 0)
            return true;
    }
    return false;
}

static uint8_t from_bcd(uint8_t v)
{
    return (uint8_t)((v >> 4) * 10 + (v & 15));
}

// To binary numbers and 24 hours.
static void normalise(struct date *d)
{
    uint8_t mode = cmos(RTC_B);
    bool pm = !(mode & RTC_B_24H) && (d->hour & RTC_PM);

    if (pm)
        d->hour &= (uint8_t)~RTC_PM;
    if (!(mode & RTC_B_BIN)) {
        d->second = from_bcd(d->second);
        d->minute = from_bcd(d->minute);
        d->hour = from_bcd(d->hour);
        d->day = from_bcd(d->day);
        d->month = from_bcd(d->month);
        d->year = from_bcd(d->year);
        d->century = from_bcd(d->century);
    }
    if (!(mode & RTC_B_24H)) // 12 am is 0, 12 pm is 12
        d->hour = (uint8_t)(d->hour % 12 + (pm ? 12 : 0));
}

static bool leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

// Leap years up to and with this one.
static unsigned leaps(unsigned year)
{
    return year / 4 - year / 100 + year / 400;
}

// Days of the year before this month; month 13: all of them.
static unsigned days_before(unsigned month, unsigned year)
{
    static const uint16_t days[13] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    return days[month - 1] + (month > 2 && leap(year));
}

static uint64_t seconds_since_1970(const struct date *d, unsigned year)
{
    uint64_t days = (year - 1970) * 365 + leaps(year - 1) - leaps(1969) +
                    days_before(d->month, year) + d->day - 1;
    return ((days * 24 + d->hour) * 60 + d->minute) * 60 + d->second;
}

uint64_t clock_rtc_seconds(void)
{
    struct date d;

    if (acpi()->no_cmos || !read_date(&d))
        return 0;
    normalise(&d);
    // The century's register is a custom, not a rule. Nobody's clock shows the past.
    unsigned century = d.century >= 20 && d.century < 30 ? d.century : 20;
    unsigned year = century * 100 + d.year;
    // A clock whose battery is dead may hold anything: a date that cannot be is no date.
    if (d.year > 99 || d.month < 1 || d.month > 12 || d.day < 1 ||
        d.day > days_before(d.month + 1u, year) - days_before(d.month, year) || d.hour > 23 ||
        d.minute > 59 || d.second > 59)
        return 0;
    return seconds_since_1970(&d, year);
}
