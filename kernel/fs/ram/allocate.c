// SPDX-License-Identifier: BSD-2-Clause
// fallocate(2) in the RAM file system: pages ahead of their bytes, and bytes back to zero.
//
// A few pages at a time under the lock, so that a large file keeps nobody waiting. What was made
// before the window was full stays, as on Linux. A hole reads as zero and keeps its pages: a file's
// map is cut at its end only.
// Neighbours: data.c (pages), kernel/file/memfd.c (the call and its checks).

#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/fs/ram/ram.h"
#include "kernel/lib.h"

#define AT_A_TIME 64u // pages

// Pages that are there already keep what they hold.
static int make_pages(struct inode *ip, uint64_t index, uint64_t last)
{
    for (; index < last; index++)
        if (!data_page_make(ip, index, 0))
            return -ENOSPC;
    return 0;
}

// Only what is in the file: behind its end all is zero.
static int clear_bytes(struct inode *ip, uint64_t off, uint64_t end)
{
    end = min_u64(end, ip->size);
    for (uint64_t at = off; at < end;) {
        uint64_t n = min_u64(end - at, WPAGE - at % WPAGE);
        int from_image = at < ram(ip)->image_len;
        uint8_t *page = from_image ? data_page_make(ip, at / WPAGE, 0) : data_page(ip, at / WPAGE);
        if (from_image && !page)
            return -ENOSPC;
        if (page)
            memset(page + at % WPAGE, 0, n);
        at += n;
    }
    return 0;
}

// The size last: a reader finds no byte that could not be written.
int ram_allocate(struct inode *ip, int mode, uint64_t off, uint64_t end)
{
    int r = 0;
    if (end > RAM_MAX_SIZE)
        return -EFBIG;
    uint64_t pages = (end + WPAGE - 1) / WPAGE - off / WPAGE;
    if (!(mode & FALLOC_FL_PUNCH_HOLE) && pages > window_pages_total())
        return -ENOSPC;
    for (uint64_t at = off; r == 0 && at < end;) {
        uint64_t next = min_u64(end, (at / WPAGE + AT_A_TIME) * WPAGE);
        inode_lock(ip);
        ram(ip)->program = 0;
        r = mode & FALLOC_FL_PUNCH_HOLE ? clear_bytes(ip, at, next)
                                        : make_pages(ip, at / WPAGE, (next + WPAGE - 1) / WPAGE);
        if (r == 0 && !(mode & FALLOC_FL_KEEP_SIZE) && next > ip->size)
            ip->size = next;
        if (r == 0)
            inode_changed(ip);
        inode_unlock(ip);
        at = next;
    }
    return r;
}
