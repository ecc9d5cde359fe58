// SPDX-License-Identifier: BSD-2-Clause
// test_confine.c: what the filter lets a monitor do and what ends it: each call is made in a
// process of its own that has confined itself. Links host/family/confine.c
// and host/kvm/confine.c.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/kvm/kvm.h"
#include "tests/unit/lib/check.h"

static struct options opt;
static struct family family;
static int other; // a descriptor that is none of those with rules of their own

struct call {
    long nr;
    long arg[6];
};

// How a confined process ends that makes this one call: 0, or a signal.
static int outcome(struct call c)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        const int keep[] = {other, family.answers, family.window_fd};
        if (kvm_confine(&family, keep, 3) < 0)
            _exit(1);
        syscall(c.nr, c.arg[0], c.arg[1], c.arg[2], c.arg[3], c.arg[4], c.arg[5]);
        syscall(SYS_exit_group, 0);
    }
    if (waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

#define KEPT(...)  CHECK_EQ(outcome((struct call){__VA_ARGS__}), 0)
#define ENDED(...) CHECK_EQ(outcome((struct call){__VA_ARGS__}), SIGSYS)

// Where other processes run is none of its business, nor is its own.
static void test_processors(void)
{
    cpu_set_t any;
    sched_getaffinity(0, sizeof any, &any);
    ENDED(SYS_sched_setaffinity, {getppid(), sizeof any, (long)&any});
    ENDED(SYS_sched_setaffinity, {0, sizeof any, (long)&any});
    KEPT(SYS_getcpu, {0});
}

// Files of the user's that it has do not grow or shrink by it.
static void test_sizes(void)
{
    for (int fd = 0; fd < 3; fd++)
        ENDED(SYS_fallocate, {fd, 0, 0, 1 << 20});
    ENDED(SYS_fallocate, {other, 0, 0, 1 << 20});
    ENDED(SYS_ftruncate, {other, 1 << 20});
    ENDED(SYS_memfd_create, {(long)"x", 0});
}

static void test_descriptors(void)
{
    KEPT(SYS_sendto, {family.control, 0, 0, MSG_DONTWAIT, 0});
    ENDED(SYS_sendto, {other, 0, 0, MSG_DONTWAIT, 0});
    ENDED(SYS_recvmsg, {other, 0, MSG_DONTWAIT});
    ENDED(SYS_lseek, {0, 0, SEEK_SET});
    ENDED(SYS_dup3, {other, 1, 0});
    ENDED(SYS_pwrite64, {1, (long)"x", 1, 0});
}

// A rule for a descriptor that there is not is no rule for all of them.
static void test_absent_descriptors(void)
{
    opt.until = "text"; // `ramet template`, whose file could not be made
    ENDED(SYS_pwrite64, {other, (long)"x", 1, 0});
    ENDED(SYS_lseek, {other, 0, SEEK_SET});
    KEPT(SYS_lseek, {family.window_fd, 0, SEEK_SET});
    opt.until = NULL;
}

static void test_ways_out(void)
{
    ENDED(SYS_openat, {AT_FDCWD, (long)"/", O_RDONLY});
    ENDED(SYS_socket, {AF_UNIX, SOCK_STREAM, 0});
    ENDED(SYS_execve, {(long)"/bin/true", 0, 0});
    ENDED(SYS_kill, {getppid(), 0});
    ENDED(SYS_ptrace, {0});
    ENDED(SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0});
    ENDED(SYS_mprotect, {(long)&family & ~4095, 4096, PROT_READ});
    KEPT(SYS_mmap, {0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0});
}

int main(void)
{
    int pair[2], back[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0 ||
        socketpair(AF_UNIX, SOCK_DGRAM, 0, back) < 0)
        return 1;
    other = memfd_create("other", 0);
    family = (struct family){.opt = &opt,
                             .control = pair[1],
                             .answers = back[1],
                             .window_fd = memfd_create("window", 0),
                             .template_fd = -1,
                             .gdb_fd = -1};
    RUN(test_processors);
    RUN(test_sizes);
    RUN(test_descriptors);
    RUN(test_absent_descriptors);
    RUN(test_ways_out);
    return check_done("confine");
}
