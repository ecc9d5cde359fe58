// SPDX-License-Identifier: BSD-2-Clause
//
// What every guest test shares: speaking in whole lines, naming errors, describing wait statuses.
//
// A guest test is a plain POSIX program compiled twice: with the host's compiler, where Linux is
// the oracle, and with ramet-cc. Both runs must print the same bytes and end with the same status,
// so nothing here prints a pid, a time, an address or a strerror() text (libcs word those
// differently). Everything is static inline: a test stays one file and one compiler call.
#ifndef TESTS_GUEST_CHECK_H
#define TESTS_GUEST_CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// One line, one write(2): lines of several processes never mix and never wait in a stdio buffer
// that a later fork would duplicate. A newline is added.
__attribute__((format(printf, 1, 2))) static inline void say(const char *fmt, ...)
{
    char line[1024];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line - 1, fmt, ap);
    va_end(ap);
    if (n < 0 || n > (int)sizeof line - 2)
        n = (int)sizeof line - 2;
    line[n] = '\n';
    if (write(STDOUT_FILENO, line, (size_t)n + 1) != n + 1)
        _exit(99);
}

static inline const char *err_name(int err)
{
    static const struct {
        int value;
        const char *name;
    } names[] = {
        {0, "OK"},
        {E2BIG, "E2BIG"},
        {EACCES, "EACCES"},
        {EAGAIN, "EAGAIN"},
        {EBADF, "EBADF"},
        {EBUSY, "EBUSY"},
        {ECHILD, "ECHILD"},
        {EDOM, "EDOM"},
        {EEXIST, "EEXIST"},
        {EFAULT, "EFAULT"},
        {EFBIG, "EFBIG"},
        {EINTR, "EINTR"},
        {EINVAL, "EINVAL"},
        {EIO, "EIO"},
        {EISDIR, "EISDIR"},
        {ELOOP, "ELOOP"},
        {EMFILE, "EMFILE"},
        {EMLINK, "EMLINK"},
        {ENFILE, "ENFILE"},
        {ENOENT, "ENOENT"},
        {ENODEV, "ENODEV"},
        {ENOEXEC, "ENOEXEC"},
        {ENOLCK, "ENOLCK"},
        {ENOMEM, "ENOMEM"},
        {ENOSPC, "ENOSPC"},
        {ENOSYS, "ENOSYS"},
        {ENOTDIR, "ENOTDIR"},
        {ENOTEMPTY, "ENOTEMPTY"},
        {ENOTTY, "ENOTTY"},
        {ENXIO, "ENXIO"},
        {EOVERFLOW, "EOVERFLOW"},
        {EPERM, "EPERM"},
        {EPIPE, "EPIPE"},
        {ERANGE, "ERANGE"},
        {EROFS, "EROFS"},
        {ESPIPE, "ESPIPE"},
        {ESRCH, "ESRCH"},
        {EXDEV, "EXDEV"},
        {EDEADLK, "EDEADLK"},
        {ETXTBSY, "ETXTBSY"},
        {ENOTSOCK, "ENOTSOCK"},
        {ENAMETOOLONG, "ENAMETOOLONG"},
        {ENOTRECOVERABLE, "ENOTRECOVERABLE"},
        {EOWNERDEAD, "EOWNERDEAD"},
        {ETIMEDOUT, "ETIMEDOUT"},
        {EADDRINUSE, "EADDRINUSE"},
        {EAFNOSUPPORT, "EAFNOSUPPORT"},
        {ECONNREFUSED, "ECONNREFUSED"},
        {ECONNRESET, "ECONNRESET"},
        {EDESTADDRREQ, "EDESTADDRREQ"},
        {EISCONN, "EISCONN"},
        {EMSGSIZE, "EMSGSIZE"},
        {ENOPROTOOPT, "ENOPROTOOPT"},
        {ENOTCONN, "ENOTCONN"},
        {EOPNOTSUPP, "EOPNOTSUPP"},
        {EPROTONOSUPPORT, "EPROTONOSUPPORT"},
        {EPROTOTYPE, "EPROTOTYPE"},
        {ESOCKTNOSUPPORT, "ESOCKTNOSUPPORT"},
        {ETOOMANYREFS, "ETOOMANYREFS"},
        {ENOMSG, "ENOMSG"},
        {EIDRM, "EIDRM"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].value == err)
            return names[i].name;
    return "E?";
}

static inline const char *sig_name(int sig)
{
    static const struct {
        int value;
        const char *name;
    } names[] = {
        {SIGHUP, "HUP"},   {SIGINT, "INT"},   {SIGQUIT, "QUIT"},   {SIGILL, "ILL"},
        {SIGABRT, "ABRT"}, {SIGBUS, "BUS"},   {SIGFPE, "FPE"},     {SIGKILL, "KILL"},
        {SIGUSR1, "USR1"}, {SIGSEGV, "SEGV"}, {SIGUSR2, "USR2"},   {SIGPIPE, "PIPE"},
        {SIGALRM, "ALRM"}, {SIGTERM, "TERM"}, {SIGCHLD, "CHLD"},   {SIGCONT, "CONT"},
        {SIGSTOP, "STOP"}, {SIGTSTP, "TSTP"}, {SIGTTIN, "TTIN"},   {SIGTTOU, "TTOU"},
        {SIGTRAP, "TRAP"}, {SIGURG, "URG"},   {SIGWINCH, "WINCH"}, {SIGIO, "IO"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].value == sig)
            return names[i].name;
    return "?";
}

