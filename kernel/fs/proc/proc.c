// SPDX-License-Identifier: BSD-2-Clause
// /proc: its names. What the files say is in text.c.
//
// Only what ordinary programs look for (ps, free, df, /dev/stdin). An inode here lives as long as
// somebody looks at it; two lookups of one name give two inodes, which nobody minds.
// Neighbours: inode.h (the operations), proc.h (what is shown), mount.c.

#include "abi/image.h"
#include "kernel/api/dirent.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/file/fd.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/path.h"
#include "kernel/fs/proc/proc.h"
#include "kernel/fs/ram/ram.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/root.h"

#define PROC_MAGIC 0x9fa0 // of Linux's

struct proc_name {
    const char *name;
    enum proc_kind kind;
    uint32_t mode;
};

// After these come the numbers: pids in the root, descriptors in a process' fd directory.
static const struct proc_name root_names[] = {
    {"self", PROCFS_SELF, S_IFLNK | 0777},       {"mounts", PROCFS_MOUNTS, S_IFREG | 0444},
    {"uptime", PROCFS_UPTIME, S_IFREG | 0444},   {"meminfo", PROCFS_MEMINFO, S_IFREG | 0444},
    {"loadavg", PROCFS_LOADAVG, S_IFREG | 0444}, {"version", PROCFS_VERSION, S_IFREG | 0444},
    {"sysvipc", PROCFS_IPC, S_IFDIR | 0555},
};

static const struct proc_name ipc_names[] = {
    {"msg", PROCFS_IPC_MSG, S_IFREG | 0444},
    {"sem", PROCFS_IPC_SEM, S_IFREG | 0444},
    {"shm", PROCFS_IPC_SHM, S_IFREG | 0444},
};

static const struct proc_name pid_names[] = {
    {"stat", PROCFS_STAT, S_IFREG | 0444},       {"status", PROCFS_STATUS, S_IFREG | 0444},
    {"cmdline", PROCFS_CMDLINE, S_IFREG | 0444}, {"comm", PROCFS_COMM, S_IFREG | 0444},
    {"exe", PROCFS_EXE, S_IFLNK | 0777},         {"fd", PROCFS_FD_DIR, S_IFDIR | 0500},
};

