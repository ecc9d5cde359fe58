// SPDX-License-Identifier: BSD-2-Clause
//
// Locales: bytes and wide characters in C and in UTF-8, classes of characters, nl_langinfo(),
// locales of a thread's own, encodings converted, messages without catalogues.
#define _GNU_SOURCE
#include <iconv.h>
#include <langinfo.h>
#include <limits.h>
#include <libintl.h>
#include <locale.h>
#include <nl_types.h>
#include <stdint.h>
#include <wchar.h>
#include <wctype.h>

#include "tests/guest/check.h"

static void bytes_to_wide(void)
{
    static const char *const texts[] = {
        "a",
        "\xe9",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc3\xa9",
        "\xed\xa0\x80",
        "\xe2\x82",
        "\xf4\x8f\xbf\xbf",
        "\xe2\x82\xac",
        "\xe2\x28\xac",
        "\x80",
        "\xff",
        "\xf0\x8f\xbf\xbf",
        "\xe0\x80\x80",
        "\xef\xbf\xbf",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        wchar_t c = 0;
        mbstate_t state = {0};
        errno = 0;
        long n = (long)mbrtowc(&c, texts[i], strlen(texts[i]), &state);
        say("mbrtowc %zu: %ld %x %s %d", i, n, n < 0 ? 0u : (unsigned)c, err_name(errno),
            n == -1 || mbsinit(&state) != 0);
    }
    // A character in pieces.
    wchar_t c = 0;
    mbstate_t state = {0};
    long first = (long)mbrtowc(&c, "\xe2", 1, &state),
         second = (long)mbrtowc(&c, "\x82", 1, &state);
    say("in pieces %ld %ld %ld", first, second, (long)mbrtowc(&c, "\xac", 1, &state));
}

static void wide_to_bytes(void)
{
    static const wchar_t chars[] = {0x7f, 0x80, 0xe9, 0x100, 0x20ac, 0xd800, 0xffff, 0x10ffff};
    for (size_t i = 0; i < sizeof chars / sizeof *chars; i++) {
        char b[MB_LEN_MAX] = {0};
        mbstate_t state = {0};
        errno = 0;
        long n = (long)wcrtomb(b, chars[i], &state);
        say("wcrtomb %x: %ld %02x %02x %s", (unsigned)chars[i], n, b[0] & 255, b[1] & 255,
            err_name(errno));
    }
    wchar_t wide[20];
    const char *text = "gr\xc3\xbc\xc3\x9f\xff";
    errno = 0;
    long n = (long)mbsrtowcs(wide, &text, 20, NULL);
    say("mbsrtowcs %ld %s", n, err_name(errno));
    say("btowc %d wctob %d", (int)btowc(0xe9), wctob(0xe9));
}

static void classes(void)
{
    static const wint_t chars[] = {'a',    'Z',     '5',   ' ',    0x7f,   0x80,   0xa0,
                                   0xe9,   0xfd,    0xc9,  0x100,  0x3b1,  0x391,  0x20ac,
                                   0x4e2d, 0x1f600, 0x660, 0x2028, 0x3000, 0xd800, 0x10ffff};
    static const char *const names[] = {"alpha", "digit", "alnum", "space", "upper", "lower",
                                        "punct", "cntrl", "print", "graph", "blank", "xdigit"};
    static int (*const is[])(wint_t) = {iswalpha, iswdigit, iswalnum, iswspace,
                                        iswupper, iswlower, iswpunct, iswcntrl,
                                        iswprint, iswgraph, iswblank, iswxdigit};
    for (size_t i = 0; i < sizeof chars / sizeof *chars; i++) {
        char line[200];
        int n = sprintf(line, "%x:", (unsigned)chars[i]);
        for (int k = 0; k < 12; k++) {
            int one = is[k](chars[i]) != 0, other = iswctype(chars[i], wctype(names[k])) != 0;
            n += sprintf(line + n, "%d", one + 2 * (one != other));
        }
        say("%s %x %x %d", line, (unsigned)towupper(chars[i]), (unsigned)towlower(chars[i]),
            wcwidth((wchar_t)chars[i]));
    }
}

static void langinfo(void)
{
    static const nl_item items[] = {CODESET,   D_T_FMT, D_FMT,   T_FMT,  T_FMT_AMPM, AM_STR,
                                    PM_STR,    DAY_1,   ABDAY_7, MON_1,  ABMON_12,   ERA,
                                    RADIXCHAR, THOUSEP, YESEXPR, NOEXPR, CRNCYSTR};
    for (size_t i = 0; i < sizeof items / sizeof *items; i++)
        say("langinfo %zu \"%s\"", i, nl_langinfo(items[i]));
    say("MB_CUR_MAX %d", (int)MB_CUR_MAX);
}

