// SPDX-License-Identifier: BSD-2-Clause
// The texts of errors and signals, worded as on Linux.
//
// newlib's own differ ("Not owner", "No children"); scripts and tests compare such output. newlib's
// strerror.o and strsignal.o are replaced whole: every symbol they define is defined here.
#include <errno.h>
#include <reent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

// Indexed by number. A hole is NULL, which the functions below report as an unknown error: numbers
// that POSIX does not name and nothing here returns have no text.
static const char *const errors[] = {
    [0] = "Success",
    [EPERM] = "Operation not permitted",
    [ENOENT] = "No such file or directory",
    [ESRCH] = "No such process",
    [EINTR] = "Interrupted system call",
    [EIO] = "Input/output error",
    [ENXIO] = "No such device or address",
    [E2BIG] = "Argument list too long",
    [ENOEXEC] = "Exec format error",
    [EBADF] = "Bad file descriptor",
    [ECHILD] = "No child processes",
    [EAGAIN] = "Resource temporarily unavailable",
    [ENOMEM] = "Cannot allocate memory",
    [EACCES] = "Permission denied",
    [EFAULT] = "Bad address",
    [ENOTBLK] = "Block device required",
    [EBUSY] = "Device or resource busy",
    [EEXIST] = "File exists",
    [EXDEV] = "Invalid cross-device link",
    [ENODEV] = "No such device",
    [ENOTDIR] = "Not a directory",
    [EISDIR] = "Is a directory",
    [EINVAL] = "Invalid argument",
    [ENFILE] = "Too many open files in system",
    [EMFILE] = "Too many open files",
    [ENOTTY] = "Inappropriate ioctl for device",
    [ETXTBSY] = "Text file busy",
    [EFBIG] = "File too large",
    [ENOSPC] = "No space left on device",
    [ESPIPE] = "Illegal seek",
    [EROFS] = "Read-only file system",
    [EMLINK] = "Too many links",
    [EPIPE] = "Broken pipe",
    [EDOM] = "Numerical argument out of domain",
    [ERANGE] = "Numerical result out of range",
    [EDEADLK] = "Resource deadlock avoided",
    [ENAMETOOLONG] = "File name too long",
    [ENOLCK] = "No locks available",
    [ENOSYS] = "Function not implemented",
    [ENOTEMPTY] = "Directory not empty",
    [ELOOP] = "Too many levels of symbolic links",
    [ENOMSG] = "No message of desired type",
    [EIDRM] = "Identifier removed",
    [ENOSTR] = "Device not a stream",
    [ENODATA] = "No data available",
    [ETIME] = "Timer expired",
    [ENOSR] = "Out of streams resources",
    [ENOLINK] = "Link has been severed",
    [EPROTO] = "Protocol error",
    [EMULTIHOP] = "Multihop attempted",
    [EBADMSG] = "Bad message",
    [EOVERFLOW] = "Value too large for defined data type",
    [EILSEQ] = "Invalid or incomplete multibyte or wide character",
    [ERESTART] = "Interrupted system call should be restarted",
    [ENOTSOCK] = "Socket operation on non-socket",
    [EDESTADDRREQ] = "Destination address required",
    [EMSGSIZE] = "Message too long",
    [EPROTOTYPE] = "Protocol wrong type for socket",
    [ENOPROTOOPT] = "Protocol not available",
    [EPROTONOSUPPORT] = "Protocol not supported",
    [ESOCKTNOSUPPORT] = "Socket type not supported",
    [EOPNOTSUPP] = "Operation not supported",
    [EPFNOSUPPORT] = "Protocol family not supported",
    [EAFNOSUPPORT] = "Address family not supported by protocol",
    [EADDRINUSE] = "Address already in use",
    [EADDRNOTAVAIL] = "Cannot assign requested address",
    [ENETDOWN] = "Network is down",
    [ENETUNREACH] = "Network is unreachable",
    [ENETRESET] = "Network dropped connection on reset",
    [ECONNABORTED] = "Software caused connection abort",
    [ECONNRESET] = "Connection reset by peer",
    [ENOBUFS] = "No buffer space available",
    [EISCONN] = "Transport endpoint is already connected",
    [ENOTCONN] = "Transport endpoint is not connected",
    [ESHUTDOWN] = "Cannot send after transport endpoint shutdown",
    [ETOOMANYREFS] = "Too many references: cannot splice",
    [ETIMEDOUT] = "Connection timed out",
    [ECONNREFUSED] = "Connection refused",
    [EHOSTDOWN] = "Host is down",
    [EHOSTUNREACH] = "No route to host",
    [EALREADY] = "Operation already in progress",
    [EINPROGRESS] = "Operation now in progress",
    [ESTALE] = "Stale file handle",
    [EDQUOT] = "Disk quota exceeded",
    [ECANCELED] = "Operation canceled",
    [EOWNERDEAD] = "Owner died",
    [ENOTRECOVERABLE] = "State not recoverable",
};

