// SPDX-License-Identifier: BSD-2-Clause
// nl_langinfo(): all locales there are say the same, but for the encoding's name, which programs
// compare with the one glibc has for it. See locale.h.
#include <langinfo.h>
#include <stdint.h>

#include "libc-glue/stdlib/locale.h"

// From DAY_1, which newlib's header numbers on from in the order of glibc's.
static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                   "Thursday", "Friday", "Saturday"};
static const char *const short_days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const short_months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

_Static_assert(DAY_7 == DAY_1 + 6 && ABDAY_7 == ABDAY_1 + 6, "days follow each other");
_Static_assert(MON_12 == MON_1 + 11 && ABMON_12 == ABMON_1 + 11, "so do months");

// The names of days and months by the header's numbers.
static const char *calendar(nl_item item)
{
    if (item >= DAY_1 && item <= DAY_7)
        return days[item - DAY_1];
    if (item >= ABDAY_1 && item <= ABDAY_7)
        return short_days[item - ABDAY_1];
    if (item >= MON_1 && item <= MON_12)
        return months[item - MON_1];
    return item >= ABMON_1 && item <= ABMON_12 ? short_months[item - ABMON_1] : "";
}

// Formats are strftime()'s, expressions regcomp()'s.
static const char *item_text(nl_item item, int utf8)
{
    switch (item) {
    case CODESET:
        return utf8 ? "UTF-8" : "ANSI_X3.4-1968";
    case D_T_FMT:
        return "%a %b %e %H:%M:%S %Y";
    case D_FMT:
        return "%m/%d/%y";
    case T_FMT:
        return "%H:%M:%S";
    case T_FMT_AMPM:
        return "%I:%M:%S %p";
    case _DATE_FMT:
        return "%a %b %e %H:%M:%S %Z %Y";
    case AM_STR:
        return "AM";
    case PM_STR:
        return "PM";
    case RADIXCHAR:
        return ".";
    case YESEXPR:
        return "^[yY]";
    case NOEXPR:
        return "^[nN]";
    case CRNCYSTR:
        return "-";
    default:
        return calendar(item); // "" for what there is not: eras, other digits, thousands
    }
}

// The strings are constants: the caller must not write into them (XSH nl_langinfo()).
char *nl_langinfo(nl_item item)
{
    return (char *)(uintptr_t)item_text(item, utf8_now());
}

// Of a locale that newlocale() made.
char *nl_langinfo_l(nl_item item, locale_t locale)
{
    return (char *)(uintptr_t)item_text(item, locale_has_utf8(locale));
}
