// SPDX-License-Identifier: BSD-2-Clause
// AF_UNIX, between its files: unix.c (the family's table, how sockets end), unix_connect.c (how
// they begin), unix_name.c (names), unix_room.c (waiting), stream.c and dgram.c (what is sent).
#ifndef RAMET_KERNEL_NET_UNIX_H
#define RAMET_KERNEL_NET_UNIX_H

#include <stdint.h>
#include "kernel/net/socket.h"

// Messages that may wait at a datagram socket, from others than the one it is connected to (Linux's
// net.unix.max_dgram_qlen); one more is taken.
#define UNIX_QUEUE 10u

// --- unix_name.c ---
// An address as it is kept: a path with its NUL, an abstract name as it is. The length, or -EINVAL.
int unix_name_check(const uint8_t *name, uint32_t len, uint8_t out[SOCKET_NAME_MAX]);
int unix_bind(struct socket *s, const uint8_t *name, uint32_t len);
// Gives a socket that has none an abstract name nobody has. 0, -ENOSPC.
int unix_autobind(struct socket *s);
// The socket of that name, with a reference: in a critical section. `name` as unix_name_check() has
// it. -ECONNREFUSED, -EPROTOTYPE, -EACCES, what a walk says.
int unix_find(const uint8_t *name, uint32_t len, int type, struct socket **out);
// It is found no more.
void unix_name_gone(struct socket *s);

// --- unix_connect.c: as in struct socket_family ---
int unix_pair(struct socket *s[2]);
int unix_listen(struct socket *s, int backlog);
int unix_accept(struct socket *s, struct socket **out);
int unix_connect(struct socket *s, const uint8_t *name, uint32_t len, uint64_t deadline);
// The lock of a socket that may listen: its queue is whole, also after a death under the lock.
void unix_listener_lock(struct socket *s);
// The oldest connection of the queue, with its reference; NULL: none. Under that lock.
struct socket *unix_queue_take(struct socket *l);
// It is in no queue any more.
void unix_leave_listener(struct socket *n);

// --- waiting for room at a socket that may go meanwhile: unix_room.c ---
// Senders to datagram sockets, and those who connect to a listener with a full queue, wait in a
// queue of the root, for a turn of its counter: there is nothing of the receiver's to be held.
struct unix_room {
    struct socket_room *room;
    uint32_t turn;
};
// Before the look that finds no room: so that a turn after it is seen.
struct unix_room unix_room_of(const struct socket *s);
// That look has found none: the receiver shall tell. The caller looks once more.
void unix_room_want(struct socket *s);
int unix_room_wait(struct unix_room *room, uint64_t deadline);
// There is room at s, or never will be: wakes who wants it.
void unix_room_made(struct socket *s);

// --- stream.c, dgram.c: as in struct socket_family ---
long unix_stream_send(struct socket *s, struct net_message *m);
long unix_stream_recv(struct socket *s, struct net_message *m);
uint32_t unix_stream_poll(struct socket *s, struct waitq **queues, uint32_t *n);
int unix_dgram_connect(struct socket *s, const uint8_t *name, uint32_t len);
long unix_dgram_send(struct socket *s, struct net_message *m);
long unix_dgram_recv(struct socket *s, struct net_message *m);
uint32_t unix_dgram_poll(struct socket *s, struct waitq **queues, uint32_t *n);
// What poll() says alike of both kinds.
uint32_t unix_poll_state(const struct socket *s);
// Whether SO_PASSCRED at either end, or the program, wants the sender named in a record; if so he
// is.
void unix_sign(struct ring_record *rec, const struct socket *s, const struct socket *to,
               const struct net_message *m);
// A record's sender, as a receiver sees him.
void unix_read_sign(struct net_message *m, const struct ring_record *rec);
// Lets go of what came along with records of a ring that nobody reads any more.
void unix_purge(struct socket *s);

#endif
