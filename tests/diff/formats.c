// SPDX-License-Identifier: BSD-2-Clause
// Numbers to text and back: printf, scanf, strto...(). Formats are put together at random, so the
// compiler cannot check them; every argument is as wide as the conversion reads. See diff.h.
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <wchar.h>

#include "tests/diff/diff.h"

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-truncation"

static const char *const texts[] = {"", "a", "hello", "two words", "-12", "0x1f", "%", "\t tab"};

static uint64_t a_number(void)
{
    static const uint64_t edge[] = {
        0,         1, 9, 10, INT_MAX, (uint64_t)INT_MIN, UINT_MAX, INT64_MAX, (uint64_t)INT64_MIN,
        UINT64_MAX};
    uint64_t n = (uint64_t)pick(1u << 31) << 33 | (uint64_t)pick(1u << 31) << 2 | pick(4);
    return pick(3) == 0 ? PICK(edge) : n >> pick(64);
}

static double a_double(void)
{
    static const double edge[] = {
        0.0, -0.0, 1.0,  0.5,        1.5, 2.5, 0.1, 1e100, 5e-324, 1e-310, 1.7976931348623157e308,
        9.5, 99.5, 0.05, 123456789.0};
    union {
        uint64_t bits;
        double value;
    } any = {(uint64_t)pick(1u << 31) << 33 | (uint64_t)pick(1u << 31) << 2 | pick(4)};
    switch (pick(5)) {
    case 0:
        return PICK(edge);
    case 1:
        return any.value != any.value ? NAN : any.value; // a NaN's sign is not told apart
    case 2:
        return pick(20) ? (double)pick(1000000) / 1000 : pick(2) ? INFINITY : -INFINITY;
    default:
        return ((double)pick(2000000) - 1000000) / (1 + pick(100));
    }
}

// Adds flags, width and precision to FORMAT; '#' and '0' only where they mean something.
static void modifiers(char *format, int numeric, int precision)
{
    char *at = format + strlen(format);
    for (unsigned n = pick(3); n > 0; n--)
        *at++ = numeric ? "-+ 0"[pick(4)] : '-';
    if (pick(2))
        at += sprintf(at, "%u", pick(30));
    if (precision && pick(2))
        at += sprintf(at, ".%u", pick(4) ? pick(12) : pick(60));
    *at = '\0';
}

static void put_text(int n, const char *text)
{
    put(" = %d", n);
    put_data(text, strlen(text));
}

static void do_integer(void)
{
    static const char *const length[] = {"hh", "h", "", "l", "ll", "j", "z", "t"};
    char format[40] = "%", text[400];
    unsigned how = pick(8);
    char conversion = "diouxX"[pick(6)];
    uint64_t n = a_number();
    if (pick(4) == 0 && strchr("oxX", conversion))
        strcat(format, "#");
    modifiers(format, strchr("di", conversion) != NULL, 1);
    strcat(format, length[how]);
    strncat(format, &conversion, 1);
    put(" %s %" PRIx64, format, n);
    put_text(how < 3 ? snprintf(text, sizeof text, format, (int)n)
                     : snprintf(text, sizeof text, format, n),
             text);
}

static void do_double(void)
{
    char format[40] = "%", text[700];
    char conversion = "eEfFgGeg"[pick(8)];
    double d = a_double();
    if (pick(5) == 0)
        strcat(format, "#");
    modifiers(format, 1, 1);
    int wide = pick(4) == 0;
    if (wide)
        strcat(format, "L");
    strncat(format, &conversion, 1);
    put(" %s %.17g", format, d);
    put_text(wide ? snprintf(text, sizeof text, format, (long double)d / 3)
                  : snprintf(text, sizeof text, format, d),
             text);
}

static void do_hex_double(void)
{
    char format[40] = "%", text[200];
    double d = a_double();
    modifiers(format, 1, 1);
    strcat(format, pick(2) ? "a" : "A");
    put(" %s", format);
    put_text(snprintf(text, sizeof text, format, d), text);
}

static void do_string(void)
{
    char format[40] = "<%", text[200];
    size_t room = pick(4) ? sizeof text : pick(20);
    unsigned what = pick(3);
    memset(text, 0, sizeof text);
    modifiers(format, 0, what < 2);
    strcat(format, what == 0 ? "s%%>" : what == 1 ? "ls>" : "c>");
    put(" %s in %zu", format, room);
    int n = what == 0   ? snprintf(text, room, format, PICK(texts))
            : what == 1 ? snprintf(text, room, format, L"wide text")
                        : snprintf(text, room, format, 'x');
    put_text(n, text);
}

static void do_star(void)
{
    char text[200];
    int width = (int)pick(40) - 20, precision = (int)pick(20) - 5;
    put(" %d %d", width, precision);
    put_text(snprintf(text, sizeof text, "[%*d|%.*s|%*.*f]", width, 42, precision, "precisely",
                      width, precision, 2.75),
             text);
}

