// SPDX-License-Identifier: BSD-2-Clause
// Signals: Linux's numbers (from <ramet/signal.h>) with POSIX's types and functions.
//
// Replaces newlib's file whole: its numbers are BSD's, its sigaction has no SA_SIGINFO and its set
// macros shift an int. newlib's <signal.h> includes this one. struct layouts equal the kernel's
// (libc-glue/memory/layout.c asserts it), so the glue hands pointers through.
#ifndef _SYS_SIGNAL_H
#define _SYS_SIGNAL_H

#include <ramet/signal.h>
#include <sys/_sigset.h>
#include <sys/_timespec.h>
#include <sys/cdefs.h>
#include <sys/features.h>
#include <sys/types.h>

#ifndef _SIGSET_T_DECLARED
#define _SIGSET_T_DECLARED
typedef __sigset_t sigset_t; // bit (n - 1) is signal n
#endif

typedef void (*_sig_func_ptr)(int); // newlib's name for it

#define NSIG  65
#define _NSIG 65

// SI_* and *_* codes the kernel does not produce yet, so that programs naming them compile.
#define SI_MESGQ   (-3)
#define SI_ASYNCIO (-4)
#define SI_SIGIO   (-5)
#define ILL_ILLOPC 1
#define ILL_ILLADR 3
#define ILL_ILLTRP 4
#define ILL_PRVOPC 5
#define ILL_PRVREG 6
#define ILL_COPROC 7
#define ILL_BADSTK 8
#define FPE_INTOVF 2
#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTSUB 8
#define BUS_OBJERR 3
#define POLL_IN    1
#define POLL_OUT   2
#define POLL_MSG   3
#define POLL_ERR   4
#define POLL_PRI   5
#define POLL_HUP   6

union sigval {
    int sival_int;
    void *sival_ptr;
};
typedef union sigval sigval_t;

#define SIGEV_SIGNAL 0
#define SIGEV_NONE   1
#define SIGEV_THREAD 2

struct sigevent {
    union sigval sigev_value;
    int sigev_signo;
    int sigev_notify; // SIGEV_*
    void (*sigev_notify_function)(union sigval);
    void *sigev_notify_attributes;
    int __pad[8];
};

typedef struct {
    int si_signo;
    int si_errno;
    int si_code;
    int __pad0;
    union {
        struct {
            int __pid;
            unsigned __uid;
            union {
                int __status;
                union sigval __value; // 8 aligned: overlays status, as in Linux's union
            } __u;
            long __utime, __stime;
        } __proc;
        struct {
            void *__addr;
            short __addr_lsb;
        } __fault;
        struct {
            long __band;
            int __fd;
        } __poll;
        char __room[112];
    } __si;
} siginfo_t;

#define si_pid    __si.__proc.__pid
#define si_uid    __si.__proc.__uid
#define si_status __si.__proc.__u.__status
#define si_value  __si.__proc.__u.__value
#define si_int    si_value.sival_int
#define si_ptr    si_value.sival_ptr
#define si_utime  __si.__proc.__utime
#define si_stime  __si.__proc.__stime
#define si_addr   __si.__fault.__addr
#define si_band   __si.__poll.__band
#define si_fd     __si.__poll.__fd

struct sigaction {
    union {
        void (*__handler)(int);
        void (*__sigaction)(int, siginfo_t *, void *);
    } __sa;
    unsigned long sa_flags;
    sigset_t sa_mask;
};
#define sa_handler   __sa.__handler
#define sa_sigaction __sa.__sigaction

#define SIG_HOLD ((void (*)(int))2) // sigset()

#define SA_NOMASK  SA_NODEFER
#define SA_ONESHOT SA_RESETHAND

typedef struct sigaltstack {
    void *ss_sp;
    int ss_flags; // SS_*
    size_t ss_size;
} stack_t;

__BEGIN_DECLS
int kill(pid_t, int);
int killpg(pid_t, int);
int sigqueue(pid_t, int, const union sigval);
int sigaction(int, const struct sigaction *__restrict, struct sigaction *__restrict);
int sigprocmask(int, const sigset_t *__restrict, sigset_t *__restrict);
int pthread_kill(pthread_t, int);
int pthread_sigqueue(pthread_t, int, const union sigval);
int pthread_sigmask(int, const sigset_t *__restrict, sigset_t *__restrict);
int sigaddset(sigset_t *, int);
int sigdelset(sigset_t *, int);
int sigismember(const sigset_t *, int);
int sigfillset(sigset_t *);
int sigemptyset(sigset_t *);
int sigisemptyset(const sigset_t *);
int sigpending(sigset_t *);
int sigsuspend(const sigset_t *);
int sigwait(const sigset_t *__restrict, int *__restrict);
int sigwaitinfo(const sigset_t *__restrict, siginfo_t *__restrict);
int sigtimedwait(const sigset_t *__restrict, siginfo_t *__restrict,
                 const struct timespec *__restrict);
int sigaltstack(const stack_t *__restrict, stack_t *__restrict);
int siginterrupt(int, int);
void psiginfo(const siginfo_t *, const char *);
int sighold(int); // System V's; POSIX calls them obsolescent
int sigrelse(int);
int sigignore(int);
void (*sigset(int, void (*)(int)))(int);
int sigpause(int); // X/Open's: a signal's number, not BSD's mask
int sigorset(sigset_t *, const sigset_t *, const sigset_t *);
int sigandset(sigset_t *, const sigset_t *, const sigset_t *);
#ifdef _COMPILING_NEWLIB
int _kill(pid_t, int);
#endif
__END_DECLS

#include <sys/ucontext.h>

#ifndef _SIGNAL_H_
#include <signal.h> // programs take the two headers for the same
#endif

#endif
