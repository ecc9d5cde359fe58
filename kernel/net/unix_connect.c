// SPDX-License-Identifier: BSD-2-Clause
// AF_UNIX: how sockets come to be connected: pairs, listeners, connect() and accept().
//
// A connection is two sockets that refer to each other; each has the ring of what has arrived at it
// and writes into the other's. connect() makes the second one and puts it into the listener's
// queue, connected already: what is sent before accept() waits in its ring. So accept() only takes
// it out, from whichever process comes first.
// Neighbours: unix.c (how they end), unix_name.c (who listens where), unix_room.c (who waits for a
// full queue).

#include "kernel/net/unix.h"
#include "kernel/api/errno.h"
#include "kernel/lib.h"
#include "kernel/net/rights.h"
#include "kernel/proc/proc.h"

// Who made the connection stays its owner in the peer's eyes, whoever gets the descriptor later.
static struct k_ucred current_cred(void)
{
    return (struct k_ucred){proc_self->pid, proc_self->euid, proc_self->egid};
}

// --- the listener's queue, under its lock ---

// A death in the middle of a change may have left `last` and `waiting` behind.
void unix_listener_lock(struct socket *s)
{
    if (lock_take(&s->lock) != -EOWNERDEAD)
        return;
    s->waiting = 0;
    s->last = s->first;
    for (struct socket *n = wref_ptr(s->first); n; n = wref_ptr(n->next)) {
        s->last = wref_of(n);
        s->waiting++;
    }
}

static void queue_put(struct socket *l, struct socket *n)
{
    n->next = (struct wref){0};
    if (l->first.unit)
        ((struct socket *)wref_ptr(l->last))->next = wref_of(n);
    else
        l->first = wref_of(n);
    l->last = wref_of(n);
    l->waiting++;
}

struct socket *unix_queue_take(struct socket *l)
{
    struct socket *n = wref_ptr(l->first);
    if (n) {
        l->first = n->next;
        l->waiting--;
    }
    return n;
}

// The collection goes from such a socket to its listener, and may be at it.
void unix_leave_listener(struct socket *n)
{
    rights_lock();
    n->listener = (struct wref){0};
    rights_unlock();
}

int unix_listen(struct socket *s, int backlog)
{
    int r = 0;
    if (!socket_connects(s))
        return -EOPNOTSUPP;
    if (s->name_len == 0)
        return -EINVAL; // nobody could find it (Linux; POSIX: EDESTADDRREQ)
    unix_listener_lock(s);
    if (s->state == SOCKET_CONNECTED) {
        r = -EINVAL;
    } else {
        s->backlog = (uint32_t)backlog;
        s->peercred = current_cred(); // what those who connect will see
        s->state = SOCKET_LISTEN;
    }
    lock_drop(&s->lock);
    unix_room_made(s);
    return r;
}

// A socket out of the queue is complete and may have bytes in it; its peer may even be closed.
int unix_accept(struct socket *s, struct socket **out)
{
    int r = -EAGAIN;
    if (!socket_connects(s))
        return -EOPNOTSUPP;
    unix_listener_lock(s);
    if (s->state != SOCKET_LISTEN)
        r = -EINVAL;
    else if ((*out = unix_queue_take(s)))
        r = 0;
    lock_drop(&s->lock);
    if (r == 0) {
        unix_leave_listener(*out);
        unix_room_made(s);
    }
    return r;
}

// --- connecting ---

// Two that are nobody's yet, or one and one that is in no queue yet.
static void connect_two(struct socket *a, struct socket *b)
{
    a->peer = wref_of(b);
    b->peer = wref_of(a);
    socket_ref(a);
    socket_ref(b);
    a->state = b->state = SOCKET_CONNECTED;
}

int unix_pair(struct socket *s[2])
{
    s[0]->peercred = s[1]->peercred = current_cred();
    connect_two(s[0], s[1]);
    return 0;
}

// One more than was asked for, as on Linux: a backlog of 0 is room for one.
static int is_full(const struct socket *l)
{
    return l->waiting > l->backlog;
}

// What accept() will return: with the listener's name and what it passes on.
static void prepare_accepted(struct socket *n, const struct socket *l)
{
    memcpy(n->name, l->name, l->name_len);
    n->name_len = l->name_len;
    n->options = l->options & SOCKET_PASSCRED;
    n->peercred = current_cred();
    n->listener = wref_of(l);
}

// Under both locks. Complete before it is in the queue.
static int enter_queue(struct socket *s, struct socket *n, struct socket *l)
{
    if (l->state != SOCKET_LISTEN || (l->shut & SOCKET_SHUT_RECV))
        return -ECONNREFUSED;
    if (is_full(l))
        return -EAGAIN;
    prepare_accepted(n, l);
    s->peercred = l->peercred;
    connect_two(s, n);
    queue_put(l, n);
    return 0;
}

// The one who connects is locked before the listener. Two that connect to each other do not wait
// for each other: each is locked only as long as it does not listen, and the other only if it does.
static int join_locked(struct socket *s, struct socket *n, struct socket *l)
{
    int r;
    lock_take(&s->lock);
    if (s->state != SOCKET_CLOSE) {
        r = s->state == SOCKET_CONNECTED ? -EISCONN : -EINVAL;
    } else if (l->state != SOCKET_LISTEN) {
        r = -ECONNREFUSED;
    } else {
        unix_listener_lock(l);
        r = enter_queue(s, n, l);
        lock_drop(&l->lock);
    }
    lock_drop(&s->lock);
    return r;
}

// One attempt with a listener that was found. -EAGAIN: its queue is full.
static int connect_to(struct socket *s, struct socket *l, struct unix_room *room)
{
    *room = unix_room_of(l);
    if (l->state != SOCKET_LISTEN || (l->shut & SOCKET_SHUT_RECV))
        return -ECONNREFUSED;
    if (is_full(l)) {
        unix_room_want(l);
        if (is_full(l))
            return -EAGAIN;
    }
    struct socket *n = socket_new(AF_UNIX, s->type);
    if (!n)
        return -ENOMEM;
    int r = join_locked(s, n, l);
    if (r < 0)
        socket_unref(n);
    else
        socket_wake(l);
    return r;
}

// The listener is referenced between finding and letting go: a critical section, so that no kill
// leaves the reference.
static int find_and_connect(struct socket *s, const uint8_t *name, uint32_t len,
                            struct unix_room *room)
{
    struct socket *l;
    critical_begin();
    int r = unix_find(name, len, s->type, &l);
    if (r == 0) {
        r = connect_to(s, l, room);
        socket_unref(l);
    }
    critical_end();
    return r;
}

// Whoever waits for a full queue finds the name again afterwards: it may be another's by then.
int unix_connect(struct socket *s, const uint8_t *name, uint32_t len, uint64_t deadline)
{
    uint8_t kept[SOCKET_NAME_MAX];
    struct unix_room room;
    if (!socket_connects(s))
        return unix_dgram_connect(s, name, len);
    int n = unix_name_check(name, len, kept), r = n;
    if (n > 0 && socket_has(s, SOCKET_PASSCRED) && s->name_len == 0)
        r = unix_autobind(s);
    while (r >= 0) {
        r = find_and_connect(s, kept, (uint32_t)n, &room);
        if (r != -EAGAIN || deadline == 0)
            return r;
        r = unix_room_wait(&room, deadline);
    }
    return r;
}
