// SPDX-License-Identifier: BSD-2-Clause
// drivers/virtio without disks: queues with many chains, consoles, the entropy device, and what the
// two transports write to which register. The test plays the device.
#include <stdlib.h>

#include "tests/unit/lib/fs_helpers.h"
#include "kernel/api/poll.h"
#include "kernel/api/time.h"
#include "kernel/dev/driver.h"
#include "tests/unit/lib/fake_virtio.h"

static void boot(uint32_t type)
{
    fake_virtio_boot(&type, 1);
    boot_with(NULL, 0);
    fake_virtio.interrupt = VIRTIO_INTERRUPT_CONFIG;
    drivers_event();
    fake_virtio.interrupt = 0;
    fake_time_flies = 1;
}

static void no_notify(struct virtq *q)
{
    (void)q;
}

// --- queues ---

static void test_queue(void)
{
    static struct virtio_device d;
    static struct virtq q;
    boot(VIRTIO_ID_BLOCK);
    CHECK_EQ(virtio_start(&d, VIRTIO_ID_NET, 0, 0), -ENXIO);
    CHECK_EQ(virtio_start(&d, VIRTIO_ID_BLOCK, 1, 0), -ENXIO);
    CHECK_EQ(virtio_start(&d, VIRTIO_ID_BLOCK, 0, 0), 0);
    CHECK_EQ(virtq_start(&q, &d, 0, 13), 0);
    CHECK_EQ(q.size, 8);
    fake_virtio.notify = no_notify;
    uint8_t *p = dma_alloc(64, 64);
    struct virtq_buffer two[2] = {{p, 16, 0}, {p + 16, 48, 1}};
    struct virtq_buffer one = {p, 8, 1};
    uint32_t len = 0;
    CHECK_EQ(virtq_take(&q, &len), -EAGAIN);
    // Many rounds, finished in another order than begun: the free list survives the wrap.
    for (int round = 0; round < 30000; round++) {
        int a = virtq_add(&q, two, 2), b = virtq_add(&q, &one, 1), c = virtq_add(&q, two, 2);
        if (a < 0 || b < 0 || c < 0) {
            CHECK(!"room for five of eight");
            break;
        }
        if (round % 1000 == 0) {
            CHECK(virtq_add(&q, two, 2) >= 0);
            CHECK_EQ(virtq_add(&q, two, 2), -EAGAIN);
        }
        fake_queue_put(&q, (uint32_t)b, 8);
        fake_queue_put(&q, (uint32_t)c, 48);
        fake_queue_put(&q, (uint32_t)a, 0);
        int x = virtq_take(&q, &len), y = virtq_take(&q, &len), z = virtq_take(&q, &len);
        if (x != b || y != c || z != a || virtq_used(&q))
            CHECK(!"three chains come back");
        if (round % 1000)
            continue;
        CHECK_EQ(virtq_start(&q, &d, 0, 8), 0); // as new: the fourth chain is forgotten
        CHECK_EQ(q.nfree, 8);
    }
    CHECK_EQ(virtq_add(&q, two, 0), -EAGAIN);
    // What the descriptors say, at the device's addresses.
    int head = virtq_add(&q, two, 2);
    const struct virtq_desc *desc = &q.desc[head];
    CHECK_EQ(desc->addr, dma_phys(p));
    CHECK_EQ(desc->len, 16);
    CHECK_EQ(desc->flags, VIRTQ_DESC_F_NEXT);
    CHECK_EQ(q.desc[desc->next].addr, dma_phys(p) + 16);
    CHECK_EQ(q.desc[desc->next].flags, VIRTQ_DESC_F_WRITE);
    // A device that does not want to be told is not.
    uint32_t notified = fake_virtio.notified;
    q.used->flags = VIRTQ_USED_F_NO_NOTIFY;
    virtq_kick(&q);
    CHECK_EQ(fake_virtio.notified, notified);
    q.used->flags = 0;
    virtq_kick(&q);
    CHECK_EQ(fake_virtio.notified, notified + 1);
    CHECK(dma_alloc(PV_DMA_SIZE, 4) == NULL);
    CHECK(dma_alloc(UINT32_MAX, 4) == NULL);
}

// --- consoles ---

static struct virtq *rx, *tx; // as seen when the driver notifies
static char sent[8192];
static uint32_t nsent;
static int slow; // the device keeps what it gets

static void *virtual(uint64_t phys)
{
    return (void *)(uintptr_t)(phys - boot_info->dma_phys + PV_DMA_VA);
}

static void send_now(void)
{
    uint16_t head = fake_queue_next(tx);
    memcpy(sent + nsent, virtual(tx->desc[head].addr), tx->desc[head].len);
    nsent += tx->desc[head].len;
    fake_queue_put(tx, head, 0);
}

