// SPDX-License-Identifier: BSD-2-Clause
// Sockets: objects in the window, one for each open socket, shared by whoever has a descriptor.
//
// What is the same for all families is here and in socket.c, calls.c, message.c and options.c: the
// life of a socket, system calls, options, the program's memory. What a family does its way is a
// table of struct socket_family in a file of its own (unix.c). A socket holds no code: its family
// is a number, and each program has a private list of families (socket.c).
#ifndef RAMET_KERNEL_NET_SOCKET_H
#define RAMET_KERNEL_NET_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/api/socket.h"
#include "kernel/file/file.h"
#include "kernel/net/iter.h"
#include "kernel/net/ring.h"
#include "kernel/window/lock.h"
#include "kernel/window/waitq.h"
#include "kernel/window/window.h"

#define SOCKET_NAME_MAX 112    // bytes of an address, the family's number included
#define SOCKET_SNDBUF   212992 // what a socket begins with, and half of the most it may be given
#define SOCKET_RCVBUF   212992

enum socket_state {
    SOCKET_CLOSE = 0, // neither connected nor listening
    SOCKET_LISTEN = 1,
    SOCKET_CONNECTED = 2,
};

// In `shut`: what is over.
#define SOCKET_SHUT_RECV 1u
#define SOCKET_SHUT_SEND 2u
#define SOCKET_SHUT_BOTH 3u

// In `options`: SO_* that are on.
#define SOCKET_PASSCRED  0x01u
#define SOCKET_REUSEADDR 0x02u
#define SOCKET_KEEPALIVE 0x04u
#define SOCKET_BROADCAST 0x08u
#define SOCKET_OOBINLINE 0x10u
#define SOCKET_DONTROUTE 0x20u
#define SOCKET_REUSEPORT 0x40u
#define SOCKET_DEBUG     0x80u
#define SOCKET_TIMESTAMP 0x100u
#define SOCKET_LINGER    0x200u

struct socket {
    // Its description, its peer's `peer`, a listener's queue, calls that look at it; 0 = free.
    _Atomic uint32_t refs;
    // Constant.
    uint8_t family, type;
    uint16_t reserved;
    // Atomic, written by both sides.
    _Atomic uint32_t state; // enum socket_state; under lock
    _Atomic uint32_t shut;  // SOCKET_SHUT_*
    _Atomic uint32_t error; // SO_ERROR, told once
    _Atomic uint32_t options;
    struct wlock lock; // state, peer of a datagram socket, name, the queue of a listener
    struct wref file;  // the description; 0 before accept and after the last close
    struct wref peer;  // connected to it; holds a reference. Of a stream it never changes again
    // Of a listener: connections that nobody has accepted, oldest first. Under lock.
    struct wref first, last;
    uint32_t backlog, waiting;
    struct wref next;     // the younger one in a listener's queue
    struct wref listener; // whose queue it is in
    // Found by its name.
    struct wref inode;      // of a path; holds a reference
    struct wref next_named; // in a chain of abstract names
    // Settings.
    uint32_t sndbuf, rcvbuf, rcvlowat;
    int32_t linger, priority;
    uint32_t mark;
    uint64_t sndtimeo, rcvtimeo; // ns; 0: for ever
    struct k_ucred peercred;     // SO_PEERCRED
    uint32_t mode, uid, gid;     // fstat()
    uint32_t gc;                 // of collect.c, under its lock
    uint32_t gc_refs;            // references in messages, as far as they are counted
    struct waitq read_q;         // something has arrived, or the state has changed
    struct waitq room_q;         // of a stream: its peer may send again
    uint32_t name_len;           // 0: it has none
    uint8_t name[SOCKET_NAME_MAX];
    uint32_t reserved2[11];
    struct ring ring; // what has arrived
};
_Static_assert(sizeof(struct socket) == 512, "eight cache lines, seven sockets in a page");

