// SPDX-License-Identifier: BSD-2-Clause
// Split virtqueues (virtio 1.2, 2.7), without indirect descriptors and event indices.
//
// The rings lie in DMA memory, where the device can write anything at any time. So free lists,
// chains and counts are kept in struct virtq; the descriptor table is only ever written here. Of
// what the device says, the used index and each used element are read once and checked: an index
// that runs ahead of what it was given, a number that is not a chain it has, or more bytes than
// there was room for mean that it has failed.
// Neighbours: virtio.c, the drivers, waitq.c (how a wait sleeps).

#include "drivers/virtio/virtio.h"
#include "kernel/api/errno.h"
#include "kernel/arch.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/window/waitq.h"

// A device that answers soon is waited for without a call and without an interrupt, which cost some
// 100 us.
#define SPIN_NS UINT64_C(50000)
// One that sleeps is asked each second whether it still works, and given up after this many.
#define WAIT_NS    UINT64_C(1000000000)
#define WAIT_TURNS 30

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

// --- starting ---

static int virtq_allocate(struct virtq *q, uint32_t size)
{
    q->desc = dma_alloc(size * (uint32_t)sizeof *q->desc, 16);
    q->avail = dma_alloc((uint32_t)sizeof *q->avail + size * 2, 2);
    q->used = dma_alloc((uint32_t)(sizeof *q->used + size * sizeof q->used->ring[0]), 4);
    if (!q->desc || !q->avail || !q->used)
        return -ENOMEM;
    q->room = (uint16_t)size;
    return 0;
}

static void clear(struct virtq *q)
{
    memset(q->desc, 0, q->room * sizeof *q->desc);
    memset(q->avail, 0, sizeof *q->avail + q->room * sizeof q->avail->ring[0]);
    memset(q->used, 0, sizeof *q->used + q->room * sizeof q->used->ring[0]);
    // No interrupts until somebody sleeps: whoever spins or looks now and then needs none.
    q->avail->flags = VIRTQ_AVAIL_F_NO_INTERRUPT;
    q->free = 0;
    q->nfree = q->size;
    q->pending = q->next_avail = q->next_used = 0;
    for (uint16_t i = 0; i < q->size; i++)
        q->slot[i] = (struct virtq_slot){.next = (uint16_t)(i + 1)};
}

int virtq_start(struct virtq *q, struct virtio_device *d, uint32_t index, uint32_t size)
{
    uint32_t max = min_u32(d->transport->queue_max(d, index), min_u32(size, VIRTQ_MAX));
    if (max == 0 || (!q->desc && virtq_allocate(q, size) < 0))
        return virtio_fail(d);
    q->device = d;
    q->index = (uint16_t)index;
    q->size = 1; // 2.7: a power of two
    while (q->size * 2u <= min_u32(max, q->room))
        q->size *= 2;
    clear(q);
    return d->transport->queue_enable(d, q) < 0 ? virtio_fail(d) : 0;
}

// --- giving and taking ---

int virtq_add(struct virtq *q, const struct virtq_buffer *buffers, uint32_t n)
{
    uint16_t head = q->free, at = head;
    uint32_t writable = 0;
    if (n == 0 || n > q->nfree)
        return -EAGAIN;
    for (uint32_t i = 0; i < n; i++) {
        uint16_t next = q->slot[at].next;
        uint16_t flags = (uint16_t)((i + 1 < n ? VIRTQ_DESC_F_NEXT : 0) |
                                    (buffers[i].written ? VIRTQ_DESC_F_WRITE : 0));
        q->desc[at] = (struct virtq_desc){dma_phys(buffers[i].at), buffers[i].len, flags,
                                          i + 1 < n ? next : 0};
        writable += buffers[i].written ? buffers[i].len : 0;
        at = next;
    }
    q->free = at;
    q->nfree = (uint16_t)(q->nfree - n);
    q->slot[head].count = (uint16_t)n;
    // Kept here: what the device may have written is compared with this, not with the table, which
    // it can change.
    q->slot[head].writable = writable;
    q->pending++;
    q->avail->ring[q->next_avail % q->size] = head;
    q->next_avail++;
    // 2.7.13.3: descriptors and ring entry are visible before the index that announces them.
    __atomic_store_n(&q->avail->idx, q->next_avail, __ATOMIC_RELEASE);
    return head;
}

