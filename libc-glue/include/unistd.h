// SPDX-License-Identifier: BSD-2-Clause
// newlib's <unistd.h> plus what programs expect from it on Linux and newlib hides or lacks.
#ifndef _RAMET_UNISTD_H
#define _RAMET_UNISTD_H

#include <getopt.h>
#include <sys/types.h>
#include <sys/config.h>
#include <sys/features.h>
#include_next <unistd.h>

#define STDIN_FILENO  0
#define STDOUT_FILENO 1
#define STDERR_FILENO 2

// Modes newlib spells the same; lseek(SEEK_DATA) is not offered.
#define L_SET  SEEK_SET
#define L_INCR SEEK_CUR
#define L_XTND SEEK_END

#define _CS_PATH 0

#define CLOSE_RANGE_UNSHARE 2 // K_CLOSE_RANGE_* of <ramet/fcntl.h>
#define CLOSE_RANGE_CLOEXEC 4

#ifdef _LARGEFILE64_SOURCE
#define lseek64     lseek
#define pread64     pread
#define pwrite64    pwrite
#define ftruncate64 ftruncate
#define truncate64  truncate
#endif

__BEGIN_DECLS
int brk(void *);
int chroot(const char *);
char *crypt(const char *, const char *);
char *ctermid(char *);
int daemon(int, int);
int dup3(int, int, int);
int execlpe(const char *, const char *, ...);
int execvpe(const char *, char *const[], char *const[]);
char *get_current_dir_name(void);
int getdomainname(char *, size_t);
int getdtablesize(void);
int getentropy(void *, size_t);
long gethostid(void);
char *getlogin(void);
int getlogin_r(char *, size_t);
int getpagesize(void);
char *getpass(const char *);
int getresuid(uid_t *, uid_t *, uid_t *);
int getresgid(gid_t *, gid_t *, gid_t *);
int pipe2(int[2], int);
int setgroups(int, const gid_t *);
int sethostname(const char *, size_t);
int setresuid(uid_t, uid_t, uid_t);
int setresgid(gid_t, gid_t, gid_t);
int syncfs(int);
int usleep(useconds_t);
char *getusershell(void);
void setusershell(void);
void endusershell(void);
useconds_t ualarm(useconds_t, useconds_t);
pid_t vfork(void) __attribute__((__returns_twice__));
int close_range(unsigned, unsigned, int);
void closefrom(int);
ssize_t copy_file_range(int, off_t *, int, off_t *, size_t, unsigned);
__END_DECLS

#endif
