// SPDX-License-Identifier: BSD-2-Clause
// System calls on sockets that move no data: checks of what the program gives, then the family.
//
// A new socket, its description and its descriptor are one critical section: a kill in between
// would leave a peer who waits for nobody.
// Neighbours: socket.c (the objects), message.c (send and receive), options.c (getsockopt).

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/entry.h"
#include "kernel/file/fd.h"
#include "kernel/lib.h"
#include "kernel/net/address.h"
#include "kernel/net/socket.h"
#include "kernel/sys.h"

#define TYPE_MASK 0xf

// --- addresses ---

// A copy: what the program changes after the check does not matter, and a family may look at it
// under a lock.
int address_get(const void *from, uint32_t len, uint8_t name[K_SOCKADDR_MAX])
{
    if (len > K_SOCKADDR_MAX)
        return -EINVAL;
    if (user_readable(from, len) < 0)
        return -EFAULT;
    if (len)
        memcpy(name, from, len);
    return 0;
}

// Asked before a call that may wait or take something out of a queue: an address that cannot be
// stored should cost nobody a connection.
int address_room(const void *to, uint32_t *len)
{
    if (!to)
        return 0;
    if (user_writable(len, sizeof *len) < 0)
        return -EFAULT;
    if (*len > INT32_MAX)
        return -EINVAL;
    return user_writable((void *)(uintptr_t)to, min_u64(*len, K_SOCKADDR_MAX));
}

// Cut to the room there is; its whole length is told (XSH getsockname()).
void address_put(void *to, uint32_t *len, const uint8_t *name, uint32_t name_len)
{
    if (!to)
        return;
    memcpy(to, name, min_u64(*len, name_len));
    *len = name_len;
}

// --- making sockets ---

// A description and a descriptor for a socket, whose reference is used up: on an error it is
// closed.
static long install(struct socket *s, int flags)
{
    struct file *f = socket_file(s, flags & SOCK_NONBLOCK ? O_NONBLOCK : 0);
    if (!f) {
        socket_family(s->family)->release(s);
        socket_unref(s);
        return -ENFILE;
    }
    int fd = fd_install(f, 0, flags & SOCK_CLOEXEC);
    if (fd < 0)
        file_unref(f);
    return fd;
}

