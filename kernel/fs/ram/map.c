// SPDX-License-Identifier: BSD-2-Clause
// Files mapped by several processes: mmap(MAP_SHARED) of a regular file.
//
// A file's pages are in the window already, so a mapping is the pages themselves, and read() and
// write() see what a mapper stores. They must only lie in a row: if they do not, they move into a
// run once, when they are mapped for the first time. While a page is mapped it stays where it is;
// the segments of the inode (kernel/mem/shared.c) say which pages that are. A mapping beyond the
// end of the file gets pages there that become part of it when it grows. Neighbours: data.c (the
// map of pages), shm.c (who maps what), window/run.c.

#include "kernel/api/errno.h"
#include "kernel/fs/ram/ram.h"
#include "kernel/root.h"
#include "kernel/mem/shared.h"

// Whether a live segment other than `except` holds pages of the range. Segments of this inode come
// and go under its lock, which we have; others may change meanwhile, but never into one of ours.
static int pinned(const struct inode *ip, const struct shm_segment *except)
{
    const struct wroot *root = window_root();
    uint32_t top = __atomic_load_n(&root->segments_top, __ATOMIC_RELAXED);
    uint64_t first = except->index, last = first + except->pages;
    for (uint32_t i = 0; i < top; i++) {
        const struct shm_segment *s = wtable_at(&root->segments, i);
        if (s != except && s->refs && wref_ptr(s->inode) == ip && s->index < last &&
            first < s->index + s->pages)
            return 1;
    }
    return 0;
}

// The range's first page, if all of it is there and in a row.
static uint8_t *in_a_row(const struct inode *ip, uint64_t index, uint32_t pages)
{
    uint8_t *first = data_page(ip, index);
    for (uint32_t i = 1; first && i < pages; i++)
        if (data_page(ip, index + i) != first + (uint64_t)i * WPAGE)
            return NULL;
    return first;
}

// Moves the range into a run. NULL: no such run, or no room for the map of pages.
static uint8_t *line_up(struct inode *ip, uint64_t index, uint32_t pages)
{
    uint8_t *run = window_run_alloc(pages);
    if (!run)
        return NULL;
    for (uint32_t i = 0; i < pages; i++) {
        if (data_page_move(ip, index + i, run + (uint64_t)i * WPAGE) == 0)
            continue;
        // A move that fails half-way leaves a whole file: every page is in one place or the other.
        for (; i < pages; i++) // what has moved is the file's
            window_pages_free(run + (uint64_t)i * WPAGE, 1);
        return NULL;
    }
    return run;
}

// The segment holds the inode from here on. Pages are made for all of the range, holes included, as
// a store into one could not be noticed.
int ram_map(struct inode *ip, struct shm_segment *s)
{
    if (s->index > RAM_MAX_SIZE / WPAGE - s->pages)
        return -ENOMEM;
    inode_lock(ip);
    uint8_t *at = in_a_row(ip, s->index, s->pages);
    if (!at && !(ram(ip)->mapped && pinned(ip, s)))
        at = line_up(ip, s->index, s->pages);
    if (at) {
        s->start = wref_of(at);
        ram(ip)->mapped++;
        if (s->writable) {
            ram(ip)->program = 0; // what is stored from now on is another file
            inode_changed(ip);
        }
        inode_get(ip);
        s->inode = wref_of(ip); // last: pins the pages
    }
    inode_unlock(ip);
    return at ? 0 : -ENOMEM;
}

// The last one out gives back what lies behind the end of the file.
void ram_unmap(struct inode *ip, int writable)
{
    inode_lock(ip);
    if (writable)
        inode_changed(ip);
    if (--ram(ip)->mapped == 0)
        data_trim(ip);
    inode_unlock(ip);
    inode_put(ip);
}
