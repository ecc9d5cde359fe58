// SPDX-License-Identifier: BSD-2-Clause
// /dev/vda on devices that misbehave, lack something, or whose disk shrinks: every request must
// end, with EIO, and opening the disk again must help when the device is good again.
#include "tests/unit/lib/blk_helpers.h"

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

static void nothing(struct virtq *q)
{
    (void)q;
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

// The host refuses to tell the device.
static void test_no_notify(void)
{
    set_up();
    int fd = disk(O_RDWR);
    fake_virtio.no_notify = 1;
    CHECK_EQ(sys_pread(fd, buf, 512, 0), -EIO);
    fake_virtio.no_notify = 0;
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
    RUN(test_hostile);
    RUN(test_twice);
    RUN(test_no_notify);
    RUN(test_bad_start);
    RUN(test_shrunk);
    RUN(test_no_flush);
    return check_done("blk_bad");
}
