// SPDX-License-Identifier: BSD-2-Clause
// Sizes of pipes: F_SETPIPE_SZ and F_GETPIPE_SZ.
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

// Sizes as Linux has them, and data that stays when the ring grows under it.
static void test_set_size(void)
{
    static uint8_t in[1 << 20], out[1 << 20];
    set_up(O_NONBLOCK);
    for (uint32_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * 31 + (i >> 8));
    CHECK_EQ(sys_fcntl(p[0], F_GETPIPE_SZ, 0), 65536);
    CHECK_EQ(sys_fcntl(p[1], F_SETPIPE_SZ, 5000), 8192);
    CHECK_EQ(sys_write(p[1], in, 20000), 8192);
    CHECK_EQ(sys_fcntl(p[1], F_SETPIPE_SZ, 4096), -EBUSY);
    CHECK_EQ(sys_fcntl(p[1], F_SETPIPE_SZ, 0), -EBUSY);
    CHECK_EQ(sys_fcntl(p[1], F_SETPIPE_SZ, -1), -EINVAL);
    CHECK_EQ(sys_fcntl(p[1], F_SETPIPE_SZ, (2 << 20)), -EPERM);
    CHECK_EQ(sys_read(p[0], out, sizeof out), 8192);
    CHECK_EQ(sys_fcntl(p[0], F_SETPIPE_SZ, 65536), 65536);
    // Across the ring's end, then larger, and larger again.
    CHECK_EQ(sys_write(p[1], in, 65536), 65536);
    CHECK_EQ(sys_read(p[0], out, 40000), 40000);
    CHECK_EQ(sys_write(p[1], in + 65536, 30000), 30000);
    CHECK_EQ(sys_fcntl(p[0], F_SETPIPE_SZ, 131072), 131072);
    CHECK_EQ(sys_fcntl(p[0], F_GETPIPE_SZ, 0), 131072);
    CHECK_EQ(sys_write(p[1], in + 95536, 100000), 131072 - 55536);
    CHECK_EQ(sys_fcntl(p[0], F_SETPIPE_SZ, 1 << 20), 1 << 20);
    CHECK_EQ(sys_write(p[1], in + 171072, 500000), 500000);
    CHECK_EQ(sys_read(p[0], out + 40000, sizeof out), 631072);
    CHECK(memcmp(in, out, 671072) == 0);
    sys_close(p[0]);
    sys_close(p[1]);
    nothing_left();
}

int main(void)
{
    RUN(test_set_size);
    return check_done("pipe_size");
}
