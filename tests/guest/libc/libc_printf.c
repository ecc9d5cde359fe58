// SPDX-License-Identifier: BSD-2-Clause
//
// printf, by formats and values made at random: all flags, widths, precisions, lengths and letters,
// numbered arguments, wide characters, long doubles the processor would not make. A line is the
// digest of a hundred cases. By hand: COUNT SEED says how many and which, and a third argument
// prints each case.
// timeout: 60
#include <ctype.h>
#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stddef.h>
#include <wchar.h>

#include "tests/guest/check.h"
#include "tests/guest/libc/random.h"

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
#pragma GCC diagnostic ignored "-Wformat-truncation"

#define ROOM 7000
static char text[ROOM + 100];
static wchar_t wide_text[ROOM + 100];
static const char *const words[] = {
    "", "a", "hello", "two words", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac"};
static const wchar_t *const wide_words[] = {L"", L"a", L"hello", L"gr\u00fc\u00df", L"\u20ac1"};

// What comes between '%' and the length.
static void modifiers(char *at, int numbered)
{
    if (numbered)
        at += sprintf(at, "%d$", numbered);
    for (unsigned n = pick(4); n > 0; n--)
        *at++ = "-+ 0#"[pick(5)];
    if (pick(2))
        at += sprintf(at, "%u", pick(20) ? pick(30) : pick(300));
    if (pick(2))
        at += sprintf(at, ".%u", pick(20) ? pick(20) : pick(600));
    else if (pick(8) == 0)
        *at++ = '.';
    *at = '\0';
}

// Prints V by FORMAT, sometimes into little room.
#define PRINT(format, ...)                                                                         \
    do {                                                                                           \
        size_t room = pick(10) ? ROOM : pick(12);                                                  \
        memset(text, 0, 16);                                                                       \
        result = snprintf(text, room, format, __VA_ARGS__);                                        \
    } while (0)

static int result;

static void integer(char *format)
{
    static const char *const lengths[] = {"hh", "h", "", "l", "ll", "j", "z", "t", "L", "q"};
    unsigned length = pick(10);
    char conversion = "diouxXbB"[pick(8)];
    uint64_t n = any_integer();
    sprintf(format + strlen(format), "%s%c", lengths[length], conversion);
    if (length < 3)
        PRINT(format, (int)n);
    else
        PRINT(format, n);
}

// glibc forgets the zeros of "%#g" when rounding adds a digit in front.
static void no_alternative(char *format, char conversion)
{
    if (tolower(conversion) == 'g')
        for (char *p; (p = strchr(format, '#'));)
            *p = '-';
}

static void floating(char *format)
{
    char conversion = "eEfFgGaA"[pick(8)];
    int is_long = pick(3) == 0;
    no_alternative(format, conversion);
    sprintf(format + strlen(format), "%s%c", is_long ? "L" : "", conversion);
    if (is_long)
        PRINT(format, any_long_double());
    else
        PRINT(format, any_double());
}

static void string(char *format)
{
    switch (pick(6)) {
    case 0:
        strcat(format, "ls");
        PRINT(format, wide_words[pick(5)]);
        break;
    case 1:
        strcat(format, "S");
        PRINT(format, pick(9) ? wide_words[pick(5)] : NULL);
        break;
    case 2:
        strcat(format, "c");
        PRINT(format, 32 + pick(90));
        break;
    case 3:
        strcat(format, "lc");
        PRINT(format, 1 + pick(0xd7fe));
        break;
    default:
        strcat(format, "s");
        PRINT(format, pick(9) ? words[pick(6)] : NULL);
    }
}

static void other(char *format)
{
    int n = -1;
    switch (pick(4)) {
    case 0:
        strcat(format, "p");
        PRINT(format, (void *)(uintptr_t)(pick(4) ? any_integer() : 0));
        break;
    case 1:
        strcat(format, "%");
        PRINT(format, 0);
        break;
    case 2:
        strcat(format, "y|%d");
        PRINT(format, 5);
        break;
    default:
        strcat(format, "d%n%s");
        PRINT(format, 7, &n, "x");
        result += 1000 * n;
    }
}

// Arguments by number: each is of its type, in any order, some twice, all of them there.
static void numbered(char *format)
{
    static const char *const letters[] = {"", "d", "lx", "g", "s", "La", "i"};
    char one[64];
    *format = '\0';
    for (int i = 1, extra = (int)pick(4); i <= 6 + extra; i++) {
        int which = i <= 6 ? 7 - i : 1 + (int)pick(6);
        one[0] = '%';
        modifiers(one + 1, which);
        no_alternative(one, letters[which][0]);
        if (which < 6 && pick(4) == 0)
            sprintf(one + 1, "%d$*6$", which);
        strcat(strcat(strcat(format, one), letters[which]), "|");
    }
    PRINT(format, (int)any_integer(), (long)any_integer(), any_double(), words[pick(6)],
          any_long_double(), (int)pick(40) - 20);
}

static void stars(char *format)
{
    sprintf(format, "%%%s*.*%s", pick(2) ? "-" : pick(2) ? "0" : "", pick(2) ? "d" : "x");
    PRINT(format, (int)pick(60) - 30, (int)pick(40) - 10, (int)any_integer());
}

static void wide(char *format)
{
    wchar_t wide_format[80];
    unsigned what = pick(4);
    no_alternative(format, what == 3 ? 'g' : 'd');
    size_t room = pick(10) ? ROOM : 1 + pick(12);
    strcat(format, what == 0 ? "ls" : what == 1 ? "s" : what == 2 ? "d" : "Lg");
    for (size_t i = 0; i <= strlen(format); i++)
        wide_format[i] = (unsigned char)format[i];
    memset(wide_text, 0, 20 * sizeof *wide_text);
    result = what == 0   ? swprintf(wide_text, room, wide_format, wide_words[pick(5)])
             : what == 1 ? swprintf(wide_text, room, wide_format, words[pick(6)])
             : what == 2 ? swprintf(wide_text, room, wide_format, (int)any_integer())
                         : swprintf(wide_text, room, wide_format, any_long_double());
    if (result < 0) { // what is in the room is left open, and errno
        wide_text[0] = L'\0';
        errno = 0;
    }
    size_t n = 0;
    for (; n < ROOM / 4 && wide_text[n]; n++)
        sprintf(text + n, "%c", wide_text[n] < 127 ? (char)wide_text[n] : '#');
    text[n] = '\0';
}

static void one_case(char *format)
{
    format[0] = '%';
    modifiers(format + 1, 0);
    switch (pick(12)) {
    case 0:
    case 1:
    case 2:
        return integer(format);
    case 3:
    case 4:
        return string(format);
    case 5:
        return other(format);
    case 6:
        return numbered(format);
    case 7:
        return stars(format);
    case 8:
        return wide(format);
    default:
        return floating(format);
    }
}

int main(int argc, char **argv)
{
    long count = argc > 1 ? atol(argv[1]) : 40000;
    state ^= argc > 2 ? strtoull(argv[2], NULL, 0) * 0x9e3779b97f4a7c15ull : 0;
    char format[400];
    setlocale(LC_ALL, "C.UTF-8");
    for (long i = 1; i <= count; i++) {
        errno = 0;
        one_case(format);
        digest_add(format, strlen(format));
        digest_add(text, strnlen(text, ROOM));
        digest_add(&result, sizeof result);
        if (argc > 3)
            printf("%ld %s = %d [%.800s] %d\n", i, format, result, text, result < 0 ? errno : 0);
        if (i % 100 == 0 && argc <= 3)
            printf("%ld %016llx\n", i, digest);
    }
    return 0;
}
