// SPDX-License-Identifier: BSD-2-Clause
// Small functions that Linux's library has: GNU's that ask about the process and its machine, and
// old ones that POSIX has dropped.
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timeb.h>
#include <unistd.h>

// There is no vector of facts on the stack as Linux lays it; the facts are the same. 0 with ENOENT
// for a type it does not have.
unsigned long getauxval(unsigned long type)
{
    unsigned a, b, c, d;
    switch (type) {
    case AT_PAGESZ:
        return (unsigned long)getpagesize();
    case AT_CLKTCK:
        return (unsigned long)sysconf(_SC_CLK_TCK);
    case AT_UID:
        return getuid();
    case AT_EUID:
        return geteuid();
    case AT_GID:
        return getgid();
    case AT_EGID:
        return getegid();
    case AT_SECURE:
        return 0; // no program is set-uid
    case AT_EXECFN:
        return (unsigned long)program_invocation_name;
    case AT_HWCAP: // on x86 the feature bits of CPUID's leaf 1
        return __get_cpuid(1, &a, &b, &c, &d) ? d : 0;
    default:
        errno = ENOENT;
        return 0;
    }
}

// A member has one processor.
int sched_getcpu(void)
{
    return 0;
}

// GNU's name for it; the caller frees the result.
char *canonicalize_file_name(const char *path)
{
    return realpath(path, NULL);
}

// The mode of a symbolic link cannot be changed, as on Linux; of another file it can.
int lchmod(const char *path, mode_t mode)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        return -1;
    if (S_ISLNK(st.st_mode))
        return errno = EOPNOTSUPP, -1;
    return chmod(path, mode);
}

// ---- what POSIX has dropped ----

// The caller's array has PATH_MAX bytes; on failure it holds what went wrong.
char *getwd(char *to)
{
    char path[PATH_MAX];
    if (getcwd(path, sizeof path))
        return strcpy(to, path);
    strcpy(to, strerror(errno));
    return NULL;
}

// The time zone was never told by anybody.
int ftime(struct timeb *to)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    *to = (struct timeb){.time = now.tv_sec, .millitm = (unsigned short)(now.tv_usec / 1000)};
    return 0;
}

// The effective user's name; empty when it has none.
char *cuserid(char *to)
{
    static char own[L_cuserid];
    const struct passwd *pw = getpwuid(geteuid());
    char *result = to ? to : own;
    *result = '\0';
    if (!pw && !to)
        return NULL;
    return pw ? strncat(result, pw->pw_name, L_cuserid - 1) : result;
}

// A path relative to a directory, with times in microseconds: what utimensat() came after.
int futimesat(int dir, const char *path, const struct timeval times[2])
{
    struct timespec exact[2];
    for (int i = 0; times && i < 2; i++)
        exact[i] = (struct timespec){times[i].tv_sec, times[i].tv_usec * 1000};
    return utimensat(dir, path, times ? exact : NULL, 0);
}
