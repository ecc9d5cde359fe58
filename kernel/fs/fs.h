// SPDX-License-Identifier: BSD-2-Clause
// What the file systems do for system calls: the bodies of sys_*, to be called between
// sys_enter() and sys_leave(). Arguments, checks and errors are those of the Linux call named;
// paths are the program's pointers and are checked here, buffers have been checked by the caller.
#ifndef RAMET_KERNEL_FS_H
#define RAMET_KERNEL_FS_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/api/stat.h"
#include "kernel/file/file.h"
#include "kernel/fs/path.h"

// --- open.c ---

// Opens path. On 0 *out has one reference, which the caller installs; a FIFO's description must
// then go through fifo_wait() (fd_open does both). Never blocks.
long fs_openat(int dirfd, const char *path, int flags, unsigned mode, struct file **out);
// open(2): installs the descriptor, and waits for a FIFO's other side. The descriptor or -errno.
long fd_open(int dirfd, const char *path, int flags, unsigned mode);
// The directory at path for chdir (search permission checked), referenced.
long fs_directory(int dirfd, const char *path, struct inode **dir);

// --- listing.c, regular.c ---
long fs_getdents(struct file *f, void *buf, size_t len);
// What both kinds do alike: operations of struct file_ops.
long file_seek(struct file *f, int64_t off, int whence);
long file_sync(struct file *f);

// --- name.c, rename.c ---
// `mode` with the type: S_IFDIR is mkdir.
long fs_mknod(int dirfd, const char *path, unsigned mode, uint64_t dev);
// bind(2) of a path: a name for a new inode of type socket, of that mode less the umask. *out is
// referenced.
long fs_make_socket(const char *path, uint32_t mode, struct inode **out);
long fs_unlink(int dirfd, const char *path, int flags);
long fs_link(int olddir, const char *old, int newdir, const char *path, int flags);
long fs_symlink(const char *target, int dirfd, const char *path);
// `flags`: K_RENAME_NOREPLACE or K_RENAME_EXCHANGE, as of renameat2(2).
long fs_rename(int olddir, const char *old, int newdir, const char *path, unsigned flags);
// Creates a name for a new inode in w->dir (w->inode is NULL). 0 and *out referenced, or -errno:
// -EEXIST when somebody was faster.
int fs_create(struct walk *w, uint32_t mode, struct inode **out);
// Whether the caller may remove w->inode, which is (`dir`: must be) a directory or not, from
// w->dir: -EACCES, -EPERM (sticky directory), -ENOTDIR, -EISDIR, -EBUSY (something is mounted
// there).
int fs_may_remove(const struct walk *w, int dir);
// Whether `a` is `dir` or above it. Under rename_lock.
int fs_is_above(const struct inode *a, const struct inode *dir);

// --- attr.c ---
long fs_stat(int dirfd, const char *path, struct k_stat *st, int flags);
long fs_readlink(int dirfd, const char *path, char *buf, size_t len);
long fs_chmod(int dirfd, const char *path, unsigned mode, int flags);
long fs_chown(int dirfd, const char *path, uint32_t uid, uint32_t gid, int flags);
long fs_utimens(int dirfd, const char *path, const struct k_timespec *times, int flags);
long fs_access(int dirfd, const char *path, int mode, int flags);
long fs_truncate(int dirfd, const char *path, int64_t len);
long fs_getcwd(char *buf, size_t len);
long inode_chmod(struct inode *ip, unsigned mode);
long inode_chown(struct inode *ip, uint32_t uid, uint32_t gid);
long inode_truncate(struct inode *ip, int64_t len);

#endif
