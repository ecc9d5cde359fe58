// SPDX-License-Identifier: BSD-2-Clause
// Pipes: contents, limits, both ends in different VMs, death of an end. Through the system calls.
#include "tests/unit/lib/check.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/poll.h"
#include "kernel/api/signal.h"
#include "kernel/api/time.h"
#include "kernel/ipc/pipe.h"
#include "kernel/proc/proc.h"
#include "kernel/root.h"
#include "kernel/sys.h"
#include "tests/unit/lib/fake_kernel.h"

static int p[2];
static uint8_t block[1 << 16];

static void set_up(int flags)
{
    fake_boot(16u << 20);
    CHECK_EQ(sys_pipe2(p, flags), 0);
}

static void nothing_left(void)
{
    CHECK_EQ(window_root()->files.used, 0);
    CHECK_EQ(window_root()->pipes.used, 0);
    CHECK_EQ(window_pages_used(), 0);
}

static void test_bytes(void)
{
    char buf[16];
    set_up(0);
    CHECK_EQ(p[0], 0);
    CHECK_EQ(p[1], 1);
    CHECK_EQ(sys_write(p[1], "hello", 5), 5);
    CHECK_EQ(sys_read(p[0], buf, 3), 3);
    CHECK_EQ(sys_read(p[0], buf + 3, 10), 2);
    CHECK(memcmp(buf, "hello", 5) == 0);
    CHECK_EQ(sys_write(p[1], "", 0), 0);
    CHECK_EQ(sys_read(p[0], buf, 0), 0);
    CHECK_EQ(sys_write(p[0], "x", 1), -EBADF);
    CHECK_EQ(sys_read(p[1], buf, 1), -EBADF);
    CHECK_EQ(sys_lseek(p[0], 0, SEEK_CUR), -ESPIPE);
    CHECK_EQ(sys_pread(p[0], buf, 1, 0), -ESPIPE);
    CHECK_EQ(sys_read(p[0], (void *)16, 1), -EFAULT);
    CHECK_EQ(sys_close(p[1]), 0);
    CHECK_EQ(sys_read(p[0], buf, 1), 0);
    CHECK_EQ(sys_close(p[0]), 0);
    CHECK_EQ(sys_close(p[0]), -EBADF);
    nothing_left();
}

static void test_broken(void)
{
    set_up(0);
    sys_close(p[0]);
    fake_signals();
    CHECK_EQ(sys_write(p[1], "x", 1), -EPIPE);
    CHECK_EQ(fake_signals(), UINT64_C(1) << (SIGPIPE - 1));
    sys_close(p[1]);
    nothing_left();
}

static void test_nonblock(void)
{
    set_up(O_NONBLOCK);
    CHECK_EQ(sys_read(p[0], block, 1), -EAGAIN);
    int n = 0;
    while (sys_write(p[1], block, 4096) == 4096)
        n++;
    CHECK_EQ(n, 16);
    CHECK_EQ(sys_write(p[1], block, 1), -EAGAIN);
    CHECK_EQ(sys_read(p[0], block, 100), 100);
    CHECK_EQ(sys_write(p[1], block, 4096), -EAGAIN); // all of it or nothing
    CHECK_EQ(sys_write(p[1], block, 5000), 100);     // longer ones may be cut
    sys_close(p[0]);
    sys_close(p[1]);
    nothing_left();
}

// Every offset in the ring, every length: what comes out is what went in.
static void test_wrap(void)
{
    static uint8_t in[70000], out[70000];
    uint32_t seed = 1;
    set_up(O_NONBLOCK);
    for (uint32_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * 31 + (i >> 8));
    uint64_t put = 0, got = 0;
    while (got < 5000000) {
        seed = seed * 1103515245 + 12345;
        uint32_t at = put % 7919, len = seed >> 8 & 0xffff;
        long w = sys_write(p[1], in + at % 4000, len % 60000);
        if (w > 0 && sys_read(p[0], out, (size_t)w) != w)
            break;
        if (w > 0 && memcmp(in + at % 4000, out, (size_t)w) != 0)
            break;
        put += w > 0 ? (uint64_t)w : 0;
        got += w > 0 ? (uint64_t)w : 0;
    }
    CHECK(got >= 5000000);
    sys_close(p[0]);
    sys_close(p[1]);
}

