// SPDX-License-Identifier: BSD-2-Clause
// Classes of wide characters by the locale: the C locale's end with ASCII (XBD 7.3.1), newlib's
// know all of Unicode in every locale. In a locale of UTF-8 newlib's tables decide, but for what
// glibc sorts in another way: spaces that do not break a line, separators, digits that are not
// ASCII. See locale.h.
#include <ctype.h>
#include <wctype.h>

#include "libc-glue/stdlib/locale.h"

int __wcwidth(const wint_t c);
int wcwidth(const wchar_t c);
int wcswidth(const wchar_t *s, size_t n);

// What every locale has alike, and <ctype.h> answers.
static int is_ascii(wint_t c)
{
    return c < 128;
}

// Whether the tables are asked at all.
static int has_tables(wint_t c)
{
    return c != WEOF && utf8_now();
}

// Spaces at which no line is broken: printed like letters, and no white space to glibc.
static int keeps_together(wint_t c)
{
    return c == 0xa0 || c == 0x2007 || c == 0x202f;
}

// Of lines and paragraphs: control characters to glibc.
static int separates(wint_t c)
{
    return c == 0x2028 || c == 0x2029;
}

// Private use ends short of the last two.
static int is_character(wint_t c)
{
    return c < 0x110000 && (c & 0xfffe) != 0xfffe;
}

// The tables know digits and letters of all scripts.
int iswalnum(wint_t c)
{
    return is_ascii(c) ? isalnum((int)c) : has_tables(c) && iswalnum_l(c, 0);
}

// A digit of another script is a letter: only ASCII's are digits.
int iswalpha(wint_t c)
{
    return is_ascii(c) ? isalpha((int)c) : has_tables(c) && iswalnum_l(c, 0);
}

// Spaces that separate words in a line.
int iswblank(wint_t c)
{
    return is_ascii(c) ? isblank((int)c) : has_tables(c) && !keeps_together(c) && iswblank_l(c, 0);
}

// Also 80 to 9F.
int iswcntrl(wint_t c)
{
    return is_ascii(c) ? iscntrl((int)c) : has_tables(c) && (separates(c) || iswcntrl_l(c, 0));
}

// ASCII's only, in every locale (C11 7.30.2.1.5).
int iswdigit(wint_t c)
{
    return c >= '0' && c <= '9';
}

// What has a width or belongs to a character that has one.
int iswprint(wint_t c)
{
    return is_ascii(c) ? isprint((int)c)
                       : has_tables(c) && is_character(c) && !separates(c) && iswprint_l(c, 0);
}

// Printed, and not white.
int iswgraph(wint_t c)
{
    return is_ascii(c) ? isgraph((int)c) : iswprint(c) && !iswspace(c);
}

// By the tables' own letters; towupper() may know no other case of one.
int iswlower(wint_t c)
{
    return is_ascii(c) ? islower((int)c) : has_tables(c) && iswlower_l(c, 0);
}

// Whatever is printed and neither letter, digit nor space.
int iswpunct(wint_t c)
{
    return is_ascii(c) ? ispunct((int)c) : iswgraph(c) && !iswalnum(c);
}

// White space at which a line may be broken.
int iswspace(wint_t c)
{
    return is_ascii(c) ? isspace((int)c) : has_tables(c) && !keeps_together(c) && iswspace_l(c, 0);
}

// Titles (a capital D with a small z) are neither upper nor lower case.
int iswupper(wint_t c)
{
    return is_ascii(c) ? isupper((int)c) : has_tables(c) && iswupper_l(c, 0);
}

// ASCII's only, in every locale (C11 7.30.2.1.12).
int iswxdigit(wint_t c)
{
    return is_ascii(c) && isxdigit((int)c);
}

// One character for one: no "ss" for a sharp s.
wint_t towlower(wint_t c)
{
    return is_ascii(c) ? (wint_t)tolower((int)c) : has_tables(c) ? towlower_l(c, 0) : c;
}

wint_t towupper(wint_t c)
{
    return is_ascii(c) ? (wint_t)toupper((int)c) : has_tables(c) ? towupper_l(c, 0) : c;
}

// newlib's numbers of the classes are in the order of their names, from 1.
int iswctype(wint_t c, wctype_t class)
{
    static int (*const is[])(wint_t) = {iswalnum, iswalpha, iswblank, iswcntrl,
                                        iswdigit, iswgraph, iswlower, iswprint,
                                        iswpunct, iswspace, iswupper, iswxdigit};
    size_t i = (size_t) class - 1;
    return i < sizeof is / sizeof *is && is[i](c);
}

// There are two.
wint_t towctrans(wint_t c, wctrans_t how)
{
    return how == wctrans("toupper") ? towupper(c) : how == wctrans("tolower") ? towlower(c) : c;
}

// Columns on a terminal; -1 for what is not printed.
int wcwidth(const wchar_t c)
{
    wint_t w = (wint_t)c;
    if (w == 0)
        return 0;
    if (is_ascii(w))
        return isprint((int)w) ? 1 : -1;
    return has_tables(w) && is_character(w) && !separates(w) ? __wcwidth(w) : -1;
}

// -1 when one of the characters is not printed.
int wcswidth(const wchar_t *s, size_t n)
{
    int columns = 0;
    for (; n > 0 && *s; n--, s++) {
        int width = wcwidth(*s);
        if (width < 0)
            return -1;
        columns += width;
    }
    return columns;
}
