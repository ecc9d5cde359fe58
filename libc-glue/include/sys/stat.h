// SPDX-License-Identifier: BSD-2-Clause
// File status: Linux's struct stat and mode bits (from <ramet/stat.h>). Replaces newlib's file.
#ifndef _SYS_STAT_H
#define _SYS_STAT_H

#include <ramet/stat.h>
#include <sys/_timespec.h>
#include <sys/cdefs.h>
#include <sys/types.h>
#include <time.h>

struct stat {
    dev_t st_dev;
    ino_t st_ino;
    nlink_t st_nlink;
    mode_t st_mode;
    uid_t st_uid;
    gid_t st_gid;
    unsigned __pad0;
    dev_t st_rdev;
    off_t st_size;
    blksize_t st_blksize;
    blkcnt_t st_blocks; // of 512 bytes
    struct timespec st_atim;
    struct timespec st_mtim;
    struct timespec st_ctim;
    long __spare[3];
};
#define st_atime st_atim.tv_sec
#define st_mtime st_mtim.tv_sec
#define st_ctime st_ctim.tv_sec

// off_t is 64 bit: the "large file" names are the plain ones, for programs that ask for them.
#ifdef _LARGEFILE64_SOURCE
#define stat64    stat
#define fstat64   fstat
#define lstat64   lstat
#define fstatat64 fstatat
#endif

// newlib's stdio asks with these spellings.
#define _IFMT   S_IFMT
#define _IFDIR  S_IFDIR
#define _IFCHR  S_IFCHR
#define _IFBLK  S_IFBLK
#define _IFREG  S_IFREG
#define _IFLNK  S_IFLNK
#define _IFSOCK S_IFSOCK
#define _IFIFO  S_IFIFO

#define S_BLKSIZE 512
#define S_IRUSR   0400
#define S_IWUSR   0200
#define S_IXUSR   0100
#define S_IRWXU   0700
#define S_IRGRP   0040
#define S_IWGRP   0020
#define S_IXGRP   0010
#define S_IRWXG   0070
#define S_IROTH   0004
#define S_IWOTH   0002
#define S_IXOTH   0001
#define S_IRWXO   0007
#define S_IREAD   S_IRUSR
#define S_IWRITE  S_IWUSR
#define S_IEXEC   S_IXUSR

#define ACCESSPERMS 0777
#define ALLPERMS    07777
#define DEFFILEMODE 0666

#define S_ISBLK(m)  (((m)&S_IFMT) == S_IFBLK)
#define S_ISCHR(m)  (((m)&S_IFMT) == S_IFCHR)
#define S_ISDIR(m)  (((m)&S_IFMT) == S_IFDIR)
#define S_ISFIFO(m) (((m)&S_IFMT) == S_IFIFO)
#define S_ISREG(m)  (((m)&S_IFMT) == S_IFREG)
#define S_ISLNK(m)  (((m)&S_IFMT) == S_IFLNK)
#define S_ISSOCK(m) (((m)&S_IFMT) == S_IFSOCK)

__BEGIN_DECLS
int chmod(const char *, mode_t);
int fchmod(int, mode_t);
int fchmodat(int, const char *, mode_t, int);
int stat(const char *__restrict, struct stat *__restrict);
int lchmod(const char *, mode_t);
int lstat(const char *__restrict, struct stat *__restrict);
int fstat(int, struct stat *);
int fstatat(int, const char *__restrict, struct stat *__restrict, int);
int mkdir(const char *, mode_t);
int mkdirat(int, const char *, mode_t);
int mkfifo(const char *, mode_t);
int mkfifoat(int, const char *, mode_t);
int mknod(const char *, mode_t, dev_t);
int mknodat(int, const char *, mode_t, dev_t);
mode_t umask(mode_t);
int utimensat(int, const char *, const struct timespec[2], int);
int futimens(int, const struct timespec[2]);
#ifdef _COMPILING_NEWLIB
int _fstat(int, struct stat *);
int _stat(const char *__restrict, struct stat *__restrict);
int _mkdir(const char *, mode_t);
#endif
__END_DECLS

#endif
