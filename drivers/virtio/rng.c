// SPDX-License-Identifier: BSD-2-Clause
// Entropy devices (virtio 1.2, 5.4): one buffer, which the device fills when it is asked.
//
// Neighbours: virtio.h, kernel/dev/chardev.c (/dev/hwrng), drivers_seed_random() in
// kernel/dev/driver.c.

#include "drivers/virtio/virtio.h"
#include "kernel/api/errno.h"
#include "kernel/arch.h"
#include "kernel/dev/chardev.h"
#include "kernel/dev/driver.h"
#include "kernel/lib.h"

#define BYTES 64u

struct rng {
    struct virtio_device device;
    struct virtq queue;
    uint8_t *buffer; // in DMA memory
    uint32_t left;   // bytes at its end that nobody has got yet
    uint32_t end;    // how many the device had given
    int asked;       // the device has the buffer
};

static struct rng rng COLD("virtio_rng");

static int ask(struct rng *g)
{
    struct virtq_buffer b = {g->buffer, BYTES, 1};
    if (virtq_add(&g->queue, &b, 1) < 0)
        return virtio_fail(&g->device); // it has nothing of ours: there is room
    g->asked = 1;
    virtq_kick(&g->queue);
    return 0;
}

// Makes sure of a byte. 0, -EAGAIN or -EIO.
static int rng_fill(struct rng *g)
{
    if (!virtio_works(&g->device))
        return -EIO;
    if (g->left)
        return 0;
    if (!g->asked && ask(g) < 0)
        return -EIO;
    // At most BYTES: virtq_take() has compared it with the room there was.
    int r = virtq_take(&g->queue, &g->end);
    if (r < 0)
        return r;
    g->asked = 0;
    g->left = g->end;
    return g->left ? 0 : -EAGAIN; // 5.4.6.2: at least one byte, says the device's side of it
}

static long rng_get(void *buf, size_t len)
{
    struct rng *g = &rng;
    int r = rng_fill(g);
    if (r < 0)
        return r;
    uint32_t n = len < g->left ? (uint32_t)len : g->left;
    uint8_t *from = g->buffer + g->end - g->left;
    memcpy(buf, from, n);
    // Numbers that were given out must not be found in memory later.
    memset(from, 0, n);
    g->left -= n;
    return n;
}

static const struct chardev hwrng = {.get = rng_get};

static int rng_attach(uint32_t unit)
{
    struct rng *g = &rng;
    if (virtio_works(&g->device))
        return 0;
    int r = virtio_start(&g->device, VIRTIO_ID_RNG, unit, 0);
    if (r == 0 && !g->buffer && !(g->buffer = dma_alloc(BYTES, 64)))
        r = -EIO;
    if (r == 0)
        r = virtq_start(&g->queue, &g->device, VIRTIO_RNG_REQUESTS, 1);
    if (r < 0)
        return r;
    g->left = 0;
    g->asked = 0;
    virtio_ready(&g->device);
    virtq_interrupts(&g->queue, 1);
    chardev_add(FILE_HWRNG, &hwrng);
    return 0;
}

static void rng_event(void)
{
    virtio_event(&rng.device);
}

// What is left, or on its way, would be the same in parent and child: neither gets it.
static void rng_settle(void)
{
    if (rng.asked && virtq_wait(&rng.queue) == 0)
        rng_fill(&rng);
    rng.left = 0;
}

const struct driver ramet_driver_rng = {
    .type = VIRTIO_ID_RNG,
    .kind = FILE_HWRNG,
    .files = &chardev_ops,
    .attach = rng_attach,
    .event = rng_event,
    .settle = rng_settle,
};
