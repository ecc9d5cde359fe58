// SPDX-License-Identifier: BSD-2-Clause
// Open file descriptions, in the window, and the operations of each kind.
#ifndef RAMET_KERNEL_FILE_H
#define RAMET_KERNEL_FILE_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/api/stat.h"
#include "kernel/window/lock.h"
#include "kernel/window/waitq.h"
#include "kernel/window/window.h"

struct k_iovec;

enum file_kind {
    FILE_NONE = 0,
    FILE_REGULAR = 1, // RAM file system
    FILE_DIR = 2,
    FILE_PIPE = 3,   // one end of a pipe or FIFO
    FILE_TTY = 4,    // the family's terminal (kernel/tty/tty.c)
    FILE_STREAM = 5, // a descriptor of the host that is no terminal (kernel/file/hoststream.c)
    FILE_DEVICE = 6, // /dev/null, zero, full, random (kernel/dev/dev.c)
    FILE_SOCKET = 7, // kernel/net/socket.c
    // Devices behind a driver (kernel/dev/driver.h), which brings the operations.
    FILE_BLOCK = 8,  // /dev/vda... (kernel/dev/blkdev.c)
    FILE_HVC = 9,    // /dev/hvc0 (kernel/dev/chardev.c)
    FILE_HWRNG = 10, // /dev/hwrng (kernel/dev/chardev.c)
    FILE_MQ = 11,    // a POSIX message queue (kernel/ipc/mq.c)
    FILE_KINDS = 12,
};

struct file {
    _Atomic uint32_t refs;  // descriptors of all processes, and calls in progress; 0 = free
    uint32_t kind;          // enum file_kind, constant
    _Atomic uint32_t flags; // O_ACCMODE | O_APPEND | O_NONBLOCK...
    uint32_t minor;         // DEVICE, BLOCK: which; STREAM: host descriptor 0..2
    struct wref inode;      // holds a reference; 0 for an anonymous pipe
    struct wref object;     // PIPE: struct pipe; SOCKET: struct socket
    struct wlock lock;      // offset
    int32_t owner;          // F_SETOWN: whom SIGIO goes to, a pid or minus a group; 0 = nobody
    uint64_t offset;        // under lock
    uint64_t reserved2[3];
};
_Static_assert(sizeof(struct file) == 64, "one cache line");

// What a kind of file can do. NULL = not supported; the dispatcher gives the error of the comment.
struct file_ops {
    // Blocking unless O_NONBLOCK; return bytes, -EAGAIN, -ERESTART, ... The buffer has been
    // checked.
    long (*read)(struct file *f, void *buf, size_t len);                      // NULL: -EINVAL
    long (*write)(struct file *f, const void *buf, size_t len);               // NULL: -EINVAL
    long (*pread)(struct file *f, void *buf, size_t len, int64_t off);        // NULL: -ESPIPE
    long (*pwrite)(struct file *f, const void *buf, size_t len, int64_t off); // NULL: -ESPIPE
    // All pieces of a vector as one transfer; the list has been checked, the pieces not. NULL:
    // vector.c makes plain transfers of them.
    long (*vector)(struct file *f, const struct k_iovec *iov, int n, int write);
    long (*lseek)(struct file *f, int64_t off, int whence);          // NULL: -ESPIPE
    long (*ioctl)(struct file *f, unsigned long request, void *arg); // NULL: -ENOTTY
    long (*stat)(struct file *f, struct k_stat *st);                 // NULL: from the inode
    long (*sync)(struct file *f); // fsync(2). NULL: -EINVAL, but 0 for files
    // Which of POLLIN, POLLOUT, POLLERR, POLLHUP hold now. Adds to *queues (at most 2, *n counts)
    // where a change would be announced, and to *console which host descriptors (PV_WAIT_*) a
    // waiter must watch.
    // NULL: always ready.
    uint32_t (*poll)(struct file *f, struct waitq **queues, uint32_t *n, uint32_t *console);
    void (*release)(struct file *f); // the last reference is gone
};

// One table per kind, each in the file named at enum file_kind.
extern const struct file_ops regular_ops, dir_ops, pipe_ops, tty_ops, stream_ops, device_ops;
extern const struct file_ops socket_ops, mq_ops;

// Claims a description with one reference. NULL: table full (-ENFILE).
struct file *file_new(enum file_kind kind, uint32_t flags);
void file_ref(struct file *f);
void file_unref(struct file *f);
const struct file_ops *file_ops(const struct file *f);
// fcntl(F_SETOWN): 0, -ESRCH (no such process or group), -EINVAL.
long file_set_owner(struct file *f, int32_t owner);
// The ioctl operation of a kind that knows FIONREAD only: `unread` bytes, as much of it as an int
// holds, go to *arg. -ENOTTY for other requests, -EFAULT.
long file_ioctl_unread(unsigned long request, void *arg, int64_t unread);

// Descriptors of proc_self (kernel/file/fd.c). fd_get takes a reference that the caller drops with
// file_unref.
struct file *fd_get(int fd); // NULL: -EBADF
// The lowest free descriptor >= from, which takes over the reference; -EMFILE.
int fd_install(struct file *f, int from, int cloexec);

// Opens descriptors 0..2 of the family's first program from boot_info.stdio (kernel/file/stdio.c).
int stdio_open(void);

// Creates the RAM file system from the image's file table and mounts what every family has
// (kernel/fs/ram/populate.c); first program only. 0; -ENOSPC: the window is too small; -ENOTDIR:
// the image has a file or link at /dev or /proc.
int fs_populate(void);

#define EXEC_HEAD 256 // of a script, that is looked at (Linux's BINPRM_BUF_SIZE)

// What exec asks about a file.
struct exec_file {
    int32_t program;      // its index in the image's program table; -1: it is none, see head
    uint32_t mode;        // as in struct k_stat, for S_ISUID and S_ISGID
    uint32_t uid, gid;    // who it belongs to
    char head[EXEC_HEAD]; // of a file that is no program, its beginning, filled up with zeros
};

// Finds a file for exec: follows links, checks x permission. 0 or -errno.
int fs_exec_lookup(const char *path, struct exec_file *file);

#endif
