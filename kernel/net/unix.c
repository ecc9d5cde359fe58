// SPDX-License-Identifier: BSD-2-Clause
// AF_UNIX: the family's table, how connections end, what is asked of a socket.
//
// What Linux does and POSIX leaves open (which error, what a close with unread bytes means) is as
// on Linux: a connection that is closed with bytes unread is an error for who wrote them, and a
// datagram socket learns of its peer's end when it sends next.
// Neighbours: unix.h (the other files), unix_connect.c (how they begin), socket.c (what is the same
// for all families).

#include "kernel/net/unix.h"
#include "kernel/api/errno.h"
#include "kernel/api/poll.h"
#include "kernel/lib.h"
#include "kernel/net/rights.h"

static int unix_check(int type, int protocol)
{
    if (protocol && protocol != AF_UNIX)
        return -EPROTONOSUPPORT;
    return type == SOCK_STREAM || type == SOCK_DGRAM || type == SOCK_SEQPACKET || type == SOCK_RAW
               ? 0
               : -ESOCKTNOSUPPORT;
}

// --- ending ---

// By both sides at once perhaps: a bit that is set stays set.
static void add_shut(struct socket *s, uint32_t how)
{
    __atomic_fetch_or((uint32_t *)&s->shut, how, __ATOMIC_SEQ_CST);
}

// Whoever waits for s, or to send to it, looks again.
static void state_changed(struct socket *s)
{
    socket_wake(s);
    waitq_wake(&s->room_q);
    unix_room_made(s);
}

// What one end will not read, the other need not write. Nothing is an error here: a socket that is
// not connected may be shut down (Linux).
static int unix_shutdown(struct socket *s, uint32_t how)
{
    struct socket *peer = socket_connects(s) ? wref_ptr(s->peer) : NULL;
    add_shut(s, how);
    if (peer) {
        uint32_t theirs = ((how & SOCKET_SHUT_RECV) ? SOCKET_SHUT_SEND : 0) |
                          ((how & SOCKET_SHUT_SEND) ? SOCKET_SHUT_RECV : 0);
        add_shut(peer, theirs);
        state_changed(peer);
    }
    state_changed(s);
    return 0;
}

// Closed for writers and without readers, so no lock is held: letting go of descriptors may close
// other sockets, and wake their peers.
void unix_purge(struct socket *s)
{
    struct ring *r = &s->ring;
    struct ring_record *rec;
    for (uint32_t pos = ring_tail(r).pos; (rec = ring_look(r, pos));) {
        struct wref rights = rec->rights;
        pos = ring_next(rec, pos).pos;
        rec->rights = (struct wref){0};
        rights_drop(rights);
    }
}

// Nothing is put in from here on. Whether something was left unread.
static int close_ring(struct socket *s)
{
    lock_take(&s->ring.write_lock);
    s->ring.closed = 1;
    lock_drop(&s->ring.write_lock);
    int unread = !ring_empty(&s->ring);
    unix_purge(s);
    lock_take(&s->ring.write_lock);
    lock_take(&s->ring.read_lock);
    ring_free(&s->ring);
    lock_drop(&s->ring.read_lock);
    lock_drop(&s->ring.write_lock);
    return unread;
}

// The peer of a connection learns of its end; that of a datagram socket when it sends next. Bytes
// that nobody will read are an error for who wrote them.
static void part(struct socket *s, int unread)
{
    struct socket *peer = wref_ptr(s->peer);
    if (!peer)
        return;
    if (socket_connects(s)) {
        if (unread)
            peer->error = ECONNRESET;
        add_shut(peer, SOCKET_SHUT_BOTH);
        state_changed(peer);
    }
    s->peer = (struct wref){0};
    socket_unref(peer);
}

// Its own end first: whoever is woken finds it done.
static void end_socket(struct socket *s, int unaccepted)
{
    add_shut(s, SOCKET_SHUT_BOTH);
    int unread = close_ring(s);
    part(s, unread || unaccepted);
    state_changed(s);
}