void virtq_kick(struct virtq *q)
{
    // 2.7.13.4: the index is visible before the flag is read, or both sides may wait.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(&q->used->flags, __ATOMIC_RELAXED) & VIRTQ_USED_F_NO_NOTIFY)
        return;
    if (pv_notify((uint32_t)(q->device->pv - boot_info->devices), q->index) < 0)
        virtio_fail(q->device);
}

int virtq_used(const struct virtq *q)
{
    // Acquire: what the device wrote before is seen after.
    return __atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE) != q->next_used;
}

// The chain's descriptors are free again.
static void release(struct virtq *q, uint16_t head)
{
    uint16_t last = head, count = q->slot[head].count;
    // By our own list, for the same reason.
    for (uint16_t i = 1; i < count; i++)
        last = q->slot[last].next;
    q->slot[last].next = q->free;
    q->slot[head].count = 0;
    q->free = head;
    q->nfree = (uint16_t)(q->nfree + count);
    q->pending--;
}

int virtq_take(struct virtq *q, uint32_t *len)
{
    if (q->device->failed)
        return -EIO;
    uint16_t idx = __atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE);
    if (idx == q->next_used)
        return -EAGAIN;
    const volatile struct virtq_used_elem *elem = &q->used->ring[q->next_used % q->size];
    uint32_t head = elem->id, written = elem->len;
    // 16-bit difference: the index wraps (2.7.8). After a check that fails nothing from this device
    // is believed again.
    if ((uint16_t)(idx - q->next_used) > q->pending || head >= q->size ||
        q->slot[head].count == 0 || written > q->slot[head].writable)
        return virtio_fail(q->device);
    q->next_used++;
    release(q, (uint16_t)head);
    *len = written;
    return (int)head;
}

// --- waiting ---

void virtq_interrupts(struct virtq *q, int on)
{
    __atomic_store_n(&q->avail->flags, on ? 0 : VIRTQ_AVAIL_F_NO_INTERRUPT, __ATOMIC_RELAXED);
    // 2.7.7.1: set before the caller looks at the used ring again.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static int virtq_ready(void *arg)
{
    const struct virtq *q = arg;
    return virtq_used(q) || q->device->failed;
}

// Asleep, with interrupts. The status is read first: a device that failed at once is not waited
// for.
static int wait_asleep(struct virtq *q)
{
    struct wait w = {.ready = virtq_ready, .arg = q, .interrupted = wait_hooks.killed, .spin = 1};
    for (int turn = 0; turn < WAIT_TURNS; turn++) {
        if (virtio_check(q->device) < 0)
            return -EIO;
        w.deadline = pv_mono_ns() + WAIT_NS;
        int r = wait_for(&w);
        if (r)
            return r;
    }
    return virtio_fail(q->device);
}

int virtq_wait(struct virtq *q)
{
    uint64_t end = pv_mono_ns() + SPIN_NS;
    int r = virtq_ready(q);
    // Time is looked at, not turns counted: how long a turn takes differs by two orders of
    // magnitude between processors and emulators.
    while (!r && pv_mono_ns() < end) {
        arch_pause();
        r = virtq_ready(q);
    }
    if (!r) {
        virtq_interrupts(q, 1);
        // An interrupt of before that nobody has answered would keep new ones from coming.
        q->device->transport->interrupt(q->device);
        r = wait_asleep(q);
        virtq_interrupts(q, 0);
    }
    if (r < 0)
        return r;
    return q->device->failed ? -EIO : 0;
}
