// SPDX-License-Identifier: BSD-2-Clause
// The kernel's public surface: system calls as plain functions.
//
// Each behaves as the Linux call of the same name (POSIX.1-2017 semantics; numbers and layouts from
// kernel/api/) and returns a value >= 0 or -errno. They run on the caller's stack, may block unless
// noted, deliver pending signals before they return, and return -EINTR where POSIX says so
// (restarts for SA_RESTART happen inside). Pointers outside the program's memory give -EFAULT.
// libc-glue/ is the only caller; a program sees its libc's wrappers.
#ifndef RAMET_KERNEL_SYS_H
#define RAMET_KERNEL_SYS_H

#include <stddef.h>
#include <stdint.h>

struct k_stat;
struct k_statfs;
struct k_timespec;
struct k_itimerval;
struct k_iovec;
struct k_pollfd;
struct k_sigaction;
struct k_siginfo;
struct k_stack;
struct k_rusage;
struct k_rlimit;
struct k_utsname;
struct k_iovec;
struct k_thread;
struct k_thread_start;
struct k_msghdr;

// --- files: kernel/file/ and kernel/fs/ ---
long sys_openat(int dirfd, const char *path, int flags, unsigned mode);
long sys_close(int fd);
long sys_read(int fd, void *buf, size_t len);
long sys_write(int fd, const void *buf, size_t len);
long sys_pread(int fd, void *buf, size_t len, int64_t off);
long sys_pwrite(int fd, const void *buf, size_t len, int64_t off);
long sys_readv(int fd, const struct k_iovec *iov, int n);
long sys_writev(int fd, const struct k_iovec *iov, int n);
long sys_preadv(int fd, const struct k_iovec *iov, int n, int64_t off);
long sys_pwritev(int fd, const struct k_iovec *iov, int n, int64_t off);
long sys_lseek(int fd, int64_t off, int whence);
long sys_dup(int fd);
long sys_dup2(int fd, int to);
long sys_dup3(int fd, int to, int flags);
long sys_fcntl(int fd, int cmd, long arg);
long sys_flock(int fd, int op);
long sys_close_range(unsigned first, unsigned last, unsigned flags);
long sys_fallocate(int fd, int mode, int64_t off, int64_t len);
long sys_memfd_create(const char *name, unsigned flags);
// Between descriptors. An offset that is NULL is the file's own position, which moves.
long sys_sendfile(int to, int from, int64_t *off, size_t len);
long sys_copy_file_range(int from, int64_t *from_off, int to, int64_t *to_off, size_t len,
                         unsigned flags);
// Between a pipe and something else; -EINVAL for two pipes.
long sys_splice(int from, int64_t *from_off, int to, int64_t *to_off, size_t len, unsigned flags);
long sys_ioctl(int fd, unsigned long request, void *arg);
long sys_pipe2(int fds[2], int flags);
long sys_fstat(int fd, struct k_stat *st);
long sys_fstatat(int dirfd, const char *path, struct k_stat *st, int flags);
long sys_statfs(const char *path, struct k_statfs *st);
long sys_fstatfs(int fd, struct k_statfs *st);
long sys_mkdirat(int dirfd, const char *path, unsigned mode);
long sys_mknodat(int dirfd, const char *path, unsigned mode, uint64_t dev);
long sys_unlinkat(int dirfd, const char *path, int flags);
long sys_linkat(int olddir, const char *old, int newdir, const char *path, int flags);
long sys_symlinkat(const char *target, int dirfd, const char *path);
long sys_readlinkat(int dirfd, const char *path, char *buf, size_t len);
long sys_renameat2(int olddir, const char *old, int newdir, const char *path, unsigned flags);
long sys_fchmodat(int dirfd, const char *path, unsigned mode, int flags);
long sys_fchmod(int fd, unsigned mode);
long sys_fchownat(int dirfd, const char *path, uint32_t uid, uint32_t gid, int flags);
long sys_fchown(int fd, uint32_t uid, uint32_t gid);
long sys_utimensat(int dirfd, const char *path, const struct k_timespec *times, int flags);
long sys_faccessat(int dirfd, const char *path, int mode, int flags);
long sys_getdents64(int fd, void *buf, size_t len);
long sys_ftruncate(int fd, int64_t len);
long sys_truncate(const char *path, int64_t len);
long sys_fsync(int fd);
long sys_sync(void);
long sys_chdir(const char *path);
long sys_fchdir(int fd);
long sys_getcwd(char *buf, size_t len); // length with the NUL, as Linux
long sys_umask(unsigned mask);
long sys_ppoll(struct k_pollfd *fds, unsigned n, const struct k_timespec *timeout,
               const uint64_t *sigmask);

