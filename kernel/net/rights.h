// SPDX-License-Identifier: BSD-2-Clause
// Descriptors on their way through sockets (SCM_RIGHTS): objects in the window
// (kernel/net/rights.c), and the collection of sockets that nobody but such messages refers to
// (kernel/net/collect.c).
#ifndef RAMET_KERNEL_NET_RIGHTS_H
#define RAMET_KERNEL_NET_RIGHTS_H

#include <stdint.h>
#include "kernel/file/file.h"
#include "kernel/window/lock.h"
#include "kernel/window/window.h"

#define RIGHTS_FILES 24u

// Descriptions that a record of a ring brings along; with more, several in a row. All that are
// under way in the family are in one list, by which the collection finds them.
struct rights {
    uint32_t used;  // 0 = free
    uint32_t count; // files
    struct wref more;
    struct wref to;                 // the socket in whose ring the record is
    struct wref next, prev;         // in the list; under its lock
    uint32_t flags;                 // RIGHTS_*, under the same lock
    uint32_t uid;                   // who sent it
    struct wref file[RIGHTS_FILES]; // each with a reference
};
_Static_assert(sizeof(struct rights) == 128, "two cache lines");
#define RIGHTS_LIVE    1u // somebody can receive it, as far as the collection knows
#define RIGHTS_GARBAGE 2u // nobody can; stays so

struct socket;
struct net_message;

// All in a critical section of the caller.

// The descriptors that a message brings, with references, for the ring of `to`. 0 and the first
// object in *out; -EBADF, -ETOOMANYREFS, -ENOBUFS (the window is full): nothing is left of it.
int rights_make(const struct net_message *m, struct socket *to, struct wref *out);
// Lets go of one, its files and what is behind it.
void rights_drop(struct wref first);
// The i-th file of it. NULL: there are not as many.
struct file *rights_file(struct wref first, uint32_t i);

// The list, locked: for collect.c.
void rights_lock(void);
void rights_unlock(void);

// A descriptor of a socket was closed, and messages with sockets in them are under way: lets go of
// what only such messages keep. Cheap when there are none.
void rights_collect(void);

#endif
