// SPDX-License-Identifier: BSD-2-Clause
// The RAM file system's table of operations, and those that fit nowhere else.
//
// Neighbours: ram.h (the parts), fs/mount.c (who finds the table).

#include "kernel/api/errno.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/ram/ram.h"
#include "kernel/lib.h"

#define TMPFS_MAGIC 0x01021994 // what programs take a RAM file system for

static long ram_target(struct inode *ip, char *buf, uint32_t size)
{
    // A symlink never changes after it has got its name: no lock.
    uint32_t len = (uint32_t)min_u64(ip->size, size - 1);
    if (ip->size <= RAM_INLINE && !ram(ip)->image_len)
        memcpy(buf, ram(ip)->target, len);
    else if (data_read(ip, buf, len, 0) != len)
        return -EIO;
    buf[len] = '\0';
    return len;
}

static int32_t ram_program(struct inode *ip)
{
    return (int32_t)ram(ip)->program - 1;
}

static void ram_stat(struct inode *ip, struct k_stat *st)
{
    uint64_t image_pages = (ram(ip)->image_len + WPAGE - 1) / WPAGE;
    st->blocks = (int64_t)max_u64(ip->pages, image_pages) * (WPAGE / 512);
}

static void ram_repair(struct inode *ip)
{
    if (inode_is(ip, S_IFDIR))
        dir_count(ip);
    else if (inode_is(ip, S_IFREG))
        data_repair(ip);
}

static void ram_release(struct inode *ip)
{
    int long_link = inode_is(ip, S_IFLNK) && ip->size > RAM_INLINE && !ram(ip)->image_len;
    if (inode_is(ip, S_IFREG) || inode_is(ip, S_IFDIR) || long_link)
        data_free(ip);
}

static int ram_mount(uint32_t mount, struct inode **root)
{
    *root = inode_new(mount, S_IFDIR | 0755);
    if (!*root)
        return -ENOSPC;
    (*root)->nlink = 2;
    return 0;
}

// Data and inodes come from the same pages.
static void ram_statfs(const struct mount *m, struct k_statfs *st)
{
    const struct wslab *inodes = &window_root()->inodes;
    (void)m;
    st->type = TMPFS_MAGIC;
    st->blocks = window_pages_total();
    st->bfree = st->bavail = window_pages_total() - window_pages_used();
    st->ffree = wslab_room(inodes);
    st->files = st->ffree + inodes->used;
}

const struct fs_type ram_fs = {
    .number = FS_RAM,
    .name = "tmpfs",
    .mount = ram_mount,
    .statfs = ram_statfs,
    .ops =
        {
            .lookup = ram_lookup,
            .next = ram_next,
            .name_of = ram_name_of,
            .create = ram_create,
            .link = ram_link,
            .unlink = ram_unlink,
            .rename = ram_rename,
            .exchange = ram_exchange,
            .target = ram_target,
            .read = ram_read,
            .write = ram_write,
            .truncate = ram_truncate,
            .allocate = ram_allocate,
            .map = ram_map,
            .unmap = ram_unmap,
            .program = ram_program,
            .stat = ram_stat,
            .set = inode_set,
            .repair = ram_repair,
            .release = ram_release,
        },
};
