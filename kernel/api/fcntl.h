// SPDX-License-Identifier: BSD-2-Clause
// open(2), fcntl(2) and *at(2) numbers, with Linux x86-64's values.
#ifndef RAMET_API_FCNTL_H
#define RAMET_API_FCNTL_H

#include <stdint.h>

#define O_RDONLY    00000000
#define O_WRONLY    00000001
#define O_RDWR      00000002
#define O_ACCMODE   00000003
#define O_CREAT     00000100
#define O_EXCL      00000200
#define O_NOCTTY    00000400
#define O_TRUNC     00001000
#define O_APPEND    00002000
#define O_NONBLOCK  00004000
#define O_DSYNC     00010000
#define O_ASYNC     00020000
#define O_DIRECT    00040000
#define O_LARGEFILE 00100000
#define O_DIRECTORY 00200000
#define O_NOFOLLOW  00400000
#define O_NOATIME   01000000
#define O_CLOEXEC   02000000
#define O_SYNC      04010000
#define O_RSYNC     O_SYNC
#define O_PATH      010000000
#define O_NDELAY    O_NONBLOCK

#define F_DUPFD         0
#define F_GETFD         1
#define F_SETFD         2
#define F_GETFL         3
#define F_SETFL         4
#define F_GETLK         5
#define F_SETLK         6
#define F_SETLKW        7
#define F_SETOWN        8
#define F_GETOWN        9
#define F_DUPFD_CLOEXEC 1030
#define F_SETPIPE_SZ    1031
#define F_GETPIPE_SZ    1032

#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034

#define FD_CLOEXEC 1

// What is forbidden for good of a file that memfd_create() made.
#define F_SEAL_SEAL         0x01
#define F_SEAL_SHRINK       0x02
#define F_SEAL_GROW         0x04
#define F_SEAL_WRITE        0x08
#define F_SEAL_FUTURE_WRITE 0x10
#define F_SEAL_EXEC         0x20

// renameat2(2): the new name must not be there; or both must, and change places.
#define K_RENAME_NOREPLACE 1
#define K_RENAME_EXCHANGE  2

// fallocate(2): the size stays; the range becomes zeros.
#define FALLOC_FL_KEEP_SIZE  1
#define FALLOC_FL_PUNCH_HOLE 2

// Hints but for the second, which keeps splice() from waiting for the pipe.
#define SPLICE_F_MOVE     1
#define SPLICE_F_NONBLOCK 2
#define SPLICE_F_MORE     4
#define SPLICE_F_GIFT     8

#define K_CLOSE_RANGE_UNSHARE 2
#define K_CLOSE_RANGE_CLOEXEC 4

#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2

// flock(2)
#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8

#define AT_FDCWD            (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_REMOVEDIR        0x200
#define AT_EACCESS          0x200
#define AT_SYMLINK_FOLLOW   0x400
#define AT_EMPTY_PATH       0x1000

#define R_OK 4
#define W_OK 2
#define X_OK 1
#define F_OK 0

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2

// Record lock, as fcntl(F_SETLK) takes it: Linux's struct flock.
struct k_flock {
    int16_t type;   // F_RDLCK, F_WRLCK, F_UNLCK
    int16_t whence; // SEEK_*
    int64_t start;
    int64_t len; // 0 = to the end of the file
    int32_t pid; // out, F_GETLK
};

#endif
