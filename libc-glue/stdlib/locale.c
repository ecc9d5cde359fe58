// SPDX-License-Identifier: BSD-2-Clause
// setlocale() and newlocale() of a locale there is. newlib's believe in any name of the form xx_YY;
// there are "C" (also called POSIX) and C.UTF-8, which is also what en_US.UTF-8 gets: messages are
// English anyhow. A program that asks for another must hear that it has not got it. uselocale()
// gives a thread its own. Neighbours: locale.h; newlib's locale.c, which does the rest.
#include <errno.h>
#include <locale.h>
#include <reent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libc-glue/stdlib/locale.h"

locale_t _newlocale_r(struct _reent *re, int mask, const char *name, locale_t base);

// By category: what "" asks for, unless LC_ALL says it for all of them (XBD 8.2).
static const char *const variables[] = {
    [LC_ALL] = "LC_ALL",           [LC_COLLATE] = "LC_COLLATE", [LC_CTYPE] = "LC_CTYPE",
    [LC_MONETARY] = "LC_MONETARY", [LC_NUMERIC] = "LC_NUMERIC", [LC_TIME] = "LC_TIME",
    [LC_MESSAGES] = "LC_MESSAGES"};

#define CATEGORIES ((int)(sizeof variables / sizeof *variables))

// Whether NAME, LEN bytes, is a locale's.
static int known(const char *name, size_t len)
{
    static const char *const names[] = {"C",       "POSIX",       "C.UTF-8",   "C.utf8",
                                        "C.ASCII", "en_US.UTF-8", "en_US.utf8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == len && !strncasecmp(names[i], name, len))
            return 1;
    return 0;
}

// What the environment asks for in CATEGORY.
static const char *from_environment(int category)
{
    const char *const names[] = {"LC_ALL", variables[category], "LANG"};
    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return value;
    }
    return "C";
}

// Whether all of NAME is known: one name, or one for each category with slashes between, as
// setlocale() itself writes it.
static int all_known(int category, const char *name)
{
    if (!*name) {
        int first = category == LC_ALL ? 1 : category, last = category ? category : CATEGORIES - 1;
        for (int i = first; i <= last; i++) {
            const char *wanted = from_environment(i);
            if (!known(wanted, strlen(wanted)))
                return 0;
        }
        return 1;
    }
    for (;; name++) {
        size_t len = strcspn(name, "/");
        if (!known(name, len))
            return 0;
        name += len;
        if (!*name)
            return 1;
    }
}

// All names are looked at before anything changes: on NULL the locale is the old one (C11
// 7.11.1.1). A name of NULL only asks which one it is.
char *setlocale(int category, const char *name)
{
    if (category < 0 || category >= CATEGORIES || (name && !all_known(category, name)))
        return NULL;
    return _setlocale_r(_REENT, category, name);
}

locale_t newlocale(int mask, const char *name, locale_t base)
{
    if (!name)
        return errno = EINVAL, (locale_t)0;
    for (int i = 1; i < CATEGORIES; i++) {
        if (((mask & (1 << i)) || (mask & LC_ALL_MASK)) && !all_known(i, name))
            return errno = ENOENT, (locale_t)0;
    }
    return _newlocale_r(_REENT, mask, name, base);
}

// newlib's keeps the locale and does not look at it; utf8.c does. NULL only asks.
locale_t uselocale(locale_t locale)
{
    locale_t old = _REENT->_locale;
    if (locale)
        _REENT->_locale = locale == LC_GLOBAL_LOCALE ? NULL : locale;
    return old ? old : LC_GLOBAL_LOCALE;
}
