// SPDX-License-Identifier: BSD-2-Clause
// Shell patterns, with the flag values of Linux C libraries. The matcher is musl's
// (tools/build-regex): newlib's does not know [[:digit:]].
#ifndef _FNMATCH_H
#define _FNMATCH_H

#include <sys/cdefs.h>

#define FNM_PATHNAME    0x01 // wildcards do not match a slash
#define FNM_FILE_NAME   FNM_PATHNAME
#define FNM_NOESCAPE    0x02
#define FNM_PERIOD      0x04 // wildcards do not match a leading dot
#define FNM_LEADING_DIR 0x08
#define FNM_CASEFOLD    0x10
#define FNM_NOMATCH     1
#define FNM_NOSYS       (-1)

__BEGIN_DECLS
int fnmatch(const char *, const char *, int);
__END_DECLS

#endif
