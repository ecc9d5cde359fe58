// SPDX-License-Identifier: BSD-2-Clause
// Sending and receiving: from the program's arguments to a message, and back.
//
// read(), send(), recvfrom() and recvmsg() are one operation with more or fewer arguments; all
// become a struct net_message on the stack of the call. A call that is interrupted before it has
// moved anything begins again and reads its arguments anew.
// Neighbours: iter.c (pieces of memory), control.c (ancillary data), stream.c and dgram.c (what
// happens then).

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/entry.h"
#include "kernel/file/fd.h"
#include "kernel/lib.h"
#include "kernel/net/address.h"
#include "kernel/net/control.h"
#include "kernel/net/socket.h"
#include "kernel/sys.h"

// The description's O_NONBLOCK, the call's MSG_DONTWAIT and the socket's time limit are one
// deadline.
static long send_message(struct socket *s, struct net_message *m)
{
    m->deadline = socket_deadline(s, s->sndtimeo, m->flags & MSG_DONTWAIT);
    return socket_family(s->family)->send(s, m);
}

static long receive_message(struct socket *s, struct net_message *m)
{
    m->deadline = socket_deadline(s, s->rcvtimeo, m->flags & MSG_DONTWAIT);
    m->name_len = 0;
    return socket_family(s->family)->recv(s, m);
}

// A message of one piece. The piece is on the stack, too, which is the program's memory.
static struct net_message one_piece(struct k_iovec *piece, const void *buf, size_t len,
                                    uint32_t flags)
{
    *piece = (struct k_iovec){(void *)(uintptr_t)buf, min_u64(len, RW_MAX)};
    return (struct net_message){.it = {.iov = piece, .n = 1, .left = piece->len}, .flags = flags};
}

// --- as files ---

// A read of nothing waits for nothing (Linux), unlike recv().
long socket_read(struct file *f, void *buf, size_t len)
{
    struct k_iovec piece;
    struct net_message m = one_piece(&piece, buf, len, 0);
    return len == 0 ? 0 : receive_message(socket_of(f), &m);
}

// A write of nothing is a datagram of nothing.
long socket_write(struct file *f, const void *buf, size_t len)
{
    struct k_iovec piece;
    struct net_message m = one_piece(&piece, buf, len, 0);
    return send_message(socket_of(f), &m);
}

// All pieces are one message, whatever their number.
long socket_vector(struct file *f, const struct k_iovec *iov, int n, int write)
{
    struct net_message m = {0};
    int r = iter_make(&m.it, iov, (uint64_t)n);
    if (r < 0)
        return r;
    return write ? send_message(socket_of(f), &m) : receive_message(socket_of(f), &m);
}

// --- sendto, recvfrom ---

static long do_sendto(int fd, const void *buf, size_t len, int flags, const void *addr,
                      uint32_t addr_len)
{
    struct socket *s;
    struct k_iovec piece;
    struct net_message m = one_piece(&piece, buf, len, (uint32_t)flags);
    int r = socket_at(fd, &s);
    if (r == 0 && addr) {
        m.name_len = addr_len;
        r = address_get(addr, addr_len, m.name);
    }
    return r < 0 ? r : send_message(s, &m);
}

long sys_sendto(int fd, const void *buf, size_t len, int flags, const void *addr, uint32_t addr_len)
{
    long r;
    do {
        sys_enter();
        r = do_sendto(fd, buf, len, flags, addr, addr_len);
    } while (sys_leave(&r));
    return r;
}

// Where the address goes is checked first: a datagram whose sender cannot be told is not lost.
static long do_recvfrom(int fd, void *buf, size_t len, int flags, void *addr, uint32_t *addr_len)
{
    struct socket *s;
    struct k_iovec piece;
    struct net_message m = one_piece(&piece, buf, len, (uint32_t)flags);
    int e = socket_at(fd, &s);
    if (e == 0)
        e = address_room(addr, addr_len);
    if (e < 0)
        return e;
    long r = receive_message(s, &m);
    if (r >= 0 && addr) {
        e = address_room(addr, addr_len); // it may have waited
        if (e < 0)
            return e;
        address_put(addr, addr_len, m.name, m.name_len);
    }
    return r;
}

long sys_recvfrom(int fd, void *buf, size_t len, int flags, void *addr, uint32_t *addr_len)
{
    long r;
    do {
        sys_enter();
        r = do_recvfrom(fd, buf, len, flags, addr, addr_len);
    } while (sys_leave(&r));
    return r;
}

// --- sendmsg, recvmsg ---

// A name longer than any address is cut (Linux). What stands behind a NULL is not looked at.
static int get_message(const struct k_msghdr *msg, int flags, struct net_message *m)
{
    if (user_readable(msg, sizeof *msg) < 0)
        return -EFAULT;
    *m = (struct net_message){.flags = (uint32_t)flags};
    if (msg->namelen > INT32_MAX)
        return -EINVAL;
    m->name_len = msg->name ? (uint32_t)min_u64(msg->namelen, K_SOCKADDR_MAX) : 0;
    m->control = msg->control;
    m->control_len = msg->control ? msg->controllen : 0;
    return iter_make(&m->it, msg->iov, msg->iovlen);
}

static long do_sendmsg(int fd, const struct k_msghdr *msg, int flags)
{
    struct socket *s;
    struct net_message m;
    int r = socket_at(fd, &s);
    if (r == 0)
        r = get_message(msg, flags, &m);
    if (r == 0)
        r = address_get(msg->name, m.name_len, m.name);
    if (r == 0)
        r = control_check(&m);
    return r < 0 ? r : send_message(s, &m);
}

long sys_sendmsg(int fd, const struct k_msghdr *msg, int flags)
{
    long r;
    do {
        sys_enter();
        r = do_sendmsg(fd, msg, flags);
    } while (sys_leave(&r));
    return r;
}

// What the receive has found out, back into the program's header. `room`: of the address.
static void put_message(struct k_msghdr *msg, const struct net_message *m, uint32_t room)
{
    if (msg->name) {
        memcpy(msg->name, m->name, min_u64(room, m->name_len));
        msg->namelen = m->name_len;
    }
    msg->controllen = msg->control ? msg->controllen - m->control_len : 0;
    msg->flags = (int32_t)(m->out_flags | (m->flags & MSG_CMSG_CLOEXEC));
}

// Room for the name and for ancillary data is checked before anything is taken.
static long do_recvmsg(int fd, struct k_msghdr *msg, int flags)
{
    struct socket *s;
    struct net_message m;
    int e = socket_at(fd, &s);
    if (e == 0)
        e = get_message(msg, flags, &m);
    if (e < 0)
        return e;
    const uint32_t room = m.name_len;
    if (user_writable(msg, sizeof *msg) < 0 || user_writable(msg->name, room) < 0 ||
        control_again(&m, 1) < 0)
        return -EFAULT;
    long r = receive_message(s, &m);
    if (r < 0)
        return r;
    if (user_writable(msg, sizeof *msg) < 0 || user_writable(msg->name, room) < 0)
        return -EFAULT; // what was checked before a wait
    put_message(msg, &m, room);
    return r;
}

long sys_recvmsg(int fd, struct k_msghdr *msg, int flags)
{
    long r;
    do {
        sys_enter();
        r = do_recvmsg(fd, msg, flags);
    } while (sys_leave(&r));
    return r;
}
