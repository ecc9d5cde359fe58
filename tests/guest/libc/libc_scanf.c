// SPDX-License-Identifier: BSD-2-Clause
//
// scanf and the strto family, by formats and texts made at random of pieces that are numbers or
// nearly so. A line is the digest of a hundred cases. By hand: COUNT SEED says how many and which,
// and a third argument prints each case.
// timeout: 60
#include <ctype.h>
#include <inttypes.h>
#include <locale.h>
#include <wchar.h>

#include "tests/guest/check.h"
#include "tests/guest/libc/random.h"

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-extra-args"

static char text[400], shown[1000];
static int verbose;

static const char *const pieces[] = {"0",
                                     "1",
                                     "9",
                                     "7",
                                     "12",
                                     "0x",
                                     "0X1f",
                                     "x",
                                     "e",
                                     "E",
                                     "p",
                                     "P",
                                     "+",
                                     "-",
                                     ".",
                                     " ",
                                     "\t\n",
                                     "inf",
                                     "INFIN",
                                     "ity",
                                     "nan",
                                     "nan(",
                                     ")",
                                     "z",
                                     "e10",
                                     "p-5",
                                     "1e400",
                                     "-300",
                                     "ab",
                                     "fF",
                                     "08",
                                     "0b1",
                                     "99999999999999999999",
                                     "5e-324",
                                     "(nil)",
                                     "2147483648",
                                     "4.9406564584124654e-324",
                                     "1.7976931348623159e308",
                                     "0x1.fffffffffffff8p0",
                                     "1.000000059604644775390625",
                                     "gr\xc3\xbc\xc3\x9f",
                                     "\xe2\x82\xac",
                                     ",",
                                     "]",
                                     "^"};

// A text of one to five pieces.
static void make_text(void)
{
    text[0] = '\0';
    for (unsigned n = 1 + pick(5); n > 0; n--)
        strcat(text, pieces[pick(sizeof pieces / sizeof *pieces)]);
}

// The bits of a long double without what fills its 16 bytes.
static void show_long(long double x)
{
    sprintf(shown + strlen(shown), " %.22Lg", x != x ? (long double)NAN : x);
}

// ---- strto...() ----

static void strto_integer(void)
{
    static const int bases[] = {0, 2, 8, 10, 16, 36, 37, 1, 3, -1};
    char *end = NULL;
    int base = bases[pick(10)];
    errno = 0;
    switch (pick(3)) {
    case 0:
        sprintf(shown, "strtol %d %ld", base, strtol(text, &end, base));
        break;
    case 1:
        sprintf(shown, "strtoul %d %lu", base, strtoul(text, &end, base));
        break;
    default:
        sprintf(shown, "strtoll %d %lld", base, strtoll(text, &end, base));
    }
    sprintf(shown + strlen(shown), " %d %s", end ? (int)(end - text) : -1, err_name(errno));
}

static void strto_float(void)
{
    char *end;
    errno = 0;
    switch (pick(3)) {
    case 0:
        sprintf(shown, "strtof");
        show_long(strtof(text, &end));
        break;
    case 1:
        sprintf(shown, "strtod");
        show_long(strtod(text, &end));
        break;
    default:
        sprintf(shown, "strtold");
        show_long(strtold(text, &end));
    }
    sprintf(shown + strlen(shown), " %d %s", (int)(end - text), err_name(errno));
}

static void wide_strto(void)
{
    wchar_t wide[400], *end = NULL;
    if (mbstowcs(wide, text, 400) == (size_t)-1)
        return;
    int base = pick(3) ? 0 : (int)pick(38);
    errno = 0;
    if (pick(2)) {
        sprintf(shown, "wcstol %d %ld", base, wcstol(wide, &end, base));
    } else {
        sprintf(shown, "wcstod");
        show_long(wcstod(wide, &end));
    }
    sprintf(shown + strlen(shown), " %d %s", end ? (int)(end - wide) : -1, err_name(errno));
}

// Numbers of many digits, and half way between two doubles or floats.
static void long_number(void)
{
    char *to = text + sprintf(text, "%s", pick(2) ? "" : "-");
    if (pick(2)) {
        double x = any_double();
        to += sprintf(to, "%.*e", (int)pick(40), x != x || x - x != 0 ? 1.5 : x);
    } else {
        for (unsigned n = 1 + pick(60), point = pick(60); n > 0; n--)
            to += sprintf(to, "%u%s", pick(10), n == point ? "." : "");
        if (pick(2))
            sprintf(to, "e%d", (int)pick(80) - 40);
    }
    strto_float();
}