// --- sockets: kernel/net/ ---
// AF_UNIX is the one family so far: others are -EAFNOSUPPORT.
long sys_socket(int family, int type, int protocol);
long sys_socketpair(int family, int type, int protocol, int fds[2]);
long sys_bind(int fd, const void *addr, uint32_t len);
long sys_listen(int fd, int backlog);
long sys_accept4(int fd, void *addr, uint32_t *len, int flags);
long sys_connect(int fd, const void *addr, uint32_t len);
long sys_shutdown(int fd, int how);
long sys_sendto(int fd, const void *buf, size_t len, int flags, const void *addr,
                uint32_t addr_len);
long sys_recvfrom(int fd, void *buf, size_t len, int flags, void *addr, uint32_t *addr_len);
long sys_sendmsg(int fd, const struct k_msghdr *msg, int flags);
long sys_recvmsg(int fd, struct k_msghdr *msg, int flags);
long sys_getsockopt(int fd, int level, int name, void *value, uint32_t *len);
long sys_setsockopt(int fd, int level, int name, const void *value, uint32_t len);
long sys_getsockname(int fd, void *addr, uint32_t *len);
long sys_getpeername(int fd, void *addr, uint32_t *len);

// --- processes: kernel/proc/fork.c, exec.c, exit.c, wait.c, ids.c ---
long sys_fork(void);
// Returns twice in this VM, first 0 as the child, who shares the parent's memory until it execs or
// ends (kernel/proc/vfork.h). `keep` comes back in RDX: for an assembly caller only
// (libc-glue/process/vfork.c).
long sys_vfork(uint64_t keep);
long sys_execve(const char *path, char *const argv[], char *const envp[]);
_Noreturn void sys_exit(int code);
long sys_wait4(int pid, int *status, int options, struct k_rusage *usage);
long sys_waitid(int idtype, int id, struct k_siginfo *info, int options, struct k_rusage *usage);
long sys_getpid(void);
long sys_getppid(void);
long sys_getpgid(int pid);
long sys_setpgid(int pid, int pgid);
long sys_getsid(int pid);
long sys_setsid(void);
long sys_getresuid(uint32_t *real, uint32_t *effective, uint32_t *saved);
long sys_getresgid(uint32_t *real, uint32_t *effective, uint32_t *saved);
long sys_setresuid(uint32_t real, uint32_t effective, uint32_t saved); // (uint32_t)-1 = keep
long sys_setresgid(uint32_t real, uint32_t effective, uint32_t saved);
long sys_getgroups(int n, uint32_t *list);
long sys_setgroups(int n, const uint32_t *list);
long sys_getpriority(int which, int who); // 20 - nice, as the Linux system call
long sys_setpriority(int which, int who, int nice);
long sys_sched_yield(void);

// What a spawned child changes before it starts (posix_spawn file actions and attributes).
struct k_spawn_action {
    int32_t op; // K_SPAWN_*
    int32_t fd;
    int32_t from;  // DUP2: the old descriptor
    int32_t flags; // OPEN
    uint32_t mode; // OPEN
    uint32_t pad;
    const char *path; // OPEN, CHDIR
};
#define K_SPAWN_CLOSE  1
#define K_SPAWN_DUP2   2
#define K_SPAWN_OPEN   3
#define K_SPAWN_CHDIR  4
#define K_SPAWN_FCHDIR 5