static const struct proc_name *names_of(const struct inode *dir, uint32_t *n)
{
    switch (procfs(dir)->kind) {
    case PROCFS_ROOT:
        *n = ARRAY_LEN(root_names);
        return root_names;
    case PROCFS_IPC:
        *n = ARRAY_LEN(ipc_names);
        return ipc_names;
    case PROCFS_PID:
        *n = ARRAY_LEN(pid_names);
        return pid_names;
    default:
        *n = 0;
        return NULL;
    }
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

// Inodes here are made by each lookup and go with their last reference: nothing is kept of
// processes and descriptors but their numbers.
static int make_proc_inode(uint32_t mount, enum proc_kind kind, uint32_t mode, int32_t what,
                           struct inode **out)
{
    struct inode *ip = inode_new(mount, mode);
    if (!ip)
        return -ENOSPC;
    procfs(ip)->kind = kind;
    procfs(ip)->what = what;
    ip->nlink = 1; // shown only; it has no name to lose
    *out = ip;
    return 0;
}

static int new_inode(struct inode *dir, enum proc_kind kind, uint32_t mode, int32_t what,
                     struct inode **out)
{
    int r = make_proc_inode(dir->mount, kind, mode, what, out);
    if (r == 0 && inode_is(*out, S_IFDIR)) {
        // A directory keeps its parent alive, for `..`.
        (*out)->parent = wref_of(dir);
        inode_get(dir);
        (*out)->nlink = 2;
    }
    return r;
}

// A descriptor is shown as a symlink: lstat() must not take an open directory's for a directory to
// descend into.
static int lookup_fd(struct inode *dir, int32_t fd, struct inode **found)
{
    if (procfs(dir)->what != proc_self->pid || !fd_borrow(fd))
        return -ENOENT;
    return new_inode(dir, PROCFS_FD, S_IFLNK | 0700, fd, found);
}

// A descriptor's link leads to the file itself and not to its name, which may be gone. What has no
// inode gets one that proc_open() knows.
static int proc_follow(struct inode *link, struct inode **found)
{
    if (procfs(link)->kind != PROCFS_FD)
        return 0; // its text leads on
    const struct file *f = fd_borrow(procfs(link)->what);
    if (!f)
        return -ENOENT;
    if (f->inode.unit) {
        *found = inode_at(f->inode);
        inode_get(*found);
        return 0;
    }
    uint32_t type = f->kind == FILE_PIPE || f->kind == FILE_STREAM ? S_IFIFO
                    : f->kind == FILE_SOCKET                       ? S_IFSOCK
                                                                   : S_IFCHR;
    return make_proc_inode(link->mount, PROCFS_FD, type | 0600, procfs(link)->what, found);
}

// Fixed names before numbers, as in the listing.
static int proc_lookup(struct inode *dir, const char *name, uint32_t len, struct inode **found)
{
    uint32_t n;
    const struct proc_name *names = names_of(dir, &n);
    for (uint32_t i = 0; i < n; i++)
        if (strlen(names[i].name) == len && memcmp(names[i].name, name, len) == 0)
            return new_inode(dir, names[i].kind, names[i].mode, procfs(dir)->what, found);
    int32_t what = number(name, len);
    if (what < 0)
        return -ENOENT;
    if (procfs(dir)->kind == PROCFS_FD_DIR)
        return lookup_fd(dir, what, found);
    // Without the table's lock: the process may end right after this, and its files then say so.
    if (procfs(dir)->kind != PROCFS_ROOT || !proc_find(what))
        return -ENOENT;
    return new_inode(dir, PROCFS_PID, S_IFDIR | 0555, what, found);
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

// The number behind the fixed names at *at: a pid, or an open descriptor. -1 at the end.
static int32_t next_number(const struct inode *dir, uint64_t *at)
{
    if (procfs(dir)->kind == PROCFS_ROOT) {
        for (uint32_t top = window_root()->top_slot; *at < top; ++*at) {
            const struct proc *p = proc_at((uint32_t)*at + 1);
            // A zombie is listed until it is reaped, as on Linux; an embryo is not there yet.
            if (p->state != PROC_EMBRYO && !proc_gone(p))
                return p->pid;
        }
    } else if (procfs(dir)->kind == PROCFS_FD_DIR && procfs(dir)->what == proc_self->pid) {
        for (; *at < proc_self->fd_high; ++*at)
            if (proc_self->fds[*at])
                return (int32_t)*at;
    }
    return -1;
}

static int proc_next_item(struct inode *dir, uint64_t *pos, struct dir_item *item)
{
    uint32_t n;
    const struct proc_name *names = names_of(dir, &n);
    item->ino = dir->ino; // what is listed does not exist yet
    if (*pos < n) {
        item->len = (uint32_t)strlen(names[*pos].name);
        memcpy(item->name, names[*pos].name, item->len);
        item->type = (uint8_t)((names[*pos].mode & S_IFMT) >> 12);
        ++*pos;
        return 1;
    }
    uint64_t at = *pos - n;
    int32_t number = next_number(dir, &at);
    if (number < 0)
        return 0;
    item->len = put_decimal(item->name, (uint32_t)number);
    item->type = procfs(dir)->kind == PROCFS_ROOT ? DT_DIR : DT_LNK;
    // The position is where to go on, so a process that comes or goes meanwhile moves no other.
    *pos = n + at + 1;
    return 1;
}

// The path of the program this VM runs, from the image's tables. A file of the family has no way
// back to its name.
static long exe_path(char *buf, uint32_t size)
{
    const struct image_header *h = (const struct image_header *)image_base;
    const struct image_program *p = (const struct image_program *)(image_base + h->programs_off);
    const struct image_file *f = (const struct image_file *)(image_base + h->files_off);
    if (boot_info->program >= h->program_count)
        return -ENOENT;
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
        "file:[",   "file:[",   "directory:[", "pipe:[",   "/dev/console", "stream:[",
        "device:[", "socket:[", "device:[",    "device:[", "device:[", "mqueue:["};
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

static long proc_target(struct inode *ip, char *buf, uint32_t size)
{
    // Enough for each of the texts below but the program's path, which exe_path() cuts.
    if (size < 32)
        return -EINVAL;
    if (procfs(ip)->kind == PROCFS_SELF)
        return put_decimal(buf, (uint32_t)proc_self->pid);
    if (procfs(ip)->kind == PROCFS_FD)
        return fd_text(procfs(ip)->what, buf);
    // What another process runs is not written down anywhere it could be read.
    return procfs(ip)->what == proc_self->pid ? exe_path(buf, size) : -EACCES;
}

// The name of a directory in its parent: those that have directories in them are few.
static long proc_name_of(struct inode *dir, const struct inode *child, char *buf)
{
    if (procfs(child)->kind == PROCFS_IPC) {
        memcpy(buf, "sysvipc", 7);
        return 7;
    }
    if (procfs(dir)->kind == PROCFS_ROOT)
        return put_decimal(buf, (uint32_t)procfs(child)->what);
    memcpy(buf, "fd", 2);
    return 2;
}

// What has no inode but a description (a pipe, a stream of the host) is opened by dup().
static int proc_open(struct inode *ip, int flags, struct file **out)
{
    (void)flags;
    if (procfs(ip)->kind != PROCFS_FD)
        return 0;
    *out = fd_get(procfs(ip)->what);
    return *out ? 0 : -ENOENT;
}

static int proc_mount(uint32_t mount, struct inode **root)
{
    int r = make_proc_inode(mount, PROCFS_ROOT, S_IFDIR | 0555, 0, root);
    if (r == 0)
        (*root)->nlink = 2;
    return r;
}

static void proc_statfs(const struct mount *m, struct k_statfs *st)
{
    (void)m;
    st->type = PROC_MAGIC;
}

const struct fs_type proc_fs = {
    .number = FS_PROC,
    .name = "proc",
    .mount = proc_mount,
    .statfs = proc_statfs,
    .ops =
        {
            .lookup = proc_lookup,
            .next = proc_next_item,
            .name_of = proc_name_of,
            .target = proc_target,
            .follow = proc_follow,
            .open = proc_open,
            .read = procfs_read,
        },
};
