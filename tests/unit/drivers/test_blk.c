// SPDX-License-Identifier: BSD-2-Clause
// /dev/vda as a program sees it: kernel/dev/blkdev.c over drivers/virtio/blk.c over the monitor's
// own device, in one process. test_blk_bad.c has the devices that misbehave.
#include <stdlib.h>

#include "tests/unit/lib/blk_helpers.h"
#include "kernel/api/blk.h"

static uint8_t model[SIZE];

// --- as on Linux ---

static void test_node(void)
{
    set_up();
    CHECK_EQ(look("/dev/vda"), 0);
    CHECK_EQ(st.mode, S_IFBLK | 0660);
    CHECK_EQ(st.rdev, 254 << 8);
    CHECK_EQ(st.size, 0);
    CHECK_EQ(look("/dev/vdb"), -ENOENT);
    CHECK_EQ(look("/dev/hvc0"), -ENOENT);
    CHECK_EQ(look("/dev/hwrng"), 0);
    CHECK_EQ(sys_mknodat(AT_FDCWD, "second", S_IFBLK | 0600, 254 << 8 | 16), 0);
    CHECK_EQ(sys_openat(AT_FDCWD, "second", O_RDONLY, 0), -ENXIO); // there is no such disk
    CHECK_EQ(sys_mknodat(AT_FDCWD, "part", S_IFBLK | 0600, 254 << 8 | 1), 0);
    CHECK_EQ(sys_openat(AT_FDCWD, "part", O_RDONLY, 0), -ENXIO); // nor a partition
    CHECK_EQ(sys_mknodat(AT_FDCWD, "char", S_IFCHR | 0600, 254 << 8), 0);
    CHECK_EQ(sys_openat(AT_FDCWD, "char", O_RDONLY, 0), -ENXIO);
    rm("second"), rm("part"), rm("char");
    fake_user(7, 7);
    CHECK_EQ(disk(O_RDONLY), -EACCES);
    no_leaks();
}

static void test_offsets(void)
{
    uint64_t bytes = 0;
    int32_t n = 0;
    set_up();
    int fd = disk(O_RDWR);
    CHECK_EQ(sys_ioctl(fd, BLKGETSIZE64, &bytes), 0);
    CHECK_EQ(bytes, SIZE);
    CHECK_EQ(sys_ioctl(fd, BLKSSZGET, &n), 0);
    CHECK_EQ(n, 512);
    CHECK_EQ(sys_ioctl(fd, BLKSSZGET, (void *)16), -EFAULT);
    CHECK_EQ(sys_ioctl(fd, 0x4711, &n), -ENOTTY);
    CHECK_EQ(sys_lseek(fd, 0, SEEK_END), SIZE);
    CHECK_EQ(sys_read(fd, buf, 10), 0);
    CHECK_EQ(sys_write(fd, "x", 1), -ENOSPC);
    CHECK_EQ(sys_write(fd, "x", 0), 0);
    CHECK_EQ(sys_lseek(fd, 0, SEEK_CUR), SIZE);
    CHECK_EQ(sys_lseek(fd, 1, SEEK_END), -EINVAL);
    CHECK_EQ(sys_lseek(fd, -4, SEEK_END), SIZE - 4);
    CHECK_EQ(sys_write(fd, "0123456789", 10), 4);
    CHECK_EQ(sys_lseek(fd, 0, SEEK_CUR), SIZE);
    CHECK_EQ(sys_pread(fd, buf, 100, SIZE - 2), 2);
    CHECK_EQ(buf[0], '2');
    CHECK_EQ(sys_lseek(fd, 510, SEEK_SET), 510);
    CHECK_EQ(sys_write(fd, "across", 6), 6);
    CHECK_EQ(sys_lseek(fd, 0, SEEK_CUR), 516);
    fake_disk_read(508, buf, 10);
    CHECK(memcmp(buf, "\0\0across\0\0", 10) == 0);
    CHECK_EQ(sys_ftruncate(fd, 0), -EINVAL);
    CHECK_EQ(sys_fsync(fd), 0);
    sys_close(fd);
    CHECK_EQ(disk(O_RDWR | O_TRUNC | O_CREAT), fd); // Linux: means nothing for a disk
    sys_close(fd);
    no_leaks();
}

