// SPDX-License-Identifier: BSD-2-Clause
// Streams: bytes from one end of a connection into the other's ring, and out of it.
//
// A write is cut into records of some kilobytes, published one by one, so that both ends copy at
// the same time; a read goes over the ends of records as if there were none. It stops where the
// bytes of one that brought descriptors end, and, if the receiver asked who sends, where another
// sender's begin (unix(7)). While both ends are busy nobody calls the host: a sleeping reader is
// woken when the write is over or can go no further, a sleeping writer when three quarters of what
// may wait have been read, which is when poll() says POLLOUT on Linux, too.
// Neighbours: ring.c (the records), unix.c (connections), dgram.c (what has boundaries).

#include "kernel/api/errno.h"
#include "kernel/api/poll.h"
#include "kernel/api/signal.h"
#include "kernel/lib.h"
#include "kernel/net/control.h"
#include "kernel/net/rights.h"
#include "kernel/net/unix.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/signal/signal.h"

#define RECORD_MOST  8160u  // with its head 8 KB: still in the cache when the reader copies it
#define RIGHTS_MOST  32768u // of one that brings descriptors, which ends a read
#define RECORD_LEAST 1024u  // not cut smaller than this because the ring is nearly full
#define STREAM_BURST 65536u // moved under one hold of a lock
#define STREAM_ROOM  16384u // a writer that spins goes on when there is this much room

// Unsigned records are of one sender, nobody.
static int same_sender(const struct net_message *m, const struct ring_record *rec)
{
    return m->has_cred == (rec->flags & RECORD_CRED) && m->cred.pid == rec->pid &&
           m->cred.uid == rec->uid && m->cred.gid == rec->gid;
}

// --- sending ---

// How much of what is left goes into the next record; 0: too little room.
static uint32_t next_length(const struct ring *r, const struct net_message *m, uint32_t limit)
{
    uint32_t want = (uint32_t)min_u64(m->it.left, m->nfds ? RIGHTS_MOST : RECORD_MOST);
    uint32_t used = ring_used(r) + (uint32_t)sizeof(struct ring_record);
    uint32_t room = limit > used ? (limit - used) & ~(RING_ALIGN - 1) : 0;
    if (room >= want)
        return want;
    return room >= RECORD_LEAST ? room : 0;
}

// One record; descriptors go with the first. 1; 0: no room; -errno.
static int put_record(struct socket *s, struct socket *peer, struct net_message *m)
{
    struct ring *r = &peer->ring;
    struct ring_record rec = {.len = next_length(r, m, s->sndbuf)};
    if (rec.len == 0)
        return 0;
    int e = ring_reserve(r, ring_cost(0, rec.len), s->sndbuf);
    if (e <= 0)
        return e;
    e = rights_make(m, peer, &rec.rights);
    if (e < 0)
        return e;
    unix_sign(&rec, s, peer, m);
    ring_put(r, &rec, NULL, &m->it);
    m->nfds = 0;
    return 1;
}

// What fits, at most a burst. 1: all of that; 0: no room for the rest; -EPIPE: nobody reads it.
static int put_burst(struct socket *s, struct socket *peer, struct net_message *m)
{
    const size_t until = m->it.left - min_u64(m->it.left, STREAM_BURST);
    int r = 1;
    lock_take(&peer->ring.write_lock);
    if (peer->ring.closed || (peer->shut & SOCKET_SHUT_RECV))
        r = -EPIPE;
    while (r > 0 && m->it.left > until)
        r = put_record(s, peer, m);
    lock_drop(&peer->ring.write_lock);
    return r;
}

struct stream_writer {
    struct socket *s, *peer;
    uint32_t least; // room that is worth going on for
};

// An empty ring takes a record of any size, so a limit that is below one does not stop a writer.
static int stream_writable(void *arg)
{
    const struct stream_writer *w = arg;
    uint32_t used = ring_used(&w->peer->ring);
    return (w->s->shut & SOCKET_SHUT_SEND) || w->s->error || used == 0 ||
           used + w->least <= w->s->sndbuf;
}

