// SPDX-License-Identifier: BSD-2-Clause
// Datagrams and SOCK_SEQPACKET: each send is one record in the receiver's ring, whole or not at
// all.
//
// A datagram socket sends to whom it names or is connected to, and that one may be closed at any
// moment by others: it is referenced during an attempt only, which is a critical section, and who
// has to wait for room waits in a queue of the root and looks for the receiver anew.
// Neighbours: ring.c (the records), stream.c (what has no boundaries), unix_name.c (who is meant).

#include "kernel/api/errno.h"
#include "kernel/api/poll.h"
#include "kernel/lib.h"
#include "kernel/net/control.h"
#include "kernel/net/rights.h"
#include "kernel/net/unix.h"
#include "kernel/root.h"

#define DATAGRAM_HEAD 32u // what Linux takes off SO_SNDBUF for the longest datagram

// --- the other one ---

// The socket that s is connected to, with a reference. NULL: none.
static struct socket *peer_of(struct socket *s)
{
    lock_take(&s->lock);
    struct socket *peer = wref_ptr(s->peer);
    if (peer)
        socket_ref(peer);
    lock_drop(&s->lock);
    return peer;
}

// One that is connected hears its peer only (unix(7)).
static int may_send_to(const struct socket *s, const struct socket *to)
{
    struct socket *theirs = wref_ptr(to->peer);
    return !theirs || theirs == s;
}

// What waits at s is lost, record by record.
static int drop_records(struct socket *s)
{
    int dropped = 0;
    struct ring_record *rec;
    do {
        struct wref rights = {0};
        lock_take(&s->ring.read_lock);
        uint32_t pos = ring_tail(&s->ring).pos;
        rec = ring_look(&s->ring, pos);
        if (rec) {
            rights = rec->rights;
            rec->rights = (struct wref){0};
            ring_take(&s->ring, ring_next(rec, pos), 1);
            dropped = 1;
        }
        lock_drop(&s->ring.read_lock);
        rights_drop(rights);
    } while (rec);
    return dropped;
}

// s is connected to `old` no more. If messages are lost by that, he who is still connected to s is
// told.
static void disconnected(struct socket *s, struct socket *old)
{
    if (drop_records(s) && !old->ring.closed && wref_ptr(old->peer) == s) {
        old->error = ECONNRESET;
        socket_wake(old);
    }
    unix_room_made(s);
}

// Takes over a reference to `peer`, which may be NULL.
static void set_peer(struct socket *s, struct socket *peer)
{
    lock_take(&s->lock);
    struct socket *old = wref_ptr(s->peer);
    s->peer = wref_of(peer);
    s->state = peer ? SOCKET_CONNECTED : SOCKET_CLOSE;
    lock_drop(&s->lock);
    if (old && old != peer)
        disconnected(s, old);
    if (old)
        socket_unref(old);
    socket_wake(s); // who waits in poll() stands in another queue from here on
}

// The socket is named first if it wants to know who sends, since it may be asked in turn.
static int connect_named(struct socket *s, const uint8_t *name, uint32_t len)
{
    uint8_t kept[SOCKET_NAME_MAX];
    struct socket *peer;
    int n = unix_name_check(name, len, kept), r = n;
    if (n > 0 && socket_has(s, SOCKET_PASSCRED))
        r = unix_autobind(s);
    if (r < 0)
        return r;
    critical_begin();
    r = unix_find(kept, (uint32_t)n, s->type, &peer);
    if (r == 0 && !may_send_to(s, peer)) {
        socket_unref(peer);
        r = -EPERM;
    }
    if (r == 0)
        set_peer(s, peer);
    critical_end();
    return r;
}

// An address of no family undoes a connection (XSH connect()).
int unix_dgram_connect(struct socket *s, const uint8_t *name, uint32_t len)
{
    uint16_t family;
    if (len < sizeof family)
        return -EINVAL;
    memcpy(&family, name, sizeof family);
    if (family != AF_UNSPEC)
        return connect_named(s, name, len);
    critical_begin();
    set_peer(s, NULL);
    critical_end();
    return 0;
}

// --- sending ---

// Whether `to` takes no more from s: one that is connected to s counts bytes, another messages.
static int is_choked(const struct socket *s, const struct socket *to)
{
    return wref_ptr(to->peer) != s && to != s && ring_count(&to->ring) > UNIX_QUEUE;
}

