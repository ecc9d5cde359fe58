// SPDX-License-Identifier: BSD-2-Clause
// Consoles (virtio 1.2, 5.3): port 0 of the first one, a stream of bytes each way.
//
// Received bytes wait in the buffers the device has filled, which go back to it one by one as they
// are read. One buffer is sent at a time. Neighbours: virtio.h, kernel/dev/chardev.c (files,
// waiting).

#include "drivers/virtio/virtio.h"
#include "kernel/api/errno.h"
#include "kernel/api/poll.h"
#include "kernel/arch.h"
#include "kernel/dev/chardev.h"
#include "kernel/dev/driver.h"
#include "kernel/lib.h"

#define RX_BUFFERS 16u
#define RX_BYTES   256u
#define TX_BYTES   2048u

// Of the first console only, in memory that is the process' own: a clone has one of its own device
// (abi/pv.h, FORK). COLD: most programs have no console device.
struct console {
    struct virtio_device device;
    struct virtq rx, tx;
    uint8_t *in;              // in DMA memory: RX_BUFFERS of RX_BYTES
    uint8_t *out;             // in DMA memory: TX_BYTES
    uint8_t owner[VIRTQ_MAX]; // which of them a chain of rx is
    uint8_t *next;            // the next byte to be read, in a buffer taken from the device
    uint32_t left, from;      // bytes in it, and which one it is
    int sending;              // the device has `out`
};

static struct console console COLD("virtio_console");

// --- receiving ---

// Which buffer a chain is of: the device returns chains, in any order.
static void give(struct console *c, uint32_t buffer)
{
    struct virtq_buffer b = {c->in + buffer * RX_BYTES, RX_BYTES, 1};
    int chain = virtq_add(&c->rx, &b, 1);
    if (chain >= 0)
        c->owner[chain] = (uint8_t)buffer;
}

// The buffer that was read last.
static void give_back_buffer(struct console *c)
{
    give(c, c->from);
    virtq_kick(&c->rx);
}

// Makes sure of a byte to be read. 0, -EAGAIN or -EIO.
static int receive(struct console *c)
{
    while (!c->left) {
        uint32_t len;
        int chain = virtq_take(&c->rx, &len); // at most RX_BYTES
        if (chain < 0)
            return chain;
        c->from = c->owner[chain];
        c->next = c->in + c->from * RX_BYTES;
        c->left = len;
        // Nothing in it (5.3.6 does not forbid that): back to the device, and on to the next.
        if (len == 0)
            give_back_buffer(c);
    }
    return 0;
}

// What is there, up to LEN, without waiting: bytes, -EAGAIN, or -EIO for a device that has failed.
static long console_get(void *buf, size_t len)
{
    struct console *c = &console;
    uint8_t *to = buf;
    size_t done = 0;
    int r = 0;
    while (done < len && (r = receive(c)) == 0) {
        uint32_t n = len - done < c->left ? (uint32_t)(len - done) : c->left;
        memcpy(to + done, c->next, n);
        done += n;
        c->next += n;
        c->left -= n;
        if (c->left == 0)
            give_back_buffer(c);
    }
    return done ? (long)done : r;
}

// --- sending ---

// Takes the sent buffer back. 0, -EAGAIN: the device still has it, -EIO.
static int sent(struct console *c)
{
    uint32_t len;
    if (!c->sending)
        return c->device.failed ? -EIO : 0;
    int r = virtq_take(&c->tx, &len);
    if (r < 0)
        return r;
    c->sending = 0;
    return 0;
}

// The same; when the answer is -EAGAIN an interrupt will say that it has changed.
static int sent_or_told(struct console *c)
{
    int r = sent(c);
    if (r != -EAGAIN)
        return r;
    virtq_interrupts(&c->tx, 1);
    r = sent(c);
    if (r != -EAGAIN)
        virtq_interrupts(&c->tx, 0);
    return r;
}

// At most TX_BYTES a call; the count says how many. -EAGAIN while the last ones are under way.
static long console_put(const void *buf, size_t len)
{
    struct console *c = &console;
    int r = sent_or_told(c);
    if (r < 0)
        return r;
    struct virtq_buffer b = {c->out, (uint32_t)(len < TX_BYTES ? len : TX_BYTES), 0};
    // A copy: the device reads it after this call has returned, when the program may have changed
    // it.
    memcpy(c->out, buf, b.len);
    virtq_interrupts(&c->tx, 0);
    if (virtq_add(&c->tx, &b, 1) < 0)
        return virtio_fail(&c->device); // it has nothing of ours: there is room
    c->sending = 1;
    virtq_kick(&c->tx);
    return b.len;
}

static uint32_t console_poll(void)
{
    struct console *c = &console;
    uint32_t holds = 0;
    if (receive(c) == 0)
        holds |= POLLIN | POLLRDNORM;
    if (sent_or_told(c) == 0)
        holds |= POLLOUT | POLLWRNORM;
    return c->device.failed ? POLLERR : holds;
}

static const struct chardev hvc = {.get = console_get, .put = console_put, .poll = console_poll};

// --- the device ---

// DMA memory is never given back, so what an attach that failed has taken is kept for the next.
static int console_allocate(struct console *c)
{
    if (!c->in)
        c->in = dma_alloc(RX_BUFFERS * RX_BYTES, 64);
    if (!c->out)
        c->out = dma_alloc(TX_BYTES, 64);
    return c->in && c->out ? 0 : -EIO;
}

// Also after an exec: the program is another, and the device is started again from its reset.
static int console_attach(uint32_t unit)
{
    struct console *c = &console;
    if (virtio_works(&c->device))
        return 0;
    int r = virtio_start(&c->device, VIRTIO_ID_CONSOLE, unit, 0);
    if (r == 0)
        r = console_allocate(c);
    if (r == 0)
        r = virtq_start(&c->rx, &c->device, VIRTIO_CONSOLE_RX, RX_BUFFERS);
    if (r == 0)
        r = virtq_start(&c->tx, &c->device, VIRTIO_CONSOLE_TX, 1);
    if (r < 0)
        return r;
    c->left = 0;
    c->sending = 0;
    virtio_ready(&c->device);
    // 3.1.1: the driver may give buffers before DRIVER_OK, but must not notify; so it does both
    // after.
    for (uint32_t i = 0; i < c->rx.size; i++)
        give(c, i);
    virtq_interrupts(&c->rx, 1);
    virtq_kick(&c->rx);
    chardev_add(FILE_HVC, &hvc);
    return 0;
}

static void console_event(void)
{
    virtio_event(&console.device);
}

// Before a fork (abi/pv.h): the device must have nothing of ours under way, or the child would wait
// for an answer that only the parent gets. Buffers for input may stay with it.
static void console_settle(void)
{
    if (console.sending && virtq_wait(&console.tx) == 0)
        sent(&console);
}

const struct driver ramet_driver_console = {
    .type = VIRTIO_ID_CONSOLE,
    .kind = FILE_HVC,
    .files = &chardev_ops,
    .attach = console_attach,
    .event = console_event,
    .settle = console_settle,
};
