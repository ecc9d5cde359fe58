// SPDX-License-Identifier: BSD-2-Clause
// /proc: its names. What the files say is in text.c.
//
// Only what ordinary programs look for (ps, free, df, /dev/stdin). An inode here lives as long as
// somebody looks at it; two lookups of one name give two inodes, which nobody minds.
// Neighbours: fs/path.c and fs/open.c (the callers), proc.h (what is shown).

#include "abi/image.h"
#include "kernel/api/dirent.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/file/fd.h"
#include "kernel/fs/proc/proc.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/window/root.h"

struct name {
    const char *name;
    enum gen_kind kind;
    uint32_t mode;
};

static const struct name root_names[] = {
    {"self", GEN_SELF, S_IFLNK | 0777},       {"mounts", GEN_MOUNTS, S_IFREG | 0444},
    {"uptime", GEN_UPTIME, S_IFREG | 0444},   {"meminfo", GEN_MEMINFO, S_IFREG | 0444},
    {"loadavg", GEN_LOADAVG, S_IFREG | 0444}, {"version", GEN_VERSION, S_IFREG | 0444},
};

static const struct name pid_names[] = {
    {"stat", GEN_STAT, S_IFREG | 0444},       {"status", GEN_STATUS, S_IFREG | 0444},
    {"cmdline", GEN_CMDLINE, S_IFREG | 0444}, {"comm", GEN_COMM, S_IFREG | 0444},
    {"exe", GEN_EXE, S_IFLNK | 0777},         {"fd", GEN_FD_DIR, S_IFDIR | 0500},
};

static const struct name *names_of(const struct inode *dir, uint32_t *n)
{
    *n = dir->gen == GEN_ROOT  ? ARRAY_LEN(root_names)
         : dir->gen == GEN_PID ? ARRAY_LEN(pid_names)
                               : 0;
    return dir->gen == GEN_ROOT ? root_names : pid_names;
}

// A number without leading zeros, or -1.
static int32_t number(const char *s, uint32_t len)
{
    int32_t n = 0;
    if (len == 0 || len > 9 || (s[0] == '0' && len > 1))
        return -1;
    for (uint32_t i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        n = n * 10 + (s[i] - '0');
    }
    return n;
}

static int new_inode(struct inode *dir, enum gen_kind kind, uint32_t mode, int32_t what,
                     struct inode **out)
{
    struct inode *ip = inode_new(mode);
    if (!ip)
        return -ENOSPC;
    ip->gen = kind;
    ip->program = what;
    if (inode_is(ip, S_IFDIR)) {
        ip->parent = wref_of(dir);
        inode_get(dir);
        ip->nlink = 2; // shown only; it has no name to lose
    }
    *out = ip;
    return 0;
}

// A descriptor is shown as a symlink: lstat() must not take an open directory's for a directory to
// descend into.
static int lookup_fd(struct inode *dir, int32_t fd, struct inode **found)
{
    if (dir->program != proc_self->pid || !fd_borrow(fd))
        return -ENOENT;
    return new_inode(dir, GEN_FD, S_IFLNK | 0700, fd, found);
}

int gen_follow(struct inode *link, struct inode **found)
{
    const struct file *f = fd_borrow(link->program);
    if (!f)
        return -ENOENT;
    if (f->inode.unit) {
        *found = inode_at(f->inode);
        inode_get(*found);
        return 0;
    }
    uint32_t type = f->kind == FILE_PIPE || f->kind == FILE_STREAM ? S_IFIFO : S_IFCHR;
    return new_inode(NULL, GEN_FD, type | 0600, link->program, found);
}

int gen_lookup(struct inode *dir, const char *name, uint32_t len, struct inode **found)
{
    uint32_t n;
    const struct name *names = names_of(dir, &n);
    for (uint32_t i = 0; i < n; i++)
        if (strlen(names[i].name) == len && memcmp(names[i].name, name, len) == 0)
            return new_inode(dir, names[i].kind, names[i].mode, dir->program, found);
    int32_t what = number(name, len);
    if (what < 0)
        return -ENOENT;
    if (dir->gen == GEN_FD_DIR)
        return lookup_fd(dir, what, found);
    if (dir->gen != GEN_ROOT || !proc_find(what))
        return -ENOENT;
    return new_inode(dir, GEN_PID, S_IFDIR | 0555, what, found);
}