// One record, under the write lock. 0; -EAGAIN: no room; -errno.
static int put_datagram(struct socket *s, struct socket *to, struct net_message *m)
{
    struct ring_record rec = {.len = (uint32_t)m->it.left};
    rec.name_len = (uint16_t)__atomic_load_n(&s->name_len, __ATOMIC_ACQUIRE);
    if (to->ring.closed)
        return -ECONNREFUSED;
    // One that begins below the limit may go beyond it (Linux).
    if (is_choked(s, to) || (wref_ptr(to->peer) == s && ring_used(&to->ring) >= s->sndbuf))
        return -EAGAIN;
    int r = ring_reserve(&to->ring, ring_cost(rec.name_len, rec.len), RING_MAX);
    if (r <= 0)
        return r < 0 ? r : -EAGAIN;
    r = rights_make(m, to, &rec.rights);
    if (r < 0)
        return r;
    unix_sign(&rec, s, to, m);
    ring_put(&to->ring, &rec, s->name, &m->it);
    return 0;
}

// The lock is held for the copy of one datagram.
static int put_locked(struct socket *s, struct socket *to, struct net_message *m)
{
    lock_take(&to->ring.write_lock);
    int r = put_datagram(s, to, m);
    lock_drop(&to->ring.write_lock);
    return r;
}

// To a referenced socket. -EAGAIN: it has no room, which is looked for again after it was asked to
// tell.
static int deliver(struct socket *s, struct socket *to, struct net_message *m,
                   struct unix_room *room)
{
    if (!may_send_to(s, to))
        return -EPERM;
    if (to->shut & SOCKET_SHUT_RECV && !to->ring.closed)
        return -EPIPE;
    *room = unix_room_of(to);
    int r = put_locked(s, to, m);
    if (r == -EAGAIN) {
        unix_room_want(to);
        r = put_locked(s, to, m);
    }
    if (r == 0)
        socket_wake(to);
    return r;
}

// A peer that is closed is forgotten by the first who sends to it.
static int send_once(struct socket *s, struct net_message *m, const uint8_t *name, uint32_t len,
                     struct unix_room *room)
{
    struct socket *to = NULL;
    int r = 0;
    critical_begin();
    if (len)
        r = unix_find(name, len, s->type, &to);
    else if (!(to = peer_of(s)))
        r = -ENOTCONN;
    if (r == 0) {
        r = deliver(s, to, m, room);
        if (r == -ECONNREFUSED && s->type == SOCK_SEQPACKET)
            r = -EPIPE;
        else if (r == -ECONNREFUSED && wref_ptr(s->peer) == to)
            set_peer(s, NULL);
        socket_unref(to);
    }
    critical_end();
    return r;
}

// What keeps s from sending at all, in Linux's order.
static int may_send(struct socket *s, const struct net_message *m)
{
    if (m->it.left > s->sndbuf - DATAGRAM_HEAD)
        return -EMSGSIZE;
    int e = socket_take_error(s);
    if (e == 0 && (s->shut & SOCKET_SHUT_SEND))
        e = -EPIPE;
    return e;
}

// Everything is asked anew after a wait: the receiver may be another, or gone, and the program's
// memory, too.
static long send_datagram(struct socket *s, struct net_message *m, const uint8_t *name,
                          uint32_t len)
{
    const size_t n = m->it.left;
    struct unix_room room;
    for (;;) {
        int r = may_send(s, m);
        if (r == 0 && (iter_check(&m->it, 0) < 0 || control_again(m, 0) < 0))
            r = -EFAULT;
        if (r == 0)
            r = send_once(s, m, name, len, &room);
        if (r == 0)
            return (long)n;
        if (r != -EAGAIN || m->deadline == 0)
            return r;
        r = unix_room_wait(&room, m->deadline);
        if (r < 0)
            return r;
    }
}

long unix_dgram_send(struct socket *s, struct net_message *m)
{
    uint8_t kept[SOCKET_NAME_MAX];
    int n = 0;
    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (s->type == SOCK_SEQPACKET) {
        n = socket_take_error(s);
        if (n < 0)
            return n;
        if (s->state != SOCKET_CONNECTED)
            return -ENOTCONN;
    } else if (m->name_len) {
        n = unix_name_check(m->name, m->name_len, kept);
        if (n < 0)
            return n;
    }
    int e = socket_has(s, SOCKET_PASSCRED) ? unix_autobind(s) : 0;
    return e < 0 ? e : send_datagram(s, m, kept, (uint32_t)n);
}

