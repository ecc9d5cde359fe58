// SPDX-License-Identifier: BSD-2-Clause
//
// Zones of the time zone database: a file made here, with changes, a rule for the time after them,
// and names; files of the first version; and files whose counts and indices lie.
#include "tests/guest/check.h"

static unsigned char file[4096];
static size_t size;

static void bytes(const void *data, size_t n)
{
    memcpy(file + size, data, n);
    size += n;
}

static void number(long long value, int width)
{
    while (width-- > 0) {
        unsigned char byte = (unsigned char)(value >> 8 * width);
        bytes(&byte, 1);
    }
}

static const long long moments[] = {-2000000000, -1000000000, 0, 500000000, 600000000, 1000000000};
static const unsigned char kinds[] = {1, 2, 1, 2, 1, 3};
static const struct {
    int east, dst, name;
} types[] = {{3208, 0, 0}, {3600, 0, 4}, {7200, 1, 8}, {-12600, 0, 13}};
static const char names[] = "LMT\0CET\0CEST\0-0330";

static void header(int version)
{
    bytes("TZif", 4);
    bytes(version > 1 ? "2" : "\0", 1);
    bytes("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
    number(0, 4);
    number(0, 4);
    number(0, 4);
    number(6, 4);
    number(4, 4);
    number(sizeof names, 4);
}

static void block(int width)
{
    for (int i = 0; i < 6; i++)
        number(moments[i], width);
    bytes(kinds, sizeof kinds);
    for (int i = 0; i < 4; i++) {
        number(types[i].east, 4);
        number(types[i].dst, 1);
        number(types[i].name, 1);
    }
    bytes(names, sizeof names);
}

static void store(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    NEED(fd >= 0 && write(fd, file, size) == (ssize_t)size && close(fd) == 0);
}

// Both blocks, and the rule behind them.
static void make(int version, const char *rule)
{
    size = 0;
    header(version);
    block(4);
    if (version > 1) {
        header(version);
        block(8);
        bytes(rule, strlen(rule));
    }
}

static void use(const char *zone)
{
    char path[400], here[300];
    NEED(getcwd(here, sizeof here));
    snprintf(path, sizeof path, ":%s/%s", here, zone);
    setenv("TZ", path, 1);
    tzset();
}

static void clocks(const char *zone)
{
    static const long long at[] = {-3000000000, -1999999999, -500000000, -1,         0,
                                   499999999,   500000000,   700000000,  1100000000, 1700000000,
                                   1720000000,  4100000000,  4120000000};
    char text[100];
    use(zone);
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        time_t t = (time_t)at[i];
        struct tm tm;
        NEED(localtime_r(&t, &tm));
        strftime(text, sizeof text, "%F %T %z %Z", &tm);
        say("%s %lld: %s, back %d", zone, at[i], text, mktime(&tm) == t);
    }
}

static void lies(void)
{
    make(2, "\nCET-1CEST,M3.5.0,M10.5.0/3\n");
    size_t whole = size;
    for (size_t cut = 0; cut < whole; cut += 13) { // cut off anywhere
        size = cut;
        store("cut");
        use("cut");
    }
    for (size_t at = 4; at < whole; at++) { // one byte changed
        time_t t = 1700000000;
        struct tm tm;
        make(2, "\nCET-1CEST,M3.5.0,M10.5.0/3\n");
        file[at] ^= 0xff;
        char name[16];
        snprintf(name, sizeof name, "z%zu", at);
        store(name);
        use(name);
        localtime_r(&t, &tm);
        mktime(&tm);
        unlink(name);
    }
    say("lies: still here");
}

int main(void)
{
    scratch("zone");
    make(2, "\nCET-1CEST,M3.5.0,M10.5.0/3\n");
    store("rule");
    clocks("rule");
    make(2, "\n<-0330>3:30\n");
    store("fixed");
    clocks("fixed");
    make(1, "");
    store("old");
    clocks("old");
    lies();
    setenv("TZ", "No/Such_Zone", 1);
    time_t t = 86400;
    struct tm *tm = localtime(&t);
    say("no such zone: %d:%d", tm->tm_hour, tm->tm_min);
    return 0;
}
