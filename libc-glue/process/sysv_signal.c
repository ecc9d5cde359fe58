// SPDX-License-Identifier: BSD-2-Clause
// System V's signal functions, which POSIX calls obsolescent and programs of its age use, and GNU's
// operations on sets.
#include <errno.h>
#include <signal.h>
#include <string.h>

// Adds SIG to the mask or takes it out (HOW as for sigprocmask()).
static int change_mask(int how, int sig)
{
    sigset_t set;
    sigemptyset(&set);
    if (sigaddset(&set, sig) < 0)
        return -1;
    return sigprocmask(how, &set, NULL);
}

// Blocks a signal, whatever is blocked besides it.
int sighold(int sig)
{
    return change_mask(SIG_BLOCK, sig);
}

// Lets it come again; one that is pending comes at once.
int sigrelse(int sig)
{
    return change_mask(SIG_UNBLOCK, sig);
}

// The handler goes for good; sigset() would bring another.
int sigignore(int sig)
{
    struct sigaction act = {.sa_handler = SIG_IGN};
    return sigaction(sig, &act, NULL);
}

// Returns SIG_HOLD when the signal was blocked, else the disposition there was (XSH sigset()).
void (*sigset(int sig, void (*handler)(int)))(int)
{
    sigset_t set, old;
    struct sigaction act = {.sa_handler = handler}, before;
    sigemptyset(&set);
    if (sigaddset(&set, sig) < 0)
        return SIG_ERR;
    if (sigaction(sig, handler == SIG_HOLD ? NULL : &act, &before) < 0)
        return SIG_ERR;
    if (sigprocmask(handler == SIG_HOLD ? SIG_BLOCK : SIG_UNBLOCK, &set, &old) < 0)
        return SIG_ERR;
    return sigismember(&old, sig) ? SIG_HOLD : before.sa_handler;
}

// X/Open's: takes SIG out of the mask until a signal has come.
int sigpause(int sig)
{
    sigset_t set;
    if (sigprocmask(SIG_BLOCK, NULL, &set) < 0 || sigdelset(&set, sig) < 0)
        return -1;
    return sigsuspend(&set);
}

// A set is a field of bits, whatever type it has.
static unsigned char *bytes_of(sigset_t *set)
{
    return (unsigned char *)set;
}

// What is in either of two sets, one of which may be the result.
int sigorset(sigset_t *to, const sigset_t *a, const sigset_t *b)
{
    sigset_t x = *a, y = *b;
    for (size_t i = 0; i < sizeof x; i++)
        bytes_of(to)[i] = bytes_of(&x)[i] | bytes_of(&y)[i];
    return 0;
}

// What is in both.
int sigandset(sigset_t *to, const sigset_t *a, const sigset_t *b)
{
    sigset_t x = *a, y = *b;
    for (size_t i = 0; i < sizeof x; i++)
        bytes_of(to)[i] = bytes_of(&x)[i] & bytes_of(&y)[i];
    return 0;
}
