// SPDX-License-Identifier: BSD-2-Clause
// Facts about the system and limits: sysconf, uname, rlimits, usage, priorities, random bytes.
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "libc-glue/glue.h"

// What the memory map counts in, also where the host backs it by larger pages.
#define PAGE 4096L

// Asked for each time: RLIMIT_NOFILE may be changed while the program runs, and programs that close
// everything from 3 on loop up to this number.
static long open_max(void)
{
    struct rlimit r;
    return getrlimit(RLIMIT_NOFILE, &r) < 0 ? -1 : (long)r.rlim_cur;
}

// What there is of threads and of what they use to wait for each other. 0: it is none of these.
static long sysconf_threads(int name)
{
    switch (name) {
    case _SC_BARRIERS:
    case _SC_READER_WRITER_LOCKS:
    case _SC_SEMAPHORES:
    case _SC_SPIN_LOCKS:
    case _SC_THREADS:
    case _SC_THREAD_ATTR_STACKADDR:
    case _SC_THREAD_ATTR_STACKSIZE:
    case _SC_THREAD_CPUTIME:
    case _SC_THREAD_PROCESS_SHARED:
    case _SC_THREAD_SAFE_FUNCTIONS:
    case _SC_TIMEOUTS:
        return 200809L;
    case _SC_THREAD_DESTRUCTOR_ITERATIONS:
        return PTHREAD_DESTRUCTOR_ITERATIONS;
    case _SC_THREAD_KEYS_MAX:
        return PTHREAD_KEYS_MAX;
    case _SC_THREAD_STACK_MIN:
        return PTHREAD_STACK_MIN;
    case _SC_SEM_VALUE_MAX:
        return INT_MAX;
    default:
        return 0;
    }
}

// The options this system has are all of issue 7 (200809L); the rest is "no such option" (-1).
long sysconf(int name)
{
    const long threads = sysconf_threads(name);
    switch (name) {
    case _SC_ARG_MAX:
        return ARG_MAX;
    case _SC_CHILD_MAX:
        return -1; // no limit but the family's
    case _SC_CLK_TCK:
        return 100;
    case _SC_NGROUPS_MAX:
        return NGROUPS_MAX;
    case _SC_OPEN_MAX:
        return open_max();
    case _SC_STREAM_MAX:
        return 1024;
    case _SC_TZNAME_MAX:
        return 6;
    case _SC_PAGESIZE:
        return PAGE;
    case _SC_NPROCESSORS_CONF:
    case _SC_NPROCESSORS_ONLN:
        return glue_ret(sys_nprocessors());
    case _SC_PHYS_PAGES:
        return glue_ret(sys_physpages(0));
    case _SC_AVPHYS_PAGES:
        return glue_ret(sys_physpages(1));
    case _SC_GETGR_R_SIZE_MAX:
    case _SC_GETPW_R_SIZE_MAX:
        return 1024;
    case _SC_HOST_NAME_MAX:
        return HOST_NAME_MAX;
    case _SC_LOGIN_NAME_MAX:
        return LOGIN_NAME_MAX;
    case _SC_TTY_NAME_MAX:
        return TTY_NAME_MAX;
    case _SC_IOV_MAX:
        return IOV_MAX;
    case _SC_LINE_MAX:
        return LINE_MAX;
    case _SC_RE_DUP_MAX:
        return RE_DUP_MAX;
    case _SC_SYMLOOP_MAX:
        return SYMLOOP_MAX;
    case _SC_ATEXIT_MAX:
        return INT_MAX;
    case _SC_JOB_CONTROL:
    case _SC_SAVED_IDS:
    case _SC_REGEXP:
    case _SC_SHELL:
        return 1;
    case _SC_VERSION:
    case _SC_2_VERSION:
    case _SC_2_C_BIND:
    case _SC_FSYNC:
    case _SC_MAPPED_FILES:
    case _SC_MEMORY_PROTECTION:
    case _SC_MONOTONIC_CLOCK:
    case _SC_CLOCK_SELECTION:
    case _SC_CPUTIME:
    case _SC_SPAWN:
    case _SC_TIMERS:
    case _SC_REALTIME_SIGNALS:
        return 200809L;
    case _SC_XOPEN_VERSION:
        return 700;
    // An option that POSIX knows and we have not: -1 without an error.
    default:
        if (threads)
            return threads;
        return name < 0 || name > _SC_POSIX_26_VERSION ? glue_ret(-EINVAL) : -1;
    }
}

// The size needed with its NUL is returned, also when BUF is too short or missing (XSH confstr());
// 0 with errno for a name that is not known. The path is where a standard utility would be found.
size_t confstr(int name, char *buf, size_t len)
{
    static const char path[] = "/bin:/usr/bin";
    if (name != _CS_PATH)
        return (size_t)(glue_ret(-EINVAL) + 1);
    if (buf && len > 0) {
        size_t n = sizeof path < len ? sizeof path : len;
        memcpy(buf, path, n);
        buf[n - 1] = '\0';
    }
    return sizeof path;
}

// BSD's name, from before sysconf(); many programs know no other.
int getpagesize(void)
{
    return PAGE;
}

int getdtablesize(void)
{
    return (int)open_max();
}