// A connection that nobody accepted ends as if it had been accepted and closed at once.
static void unix_release(struct socket *s)
{
    struct socket *n;
    unix_name_gone(s);
    for (;;) {
        unix_listener_lock(s);
        s->state = SOCKET_CLOSE;
        n = unix_queue_take(s);
        lock_drop(&s->lock);
        if (!n)
            break;
        unix_leave_listener(n);
        end_socket(n, 1);
        socket_unref(n);
    }
    end_socket(s, 0);
}

// --- asking ---

// Of two bytes, the family, where there is none (Linux).
static int unix_name(struct socket *s, int peer, uint8_t *name)
{
    const uint16_t family = AF_UNIX;
    int len = sizeof family;
    critical_begin();
    lock_take(&s->lock); // a datagram socket's peer may change
    const struct socket *of = peer ? wref_ptr(s->peer) : s;
    memcpy(name, &family, sizeof family);
    if (!of) {
        len = -ENOTCONN;
    } else if (of->name_len) {
        len = (int)min_u64(of->name_len, SOCKET_NAME_MAX);
        memcpy(name, of->name, (size_t)len);
    }
    lock_drop(&s->lock);
    critical_end();
    return len;
}

uint32_t unix_poll_state(const struct socket *s)
{
    uint32_t events = s->error ? POLLERR : 0;
    if ((s->shut & SOCKET_SHUT_BOTH) == SOCKET_SHUT_BOTH)
        events |= POLLHUP;
    if (s->shut & SOCKET_SHUT_RECV)
        events |= POLLRDHUP | POLLIN | POLLRDNORM;
    if (!ring_empty(&s->ring) || s->first.unit)
        events |= POLLIN | POLLRDNORM;
    if (socket_connects(s) && s->state == SOCKET_CLOSE)
        events |= POLLHUP;
    return events;
}

static uint32_t unix_poll(struct socket *s, struct waitq **queues, uint32_t *n)
{
    queues[(*n)++] = &s->read_q;
    return s->type == SOCK_STREAM ? unix_stream_poll(s, queues, n) : unix_dgram_poll(s, queues, n);
}

static long unix_send(struct socket *s, struct net_message *m)
{
    return s->type == SOCK_STREAM ? unix_stream_send(s, m) : unix_dgram_send(s, m);
}

static long unix_recv(struct socket *s, struct net_message *m)
{
    return s->type == SOCK_STREAM ? unix_stream_recv(s, m) : unix_dgram_recv(s, m);
}

// Of datagrams the first one's length.
static long unix_unread(struct socket *s)
{
    const struct ring_record *rec;
    long n = 0;
    if (s->state == SOCKET_LISTEN)
        return -EINVAL;
    if (socket_connects(s))
        return ring_bytes(&s->ring);
    lock_take(&s->ring.read_lock);
    rec = ring_look(&s->ring, ring_tail(&s->ring).pos);
    n = rec ? rec->len : 0;
    lock_drop(&s->ring.read_lock);
    return n;
}

// Of what others are sending to datagram sockets nobody keeps count.
static long unix_unsent(struct socket *s)
{
    const struct socket *peer = socket_connects(s) ? wref_ptr(s->peer) : NULL;
    if (s->state == SOCKET_LISTEN)
        return -EINVAL;
    return peer ? ring_used(&peer->ring) : 0;
}

const struct socket_family unix_family = {
    .check = unix_check,
    .pair = unix_pair,
    .bind = unix_bind,
    .listen = unix_listen,
    .accept = unix_accept,
    .connect = unix_connect,
    .shutdown = unix_shutdown,
    .name = unix_name,
    .send = unix_send,
    .recv = unix_recv,
    .poll = unix_poll,
    .unread = unix_unread,
    .unsent = unix_unsent,
    .release = unix_release,
};
