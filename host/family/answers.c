// SPDX-License-Identifier: BSD-2-Clause
// What a monitor has the supervisor do for it, because it is confined: its pagemap, memory to share
// with its children, and where a child of the supervisor's starts. The one who asks may be a guest
// that has got out: each is checked, and none gives more than the family has.
// Neighbours: family.c (who asks), confine.c, supervisor.c (the loop).

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/family/fdpass.h"
#include "host/family/supervisor_private.h"

// A child of ours that has not been reaped: its pid cannot be another process' yet. WNOWAIT leaves
// the death to supervisor_reap().
int supervisor_is_monitor(pid_t pid)
{
    siginfo_t info;
    return pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void supervisor_signal(pid_t pid, int sig)
{
    if (supervisor_is_monitor(pid))
        kill(pid, sig);
}

// A monitor that dies without taking its answer leaves it to the next that asks, which knows by the
// pid that it is none of its own.
static void send_answer(struct supervisor *s, int32_t pid, int fd)
{
    fdpass_send(s->answers, &pid, sizeof pid, &fd, fd >= 0, MSG_DONTWAIT);
    if (fd >= 0)
        close(fd);
}

// Checked before it is opened, and the pid stays its own until we reap it.
static int open_pagemap(int32_t pid)
{
    char path[48];
    snprintf(path, sizeof path, "/proc/%d/pagemap", pid);
    return supervisor_is_monitor(pid) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

// Sealing is allowed, so that a handover cannot be changed or cut by the one who wrote it.
static int make_memory(uint32_t size)
{
    int fd = size <= FAMILY_MEMORY_MAX
                 ? memfd_create("ramet-handover", MFD_CLOEXEC | MFD_ALLOW_SEALING)
                 : -1;
    if (fd >= 0 && ftruncate(fd, size) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

// Whether the message was one of these. FROM is the slot's process by our own book, not by the
// message: a monitor is given its own pagemap and no other's.
int supervisor_answer(struct supervisor *s, const struct family_msg *msg)
{
    const int32_t pid = (int32_t)msg->value;
    if (msg->op == FAMILY_PUSH || msg->op == FAMILY_PULL) {
        if (supervisor_is_monitor(pid))
            placement_move(&s->f->placement, pid, msg->slot, msg->op == FAMILY_PUSH);
        return 1;
    }
    if ((msg->op != FAMILY_PAGEMAP && msg->op != FAMILY_MEMORY) ||
        !family_slot_valid(s->f, msg->slot))
        return 0;
    const int32_t from = family_pid(s->f, msg->slot);
    send_answer(s, from, msg->op == FAMILY_PAGEMAP ? open_pagemap(from) : make_memory(msg->value));
    return 1;
}