// A signal ends the call before it sleeps, too: a write that goes on for long beside a reader who
// keeps up would otherwise never see it.
static int wait_to_send(struct socket *s, struct socket *peer, const struct net_message *m)
{
    uint32_t least = (uint32_t)min_u64(m->it.left, STREAM_ROOM);
    struct stream_writer w = {s, peer, (uint32_t)min_u64(least, s->sndbuf / 4)};
    w.least = ring_cost(0, w.least < RECORD_LEAST ? (uint32_t)min_u64(m->it.left, RECORD_LEAST)
                                                  : w.least);
    if (signal_deliverable())
        return m->deadline == PV_FOREVER ? -ERESTART : m->deadline ? -EINTR : -EAGAIN;
    return socket_wait(&peer->room_q, stream_writable, &w, m->deadline);
}

// What was sent before is told first; the signal comes only if nothing was.
static long stream_broken(const struct net_message *m, size_t done)
{
    if (done == 0 && !(m->flags & MSG_NOSIGNAL))
        proc_signal(proc_self, SIGPIPE, SI_USER, 0);
    return -EPIPE;
}

// Whether sending may go on. 0, or -errno.
static long may_send_on(struct socket *s, const struct net_message *m, size_t done)
{
    int e = socket_take_error(s);
    if (e < 0)
        return e;
    if (s->shut & SOCKET_SHUT_SEND)
        return stream_broken(m, done);
    // Again each time: it may have waited.
    return iter_check(&m->it, 0) < 0 || control_again(m, 0) < 0 ? -EFAULT : 0;
}

// All of it, or as much as went before an error, a signal or the end of the time.
static long send_all(struct socket *s, struct socket *peer, struct net_message *m)
{
    const size_t len = m->it.left;
    long e = 0;
    while (e >= 0 && m->it.left) {
        e = may_send_on(s, m, len - m->it.left);
        if (e < 0)
            break;
        critical_begin(); // descriptors belong to the record or to nobody
        e = put_burst(s, peer, m);
        critical_end();
        if (e == -EPIPE)
            stream_broken(m, len - m->it.left);
        if (e != 0)
            continue;
        socket_wake(peer);
        e = wait_to_send(s, peer, m);
    }
    if (m->it.left < len)
        socket_wake(peer);
    return m->it.left < len ? (long)(len - m->it.left) : e < 0 ? e : 0;
}

long unix_stream_send(struct socket *s, struct net_message *m)
{
    struct socket *peer = wref_ptr(s->peer);
    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (m->name_len)
        return s->state == SOCKET_CONNECTED ? -EISCONN : -EOPNOTSUPP;
    if (!peer)
        return -ENOTCONN;
    if (s->shut & SOCKET_SHUT_SEND)
        return stream_broken(m, 0);
    return send_all(s, peer, m);
}

// --- receiving ---

// As much of one record as is wanted. 1: go on; 0: the read ends here, with or without it.
static int take_record(struct socket *s, struct net_message *m, struct ring_record *rec,
                       struct ring_place *at)
{
    if (!m->seen)
        unix_read_sign(m, rec);
    else if (socket_has(s, SOCKET_PASSCRED) && !same_sender(m, rec))
        return 0;
    uint32_t off = at->bytes - rec->at;
    uint32_t n = (uint32_t)min_u64(rec->len - off, m->it.left);
    ring_read(&s->ring, at->pos, off, &m->it, n);
    at->bytes += n;
    m->rights = rec->rights;
    uint32_t finished = off + n == rec->len;
    if (!(m->flags & MSG_PEEK))
        rec->rights = (struct wref){0}; // ours from here on
    if (finished)
        *at = ring_next(rec, at->pos);
    if (!(m->flags & MSG_PEEK))
        ring_take(&s->ring, *at, finished);
    return !m->rights.unit;
}

// What is there, at most a burst. 1: the read may go on; 0: it ends here.
static int take_burst(struct socket *s, struct net_message *m)
{
    const size_t until = m->it.left - min_u64(m->it.left, STREAM_BURST);
    struct ring_record *rec;
    int more = 1;
    lock_take(&s->ring.read_lock);
    struct ring_place at = ring_tail(&s->ring);
    do {
        rec = ring_look(&s->ring, at.pos);
        if (rec)
            more = take_record(s, m, rec, &at);
    } while (rec && more && m->it.left > until);
    if (m->rights.unit && (m->flags & MSG_PEEK)) // nobody else takes them meanwhile
        control_give(s, m);
    lock_drop(&s->ring.read_lock);
    return more;
}