static void own_locales(void)
{
    static const char *const names[] = {"C", "POSIX", "C.UTF-8", "C.utf8", "xx_YY", "C.foo"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        locale_t made = newlocale(LC_ALL_MASK, names[i], (locale_t)0);
        say("newlocale %s: %d", names[i], made != (locale_t)0);
        if (!made)
            continue;
        locale_t copy = duplocale(made), old = uselocale(copy);
        say("  was global %d, MB_CUR_MAX %d, %s, e acute alpha %d", old == LC_GLOBAL_LOCALE,
            (int)MB_CUR_MAX, nl_langinfo_l(CODESET, made), iswalpha(0xe9) != 0);
        say("  asked %d, back %d", uselocale((locale_t)0) == copy, uselocale(old) == copy);
        freelocale(copy);
        freelocale(made);
    }
    say("global again: MB_CUR_MAX %d", (int)MB_CUR_MAX);
    say("unknown %d", setlocale(LC_ALL, "xx_YY.UTF-8") != NULL);
}

static void convert(const char *to, const char *from, const char *text, size_t len, size_t room)
{
    char out[200], hex[400] = "", *in = (char *)(uintptr_t)text, *p = out;
    iconv_t cd = iconv_open(to, from);
    if (cd == (iconv_t)-1) {
        say("iconv_open %s %s: %s", to, from, err_name(errno));
        return;
    }
    errno = 0;
    long n = (long)iconv(cd, &in, &len, &p, &room);
    for (const char *c = out; c < p; c++)
        sprintf(hex + strlen(hex), "%02x", *c & 255);
    say("%s to %s: %ld %s, left %zu %zu, %s", from, to, n, n < 0 ? err_name(errno) : "", len, room,
        hex);
    iconv_close(cd);
}

static void encodings(void)
{
    static const char text[] = "a\xc3\xa9\xe2\x82\xac!";
    static const char *const to[] = {"ISO-8859-1", "ISO-8859-15", "UTF-16LE",   "UTF-32BE",
                                     "CP1252",     "KOI8-R",      "ASCII",      "UTF-8",
                                     "SHIFT_JIS",  "KOI8-U",      "no-such-one"};
    for (size_t i = 0; i < sizeof to / sizeof *to; i++)
        convert(to[i], "UTF-8", text, sizeof text - 1, 100);
    convert("UTF-8", "ISO-8859-1", "\xe9t\xe9", 3, 100);
    convert("UTF-8", "UTF-16LE", "a\0\xac\x20", 4, 100);
    convert("UTF-8", "GB18030", "\xa2\xe3", 2, 100);
    convert("UTF-8", "EUC-JP", "\xc6\xfc\xcb\xdc", 4, 100);
    convert("UTF-16LE", "UTF-8", "ab\xff", 3, 100);
    convert("UTF-16LE", "UTF-8", "ab\xe2\x82", 4, 100);
    convert("UTF-16LE", "UTF-8", "abcd", 4, 5);
    convert("ISO-8859-1", "UTF-8", "abcd", 4, 3);
    convert("ASCII//IGNORE", "UTF-8", "x\xc3\xa9y", 4, 100);
}

static void messages(void)
{
    say("%s", textdomain(NULL));
    say("%s %s", textdomain("prog"), textdomain(NULL));
    say("%s", bindtextdomain("prog", "/tmp"));
    say("%s %s", bindtextdomain("prog", NULL), gettext("hello"));
    say("%s %s", bind_textdomain_codeset("prog", "UTF-8"), dgettext("prog", "one"));
    say("%s %s %s", ngettext("file", "files", 1), ngettext("file", "files", 2),
        dcngettext("x", "file", "files", 0, LC_MESSAGES));
    errno = 0;
    nl_catd cat = catopen("/no/such.cat", 0);
    say("catopen %d %s", cat == (nl_catd)-1, err_name(errno));
    say("catgets %s", catgets(cat, 1, 1, "the default"));
}

int main(void)
{
    for (int utf8 = 0; utf8 < 2; utf8++) {
        say("setlocale %s", setlocale(LC_ALL, utf8 ? "C.UTF-8" : "C"));
        bytes_to_wide();
        wide_to_bytes();
        classes();
        langinfo();
        own_locales();
    }
    encodings();
    messages();
    return 0;
}