// One send or receive, on the stack of the call.
struct net_message {
    struct net_iter it;
    uint32_t flags;    // MSG_*
    uint64_t deadline; // of a wait; 0: do not wait
    // The address: given to a send, if name_len is not 0; found by a receive.
    uint32_t name_len;
    uint8_t name[K_SOCKADDR_MAX];
    // Ancillary data: in the program's memory, checked.
    uint8_t *control;
    uint64_t control_len; // of a receive: room, then what is left of it
    uint32_t nfds;        // a send: descriptors to be passed, in all
    uint32_t out_flags;   // a receive: msg_flags
    uint32_t has_cred;    // a send: the program says who it is; a receive: the first record did
    struct k_ucred cred;
    struct wref rights; // a receive: what came along
    int seen;           // a receive: a record was there
    int given;          // a receive: ancillary data has been handed over
};

// What a family does. Between sys_enter() and sys_leave(), no lock held; 0 or -errno, or as said.
struct socket_family {
    int (*check)(int type, int protocol); // whether there are such sockets
    int (*pair)(struct socket *s[2]);     // NULL: -EOPNOTSUPP
    int (*bind)(struct socket *s, const uint8_t *name, uint32_t len);
    int (*listen)(struct socket *s, int backlog);
    // The oldest of s->first, which has no description yet, with its reference; -EAGAIN: none.
    int (*accept)(struct socket *s, struct socket **out);
    int (*connect)(struct socket *s, const uint8_t *name, uint32_t len, uint64_t deadline);
    int (*shutdown)(struct socket *s, uint32_t how); // SOCKET_SHUT_*
    // The address into name[SOCKET_NAME_MAX]: its length or -ENOTCONN.
    int (*name)(struct socket *s, int peer, uint8_t *name);
    // Bytes, or -errno. They check the pieces (iter_check()) before they touch them.
    long (*send)(struct socket *s, struct net_message *m);
    long (*recv)(struct socket *s, struct net_message *m);
    uint32_t (*poll)(struct socket *s, struct waitq **queues, uint32_t *n);
    long (*unread)(struct socket *s); // FIONREAD
    long (*unsent)(struct socket *s); // SIOCOUTQ
    // The last descriptor is closed, or an accepted socket gets none. References stay the caller's.
    void (*release)(struct socket *s);
};
extern const struct socket_family unix_family;

// --- socket.c ---
// NULL: no such family.
const struct socket_family *socket_family(int family);
// A new socket with one reference. NULL: the window is full.
struct socket *socket_new(int family, int type);
void socket_ref(struct socket *s);
void socket_unref(struct socket *s);
// Gives it a description, which takes over the reference. NULL: none is left.
struct file *socket_file(struct socket *s, uint32_t flags);
// The socket behind a descriptor, borrowed. -EBADF, -ENOTSOCK.
int socket_at(int fd, struct socket **s);
static inline struct socket *socket_of(const struct file *f)
{
    return wref_ptr(f->object);
}
// The description of a socket that has one.
static inline struct file *socket_description(const struct socket *s)
{
    return wref_ptr(s->file);
}

// Until when a call on it may wait, by its timeout and O_NONBLOCK or MSG_DONTWAIT (`dont`).
uint64_t socket_deadline(const struct socket *s, uint64_t timeout, int dont);
// Waits for ready(arg). 0; -EAGAIN at the deadline; -ERESTART for a signal, -EINTR if there is a
// deadline, because a call that began again would wait longer.
int socket_wait(struct waitq *q, int (*ready)(void *arg), void *arg, uint64_t deadline);
// SO_ERROR, once: 0 or -errno.
int socket_take_error(struct socket *s);
// Whether SOCKET_* options of it are on.
static inline int socket_has(const struct socket *s, uint32_t option)
{
    return (s->options & option) != 0;
}
// Something has happened at s that a reader or poll() wants to know: wakes, and tells the owner
// (SIGIO) if he asked for it.
void socket_wake(struct socket *s);
// A kind of socket that connects.
static inline int socket_connects(const struct socket *s)
{
    return s->type != SOCK_DGRAM;
}

// --- message.c ---
// A plain read or write of one piece as a message.
long socket_read(struct file *f, void *buf, size_t len);
long socket_write(struct file *f, const void *buf, size_t len);
long socket_vector(struct file *f, const struct k_iovec *iov, int n, int write);

// --- options.c ---
long socket_getsockopt(struct socket *s, int level, int name, void *value, uint32_t *len);
long socket_setsockopt(struct socket *s, int level, int name, const void *value, uint32_t len);

#endif