// An empty pipe starts again at the first byte of its ring, so that little data touches little
// memory.
static void test_start_over(void)
{
    char buf[8];
    set_up(O_NONBLOCK);
    struct pipe *pipe = wtable_at(&window_root()->pipes, 0);
    char *ring = wref_ptr(pipe->ring[0]);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(sys_write(p[1], i & 1 ? "odd." : "even", 4), 4);
        CHECK(memcmp(ring, i & 1 ? "odd." : "even", 4) == 0);
        CHECK_EQ(sys_read(p[0], buf, 8), 4);
    }
    // Pressed by a writer that had to wait, it grows when it is empty, up to its limit.
    for (long size = 65536; size <= 262144; size *= 2) {
        CHECK_EQ(pipe->size, size);
        CHECK_EQ(sys_write(p[1], block, 60000), 60000);
        pipe->pressed = 1;
        CHECK_EQ(sys_read(p[0], block, 60000), 60000);
        CHECK_EQ(sys_write(p[1], block, 4), 4);
        CHECK_EQ(sys_read(p[0], block, 4), 4);
    }
    CHECK_EQ(pipe->size, 262144);
    CHECK_EQ(sys_fcntl(p[0], F_GETPIPE_SZ, 0), 65536); // nobody asked for more
    CHECK_EQ(window_pages_used(), 64);
    sys_close(p[0]);
    sys_close(p[1]);
    nothing_left();
}

static void test_small_ring(void)
{
    fake_boot(16u << 20);
    while (window_pages_alloc_raw(16))
        ;
    void *last = NULL, *page;
    while ((page = window_pages_alloc_raw(1)))
        last = page;
    if (last)
        window_pages_free(last, 1);
    else
        window_pages_free(wref_ptr(window_root()->core.pool), 1);
    CHECK_EQ(sys_pipe2(p, O_NONBLOCK), 0);
    CHECK_EQ(sys_fcntl(p[0], F_GETPIPE_SZ, 0), 4096);
    CHECK_EQ(sys_write(p[1], block, 4096), 4096);
    CHECK_EQ(sys_write(p[1], block, 1), -EAGAIN);
    CHECK_EQ(sys_read(p[0], block, 10000), 4096);
    int q[2];
    CHECK_EQ(sys_pipe2(q, 0), -ENFILE); // not a page left
}

// --- two VMs ---

#define TOTAL (8 << 20)

static uint8_t pattern(uint32_t i)
{
    return (uint8_t)(i ^ i >> 9);
}

static int write_all(void *arg)
{
    size_t size = (size_t)(uintptr_t)arg;
    sys_close(p[0]);
    for (uint32_t at = 0; at < TOTAL;) {
        size_t n = size < TOTAL - at ? size : TOTAL - at;
        for (size_t i = 0; i < n; i++)
            block[i] = pattern(at + (uint32_t)i);
        if (sys_write(p[1], block, n) != (long)n)
            return 1;
        at += (uint32_t)n;
    }
    sys_close(p[1]);
    return 0;
}

static void stream(size_t writes, size_t reads)
{
    set_up(0);
    pid_t vm = fake_vm(2, write_all, (void *)(uintptr_t)writes);
    sys_close(p[1]);
    uint32_t at = 0, wrong = 0;
    long n;
    while ((n = sys_read(p[0], block, reads)) > 0)
        for (long i = 0; i < n; i++)
            wrong += block[i] != pattern(at++);
    CHECK_EQ(n, 0);
    CHECK_EQ(at, TOTAL);
    CHECK_EQ(wrong, 0);
    CHECK_EQ(fake_join(vm), 0);
    fds_close_all(proc_at(2));
    sys_close(p[0]);
    nothing_left();
}

