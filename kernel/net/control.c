// SPDX-License-Identifier: BSD-2-Clause
// Ancillary data: descriptors and credentials, in the form of recvmsg(2) and cmsg(3).
//
// The program's list is checked once and read where it lies: it cannot change before the call ends,
// but a signal handler may unmap it during a wait. What does not fit the receiver's room is cut,
// and MSG_CTRUNC says so; descriptors that were cut are closed, as on Linux.
// Neighbours: message.c (the calls), rights.c (descriptors under way).

#include "kernel/net/control.h"
#include "kernel/api/errno.h"
#include "kernel/entry.h"
#include "kernel/file/fd.h"
#include "kernel/lib.h"
#include "kernel/net/rights.h"
#include "kernel/proc/proc.h"

#define CONTROL_MAX 131072u // of a send: what Linux allows (optmem_max)
#define OVERFLOW_ID 65534   // who nobody knows
#define ALIGNED(n)  (((n) + 7) & ~UINT64_C(7))
#define HEADER      sizeof(struct k_cmsghdr)

// The header at *at, which moves to the next one. 1; 0 at the end; -EINVAL.
static int next_header(const struct net_message *m, uint64_t *at, struct k_cmsghdr *h)
{
    if (*at > m->control_len || m->control_len - *at < HEADER)
        return 0;
    memcpy(h, m->control + *at, HEADER);
    if (h->len < HEADER || h->len > m->control_len - *at)
        return -EINVAL;
    *at += ALIGNED(h->len);
    return 1;
}

// A rest that is no whole number is left out.
static uint32_t header_fds(const struct k_cmsghdr *h)
{
    if (h->level != SOL_SOCKET || h->type != SCM_RIGHTS)
        return 0;
    return (uint32_t)((h->len - HEADER) / sizeof(int32_t));
}

// Only root may say it is somebody else (unix(7)).
static int check_cred(const struct k_ucred *c)
{
    const struct proc *p = proc_self;
    if (p->euid == 0)
        return c->pid == p->pid || proc_find(c->pid) ? 0 : -ESRCH;
    int uid = c->uid == p->uid || c->uid == p->euid || c->uid == p->suid;
    int gid = c->gid == p->gid || c->gid == p->egid || c->gid == p->sgid;
    return c->pid == p->pid && uid && gid ? 0 : -EPERM;
}

// Of another level is another protocol's business, and passed over.
static int check_header(struct net_message *m, const struct k_cmsghdr *h, const uint8_t *data)
{
    if (h->level != SOL_SOCKET)
        return 0;
    switch (h->type) {
    case SCM_RIGHTS:
        m->nfds += header_fds(h);
        return m->nfds > K_SCM_MAX_FD ? -EINVAL : 0;
    case SCM_CREDENTIALS:
        if (h->len != HEADER + sizeof m->cred)
            return -EINVAL;
        memcpy(&m->cred, data, sizeof m->cred);
        m->has_cred = 1;
        return check_cred(&m->cred);
    default:
        return -EINVAL;
    }
}

// The whole list before the first change: a message is sent with all of what came with it or not at
// all.
int control_check(struct net_message *m)
{
    struct k_cmsghdr h;
    uint64_t at = 0, from = 0;
    int r;
    m->nfds = 0;
    m->has_cred = 0;
    if (m->control_len > CONTROL_MAX)
        return -ENOBUFS;
    if (user_readable(m->control, m->control_len) < 0)
        return -EFAULT;
    for (; (r = next_header(m, &at, &h)) > 0; from = at) {
        r = check_header(m, &h, m->control + from + HEADER);
        if (r < 0)
            return r;
    }
    return r;
}

// Again from the program's list and not from a copy: 253 numbers would take a kilobyte of the
// program's stack, and the list cannot change meanwhile.
int control_next_fd(const struct net_message *m, struct control_walk *walk, int32_t *fd)
{
    struct k_cmsghdr h;
    while (walk->left == 0) {
        walk->from = walk->at + HEADER;
        if (next_header(m, &walk->at, &h) <= 0)
            return 0;
        walk->left = header_fds(&h);
    }
    memcpy(fd, m->control + walk->from, sizeof *fd);
    walk->from += sizeof *fd;
    walk->left--;
    return 1;
}

int control_again(const struct net_message *m, int write)
{
    if (!m->control)
        return 0;
    return write ? user_writable(m->control, m->control_len)
                 : user_readable(m->control, m->control_len);
}

// --- receiving ---

static void move_on(struct net_message *m, uint64_t n)
{
    n = min_u64(n, m->control_len);
    m->control += n;
    m->control_len -= n;
}

// One header with its data, cut to the room there is (cmsg(3)).
static void put_control(struct net_message *m, int type, const void *data, uint64_t len)
{
    struct k_cmsghdr h = {.len = HEADER + len, .level = SOL_SOCKET, .type = type};
    if (m->control_len < HEADER) {
        m->out_flags |= MSG_CTRUNC;
        return;
    }
    if (m->control_len < h.len) {
        m->out_flags |= MSG_CTRUNC;
        h.len = m->control_len;
    }
    memcpy(m->control, &h, HEADER);
    memcpy(m->control + HEADER, data, h.len - HEADER);
    move_on(m, ALIGNED(HEADER + len));
}

// A descriptor of this process for a description on its way. -EMFILE.
static int install_copy(struct file *f, int cloexec)
{
    file_ref(f);
    int fd = fd_install(f, 0, cloexec);
    if (fd < 0)
        file_unref(f); // the message has one
    return fd;
}

// As many as fit and as the process may have; the rest are lost with the message.
static void give_rights(struct net_message *m)
{
    struct k_cmsghdr h = {.level = SOL_SOCKET, .type = SCM_RIGHTS};
    uint64_t room = m->control_len < HEADER ? 0 : (m->control_len - HEADER) / sizeof(int32_t);
    uint32_t n = 0;
    struct file *f;
    for (; (f = rights_file(m->rights, n)) && n < room; n++) {
        int32_t fd = install_copy(f, (m->flags & MSG_CMSG_CLOEXEC) != 0);
        if (fd < 0)
            break;
        memcpy(m->control + HEADER + n * sizeof fd, &fd, sizeof fd);
    }
    if (f)
        m->out_flags |= MSG_CTRUNC;
    if (n == 0)
        return;
    h.len = HEADER + n * sizeof(int32_t);
    memcpy(m->control, &h, HEADER);
    move_on(m, ALIGNED(h.len));
}

static void give_cred(struct net_message *m)
{
    const struct k_ucred nobody = {0, OVERFLOW_ID, OVERFLOW_ID};
    put_control(m, SCM_CREDENTIALS, m->has_cred ? &m->cred : &nobody, sizeof nobody);
}

// Who asked for credentials, or was sent descriptors, and gave no room for them is told so.
void control_give(struct socket *s, struct net_message *m)
{
    int cred = socket_has(s, SOCKET_PASSCRED);
    m->given = 1;
    if (!m->control) {
        if (cred || m->rights.unit)
            m->out_flags |= MSG_CTRUNC;
        return;
    }
    if (cred)
        give_cred(m);
    if (m->rights.unit)
        give_rights(m);
}
