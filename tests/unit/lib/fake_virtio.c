// SPDX-License-Identifier: BSD-2-Clause
// Devices for the drivers' unit tests. See fake_virtio.h.
#include "tests/unit/lib/fake_virtio.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/virtio/disk.h"
#include "kernel/pv.h"
#include "tests/unit/lib/fake_kernel.h"

struct fake_virtio fake_virtio;
static struct disk disk = {.fd = -1};
#define QUEUES 2
static struct virtq *queues[PV_MAX_DEVICES][QUEUES]; // those that were enabled
static struct virtio_mmio device;
static uint16_t seen; // by the device, of the available ring, when a hook plays it

static void require(int holds)
{
    if (!holds)
        abort();
}

void fake_virtio_boot(const uint32_t *types, uint32_t n)
{
    struct pv_boot_info *info = (struct pv_boot_info *)(uintptr_t)boot_info;
    if (!info->dma_phys) {
        void *want = (void *)(uintptr_t)PV_DMA_VA;
        require(mmap(want, PV_DMA_SIZE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == want);
        info->dma_phys = UINT64_C(0x7000000000); // not its address: nobody may mix them up
    }
    info->ndevices = n;
    for (uint32_t i = 0; i < n; i++)
        info->devices[i] = (struct pv_device){.type = types[i], .transport = PV_TRANSPORT_MMIO};
    if (disk.fd >= 0)
        close(disk.fd);
    memset(&fake_virtio, 0, sizeof fake_virtio);
    disk = (struct disk){.fd = memfd_create("disk", 0), .sectors = FAKE_SECTORS};
    require(disk.fd >= 0 && ftruncate(disk.fd, FAKE_SECTORS * 512) == 0);
    device = (struct virtio_mmio){.class = &virtio_blk,
                                  .device = &disk,
                                  .dma_phys = info->dma_phys,
                                  .dma_size = PV_DMA_SIZE,
                                  .dma = (uint8_t *)(uintptr_t)PV_DMA_VA};
    seen = 0;
}

void fake_disk_read(uint64_t off, void *buf, uint32_t len)
{
    require(pread(disk.fd, buf, len, (off_t)off) == (ssize_t)len);
}

void fake_disk_write(uint64_t off, const void *buf, uint32_t len)
{
    require(pwrite(disk.fd, buf, len, (off_t)off) == (ssize_t)len);
}

void fake_disk_truncate(uint64_t size)
{
    require(ftruncate(disk.fd, (off_t)size) == 0);
}

// --- the transport ---

static uint32_t get(uint32_t off)
{
    return (uint32_t)virtio_mmio_read(&device, off, 4);
}

static void set(uint32_t off, uint32_t value)
{
    virtio_mmio_write(&device, off, 4, value);
}

static int identify(const struct virtio_device *d)
{
    (void)d;
    return fake_virtio.other ? -5 : 0;
}

static uint8_t status(const struct virtio_device *d)
{
    (void)d;
    uint8_t truth = (uint8_t)get(VIRTIO_MMIO_STATUS);
    if (fake_virtio.no_reset) {
        fake_time_pass(100000000);
        return truth | VIRTIO_STATUS_ACKNOWLEDGE;
    }
    return truth ? truth | fake_virtio.status : 0;
}

static void set_status(const struct virtio_device *d, uint8_t value)
{
    (void)d;
    fake_virtio.resets += value == 0;
    if (value == 0)
        seen = 0;
    disk.read_only = fake_virtio.read_only;
    set(VIRTIO_MMIO_STATUS, value);
}

static uint32_t features(const struct virtio_device *d, uint32_t word)
{
    (void)d;
    set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, word);
    uint64_t own = fake_virtio.block_size ? VIRTIO_BLK_F_BLK_SIZE : 0;
    uint32_t all = get(VIRTIO_MMIO_DEVICE_FEATURES) | (uint32_t)(own >> 32 * word);
    return all & ~(uint32_t)(fake_virtio.no_features >> 32 * word);
}

static void set_features(const struct virtio_device *d, uint32_t word, uint32_t bits)
{
    (void)d;
    if (word == 0)
        bits &= ~(uint32_t)VIRTIO_BLK_F_BLK_SIZE; // ours, not the device's
    set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, word);
    set(VIRTIO_MMIO_DRIVER_FEATURES, bits);
}

static uint32_t queue_max(const struct virtio_device *d, uint32_t index)
{
    (void)d, (void)index;
    return fake_virtio.no_queue ? 0 : get(VIRTIO_MMIO_QUEUE_NUM_MAX);
}

static void set64(uint32_t low, const void *p)
{
    set(low, (uint32_t)dma_phys(p));
    set(low + 4, (uint32_t)(dma_phys(p) >> 32));
}

static uint32_t device_index(const struct virtio_device *d)
{
    return (uint32_t)(d->pv - boot_info->devices);
}

static int queue_enable(const struct virtio_device *d, struct virtq *q)
{
    require(q->index < QUEUES);
    set(VIRTIO_MMIO_QUEUE_NUM, q->size);
    queues[device_index(d)][q->index] = q;
    set64(VIRTIO_MMIO_QUEUE_DESC_LOW, q->desc);
    set64(VIRTIO_MMIO_QUEUE_DRIVER_LOW, q->avail);
    set64(VIRTIO_MMIO_QUEUE_DEVICE_LOW, q->used);
    set(VIRTIO_MMIO_QUEUE_READY, 1);
    return fake_virtio.no_enable ? -5 : 0;
}

void fake_virtio_serve(void)
{
    virtio_mmio_notify(&device);
}

// PV_CALL_NOTIFY.
int64_t pv_notify(uint32_t index, uint32_t queue)
{
    require(index < boot_info->ndevices && queue < QUEUES && queues[index][queue]);
    if (fake_virtio.no_notify)
        return -22;
    fake_virtio.notified++;
    if (fake_virtio.notify)
        fake_virtio.notify(queues[index][queue]);
    else
        fake_virtio_serve();
    return 0;
}

static uint8_t generation(const struct virtio_device *d)
{
    (void)d;
    fake_virtio.changes -= fake_virtio.changes != 0;
    return (uint8_t)fake_virtio.changes;
}

static uint32_t config32(const struct virtio_device *d, uint32_t off)
{
    (void)d;
    if (off == offsetof(struct virtio_blk_config, blk_size))
        return fake_virtio.block_size;
    if (off < 8 && fake_virtio.capacity)
        return (uint32_t)(fake_virtio.capacity >> 8 * off);
    return get(VIRTIO_MMIO_CONFIG + off);
}

static uint32_t interrupt(const struct virtio_device *d)
{
    (void)d;
    return fake_virtio.interrupt;
}

const struct virtio_transport virtio_mmio = {
    .identify = identify,
    .status = status,
    .set_status = set_status,
    .features = features,
    .set_features = set_features,
    .queue_max = queue_max,
    .queue_enable = queue_enable,
    .generation = generation,
    .config32 = config32,
    .interrupt = interrupt,
};
const struct virtio_transport virtio_pci = {0};

// --- the device's side of a queue ---

uint16_t fake_queue_next(struct virtq *q)
{
    require(seen != q->avail->idx);
    return q->avail->ring[seen++ % q->size];
}

void fake_queue_put(struct virtq *q, uint32_t id, uint32_t len)
{
    q->used->ring[q->used->idx % q->size] = (struct virtq_used_elem){id, len};
    q->used->idx++;
}
