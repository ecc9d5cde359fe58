// SPDX-License-Identifier: BSD-2-Clause
// /proc: what its files say, in the formats of Linux's proc(5) as far as ps, free, uptime and df
// read them.
//
// The text is made anew for every read; a program that reads a file in pieces may see two moments,
// as on Linux.
// Neighbours: proc.c (the names), proc.h, window.h (the figures).

#include "kernel/api/errno.h"
#include "kernel/arch.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/path.h"
#include "kernel/entry.h"
#include "kernel/fs/proc/proc.h"
#include "kernel/lib.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/root.h"

#define TEXT_MAX    1024
#define NS_PER_TICK UINT64_C(10000000) // proc(5) counts time in 1/100 s

struct text {
    uint32_t len;
    char buf[TEXT_MAX];
};

// What does not fit is cut: TEXT_MAX is above what any of the files says.
static void text_put_bytes(struct text *t, const char *s, uint64_t n)
{
    n = min_u64(n, TEXT_MAX - t->len);
    memcpy(t->buf + t->len, s, n);
    t->len += (uint32_t)n;
}

static void put(struct text *t, const char *s)
{
    text_put_bytes(t, s, strlen(s));
}

static void put_number(struct text *t, int64_t n)
{
    char digits[24], *p = digits + sizeof digits;
    uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;
    do
        *--p = (char)('0' + rest % 10);
    while (rest /= 10);
    if (n < 0)
        *--p = '-';
    text_put_bytes(t, p, (uint64_t)(digits + sizeof digits - p));
}

// Read without a lock: an entry may change hands while it is shown, and the line then mixes two
// processes, as it may on Linux.
static char state_of(const struct proc *p)
{
    switch ((enum proc_state)p->state) {
    case PROC_STOPPED:
        return 'T';
    case PROC_ZOMBIE:
        return 'Z';
    default:
        return p->dead ? 'Z' : window_door(p->slot)->asleep ? 'S' : 'R';
    }
}

// Of the monotonic clock, which need not begin with the family.
static uint64_t since_start(uint64_t ns)
{
    return ns - window_root()->started_ns;
}

// Fields 1 to 44 of proc(5)'s /proc/PID/stat; what we do not count is 0.
static void put_stat(struct text *t, const struct proc *p)
{
    char state[] = {' ', state_of(p), ' ', '\0'};
    put_number(t, p->pid);
    put(t, " (");
    text_put_bytes(t, p->comm, strnlen(p->comm, sizeof p->comm));
    put(t, ")");
    put(t, state);
    const int64_t fields[] = {
        p->ppid,
        p->pgid,
        p->sid,
        0,
        -1,
        0, // 4-9: ppid pgrp session tty_nr tpgid flags
        0,
        0,
        0,
        0, // 10-13: faults
        (int64_t)(p->cpu_ns / NS_PER_TICK),
        0,
        p->cutime.sec * 100 + p->cutime.usec / 10000,
        0, // 14-17: utime stime cutime cstime
        20 + p->nice,
        p->nice,
        1,
        0, // 18-21: priority nice num_threads itrealvalue
        (int64_t)(since_start(p->start_ns) / NS_PER_TICK),
        0,
        0, // 22-24: starttime vsize rss
    };
    for (uint32_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (i)
            put(t, " ");
        put_number(t, fields[i]);
    }
    for (int field = 25; field <= 44; field++)
        put(t, " 0");
    put(t, "\n");
}

static void put_ids(struct text *t, const char *name, uint32_t real, uint32_t effective,
                    uint32_t saved)
{
    const uint32_t ids[] = {real, effective, saved, effective};
    put(t, name);
    for (int i = 0; i < 4; i++) {
        put(t, "\t");
        put_number(t, ids[i]);
    }
    put(t, "\n");
}

static void put_status(struct text *t, const struct proc *p)
{
    char state[] = {state_of(p), '\n', '\0'};
    put(t, "Name:\t");
    text_put_bytes(t, p->comm, strnlen(p->comm, sizeof p->comm));
    put(t, "\nState:\t");
    put(t, state);
    put(t, "Pid:\t");
    put_number(t, p->pid);
    put(t, "\nPPid:\t");
    put_number(t, p->ppid);
    put(t, "\n");
    put_ids(t, "Uid:", p->uid, p->euid, p->suid);
    put_ids(t, "Gid:", p->gid, p->egid, p->sgid);
    put(t, "Threads:\t1\n");
}

static void put_cmdline(struct text *t, const struct proc *p)
{
    // Strings with a NUL each: up to the first empty one.
    uint32_t n = 0;
    if (state_of(p) == 'Z') // it has no memory any more that could say (proc(5))
        return;
    while (n < sizeof p->cmdline && p->cmdline[n])
        n += (uint32_t)strnlen(p->cmdline + n, sizeof p->cmdline - n) + 1;
    text_put_bytes(t, p->cmdline, min_u64(n, sizeof p->cmdline));
}

