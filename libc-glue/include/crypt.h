// SPDX-License-Identifier: BSD-2-Clause
// Hashes of passwords: musl's, tools/build-musl. All of glibc's kinds but yescrypt.
#ifndef _CRYPT_H
#define _CRYPT_H

#include <sys/cdefs.h>

// What crypt_r() keeps its result in; its insides are its own business.
struct crypt_data {
    int initialized;
    char __buf[256];
};

__BEGIN_DECLS
// The hash of a password by the kind its second argument begins with: $1$ MD5, $2b$ blowfish, $5$
// and $6$ SHA-2, else DES. The result is static; "*" and the like for a setting that is none.
char *crypt(const char *, const char *);
// The same in the caller's memory.
char *crypt_r(const char *, const char *, struct crypt_data *);
__END_DECLS

#endif
