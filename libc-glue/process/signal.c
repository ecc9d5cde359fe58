// SPDX-License-Identifier: BSD-2-Clause
// Signals: sets, actions, masks, waiting for them, and the jumps that restore a mask.
// The kernel delivers (kernel/signal/signal.c), this file only reshapes calls. Neighbour:
// strings.c.
#include <limits.h>
#include <reent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "libc-glue/glue.h"

// Signals are counted from 1; 0 is kill()'s question whether a process exists and never in a set.
static int valid_signal(int sig)
{
    return sig >= 1 && sig <= K_NSIG;
}

// SIG must be valid: a shift by -1 or 64 has no meaning in C. Bit 0 is signal 1, as in the kernel's
// masks, which are the same 64 bits.
static sigset_t bit(int sig)
{
    return (sigset_t)1 << (sig - 1);
}

int sigemptyset(sigset_t *set)
{
    *set = 0;
    return 0;
}

// Also bits of signals that cannot be blocked; the kernel leaves SIGKILL and SIGSTOP out of a mask
// without an error (XSH sigprocmask()).
int sigfillset(sigset_t *set)
{
    *set = ~(sigset_t)0;
    return 0;
}

int sigaddset(sigset_t *set, int sig)
{
    if (!valid_signal(sig))
        return (int)glue_ret(-EINVAL);
    *set |= bit(sig);
    return 0;
}

int sigdelset(sigset_t *set, int sig)
{
    if (!valid_signal(sig))
        return (int)glue_ret(-EINVAL);
    *set &= ~bit(sig);
    return 0;
}

int sigismember(const sigset_t *set, int sig)
{
    if (!valid_signal(sig))
        return (int)glue_ret(-EINVAL);
    return (*set & bit(sig)) != 0;
}

int sigisemptyset(const sigset_t *set)
{
    return *set == 0;
}

// The kernel calls the handler itself and returns from it by itself, so there is no trampoline to
// fill in here (sa_restorer on Linux).
int sigaction(int sig, const struct sigaction *restrict act, struct sigaction *restrict old)
{
    return (int)glue_ret(sys_sigaction(sig, KC(k_sigaction, act), K(k_sigaction, old)));
}

// Signals for which siginterrupt() asked that calls be interrupted, not restarted.
// Of this libc only, the kernel does not know of it; exec forgets it, as it resets the handlers.
static sigset_t interrupting;

_sig_func_ptr _signal_r(struct _reent *reent, int sig, _sig_func_ptr handler)
{
    struct sigaction act = {.sa_flags = SA_RESTART}, old;
    (void)reent;
    act.sa_handler = handler;
    sigaddset(&act.sa_mask, sig); // as glibc has it, for those who ask sigaction() later
    // siginterrupt() before signal() has its effect on the handler set later, too.
    if (valid_signal(sig) && (interrupting & bit(sig)))
        act.sa_flags = 0;
    return sigaction(sig, &act, &old) < 0 ? SIG_ERR : old.sa_handler;
}

// BSD's meaning, which Linux's libc has too: the handler stays, calls are restarted.
_sig_func_ptr signal(int sig, _sig_func_ptr handler)
{
    return _signal_r(_REENT, sig, handler);
}

int siginterrupt(int sig, int interrupt)
{
    struct sigaction act;
    if (sigaction(sig, NULL, &act) < 0)
        return -1;
    if (interrupt) {
        interrupting |= bit(sig);
        act.sa_flags &= ~(unsigned long)SA_RESTART;
    } else {
        interrupting &= ~bit(sig);
        act.sa_flags |= SA_RESTART;
    }
    return sigaction(sig, &act, NULL);
}

int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
    return (int)glue_ret(sys_sigprocmask(how, set, old));
}

// The same call, but an error number is returned and errno left alone (XSH).
int pthread_sigmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
    return (int)-sys_sigprocmask(how, set, old);
}

// Only what is blocked can be seen waiting: anything else is delivered before the call returns.
int sigpending(sigset_t *set)
{
    return (int)glue_ret(sys_sigpending(set));
}

