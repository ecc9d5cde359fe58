// SPDX-License-Identifier: BSD-2-Clause
// The registers of a virtio-mmio device and its queue. See mmio.h; sections are of virtio
// 1.2.

#include "host/virtio/mmio.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define VENDOR 0x656d6152u // "Rame"

// --- guest memory ---

// The host address of guest memory [phys, phys + len), NULL if it is not all DMA memory.
static void *at(const struct virtio_mmio *v, uint64_t phys, uint64_t len)
{
    if (phys < v->dma_phys || phys - v->dma_phys > v->dma_size ||
        len > v->dma_size - (phys - v->dma_phys))
        return NULL;
    return v->dma + (phys - v->dma_phys);
}

static uint16_t load16(const void *p)
{
    return __atomic_load_n((const uint16_t *)p, __ATOMIC_ACQUIRE);
}

// --- the queue (2.7) ---

// 2.1.2: nothing more is done for the guest until it resets the device.
static void stop_device(struct virtio_mmio *v)
{
    v->status |= VIRTIO_STATUS_NEEDS_RESET;
    v->interrupt |= VIRTIO_INTERRUPT_CONFIG;
}

// Whether a queue lies in this device's DMA memory.
static int queue_is_valid(const struct virtio_mmio *v, const struct virtio_queue *q)
{
    const uint64_t n = q->num;
    return n && n <= VIRTIO_QUEUE_SIZE && !(n & (n - 1)) && q->desc % 16 == 0 &&
           q->driver % 2 == 0 && q->device % 4 == 0 &&
           at(v, q->desc, n * sizeof(struct virtq_desc)) &&
           at(v, q->driver, sizeof(struct virtq_avail) + n * sizeof(uint16_t)) &&
           at(v, q->device, sizeof(struct virtq_used) + n * sizeof(struct virtq_used_elem));
}

// Checked once, here: while the queue is ready its place cannot change.
static void enable(struct virtio_mmio *v)
{
    v->queue.next_avail = v->queue.next_used = 0;
    v->queue.ready = (uint32_t)queue_is_valid(v, &v->queue);
    if (!v->queue.ready)
        stop_device(v);
}

static int add_buffer(struct virtio_mmio *v, const struct virtq_desc *desc,
                      struct virtio_request *r)
{
    void *p = at(v, desc->addr, desc->len);
    int out = (desc->flags & VIRTQ_DESC_F_WRITE) != 0;
    // 2.7.4.2: what the device writes comes last.
    if (!p || (!out && r->nout) || (desc->flags & VIRTQ_DESC_F_INDIRECT))
        return -EINVAL;
    struct iovec *iov = out ? &r->out[r->nout++] : &r->in[r->nin++];
    *iov = (struct iovec){p, desc->len};
    return 0;
}

// Follows the chain that begins at descriptor `head`. 0 or -EINVAL.
static int collect(struct virtio_mmio *v, uint16_t head, struct virtio_request *r)
{
    const struct virtq_desc *table = at(v, v->queue.desc, 0);
    r->nin = r->nout = 0;
    r->features = v->driver_features;
    // No longer than the table: a chain that comes round again would be.
    for (uint32_t i = 0, next = head; i < v->queue.num; i++) {
        struct virtq_desc desc;
        if (next >= v->queue.num)
            return -EINVAL;
        // Copied once, then checked: the driver may change the table while we read it.
        memcpy(&desc, &table[next], sizeof desc);
        if (add_buffer(v, &desc, r) < 0)
            return -EINVAL;
        if (!(desc.flags & VIRTQ_DESC_F_NEXT))
            return 0;
        next = desc.next;
    }
    return -EINVAL;
}

static void put_used(struct virtio_mmio *v, uint16_t head, uint32_t len)
{
    struct virtio_queue *q = &v->queue;
    struct virtq_used *used = at(v, q->device, 0);
    used->ring[q->next_used % q->num] = (struct virtq_used_elem){head, len};
    q->next_used++;
    // Release: the element is there before the index says so (2.7.8).
    __atomic_store_n(&used->idx, q->next_used, __ATOMIC_RELEASE);
}

