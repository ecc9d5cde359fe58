// SPDX-License-Identifier: BSD-2-Clause
// /dev/vda as a program sees it: kernel/blkdev.c over drivers/virtio/blk.c over the monitor's own
// device, in one process. Then the same driver with devices that misbehave: every request must end,
// with EIO, and opening the disk again must help when the device is good again.
#include <stdlib.h>

#include "tests/unit/fs_helpers.h"
#include "kernel/api/blk.h"
#include "kernel/driver.h"
#include "kernel/forktable.h"
#include "tests/unit/fake_virtio.h"

#define SIZE (FAKE_SECTORS * 512)

static uint8_t buf[SIZE], model[SIZE];

// A family with a disk that this program has not used yet.
static void set_up(void)
{
    static const uint32_t types[] = {VIRTIO_ID_RNG, VIRTIO_ID_BLOCK};
    fake_virtio_boot(types, 2);
    boot_with(NULL, 0);
    // The driver's memory is of an earlier test: let it find that its device has gone.
    fake_virtio.interrupt = VIRTIO_INTERRUPT_CONFIG;
    drivers_event();
    fake_virtio.interrupt = 0;
    fake_time_flies = 1;
}

static int disk(int flags)
{
    return (int)sys_openat(AT_FDCWD, "/dev/vda", flags, 0);
}

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

// --- devices that misbehave ---

static void wrong_id(struct virtq *q)
{
    fake_queue_put(q, UINT32_MAX, 1);
}

static void id_of_nothing(struct virtq *q)
{
    fake_queue_put(q, (uint32_t)(fake_queue_next(q) + 1) % q->size, 1);
}

static void twice(struct virtq *q)
{
    uint16_t head = fake_queue_next(q);
    fake_queue_put(q, head, 513);
    fake_queue_put(q, head, 513);
}

static void runs_ahead(struct virtq *q)
{
    q->used->idx = (uint16_t)(q->used->idx + 200);
}

static void too_long(struct virtq *q)
{
    fake_queue_put(q, fake_queue_next(q), UINT32_MAX);
}

static void too_short(struct virtq *q)
{
    uint16_t head = fake_queue_next(q);
    memset((void *)(uintptr_t)(PV_DMA_VA), 0, 16); // the status is OK
    fake_queue_put(q, head, 1);
}

static void odd_status(struct virtq *q)
{
    fake_queue_put(q, fake_queue_next(q), 513); // the status byte stays as it was
}

static void needs_reset(struct virtq *q)
{
    (void)q;
    fake_virtio.status = VIRTIO_STATUS_NEEDS_RESET;
}

static void failed(struct virtq *q)
{
    (void)q;
    fake_virtio.status = VIRTIO_STATUS_FAILED;
}

// All of DMA memory is overwritten: the free list and everything else we rely on is not there.
static void scribbles(struct virtq *q)
{
    memset((void *)(uintptr_t)PV_DMA_VA, 0xa5, PV_DMA_SIZE);
    (void)q;
}

static void test_hostile(void)
{
    static void (*const how[])(struct virtq *) = {wrong_id,  id_of_nothing, runs_ahead,  too_long,
                                                  too_short, odd_status,    needs_reset, failed,
                                                  scribbles, nothing};
    for (unsigned i = 0; i < sizeof how / sizeof how[0]; i++) {
        set_up();
        int fd = disk(O_RDWR);
        fake_virtio.notify = how[i];
        if (!CHECK_EQ(sys_pread(fd, buf, 512, 0), -EIO))
            fprintf(stderr, "    device %u\n", i);
        CHECK_EQ(sys_pwrite(fd, buf, 512, 0), -EIO); // it has been given up
        CHECK_EQ(sys_fsync(fd), -EIO);
        CHECK_EQ(drivers_fork_prepare(NULL), 0);
        fake_virtio.notify = NULL;
        fake_virtio.status = 0;
        CHECK_EQ(sys_pread(fd, buf, 512, 0), -EIO); // for this program, until
        int again = disk(O_RDONLY);                 // somebody opens it
        CHECK_EQ(sys_pread(again, buf, 512, 0), 512);
        CHECK_EQ(sys_pread(fd, buf, 512, 0), 512);
        sys_close(again);
        sys_close(fd);
        no_leaks();
    }
}

