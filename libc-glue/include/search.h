// SPDX-License-Identifier: BSD-2-Clause
// newlib's <search.h> with the rest of POSIX's: linear searches and queues.
#ifndef _RAMET_SEARCH_H
#define _RAMET_SEARCH_H

#include_next <search.h>

__BEGIN_DECLS
// The element that equals the key, by the order of the array; NULL when there is none. lsearch()
// adds a copy of the key then: the array has room for it.
void *lfind(const void *, const void *, size_t *, size_t, int (*)(const void *, const void *));
void *lsearch(const void *, void *, size_t *, size_t, int (*)(const void *, const void *));
// A list whose elements begin with the pointers to the next and the one before.
void insque(void *, void *);
void remque(void *);
__END_DECLS

#endif
