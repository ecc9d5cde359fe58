// SPDX-License-Identifier: BSD-2-Clause
// Where a kill may fall: a VM is stepped through a call one instruction at a time, and whenever it
// is outside every critical section the counts must say what the tables say. A killed VM's table is
// closed by its undertaker; what is counted and in no table would stay for ever, and a pipe's
// reader would wait for an end of file that never comes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/lib/check.h"
#include "kernel/file/fd.h"
#include "kernel/ipc/pipe.h"
#include "kernel/mem/shared.h"
#include "kernel/pv.h"
#include "kernel/root.h"
#include "tests/unit/lib/fake_kernel.h"

// kernel/sys.h and kernel/api bring names that clash with the host's headers above.
long sys_pipe2(int fds[2], int flags);
long sys_dup2(int fd, int to);
long sys_dup(int fd);
long sys_close(int fd);
long sys_openat(int dirfd, const char *path, int flags, unsigned mode);
long sys_mknodat(int dirfd, const char *path, unsigned mode, uint64_t dev);

#define AT_CWD   (-100)
#define FIFO     0010644
#define RDWR     2
#define NONBLOCK 04000

static int p[2];

// Descriptors that refer to a description, in all tables.
static uint32_t holders(const struct file *f)
{
    uint32_t n = 0, index = wtable_index(&window_root()->files, f);
    for (uint32_t slot = 1; slot <= window_root()->top_slot; slot++) {
        const struct proc *q = proc_at(slot);
        for (uint32_t fd = 0; fd < q->fd_high; fd++)
            n += q->fds[fd] && PROC_FD_INDEX(q->fds[fd]) == index;
    }
    return n;
}

static int files_agree(void)
{
    const struct wtable *files = &window_root()->files;
    uint32_t readers = 0, writers = 0;
    for (uint32_t i = 0; i < 16; i++) {
        const struct file *f = wtable_at(files, i);
        if (f->refs != holders(f))
            return 0;
        if (f->refs && f->kind == FILE_PIPE && f->object.unit) {
            readers += pipe_reads(f);
            writers += pipe_writes(f);
        }
    }
    for (uint32_t i = 0; i < 16; i++) {
        const struct pipe *q = wtable_at(&window_root()->pipes, i);
        if (!q->used)
            continue;
        readers -= q->readers;
        writers -= q->writers;
    }
    return readers == 0 && writers == 0;
}

static int segments_agree(void)
{
    for (uint32_t i = 0; i < 8; i++) {
        const struct shm_segment *s = wtable_at(&window_root()->segments, i);
        uint32_t n = 0;
        for (uint32_t slot = 1; slot <= window_root()->top_slot; slot++)
            for (uint32_t m = 0; m < PROC_MAX_MAPS; m++)
                n += proc_at(slot)->maps[m].segment == i + 1;
        if (s->refs != n)
            return 0;
    }
    return 1;
}

// Steps a child through op(). The number of moments at which a kill would leave something behind.
static int bad_moments(void (*op)(void), int (*agree)(void))
{
    int status, bad = 0, steps = 0;
    pid_t pid = fork();
    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        op();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    while (WIFSTOPPED(status)) {
        // The window is shared with it, its shared page is not.
        long word = ptrace(PTRACE_PEEKDATA, pid, &pv_shared->critical, NULL);
        if ((uint32_t)word == 0)
            bad += !agree();
        steps++;
        ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
        waitpid(pid, &status, 0);
    }
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(steps > 50); // it was stepped through
    return bad;
}

static void close_end(void)
{
    sys_close(p[1]);
}

static void dup_end(void)
{
    sys_dup(p[1]);
}

static void dup_over(void)
{
    sys_dup2(p[1], p[0]);
}

static void inherit(void)
{
    proc_at(2)->state = 2; // running: looked at
    window_root()->top_slot = 2;
    fds_inherit(proc_at(2), proc_self);
}

static void close_all(void)
{
    fds_close_all(proc_at(2));
}

static void open_fifo(void)
{
    sys_openat(AT_CWD, "/tmp/fifo", RDWR | NONBLOCK, 0);
}

static void boot(void)
{
    fake_boot_fs(16u << 20, NULL, 0);
    CHECK_EQ(sys_mknodat(AT_CWD, "/tmp/fifo", FIFO, 0), 0);
    CHECK_EQ(sys_pipe2(p, 0), 0);
    CHECK(files_agree());
}

static void test_descriptors(void)
{
    boot();
    CHECK_EQ(bad_moments(dup_end, files_agree), 0);
    CHECK_EQ(bad_moments(inherit, files_agree), 0);
    CHECK_EQ(bad_moments(close_all, files_agree), 0);
    CHECK_EQ(bad_moments(dup_over, files_agree), 0);
    CHECK_EQ(bad_moments(close_end, files_agree), 0);
}

static void test_fifo_ends(void)
{
    boot();
    CHECK_EQ(bad_moments(open_fifo, files_agree), 0);
}

static uintptr_t shared;

static void inherit_maps(void)
{
    window_root()->top_slot = 2;
    shm_inherit(proc_at(2), proc_self);
}

static void unmap_middle(void)
{
    shm_unmap(shared + WPAGE, 1);
}

static void drop_maps(void)
{
    shm_drop_all(proc_at(2));
}

static void test_mappings(void)
{
    boot();
    shared = (uintptr_t)shm_map(3, 3);
    CHECK(segments_agree());
    CHECK_EQ(bad_moments(inherit_maps, segments_agree), 0);
    CHECK_EQ(bad_moments(unmap_middle, segments_agree), 0);
    CHECK_EQ(bad_moments(drop_maps, segments_agree), 0);
}

int main(void)
{
    RUN(test_descriptors);
    RUN(test_fifo_ends);
    RUN(test_mappings);
    return check_done("critical");
}