// --- receiving ---

// The first record, if there is one: its length in *whole.
static int take_first(struct socket *s, struct net_message *m, uint32_t *whole)
{
    struct ring *r = &s->ring;
    const uint32_t pos = ring_tail(r).pos;
    struct ring_record *rec = ring_look(r, pos);
    if (!rec)
        return 0;
    unix_read_sign(m, rec);
    *whole = rec->len;
    m->name_len = rec->name_len;
    ring_name(r, pos, m->name);
    ring_read(r, pos, 0, &m->it, (uint32_t)min_u64(rec->len, m->it.left));
    m->rights = rec->rights;
    if (m->flags & MSG_PEEK) {
        control_give(s, m); // nobody else takes the descriptors meanwhile
        m->rights = (struct wref){0};
        return 1;
    }
    rec->rights = (struct wref){0};
    ring_take(r, ring_next(rec, pos), 1);
    return 1;
}

static int take_datagram(struct socket *s, struct net_message *m, uint32_t *whole)
{
    critical_begin();
    lock_take(&s->ring.read_lock);
    int found = take_first(s, m, whole);
    lock_drop(&s->ring.read_lock);
    if (found && !m->given)
        control_give(s, m);
    rights_drop(m->rights);
    m->rights = (struct wref){0};
    critical_end();
    if (found)
        unix_room_made(s);
    return found;
}

// Whatever ends a wait, also an error or that nothing will come.
static int dgram_readable(void *arg)
{
    const struct socket *s = arg;
    return !ring_empty(&s->ring) || s->error || (s->shut & SOCKET_SHUT_RECV);
}

// 1: there is one; 0: the end of what will ever come; -errno.
static long wait_for_datagram(struct socket *s, struct net_message *m, uint32_t *whole)
{
    for (;;) {
        const uint32_t shut = s->shut; // before the look
        int e = socket_take_error(s);
        if (e < 0)
            return e;
        if (iter_check(&m->it, 1) < 0 || control_again(m, 1) < 0)
            return -EFAULT;
        if (take_datagram(s, m, whole))
            return 1;
        if (shut & SOCKET_SHUT_RECV)
            return m->deadline == 0 && s->type == SOCK_DGRAM ? -EAGAIN : 0;
        e = socket_wait(&s->read_q, dgram_readable, s, m->deadline);
        if (e < 0)
            return e;
    }
}

// Bytes that do not fit are lost; MSG_TRUNC asks for the whole length all the same.
long unix_dgram_recv(struct socket *s, struct net_message *m)
{
    const size_t len = m->it.left;
    uint32_t whole;
    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (s->type == SOCK_SEQPACKET && s->state != SOCKET_CONNECTED)
        return -ENOTCONN;
    long r = wait_for_datagram(s, m, &whole);
    if (r <= 0)
        return r;
    if (whole > len)
        m->out_flags |= MSG_TRUNC;
    return m->flags & MSG_TRUNC ? (long)whole : (long)(len - m->it.left);
}

// --- poll() ---

// By the same measure as streams where there is one sender; else by the number of messages.
static int has_room_for(struct socket *s, const struct socket *peer)
{
    if (is_choked(s, peer))
        return 0;
    return wref_ptr(peer->peer) != s || ring_used(&peer->ring) <= s->sndbuf / 4;
}

// The queue is the root's, so it does not matter that the peer may go.
uint32_t unix_dgram_poll(struct socket *s, struct waitq **queues, uint32_t *n)
{
    uint32_t events = unix_poll_state(s);
    critical_begin();
    struct socket *peer = peer_of(s);
    int writable = s->state != SOCKET_LISTEN;
    queues[(*n)++] = &unix_room_of(peer ? peer : s).room->senders;
    if (peer && !has_room_for(s, peer)) {
        unix_room_want(peer);
        writable = has_room_for(s, peer);
    }
    if (peer)
        socket_unref(peer);
    critical_end();
    return writable ? events | POLLOUT | POLLWRNORM | POLLWRBAND : events;
}