static void test_stream(void)
{
    stream(65536, 65536);
    stream(65536, 777);
    stream(3000, 65536);
    stream(4096, 4096);
}

// Byte by byte both ways: every transfer sleeps and wakes.
static int echo(void *arg)
{
    int *q = arg;
    uint8_t c;
    sys_close(p[1]);
    while (sys_read(p[0], &c, 1) == 1)
        if (sys_write(q[1], &c, 1) != 1)
            return 1;
    return 0;
}

static void test_ping_pong(void)
{
    int q[2], wrong = 0;
    set_up(0);
    CHECK_EQ(sys_pipe2(q, 0), 0);
    pid_t vm = fake_vm(70, echo, q);
    sys_close(p[0]);
    for (int i = 0; i < 5000; i++) {
        uint8_t c = (uint8_t)i, back = 0;
        wrong += sys_write(p[1], &c, 1) != 1 || sys_read(q[0], &back, 1) != 1 || back != c;
    }
    CHECK_EQ(wrong, 0);
    sys_close(p[1]);
    CHECK_EQ(fake_join(vm), 0);
}

#define RECORDS 2000

static int write_records(void *arg)
{
    uint32_t record[64];
    uint32_t me = (uint32_t)(uintptr_t)arg;
    for (uint32_t i = 0; i < RECORDS; i++) {
        for (int k = 0; k < 64; k++)
            record[k] = me * RECORDS + i;
        if (sys_write(p[1], record, sizeof record) != sizeof record)
            return 1;
    }
    return 0;
}