static void put_seconds(struct text *t, uint64_t ns)
{
    uint64_t ticks = ns / NS_PER_TICK;
    put_number(t, (int64_t)(ticks / 100));
    put(t, ticks % 100 < 10 ? ".0" : ".");
    put_number(t, (int64_t)(ticks % 100));
}

static void put_kb(struct text *t, const char *name, uint64_t bytes)
{
    put(t, name);
    put_number(t, (int64_t)(bytes / 1024));
    put(t, " kB\n");
}

// This VM's RAM: the heap's end counts as free until it is used, which nobody but the heap knows.
static void put_meminfo(struct text *t)
{
    // Each member has a RAM of its own, so a family has as many times this.
    uint64_t total = boot_info->ram_end - boot_info->ram_start;
    uint64_t free = boot_info->heap_end - boot_info->heap_start;
    put_kb(t, "MemTotal:       ", total);
    put_kb(t, "MemFree:        ", free);
    put_kb(t, "MemAvailable:   ", free);
    put_kb(t, "Buffers:        ", 0);
    put_kb(t, "Cached:         ", 0);
    put_kb(t, "SwapTotal:      ", 0);
    put_kb(t, "SwapFree:       ", 0);
    put_kb(t, "Shmem:          ", (uint64_t)window_pages_used() * WPAGE);
}

static void put_loadavg(struct text *t)
{
    uint32_t running = 0, all = 0;
    for (uint32_t slot = 1; slot <= window_root()->top_slot; slot++) {
        const struct proc *p = proc_at(slot);
        if (p->state == PROC_FREE || p->dead)
            continue;
        all++;
        running += !window_door(slot)->asleep;
    }
    put(t, "0.00 0.00 0.00 "); // averages are not kept
    put_number(t, running);
    put(t, "/");
    put_number(t, all);
    put(t, " ");
    put_number(t, proc_self->pid);
    put(t, "\n");
}

// Lines of fstab(5): source, directory, type, options.
static void put_mounts(struct text *t)
{
    char *path = thread_scratch.path;
    for (uint32_t i = 0; i < FS_MOUNTS; i++) {
        const struct mount *m = &window_root()->mounts[i];
        const struct fs_type *type = fs_type(m->fs);
        uint32_t at;
        // Below the process' root only: what chroot() hides has no path to show.
        if (!m->root.unit || path_of(inode_at(m->root), inode_at(proc_self->root), path, &at) < 0)
            continue;
        text_put_bytes(t, m->source, strnlen(m->source, sizeof m->source));
        put(t, " ");
        put(t, path + at);
        put(t, " ");
        put(t, type ? type->name : "none");
        put(t, m->flags & MOUNT_READ_ONLY ? " ro 0 0\n" : " rw 0 0\n");
    }
}

static void put_system(struct text *t, enum proc_kind kind)
{
    switch (kind) {
    case PROCFS_MOUNTS:
        put_mounts(t);
        break;
    case PROCFS_UPTIME:
        put_seconds(t, since_start(pv_mono_ns()));
        put(t, " 0.00\n");
        break;
    case PROCFS_MEMINFO:
        put_meminfo(t);
        break;
    case PROCFS_LOADAVG:
        put_loadavg(t);
        break;
    default:
        put(t, "Ramet 1.0\n");
    }
}

// -ESRCH: the process is gone.
static int put_file(struct text *t, const struct inode *ip)
{
    if (procfs(ip)->kind >= PROCFS_MOUNTS) {
        put_system(t, procfs(ip)->kind);
        return 0;
    }
    // Looked up anew at each read: an inode holds a pid, not a process.
    const struct proc *p = proc_find(procfs(ip)->what);
    if (!p)
        return -ESRCH;
    if (procfs(ip)->kind == PROCFS_STAT) {
        put_stat(t, p);
    } else if (procfs(ip)->kind == PROCFS_STATUS) {
        put_status(t, p);
    } else if (procfs(ip)->kind == PROCFS_CMDLINE) {
        put_cmdline(t, p);
    } else {
        text_put_bytes(t, p->comm, strnlen(p->comm, sizeof p->comm));
        put(t, "\n");
    }
    return 0;
}

long procfs_read(struct inode *ip, void *buf, uint64_t len, uint64_t *off)
{
    struct text t;
    if (procfs(ip)->kind >= PROCFS_IPC_SHM)
        return sysvipc_read(procfs(ip)->kind - PROCFS_IPC_SHM, buf, len, off);
    t.len = 0;
    int r = put_file(&t, ip);
    if (r < 0)
        return r;
    if (*off >= t.len)
        return 0;
    len = min_u64(len, t.len - *off);
    memcpy(buf, t.buf + *off, len);
    *off += len;
    return (long)len;
}