// A text that is nearly a number.
static void numeral(char *to, const char *letters, size_t room)
{
    size_t n = pick((unsigned)room), count = strlen(letters);
    for (size_t i = 0; i < n; i++)
        to[i] = letters[pick((unsigned)count)];
    to[n] = '\0';
}

static void do_strtol(void)
{
    char text[30], *end = NULL;
    static const int bases[] = {0, 10, 16, 8, 2, 36, 1, 37};
    int base = bases[pick(4) ? pick(4) : pick(8)];
    numeral(text, pick(2) ? "0123456789" : " +-0xX19afzg", sizeof text);
    put(" [%s] %d", text, base);
    long long n;
    switch (pick(4)) {
    case 0:
        n = strtol(text, &end, base);
        break;
    case 1:
        n = (long long)strtoul(text, &end, base);
        break;
    case 2:
        n = strtoimax(text, &end, base);
        break;
    default:
        n = (long long)strtoumax(text, &end, base);
    }
    put(" = %lld errno %d", n, errno == ERANGE);
    if (base != 1 && base != 37)
        put(" end %d", (int)(end - text));
}

static void do_strtod(void)
{
    static const char *const texts_of[] = {"inf",
                                           "-INFINITY",
                                           "nan",
                                           "nan(12)",
                                           "0x1p-3",
                                           "0x.8p1",
                                           "1e400",
                                           "1e-400",
                                           "3e-102",
                                           "2.2250738585072011e-308",
                                           ".5e",
                                           "1e+",
                                           "0x",
                                           "0xp1",
                                           "infin",
                                           "+.e3",
                                           "9007199254740993",
                                           "1e23",
                                           "4.9e-324",
                                           "2.4e-324"};
    char text[40], *end;
    unsigned how = pick(3);
    if (pick(3) == 0)
        strcpy(text, PICK(texts_of));
    else if (pick(2))
        snprintf(text, sizeof text, "%u.%ue%d", pick(100000), pick(1u << 30), (int)pick(700) - 350);
    else
        numeral(text, " +-0123456789.eEx", sizeof text - 1);
    put(" %u [%s]", how, text);
    if (how == 0)
        put(" = %.17g", strtod(text, &end));
    else if (how == 1)
        put(" = %.9g", (double)strtof(text, &end));
    else
        put(" = %.21Lg", strtold(text, &end));
    put(" end %d errno %d", (int)(end - text), errno == ERANGE);
}

static void do_scan_number(void)
{
    static const char *const formats[] = {"%d%n",  "%5d%n", "%i%n",    "%x%n",  "%u%n",   "%o%n",
                                          "%2i%n", " %d%n", "%*d%d%n", "%d,%n", "%%%d%n", "-%d%n"};
    char text[24];
    const char *format = PICK(formats);
    int value = -77, at = -1;
    numeral(text, " +-01289xfa,%", sizeof text);
    put(" %s [%s]", format, text);
    int n = sscanf(text, format, &value, &at);
    put(" = %d %d %d", n, value, n > 0 ? at : 0);
}

static void do_scan_double(void)
{
    static const char *const formats[] = {"%lf%n", "%5lf%n", "%3lf%n", "%*lf%lf%n"};
    char text[24];
    const char *format = PICK(formats);
    double value = -77;
    int at = -1;
    numeral(text, pick(3) ? "+-0123456789.e" : "inftynaxp01.", sizeof text);
    put(" %s [%s]", format, text);
    int n = sscanf(text, format, &value, &at);
    put(" = %d %.17g %d", n, value, n > 0 ? at : 0);
}

static void do_scan_text(void)
{
    static const char *const formats[] = {"%9s%n",  "%c%n",    "%3c%n",  "%9[a-c]%n", "%9[^ ]%n",
                                          " %9s%n", "%%%9s%n", "a%9s%n", "%9[]a]%n",  "%*s%9s%n"};
    char text[24], got[20] = "unchanged";
    const char *format = PICK(formats);
    int at = -1;
    numeral(text, "abc ]%^\t", sizeof text);
    put(" %s [%s]", format, text);
    int n = sscanf(text, format, got, &at);
    put(" = %d", n);
    put_data(got, 12);
    put(" %d", n > 0 ? at : 0);
}

static const struct op ops[] = {
    {"integer", 12, do_integer},
    {"double", 14, do_double},
    {"hex-double", 3, do_hex_double},
    {"string", 6, do_string},
    {"star", 4, do_star},
    {"strtol", 10, do_strtol},
    {"strtod", 12, do_strtod},
    {"scan-number", 10, do_scan_number},
    {"scan-double", 5, do_scan_double},
    {"scan-text", 8, do_scan_text},
};

const struct area area_formats = {"formats", ops, LENGTH(ops), NULL};
