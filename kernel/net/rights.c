// SPDX-License-Identifier: BSD-2-Clause
// SCM_RIGHTS: descriptions while they are in a message, neither the sender's any more nor the
// receiver's yet.
//
// The sender takes a reference for each and enters the object into the list before its record is
// put into a ring; the receiver takes the record out, installs descriptors with references of their
// own, and drops the object. Both are critical sections, so that no kill leaves an object that
// belongs to no record. Dropping may close the last descriptor of a socket whose ring holds more
// such objects: those are appended to what is being dropped, so that a long chain is a loop and no
// recursion.
// Neighbours: control.c (what the program says and sees), collect.c (cycles), ring.h (records).

#include "kernel/net/rights.h"
#include "kernel/api/errno.h"
#include "kernel/file/fd.h"
#include "kernel/lib.h"
#include "kernel/net/control.h"
#include "kernel/net/socket.h"
#include "kernel/proc/proc.h"
#include "kernel/root.h"

static struct rights *rights_at(struct wref ref)
{
    return wref_ptr(ref);
}

// --- the list ---

// A death in the middle leaves `next` right and `prev` perhaps not.
void rights_lock(void)
{
    struct wroot *root = window_root();
    if (lock_take(&root->rights_lock) != -EOWNERDEAD)
        return;
    struct wref prev = {0};
    for (struct rights *r = rights_at(root->rights_first); r; r = rights_at(r->next)) {
        r->prev = prev;
        prev = wref_of(r);
    }
}

void rights_unlock(void)
{
    lock_drop(&window_root()->rights_lock);
}

static void enter_list(struct rights *r)
{
    struct wroot *root = window_root();
    rights_lock();
    r->next = root->rights_first;
    if (r->next.unit)
        rights_at(r->next)->prev = wref_of(r);
    root->rights_first = wref_of(r);
    root->rights_files += r->count;
    rights_unlock();
}

static void leave_list(struct rights *r)
{
    struct wroot *root = window_root();
    rights_lock();
    if (r->prev.unit)
        rights_at(r->prev)->next = r->next;
    else
        root->rights_first = r->next;
    if (r->next.unit)
        rights_at(r->next)->prev = r->prev;
    root->rights_files -= r->count;
    rights_unlock();
}

// --- making ---

// Linux counts per user, and so do we where it is asked for: more than RLIMIT_NOFILE under way is
// refused to all but root.
static int too_many(uint32_t more)
{
    uint64_t n = more, limit = proc_self->rlimits[RLIMIT_NOFILE].cur;
    if (proc_self->euid == 0)
        return 0;
    rights_lock();
    for (struct rights *r = rights_at(window_root()->rights_first); r; r = rights_at(r->next))
        n += r->uid == proc_self->uid ? r->count : 0;
    rights_unlock();
    return n > limit;
}

// One more object at the end of the row.
static struct rights *append(struct rights *last, struct socket *to, struct wref *first)
{
    struct rights *r = wslab_claim(&window_root()->rights, 1);
    if (!r)
        return NULL;
    r->to = wref_of(to);
    r->uid = proc_self->uid;
    if (last)
        last->more = wref_of(r);
    else
        *first = wref_of(r);
    return r;
}

// References of a row that is in no list yet.
static int take_references(const struct net_message *m, struct socket *to, struct wref *first)
{
    struct rights *r = NULL;
    struct control_walk walk = {0};
    int32_t fd;
    while (control_next_fd(m, &walk, &fd)) {
        struct file *f = fd_get(fd);
        if (!f)
            return -EBADF;
        if (!r || r->count == RIGHTS_FILES)
            r = append(r, to, first);
        if (!r) {
            file_unref(f);
            return -ENOBUFS;
        }
        r->file[r->count++] = wref_of(f);
    }
    return 0;
}

static void free_row(struct wref first);

int rights_make(const struct net_message *m, struct socket *to, struct wref *out)
{
    *out = (struct wref){0};
    if (m->nfds == 0)
        return 0;
    int r = too_many(m->nfds) ? -ETOOMANYREFS : take_references(m, to, out);
    if (r < 0) {
        free_row(*out);
        *out = (struct wref){0};
        return r;
    }
    for (struct rights *part = rights_at(*out); part; part = rights_at(part->more))
        enter_list(part);
    return 0;
}

struct file *rights_file(struct wref first, uint32_t i)
{
    const struct rights *r = rights_at(first);
    for (; r && i >= RIGHTS_FILES; i -= RIGHTS_FILES)
        r = rights_at(r->more);
    return r && i < r->count ? wref_ptr(r->file[i]) : NULL;
}

// --- dropping ---

// A row that is in no list (any more).
static void free_row(struct wref first)
{
    for (struct rights *r = rights_at(first), *more; r; r = more) {
        more = rights_at(r->more);
        for (uint32_t i = 0; i < r->count; i++)
            file_unref(wref_ptr(r->file[i]));
        wslab_free(&window_root()->rights, r);
    }
}

// Rows that wait for their turn are linked by `next`, now that they are in no list; that is of this
// process alone, and in a critical section, so no kill loses it.
void rights_drop(struct wref first)
{
    static struct wref waiting;
    static int dropping;
    if (!first.unit)
        return;
    for (struct rights *r = rights_at(first); r; r = rights_at(r->more))
        leave_list(r);
    rights_at(first)->next = waiting;
    waiting = first;
    if (dropping)
        return;
    dropping = 1;
    while (waiting.unit) {
        first = waiting;
        waiting = rights_at(first)->next;
        free_row(first);
    }
    dropping = 0;
}
