// SPDX-License-Identifier: BSD-2-Clause
// The monitor's block device and a guest that uses it as it should, or errs as a careful one may;
// and what --disk takes. test_disk_hostile.c has the guest that talks nonsense.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/unit/lib/disk_guest.h"

// --- as it should be ---

static void test_requests(void)
{
    uint8_t sector[512];
    set_up();
    memset(dma + DATA, 'd', 1024);
    CHECK_EQ(request(VIRTIO_BLK_T_OUT, 5, 1024), VIRTIO_BLK_S_OK);
    CHECK_EQ(pread(disk.fd, sector, 512, 6 * 512), 512);
    CHECK_EQ(sector[511], 'd');
    CHECK_EQ(used()->idx, 1);
    CHECK_EQ(used()->ring[0].len, 1);
    memset(dma + DATA, 0, 1024);
    CHECK_EQ(request(VIRTIO_BLK_T_IN, 6, 1024), VIRTIO_BLK_S_OK);
    CHECK_EQ(used()->ring[1].len, 1025);
    CHECK_EQ(dma[DATA + 511], 'd');
    CHECK_EQ(dma[DATA + 512], 0);
    CHECK_EQ(request(VIRTIO_BLK_T_FLUSH, 0, 0), VIRTIO_BLK_S_OK);
    CHECK_EQ(request(77, 0, 512), VIRTIO_BLK_S_UNSUPP);
    CHECK_EQ(request(VIRTIO_BLK_T_IN, SECTORS - 1, 512), VIRTIO_BLK_S_OK);
    CHECK_EQ(get(VIRTIO_MMIO_STATUS), 0xf);
}