static void console_notify(struct virtq *q)
{
    if (q->index == VIRTIO_CONSOLE_RX) {
        rx = q;
        return;
    }
    tx = q;
    if (!slow)
        send_now();
}

static uint16_t next_rx;

// A line arrives.
static void receive(const char *text)
{
    uint16_t head = rx->avail->ring[next_rx++ % rx->size];
    memcpy(virtual(rx->desc[head].addr), text, strlen(text));
    fake_queue_put(rx, head, (uint32_t)strlen(text));
}

static void receive_late(void)
{
    receive("late");
}

static void boot_console(void)
{
    boot(VIRTIO_ID_CONSOLE);
    fake_virtio.notify = console_notify;
    nsent = next_rx = 0;
    slow = 0;
}

static long poll_one(int fd, int events)
{
    struct k_pollfd p = {.fd = fd, .events = (int16_t)events};
    struct k_timespec now = {0, 0};
    long n = sys_ppoll(&p, 1, &now, NULL);
    return n <= 0 ? n : p.revents;
}

static void test_console(void)
{
    char buf[64], big[5000];
    boot_console();
    CHECK_EQ(look("/dev/hvc0"), 0);
    CHECK_EQ(st.mode, S_IFCHR | 0600);
    CHECK_EQ(st.rdev, 229 << 8);
    int fd = (int)sys_openat(AT_FDCWD, "/dev/hvc0", O_RDWR | O_NONBLOCK, 0);
    CHECK(fd >= 0);
    CHECK_EQ(sys_read(fd, buf, 8), -EAGAIN);
    CHECK_EQ(poll_one(fd, POLLIN), 0);
    CHECK_EQ(sys_read(fd, buf, 0), 0);
    receive("hello ");
    receive("");
    receive("world");
    CHECK_EQ(poll_one(fd, POLLIN), POLLIN);
    CHECK_EQ(sys_read(fd, buf, 3), 3);
    CHECK_EQ(sys_read(fd, buf + 3, 60), 8);
    CHECK(memcmp(buf, "hello world", 11) == 0);
    for (int i = 0; i < 100; i++) { // the buffers go round
        receive("again");
        CHECK_EQ(sys_read(fd, buf, 60), 5);
    }
    CHECK_EQ(sys_write(fd, "out", 3), 3);
    CHECK(nsent == 3 && memcmp(sent, "out", 3) == 0);
    memset(big, 'b', sizeof big);
    CHECK_EQ(sys_write(fd, big, sizeof big), sizeof big);
    CHECK_EQ(nsent, 3 + sizeof big);
    slow = 1;
    CHECK_EQ(poll_one(fd, POLLOUT), POLLOUT);
    CHECK_EQ(sys_write(fd, big, sizeof big), 2048); // then there is no buffer
    CHECK_EQ(sys_write(fd, "x", 1), -EAGAIN);
    CHECK_EQ(poll_one(fd, POLLOUT), 0);
    CHECK_EQ(tx->avail->flags, 0); // it will be told
    send_now();
    CHECK_EQ(poll_one(fd, POLLOUT), POLLOUT);
    CHECK_EQ(sys_write(fd, "x", 1), 1);
    CHECK_EQ(tx->avail->flags, VIRTQ_AVAIL_F_NO_INTERRUPT); // not for what nobody waits for
    CHECK_EQ(sys_fsync(fd), -EINVAL);
    CHECK_EQ(sys_lseek(fd, 0, SEEK_SET), -ESPIPE);
    sys_close(fd);
    no_leaks();
}

// A buffer that comes back empty goes to the device again, which is told of it.
static void test_console_empty(void)
{
    char buf[16];
    boot_console();
    int fd = (int)sys_openat(AT_FDCWD, "/dev/hvc0", O_RDWR | O_NONBLOCK, 0);
    uint32_t notified = fake_virtio.notified;
    receive("");
    CHECK_EQ(sys_read(fd, buf, sizeof buf), -EAGAIN);
    CHECK_EQ(fake_virtio.notified, notified + 1);
    for (unsigned i = 0; i < 16; i++) // all of them
        receive("");
    CHECK_EQ(poll_one(fd, POLLIN), 0);
    CHECK_EQ(fake_virtio.notified, notified + 17);
    sys_close(fd);
    no_leaks();
}

// On PCI the configuration is a capability that a device may lack.
static void test_no_config(void)
{
    const struct pv_device pci = {.type = VIRTIO_ID_BLOCK, .transport = PV_TRANSPORT_PCI};
    struct virtio_device d = {.transport = &virtio_mmio, .pv = &pci};
    uint32_t word;
    CHECK_EQ(virtio_config(&d, &word, sizeof word), -EIO);
    CHECK(d.failed);
}

