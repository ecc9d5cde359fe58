// SPDX-License-Identifier: BSD-2-Clause
// Proof at compile time that the libc's structures are the kernel's under other names.
//
// The glue hands pointers through without copying; a field moved on either side must not compile.
// No code here. Neighbours: kernel/api/ (the kernel's side), libc-glue/include (the libc's).
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <termios.h>

#include "kernel/api/uio.h"

#define SAME_SIZE(libc, kernel)                                                                    \
    _Static_assert(sizeof(struct libc) == sizeof(struct kernel), #libc " has the kernel's size")
#define SAME_FIELD(libc, lf, kernel, kf)                                                           \
    _Static_assert(offsetof(struct libc, lf) == offsetof(struct kernel, kf) &&                     \
                       sizeof(((struct libc *)0)->lf) == sizeof(((struct kernel *)0)->kf),         \
                   #libc "." #lf " is the kernel's " #kf)

// The size and one field behind the first are enough for a structure of two words: with both equal
// the first cannot lie elsewhere.
SAME_SIZE(timespec, k_timespec);
SAME_FIELD(timespec, tv_nsec, k_timespec, nsec);
SAME_SIZE(timeval, k_timeval);
SAME_FIELD(timeval, tv_usec, k_timeval, usec);
SAME_SIZE(itimerval, k_itimerval);
SAME_FIELD(itimerval, it_value, k_itimerval, value);

// newlib's own struct stat has other fields in another order, and include/sys/stat.h replaces it:
// so every field is checked, not a sample.
SAME_SIZE(stat, k_stat);
SAME_FIELD(stat, st_dev, k_stat, dev);
SAME_FIELD(stat, st_ino, k_stat, ino);
SAME_FIELD(stat, st_nlink, k_stat, nlink);
SAME_FIELD(stat, st_mode, k_stat, mode);
SAME_FIELD(stat, st_uid, k_stat, uid);
SAME_FIELD(stat, st_gid, k_stat, gid);
SAME_FIELD(stat, st_rdev, k_stat, rdev);
SAME_FIELD(stat, st_size, k_stat, size);
SAME_FIELD(stat, st_blksize, k_stat, blksize);
SAME_FIELD(stat, st_blocks, k_stat, blocks);
SAME_FIELD(stat, st_atim, k_stat, atim);
SAME_FIELD(stat, st_mtim, k_stat, mtim);
SAME_FIELD(stat, st_ctim, k_stat, ctim);

SAME_SIZE(statfs, k_statfs);
SAME_FIELD(statfs, f_bsize, k_statfs, bsize);
SAME_FIELD(statfs, f_blocks, k_statfs, blocks);
SAME_FIELD(statfs, f_ffree, k_statfs, ffree);
SAME_FIELD(statfs, f_namelen, k_statfs, namelen);
SAME_FIELD(statfs, f_flags, k_statfs, flags);

// No SAME_SIZE: the kernel's entries are as long as their names (d_reclen), the libc's struct has
// room for the longest.
SAME_FIELD(dirent, d_ino, k_dirent64, ino);
SAME_FIELD(dirent, d_off, k_dirent64, off);
SAME_FIELD(dirent, d_reclen, k_dirent64, reclen);
SAME_FIELD(dirent, d_type, k_dirent64, type);
_Static_assert(offsetof(struct dirent, d_name) == offsetof(struct k_dirent64, name), "d_name");

SAME_SIZE(flock, k_flock);
SAME_FIELD(flock, l_start, k_flock, start);
SAME_FIELD(flock, l_len, k_flock, len);
SAME_FIELD(flock, l_pid, k_flock, pid);

SAME_SIZE(iovec, k_iovec);
SAME_FIELD(iovec, iov_len, k_iovec, len);

SAME_SIZE(msghdr, k_msghdr);
SAME_FIELD(msghdr, msg_namelen, k_msghdr, namelen);
SAME_FIELD(msghdr, msg_iov, k_msghdr, iov);
SAME_FIELD(msghdr, msg_iovlen, k_msghdr, iovlen);
SAME_FIELD(msghdr, msg_control, k_msghdr, control);
SAME_FIELD(msghdr, msg_controllen, k_msghdr, controllen);
SAME_FIELD(msghdr, msg_flags, k_msghdr, flags);
SAME_SIZE(cmsghdr, k_cmsghdr);
SAME_FIELD(cmsghdr, cmsg_type, k_cmsghdr, type);
SAME_SIZE(ucred, k_ucred);
SAME_SIZE(linger, k_linger);
SAME_SIZE(sockaddr_un, k_sockaddr_un);
_Static_assert(sizeof(struct sockaddr_storage) == K_SOCKADDR_MAX, "sockaddr_storage");

SAME_SIZE(pollfd, k_pollfd);
SAME_FIELD(pollfd, revents, k_pollfd, revents);

// The handler is the first word of both, under two names in a union.
SAME_SIZE(sigaction, k_sigaction);
SAME_FIELD(sigaction, sa_flags, k_sigaction, flags);
SAME_FIELD(sigaction, sa_mask, k_sigaction, mask);
SAME_SIZE(sigaltstack, k_stack);
SAME_FIELD(sigaltstack, ss_flags, k_stack, flags);
SAME_FIELD(sigaltstack, ss_size, k_stack, size);
_Static_assert(sizeof(siginfo_t) == sizeof(struct k_siginfo), "siginfo_t has the kernel's size");
_Static_assert(offsetof(siginfo_t, si_code) == offsetof(struct k_siginfo, code), "si_code");
_Static_assert(offsetof(siginfo_t, si_pid) == offsetof(struct k_siginfo, u.proc.pid), "si_pid");
_Static_assert(offsetof(siginfo_t, si_status) == offsetof(struct k_siginfo, u.proc.status),
               "si_status");
_Static_assert(offsetof(siginfo_t, si_addr) == offsetof(struct k_siginfo, u.fault.addr), "si_addr");
_Static_assert(sizeof(sigset_t) == sizeof(k_sigset_t), "sigset_t is 64 bit");

// rlim_t is 64 bits, so that RLIM_INFINITY, all ones, is the same number on both sides.
SAME_SIZE(rlimit, k_rlimit);
SAME_SIZE(rusage, k_rusage);
SAME_FIELD(rusage, ru_stime, k_rusage, stime);
SAME_FIELD(rusage, ru_maxrss, k_rusage, maxrss);
SAME_FIELD(rusage, ru_nivcsw, k_rusage, nivcsw);

SAME_SIZE(utsname, k_utsname);
SAME_FIELD(utsname, machine, k_utsname, machine);
SAME_SIZE(winsize, k_winsize);
SAME_FIELD(winsize, ws_col, k_winsize, col);
