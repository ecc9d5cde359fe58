// SPDX-License-Identifier: BSD-2-Clause
// Passwords' hashes in /etc/shadow.
#ifndef _SHADOW_H
#define _SHADOW_H

#include <stdio.h>
#include <sys/cdefs.h>

#define SHADOW "/etc/shadow"

// A line of the file.
struct spwd {
    // The user's name and the hash of crypt(), or what is none and lets nobody in.
    char *sp_namp, *sp_pwdp;
    // Since 1970: the last change. Numbers of days: until another is allowed, until one must come,
    // of warning before that, of grace after it. Since 1970: the end of the account.
    long sp_lstchg, sp_min, sp_max, sp_warn, sp_inact, sp_expire; // days; -1: not given
    unsigned long sp_flag;
};

__BEGIN_DECLS
// One record after the other; the results are static and good until the next call of any of these.
void setspent(void);
void endspent(void);
struct spwd *getspent(void);
struct spwd *fgetspent(FILE *);
struct spwd *sgetspent(const char *);
// A user's record. NULL when there is none, or with errno when the file cannot be read, which is
// what most users get (EACCES).
struct spwd *getspnam(const char *);
// The same with the strings in the caller's buffer: 0 or an errno value; ERANGE when it is too
// small.
int getspnam_r(const char *, struct spwd *, char *, size_t, struct spwd **);
// Writes a record as a line. 0, or -1 with errno.
int putspent(const struct spwd *, FILE *);
// The lock of programs that change the file: waits for 15 seconds, then -1.
int lckpwdf(void);
int ulckpwdf(void);
__END_DECLS

#endif