// The family's table. `type` comes with flags, and loses them.
static int check_kind(int family, int *type, int protocol, const struct socket_family **out)
{
    if ((*type & ~TYPE_MASK) & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
        return -EINVAL;
    *type &= TYPE_MASK;
    if (family < 0 || family >= AF_MAX)
        return -EAFNOSUPPORT;
    if (*type > SOCK_PACKET)
        return -EINVAL;
    *out = socket_family(family);
    return *out ? (*out)->check(*type, protocol) : -EAFNOSUPPORT;
}

// What raw sockets are to AF_UNIX (Linux).
static int real_type(int type)
{
    return type == SOCK_RAW ? SOCK_DGRAM : type;
}

// A type comes with flags, which are the description's and the descriptor's, not the socket's.
static long do_socket(int family, int type, int protocol)
{
    const struct socket_family *ops;
    const int flags = type;
    int r = check_kind(family, &type, protocol, &ops);
    if (r < 0)
        return r;
    critical_begin();
    struct socket *s = socket_new(family, real_type(type));
    long fd = s ? install(s, flags) : -ENFILE;
    critical_end();
    return fd;
}

long sys_socket(int family, int type, int protocol)
{
    sys_enter();
    return sys_done(do_socket(family, type, protocol));
}

// Both or none: a first one that is installed already is closed again.
static long install_pair(struct socket *s[2], int flags, int fds[2])
{
    long a = install(s[0], flags);
    if (a < 0) {
        socket_family(s[1]->family)->release(s[1]);
        socket_unref(s[1]);
        return a;
    }
    long b = install(s[1], flags);
    if (b < 0) {
        fd_close((int)a);
        return b;
    }
    fds[0] = (int)a;
    fds[1] = (int)b;
    return 0;
}

// The family joins two that are nobody's yet; what cannot be made is given back as it was got.
static long make_pair(const struct socket_family *ops, int family, int type, int flags, int fds[2])
{
    struct socket *s[2] = {socket_new(family, type), socket_new(family, type)};
    int r = s[0] && s[1] ? ops->pair(s) : -ENFILE;
    if (r == 0)
        return install_pair(s, flags, fds);
    for (int i = 0; i < 2; i++)
        if (s[i])
            socket_unref(s[i]);
    return r;
}

static long do_socketpair(int family, int type, int protocol, int fds[2])
{
    const struct socket_family *ops;
    const int flags = type;
    int r = check_kind(family, &type, protocol, &ops);
    if (r < 0)
        return r;
    if (!ops->pair)
        return -EOPNOTSUPP;
    if (user_writable(fds, 2 * sizeof fds[0]) < 0)
        return -EFAULT;
    critical_begin();
    long made = make_pair(ops, family, real_type(type), flags, fds);
    critical_end();
    return made;
}

long sys_socketpair(int family, int type, int protocol, int fds[2])
{
    sys_enter();
    return sys_done(do_socketpair(family, type, protocol, fds));
}

// --- names, listening, connecting ---

// No loop in sys_bind() and sys_listen(): they do not wait.
static long do_bind(int fd, const void *addr, uint32_t len)
{
    struct socket *s;
    uint8_t name[K_SOCKADDR_MAX];
    int r = socket_at(fd, &s);
    if (r == 0)
        r = address_get(addr, len, name);
    return r < 0 ? r : socket_family(s->family)->bind(s, name, len);
}

long sys_bind(int fd, const void *addr, uint32_t len)
{
    sys_enter();
    return sys_done(do_bind(fd, addr, len));
}

static long do_listen(int fd, int backlog)
{
    struct socket *s;
    int r = socket_at(fd, &s);
    if (backlog < 0 || backlog > SOMAXCONN)
        backlog = SOMAXCONN;
    return r < 0 ? r : socket_family(s->family)->listen(s, backlog);
}

long sys_listen(int fd, int backlog)
{
    sys_enter();
    return sys_done(do_listen(fd, backlog));
}

// The time limit is SO_SNDTIMEO's, as if connecting were sending (socket(7)).
static long do_connect(int fd, const void *addr, uint32_t len)
{
    struct socket *s;
    uint8_t name[K_SOCKADDR_MAX];
    int r = socket_at(fd, &s);
    if (r == 0)
        r = address_get(addr, len, name);
    if (r < 0)
        return r;
    return socket_family(s->family)->connect(s, name, len, socket_deadline(s, s->sndtimeo, 0));
}

long sys_connect(int fd, const void *addr, uint32_t len)
{
    long r;
    do {
        sys_enter();
        r = do_connect(fd, addr, len);
    } while (sys_leave(&r));
    return r;
}

// Also what will never come any more: a wait must not outlast a shutdown.
static int something_to_accept(void *arg)
{
    const struct socket *s = arg;
    return s->first.unit || s->error || (s->shut & SOCKET_SHUT_RECV);
}

// Takes a connection and gives it a descriptor, together, so that no kill leaves it to nobody.
static long accept_one(struct socket *s, int flags, void *addr, uint32_t *len)
{
    struct socket *got;
    uint8_t name[SOCKET_NAME_MAX];
    critical_begin();
    long r = socket_family(s->family)->accept(s, &got);
    if (r == 0)
        r = install(got, flags);
    critical_end();
    if (r >= 0 && addr) {
        int n = socket_family(got->family)->name(got, 1, name);
        address_put(addr, len, name, n < 0 ? 2 : (uint32_t)n);
    }
    return r;
}

// Waits in turns with other processes that share the listener: whoever takes first has it, the
// others find the queue empty and sleep again. The time limit is SO_RCVTIMEO's.
static long do_accept(int fd, void *addr, uint32_t *len, int flags)
{
    struct socket *s;
    if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
        return -EINVAL;
    long r = socket_at(fd, &s);
    if (r < 0)
        return r;
    uint64_t deadline = socket_deadline(s, s->rcvtimeo, 0);
    for (;;) {
        r = fd_room(); // a connection that would get no descriptor stays in the queue
        if (r == 0)
            r = address_room(addr, len);
        if (r == 0)
            r = accept_one(s, flags, addr, len);
        if (r != -EAGAIN)
            return r;
        if (deadline && (s->shut & SOCKET_SHUT_RECV))
            return -EINVAL; // nothing will come; who does not wait is told that nothing is there
        r = socket_wait(&s->read_q, something_to_accept, s, deadline);
        if (r < 0)
            return r;
    }
}

long sys_accept4(int fd, void *addr, uint32_t *len, int flags)
{
    long r;
    do {
        sys_enter();
        r = do_accept(fd, addr, len, flags);
    } while (sys_leave(&r));
    return r;
}

static long do_shutdown(int fd, int how)
{
    struct socket *s;
    int r = socket_at(fd, &s);
    if (r < 0)
        return r;
    // SHUT_RD, SHUT_WR and SHUT_RDWR are the masks less one.
    return how < SHUT_RD || how > SHUT_RDWR
               ? -EINVAL
               : socket_family(s->family)->shutdown(s, (uint32_t)how + 1);
}

long sys_shutdown(int fd, int how)
{
    sys_enter();
    return sys_done(do_shutdown(fd, how));
}

// Where the name goes is looked at last, as on Linux: first whether there is any.
static long do_name(int fd, int peer, void *addr, uint32_t *len)
{
    struct socket *s;
    uint8_t name[SOCKET_NAME_MAX];
    int r = socket_at(fd, &s);
    if (r < 0)
        return r;
    r = socket_family(s->family)->name(s, peer, name);
    if (r < 0)
        return r;
    int e = addr ? address_room(addr, len) : -EFAULT;
    if (e == 0)
        address_put(addr, len, name, (uint32_t)r);
    return e;
}

long sys_getsockname(int fd, void *addr, uint32_t *len)
{
    sys_enter();
    return sys_done(do_name(fd, 0, addr, len));
}

long sys_getpeername(int fd, void *addr, uint32_t *len)
{
    sys_enter();
    return sys_done(do_name(fd, 1, addr, len));
}

// --- options ---

static long do_getsockopt(int fd, int level, int name, void *value, uint32_t *len)
{
    struct socket *s;
    int r = socket_at(fd, &s);
    if (r < 0)
        return r;
    if (user_writable(len, sizeof *len) < 0)
        return -EFAULT;
    return socket_getsockopt(s, level, name, value, len);
}

long sys_getsockopt(int fd, int level, int name, void *value, uint32_t *len)
{
    sys_enter();
    return sys_done(do_getsockopt(fd, level, name, value, len));
}

static long do_setsockopt(int fd, int level, int name, const void *value, uint32_t len)
{
    struct socket *s;
    int r = len > INT32_MAX ? -EINVAL : socket_at(fd, &s);
    return r < 0 ? r : socket_setsockopt(s, level, name, value, len);
}

long sys_setsockopt(int fd, int level, int name, const void *value, uint32_t len)
{
    sys_enter();
    return sys_done(do_setsockopt(fd, level, name, value, len));
}