static uint32_t put_decimal(char *to, uint32_t n)
{
    char digits[12];
    uint32_t len = 0, i = 0;
    do
        digits[len++] = (char)('0' + n % 10);
    while (n /= 10);
    while (i < len)
        to[i] = digits[len - 1 - i], i++;
    to[len] = '\0';
    return len;
}

// The number behind the fixed names at *at: a live pid, or an open descriptor. -1 at the end.
static int32_t next_number(const struct inode *dir, uint64_t *at)
{
    if (dir->gen == GEN_ROOT) {
        for (uint32_t top = window_root()->top_slot; *at < top; ++*at) {
            const struct proc *p = proc_at((uint32_t)*at + 1);
            uint32_t state = p->state;
            if (state != PROC_FREE && state != PROC_EMBRYO && !p->dead)
                return p->pid;
        }
    } else if (dir->gen == GEN_FD_DIR && dir->program == proc_self->pid) {
        for (; *at < proc_self->fd_high; ++*at)
            if (proc_self->fds[*at])
                return (int32_t)*at;
    }
    return -1;
}

int gen_next(struct inode *dir, uint64_t *pos, struct dir_item *item, char buf[32])
{
    uint32_t n;
    const struct name *names = names_of(dir, &n);
    item->inode = wref_of(dir); // for its inode number: what is listed does not exist yet
    if (*pos < n) {
        item->name = names[*pos].name;
        item->len = (uint32_t)strlen(item->name);
        item->type = (uint8_t)((names[*pos].mode & S_IFMT) >> 12);
        ++*pos;
        return 1;
    }
    uint64_t at = *pos - n;
    int32_t number = next_number(dir, &at);
    if (number < 0)
        return 0;
    item->len = put_decimal(buf, (uint32_t)number);
    item->name = buf;
    item->type = dir->gen == GEN_ROOT ? DT_DIR : DT_LNK;
    *pos = n + at + 1;
    return 1;
}

// The path of the program this VM runs, from the image's tables.
static long exe_path(char *buf, uint32_t size)
{
    const struct image_header *h = (const struct image_header *)image_base;
    const struct image_program *p = (const struct image_program *)(image_base + h->programs_off);
    const struct image_file *f = (const struct image_file *)(image_base + h->files_off);
    if (boot_info->program >= h->program_count)
        return -EIO;
    struct image_str path = f[p[boot_info->program].file].path;
    uint32_t len = (uint32_t)min_u64(path.len, size - 1);
    memcpy(buf, image_base + path.off, len);
    buf[len] = '\0';
    return len;
}

// What readlink() shows for a descriptor: files have no way back to their names, so their number
// must do.
static long fd_text(int32_t fd, char *buf)
{
    static const char *const kinds[FILE_KINDS] = {
        "file:[",   "file:[",   "directory:[", "pipe:[",   "/dev/console",
        "stream:[", "device:[", "device:[",    "device:[", "device:["};
    const struct file *f = fd_borrow(fd);
    if (!f || f->kind >= FILE_KINDS)
        return -ENOENT;
    uint32_t len = (uint32_t)strlen(kinds[f->kind]);
    memcpy(buf, kinds[f->kind], len);
    if (f->kind == FILE_TTY)
        return len;
    uint32_t number = f->inode.unit ? inode_at(f->inode)->ino : f->object.unit;
    len += put_decimal(buf + len, number);
    buf[len++] = ']';
    buf[len] = '\0';
    return len;
}

long gen_target(struct inode *ip, char *buf, uint32_t size)
{
    if (size < 32)
        return -EINVAL;
    if (ip->gen == GEN_SELF)
        return put_decimal(buf, (uint32_t)proc_self->pid);
    if (ip->gen == GEN_FD)
        return fd_text(ip->program, buf);
    // What another process runs is not written down anywhere it could be read.
    return ip->program == proc_self->pid ? exe_path(buf, size) : -EACCES;
}

int gen_make(struct inode *dir, const char *name, enum gen_kind kind)
{
    struct inode *ip;
    int r = new_inode(dir, kind, S_IFDIR | 0555, 0, &ip);
    if (r < 0)
        return r;
    inode_get(ip); // the name's
    r = dir_append(dir, name, (uint32_t)strlen(name), ip);
    if (r < 0)
        inode_put(ip);
    else
        dir->nlink++;
    inode_put(ip);
    return r;
}