static void test_atomic(void)
{
    uint32_t record[64], next[3] = {0}, bad = 0;
    pid_t vms[3];
    set_up(0);
    for (uint32_t i = 0; i < 3; i++)
        vms[i] = fake_vm(2 + i, write_records, (void *)(uintptr_t)i);
    for (int i = 0; i < 3 * RECORDS; i++) {
        bad += sys_read(p[0], record, sizeof record) != sizeof record;
        for (int k = 1; k < 64; k++)
            bad += record[k] != record[0];
        uint32_t who = record[0] / RECORDS % 3;
        bad += record[0] != who * RECORDS + next[who]++;
    }
    CHECK_EQ(bad, 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(fake_join(vms[i]), 0);
}

static int hold_and_die(void *arg)
{
    (void)arg;
    struct pipe *pipe = wref_ptr(fd_get(p[1])->object);
    sys_close(p[0]);
    sys_write(p[1], "last words", 10);
    lock_take(&pipe->write_lock);
    fake_die();
    return 0;
}

// A writer dies inside: its words are read, then end of file once it is buried; its lock goes on.
static void test_death(void)
{
    char buf[32];
    set_up(0);
    pid_t vm = fake_vm(2, hold_and_die, NULL);
    CHECK_EQ(sys_read(p[0], buf, sizeof buf), 10);
    CHECK_EQ(fake_join(vm), -10);
    fake_mourn(2);
    CHECK_EQ(sys_write(p[1], "x", 1), 1);
    CHECK_EQ(sys_read(p[0], buf, 1), 1);
    sys_close(p[1]);
    CHECK_EQ(sys_fcntl(p[0], F_SETFL, O_NONBLOCK), 0);
    CHECK_EQ(sys_read(p[0], buf, 1), -EAGAIN);
    fds_close_all(proc_at(2));
    // fd_get() above took one reference that died with its VM: the description is leaked, as
    // documented.
    CHECK_EQ(window_root()->files.used, 2);
}

static int read_late(void *arg)
{
    uint8_t c;
    (void)arg;
    sys_close(p[1]);
    struct k_timespec ts = {0, 10000000};
    sys_ppoll(NULL, 0, &ts, NULL);
    long n = sys_read(p[0], &c, 1);
    return n == 1 ? 0 : 1;
}

static void test_poll(void)
{
    struct k_timespec none = {0, 0}, some = {0, 5000000};
    set_up(0);
    struct k_pollfd fds[3] = {{p[0], POLLIN, 0}, {p[1], POLLOUT, 0}, {-1, POLLIN, 7}};
    CHECK_EQ(sys_ppoll(fds, 3, &none, NULL), 1);
    CHECK_EQ(fds[0].revents, 0);
    CHECK_EQ(fds[1].revents, POLLOUT);
    CHECK_EQ(fds[2].revents, 0);
    CHECK_EQ(sys_ppoll(fds, 1, &some, NULL), 0);
    while (sys_write(p[1], block, 4096) == 4096 && sys_ppoll(fds + 1, 1, &none, NULL) == 1)
        ;
    CHECK_EQ(sys_ppoll(fds, 3, &none, NULL), 1);
    CHECK_EQ(fds[0].revents, POLLIN);
    // One byte out makes room for none of a page: POLLOUT comes only with a page's worth.
    pid_t vm = fake_vm(2, read_late, NULL);
    struct k_timespec longer = {0, 30000000};
    CHECK_EQ(sys_ppoll(fds + 1, 1, &longer, NULL), 0);
    CHECK_EQ(fake_join(vm), 0);
    fds_close_all(proc_at(2));
    CHECK_EQ(sys_read(p[0], block, 4095), 4095);
    CHECK_EQ(sys_ppoll(fds + 1, 1, NULL, NULL), 1);
    sys_close(p[0]);
    CHECK_EQ(sys_ppoll(fds, 2, NULL, NULL), 2);
    CHECK_EQ(fds[0].revents, POLLNVAL);
    CHECK_EQ(fds[1].revents, POLLERR | POLLOUT * ((fds[1].revents & POLLOUT) != 0));
}

static void test_descriptors(void)
{
    set_up(O_CLOEXEC);
    CHECK_EQ(sys_fcntl(p[0], F_GETFD, 0), FD_CLOEXEC);
    CHECK_EQ(sys_fcntl(p[0], F_DUPFD, 10), 10);
    CHECK_EQ(sys_fcntl(10, F_GETFD, 0), 0);
    CHECK_EQ(sys_dup(p[1]), 2);
    CHECK_EQ(sys_dup2(2, 2), 2);
    CHECK_EQ(sys_dup2(99, 2), -EBADF);
    CHECK_EQ(sys_dup2(2, 5000), -EBADF);
    CHECK_EQ(sys_dup2(p[0], 2), 2);
    CHECK_EQ(sys_dup3(2, 2, 0), -EINVAL);
    CHECK_EQ(sys_dup3(2, 20, O_CLOEXEC), 20);
    CHECK_EQ(sys_fcntl(p[0], F_SETFL, O_NONBLOCK), 0);
    CHECK_EQ(sys_fcntl(2, F_GETFL, 0), O_NONBLOCK);
    CHECK_EQ(proc_self->fd_high, 21);
    proc_self->rlimits[RLIMIT_NOFILE].cur = 4;
    CHECK_EQ(sys_dup(0), 3);
    CHECK_EQ(sys_dup(0), -EMFILE);
    CHECK_EQ(sys_fcntl(0, F_DUPFD, 4), -EINVAL);
    fds_close_on_exec(proc_self);
    CHECK_EQ(sys_fcntl(p[0], F_GETFD, 0), -EBADF);
    CHECK_EQ(sys_fcntl(2, F_GETFD, 0), 0);
    fds_close_all(proc_self);
    CHECK_EQ(proc_self->fd_high, 0);
    nothing_left();
}

int main(void)
{
    for (uint32_t i = 0; i < sizeof block; i++)
        block[i] = (uint8_t)i;
    RUN(test_bytes);
    RUN(test_broken);
    RUN(test_nonblock);
    RUN(test_wrap);
    RUN(test_start_over);
    RUN(test_small_ring);
    RUN(test_stream);
    RUN(test_ping_pong);
    RUN(test_atomic);
    RUN(test_death);
    RUN(test_poll);
    RUN(test_descriptors);
    return check_done("pipe");
}
