// SPDX-License-Identifier: BSD-2-Clause
// Starting one QEMU: its memory, its lines, fork and exec. In the supervisor, which must not block:
// nothing here waits for the new process. See qemu.h.

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/qemu/qemu.h"

// The other ends of the lines, which go to QEMU.
struct ends {
    int ram, qmp, com, bell, complaints;
};

void qemu_close(struct qemu_process *p)
{
    int *const all[] = {&p->complaints,   &p->lease,        &p->fd[QEMU_RAM],
                        &p->fd[QEMU_QMP], &p->fd[QEMU_COM], &p->fd[QEMU_BELL]};
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (*all[i] >= 0)
            close(*all[i]);
        *all[i] = -1;
    }
}

static void close_ends(const struct ends *e)
{
    const int all[] = {e->qmp, e->com, e->bell, e->complaints};
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i] >= 0)
            close(all[i]);
}

// A stream socket pair, one end for us and one for QEMU.
static int line(int *ours, int *theirs)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    *ours = pair[0];
    *theirs = pair[1];
    return 0;
}

// 0 or -1 with errno.
static int make_lines(const struct qemu_family *q, struct qemu_process *p, struct ends *e)
{
    int pair[2];
    p->fd[QEMU_RAM] = e->ram = memfd_create("ramet-ram", MFD_CLOEXEC);
    if (e->ram < 0 || ftruncate(e->ram, (off_t)q->ram) < 0 || line(&p->fd[QEMU_QMP], &e->qmp) < 0 ||
        line(&p->fd[QEMU_COM], &e->com) < 0 || line(&p->fd[QEMU_BELL], &e->bell) < 0)
        return -1;
    // QEMU has something to say once or never: what does not fit in the pipe is dropped, so that it
    // does not wait for us.
    if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    p->complaints = pair[0];
    e->complaints = pair[1];
    return 0;
}

// In the child. Numbers from QEMU_AT_END up are out of the way of those to be filled.
static int place(const struct qemu_family *q, const struct ends *e)
{
    int null = open("/dev/null", O_RDWR);
    int from[QEMU_AT_END] = {null, null, e->complaints};
    from[QEMU_AT_RAM] = e->ram;
    from[QEMU_AT_SHARED] = q->shared_fd;
    from[QEMU_AT_QMP] = e->qmp;
    from[QEMU_AT_COM] = e->com;
    from[QEMU_AT_BELL] = e->bell;
    from[QEMU_AT_SHIM] = q->shim_fd;
    for (uint32_t i = 0; i < DISKS_MAX; i++)
        from[QEMU_AT_DISKS + i] = i < q->ndisks ? q->disks[i].fd : null;
    for (int i = 0; i < QEMU_AT_END; i++)
        if ((from[i] = fcntl(from[i], F_DUPFD, QEMU_AT_END)) < 0)
            return -1;
    for (int i = 0; i < QEMU_AT_END; i++)
        if (dup2(from[i], i) < 0)
            return -1;
    return close_range(QEMU_AT_END, ~0u, 0);
}

static _Noreturn void become_qemu(const struct qemu_family *q, const struct ends *e,
                                  char *const *argv, pid_t supervisor)
{
    sigset_t none;
    sigemptyset(&none);
    // Before anything else: from here on it does not outlive us.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have died before prctl(): then nobody would end this process.
    if (getppid() == supervisor && place(q, e) == 0) {
        setsid(); // no signals from the terminal
        signal(SIGPIPE, SIG_DFL);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execv(q->binary, argv);
        dprintf(2, "%s: %s\n", q->binary, strerror(errno));
    }
    _exit(127);
}

int qemu_start(const struct qemu_family *q, int boot, struct qemu_process *p)
{
    struct ends e = {-1, -1, -1, -1, -1};
    struct qemu_args args;
    const pid_t self = getpid();
    int r = qemu_argv(&args, q, boot);

    *p = (struct qemu_process){.complaints = -1, .lease = -1, .fd = {-1, -1, -1, -1}};
    if (r < 0)
        return r;
    if (make_lines(q, p, &e) < 0 || (p->pid = fork()) < 0)
        r = -errno;
    else if (p->pid == 0)
        become_qemu(q, &e, args.argv, self);
    close_ends(&e);
    if (r < 0) {
        qemu_close(p);
        p->pid = 0;
    }
    return r;
}

int qemu_complaint(const struct qemu_process *p, char *line, size_t len)
{
    static const char name[] = QEMU_BINARY ": ";
    // Does not wait: the pipe is O_NONBLOCK, and QEMU is gone or still has it.
    ssize_t n = p->complaints < 0 ? -1 : read(p->complaints, line, len - 1);
    if (n <= 0)
        return -1;
    line[n] = 0;
    line[strcspn(line, "\n")] = 0;
    if (!strncmp(line, name, sizeof name - 1))
        memmove(line, line + sizeof name - 1, strlen(line + sizeof name - 1) + 1);
    for (char *c = line; *c; c++) // it may quote a guest
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    return line[0] ? 0 : -1;
}
