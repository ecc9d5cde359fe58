// SPDX-License-Identifier: BSD-2-Clause
// Messages in the window: bytes of any length in pieces of one size (kernel/ipc/message.c). A
// queue is a list of them.
#ifndef RAMET_KERNEL_MESSAGE_H
#define RAMET_KERNEL_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/window/window.h"

#define MESSAGE_SIZE  256u
#define MESSAGE_BYTES (MESSAGE_SIZE - 32)

// A piece; the first of a message speaks for all of it. In root.messages.
struct message {
    uint32_t used;    // 0: free
    struct wref more; // the next piece of this message
    struct wref next; // first piece: the next message of the queue
    uint32_t len;     // first piece: bytes of all pieces
    int64_t type;     // first piece: its type
    uint64_t reserved;
    uint8_t bytes[MESSAGE_BYTES];
};
_Static_assert(sizeof(struct message) == MESSAGE_SIZE,
               "objects of a slab are multiples of 64 bytes");

// What a queue begins with. Under the queue's lock.
struct message_list {
    struct wref first, last;
    uint32_t count;
    uint32_t pad;
    uint64_t bytes;
};

static inline struct message *message_at(struct wref ref)
{
    return (struct message *)wref_ptr(ref);
}

// A copy of the program's bytes, which have been checked, in no queue yet. NULL: the window is
// full. Under any lock: nothing here waits.
struct message *message_new(int64_t type, const void *bytes, size_t len);
void message_free(struct message *m);
// Copies the first `len` bytes out, to memory that has been checked.
void message_read(const struct message *m, void *to, size_t len);

// Puts a message behind another, or first (NULL). One store makes it part of the list.
void message_insert(struct message_list *list, struct message *after, struct message *m);
void message_remove(struct message_list *list, struct message *before, struct message *m);
// The last one that has at least this type, or NULL: where one of a lower priority goes, and with
// INT64_MIN the end of the list.
struct message *message_last(const struct message_list *list, int64_t least);
// Counts anew, after a death under the lock.
void message_repair(struct message_list *list);
// Frees a whole list, which is nobody's any more.
void message_free_all(struct message_list *list);

#endif
