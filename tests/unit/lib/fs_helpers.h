// SPDX-License-Identifier: BSD-2-Clause
// fs_helpers.h: what the file system's unit tests share: a fresh family, leak counts, short names
// for calls in the working directory.
#ifndef RAMET_TESTS_FS_HELPERS_H
#define RAMET_TESTS_FS_HELPERS_H

#include "tests/unit/lib/check.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/file/file.h"
#include "kernel/fs/inode.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "kernel/sys.h"
#include "tests/unit/lib/fake_kernel.h"

static uint32_t pages0, inodes0;

// A family with these files, standing in an empty /tmp.
static inline void boot_with(const struct fake_entry *entries, uint32_t n)
{
    fake_boot_fs(16u << 20, entries, n);
    CHECK_EQ(sys_chdir("/tmp"), 0);
    pages0 = window_pages_used();
    inodes0 = window_root()->inodes.used;
}

// Every test ends as it began.
static inline void no_leaks(void)
{
    CHECK_EQ(window_pages_used(), pages0);
    CHECK_EQ(window_root()->inodes.used, inodes0);
    CHECK_EQ(window_root()->files.used, 0);
    CHECK_EQ(window_root()->pipes.used, 0);
    CHECK_EQ(pv_shared->critical, 0);
}

// Writes a text file; bytes or -errno.
static inline long put(const char *path, const char *text)
{
    int fd = (int)sys_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0)
        return fd;
    long n = sys_write(fd, text, strlen(text));
    sys_close(fd);
    return n;
}

// Its contents in a static buffer, or NULL.
static inline const char *get(const char *path)
{
    static char buf[256];
    int fd = (int)sys_openat(AT_FDCWD, path, O_RDONLY, 0);
    if (fd < 0)
        return NULL;
    long n = sys_read(fd, buf, sizeof buf - 1);
    sys_close(fd);
    buf[n < 0 ? 0 : n] = '\0';
    return buf;
}

static inline long make(const char *path)
{
    long fd = sys_openat(AT_FDCWD, path, O_WRONLY | O_CREAT, 0644);
    return fd < 0 ? fd : sys_close((int)fd);
}

static inline long md(const char *path)
{
    return sys_mkdirat(AT_FDCWD, path, 0777);
}

static inline long rm(const char *path)
{
    return sys_unlinkat(AT_FDCWD, path, 0);
}

static inline long rd(const char *path)
{
    return sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

static inline long mv(const char *from, const char *to)
{
    return sys_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

static inline long ln(const char *target, const char *path)
{
    return sys_symlinkat(target, AT_FDCWD, path);
}

// stat() of the name itself, and of what it leads to, into `st`.
static struct k_stat st;

static inline long look(const char *path)
{
    return sys_fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW);
}

static inline long look_through(const char *path)
{
    return sys_fstatat(AT_FDCWD, path, &st, 0);
}

#endif
