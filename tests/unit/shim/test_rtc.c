// SPDX-License-Identifier: BSD-2-Clause
// test_rtc.c: the CMOS clock in each of its formats, while it changes, and where it is broken; the
// host's timegm() is the judge. Links arch/x86_64/shim/time/rtc.c, acpi.c.
#include <time.h>

#include "arch/x86_64/shim/time/clock.h"
#include "tests/unit/lib/fake_machine.h"

static uint8_t cmos[128], selected;
static unsigned busy;               // how often register A still says "update in progress"
static void (*change)(uint8_t reg); // what happens when a register is read

static uint32_t in(uint16_t port, int width)
{
    CHECK_EQ(port, 0x71);
    CHECK_EQ(width, 1);
    if (change)
        change(selected);
    if (selected == 10 && busy) {
        busy--;
        return 0xa6;
    }
    return cmos[selected];
}

static void out(uint16_t port, uint32_t value, int width)
{
    CHECK_EQ(port, 0x70);
    CHECK_EQ(width, 1);
    selected = (uint8_t)value & 127;
}

static uint8_t bcd(int v)
{
    return (uint8_t)(v / 10 << 4 | v % 10);
}

#define BINARY 4
#define H24    2

static void set(const struct tm *t, uint8_t mode)
{
    int hour = t->tm_hour, year = t->tm_year + 1900;
    bool pm = !(mode & H24) && hour >= 12;

    if (!(mode & H24))
        hour = hour % 12 ? hour % 12 : 12;
    uint8_t (*form)(int) = bcd;
    cmos[0] = mode & BINARY ? (uint8_t)t->tm_sec : form(t->tm_sec);
    cmos[2] = mode & BINARY ? (uint8_t)t->tm_min : form(t->tm_min);
    cmos[4] = (uint8_t)((mode & BINARY ? (uint8_t)hour : form(hour)) | (pm ? 0x80 : 0));
    cmos[7] = mode & BINARY ? (uint8_t)t->tm_mday : form(t->tm_mday);
    cmos[8] = mode & BINARY ? (uint8_t)(t->tm_mon + 1) : form(t->tm_mon + 1);
    cmos[9] = mode & BINARY ? (uint8_t)(year % 100) : form(year % 100);
    cmos[0x32] = mode & BINARY ? (uint8_t)(year / 100) : form(year / 100);
    cmos[10] = 0x26;
    cmos[11] = mode;
}

static void start(void)
{
    machine.in = in;
    machine.out = out;
}

// 15 hours and some seconds apart, so that every hour, day and month has its turn.
static void test_dates(void)
{
    static const uint8_t modes[] = {0, BINARY, H24, BINARY | H24};

    start();
    for (time_t at = 946684800; at < 4102444800; at += 15 * 3600 + 977) {
        struct tm t;
        gmtime_r(&at, &t);
        set(&t, modes[(unsigned)at / 7 % 4]);
        uint64_t got = clock_rtc_seconds();
        if (got != (uint64_t)at && !CHECK_EQ(got, at))
            return;
    }
    CHECK(true);
}

static void test_days_that_matter(void)
{
    static const int dates[][3] = {
        {2024, 2, 29}, {2024, 3, 1}, {2100, 2, 28}, {2100, 3, 1}, {2000, 2, 29}, {2000, 12, 31},
    };
    start();
    for (unsigned i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        struct tm t = {.tm_year = dates[i][0] - 1900,
                       .tm_mon = dates[i][1] - 1,
                       .tm_mday = dates[i][2],
                       .tm_hour = 23,
                       .tm_min = 59,
                       .tm_sec = 59};
        set(&t, H24);
        CHECK_EQ(clock_rtc_seconds(), timegm(&t));
    }
}

static void test_no_century(void)
{
    struct tm t = {.tm_year = 126, .tm_mon = 10, .tm_mday = 24};
    start();
    set(&t, H24);
    cmos[0x32] = 0;
    CHECK_EQ(clock_rtc_seconds(), timegm(&t));
    cmos[0x32] = 0xff;
    CHECK_EQ(clock_rtc_seconds(), timegm(&t));
}

static void test_nonsense(void)
{
    static const struct {
        uint8_t reg, value;
    } bad[] = {{8, 0x00}, {8, 0x13}, {7, 0x00}, {7, 0x31}, {4, 0x24},
               {2, 0x60}, {0, 0x99}, {9, 0xa5}, {8, 0xff}};
    struct tm t = {.tm_year = 126, .tm_mon = 10, .tm_mday = 24};

    start();
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        set(&t, H24);
        CHECK(clock_rtc_seconds() != 0);
        cmos[bad[i].reg] = bad[i].value;
        CHECK_EQ(clock_rtc_seconds(), 0);
    }
}

static void test_update(void)
{
    struct tm t = {.tm_year = 126, .tm_mon = 10, .tm_mday = 24};
    start();
    set(&t, H24);
    busy = 100;
    CHECK_EQ(clock_rtc_seconds(), timegm(&t));
    busy = UINT32_MAX;
    CHECK_EQ(clock_rtc_seconds(), 0);
    CHECK(machine.accesses < 100000);
}

// The new year begins between two reads.
static void new_year(uint8_t reg)
{
    struct tm t = {.tm_year = 127, .tm_mon = 0, .tm_mday = 1};
    if (reg == 4) {
        change = NULL;
        set(&t, H24);
    }
}

static void test_change(void)
{
    struct tm t = {
        .tm_year = 126, .tm_mon = 11, .tm_mday = 31, .tm_hour = 23, .tm_min = 59, .tm_sec = 59};
    start();
    set(&t, H24);
    change = new_year;
    CHECK_EQ(clock_rtc_seconds(), timegm(&t) + 1);
}

static void run_wild(uint8_t reg)
{
    if (reg == 0)
        cmos[0] = (uint8_t)((cmos[0] + 1) % 10);
}

static void test_never_still(void)
{
    struct tm t = {.tm_year = 126, .tm_mon = 11, .tm_mday = 31};
    start();
    set(&t, H24);
    change = run_wild;
    CHECK_EQ(clock_rtc_seconds(), 0);
}

static void test_absent(void)
{
    CHECK_EQ(clock_rtc_seconds(), 0);
    CHECK(machine.accesses < 10);
}

int main(void)
{
    RUN_MACHINE(test_dates);
    RUN_MACHINE(test_days_that_matter);
    RUN_MACHINE(test_no_century);
    RUN_MACHINE(test_nonsense);
    RUN_MACHINE(test_update);
    RUN_MACHINE(test_change);
    RUN_MACHINE(test_never_still);
    RUN_MACHINE(test_absent);
    return check_done("rtc");
}