struct k_spawn {
    const struct k_spawn_action *actions;
    uint32_t nactions;
    uint32_t flags; // POSIX_SPAWN_*, as below
    int32_t pgroup; // SETPGROUP
    int32_t pad;
    uint64_t sigmask;    // SETSIGMASK
    uint64_t sigdefault; // SETSIGDEF
};
#define POSIX_SPAWN_RESETIDS   0x01
#define POSIX_SPAWN_SETPGROUP  0x02
#define POSIX_SPAWN_SETSIGDEF  0x04
#define POSIX_SPAWN_SETSIGMASK 0x08
#define POSIX_SPAWN_SETSID     0x80

// Starts PATH in a new VM without cloning this one first. Returns the child's pid or -errno
// (an action that failed is the call's error, and no child remains).
long sys_spawn(const char *path, char *const argv[], char *const envp[], const struct k_spawn *how);

// --- signals: kernel/signal/signal.c ---
long sys_kill(int pid, int sig);
// value: a union sigval. Signals from 32 on are queued; of others two of a number are one.
long sys_sigqueue(int pid, int sig, uint64_t value);
long sys_sigaction(int sig, const struct k_sigaction *act, struct k_sigaction *old);
long sys_sigprocmask(int how, const uint64_t *set, uint64_t *old);
long sys_sigpending(uint64_t *set);
long sys_sigsuspend(const uint64_t *mask);
long sys_sigtimedwait(const uint64_t *set, struct k_siginfo *info,
                      const struct k_timespec *timeout);
long sys_sigaltstack(const struct k_stack *ss, struct k_stack *old);
long sys_setitimer(int which, const struct k_itimerval *value, struct k_itimerval *old);
long sys_getitimer(int which, struct k_itimerval *value);

// --- threads: kernel/thread/ (kernel/api/thread.h) ---
// Starts a thread, which is ready and not yet run. Its number (sys_gettid()), -EFAULT or -EAGAIN.
// `reent` is a pointer of the C library's: each thread finds in it what it last had there; always
// the same one.
long sys_thread_start(const struct k_thread_start *start, void **reent);
// Ends the calling thread; the process, if it is the last one. Its memory may be used again when
// *word is 0, which wakes those that wait for it; NULL: nobody asks.
_Noreturn void sys_thread_exit(uint32_t *word);
// The calling one.
struct k_thread *sys_thread_self(void);
long sys_gettid(void);
// A signal to one thread; tid 0: to the calling one. Code and value: of its siginfo. -ESRCH.
long sys_thread_kill(int tid, int sig, int code, uint64_t value);
// Asks a thread to end: what it waits for in a cancellation point is over with -EINTR. -ESRCH.
long sys_thread_cancel(int tid);
// Its name, K_THREAD_NAME bytes, is copied to `get`, then set to `set`; either may be NULL.
long sys_thread_name(int tid, char *get, const char *set);
// Blocks while *word is `expected`, until sys_word_wake(). In the window a word is waited for by
// any member; whoever wakes has changed it before. 0; -EAGAIN: it has another value; -ETIMEDOUT at
// `deadline` (monotonic ns, PV_FOREVER: never); -EINTR unless K_WORD_NO_SIG, or when the thread is
// cancelled.
long sys_word_wait(const uint32_t *word, uint32_t expected, uint64_t deadline, unsigned flags);
// This member, for locks in the window that tell who has them: never 0, and no other's as long as
// anybody could ask. And whether that one is dead, without having ended properly.
long sys_member(void);
int sys_member_dead(uint32_t member);
// Called when the process ends, by exit, exec or a signal that it notices: in the kernel, so it may
// only change memory and wake. NULL: nothing.
void sys_at_end(void (*call)(void));
// Of the first thread.
void sys_stack_bounds(uintptr_t *low, uintptr_t *high);
// Wakes up to n of those that wait for it, the first first; all, in the window.
long sys_word_wake(const uint32_t *word, uint32_t n);

