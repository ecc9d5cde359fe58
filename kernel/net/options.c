// SPDX-License-Identifier: BSD-2-Clause
// getsockopt(2) and setsockopt(2) at SOL_SOCKET: what is the same for all families.
//
// Options that only networks act on are kept and told, as on Linux, so that a program which sets
// them on any socket goes on. No other level exists for AF_UNIX.
// Neighbours: socket.h (where they are kept), calls.c (the calls).

#include "kernel/api/errno.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/net/socket.h"
#include "kernel/proc/proc.h"
#include "kernel/time/clock.h"

#define SNDBUF_MIN   4608u // Linux's on x86-64: what two small packets take
#define RCVBUF_MIN   2304u
#define PRIORITY_MAX 6 // above it is root's
#define EDOM_USEC    1000000

// Those that are on or off.
static const struct {
    int name;
    uint32_t option;
} switches[] = {
    {SO_PASSCRED, SOCKET_PASSCRED},   {SO_REUSEADDR, SOCKET_REUSEADDR},
    {SO_KEEPALIVE, SOCKET_KEEPALIVE}, {SO_BROADCAST, SOCKET_BROADCAST},
    {SO_OOBINLINE, SOCKET_OOBINLINE}, {SO_DONTROUTE, SOCKET_DONTROUTE},
    {SO_REUSEPORT, SOCKET_REUSEPORT}, {SO_DEBUG, SOCKET_DEBUG},
    {SO_TIMESTAMP, SOCKET_TIMESTAMP},
};

static uint32_t switch_of(int name)
{
    for (size_t i = 0; i < ARRAY_LEN(switches); i++)
        if (switches[i].name == name)
            return switches[i].option;
    return 0;
}

// --- asking ---

// What fits is copied, and its length told.
static long put_option(void *value, uint32_t *len, const void *from, uint32_t n)
{
    if (*len > INT32_MAX)
        return -EINVAL;
    n = (uint32_t)min_u64(*len, n);
    if (user_writable(value, n) < 0)
        return -EFAULT;
    memcpy(value, from, n);
    *len = n;
    return 0;
}

// Options that are one number. 1: this is one.
// SO_ERROR is taken by being told: the next call does not meet it again (XSH getsockopt()).
static int number_option(struct socket *s, int name, int32_t *n)
{
    switch (name) {
    case SO_TYPE:
        return *n = s->type, 1;
    case SO_DOMAIN:
        return *n = s->family, 1;
    case SO_ERROR:
        return *n = -socket_take_error(s), 1;
    case SO_SNDBUF:
        return *n = (int32_t)s->sndbuf, 1;
    case SO_RCVBUF:
        return *n = (int32_t)s->rcvbuf, 1;
    case SO_RCVLOWAT:
        return *n = (int32_t)s->rcvlowat, 1;
    case SO_SNDLOWAT:
        return *n = 1, 1;
    case SO_ACCEPTCONN:
        return *n = s->state == SOCKET_LISTEN, 1;
    case SO_PRIORITY:
        return *n = s->priority, 1;
    case SO_MARK:
        return *n = (int32_t)s->mark, 1;
    case SO_PROTOCOL:
    case SO_BSDCOMPAT:
    case SO_NO_CHECK:
        return *n = 0, 1;
    default:
        *n = socket_has(s, switch_of(name));
        return switch_of(name) != 0;
    }
}

// 0 is for ever, on both sides.
static long get_timeout(uint64_t ns, void *value, uint32_t *len)
{
    struct k_timeval tv = clock_ns_timeval(ns);
    return put_option(value, len, &tv, sizeof tv);
}

static long get_linger(const struct socket *s, void *value, uint32_t *len)
{
    const struct k_linger l = {socket_has(s, SOCKET_LINGER), s->linger};
    return put_option(value, len, &l, sizeof l);
}

long socket_getsockopt(struct socket *s, int level, int name, void *value, uint32_t *len)
{
    int32_t n;
    if (level != SOL_SOCKET)
        return -EOPNOTSUPP;
    switch (name) {
    case SO_RCVTIMEO:
        return get_timeout(s->rcvtimeo, value, len);
    case SO_SNDTIMEO:
        return get_timeout(s->sndtimeo, value, len);
    case SO_PEERCRED:
        return put_option(value, len, &s->peercred, sizeof s->peercred);
    case SO_LINGER:
        return get_linger(s, value, len);
    default:
        if (*len > INT32_MAX)
            return -EINVAL; // before an error is taken
        return number_option(s, name, &n) ? put_option(value, len, &n, sizeof n) : -ENOPROTOOPT;
    }
}

