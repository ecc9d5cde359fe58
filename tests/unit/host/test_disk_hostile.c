// SPDX-License-Identifier: BSD-2-Clause
// The monitor's block device against a guest that talks nonsense: chains that lead nowhere, buffers
// outside its memory, queues that are none. The device stops until it is reset.
#include "tests/unit/lib/disk_guest.h"

// Whether the device has stopped, as a driver that talks nonsense is told; then starts it again.
static bool stopped(void)
{
    bool yes = (get(VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET) &&
               (get(VIRTIO_MMIO_INTERRUPT_STATUS) & VIRTIO_INTERRUPT_CONFIG);
    uint16_t before = used()->idx;
    prepare(VIRTIO_BLK_T_IN, 0, 512);
    offer(0);
    yes = yes && used()->idx == before; // it does nothing more
    set_up();
    return yes;
}

static void test_bad_chains(void)
{
    set_up();
    offer(8); // no such descriptor
    CHECK(stopped());
    prepare(VIRTIO_BLK_T_IN, 0, 512);
    desc(1)->next = 0; // a circle
    offer(0);
    CHECK(stopped());
    prepare(VIRTIO_BLK_T_IN, 0, 512);
    desc(1)->next = 200;
    offer(0);
    CHECK(stopped());
    prepare(VIRTIO_BLK_T_IN, 0, 512);
    desc(0)->flags |= VIRTQ_DESC_F_INDIRECT;
    offer(0);
    CHECK(stopped());
    prepare(VIRTIO_BLK_T_IN, 0, 512);
    desc(0)->flags |= VIRTQ_DESC_F_WRITE; // no header
    offer(0);
    CHECK(stopped());
    prepare(VIRTIO_BLK_T_IN, 0, 512);
    desc(2)->flags = 0; // read after write
    offer(0);
    CHECK(stopped());
    prepare(VIRTIO_BLK_T_OUT, 0, 512);
    desc(2)->flags = 0; // no status
    offer(0);
    CHECK(stopped());
    prepare(VIRTIO_BLK_T_OUT, 0, 512);
    desc(2)->len = 0;
    offer(0);
    CHECK(stopped());
    offered = 200; // more than the queue has
    offer(0);
    CHECK(stopped());
}

static void test_outside(void)
{
    static const uint64_t places[] = {
        0,          DMA_PHYS - 1, DMA_PHYS + DMA_SIZE - 511, DMA_PHYS + DMA_SIZE, UINT64_MAX - 510,
        UINT64_MAX, 0x200000};
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        set_up();
        prepare(VIRTIO_BLK_T_IN, 0, 512);
        desc(1)->addr = places[i];
        offer(0);
        CHECK(stopped());
    }
    set_up();
    prepare(VIRTIO_BLK_T_IN, 0, UINT32_MAX);
    offer(0);
    CHECK(stopped());
    prepare(VIRTIO_BLK_T_IN, 0, 512);
    desc(1)->addr = DMA_PHYS + DMA_SIZE - 512; // the last place there is
    offer(0);
    CHECK_EQ(dma[STATUS], VIRTIO_BLK_S_OK);
}

// A queue that is not all in DMA memory, crooked, or too large never becomes ready.
static void test_bad_queue(void)
{
    const uint64_t end = DMA_PHYS + DMA_SIZE, ok = DMA_PHYS;
    const struct {
        uint32_t num;
        uint64_t desc, avail, used;
    } bad[] = {
        {0, ok, ok, ok},
        {7, ok, ok, ok},
        {128, ok, ok, ok},
        {1u << 31, ok, ok, ok},
        {8, 0, ok, ok},
        {8, ok, 0x200000, ok},
        {8, ok, ok, UINT64_MAX - 3},
        {8, end - 112, ok, ok},
        {8, ok, end - 18, ok},
        {8, ok, ok, end - 64},
        {8, ok + 8, ok, ok},
        {8, ok, ok + 1, ok},
        {8, ok, ok, ok + 2},
    };
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        set_up();
        set(VIRTIO_MMIO_QUEUE_READY, 0);
        place_queue(bad[i].num, bad[i].desc, bad[i].avail, bad[i].used);
        CHECK_EQ(get(VIRTIO_MMIO_QUEUE_READY), 0);
        CHECK(stopped());
    }
    set_up();
    place_queue(4, ok, ok, end); // in use: it stays as it is
    CHECK_EQ(v.queue.device, DMA_PHYS + USED);
    CHECK_EQ(request(VIRTIO_BLK_T_IN, 0, 512), VIRTIO_BLK_S_OK);
}

// A state that another monitor says this device is in (host/kvm/spare) is one it could be in.
static void test_state_from_elsewhere(void)
{
    set_up();
    struct virtio_mmio state = v;
    state.dma_phys = 0; // where its memory is, is not asked
    state.dma_size = UINT64_MAX;
    CHECK(virtio_mmio_fits(&v, &state));
    const struct virtio_queue bad[] = {
        {0, 1, DMA_PHYS, DMA_PHYS, DMA_PHYS, 0, 0},
        {UINT32_MAX, 1, DMA_PHYS, DMA_PHYS, DMA_PHYS, 0, 0},
        {8, 1, 0, DMA_PHYS, DMA_PHYS, 0, 0},
        {8, 1, DMA_PHYS, DMA_PHYS + DMA_SIZE, DMA_PHYS, 0, 0},
        {8, 1, DMA_PHYS, DMA_PHYS, UINT64_MAX - 3, 0, 0},
    };
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        state.queue = bad[i];
        CHECK(!virtio_mmio_fits(&v, &state));
        state.queue.ready = 0;
        CHECK(virtio_mmio_fits(&v, &state));
    }
    state = v;
    state.driver_features |= UINT64_C(1) << 63;
    CHECK(!virtio_mmio_fits(&v, &state));
}

int main(void)
{
    RUN(test_bad_chains);
    RUN(test_outside);
    RUN(test_bad_queue);
    RUN(test_state_from_elsewhere);
    return check_done("disk_hostile");
}