// Always -1 with EINTR, after the handler has run and the old mask is back.
int sigsuspend(const sigset_t *mask)
{
    return (int)GLUE_POINT(sys_sigsuspend(mask));
}

// Between reading the mask and waiting nothing is lost that pause() could keep: a signal just
// before the call is missed by any pause(), which is what sigsuspend() is for.
int pause(void)
{
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    return sigsuspend(&mask);
}

// The signals must be blocked by the caller, or a handler takes them. EAGAIN when the time is over;
// a timeout of 0 only looks. The number comes back, and the signal is no longer pending.
int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info,
                 const struct timespec *restrict timeout)
{
    return (int)GLUE_POINT(sys_sigtimedwait(set, K(k_siginfo, info), KC(k_timespec, timeout)));
}

int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info)
{
    return sigtimedwait(set, info, NULL);
}

// Returns the error instead of setting errno; a handler that ran meanwhile does not end the wait.
int sigwait(const sigset_t *restrict set, int *restrict sig)
{
    long r;
    do {
        glue_point_begin();
        r = sys_sigtimedwait(set, NULL, NULL);
        glue_point_end(r);
    } while (r == -EINTR);
    if (r < 0)
        return (int)-r;
    *sig = (int)r;
    return 0;
}

// EPERM while a handler runs on it. A child of fork() has it still, the program after exec has not.
int sigaltstack(const stack_t *restrict ss, stack_t *restrict old)
{
    return (int)glue_ret(sys_sigaltstack(KC(k_stack, ss), K(k_stack, old)));
}

// A signal to oneself that is not blocked is delivered before this returns (XSH kill()), which
// raise() and abort() build on: the kernel runs handlers at the end of every call.
int kill(pid_t pid, int sig)
{
    return (int)glue_ret(sys_kill(pid, sig));
}

// -1 would be everybody, and 0 here is the caller's own group.
int killpg(pid_t group, int sig)
{
    if (group < 0 || group == 1)
        return (int)glue_ret(-EINVAL);
    return kill(-group, sig);
}

// The pointer is the whole union: sival_int is its lower half. It means something only to a
// receiver that shares the memory it points to.
int sigqueue(pid_t pid, int sig, const union sigval value)
{
    return (int)glue_ret(sys_sigqueue(pid, sig, (uint64_t)(uintptr_t)value.sival_ptr));
}

// To the calling thread (XSH raise()).
int raise(int sig)
{
    return (int)glue_ret(sys_thread_kill(0, sig, SI_TKILL, 0));
}

int _raise_r(struct _reent *reent, int sig)
{
    (void)reent;
    return raise(sig);
}

// SIGABRT must end the process whatever its handler and the mask say.
void abort(void)
{
    sigset_t set = bit(SIGABRT);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(SIGABRT);
    struct sigaction act = {.sa_flags = 0};
    act.sa_handler = SIG_DFL;
    // The handler returned, or the signal was ignored: now by the default action, which nothing can
    // stop.
    sigaction(SIGABRT, &act, NULL);
    raise(SIGABRT);
    _exit(127); // not reached: the default action ended us
}

// First half of the macro sigsetjmp(); setjmp() itself runs in the caller's frame.
// The mask is read before setjmp() saves the registers: a return by siglongjmp() comes out behind
// it.
void __sigjmp_save(sigjmp_buf env, int savemask)
{
    env->__saved = savemask;
    if (savemask)
        sigprocmask(SIG_BLOCK, NULL, &env->__mask);
}

// The mask first, and on the old stack: a signal that is let through by it is handled here, before
// the jump, and returns to here. Behind longjmp() there is no place to do it from.
void siglongjmp(sigjmp_buf env, int value)
{
    if (env->__saved)
        sigprocmask(SIG_SETMASK, &env->__mask, NULL);
    longjmp(env->__regs, value);
}

void _longjmp(jmp_buf env, int value)
{
    longjmp(env, value);
}
