// SPDX-License-Identifier: BSD-2-Clause
//
// Forty wrong calls and the error each must give: bad descriptors, bad pointers, bad arguments.
#include "tests/guest/check.h"
#include <dirent.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <termios.h>

static void descriptors(void)
{
    char c = 0;
    struct stat st;

    TRY(read(-1, &c, 1));
    TRY(write(77, &c, 1));
    TRY(lseek(77, 0, SEEK_SET));
    TRY(fstat(77, &st));
    TRY(fsync(77));
    TRY(ftruncate(77, 0));
    TRY(fchmod(77, 0));
    TRY(fchdir(77));
    TRY(isatty(77));
    TRY(ioctl(77, FIONREAD, &c));
    TRY(fdopendir(77) == NULL ? -1 : 0);
    TRY(fdopen(77, "r") == NULL ? -1 : 0);
}

static void arguments(void)
{
    struct timespec bad = {0, 1000000000L}, negative = {-1, 0};
    struct itimerval interval = {{0, 0}, {0, 2000000}};
    struct sigaction sa;
    struct rlimit lim;
    sigset_t set;
    struct pollfd one = {.fd = 77, .events = POLLIN};

    memset(&sa, 0, sizeof sa);
    sa.sa_handler = SIG_IGN;
    sigemptyset(&set);
    TRY(nanosleep(&bad, NULL));
    TRY(nanosleep(&negative, NULL));
    TRY(setitimer(ITIMER_REAL, &interval, NULL));
    TRY(setitimer(99, &interval, NULL));
    TRY(sigaction(0, &sa, NULL));
    TRY(sigaction(65, &sa, NULL));
    TRY(sigaction(SIGKILL, &sa, NULL));
    TRY(sigaction(SIGSTOP, &sa, NULL));
    TRY(sigprocmask(99, &set, NULL));
    TRY(sigaddset(&set, 0));
    TRY(sigaddset(&set, 1000));
    TRY(kill(getpid(), 99));
    TRY(kill(1 << 22, 0));
    TRY(kill(-(1 << 22), SIGTERM));
    TRY(getrlimit(999, &lim));
    TRY(clock_gettime(999, &bad));
    TRY(setpgid(getpid(), -5));
    TRY(setpgid(1 << 22, 0));
    TRY(getpgid(1 << 22));
    TRY(getsid(1 << 22));
    TRY(access("/", 99));
    TRY(poll(&one, 1, 0));
    say("revents of a closed descriptor: POLLNVAL %d", one.revents == POLLNVAL);
    TRY(sysconf(-1));
    TRY(sysconf(_SC_PAGESIZE));
    CHECK("sysconf(_SC_OPEN_MAX) is usable", sysconf(_SC_OPEN_MAX) >= 20);
    TRY(pathconf("/", _PC_NAME_MAX));
    TRY(pathconf("/", _PC_PIPE_BUF));
}

static void descriptor_sets(void)
{
    fd_set set;
    struct timeval none = {0, 0};

    // Below 64: Linux looks no further than its own descriptor table, which may be that short.
    close(61);
    FD_ZERO(&set);
    FD_SET(61, &set);
    TRY(select(62, &set, NULL, NULL, &none));
    TRY(select(-1, NULL, NULL, NULL, &none));
    struct timeval wrong = {-1, 0};
    TRY(select(0, NULL, NULL, NULL, &wrong));
}

static void files(void)
{
    struct termios tio;
    int fd = open("file", O_RDWR | O_CREAT, 0644);

    NEED(fd >= 0);
    TRY(isatty(fd));
    TRY(tcgetattr(fd, &tio));
    TRY(opendir("file") == NULL ? -1 : 0);
    TRY(rename("file", ""));
    TRY(unlink(""));
    TRY(mkdir("", 0755));
    TRY(mkdir("/", 0755));
    TRY(rmdir("/"));
    TRY(unlink("/"));
    TRY(link("file", "file"));
    TRY(symlink("", "empty-target"));
    TRY(readlink("file", (char *)&tio, 10));
    close(fd);
}

int main(void)
{
    scratch("errnos");
    descriptors();
    arguments();
    descriptor_sets();
    files();
    return 0;
}