static void test_console_waits(void)
{
    char buf[16];
    boot_console();
    int fd = (int)sys_openat(AT_FDCWD, "/dev/hvc0", O_RDWR, 0);
    fake_wait_hook = receive_late;
    CHECK_EQ(sys_read(fd, buf, sizeof buf), 4);
    fake_wait_hook = NULL;
    fake_interrupt(1);
    CHECK_EQ(sys_read(fd, buf, sizeof buf), -EINTR);
    fake_interrupt(0);
    slow = 1;
    CHECK_EQ(sys_write(fd, "a", 1), 1);
    fake_wait_hook = send_now;
    CHECK_EQ(sys_write(fd, "b", 1), 1);
    CHECK_EQ(drivers_fork_prepare(NULL), 0); // waits for what is being sent
    fake_wait_hook = NULL;
    CHECK_EQ(nsent, 2);
    fake_queue_put(rx, UINT32_MAX, 4);
    CHECK_EQ(sys_read(fd, buf, sizeof buf), -EIO);
    CHECK_EQ(poll_one(fd, POLLIN), POLLERR);
    CHECK_EQ(sys_write(fd, "c", 1), -EIO);
    sys_close(fd);
    no_leaks();
}

// Without any stdio of the host, the console is 0, 1 and 2.
static void test_stdio(void)
{
    struct pv_boot_info *info = (struct pv_boot_info *)(uintptr_t)boot_info;
    uint32_t before = info->stdio[0];
    boot_console();
    sys_close((int)sys_openat(AT_FDCWD, "/dev/hvc0", O_RDWR, 0)); // after the failed one before
    info->stdio[0] = info->stdio[1] = info->stdio[2] = PV_STDIO_NONE;
    CHECK_EQ(stdio_open(), 0);
    CHECK_EQ(sys_write(2, "to 2", 4), 4);
    receive("from 0");
    char buf[16];
    CHECK_EQ(sys_read(0, buf, 16), 6);
    CHECK_EQ(sys_fstat(1, &st), 0);
    CHECK_EQ(st.mode, S_IFCHR | 0600);
    CHECK_EQ(window_root()->files.used, 1);
    fds_close_all(proc_self);
    no_leaks();
    boot(VIRTIO_ID_RNG); // no console, no descriptors
    CHECK_EQ(stdio_open(), 0);
    CHECK_EQ(sys_write(1, "x", 1), -EBADF);
    info->stdio[0] = before;
}

// --- entropy ---

static uint32_t gives; // bytes at a time

static void rng_fills(struct virtq *q)
{
    uint16_t head = fake_queue_next(q);
    memset(virtual(q->desc[head].addr), 'r', gives);
    fake_queue_put(q, head, gives);
}

static void test_rng(void)
{
    char buf[100] = "";
    boot(VIRTIO_ID_RNG);
    fake_virtio.notify = rng_fills;
    gives = 10;
    int fd = (int)sys_openat(AT_FDCWD, "/dev/hwrng", O_RDWR | O_NONBLOCK, 0);
    CHECK_EQ(sys_read(fd, buf, 4), 4);
    CHECK_EQ(sys_read(fd, buf, 100), 6);
    CHECK_EQ(buf[5], 'r');
    CHECK_EQ(sys_write(fd, buf, 1), -EINVAL);
    CHECK_EQ(sys_read(fd, buf, 4), 4);
    uint32_t notified = fake_virtio.notified;
    drivers_fork_prepare(NULL); // the other six must not be seen twice
    CHECK_EQ(sys_read(fd, buf, 4), 4);
    CHECK_EQ(fake_virtio.notified, notified + 1);
    drivers_seed_random();
    fake_virtio.notify = no_notify; // gives nothing: boot goes on
    drivers_fork_prepare(NULL);
    drivers_seed_random();
    CHECK_EQ(sys_read(fd, buf, 4), -EAGAIN);
    sys_close(fd);
    boot(VIRTIO_ID_RNG);
    fake_virtio.notify = rng_fills;
    gives = 65; // more than its buffer
    fd = (int)sys_openat(AT_FDCWD, "/dev/hwrng", O_RDONLY, 0);
    CHECK_EQ(sys_read(fd, buf, 4), -EIO);
    sys_close(fd);
    no_leaks();
}

int main(void)
{
    RUN(test_queue);
    RUN(test_console);
    RUN(test_console_empty);
    RUN(test_no_config);
    RUN(test_console_waits);
    RUN(test_stdio);
    RUN(test_rng);
    return check_done("virtio");
}
