// SPDX-License-Identifier: BSD-2-Clause
// One instance of the boot study (study.h): a command in a session of its own, whose output is
// read until the ready text has been seen and thrown away from then on.
//
// Nothing an instance does may outlive the study: it dies with the study (PR_SET_PDEATHSIG), its
// process group is killed as a whole, and the study is the subreaper of whatever left that group.

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/stats.h"
#include "bench/study.h"

#define READ_MAX   65536u // at a time: an instance that floods must not starve the others
#define STRAYS_MS  5000u
#define STRAY_REST 2000u // us

// In the child of vfork(): little more than system calls, and no return.
static void become(const struct options *options, int out, int null)
{
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    dup2(null, 0);
    dup2(out, 1);
    dup2(out, 2);
    execvp(options->argv[0], options->argv);
    static const char no[] = "cannot be executed\n"; // where instance_last_line() finds it
    if (write(2, no, sizeof no - 1) < 0)
        _exit(126);
    _exit(127);
}

int instance_start(struct instance *instance, const struct options *options)
{
    static int null = -1;
    int fds[2];
    if (null < 0 && (null = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0)
        return -errno;
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    // A program that finds its standard output non-blocking may lose lines: only our end is.
    fcntl(fds[1], F_SETFL, 0);
    instance->started = now_ns();
    pid_t pid = vfork();
    if (pid == 0)
        become(options, fds[1], null);
    int error = errno;
    instance->spawned = now_ns();
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return -error;
    }
    instance->pid = pid;
    instance->fd = fds[0];
    instance->outcome = STARTING;
    return 0;
}

// The ready text may come in pieces: the search goes over the last output and the new. What is
// kept is longer than any ready text.
bool instance_read(struct instance *instance, const char *ready)
{
    static char buffer[TAIL + READ_MAX];
    bool found = false;
    if (instance->fd < 0)
        return false;
    memcpy(buffer, instance->tail, instance->tail_len);
    ssize_t got = read(instance->fd, buffer + instance->tail_len, READ_MAX);
    if (got < 0)
        return false; // EAGAIN, EINTR: epoll will tell
    if (got == 0) {
        instance_close(instance);
        return false;
    }
    size_t len = instance->tail_len + (size_t)got;
    if (instance->outcome == STARTING)
        found = memmem(buffer, len, ready, strlen(ready)) != NULL;
    instance->tail_len = len < TAIL ? (unsigned)len : TAIL;
    memcpy(instance->tail, buffer + len - instance->tail_len, instance->tail_len);
    return found;
}

void instance_close(struct instance *instance)
{
    if (instance->fd >= 0)
        close(instance->fd); // takes it out of the epoll set, which has the only other reference
    instance->fd = -1;
}

void instance_kill(struct instance *instance)
{
    // The number is the instance's until it has been reaped, so nobody else can be hit. Twice: it
    // may not have come to setsid() yet.
    if (instance->pid > 0) {
        kill(-instance->pid, SIGKILL);
        kill(instance->pid, SIGKILL);
    }
}

void instance_last_line(const struct instance *instance, char *line, size_t len)
{
    unsigned end = instance->tail_len;
    while (end > 0 && isspace((unsigned char)instance->tail[end - 1]))
        end--;
    unsigned start = end;
    while (start > 0 && instance->tail[start - 1] != '\n')
        start--;
    size_t at = 0;
    for (unsigned i = start; i < end && at + 1 < len; i++)
        if (isprint((unsigned char)instance->tail[i]))
            line[at++] = instance->tail[i];
    line[at] = '\0';
}

static void kill_children(void)
{
    char path[64];
    long pid;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "re");
    if (!children)
        return;
    while (fscanf(children, "%ld", &pid) == 1)
        kill((pid_t)pid, SIGKILL);
    fclose(children);
}

void instance_kill_strays(void)
{
    for (unsigned us = 0; us < STRAYS_MS * 1000; us += STRAY_REST) {
        pid_t pid;
        kill_children(); // each death may leave us new ones
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
            ;
        if (pid < 0)
            return; // ECHILD
        usleep(STRAY_REST);
    }
    fprintf(stderr, "boot_study: processes are left that cannot be killed\n");
}
