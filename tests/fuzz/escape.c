// SPDX-License-Identifier: BSD-2-Clause
// A guest that makes system calls itself, where its process would let it: what the confinement of
// picoprocesses (host/process/confine.c) leaves of them. Each attempt is a child's; the parent says
// how it ended. tests/suites/process_families.py has the answers.
//
// On a VM none of this means anything: there is no kernel behind these instructions.
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/pv.h"
#include "abi/window.h"
#include "tests/fuzz/linux_calls.h"

#define IMAGE    ((long)PV_IMAGE_VA)
#define WINDOW   ((long)PV_WINDOW_VA)
#define STUB     0x80000L
#define DISK     4L // its descriptor, of DISK_END bytes, behind the image's
#define LOCKED   5L // one that is not to be written
#define DISK_END 0x100000L
#define TEXT     6L         // the text cache, behind the disks
#define TABLE    0x1000000L // where its table lies in it
#define DMA      ((long)PV_DMA_VA)
#define PRIVATE  0x4032L    // MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE
#define HERE     0x1000000L // some RAM of ours
#define AS_HOST  0x108011L  // CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD, as the stub clones
#define DOOR(n)                                                                                    \
    (WINDOW + (long)(sizeof(struct window_header) + (n) * sizeof(struct window_door) +             \
                     offsetof(struct window_door, born)))