static void test_read_only(void)
{
    int32_t n = 0;
    set_up();
    fake_virtio.read_only = 1;
    int fd = disk(O_RDWR); // Linux opens it
    CHECK(fd >= 0);
    CHECK_EQ(sys_write(fd, "x", 1), -EPERM);
    CHECK_EQ(sys_write(fd, "", 0), -EPERM);
    CHECK_EQ(sys_read(fd, buf, 1), 1);
    CHECK_EQ(sys_fsync(fd), 0);
    CHECK_EQ(sys_ioctl(fd, BLKROGET, &n), 0);
    CHECK_EQ(n, 1);
    sys_close(fd);
    no_leaks();
}

// Any offset and length, small and larger than the buffer, against a model.
static void random_io(uint32_t block)
{
    set_up();
    fake_virtio.block_size = block;
    srand(1);
    int fd = disk(O_RDWR);
    memset(model, 0, sizeof model);
    for (int i = 0; i < 400; i++) {
        uint32_t off = (uint32_t)rand() % SIZE;
        uint32_t len = (uint32_t)rand() % (i % 10 ? 3000 : 300000);
        uint32_t fits = len < SIZE - off ? len : SIZE - off;
        if (i % 3 == 0) {
            CHECK_EQ(sys_pread(fd, buf, len, off), fits);
            CHECK(memcmp(buf, model + off, fits) == 0);
            continue;
        }
        for (uint32_t k = 0; k < fits; k++)
            model[off + k] = buf[k] = (uint8_t)rand();
        CHECK_EQ(sys_pwrite(fd, buf, len, off), len ? fits : 0);
    }
    fake_disk_read(0, buf, SIZE);
    CHECK(memcmp(buf, model, SIZE) == 0);
    sys_close(fd);
    no_leaks();
}

static void test_random(void)
{
    random_io(0);
    random_io(512);
    random_io(4096);
}

// --- many processes ---

#define WRITERS 4

static int writer(void *arg)
{
    uint8_t *me = arg;
    int fd = disk(O_WRONLY);
    // Every WRITERS-th byte: each sector is read and written back by all of them.
    for (uint32_t off = *me; off < 2048; off += WRITERS)
        if (sys_pwrite(fd, me, 1, off) != 1)
            return 1;
    return 0;
}

static void test_parts_of_a_block(void)
{
    static uint8_t names[WRITERS] = {0, 1, 2, 3};
    pid_t vm[WRITERS];
    set_up();
    memset(buf, 0xff, 2048);
    fake_disk_write(0, buf, 2048);
    for (uint32_t i = 0; i < WRITERS; i++)
        vm[i] = fake_vm(2 + i, writer, &names[i]);
    for (uint32_t i = 0; i < WRITERS; i++)
        CHECK_EQ(fake_join(vm[i]), 0);
    fake_disk_read(0, buf, 2048);
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < 2048; i++)
        wrong += buf[i] != i % WRITERS;
    CHECK_EQ(wrong, 0);
}

static void die(struct virtq *q)
{
    (void)q;
    fake_die();
}

static int dies_writing(void *arg)
{
    (void)arg;
    int fd = disk(O_WRONLY);
    fake_virtio.notify = die;
    return (int)sys_pwrite(fd, "x", 1, 0);
}

// A writer that dies in its turn keeps nobody from the disk.
static void test_dead_writer(void)
{
    set_up();
    int fd = disk(O_RDWR);
    CHECK_EQ(fake_join(fake_vm(2, dies_writing, NULL)), -1 - 9);
    CHECK(window_root()->disk_turn[0].owner != 0);
    fake_mourn(2);
    CHECK_EQ(sys_pwrite(fd, "next", 4, 0), 4);
    CHECK_EQ(window_root()->disk_turn[0].owner, 0);
    // Nor does one that died in this VM, under vfork().
    window_root()->disk_turn[0].owner = lock_self();
    CHECK_EQ(sys_pwrite(fd, "next", 4, 0), 4);
    // One that lives does, until SIGKILL.
    fake_claim(3);
    fake_become(3);
    window_root()->disk_turn[0].owner = lock_self();
    fake_become(1);
    fake_kill(1);
    CHECK_EQ(sys_pwrite(fd, "next", 4, 0), -EINTR);
    fake_kill(0);
    window_root()->disk_turn[0].owner = 0;
    sys_close(fd);
}