// A kill between taking descriptors and installing them would lose them.
static int take_stream(struct socket *s, struct net_message *m)
{
    critical_begin();
    int more = take_burst(s, m);
    if (!more && !m->given)
        control_give(s, m);
    if (!(m->flags & MSG_PEEK))
        rights_drop(m->rights);
    m->rights = (struct wref){0};
    critical_end();
    return more;
}

// The fence orders our new tail before the look at the queue; the other half is in wait_for().
static void tell_writer(struct socket *s)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (s->room_q.slots && ring_used(&s->ring) <= s->ring.limit / 4)
        waitq_wake(&s->room_q);
}

// Whatever ends a wait for bytes, also that none will come.
static int stream_readable(void *arg)
{
    const struct socket *s = arg;
    return !ring_empty(&s->ring) || s->error || (s->shut & SOCKET_SHUT_RECV);
}

// Bytes that a receive waits for: all with MSG_WAITALL; at least one, even to receive none.
static size_t wanted_bytes(const struct socket *s, const struct net_message *m)
{
    size_t n = m->flags & MSG_WAITALL ? m->it.left : min_u64(s->rcvlowat, m->it.left);
    return n ? n : 1;
}

// Nothing more is there. 1: look again; 0: the end; -errno.
static long wait_to_receive(struct socket *s, const struct net_message *m, uint32_t shut)
{
    int e = socket_take_error(s);
    if (e < 0)
        return e;
    if (shut & SOCKET_SHUT_RECV)
        return 0;
    e = socket_wait(&s->read_q, stream_readable, s, m->deadline);
    return e < 0 ? e : 1;
}

// Until enough has come or no more will. 0, or why it ended before anything came.
static long receive_all(struct socket *s, struct net_message *m)
{
    const size_t len = m->it.left, target = wanted_bytes(s, m);
    for (;;) {
        // Before the look: bytes that were sent before the shutdown must still be found.
        const uint32_t shut = s->shut;
        const size_t before = m->it.left;
        if (iter_check(&m->it, 1) < 0 || control_again(m, 1) < 0)
            return -EFAULT;
        int more = take_stream(s, m);
        if (m->it.left < before)
            tell_writer(s);
        if (!more || (m->seen && (m->it.left == 0 || (m->flags & MSG_PEEK))))
            return 0;
        if (before - m->it.left == STREAM_BURST)
            continue;
        if (len - m->it.left >= target)
            return 0;
        long e = wait_to_receive(s, m, shut);
        if (e <= 0)
            return e;
    }
}

// The peer's name, not the sender's, whoever has the peer open: what a stream tells (Linux).
long unix_stream_recv(struct socket *s, struct net_message *m)
{
    const size_t len = m->it.left;
    const struct socket *peer = wref_ptr(s->peer);
    if (s->state != SOCKET_CONNECTED || (m->flags & MSG_OOB))
        return -EINVAL;
    long e = receive_all(s, m);
    if (m->it.left == len && e < 0)
        return e;
    if (!m->given && control_again(m, 1) == 0)
        control_give(s, m);
    if (m->seen && peer && peer->name_len) {
        m->name_len = peer->name_len;
        memcpy(m->name, peer->name, peer->name_len);
    }
    return (long)(len - m->it.left);
}

// --- poll() ---

// A connection that is shut down is writable: a write would not wait, it would fail.
uint32_t unix_stream_poll(struct socket *s, struct waitq **queues, uint32_t *n)
{
    struct socket *peer = wref_ptr(s->peer);
    uint32_t events = unix_poll_state(s);
    queues[(*n)++] = peer ? &peer->room_q : &s->room_q;
    if (s->state != SOCKET_LISTEN && (!peer || ring_used(&peer->ring) <= s->sndbuf / 4))
        events |= POLLOUT | POLLWRNORM | POLLWRBAND;
    return events;
}