static long call(long nr, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long r;
    __asm__ volatile("syscall"
                     : "=a"(r)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return r;
}

static const struct {
    const char *name;
    long nr, args[6];
} calls[] = {
    // What reaches outside.
    {"openat", OPENAT, {-100, (long)"/etc/passwd"}},
    {"execve", EXECVE, {(long)"/bin/sh"}},
    {"execveat", EXECVEAT, {-100, (long)"/bin/sh"}},
    {"socket", SOCKET, {2, 1}},
    {"io_uring_setup", IO_URING, {8}},
    {"memfd_create", MEMFD, {(long)"x"}},
    {"dup3", DUP3, {0, 5}},
    {"fcntl", FCNTL, {0, 0}},
    {"ioctl", IOCTL, {0, 0x5401}},
    {"read of the image's descriptor", READ, {3, HERE, 8}},
    {"preadv2 from a place", PREADV2, {0, HERE, 1, 0, 0, 0}},
    {"pwritev2 to a place", PWRITEV2, {1, HERE, 1, 4096, 0, 0}},
    {"pwritev2 without O_APPEND", PWRITEV2, {1, HERE, 1, -1, -1, 0x20}},
    {"futex of the image", FUTEX, {IMAGE, 1, 1}},
    {"preadv2 of the image's descriptor", PREADV2, {3, 0, 0, -1, -1}},
    {"pwritev2 to a high descriptor", PWRITEV2, {1L << 32 | 1, 0, 0, -1, -1}},
    {"affinity of the supervisor", SETAFFINITY, {1, 128, HERE}},
    {"affinity of a process with a high number", SETAFFINITY, {1L << 32, 128, HERE}},
    {"sched_setscheduler", SETSCHEDULER, {0, 1, HERE}},
    // Disks. The first ones show that the descriptors are those.
    {"pread64 of the disk", PREAD, {DISK, DMA, 512, 0}},
    {"pwrite64 of the disk's end", PWRITE, {DISK, DMA, 512, DISK_END - 512}},
    {"pread64 of the read-only disk", PREAD, {LOCKED, DMA, 512, 0}},
    {"fdatasync of the disk", FDATASYNC, {DISK}},
    {"pwrite64 past the end", PWRITE, {DISK, DMA, 512, DISK_END}},
    {"pwrite64 over the end", PWRITE, {DISK, DMA, 513, DISK_END - 512}},
    {"pwrite64 far over the end", PWRITE, {DISK, DMA, 0x20000, DISK_END - 1}},
    {"pwrite64 far past the end", PWRITE, {DISK, DMA, 1, 1L << 40}},
    {"pwrite64 of very much", PWRITE, {DISK, DMA, 1L << 40, 0}},
    {"pwrite64 at -1", PWRITE, {DISK, DMA, 512, -1}},
    {"pwrite64 at -512", PWRITE, {DISK, DMA, 512, -512}},
    {"pwrite64 of the read-only disk", PWRITE, {LOCKED, DMA, 512, 0}},
    {"pwrite64 of the image's descriptor", PWRITE, {3, DMA, 512, 0}},
    {"pread64 of the image's descriptor", PREAD, {3, DMA, 512, 0}},
    {"pwrite64 to standard output", PWRITE, {1, DMA, 1, 0}},
    {"pread64 of a high descriptor", PREAD, {1L << 32 | DISK, DMA, 512, 0}},
    {"pread64 past the end", PREAD, {DISK, DMA, 1, DISK_END}},
    {"pread64 into the stub", PREAD, {DISK, STUB, 512, 0}},
    {"pread64 into RAM", PREAD, {DISK, HERE, 512, 0}},
    {"read of the disk", READ, {DISK, DMA, 512}},
    {"write of the disk", WRITE, {DISK, DMA, 512}},
    {"pwritev2 of the disk", PWRITEV2, {DISK, HERE, 1, 0, 0, 0}},
    {"lseek of the disk to its beginning", LSEEK, {DISK, 0, 0}},
    {"lseek of the disk beyond its end", LSEEK, {DISK, 512, 2}},
    {"lseek of the image's descriptor", LSEEK, {3, 0, 2}},
    {"ftruncate of the disk", FTRUNCATE, {DISK, 0}},
    {"fallocate of the disk", FALLOCATE, {DISK, 0, 0, 2 * DISK_END}},
    {"copy_file_range to the disk", COPY_RANGE, {LOCKED, 0, DISK, 0, 512, 0}},
    {"splice to the disk", SPLICE, {0, 0, DISK, 0, 512, 0}},
    {"sync_file_range of the disk", SYNC_RANGE, {DISK, 0, 512, 7}},
    {"fsync of the disk", FSYNC, {DISK}},
    {"fdatasync of the image's descriptor", FDATASYNC, {3}},
    {"mmap of the disk", MMAP, {HERE, 4096, 3, 0x11, DISK}},
    {"mmap private of the disk", MMAP, {HERE, 4096, 1, 0x12, DISK}},
    {"pwrite64 of the text cache", PWRITE, {TEXT, DMA, 512, 0}},
    {"pread64 of its text", PREAD, {TEXT, HERE, 512, 0}},
    {"pread64 of its table, elsewhere", PREAD, {TEXT, HERE, 36, TABLE}},
    {"ftruncate of the text cache", FTRUNCATE, {TEXT, 0}},
    {"mmap writable of the text cache", MMAP, {HERE, 4096, 3, 0x12, TEXT}},
    {"mmap shared of the text cache", MMAP, {HERE, 4096, 5, 0x11, TEXT}},
    {"mmap of the text cache over the stub", MMAP, {STUB, 4096, 5, 0x12, TEXT}},
    {"mmap over the devices' memory", MMAP, {DMA, 4096, 3, PRIVATE, -1}},
    {"mprotect of the devices' memory", MPROTECT, {DMA, 4096, 5}},
    {"madvise of more than the devices' memory", MADVISE, {DMA, PV_DMA_SIZE + 4096, 4}},
    // Other processes.
    {"kill", KILL, {1, 9}},
    {"kill of all", KILL, {-1, 9}},
    {"tkill", TKILL, {1, 9}},
    {"tgkill", TGKILL, {1, 1, 9}},
    {"ptrace", PTRACE, {16, 1}},
    {"process_vm_readv", VM_READV, {1}},
    {"process_vm_writev", VM_WRITEV, {1}},
    {"pidfd_open", PIDFD_OPEN, {1}},
    {"pidfd_getfd", PIDFD_GETFD, {0, 0}},
    {"prlimit", PRLIMIT, {0, 7}},
    {"setrlimit", SETRLIMIT, {7}},
    // New ones.
    {"fork", FORK, {0}},
    {"vfork", VFORK, {0}},
    {"clone of a thread", CLONE, {0x10f00}},
    {"clone without CLONE_PARENT", CLONE, {0x11, 0, 0, 0, 0, 7}},
    {"clone into a namespace", CLONE, {AS_HOST | 0x10000000, 0, DOOR(7), 0, 0, 7}},
    {"clone with a stack", CLONE, {AS_HOST, HERE, DOOR(7), 0, 0, 7}},
    {"clone for no slot", CLONE, {AS_HOST, 0, DOOR(0), 0, 0, 0}},
    {"clone for a slot beyond all", CLONE, {AS_HOST, 0, DOOR(9), 0, 0, 9999}},
    {"clone for a slot with high bits", CLONE, {AS_HOST, 0, DOOR(7), 0, 0, 1L << 32 | 7}},
    {"clone, its pid outside the window", CLONE, {AS_HOST, 0, HERE, 0, 0, 7}},
    {"clone, its pid at another's door", CLONE, {AS_HOST, 0, DOOR(8), 0, 0, 7}},
    {"clone3", CLONE3, {0, 64}},
    {"unshare", UNSHARE, {0x10000000}},
    // Its own confinement.
    {"seccomp", SECCOMP, {0}},
    {"prctl PR_SET_DUMPABLE", PRCTL, {4, 1}},
    {"prctl PR_SET_PDEATHSIG of none", PRCTL, {1, 0}},
    {"rt_sigaction", SIGACTION, {11, 0, 0, 8}},
    {"sigaltstack", SIGALTSTACK, {0, 0}},
    {"modify_ldt", MODIFY_LDT, {1, 0, 16}},
    {"arch_prctl ARCH_MAP_VDSO", ARCH_PRCTL, {0x2003, 0}},
    {"exit of a thread", EXIT, {0}},
    // Memory.
    {"mmap writable and executable", MMAP, {HERE, 4096, 7, PRIVATE, -1}},
    {"mmap of a pipe", MMAP, {HERE, 4096, 1, 0x12, 0}},
    {"mmap shared of the image", MMAP, {HERE, 4096, 3, 0x11, 3}},
    {"mmap anywhere", MMAP, {0, 4096, 3, 0x22, -1}},
    {"mmap at NULL", MMAP, {0, 4096, 3, PRIVATE, -1}},
    {"mmap over the call page", MMAP, {PV_CALL_VA, 4096, 5, PRIVATE, -1}},
    {"mmap over the stub", MMAP, {STUB, 4096, 5, PRIVATE, -1}},
    {"mmap over the window", MMAP, {WINDOW, 4096, 3, PRIVATE, -1}},
    {"mmap beyond RAM", MMAP, {0x200000000, 4096, 3, PRIVATE, -1}},
    {"mmap of very much", MMAP, {HERE, 1L << 40, 3, PRIVATE, -1}},
    {"mmap high", MMAP, {0x7f0000000000, 4096, 3, PRIVATE, -1}},
    {"mprotect writable and executable", MPROTECT, {HERE, 4096, 7}},
    {"mprotect of the stub", MPROTECT, {STUB, 4096, 3}},
    {"mprotect of the call page", MPROTECT, {PV_CALL_VA, 4096, 3}},
    {"mprotect of the image", MPROTECT, {IMAGE, 4096, 3}},
    {"mprotect of the window", MPROTECT, {WINDOW, 4096, 5}},
    {"mprotect of boot_info", MPROTECT, {PV_BOOT_INFO_VA, 4096, 3}},
    {"madvise of the stub", MADVISE, {STUB, 4096, 4}},
    {"madvise of the window, to drop it", MADVISE, {WINDOW, 4096, 4}},
    {"madvise of the window, to punch a hole", MADVISE, {WINDOW, 4096, 9}},
    {"madvise of the window, beyond it", MADVISE, {WINDOW + (1L << 32), 4096, 22}},
    {"mprotect with a strange flag", MPROTECT, {HERE, 4096, 0x01000003}},
    {"mprotect with high bits", MPROTECT, {1L << 40 | HERE, 4096, 3}},
    {"munmap of the stub", MUNMAP, {STUB, 4096}},
    {"munmap of the image", MUNMAP, {IMAGE, 4096}},
    {"munmap of everything", MUNMAP, {HERE, 0x7fffff000000}},
    // Waiting.
    {"futex with priorities", FUTEX, {WINDOW, 6}},
    {"futex requeue", FUTEX, {WINDOW, 3, 1, 1, WINDOW + 4}},
    // What only looks like one of ours.
    {"x32", 0x40000000 | GETPID, {0}},
    {"number 0x1100", 0x1100, {0}},
    {"number 0x1000", 0x1000, {1}},
    {"setxattr", REPORT, {WINDOW, WINDOW, WINDOW, 1}},
    {"removexattr", 197, {WINDOW, WINDOW}},
    {"getpid", GETPID, {0}},
    // Requests to the supervisor, which the filter lets pass.
    {"report: a member again", REPORT, {1}},
    {"report: a slot nobody claimed", REPORT, {50}},
    {"report: no slot", REPORT, {0}},
    {"kick of nobody", KICK, {60, 1}},
    {"kick with strange flags", KICK, {1, 2}},
    {"kill of nobody", KILL_MEMBER, {60}},
    {"unclaim of a slot in use", UNCLAIM, {1}},
    {"unclaim of a free slot", UNCLAIM, {60}},
    {"clone for a slot in use", CLONE, {AS_HOST, 0, DOOR(1), 0, 0, 1}},
};

// --- what is no plain call ---

static void int80(void)
{
    long r = 20; // getpid of the 32-bit table
    __asm__ volatile("int $0x80" : "+a"(r));
}

static void far_jump(void)
{
    unsigned char *code = (unsigned char *)HERE;
    static const unsigned char getpid32[] = {0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xf4};
    call(MMAP, HERE, 4096, 3, PRIVATE, -1, 0);
    memcpy(code, getpid32, sizeof getpid32);
    call(MPROTECT, HERE, 4096, 5, 0, 0, 0);
    __asm__ volatile("push $0x23\n\tpush %0\n\tlretq" : : "r"(HERE) : "memory");
}

static void vsyscall(void)
{
    long tv[2];
    ((long (*)(long *, void *))0xffffffffff600000)(tv, NULL);
}

// RIP at a SYSCALL instruction of the stub, with registers of our own.
static void into_the_stub(void)
{
    const unsigned char *at = (const unsigned char *)STUB;
    while (at[0] != 0x0f || at[1] != 0x05)
        at++;
    register long r10 __asm__("r10") = 0;
    long r = OPENAT;
    __asm__ volatile("call *%1"
                     : "+a"(r)
                     : "r"(at), "D"(-100L), "S"("/etc/passwd"), "d"(0L), "r"(r10)
                     : "rcx", "r11", "memory");
}

static void garbage_frame(void)
{
    call(SIGRETURN, 0, 0, 0, 0, 0, 0);
}

// A clone of whose pid the supervisor is to know nothing: what the kernel writes is overwritten on
// both sides. It may have looked already.
static long clone_unseen(long slot)
{
    long r = call(CLONE, AS_HOST, 0, DOOR(slot), 0, 0, slot);
    if (r >= 0)
        *(volatile unsigned *)DOOR(slot) = 0;
    return r;
}

// Clones behind the stub's back, that lie about who they are, are not seen, or die.
static void lying_child(void)
{
    if (call(CLONE, AS_HOST, 0, DOOR(70), 0, 0, 70) == 0) {
        long r = call(REPORT, 1, 0, 0, 0, 0, 0);
        call(EXIT_GROUP, r == -EPERM ? 0 : 77, 0, 0, 0, 0, 0);
    }
}

// As many as there may be, each given back at once. How many came about is the supervisor's count.
static void many_children(void)
{
    for (int i = 0; i < 5000; i++) {
        long r = clone_unseen(7);
        if (r == 0)
            for (;;)
                call(24, 0, 0, 0, 0, 0, 0); // sched_yield
        call(UNCLAIM, 7, 0, 0, 0, 0, 0);
        if (r == -EAGAIN || r == -EBUSY)
            break;
    }
}

static void unseen_child(void)
{
    if (clone_unseen(71) == 0)
        for (;;)
            call(24, 0, 0, 0, 0, 0, 0); // sched_yield
}

static void dead_child(void)
{
    if (call(CLONE, AS_HOST, 0, DOOR(72), 0, 0, 72) == 0)
        call(EXIT_GROUP, 0, 0, 0, 0, 0, 0);
}

static void leave_without_a_word(void)
{
    call(EXIT_GROUP, 5, 0, 0, 0, 0, 0);
}

static void leave_as_if_well(void)
{
    call(EXIT_GROUP, 0, 0, 0, 0, 0, 0);
}

// Asks the supervisor without end. Not among the attempts: it is made by name only.
static void flood(const char *how)
{
    for (;;) {
        switch (*how) {
        case 'n': // kicks of nobody
            call(KICK, 60, 1, 0, 0, 0, 0);
            break;
        case 'k': // kicks of the first member
            call(KICK, 1, 1, 0, 0, 0, 0);
            break;
        default: // children that run for ever, each given back at once
            if (clone_unseen(7) == 0)
                for (;;)
                    call(24, 0, 0, 0, 0, 0, 0); // sched_yield
            call(UNCLAIM, 7, 0, 0, 0, 0, 0);
        }
    }
}

static const struct {
    const char *name;
    void (*attempt)(void);
} others[] = {
    {"int 0x80", int80},
    {"far jump to 32-bit code", far_jump},
    {"vsyscall", vsyscall},
    {"into the stub's SYSCALL", into_the_stub},
    {"rt_sigreturn of garbage", garbage_frame},
    {"children without end", many_children},
    {"a child that lies", lying_child},
    {"a child that nobody sees", unseen_child},
    {"a child that dies at once", dead_child},
    {"exit behind the stub's back", leave_without_a_word},
    {"exit with 0 behind it", leave_as_if_well},
};

#define CALLS  (sizeof calls / sizeof calls[0])
#define OTHERS (sizeof others / sizeof others[0])

static void attempt(unsigned i, int out)
{
    long r = 0;
    if (i < CALLS) {
        const long *a = calls[i].args;
        r = call(calls[i].nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    } else {
        others[i - CALLS].attempt();
    }
    if (write(out, &r, sizeof r) != sizeof r)
        _exit(99);
    _exit(0);
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : NULL;
    if (only && !strcmp(only, "flood"))
        flood(argc > 2 ? argv[2] : "nobody");
    for (unsigned i = 0; i < CALLS + OTHERS; i++) {
        const char *name = i < CALLS ? calls[i].name : others[i - CALLS].name;
        int fds[2], status;
        long r = 0;
        if (only && strcmp(name, only))
            continue;
        fflush(stdout);
        if (pipe(fds) < 0)
            return 1;
        pid_t pid = fork();
        if (pid == 0)
            attempt(i, fds[1]);
        close(fds[1]);
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
            return 1;
        if (WIFSIGNALED(status))
            printf("%s: signal %d\n", name, WTERMSIG(status));
        else if (read(fds[0], &r, sizeof r) != sizeof r)
            printf("%s: status %d\n", name, WEXITSTATUS(status));
        else
            printf("%s: %s\n", name, r < 0 ? strerror((int)-r) : "0");
        close(fds[0]);
    }
    printf("all tried\n");
    return 0;
}