// Only the node's name can be set, and is the same for the whole family; the others are the
// kernel's own.
int uname(struct utsname *name)
{
    return (int)glue_ret(sys_uname(K(k_utsname, name)));
}

int gethostname(char *buf, size_t len)
{
    struct utsname u;
    if (uname(&u) < 0)
        return -1;
    // XSH leaves open whether a name that does not fit is cut. glibc says ENAMETOOLONG, and so do
    // we.
    if (strlen(u.nodename) >= len)
        return (int)glue_ret(-ENAMETOOLONG);
    strcpy(buf, u.nodename);
    return 0;
}

// For the whole family, and not beyond it: a name in the window. NAME need not end in a NUL.
int sethostname(const char *name, size_t len)
{
    return (int)glue_ret(sys_sethostname(name, len));
}

// EINVAL and not ENAMETOOLONG when it does not fit: Linux's error for this one.
int getdomainname(char *buf, size_t len)
{
    struct utsname u;
    if (uname(&u) < 0)
        return -1;
    if (strlen(u.domainname) >= len)
        return (int)glue_ret(-EINVAL);
    strcpy(buf, u.domainname);
    return 0;
}

// Derived from the host name: stable for a family, as an address would be.
long gethostid(void)
{
    char name[HOST_NAME_MAX + 1] = "";
    unsigned hash = 2166136261u; // FNV-1a
    gethostname(name, sizeof name);
    for (char *p = name; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    return (int)hash;
}

// Which limits are kept and who watches over each stands in kernel/proc/limits.c; the others are
// stored and given back.
int getrlimit(int what, struct rlimit *limit)
{
    return (int)glue_ret(sys_getrlimit(what, K(k_rlimit, limit)));
}

int setrlimit(int what, const struct rlimit *limit)
{
    return (int)glue_ret(sys_setrlimit(what, KC(k_rlimit, limit)));
}

// Processor time only, all of it as the user's: the guest cannot tell more, and the rest is 0.
int getrusage(int who, struct rusage *usage)
{
    return (int)glue_ret(sys_getrusage(who, K(k_rusage, usage)));
}

// The system call answers 20 - nice, so that no good answer looks like an error.
int getpriority(int which, id_t who)
{
    long r = glue_ret(sys_getpriority(which, (int)who));
    return r < 0 ? -1 : 20 - (int)r;
}

// Kept and reported, but nothing is scheduled by it: processors are the host's to give.
int setpriority(int which, id_t who, int nice)
{
    return (int)glue_ret(sys_setpriority(which, (int)who, nice));
}

// The sum cannot overflow unless the caller means it to; the kernel cuts it to -20..19. The new
// value may be -1, so callers set errno to 0 before (XSH nice()).
int nice(int increment)
{
    int now = getpriority(PRIO_PROCESS, 0);
    if (setpriority(PRIO_PROCESS, 0, now + increment) < 0) {
        if (errno == EACCES)
            errno = EPERM; // POSIX's error for nice()
        return -1;
    }
    return getpriority(PRIO_PROCESS, 0);
}

// From the process' own generator (kernel/random.c), seeded before main(): so it never blocks, and
// the flags there are make no difference.
ssize_t getrandom(void *buf, size_t len, unsigned flags)
{
    return glue_ret(sys_getrandom(buf, len, flags));
}

// At most 256 bytes, by definition: who wants more is to seed a generator of its own.
int getentropy(void *buf, size_t len)
{
    if (len > 256)
        return (int)glue_ret(-EIO);
    return getrandom(buf, len, 0) < 0 ? -1 : 0;
}

int get_nprocs(void)
{
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

int get_nprocs_conf(void)
{
    return (int)sysconf(_SC_NPROCESSORS_CONF);
}

// All processors there are: a member has one vCPU, which the host may run on any.
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
    (void)pid;
    int n = get_nprocs();
    if (n < 0)
        return -1;
    memset(set, 0, size);
    for (int i = 0; i < n && (size_t)i < size * 8; i++)
        CPU_SET(i, set);
    return 0;
}

// Placement is the host's and the supervisor's business.
int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
    (void)pid, (void)size, (void)set;
    return (int)glue_ret(-EPERM);
}

// Behind the macro CPU_COUNT(). A set may be longer than our cpu_set_t, hence SIZE in bytes.
int __sched_cpucount(size_t size, const cpu_set_t *set)
{
    int n = 0;
    for (size_t i = 0; i < size / sizeof set->__bits[0]; i++)
        n += __builtin_popcountl(set->__bits[i]);
    return n;
}

// This VM's memory and the time since the family began. No load, swap or number of processes: those
// fields are 0.
int sysinfo(struct sysinfo *info)
{
    *info = (struct sysinfo){
        .uptime = sys_uptime(),
        .totalram = (unsigned long)sysconf(_SC_PHYS_PAGES),
        .freeram = (unsigned long)sysconf(_SC_AVPHYS_PAGES),
        .mem_unit = PAGE,
    };
    return 0;
}

// Nothing that Linux' prctl() does has an equivalent here; programs take EINVAL for an old kernel.
int prctl(int option, ...)
{
    (void)option;
    return (int)glue_ret(-EINVAL);
}