// A chain that makes no sense is not answered: the device stops instead.
static int serve_next(struct virtio_mmio *v)
{
    struct virtio_queue *q = &v->queue;
    const struct virtq_avail *avail = at(v, q->driver, 0);
    struct virtio_request r;
    uint16_t head = load16(&avail->ring[q->next_avail % q->num]);
    if (collect(v, head, &r) < 0)
        return -EINVAL;
    // Requests are served one after the other, in the order in which they were made available.
    int64_t written = v->class->serve(v->device, &r);
    if (written < 0)
        return -EINVAL;
    q->next_avail++;
    put_used(v, head, (uint32_t)written);
    return 0;
}

// Returns whether the guest is to be interrupted. At most a queue's worth of requests, however fast
// the driver adds more.
int virtio_mmio_notify(struct virtio_mmio *v)
{
    struct virtio_queue *q = &v->queue;
    if (!q->ready || !(v->status & VIRTIO_STATUS_DRIVER_OK) ||
        (v->status & VIRTIO_STATUS_NEEDS_RESET))
        return 0;
    const struct virtq_avail *avail = at(v, q->driver, 0);
    // The index is free-running, 16 bits (2.7.6). More than a queue's worth is a driver that has
    // lost count.
    uint16_t todo = (uint16_t)(load16(&avail->idx) - q->next_avail);
    int r = todo > q->num ? -EINVAL : 0;
    for (uint16_t i = 0; r == 0 && i < todo; i++)
        r = serve_next(v);
    if (r < 0) {
        stop_device(v);
        return 1;
    }
    // 2.7.7: the driver may ask not to be interrupted; it then looks at the index itself.
    if (todo == 0 || (load16(&avail->flags) & VIRTQ_AVAIL_F_NO_INTERRUPT))
        return 0;
    v->interrupt |= VIRTIO_INTERRUPT_USED;
    return 1;
}

// --- registers (4.2.2) ---

// All fields from `status` on are the device's state; those before it say what it is.
void virtio_mmio_reset(struct virtio_mmio *v)
{
    memset(&v->status, 0, sizeof *v - offsetof(struct virtio_mmio, status));
}

static uint64_t offered(const struct virtio_mmio *v)
{
    return v->class->features(v->device) | VIRTIO_F_VERSION_1;
}

static void set_status(struct virtio_mmio *v, uint32_t status)
{
    const uint32_t bits = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
                          VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_FEATURES_OK |
                          VIRTIO_STATUS_FAILED;
    if (status == 0) {
        virtio_mmio_reset(v);
        return;
    }
    // 2.2.2: features that were not offered, or a driver that wants the legacy layouts.
    if ((v->driver_features & ~offered(v)) || !(v->driver_features & VIRTIO_F_VERSION_1))
        status &= ~VIRTIO_STATUS_FEATURES_OK;
    if (!(status & VIRTIO_STATUS_FEATURES_OK))
        status &= ~VIRTIO_STATUS_DRIVER_OK;
    v->status = (status & bits) | (v->status & VIRTIO_STATUS_NEEDS_RESET);
}

// Of a saved state, which is a file's and not to be trusted: could it have been reached by the
// writes that this device accepts?
int virtio_mmio_fits(const struct virtio_mmio *v, const struct virtio_mmio *state)
{
    return (!state->queue.ready || queue_is_valid(v, &state->queue)) &&
           (!(state->status & VIRTIO_STATUS_FEATURES_OK) ||
            !(state->driver_features & ~offered(v)));
}

// `whole` with its upper or lower 32 bits replaced.
static uint64_t half(uint64_t whole, uint32_t high, uint32_t value)
{
    return high ? (whole & UINT32_MAX) | (uint64_t)value << 32
                : (whole & ~(uint64_t)UINT32_MAX) | value;
}

