// SPDX-License-Identifier: BSD-2-Clause
// Descriptors of this process, beyond what kernel/file/file.h says (kernel/file/fd.c).
#ifndef RAMET_KERNEL_FD_H
#define RAMET_KERNEL_FD_H

#include <stdint.h>
#include "kernel/file/file.h"
#include "kernel/proc/proc.h"

// The description behind a descriptor, without a reference of its own: good until the system call
// in progress ends. So a VM that dies while it blocks in read() or write() leaves no reference
// behind. (If another thread closes the descriptor meanwhile, its reference goes over to this call;
// that of the last one borrowed, of several.) NULL: -EBADF.
struct file *fd_borrow(int fd);
// The same if it was opened for this access (O_RDONLY or O_WRONLY).
struct file *fd_for(int fd, uint32_t access);
// The same for a call at an offset of its own: 0 and *file, -EINVAL (it is negative), -EBADF, or
// -ESPIPE (there are no positions), which comes before the access mode, as on Linux.
int fd_at(int fd, uint32_t access, int64_t off, struct file **file);

#define RW_MAX 0x7ffff000u // the most one read or write moves, as on Linux

// Whether one more can be installed: 0 or -EMFILE.
int fd_room(void);
// Closes one descriptor. 0 or -EBADF.
long fd_close(int fd);
// Makes `to` another descriptor for what fd refers to, closing what it was. `to`, or -EBADF.
long fd_dup_to(int fd, int to, int cloexec);
long fd_fcntl(int fd, int cmd, long arg);
long fd_seals(struct file *f, int cmd, long arg); // F_ADD_SEALS, F_GET_SEALS: kernel/file/memfd.c
// Takes over a reference to f into a (child) process's table: the lowest free descriptor, or `at`
// if that is >= 0, closing what was there. The descriptor, -EMFILE or -EBADF.
int fds_put(struct proc *p, struct file *f, int at, int cloexec);

// Locks on files (kernel/file/record_lock_calls.c): F_GETLK, F_SETLK, F_SETLKW; and flock(2).
long flock_fcntl(struct file *f, int cmd, void *arg);
long flock_whole(struct file *f, int op);
// The process closes a descriptor of this inode: all its record locks on it go, whoever else has it
// open (POSIX fcntl()).
void flock_release(const struct proc *p, struct wref inode);
// The description goes, and flock()'s lock with it.
void flock_file_gone(struct file *f);

#endif
