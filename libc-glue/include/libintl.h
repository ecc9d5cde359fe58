// SPDX-License-Identifier: BSD-2-Clause
// Messages in the user's language: there are no catalogues, and every message is its own
// translation, which is what GNU's library does without one.
#ifndef _LIBINTL_H
#define _LIBINTL_H

#include <sys/cdefs.h>

__BEGIN_DECLS
// The text itself; the same string, not a copy.
char *gettext(const char *) __attribute__((__format_arg__(1)));
char *dgettext(const char *, const char *) __attribute__((__format_arg__(2)));
char *dcgettext(const char *, const char *, int) __attribute__((__format_arg__(2)));
// The first text for one, the second for any other number.
char *ngettext(const char *, const char *, unsigned long)
    __attribute__((__format_arg__(1), __format_arg__(2)));
char *dngettext(const char *, const char *, const char *, unsigned long)
    __attribute__((__format_arg__(2), __format_arg__(3)));
char *dcngettext(const char *, const char *, const char *, unsigned long, int)
    __attribute__((__format_arg__(2), __format_arg__(3)));
// The current domain, after it has become the argument; NULL only asks. "messages" at first.
char *textdomain(const char *);
// What was set for a domain, after it has become the second argument; NULL only asks. The strings
// are copied and belong to the library.
char *bindtextdomain(const char *, const char *);
char *bind_textdomain_codeset(const char *, const char *);
__END_DECLS

#endif
