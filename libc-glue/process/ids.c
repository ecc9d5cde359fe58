// SPDX-License-Identifier: BSD-2-Clause
// User and group ids of the process, on the kernel's three-id calls (real, effective, saved).
#include <grp.h>
#include <stdlib.h>
#include <unistd.h>

#include "libc-glue/glue.h"

// Of the kernel's calls: leave this id as it is.
#define KEEP ((uint32_t)-1)

// Not POSIX, but the one clear form, and the only one the kernel has: it changes all that the
// caller may change or nothing.
int getresuid(uid_t *real, uid_t *effective, uid_t *saved)
{
    return (int)glue_ret(sys_getresuid(real, effective, saved));
}

int getresgid(gid_t *real, gid_t *effective, gid_t *saved)
{
    return (int)glue_ret(sys_getresgid(real, effective, saved));
}

// KEEP for an id leaves it. Whoever is not root may only choose among the three it has.
int setresuid(uid_t real, uid_t effective, uid_t saved)
{
    return (int)glue_ret(sys_setresuid(real, effective, saved));
}

int setresgid(gid_t real, gid_t effective, gid_t saved)
{
    return (int)glue_ret(sys_setresgid(real, effective, saved));
}

// Cannot fail (XSH getuid()): our own variables are certainly writable.
uid_t getuid(void)
{
    uid_t r = 0, e = 0, s = 0;
    sys_getresuid(&r, &e, &s);
    return r;
}

uid_t geteuid(void)
{
    uid_t r = 0, e = 0, s = 0;
    sys_getresuid(&r, &e, &s);
    return e;
}

gid_t getgid(void)
{
    gid_t r = 0, e = 0, s = 0;
    sys_getresgid(&r, &e, &s);
    return r;
}

gid_t getegid(void)
{
    gid_t r = 0, e = 0, s = 0;
    sys_getresgid(&r, &e, &s);
    return e;
}

// root changes all three, anybody else only the effective id (POSIX setuid).
int setuid(uid_t uid)
{
    return geteuid() == 0 ? setresuid(uid, uid, uid) : setresuid(KEEP, uid, KEEP);
}

int setgid(gid_t gid)
{
    return geteuid() == 0 ? setresgid(gid, gid, gid) : setresgid(KEEP, gid, KEEP);
}

// For giving rights up for a while: the saved id stays, and by it they can be taken back.
int seteuid(uid_t uid)
{
    return setresuid(KEEP, uid, KEEP);
}

int setegid(gid_t gid)
{
    return setresgid(KEEP, gid, KEEP);
}

// The saved id follows the effective one when the real id is set or the effective id leaves it.
int setreuid(uid_t real, uid_t effective)
{
    uid_t now = getuid(), e = effective == KEEP ? geteuid() : effective;
    int moves = real != KEEP || (effective != KEEP && effective != now);
    return setresuid(real, effective, moves ? e : KEEP);
}

int setregid(gid_t real, gid_t effective)
{
    gid_t now = getgid(), e = effective == KEEP ? getegid() : effective;
    int moves = real != KEEP || (effective != KEEP && effective != now);
    return setresgid(real, effective, moves ? e : KEEP);
}

// Whether the program runs with rights its user has not got: then the environment is not to be
// trusted.
int issetugid(void)
{
    return getuid() != geteuid() || getgid() != getegid();
}

// A count of 0 asks how many there are. Whether the effective group is among them is what
// setgroups() and initgroups() made it.
int getgroups(int n, gid_t *list)
{
    return (int)glue_ret(sys_getgroups(n, list));
}

// root only. It is what initgroups() does at a login, before the ids are given up.
int setgroups(int n, const gid_t *list)
{
    return (int)glue_ret(sys_setgroups(n, list));
}

// For variables that name files or libraries.
char *secure_getenv(const char *name)
{
    return issetugid() ? NULL : getenv(name);
}
