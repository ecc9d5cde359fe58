// SPDX-License-Identifier: BSD-2-Clause
//
// What the C library tells of the system, and tells the system: lines of mount tables that are
// longer than the buffer, and the error of a message that syslog() prints.
#include "tests/guest/check.h"
#include <mntent.h>
#include <syslog.h>

#ifdef __linux__
#define OURS(fact) 1 // glibc writes the message in one piece, which is lost
#else
#define OURS(fact) (fact)
#endif

static void mounts(int size)
{
    char buf[128];
    struct mntent m;
    FILE *f = setmntent("table", "r");
    NEED(f);
    say("with %d bytes", size);
    while (getmntent_r(f, &m, buf, size))
        say("  [%s] [%s] [%s] [%s] %d %d", m.mnt_fsname, m.mnt_dir, m.mnt_type, m.mnt_opts,
            m.mnt_freq, m.mnt_passno);
    endmntent(f);
}

static void on_pipe(int sig)
{
    (void)sig;
    int fd = open("log", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(fd, 2);
    close(fd);
}

static int logged(const char *text)
{
    char log[200];
    int fd = open("log", O_RDONLY);
    ssize_t n = read(fd, log, sizeof log - 1);
    NEED(n >= 0);
    close(fd);
    log[n] = '\0';
    return strstr(log, text) != NULL;
}

static void messages(void)
{
    int p[2];
    openlog("test", LOG_PERROR, LOG_USER);
    on_pipe(0);
    errno = EPERM;
    syslog(LOG_INFO, "first %d: %m", 1);
    say("the error in the log: %d", logged(strerror(EPERM)) && logged("test: first 1: "));
    // Writing the name fails, and works again for the message.
    NEED(pipe(p) == 0 && close(p[0]) == 0);
    install(SIGPIPE, on_pipe, 0);
    dup2(p[1], 2);
    errno = EPERM;
    syslog(LOG_INFO, "second: %m");
    say("in spite of another: %d", OURS(logged(strerror(EPERM))));
    say("and afterwards: %d", OURS(errno == EPERM));
}

int main(void)
{
    scratch("system");
    put_file("table",
             "# no mount\n\n"
             "/dev/a /a ext4 rw,errors=remount-ro,a-long-option,and-another 1 2\n"
             "b\\040c /b tmpfs rw 3 4\n"
             "d /d\n"
             "/dev/without-newline /e ext4 ro",
             0644);
    mounts(128);
    mounts(40);
    mounts(10);
    messages();
    return 0;
}