static int share(void *arg)
{
    uint8_t block[512];
    for (int i = 0; i < 100; i++)
        if (sys_read(*(int *)arg, block, 512) != 512 || block[1] != 0)
            return 1;
        else if (sys_pwrite(*(int *)arg, "\0x", 2, block[0] * INT64_C(512)) != 2)
            return 2;
    return 0;
}

// Two readers of one description get each block once.
static void test_shared_offset(void)
{
    set_up();
    memset(buf, 0, SIZE);
    for (uint32_t i = 0; i < 200; i++)
        buf[i * 512] = (uint8_t)i;
    fake_disk_write(0, buf, 200 * 512);
    int fd = disk(O_RDWR);
    pid_t vm = fake_vm(2, share, &fd);
    CHECK_EQ(share(&fd), 0);
    CHECK_EQ(fake_join(vm), 0);
    CHECK_EQ(sys_lseek(fd, 0, SEEK_CUR), 200 * 512);
    fake_disk_read(0, buf, 200 * 512);
    uint32_t marked = 0;
    for (uint32_t i = 0; i < 200; i++)
        marked += buf[i * 512 + 1] == 'x';
    CHECK_EQ(marked, 200);
    fds_close_all(proc_at(2));
    sys_close(fd);
}

// --- waiting ---

static void nothing(struct virtq *q)
{
    (void)q;
}

static void test_late(void)
{
    set_up();
    int fd = disk(O_RDWR);
    fake_virtio.notify = nothing;
    fake_wait_hook = fake_virtio_serve; // when the driver sleeps
    uint64_t waits = fake_waits;
    CHECK_EQ(sys_pwrite(fd, "late", 4, 0), 4);
    CHECK_EQ(fake_waits - waits, 2); // one block read, then written
    fake_wait_hook = NULL;
    fake_disk_read(0, buf, 4);
    CHECK(memcmp(buf, "late", 4) == 0);
    sys_close(fd);
    no_leaks();
}

static void test_killed(void)
{
    set_up();
    int fd = disk(O_RDWR);
    fake_virtio.notify = nothing;
    fake_kill(1);
    CHECK_EQ(sys_pread(fd, buf, 512, 0), -EINTR); // in truth it does not return
    fake_kill(0);
    fake_disk_write(512, "second", 6);
    // Under vfork() its VM goes on: the next request comes after the one left behind.
    fake_virtio.notify = NULL;
    fake_wait_hook = fake_virtio_serve;
    CHECK_EQ(sys_pread(fd, buf, 6, 512), 6);
    CHECK(memcmp(buf, "second", 6) == 0);
    // And a fork waits for it.
    fake_virtio.notify = nothing;
    fake_wait_hook = NULL;
    fake_kill(1);
    CHECK_EQ(sys_pread(fd, buf, 512, 0), -EINTR);
    fake_kill(0);
    fake_wait_hook = fake_virtio_serve;
    uint64_t waits = fake_waits;
    CHECK_EQ(drivers_fork_prepare(NULL), 0);
    CHECK_EQ(fake_waits - waits, 1);
    CHECK_EQ(drivers_fork_prepare(NULL), 0);
    CHECK_EQ(fake_waits - waits, 1);
    fake_wait_hook = NULL;
    sys_close(fd);
    no_leaks();
}

int main(void)
{
    RUN(test_node);
    RUN(test_offsets);
    RUN(test_read_only);
    RUN(test_random);
    RUN(test_parts_of_a_block);
    RUN(test_dead_writer);
    RUN(test_shared_offset);
    RUN(test_late);
    RUN(test_killed);
    return check_done("blk");
}
