// SPDX-License-Identifier: BSD-2-Clause
// GNU's names and texts of errors and signals by their numbers: strerrorname_np(ENOENT) is
// "ENOENT". Unlike strerror() they are NULL for a number there is not. Neighbour: strings.c has the
// texts.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

// By the number, with the name as the program spells it.
#define NAME(error) [error] = #error

static const char *const error_names[] = {
    [0] = "0",
    NAME(EPERM),
    NAME(ENOENT),
    NAME(ESRCH),
    NAME(EINTR),
    NAME(EIO),
    NAME(ENXIO),
    NAME(E2BIG),
    NAME(ENOEXEC),
    NAME(EBADF),
    NAME(ECHILD),
    NAME(EAGAIN),
    NAME(ENOMEM),
    NAME(EACCES),
    NAME(EFAULT),
    NAME(ENOTBLK),
    NAME(EBUSY),
    NAME(EEXIST),
    NAME(EXDEV),
    NAME(ENODEV),
    NAME(ENOTDIR),
    NAME(EISDIR),
    NAME(EINVAL),
    NAME(ENFILE),
    NAME(EMFILE),
    NAME(ENOTTY),
    NAME(ETXTBSY),
    NAME(EFBIG),
    NAME(ENOSPC),
    NAME(ESPIPE),
    NAME(EROFS),
    NAME(EMLINK),
    NAME(EPIPE),
    NAME(EDOM),
    NAME(ERANGE),
    NAME(EDEADLK),
    NAME(ENAMETOOLONG),
    NAME(ENOLCK),
    NAME(ENOSYS),
    NAME(ENOTEMPTY),
    NAME(ELOOP),
    NAME(ENOMSG),
    NAME(EIDRM),
    NAME(ENOSTR),
    NAME(ENODATA),
    NAME(ETIME),
    NAME(ENOSR),
    NAME(ENOLINK),
    NAME(EPROTO),
    NAME(EMULTIHOP),
    NAME(EBADMSG),
    NAME(EOVERFLOW),
    NAME(EILSEQ),
    NAME(ERESTART),
    NAME(ENOTSOCK),
    NAME(EDESTADDRREQ),
    NAME(EMSGSIZE),
    NAME(EPROTOTYPE),
    NAME(ENOPROTOOPT),
    NAME(EPROTONOSUPPORT),
    NAME(ESOCKTNOSUPPORT),
    NAME(EOPNOTSUPP),
    NAME(EPFNOSUPPORT),
    NAME(EAFNOSUPPORT),
    NAME(EADDRINUSE),
    NAME(EADDRNOTAVAIL),
    NAME(ENETDOWN),
    NAME(ENETUNREACH),
    NAME(ENETRESET),
    NAME(ECONNABORTED),
    NAME(ECONNRESET),
    NAME(ENOBUFS),
    NAME(EISCONN),
    NAME(ENOTCONN),
    NAME(ESHUTDOWN),
    NAME(ETOOMANYREFS),
    NAME(ETIMEDOUT),
    NAME(ECONNREFUSED),
    NAME(EHOSTDOWN),
    NAME(EHOSTUNREACH),
    NAME(EALREADY),
    NAME(EINPROGRESS),
    NAME(ESTALE),
    NAME(EDQUOT),
    NAME(ECANCELED),
    NAME(EOWNERDEAD),
    NAME(ENOTRECOVERABLE),
};

// Without "SIG", as kill -l prints them.
#define ABBREVIATED(name) [SIG##name] = #name

static const char *const signal_names[] = {
    ABBREVIATED(HUP),  ABBREVIATED(INT),    ABBREVIATED(QUIT), ABBREVIATED(ILL),
    ABBREVIATED(TRAP), ABBREVIATED(ABRT),   ABBREVIATED(BUS),  ABBREVIATED(FPE),
    ABBREVIATED(KILL), ABBREVIATED(USR1),   ABBREVIATED(SEGV), ABBREVIATED(USR2),
    ABBREVIATED(PIPE), ABBREVIATED(ALRM),   ABBREVIATED(TERM), ABBREVIATED(STKFLT),
    ABBREVIATED(CHLD), ABBREVIATED(CONT),   ABBREVIATED(STOP), ABBREVIATED(TSTP),
    ABBREVIATED(TTIN), ABBREVIATED(TTOU),   ABBREVIATED(URG),  ABBREVIATED(XCPU),
    ABBREVIATED(XFSZ), ABBREVIATED(VTALRM), ABBREVIATED(PROF), ABBREVIATED(WINCH),
    ABBREVIATED(IO),   ABBREVIATED(PWR),    ABBREVIATED(SYS),
};

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

// Of two names for a number (EAGAIN, EWOULDBLOCK) the older one.
const char *strerrorname_np(int n)
{
    return n >= 0 && n < COUNT(error_names) ? error_names[n] : NULL;
}

// Who has a name has a text.
const char *strerrordesc_np(int n)
{
    return strerrorname_np(n) ? strerror(n) : NULL;
}

// Real-time signals have none.
const char *sigabbrev_np(int sig)
{
    return sig > 0 && sig < COUNT(signal_names) ? signal_names[sig] : NULL;
}

const char *sigdescr_np(int sig)
{
    return sigabbrev_np(sig) ? strsignal(sig) : NULL;
}