static void test_interrupts(void)
{
    struct virtq_avail *avail = (struct virtq_avail *)(dma + AVAIL);
    set_up();
    prepare(VIRTIO_BLK_T_IN, 0, 512);
    avail->flags = VIRTQ_AVAIL_F_NO_INTERRUPT;
    CHECK_EQ(offer(0), 0);
    CHECK_EQ(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
    avail->flags = 0;
    CHECK_EQ(offer(0), 1);
    CHECK_EQ(get(VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_INTERRUPT_USED);
    set(VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_INTERRUPT_USED);
    CHECK_EQ(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
    // Nothing to do.
    CHECK_EQ(virtio_mmio_notify(&v), 0);
    // The register is not what tells the device.
    prepare(VIRTIO_BLK_T_IN, 0, 512);
    avail->ring[offered % 8] = 0;
    avail->idx = ++offered;
    set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
    CHECK_EQ(dma[STATUS], 0xff);
    CHECK_EQ(virtio_mmio_notify(&v), 1);
    CHECK_EQ(dma[STATUS], VIRTIO_BLK_S_OK);
}

// 2.7.4.1: a request may be cut anywhere.
static void test_framing(void)
{
    set_up();
    prepare(VIRTIO_BLK_T_IN, 1, 512);
    pwrite(disk.fd, "one", 3, 512);
    // 10 + 6 bytes of header; then 100, 0 and 412 bytes of data with the status byte behind them.
    *desc(0) = (struct virtq_desc){DMA_PHYS + HEAD, 10, VIRTQ_DESC_F_NEXT, 4};
    *desc(4) = (struct virtq_desc){DMA_PHYS + HEAD + 10, 6, VIRTQ_DESC_F_NEXT, 1};
    *desc(1) = (struct virtq_desc){DMA_PHYS + DATA, 100, VIRTQ_DESC_F_NEXT | 2, 5};
    *desc(5) = (struct virtq_desc){DMA_PHYS + DATA, 0, VIRTQ_DESC_F_NEXT | 2, 2};
    *desc(2) = (struct virtq_desc){DMA_PHYS + DATA + 4096, 413, VIRTQ_DESC_F_NEXT | 2, 6};
    *desc(6) = (struct virtq_desc){DMA_PHYS + DATA, 0, 2, 0};
    dma[DATA + 4096 + 412] = 0xff;
    offer(0);
    CHECK_EQ(used()->idx, 1);
    CHECK_EQ(used()->ring[0].len, 513);
    CHECK(memcmp(dma + DATA, "one", 3) == 0);
    CHECK_EQ(dma[DATA + 4096 + 412], VIRTIO_BLK_S_OK);
    // Header and data of a write in one.
    prepare(VIRTIO_BLK_T_OUT, 2, 512);
    memset(dma + HEAD + 16, 'w', 512);
    *desc(0) = (struct virtq_desc){DMA_PHYS + HEAD, 16 + 512, VIRTQ_DESC_F_NEXT, 2};
    offer(0);
    CHECK_EQ(dma[STATUS], VIRTIO_BLK_S_OK);
    uint8_t byte = 0;
    pread(disk.fd, &byte, 1, 3 * 512 - 1);
    CHECK_EQ(byte, 'w');
}

// --- errors a request has ---

static void test_io_errors(void)
{
    set_up();
    CHECK_EQ(request(VIRTIO_BLK_T_IN, SECTORS, 512), VIRTIO_BLK_S_IOERR);
    CHECK_EQ(request(VIRTIO_BLK_T_IN, SECTORS - 1, 1024), VIRTIO_BLK_S_IOERR);
    CHECK_EQ(request(VIRTIO_BLK_T_IN, UINT64_MAX, 512), VIRTIO_BLK_S_IOERR);
    CHECK_EQ(request(VIRTIO_BLK_T_OUT, UINT64_MAX / 512 + 1, 512), VIRTIO_BLK_S_IOERR);
    CHECK_EQ(request(VIRTIO_BLK_T_IN, 0, 100), VIRTIO_BLK_S_IOERR);
    // The file is cut short: no read of zeros, no write that makes it longer.
    CHECK_EQ(ftruncate(disk.fd, 512 * 10), 0);
    CHECK_EQ(request(VIRTIO_BLK_T_IN, 9, 1024), VIRTIO_BLK_S_IOERR);
    CHECK_EQ(request(VIRTIO_BLK_T_OUT, 9, 1024), VIRTIO_BLK_S_IOERR);
    CHECK_EQ(lseek(disk.fd, 0, SEEK_END), 512 * 10);
    CHECK_EQ(request(VIRTIO_BLK_T_OUT, 9, 512), VIRTIO_BLK_S_OK);
    disk.read_only = 1;
    CHECK_EQ(request(VIRTIO_BLK_T_OUT, 0, 512), VIRTIO_BLK_S_IOERR);
    set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    CHECK(get(VIRTIO_MMIO_DEVICE_FEATURES) & VIRTIO_BLK_F_RO);
    int fd = disk.fd;
    disk.fd = 1000; // not open
    CHECK_EQ(request(VIRTIO_BLK_T_FLUSH, 0, 0), VIRTIO_BLK_S_IOERR);
    CHECK_EQ(request(VIRTIO_BLK_T_IN, 0, 512), VIRTIO_BLK_S_IOERR);
    disk.fd = fd;
    CHECK_EQ(get(VIRTIO_MMIO_STATUS), 0xf);
}

static void test_negotiation(void)
{
    set_up();
    set(VIRTIO_MMIO_STATUS, 0);
    CHECK_EQ(get(VIRTIO_MMIO_QUEUE_READY), 0);
    CHECK_EQ(offer(0), 0); // ignored: nothing is ready
    features(VIRTIO_BLK_F_FLUSH);
    set(VIRTIO_MMIO_STATUS, 0xb); // a legacy driver
    CHECK_EQ(get(VIRTIO_MMIO_STATUS), 3);
    features(VIRTIO_F_VERSION_1 | VIRTIO_BLK_F_RO); // not offered
    set(VIRTIO_MMIO_STATUS, 0xb);
    CHECK_EQ(get(VIRTIO_MMIO_STATUS), 3);
    features(VIRTIO_F_VERSION_1);
    set(VIRTIO_MMIO_STATUS, 7); // without FEATURES_OK
    CHECK_EQ(get(VIRTIO_MMIO_STATUS), 3);
    set(VIRTIO_MMIO_STATUS, 0xb);
    features(VIRTIO_BLK_F_FLUSH); // too late
    CHECK_EQ(v.driver_features, VIRTIO_F_VERSION_1);
    place_queue(8, DMA_PHYS + DESC, DMA_PHYS + AVAIL, DMA_PHYS + USED);
    offered = 0;
    prepare(VIRTIO_BLK_T_IN, 0, 512);
    offer(0);
    CHECK_EQ(dma[STATUS], 0xff); // not before DRIVER_OK
    set(VIRTIO_MMIO_STATUS, 0xf);
    virtio_mmio_notify(&v);
    CHECK_EQ(dma[STATUS], VIRTIO_BLK_S_OK);
}

static void test_registers(void)
{
    set_up();
    CHECK_EQ(get(VIRTIO_MMIO_MAGIC), 0x74726976);
    CHECK_EQ(get(VIRTIO_MMIO_VERSION), 2);
    CHECK_EQ(get(VIRTIO_MMIO_DEVICE_ID), 2);
    CHECK_EQ(virtio_mmio_read(&v, VIRTIO_MMIO_CONFIG, 8), SECTORS);
    CHECK_EQ(virtio_mmio_read(&v, VIRTIO_MMIO_CONFIG, 1), SECTORS);
    CHECK_EQ(virtio_mmio_read(&v, 0xffc, 8), 0);
    CHECK_EQ(virtio_mmio_read(&v, VIRTIO_MMIO_MAGIC, 1), 0); // 32 bits wide only
    CHECK_EQ(virtio_mmio_read(&v, 2, 4), 0);
    virtio_mmio_write(&v, VIRTIO_MMIO_STATUS, 8, 0);
    CHECK_EQ(get(VIRTIO_MMIO_STATUS), 0xf);
    set(VIRTIO_MMIO_QUEUE_SEL, 1);
    CHECK_EQ(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
    CHECK_EQ(get(VIRTIO_MMIO_QUEUE_READY), 0);
    set(VIRTIO_MMIO_QUEUE_READY, 0); // of a queue that is not there
    set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
    CHECK_EQ(get(VIRTIO_MMIO_DEVICE_FEATURES), 0);
    CHECK_EQ(request(VIRTIO_BLK_T_IN, 0, 512), VIRTIO_BLK_S_OK);
}

// --- what --disk takes ---

static bool refused(const char *arg, const char *why)
{
    char err[256] = "";
    struct disk d;
    return disk_open(&d, arg, err, sizeof err) < 0 && strstr(err, why) && !strchr(err, '\n');
}

static void test_open(void)
{
    char folder[] = "/tmp/test_disk_XXXXXX", err[256];
    struct disk d;
    CHECK(mkdtemp(folder) && chdir(folder) == 0);
    int fd = open("file", O_RDWR | O_CREAT, 0600);
    CHECK_EQ(ftruncate(fd, 5120), 0);
    CHECK_EQ(disk_open(&d, "file", err, sizeof err), 0);
    CHECK_EQ(d.sectors, 10);
    CHECK_EQ(d.read_only, 0);
    close(d.fd);
    CHECK_EQ(disk_open(&d, "file:ro", err, sizeof err), 0);
    CHECK_EQ(d.read_only, 1);
    CHECK_EQ(fcntl(d.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    close(d.fd);
    CHECK(refused("absent", "No such file"));
    CHECK(refused("", "No such file"));
    CHECK(refused(":ro", "No such file"));
    CHECK(refused(".", "directory"));
    CHECK(refused(".:ro", "directory"));
    CHECK(refused("/dev/null", "neither"));
    CHECK_EQ(mkfifo("fifo", 0600), 0);
    CHECK(refused("fifo:ro", "neither")); // and is not waited for
    CHECK_EQ(ftruncate(fd, 5121), 0);
    CHECK(refused("file", "512"));
    CHECK_EQ(ftruncate(fd, 0), 0);
    CHECK(refused("file", "512"));
    static char name[5000];
    memset(name, 'n', sizeof name - 1);
    CHECK(refused(name, "too long"));
    close(fd);
    unlink("file");
    unlink("fifo");
    CHECK(chdir("/") == 0 && rmdir(folder) == 0);
}

int main(void)
{
    RUN(test_requests);
    RUN(test_interrupts);
    RUN(test_framing);
    RUN(test_io_errors);
    RUN(test_negotiation);
    RUN(test_registers);
    RUN(test_open);
    return check_done("disk");
}