// --- System V IPC: kernel/ipc/sysv_shm.c, sem.c, msg.c and their *_ctl.c ---
struct k_sembuf;
long sys_shmget(int key, size_t size, int flags);
long sys_shmat(int id, const void *addr, int flags);
long sys_shmdt(const void *addr);
long sys_shmctl(int id, int cmd, void *arg);
long sys_semget(int key, int n, int flags);
// `timeout` is from now on; NULL: for ever, which is semop().
long sys_semtimedop(int id, const struct k_sembuf *ops, size_t n, const struct k_timespec *timeout);
long sys_semctl(int id, int num, int cmd, uint64_t arg); // `arg` as a union semun
long sys_msgget(int key, int flags);
// `message` is a long, the type, and the bytes behind it; `len` counts these.
long sys_msgsnd(int id, const void *message, size_t len, int flags);
long sys_msgrcv(int id, void *message, size_t len, int64_t type, int flags);
long sys_msgctl(int id, int cmd, void *arg);

// --- POSIX message queues: kernel/ipc/mq.c, mq_message.c, mq_notify.c ---
struct k_mq_attr;
struct k_sigevent;
// `name` without the slash that POSIX has before it; `attr` may be NULL. A descriptor.
long sys_mq_open(const char *name, int flags, unsigned mode, const struct k_mq_attr *attr);
long sys_mq_unlink(const char *name);
// `until`: of the real-time clock; NULL: for ever.
long sys_mq_timedsend(int fd, const void *message, size_t len, unsigned priority,
                      const struct k_timespec *until);
long sys_mq_timedreceive(int fd, void *message, size_t len, unsigned *priority,
                         const struct k_timespec *until);
long sys_mq_notify(int fd, const struct k_sigevent *event); // -ENOSYS for SIGEV_THREAD
long sys_mq_getsetattr(int fd, const struct k_mq_attr *new, struct k_mq_attr *old);

// --- time, memory, system: kernel/time/time.c, mem.c, uname.c ---
long sys_clock_gettime(int clock, struct k_timespec *ts);
long sys_clock_getres(int clock, struct k_timespec *ts);
long sys_uptime(void); // whole seconds since the family began; not a call of Linux's
long sys_clock_settime(int clock, const struct k_timespec *ts);
long sys_clock_nanosleep(int clock, int flags, const struct k_timespec *req,
                         struct k_timespec *rem);
long sys_getrusage(int who, struct k_rusage *usage);
long sys_sbrk(ptrdiff_t increment); // the old break, or -ENOMEM; never blocks
long sys_mmap(void *addr, size_t len, int prot, int flags, int fd, int64_t off);
long sys_munmap(void *addr, size_t len);
long sys_mprotect(void *addr, size_t len, int prot);
// Private memory moves by a copy; shared memory only shrinks (-ENOMEM).
long sys_mremap(void *addr, size_t old, size_t new, int flags, void *to);
long sys_mincore(void *addr, size_t len, unsigned char *vector);
long sys_msync(void *addr, size_t len, int flags);
long sys_mlock(const void *addr, size_t len); // munlock() too: whether it is there is all there is
long sys_madvise(void *addr, size_t len, int advice);
long sys_getrandom(void *buf, size_t len, unsigned flags);
long sys_uname(struct k_utsname *name);
long sys_sethostname(const char *name, size_t len);
long sys_getrlimit(int what, struct k_rlimit *limit);
long sys_setrlimit(int what, const struct k_rlimit *limit);
long sys_nprocessors(void);
long sys_physpages(int available); // 4 KB pages of guest RAM: all, or those still free

#endif
