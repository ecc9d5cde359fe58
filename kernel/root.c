// SPDX-License-Identifier: BSD-2-Clause
// What lies in the kernel's part of the window, and how much of each: the one place that knows all
// of its objects. The window's own code (kernel/window/) knows none.
// Neighbours: root.h (the root), window/window.c (the pool and the tables).

#include "kernel/root.h"
#include "kernel/api/errno.h"
#include "kernel/file/file.h"
#include "kernel/file/record_lock.h"
#include "kernel/fs/inode.h"
#include "kernel/ipc/message.h"
#include "kernel/ipc/mq.h"
#include "kernel/ipc/msg.h"
#include "kernel/ipc/pipe.h"
#include "kernel/ipc/sem.h"
#include "kernel/ipc/sysv.h"
#include "kernel/ipc/sysv_shm.h"
#include "kernel/mem/shared.h"
#include "kernel/net/rights.h"
#include "kernel/net/socket.h"
#include "kernel/proc/proc.h"
#include "kernel/signal/signal.h"

#define ROOT_LAYOUT 13u // count up when a structure of the window changes

#define MIN_FILES 1024u
#define MIN_PIPES 256u
#define RLOCKS    1024u // record locks of the family
#define SEGMENTS  2048u // shared mappings
#define MIN_WAITS 1024u // who waits for semaphores and messages
#define SEM_UNDOS 4096u // semaphores that processes' ends will change
// Pages of the pool at most, seven sockets to a page; of messages with descriptors there are 31.
#define SOCKET_PAGES 8192u
#define RIGHTS_PAGES 2048u

// A slab whose index has room for so many pages, or all there are.
static struct wslab lay_slab(uint64_t *off, uint32_t size, uint64_t pages)
{
    uint64_t all = window_header()->size / WPAGE;
    struct wslab slab = {.size = size, .max_pages = (uint32_t)(pages < all ? pages : all)};
    slab.index = window_lay(off, slab.max_pages * sizeof(uint64_t), 64);
    return slab;
}

static uint32_t at_least(uint64_t n, uint32_t least)
{
    return n < least ? least : (uint32_t)n;
}

static void lay_ipc(struct ipc_registry *reg, uint64_t *off, uint32_t size, uint32_t count)
{
    reg->locks = window_lay(off, count * sizeof(struct wlock), 64);
    window_lay_table(&reg->table, off, size, count);
}

// Most families use none of it: at the end, where it costs addresses and no memory.
static void lay_all_ipc(struct wroot *r, uint64_t *off)
{
    const struct window_header *header = window_header();
    lay_ipc(&r->ipc[IPC_SHM], off, sizeof(struct sysv_shm), SHM_OBJECTS);
    lay_ipc(&r->ipc[IPC_SEM], off, sizeof(struct sem_set), SEM_SETS);
    lay_ipc(&r->ipc[IPC_MSG], off, sizeof(struct msg_queue), MSG_QUEUES);
    window_lay_table(&r->ipc_waits, off, sizeof(struct ipc_wait),
                     at_least(2ull * header->max_slots, MIN_WAITS));
    window_lay_table(&r->sem_undos, off, sizeof(struct sem_undo), SEM_UNDOS);
    window_lay_table(&r->mqs, off, sizeof(struct mq), MQ_QUEUES);
    r->messages = (struct wslab){.size = sizeof(struct message),
                                 .max_pages = (uint32_t)(header->size / WPAGE)};
    r->messages.index = window_lay(off, header->size / WPAGE * sizeof(uint64_t), 64);
}

// By the first program, once, before any other VM exists. Nothing is written but the root: the
// tables are zeros, which is what empty ones look like.
int window_format(void)
{
    const struct window_header *header = window_header();
    uint32_t slots = header->max_slots;
    uint64_t off;
    struct wroot *r = window_lay_root(sizeof *r, &off);

    // Tables by how often they are touched; the page pool last, on a 64 KB boundary. What an index
    // or bitmap begins with is all of it that a small family touches.
    r->inodes = lay_slab(&off, sizeof(struct inode), header->size / WPAGE);
    window_lay_table(&r->files, &off, sizeof(struct file), at_least(8ull * slots, MIN_FILES));
    window_lay_table(&r->pipes, &off, sizeof(struct pipe), at_least(2ull * slots, MIN_PIPES));
    // Up to here all of a default family fits into the window's first 2 MB, one huge page.
    r->procs = window_lay(&off, sizeof(struct proc) * (uint64_t)(slots + 1), WPAGE);
    window_lay_table(&r->rlocks, &off, sizeof(struct rlock), RLOCKS);
    window_lay_table(&r->segments, &off, sizeof(struct shm_segment), SEGMENTS);
    window_lay_table(&r->sig_records, &off, sizeof(struct sig_record), SIG_RECORDS);
    r->sockets = lay_slab(&off, sizeof(struct socket), SOCKET_PAGES);
    r->rights = lay_slab(&off, sizeof(struct rights), RIGHTS_PAGES);
    lay_all_ipc(r, &off);
    r->next_ino = 1;
    return window_lay_pool(r, off, ROOT_LAYOUT);
}

// By every program that an exec or spawn started. One built of other sources finds another layout
// and must not touch anything.
int window_attach(void)
{
    return window_open(ROOT_LAYOUT);
}
