// SPDX-License-Identifier: BSD-2-Clause
// /proc/sysvipc: the objects of System V IPC, a line each, in the columns of Linux's proc(5).
//
// Unlike other files here these may be long, so a read makes the lines one by one and keeps what
// falls into its piece. Whoever reads in pieces sees several moments, as on Linux.
// Neighbours: text.c (the other files), kernel/ipc (the objects).

#include "kernel/fs/proc/proc.h"
#include "kernel/ipc/msg.h"
#include "kernel/ipc/sem.h"
#include "kernel/ipc/sysv_shm.h"
#include "kernel/lib.h"

#define LINE_MAX 256u

struct line {
    uint32_t len;
    char text[LINE_MAX];
};

// The reader's piece: what comes before it is skipped, what comes after it left out.
struct piece {
    uint8_t *to;
    uint64_t skip, room, done;
};

static void line_char(struct line *l, char c)
{
    if (l->len < LINE_MAX)
        l->text[l->len++] = c;
}

// Right-aligned; octal for modes.
static void put_column(struct line *l, uint32_t width, int64_t n, uint32_t base)
{
    char digits[24];
    uint32_t len = 0;
    uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;
    do
        digits[len++] = (char)('0' + rest % base);
    while (rest /= base);
    if (n < 0)
        digits[len++] = '-';
    for (uint32_t i = len; i < width; i++)
        line_char(l, ' ');
    while (len > 0)
        line_char(l, digits[--len]);
}

// A column with the blank that separates it from the one before.
static void put_next(struct line *l, uint32_t width, int64_t n)
{
    line_char(l, ' ');
    put_column(l, width, n, 10);
}

// What all three begin with: key, id, mode.
static void put_head(struct line *l, const struct ipc_head *h)
{
    l->len = 0;
    put_column(l, 10, h->key, 10);
    put_next(l, 10, h->id);
    line_char(l, ' ');
    line_char(l, ' ');
    put_column(l, 4, h->mode, 8);
}

static void put_owners(struct line *l, const struct ipc_head *h)
{
    put_next(l, 5, h->uid);
    put_next(l, 5, h->gid);
    put_next(l, 5, h->cuid);
    put_next(l, 5, h->cgid);
}

static void put_shm(struct line *l, struct ipc_head *h)
{
    const struct sysv_shm *o = shm_object(h);
    int64_t bytes = (int64_t)o->pages * WPAGE;
    put_next(l, 21, (int64_t)o->size);
    put_next(l, 5, o->cpid);
    put_next(l, 5, o->lpid);
    line_char(l, ' ');
    put_next(l, 5, sysv_shm_attachments(o));
    put_owners(l, h);
    put_next(l, 10, o->atime);
    put_next(l, 10, o->dtime);
    put_next(l, 10, h->ctime);
    put_next(l, 21, bytes); // which of them were touched is not counted
    put_next(l, 21, 0);
}

static void put_sem(struct line *l, struct ipc_head *h)
{
    put_next(l, 10, sem_set_of(h)->nsems);
    put_owners(l, h);
    put_next(l, 10, sem_set_of(h)->otime);
    put_next(l, 10, h->ctime);
}

static void put_msg(struct line *l, struct ipc_head *h)
{
    const struct msg_queue *q = msg_queue_of(h);
    line_char(l, ' ');
    put_next(l, 10, (int64_t)q->list.bytes);
    put_next(l, 10, q->list.count);
    put_next(l, 5, q->lspid);
    put_next(l, 5, q->lrpid);
    put_owners(l, h);
    put_next(l, 10, q->stime);
    put_next(l, 10, q->rtime);
    put_next(l, 10, h->ctime);
}

// As much of the text as falls into the piece.
static void add_line(struct piece *p, const char *text, uint64_t len)
{
    uint64_t skip = min_u64(p->skip, len), n = min_u64(len - skip, p->room - p->done);
    p->skip -= skip;
    memcpy(p->to + p->done, text + skip, n);
    p->done += n;
}

static const struct {
    const char *title;
    void (*put)(struct line *l, struct ipc_head *h);
} files[IPC_KINDS] = {
    [IPC_SHM] =
        {"       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid"
         "  cgid      atime      dtime      ctime                   rss                  swap\n",
         put_shm},
    [IPC_SEM] =
        {"       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n",
         put_sem},
    [IPC_MSG] = {"       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid"
                 "  cgid      stime      rtime      ctime\n",
                 put_msg},
};

long sysvipc_read(enum ipc_kind kind, void *buf, uint64_t len, uint64_t *off)
{
    struct piece p = {.to = buf, .skip = *off, .room = len};
    struct line l;
    long error;
    add_line(&p, files[kind].title, strlen(files[kind].title));
    for (uint32_t i = 0, n = ipc_bound(kind); i < n && p.done < p.room; i++) {
        struct ipc_head *h = ipc_lock_at(kind, i, &error);
        if (!h)
            continue;
        put_head(&l, h);
        files[kind].put(&l, h);
        ipc_unlock(kind, h);
        line_char(&l, '\n');
        add_line(&p, l.text, l.len);
    }
    *off += p.done;
    return (long)p.done;
}