// --- setting ---

// A time of nothing is for ever; one before that has passed already (Linux).
static long set_timeout(uint64_t *ns, const void *value, uint32_t len)
{
    struct k_timeval tv;
    if (len < sizeof tv)
        return -EINVAL;
    if (user_readable(value, sizeof tv) < 0)
        return -EFAULT;
    memcpy(&tv, value, sizeof tv);
    if (tv.usec < 0 || tv.usec >= EDOM_USEC)
        return -EDOM;
    if (tv.sec < 0) {
        *ns = 1;
        return 0;
    }
    return clock_timeval_ns(&tv, ns) < 0 ? -EDOM : 0;
}

static long set_linger(struct socket *s, const void *value, uint32_t len)
{
    struct k_linger l;
    if (len < sizeof l)
        return -EINVAL;
    if (user_readable(value, sizeof l) < 0)
        return -EFAULT;
    memcpy(&l, value, sizeof l);
    s->linger = l.seconds;
    if (l.on)
        __atomic_fetch_or((uint32_t *)&s->options, SOCKET_LINGER, __ATOMIC_RELAXED);
    else
        __atomic_fetch_and((uint32_t *)&s->options, ~SOCKET_LINGER, __ATOMIC_RELAXED);
    return 0;
}

// Twice what is asked for, as Linux counts its own overhead in (socket(7)).
static uint32_t buffer_size(int32_t n, uint32_t least)
{
    uint32_t most = SOCKET_SNDBUF, asked = n < 0 || (uint32_t)n > most ? most : (uint32_t)n;
    return 2 * asked > least ? 2 * asked : least;
}

// Two processes may switch options of one socket at once: each change is whole.
static long set_switch(struct socket *s, uint32_t option, int on)
{
    if (option == SOCKET_REUSEPORT && on && s->family == AF_UNIX)
        return -EOPNOTSUPP;
    if (option == SOCKET_DEBUG && on && proc_self->euid != 0)
        return -EACCES;
    if (on)
        __atomic_fetch_or((uint32_t *)&s->options, option, __ATOMIC_RELAXED);
    else
        __atomic_fetch_and((uint32_t *)&s->options, ~option, __ATOMIC_RELAXED);
    return 0;
}

// More may wait at the peer of a stream than before: whoever waits there for room, of those who
// share s, has it now perhaps.
static void sender_looks_again(struct socket *s)
{
    struct socket *peer = s->type == SOCK_STREAM ? wref_ptr(s->peer) : NULL;
    if (peer)
        waitq_wake(&peer->room_q);
}

static long set_number(struct socket *s, int name, int32_t n)
{
    const int root = proc_self->euid == 0;
    switch (name) {
    case SO_SNDBUF:
        s->sndbuf = buffer_size(n, SNDBUF_MIN);
        sender_looks_again(s);
        return 0;
    case SO_RCVBUF:
        s->rcvbuf = buffer_size(n, RCVBUF_MIN);
        return 0;
    case SO_SNDBUFFORCE:
    case SO_RCVBUFFORCE:
        return root ? set_number(s, name - SO_SNDBUFFORCE + SO_SNDBUF, n) : -EPERM;
    case SO_RCVLOWAT:
        s->rcvlowat = n < 0 ? INT32_MAX : n ? (uint32_t)n : 1;
        return 0;
    case SO_PRIORITY:
        if (!root && (n < 0 || n > PRIORITY_MAX))
            return -EPERM;
        s->priority = n;
        return 0;
    case SO_MARK:
        if (!root)
            return -EPERM;
        s->mark = (uint32_t)n;
        return 0;
    case SO_BSDCOMPAT:
    case SO_NO_CHECK:
        return 0;
    default:
        return switch_of(name) ? set_switch(s, switch_of(name), n != 0) : -ENOPROTOOPT;
    }
}

// All of them begin with a number, so one that is shorter is wrong whatever its name (Linux).
long socket_setsockopt(struct socket *s, int level, int name, const void *value, uint32_t len)
{
    int32_t n;
    if (level != SOL_SOCKET)
        return -EOPNOTSUPP;
    if (len < sizeof n)
        return -EINVAL;
    if (user_readable(value, sizeof n) < 0)
        return -EFAULT;
    switch (name) {
    case SO_RCVTIMEO:
        return set_timeout(&s->rcvtimeo, value, len);
    case SO_SNDTIMEO:
        return set_timeout(&s->sndtimeo, value, len);
    case SO_LINGER:
        return set_linger(s, value, len);
    default:
        memcpy(&n, value, sizeof n);
        return set_number(s, name, n);
    }
}