// As the shell prints them for a child that a signal ended. Real-time signals have no names of
// their own; strsignal() writes theirs.
static const char *const signals[] = {
    [SIGHUP] = "Hangup",
    [SIGINT] = "Interrupt",
    [SIGQUIT] = "Quit",
    [SIGILL] = "Illegal instruction",
    [SIGTRAP] = "Trace/breakpoint trap",
    [SIGABRT] = "Aborted",
    [SIGBUS] = "Bus error",
    [SIGFPE] = "Floating point exception",
    [SIGKILL] = "Killed",
    [SIGUSR1] = "User defined signal 1",
    [SIGSEGV] = "Segmentation fault",
    [SIGUSR2] = "User defined signal 2",
    [SIGPIPE] = "Broken pipe",
    [SIGALRM] = "Alarm clock",
    [SIGTERM] = "Terminated",
    [SIGSTKFLT] = "Stack fault",
    [SIGCHLD] = "Child exited",
    [SIGCONT] = "Continued",
    [SIGSTOP] = "Stopped (signal)",
    [SIGTSTP] = "Stopped",
    [SIGTTIN] = "Stopped (tty input)",
    [SIGTTOU] = "Stopped (tty output)",
    [SIGURG] = "Urgent I/O condition",
    [SIGXCPU] = "CPU time limit exceeded",
    [SIGXFSZ] = "File size limit exceeded",
    [SIGVTALRM] = "Virtual timer expired",
    [SIGPROF] = "Profiling timer expired",
    [SIGWINCH] = "Window changed",
    [SIGIO] = "I/O possible",
    [SIGPWR] = "Power failure",
    [SIGSYS] = "Bad system call",
};

#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

// Constant text wherever there is one: strerror() must not fail, and the text may be used while
// another call makes its own.
// The text of error N, or NULL.
static const char *error_text(int n)
{
    return n >= 0 && n < COUNT(errors) ? errors[n] : NULL;
}

// newlib's inner form, which perror() and printf("%m") call. INTERNAL and ERROR belong to a hook
// for texts of user-defined numbers that is not used here.
char *_strerror_r(struct _reent *reent, int n, int internal, int *error)
{
    static char unknown[32];
    const char *text = error_text(n);
    (void)reent, (void)internal, (void)error;
    if (text)
        return (char *)text;
    snprintf(unknown, sizeof unknown, "Unknown error %d", n);
    return unknown;
}

// POSIX: errno is not changed, and the program must not write into the text.
char *strerror(int n)
{
    return _strerror_r(_REENT, n, 0, NULL);
}

// There are no translations, so the locale makes no difference.
char *strerror_l(int n, locale_t locale)
{
    (void)locale;
    return strerror(n);
}

// GNU's form under GNU's name, POSIX's under the name newlib's header maps it to.
char *strerror_r(int n, char *buf, size_t len)
{
    if (error_text(n))
        return (char *)error_text(n);
    snprintf(buf, len, "Unknown error %d", n);
    return buf;
}

// XSH strerror_r(): the error is returned, errno left alone. BUF is filled as far as it goes even
// when ERANGE or EINVAL is the answer, since many callers print it regardless.
int __xpg_strerror_r(int n, char *buf, size_t len)
{
    const char *text = error_text(n);
    int need = text ? snprintf(buf, len, "%s", text) : snprintf(buf, len, "Unknown error %d", n);
    if (!text)
        return EINVAL;
    return (size_t)need < len ? 0 : ERANGE;
}

// Only what has no text of its own shares a buffer, until the next such call; 32 bytes hold the
// longest, "Unknown signal " and an int.
char *strsignal(int sig)
{
    static char other[32];
    if (sig > 0 && sig < COUNT(signals) && signals[sig])
        return (char *)signals[sig];
    if (sig >= SIGRTMIN && sig <= SIGRTMAX)
        snprintf(other, sizeof other, "Real-time signal %d", sig - SIGRTMIN);
    else
        snprintf(other, sizeof other, "Unknown signal %d", sig);
    return other;
}

// No colon without a prefix, as perror() has it.
void psignal(int sig, const char *prefix)
{
    int any = prefix && *prefix;
    fprintf(stderr, "%s%s%s\n", any ? prefix : "", any ? ": " : "", strsignal(sig));
}

// The code and the sender are not printed; POSIX leaves the wording open.
void psiginfo(const siginfo_t *info, const char *prefix)
{
    psignal(info->si_signo, prefix);
}