// ---- scanf ----

union any {
    long n;
    double d;
    float f;
    long double x;
    char text[400];
    wchar_t wide[400];
};
static union any got[2];

// One conversion at the end of FORMAT. Returns what kind of value it stores.
static char conversion(char *format)
{
    static const char *const sets[] = {"[a-z]", "[^a-z]", "[0-9.]", "[]]",
                                       "[^]x]", "[-+]",   "[a-]",   "[z-a]"};
    char *at = format + strlen(format);
    *at++ = '%';
    if (pick(8) == 0)
        *at++ = '*';
    if (pick(2))
        at += sprintf(at, "%u", 1 + pick(pick(2) ? 4 : 12));
    switch (pick(8)) {
    case 0:
        sprintf(at, "%s", pick(3) ? "s" : "ls");
        return at[0] == 'l' ? 'w' : 's';
    case 1:
        sprintf(at, "%s", sets[pick(8)]);
        return 's';
    case 2:
        sprintf(at, "c");
        return 's';
    case 3:
        sprintf(at, "%s", pick(2) ? "f" : "g");
        return 'f';
    case 4:
        sprintf(at, "%s", pick(2) ? "lf" : "la");
        return 'd';
    case 5:
        sprintf(at, "Le");
        return 'x';
    default:
        sprintf(at, "l%c", "dioux"[pick(5)]);
        return 'n';
    }
}

static void show_got(char kind, const union any *v)
{
    char *at = shown + strlen(shown);
    switch (kind) {
    case 's':
        sprintf(at, " [%.60s]", v->text);
        break;
    case 'w':
        sprintf(at, " [%.60ls]", v->wide);
        break;
    case 'f':
        show_long(v->f);
        break;
    case 'd':
        show_long(v->d);
        break;
    case 'x':
        show_long(v->x);
        break;
    default:
        sprintf(at, " %ld", v->n);
    }
}

// From a string, a stream, or a string of wide characters.
static void scan(void)
{
    static const char *const between[] = {"", "", " ", "%%", "1", " %n", ","};
    char format[100] = "";
    wchar_t wide[400], wide_format[100];
    int taken = -1, how = (int)pick(4), r, rest = -1;
    memset(got, 0, sizeof got);
    char first = conversion(format);
    strcat(format, pick(9) ? between[pick(5)] : "x");
    char second = conversion(format);
    strcat(format, "%n");
    if (how == 0) {
        FILE *f = fmemopen(text, strlen(text) ? strlen(text) : 1, "r");
        r = fscanf(f, format, &got[0], &got[1], &taken);
        rest = fgetc(f);
        fclose(f);
    } else if (how == 1 && mbstowcs(wide, text, 400) != (size_t)-1) {
        mbstowcs(wide_format, format, 100);
        r = swscanf(wide, wide_format, &got[0], &got[1], &taken);
    } else {
        r = sscanf(text, format, &got[0], &got[1], &taken);
    }
    sprintf(shown, "%s: %d %d %d", format, r, strchr(format, '*') ? 0 : taken, rest);
    if (!strchr(format, '*')) {
        show_got(first, &got[0]);
        show_got(second, &got[1]);
    }
}

int main(int argc, char **argv)
{
    long count = argc > 1 ? atol(argv[1]) : 40000;
    state ^= argc > 2 ? strtoull(argv[2], NULL, 0) * 0x9e3779b97f4a7c15ull : 0;
    verbose = argc > 3;
    setlocale(LC_ALL, "C.UTF-8");
    for (long i = 1; i <= count; i++) {
        make_text();
        shown[0] = '\0';
        switch (pick(8)) {
        case 0:
            strto_integer();
            break;
        case 1:
            strto_float();
            break;
        case 2:
            wide_strto();
            break;
        case 3:
            long_number();
            break;
        default:
            scan();
        }
        digest_add(shown, strlen(shown));
        if (verbose)
            printf("%ld \"%s\" %s\n", i, text, shown);
        else if (i % 100 == 0)
            printf("%ld %016llx\n", i, digest);
    }
    return 0;
}
