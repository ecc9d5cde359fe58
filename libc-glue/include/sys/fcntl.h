// SPDX-License-Identifier: BSD-2-Clause
// open() and fcntl(): Linux's numbers (from <ramet/fcntl.h>). Replaces newlib's file; its <fcntl.h>
// and <sys/file.h> include this one.
#ifndef _SYS_FCNTL_H_
#define _SYS_FCNTL_H_

#include <ramet/fcntl.h>
#include <sys/cdefs.h>
#include <sys/stat.h>
#include <sys/types.h>

// BSD spellings.
#define FAPPEND   O_APPEND
#define FASYNC    O_ASYNC
#define FNDELAY   O_NONBLOCK
#define FNONBLOCK O_NONBLOCK
#define FREAD     1
#define FWRITE    2

#define POSIX_FADV_NORMAL     0
#define POSIX_FADV_RANDOM     1
#define POSIX_FADV_SEQUENTIAL 2
#define POSIX_FADV_WILLNEED   3
#define POSIX_FADV_DONTNEED   4
#define POSIX_FADV_NOREUSE    5

struct flock {
    short l_type;   // F_RDLCK, F_WRLCK, F_UNLCK
    short l_whence; // SEEK_*
    off_t l_start;
    off_t l_len; // 0 = to the end of the file
    pid_t l_pid; // out, F_GETLK
};

__BEGIN_DECLS
int open(const char *, int, ...);
int openat(int, const char *, int, ...);
int creat(const char *, mode_t);
int fcntl(int, int, ...);
int flock(int, int);
int posix_fadvise(int, off_t, off_t, int);
int posix_fallocate(int, off_t, off_t);
int fallocate(int, int, off_t, off_t);
ssize_t splice(int, off_t *, int, off_t *, size_t, unsigned);
#ifdef _COMPILING_NEWLIB
int _open(const char *, int, ...);
int _fcntl(int, int, ...);
#endif
__END_DECLS

#ifdef _LARGEFILE64_SOURCE
#define open64   open
#define openat64 openat
#define creat64  creat
#endif

#endif
