// SPDX-License-Identifier: BSD-2-Clause
//
// The C library on text: printf, scanf, numbers, splitting, sorting, patterns and regular
// expressions with the GNU extensions that scripts use.
#include "tests/guest/check.h"
#include <ctype.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <regex.h>

static void formats(void)
{
    say("[%d][%5d][%-5d][%05d][%+d][% d]", 42, 42, 42, 42, 42, 42);
    say("[%x][%#x][%X][%o][%#o][%u]", 255, 255, 255, 8, 8, 4000000000u);
    say("[%hhd][%hd][%ld][%lld][%zu][%jd]", (signed char)-44, (short)4464, -5L, -6LL, sizeof(int),
        (intmax_t)-7);
    say("[%s][%.2s][%10s][%-10s][%c][%%]", "text", "text", "text", "text", 'c');
    say("[%f][%.0f][%.3f][%10.2f][%-10.2f][%+.1f]", 3.14159, 2.5, 2.0 / 3, 1.005, 1.5, 0.05);
    say("[%e][%.2E][%g][%G][%g][%g]", 12345.678, 0.00012, 0.0001, 1e10, 100000.0, 1e6);
    say("[%a][%.3a]", 1.0, 3.14);
    say("[%f][%F][%e]", 1.0 / 0.0, -1.0 / 0.0, 0.0);
    say("[%*d][%-*d][%.*f]", 6, 7, 6, 7, 2, 2.71828);
    say("[%.15g][%.17g][%.20f]", 0.1, 0.1, 0.1);
    say("[%Lf][%Lg]", 1.25L, 1e100L);
    say("[%" PRId64 "][%" PRIx64 "]", INT64_MIN, UINT64_MAX);
    say("[%.3d][%8.3d][%.0d]", 5, 5, 0);
    char small[8];
    const char *volatile text = "longer than the buffer"; // volatile: the compiler must not warn
    int n = snprintf(small, sizeof small, "%s", text);
    say("snprintf: %d [%s]", n, small);
    char *made;
    n = asprintf(&made, "%d-%s", 12, "made");
    say("asprintf: %d [%s]", n, made);
    free(made);
}

static void numbers(void)
{
    char *end;
    errno = 0;
    long v = strtol("  -0x1fz", &end, 0);
    say("strtol: %ld %s", v, end);
    say("strtol: %ld", strtol("077", NULL, 0));
    long big = strtol("99999999999999999999", &end, 10);
    say("strtol overflow: %s %s", big == __LONG_MAX__ ? "max" : "WRONG", err_name(errno));
    errno = 0;
    say("strtoul: %lu", strtoul("-1", NULL, 10));
    double e = strtod("1.5e3xyz", &end);
    say("strtod: %g [%s]", e, end);
    say("strtod: %g %g %g", strtod("inf", NULL), strtod("0x1.8p1", NULL), strtod(".5", NULL));
    say("strtod: %.17g", strtod("2.2250738585072014e-308", NULL));
    int a = 0, b = 0;
    char word[16] = "";
    double d = 0;
    int got = sscanf("12 0x1f word 3.5 rest", "%d %i %15s %lf", &a, &b, word, &d);
    say("sscanf: %d: %d %d %s %g", got, a, b, word, d);
    got = sscanf("key=value", "%15[^=]=%n", word, &a);
    say("sscanf: %d: %s %d", got, word, a);
}

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void strings(void)
{
    char list[] = "a,,b,", copy[] = " one  two ", *rest = list, *field;
    int n = 0;
    while ((field = strsep(&rest, ",")))
        say("strsep %d [%s]", n++, field);
    for (field = strtok_r(copy, " ", &rest); field; field = strtok_r(NULL, " ", &rest))
        say("strtok [%s]", field);
    say("%s %s %s", strchrnul("key=value", '='), strrchr("/a/b/c", '/'), strstr("haystack", "st"));
    say("%zu %zu %zu", strspn("aabbc", "ab"), strcspn("hello", "l"), strnlen("abc", 2));
    say("%d %d %d", strcasecmp("HeLLo", "hello") == 0, strncmp("abcd", "abce", 3) == 0,
        strverscmp("a9", "a10") < 0);
    int v[] = {5, 3, 9, -1, 7, 0, 3};
    qsort(v, 7, sizeof *v, by_number);
    say("qsort: %d %d %d %d %d %d %d", v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
    int key = 7;
    int *hit = bsearch(&key, v, 7, sizeof *v, by_number);
    say("bsearch: at %d", hit ? (int)(hit - v) : -1);
    say("isalpha %d isdigit %d toupper %c", isalpha('x') != 0, isdigit('x') != 0, toupper('x'));
    say("%s|%s|%s", strerror(ENOENT), strerror(EPERM), strerror(EAGAIN));
    say("%s|%s|%s", strsignal(SIGSEGV), strsignal(SIGTERM), strsignal(SIGKILL));
}

static void patterns(void)
{
    static const char *const p[][2] = {
        {"*.c", "file.c"}, {"[a-c]*", "bar"},      {"[!a-c]*", "bar"}, {"?", "ab"},
        {"a\\*b", "a*b"},  {"[[:digit:]]x", "7x"}, {"*/b", "a/b"},     {"*", ".hidden"},
    };
    for (size_t i = 0; i < sizeof p / sizeof *p; i++)
        say("fnmatch %s %s: %d %d %d", p[i][0], p[i][1], fnmatch(p[i][0], p[i][1], 0),
            fnmatch(p[i][0], p[i][1], FNM_PATHNAME), fnmatch(p[i][0], p[i][1], FNM_PERIOD));
}

static void expression(const char *re, int flags, const char *text)
{
    regex_t r;
    regmatch_t m[4];
    char error[64];
    int code = regcomp(&r, re, flags);
    if (code) {
        regerror(code, &r, error, sizeof error);
        say("/%s/: %s", re, error);
        return;
    }
    if (regexec(&r, text, 4, m, 0))
        say("/%s/ %s: no match", re, text);
    else
        say("/%s/ %s: %d-%d %d-%d %d-%d, %zu parts", re, text, (int)m[0].rm_so, (int)m[0].rm_eo,
            (int)m[1].rm_so, (int)m[1].rm_eo, (int)m[2].rm_so, (int)m[2].rm_eo, r.re_nsub);
    regfree(&r);
}

int main(void)
{
    formats();
    numbers();
    strings();
    patterns();
    expression("a\\+b", 0, "xaaab");
    expression("\\(a*\\)\\(b\\{2,3\\}\\)", 0, "xaabbbb");
    expression("foo\\|bar", 0, "a bar");
    expression("(a|ab)(c|bcd)(d*)", REG_EXTENDED, "abcd");
    expression("^[[:space:]]*([[:alnum:]_]+)=(.*)$", REG_EXTENDED, "  key_1=some value");
    expression("\\bword\\b", REG_EXTENDED, "a word here");
    expression("\\w+\\s\\w+", REG_EXTENDED, "!two words!");
    expression("HELLO", REG_ICASE, "say hello");
    expression("(x)\\1", 0, "xx");
    expression("\\(x\\)\\1", 0, "axxb");
    expression("[abc", 0, "a");
    expression("(abc", REG_EXTENDED, "abc");
    expression("x*", REG_EXTENDED, "");
    return 0;
}