static void test_twice(void)
{
    set_up();
    int fd = disk(O_RDWR);
    fake_virtio.notify = twice;
    CHECK_EQ(sys_pread(fd, buf, 512, 0), -EIO);
    sys_close(fd);
    no_leaks();
}

// Everything that can be wrong with a device while it is started.
static void test_bad_start(void)
{
    set_up();
    uint64_t before = pv_mono_ns();
    fake_virtio.no_reset = 1;
    CHECK_EQ(disk(O_RDONLY), -EIO);
    CHECK(pv_mono_ns() - before < UINT64_C(5000000000));
    fake_virtio.no_reset = 0;
    fake_virtio.other = 1;
    uint32_t resets = fake_virtio.resets;
    CHECK_EQ(disk(O_RDONLY), -EIO);
    CHECK_EQ(fake_virtio.resets, resets); // not ours to touch
    fake_virtio.other = 0;
    fake_virtio.no_features = VIRTIO_F_VERSION_1;
    CHECK_EQ(disk(O_RDONLY), -EIO);
    fake_virtio.no_features = 0;
    fake_virtio.no_queue = 1;
    CHECK_EQ(disk(O_RDONLY), -EIO);
    fake_virtio.no_queue = 0;
    fake_virtio.no_enable = 1;
    CHECK_EQ(disk(O_RDONLY), -EIO);
    fake_virtio.no_enable = 0;
    static const uint32_t sizes[] = {1, 256, 513, 768, 8192, UINT32_MAX};
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        fake_virtio.block_size = sizes[i];
        CHECK_EQ(disk(O_RDONLY), -EIO);
    }
    fake_virtio.block_size = 0;
    fake_virtio.capacity = UINT64_MAX / 512;
    CHECK_EQ(disk(O_RDONLY), -EIO);
    fake_virtio.capacity = 0;
    fake_virtio.changes = 1000; // for ever
    CHECK_EQ(disk(O_RDONLY), -EIO);
    fake_virtio.changes = 2; // then it comes to rest
    int fd = disk(O_RDONLY);
    CHECK_EQ(sys_lseek(fd, 0, SEEK_END), SIZE);
    sys_close(fd);
    no_leaks();
}

// More than there is: the device refuses, the disk goes on.
static void test_shrunk(void)
{
    set_up();
    int fd = disk(O_RDWR);
    fake_disk_truncate(SIZE / 2);
    CHECK_EQ(sys_pread(fd, buf, 4096, SIZE / 2), -EIO);
    CHECK_EQ(sys_pwrite(fd, buf, 4096, SIZE / 2), -EIO);
    // What the first request got: the buffer, less what precedes the offset in its block.
    CHECK_EQ(sys_pread(fd, buf, 300000, SIZE / 2 - 200000), 131072 - 192);
    CHECK_EQ(sys_pread(fd, buf, 4096, 0), 4096);
    sys_close(fd);
    no_leaks();
}

static void test_no_flush(void)
{
    set_up();
    fake_virtio.no_features = VIRTIO_BLK_F_FLUSH;
    int fd = disk(O_RDWR);
    uint32_t notified = fake_virtio.notified;
    CHECK_EQ(sys_fsync(fd), 0);
    CHECK_EQ(fake_virtio.notified, notified);
    CHECK_EQ(sys_write(fd, buf, 512), 512);
    sys_close(fd);
    set_up();
    fd = disk(O_RDWR);
    notified = fake_virtio.notified;
    CHECK_EQ(sys_fsync(fd), 0);
    sys_sync();
    CHECK_EQ(fake_virtio.notified, notified + 2);
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
    RUN(test_shared_offset);
    RUN(test_late);
    RUN(test_killed);
    RUN(test_hostile);
    RUN(test_twice);
    RUN(test_bad_start);
    RUN(test_shrunk);
    RUN(test_no_flush);
    return check_done("blk");
}
