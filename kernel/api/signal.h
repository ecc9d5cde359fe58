// SPDX-License-Identifier: BSD-2-Clause
// Signal numbers, flags and layouts, with Linux x86-64's values. kernel/signal/signal.c gives them
// meaning.
#ifndef RAMET_API_SIGNAL_H
#define RAMET_API_SIGNAL_H

#include <stdint.h>

#define SIGHUP    1
#define SIGINT    2
#define SIGQUIT   3
#define SIGILL    4
#define SIGTRAP   5
#define SIGABRT   6
#define SIGBUS    7
#define SIGFPE    8
#define SIGKILL   9
#define SIGUSR1   10
#define SIGSEGV   11
#define SIGUSR2   12
#define SIGPIPE   13
#define SIGALRM   14
#define SIGTERM   15
#define SIGSTKFLT 16
#define SIGCHLD   17
#define SIGCONT   18
#define SIGSTOP   19
#define SIGTSTP   20
#define SIGTTIN   21
#define SIGTTOU   22
#define SIGURG    23
#define SIGXCPU   24
#define SIGXFSZ   25
#define SIGVTALRM 26
#define SIGPROF   27
#define SIGWINCH  28
#define SIGIO     29
#define SIGPWR    30
#define SIGSYS    31
#define SIGIOT    SIGABRT
#define SIGPOLL   SIGIO
#define K_NSIG    64 // highest signal number; bit (n - 1) of a k_sigset_t is signal n
#define SIGRTMIN  34
#define SIGRTMAX  64

#define SA_NOCLDSTOP 0x00000001
#define SA_NOCLDWAIT 0x00000002
#define SA_SIGINFO   0x00000004
#define SA_ONSTACK   0x08000000
#define SA_RESTART   0x10000000
#define SA_NODEFER   0x40000000
#define SA_RESETHAND 0x80000000

#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

#define SS_ONSTACK  1
#define SS_DISABLE  2
#define MINSIGSTKSZ 8192 // a handler's frame saves the vector registers: more than Linux's 2048
#define SIGSTKSZ    16384

#define SI_USER       0
#define SI_KERNEL     0x80
#define SI_QUEUE      (-1)
#define SI_TIMER      (-2)
#define SI_TKILL      (-6)
#define CLD_EXITED    1
#define CLD_KILLED    2
#define CLD_DUMPED    3
#define CLD_TRAPPED   4
#define CLD_STOPPED   5
#define CLD_CONTINUED 6
#define ILL_ILLOPN    2
#define FPE_INTDIV    1
#define FPE_FLTINV    7
#define SEGV_MAPERR   1
#define SEGV_ACCERR   2
#define BUS_ADRALN    1
#define BUS_ADRERR    2
#define TRAP_BRKPT    1
#define TRAP_TRACE    2

typedef uint64_t k_sigset_t;

#define K_SIG_DFL ((void (*)(int))0)
#define K_SIG_IGN ((void (*)(int))1)

struct k_sigaction {
    void (*handler)(int); // or void (*)(int, siginfo *, ucontext *) with SA_SIGINFO
    uint64_t flags;       // SA_*
    k_sigset_t mask;
};

// The first 48 bytes of Linux's siginfo_t; the libc's is 128 bytes long, as there.
struct k_siginfo {
    int32_t signo;
    int32_t error;
    int32_t code; // SI_*, CLD_*, SEGV_*...
    int32_t pad;
    union {
        struct {
            int32_t pid;
            uint32_t uid;
            union {
                int32_t status; // SIGCHLD: exit status or signal
                uint64_t value; // SI_QUEUE: the sender's sigval
            };
        } proc;
        struct {
            uint64_t addr; // SIGSEGV, SIGBUS, SIGILL, SIGFPE
        } fault;
        uint8_t room[112];
    } u;
};
_Static_assert(sizeof(struct k_siginfo) == 128, "Linux's siginfo_t is 128 bytes");

struct k_stack { // Linux's stack_t
    void *sp;
    int32_t flags; // SS_*
    uint64_t size;
};

#endif
