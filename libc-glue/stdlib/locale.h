// SPDX-License-Identifier: BSD-2-Clause
// What the glue knows of newlib's locales: there are two kinds, C and UTF-8, and a thread may have
// one of its own.
#ifndef RAMET_GLUE_LOCALE_H
#define RAMET_GLUE_LOCALE_H

#include <locale.h>
#include <reent.h>
#include <wchar.h>

// The beginning of newlib's struct, whose header it does not install: the names of the categories
// and the two functions every conversion of characters goes by.
struct newlib_locale {
    char categories[7][32];
    int (*wctomb)(struct _reent *re, char *s, wchar_t c, mbstate_t *state);
    int (*mbtowc)(struct _reent *re, wchar_t *c, const char *s, size_t n, mbstate_t *state);
};
extern struct newlib_locale __global_locale;

// newlib puts the first two into locales of the encodings; see utf8.c.
int __utf8_wctomb(struct _reent *re, char *s, wchar_t c, mbstate_t *state);
int __utf8_mbtowc(struct _reent *re, wchar_t *c, const char *s, size_t n, mbstate_t *state);

// UTF-8 whatever the locale is: what iconv() is built on.
int __utf8_decode(wchar_t *c, const char *s, size_t n, mbstate_t *state);
int __utf8_encode(char *s, wchar_t c);

// Of any locale of newlib's, its static one for C included.
static inline int locale_has_utf8(locale_t locale)
{
    return ((const struct newlib_locale *)(const void *)locale)->wctomb == __utf8_wctomb;
}

// Whether characters are UTF-8 in this thread; else they are ASCII.
static inline int utf8_now(void)
{
    locale_t own = _REENT->_locale;
    return own ? locale_has_utf8(own) : __global_locale.wctomb == __utf8_wctomb;
}

#endif
