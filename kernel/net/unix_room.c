// SPDX-License-Identifier: BSD-2-Clause
// AF_UNIX: waiting for room at a socket that may go meanwhile, and who it was that sent.
//
// A sender to a datagram socket, or who connects to a listener with a full queue, has no hold on
// it while he waits. So he waits in one of a few queues of the root, for the turn counter beside it
// to move: he reads it, finds no room, asks to be told, looks once more, and sleeps until it is
// another. Whoever makes room, or closes the socket, and sees that somebody asked, moves it. Some
// wake for others' turns and look in vain.
// Neighbours: dgram.c, unix_connect.c (who waits), kernel/window/waitq.c (why no wake-up is lost).

#include "kernel/lib.h"
#include "kernel/net/unix.h"
#include "kernel/proc/proc.h"
#include "kernel/root.h"

// --- room ---

static struct socket_room *room_at(const struct socket *s)
{
    return &window_root()->socket_rooms[wref_of(s).unit / 8 % SOCKET_ROOMS];
}

struct unix_room unix_room_of(const struct socket *s)
{
    struct socket_room *room = room_at(s);
    return (struct unix_room){room, __atomic_load_n((uint32_t *)&room->turn, __ATOMIC_SEQ_CST)};
}

// Before the last look: who makes room and does not see this has made it visible to that look.
void unix_room_want(struct socket *s)
{
    __atomic_store_n((uint32_t *)&s->ring.wanted, 1, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void unix_room_made(struct socket *s)
{
    struct socket_room *room = room_at(s);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!s->ring.wanted)
        return;
    __atomic_store_n((uint32_t *)&s->ring.wanted, 0, __ATOMIC_SEQ_CST);
    __atomic_add_fetch((uint32_t *)&room->turn, 1, __ATOMIC_SEQ_CST);
    waitq_wake(&room->senders);
}

static int turn_came(void *arg)
{
    const struct unix_room *room = arg;
    return __atomic_load_n((uint32_t *)&room->room->turn, __ATOMIC_SEQ_CST) != room->turn;
}

int unix_room_wait(struct unix_room *room, uint64_t deadline)
{
    return socket_wait(&room->room->senders, turn_came, room, deadline);
}

// --- who sends ---

void unix_sign(struct ring_record *rec, const struct socket *s, const struct socket *to,
               const struct net_message *m)
{
    struct k_ucred c = {proc_self->pid, proc_self->uid, proc_self->gid};
    // Who accepts it may still ask: his socket is not there yet.
    if (!m->has_cred && to->file.unit && !socket_has(s, SOCKET_PASSCRED) &&
        !socket_has(to, SOCKET_PASSCRED))
        return;
    if (m->has_cred)
        c = m->cred;
    rec->flags = RECORD_CRED;
    rec->pid = c.pid;
    rec->uid = c.uid;
    rec->gid = c.gid;
}

void unix_read_sign(struct net_message *m, const struct ring_record *rec)
{
    m->seen = 1;
    m->has_cred = rec->flags & RECORD_CRED;
    m->cred = (struct k_ucred){rec->pid, rec->uid, rec->gid};
}