// What a wait() status says, decoded by the macros only.
static inline void say_status(const char *what, int status)
{
    if (WIFEXITED(status))
        say("%s: exited %d", what, WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        say("%s: killed by %s", what, sig_name(WTERMSIG(status)));
    else if (WIFSTOPPED(status))
        say("%s: stopped by %s", what, sig_name(WSTOPSIG(status)));
    else if (WIFCONTINUED(status))
        say("%s: continued", what);
    else
        say("%s: status 0x%x?", what, (unsigned)status);
}

static inline void say_result(const char *what, long result)
{
    if (result == -1)
        say("%s = -1 %s", what, err_name(errno));
    else
        say("%s = %ld", what, result);
}

// TRY prints the call as written and what it returned; CHECK prints a fact. "NO" in the oracle's
// own output is refused by the harness: it means that the test is wrong, not the system.
#define TRY(call) (errno = 0, say_result(#call, (long)(call)))
// Says nothing unless the fact is none.
#define MUST(fact) ((fact) ? (void)0 : say("line %d: %s: NO, %s", __LINE__, #fact, err_name(errno)))

#define CHECK(label, fact) say("%s: %s", (label), (fact) ? "yes" : "NO")

// For the steps a test cannot go on without: one line, then out with a status no test uses.
#define NEED(fact)                                                                                 \
    do {                                                                                           \
        if (!(fact)) {                                                                             \
            say("line %d: %s failed: %s NO", __LINE__, #fact, err_name(errno));                    \
            _exit(98);                                                                             \
        }                                                                                          \
    } while (0)

// waitpid() that a signal handler cannot interrupt; returns the status.
static inline int wait_for(pid_t pid)
{
    int status = 0;
    pid_t got;

    do
        got = waitpid(pid, &status, 0);
    while (got == -1 && errno == EINTR);
    if (got != pid)
        say("waitpid: another child or error %s: NO", got == -1 ? err_name(errno) : "-");
    return status;
}

static inline void install(int sig, void (*handler)(int), int flags)
{
    struct sigaction sa;

    memset(&sa, 0, sizeof sa);
    sa.sa_handler = handler;
    sa.sa_flags = flags;
    sigemptyset(&sa.sa_mask);
    NEED(sigaction(sig, &sa, NULL) == 0);
}

static inline void sleep_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000L};

    while (nanosleep(&left, &left) == -1 && errno == EINTR)
        ;
}

// A gate makes one process wait for another without a sleep: a pipe that carries one byte.
struct gate {
    int fd[2];
};

static inline struct gate gate_make(void)
{
    struct gate g;

    NEED(pipe(g.fd) == 0);
    return g;
}

static inline void gate_open(struct gate *g)
{
    ssize_t n;

    do
        n = write(g->fd[1], "g", 1);
    while (n == -1 && errno == EINTR);
    NEED(n == 1);
}

static inline void gate_wait(struct gate *g)
{
    char c;
    ssize_t n;

    do
        n = read(g->fd[0], &c, 1);
    while (n == -1 && errno == EINTR);
    NEED(n == 1);
}

// Makes and enters an empty directory of this test's own, so that the names it prints are short
// and the same everywhere.
static inline void scratch(const char *name)
{
    const char *tmp = getenv("TMPDIR");
    char path[512];

    snprintf(path, sizeof path, "%s/t-%s", tmp ? tmp : "/tmp", name);
    umask(022);
    NEED(mkdir(path, 0755) == 0 || errno == EEXIST);
    NEED(chdir(path) == 0);
}

// Where the compiled tests live: programs that exec another test find it here.
static inline const char *test_path(const char *name)
{
    static char path[512];
    const char *dir = getenv("TESTDIR");

    snprintf(path, sizeof path, "%s/%s", dir ? dir : "/tests", name);
    return path;
}

static inline void put_file(const char *name, const char *text, int mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    NEED(fd >= 0);
    NEED(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    NEED(close(fd) == 0);
    NEED(chmod(name, (mode_t)mode) == 0);
}

// Prints a whole small file as one line, newlines shown as "\n".
static inline void say_file(const char *name)
{
    char text[400], shown[900];
    int fd = open(name, O_RDONLY);
    size_t out = 0;

    if (fd < 0) {
        say("%s: open: %s", name, err_name(errno));
        return;
    }
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    for (ssize_t i = 0; i < n; i++) {
        if (text[i] == '\n' || text[i] == '\0') {
            shown[out++] = '\\';
            shown[out++] = text[i] == '\n' ? 'n' : '0';
        } else {
            shown[out++] = text[i];
        }
    }
    shown[out] = '\0';
    say("%s: %zd bytes [%s]", name, n, shown);
}

#endif
