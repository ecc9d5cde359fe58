// SPDX-License-Identifier: BSD-2-Clause
// Messages: a chain of pieces each, and lists of them.
//
// A message is complete before one store makes it part of its list, and is out of it by one store
// as well: a member that dies in between leaves a whole list, counts that message_repair() puts
// right with the list's end, and at worst a message that is nobody's.
// Neighbours: msg.c (whose lists they are), kernel/window/slab.c (where the pieces lie).

#include "kernel/ipc/message.h"
#include "kernel/lib.h"
#include "kernel/mem/copy.h"
#include "kernel/root.h"

static struct message *new_piece(void)
{
    return wslab_claim(&window_root()->messages, 1);
}

void message_free(struct message *m)
{
    while (m) {
        struct message *next = message_at(m->more);
        wslab_free(&window_root()->messages, m);
        m = next;
    }
}

struct message *message_new(int64_t type, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;
    struct message *first = new_piece(), *m = first;
    for (size_t done = 0; m;) {
        size_t n = min_u64(len - done, MESSAGE_BYTES);
        copy_bytes(m->bytes, from + done, n);
        done += n;
        if (done == len)
            break;
        struct message *more = new_piece();
        m->more = wref_of(more);
        m = more;
    }
    if (!m) { // the window is full
        message_free(first);
        return NULL;
    }
    first->type = type;
    first->len = (uint32_t)len;
    return first;
}

// Piece by piece; `len` may be less than there is (MSG_NOERROR).
void message_read(const struct message *m, void *to, size_t len)
{
    for (size_t done = 0; m && done < len; m = message_at(m->more)) {
        size_t n = min_u64(len - done, MESSAGE_BYTES);
        copy_bytes((uint8_t *)to + done, m->bytes, n);
        done += n;
    }
}

// The link last but for the counts, which whoever waits reads under the lock.
void message_insert(struct message_list *list, struct message *after, struct message *m)
{
    struct wref *link = after ? &after->next : &list->first;
    m->next = *link;
    __atomic_store_n(&link->unit, wref_of(m).unit, __ATOMIC_RELEASE);
    if (!m->next.unit)
        list->last = wref_of(m);
    list->count++;
    list->bytes += m->len;
}

void message_remove(struct message_list *list, struct message *before, struct message *m)
{
    struct wref *link = before ? &before->next : &list->first;
    __atomic_store_n(&link->unit, m->next.unit, __ATOMIC_RELEASE);
    if (!m->next.unit)
        list->last = wref_of(before);
    list->count--;
    list->bytes -= m->len;
}

struct message *message_last(const struct message_list *list, int64_t least)
{
    struct message *last = message_at(list->last);
    if (!last || last->type >= least) // the usual case
        return last;
    last = NULL;
    for (struct message *m = message_at(list->first); m; m = message_at(m->next))
        if (m->type >= least)
            last = m;
    return last;
}

void message_repair(struct message_list *list)
{
    list->count = 0;
    list->bytes = 0;
    list->last = (struct wref){0};
    for (const struct message *m = message_at(list->first); m; m = message_at(m->next)) {
        list->last = wref_of(m);
        list->count++;
        list->bytes += m->len;
    }
}

void message_free_all(struct message_list *list)
{
    for (struct message *m = message_at(list->first), *next; m; m = next) {
        next = message_at(m->next);
        message_free(m);
    }
    *list = (struct message_list){0};
}
