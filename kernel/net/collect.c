// SPDX-License-Identifier: BSD-2-Clause
// Sockets that nobody can reach any more: their descriptors are in messages that wait at each
// other, or at themselves.
//
// A socket whose description has more references than there are in messages is somebody's. What
// waits at such a socket can be received; so can, then, what waits at the sockets in it, and so on
// until nothing new is found. What is left keeps itself alive and nobody else: its descriptors are
// closed. References in messages are counted anew each time, from the list of all messages with
// descriptors, so there is no count that could go wrong. None of them moves while the list is
// locked; descriptors may be closed meanwhile, which the next collection finds, and a descriptor
// that is copied was there to be counted.
// Neighbours: rights.c (the list), socket.c (who asks for it).

#include "kernel/file/file.h"
#include "kernel/net/rights.h"
#include "kernel/net/socket.h"
#include "kernel/root.h"

// In socket.gc: this collection's number, which is even, once the socket was found in a message,
// and one more once it was found reachable.
static uint32_t number;

static struct rights *first_rights(void)
{
    return wref_ptr(window_root()->rights_first);
}

static struct rights *next_rights(const struct rights *r)
{
    return wref_ptr(r->next);
}

// The socket that the i-th file is. NULL: it is none.
static struct socket *socket_in(const struct rights *r, uint32_t i)
{
    const struct file *f = wref_ptr(r->file[i]);
    return f->kind == FILE_SOCKET ? socket_of(f) : NULL;
}

static void count_references(void)
{
    for (struct rights *r = first_rights(); r; r = next_rights(r)) {
        r->flags &= ~RIGHTS_LIVE;
        for (uint32_t i = 0; i < r->count; i++) {
            struct socket *s = socket_in(r, i);
            if (!s)
                continue;
            if (s->gc != number)
                s->gc_refs = 0;
            s->gc = number;
            s->gc_refs++;
        }
    }
}

static void find_owned(void)
{
    for (struct rights *r = first_rights(); r; r = next_rights(r))
        for (uint32_t i = 0; i < r->count; i++) {
            struct socket *s = socket_in(r, i);
            if (s && s->gc == number && socket_description(s)->refs > s->gc_refs)
                s->gc = number + 1;
        }
}

// One that is in no message is somebody's, or being closed; one that nobody has accepted is its
// listener's.
static int is_reachable(const struct socket *s)
{
    if (s->listener.unit)
        s = wref_ptr(s->listener);
    return s->gc != number;
}

// What can be received makes what is in it reachable. Whether anything new was found.
static int spread_reach(void)
{
    int found = 0;
    for (struct rights *r = first_rights(); r; r = next_rights(r)) {
        if ((r->flags & RIGHTS_LIVE) || !is_reachable(wref_ptr(r->to)))
            continue;
        r->flags |= RIGHTS_LIVE;
        found = 1;
        for (uint32_t i = 0; i < r->count; i++) {
            struct socket *s = socket_in(r, i);
            if (s)
                s->gc = number + 1;
        }
    }
    return found;
}

static void judge(void)
{
    for (struct rights *r = first_rights(); r; r = next_rights(r))
        if (!(r->flags & RIGHTS_LIVE))
            r->flags |= RIGHTS_GARBAGE; // for good: while its files go, their counts mean nothing
}

// Takes a file out of a message that nobody will receive. NULL: there is none.
static struct file *take_garbage(void)
{
    for (struct rights *r = first_rights(); r; r = next_rights(r)) {
        if (!(r->flags & RIGHTS_GARBAGE) || r->count == 0)
            continue;
        window_root()->rights_files--;
        return wref_ptr(r->file[--r->count]);
    }
    return NULL;
}

// The files are closed with the list unlocked, since a socket among them drops what waits at it.
void rights_collect(void)
{
    static int collecting;
    struct file *f;
    if (collecting || !window_root()->rights_first.unit)
        return;
    collecting = 1;
    critical_begin();
    rights_lock();
    number = window_root()->rights_number += 2;
    count_references();
    find_owned();
    while (spread_reach())
        ;
    judge();
    while ((f = take_garbage())) {
        rights_unlock();
        file_unref(f);
        rights_lock();
    }
    rights_unlock();
    critical_end();
    collecting = 0;
}
