// SPDX-License-Identifier: BSD-2-Clause
// X/Open's message catalogues.
#ifndef _NL_TYPES_H
#define _NL_TYPES_H

#include <sys/cdefs.h>

// The set of messages outside of any, and catopen()'s option to go by LC_MESSAGES.
#define NL_SETD       1
#define NL_CAT_LOCALE 1

typedef void *nl_catd;
typedef int nl_item;

__BEGIN_DECLS
// (nl_catd)-1 with ENOENT: there is no catalogue.
nl_catd catopen(const char *, int);
// The last argument, which is the program's own text.
char *catgets(nl_catd, int, int, const char *);
// -1 with EBADF: nothing can be open.
int catclose(nl_catd);
__END_DECLS

#endif