// Registers of the queue that QueueSel has chosen: there is one, and while it is in use its place
// does not change.
static void write_queue(struct virtio_mmio *v, uint32_t off, uint32_t value)
{
    struct virtio_queue *q = &v->queue;
    if (v->queue_sel != 0)
        return;
    if (off == VIRTIO_MMIO_QUEUE_READY) {
        if (value == 0)
            q->ready = 0;
        else if (!q->ready)
            enable(v);
        return;
    }
    if (q->ready)
        return;
    switch (off) {
    case VIRTIO_MMIO_QUEUE_NUM:
        q->num = value;
        break;
    case VIRTIO_MMIO_QUEUE_DESC_LOW:
    case VIRTIO_MMIO_QUEUE_DESC_HIGH:
        q->desc = half(q->desc, off == VIRTIO_MMIO_QUEUE_DESC_HIGH, value);
        break;
    case VIRTIO_MMIO_QUEUE_DRIVER_LOW:
    case VIRTIO_MMIO_QUEUE_DRIVER_HIGH:
        q->driver = half(q->driver, off == VIRTIO_MMIO_QUEUE_DRIVER_HIGH, value);
        break;
    case VIRTIO_MMIO_QUEUE_DEVICE_LOW:
    case VIRTIO_MMIO_QUEUE_DEVICE_HIGH:
        q->device = half(q->device, off == VIRTIO_MMIO_QUEUE_DEVICE_HIGH, value);
        break;
    }
}

static void set_features(struct virtio_mmio *v, uint32_t value)
{
    // 3.1.1: settled with FEATURES_OK.
    if (v->driver_features_sel <= 1 && !(v->status & VIRTIO_STATUS_FEATURES_OK))
        v->driver_features = half(v->driver_features, v->driver_features_sel, value);
}

// OFF is inside the page. Registers that cannot be written, and those that are not there, ignore
// it.
void virtio_mmio_write(struct virtio_mmio *v, uint32_t off, uint32_t len, uint64_t value)
{
    uint32_t word = (uint32_t)value;
    if (len != 4) // 4.2.2.2; the configuration of our devices is read-only
        return;
    switch (off) {
    case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
        v->features_sel = word;
        return;
    case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
        v->driver_features_sel = word;
        return;
    case VIRTIO_MMIO_DRIVER_FEATURES:
        set_features(v, word);
        return;
    case VIRTIO_MMIO_QUEUE_SEL:
        v->queue_sel = word;
        return;
    case VIRTIO_MMIO_INTERRUPT_ACK:
        v->interrupt &= ~word;
        return;
    case VIRTIO_MMIO_STATUS:
        set_status(v, word);
        return;
    default:
        write_queue(v, off, word);
    }
}

// Reserved ones read as 0.
static uint32_t read_mmio_register(const struct virtio_mmio *v, uint32_t off)
{
    switch (off) {
    case VIRTIO_MMIO_MAGIC:
        return VIRTIO_MMIO_MAGIC_VALUE;
    case VIRTIO_MMIO_VERSION:
        return VIRTIO_MMIO_VERSION_MODERN;
    case VIRTIO_MMIO_DEVICE_ID:
        return v->class->id;
    case VIRTIO_MMIO_VENDOR_ID:
        return VENDOR;
    case VIRTIO_MMIO_DEVICE_FEATURES:
        return v->features_sel <= 1 ? (uint32_t)(offered(v) >> 32 * v->features_sel) : 0;
    case VIRTIO_MMIO_QUEUE_NUM_MAX:
        return v->queue_sel == 0 ? VIRTIO_QUEUE_SIZE : 0;
    case VIRTIO_MMIO_QUEUE_READY:
        return v->queue_sel == 0 ? v->queue.ready : 0;
    case VIRTIO_MMIO_INTERRUPT_STATUS:
        return v->interrupt;
    case VIRTIO_MMIO_STATUS:
        return v->status;
    default:
        return 0; // ConfigGeneration too: the configuration never changes
    }
}

uint64_t virtio_mmio_read(const struct virtio_mmio *v, uint32_t off, uint32_t len)
{
    uint64_t value = 0;
    if (off < VIRTIO_MMIO_CONFIG)
        return len == 4 ? read_mmio_register(v, off) : 0;
    for (uint32_t i = 0; i < len && i < sizeof value; i++)
        value |= (uint64_t)v->class->config(v->device, off - VIRTIO_MMIO_CONFIG + i) << 8 * i;
    return value;
}
