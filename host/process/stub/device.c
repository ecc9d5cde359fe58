// SPDX-License-Identifier: BSD-2-Clause
// The devices of a picoprocess: the family's disks, behind the registers and the queue that a
// monitor has for them (host/virtio/mmio.c, blk.c).
//
// Nothing is mapped at PV_DEVICES_VA, so each access to a register is an exception, which is
// decoded and goes on behind the instruction. State is memory of the stub's, private as the guest's
// DMA memory is: a clone has both as they were. Neighbours: signal.c (exceptions), decode.c,
// disk.c (the disks' system calls).

#include <sys/mman.h>
#include <ucontext.h>

#include "host/process/stub/decode.h"
#include "host/process/stub/stub.h"

#define FAULT_WRITE 2u // of a page fault's error code (SDM vol. 3, 4.7)

// As after power-on: a new program finds no queue set up, and its DMA memory zeroed.
void devices_reset(void)
{
    if (!STATE->ndisks)
        return;
    sys3(SYS_madvise, PV_DMA_VA, PV_DMA_SIZE, MADV_DONTNEED);
    for (uint32_t i = 0; i < STATE->ndisks; i++)
        STATE->devices[i] = (struct virtio_mmio){
            .class = &virtio_blk,
            .device = &STATE->disks[i],
            .dma_phys = PV_DMA_VA,
            .dma_size = PV_DMA_SIZE,
            .dma = (uint8_t *)(uintptr_t)PV_DMA_VA,
        };
}

// --- registers ---

// As much of the instruction as can be read: what is behind it need not be there.
static unsigned fetch_code(uint64_t rip, uint8_t code[DECODE_MAX])
{
    const unsigned here = (unsigned)(PAGE - rip % PAGE);
    const unsigned first = here < DECODE_MAX ? here : DECODE_MAX;
    if (stub_copy(code, (const void *)rip, first) < 0)
        return 0;
    if (first < DECODE_MAX &&
        stub_copy(code + first, (const void *)(rip + first), DECODE_MAX - first) == 0)
        return DECODE_MAX;
    return first;
}

static greg_t *register_of(greg_t *g, unsigned number)
{
    static const uint8_t index[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                    REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                    REG_R12, REG_R13, REG_R14, REG_R15};
    return &g[index[number]];
}

static uint64_t low_bytes(unsigned n)
{
    return n < 8 ? (UINT64_C(1) << 8 * n) - 1 : UINT64_MAX;
}

static void load(greg_t *g, const struct decoded_move *m, uint64_t value)
{
    greg_t *reg = register_of(g, m->reg);
    const uint64_t changed = low_bytes(m->into) << m->shift;
    *reg = (greg_t)(((uint64_t)*reg & ~changed) | (value << m->shift & changed));
}

static uint64_t stored(greg_t *g, const struct decoded_move *m)
{
    const uint64_t value =
        m->reg == DECODE_CONSTANT ? m->value : (uint64_t)*register_of(g, m->reg) >> m->shift;
    return value & low_bytes(m->size);
}

int device_access(greg_t *g)
{
    const uint64_t off = (uint64_t)g[REG_CR2] - PV_DEVICES_VA;
    const int write = ((uint64_t)g[REG_ERR] & FAULT_WRITE) != 0;
    uint8_t code[DECODE_MAX];
    struct decoded_move m;
    if (g[REG_TRAPNO] != PAGE_FAULT || off >= STATE->ndisks * PAGE)
        return 0;
    // One that reads and writes, or reads elsewhere to write here, is none of ours.
    if (decode_move(code, fetch_code((uint64_t)g[REG_RIP], code), &m) < 0 || m.write != write)
        return 0;
    struct virtio_mmio *v = &STATE->devices[off / PAGE];
    if (write)
        virtio_mmio_write(v, (uint32_t)(off % PAGE), m.size, stored(g, &m));
    else
        load(g, &m, virtio_mmio_read(v, (uint32_t)(off % PAGE), m.size));
    g[REG_RIP] += m.length;
    return 1;
}

// --- the queue ---

// On the stub's stack: a request takes more than a signal handler's may have left.
static long serve_queue(void)
{
    return virtio_mmio_notify(&STATE->devices[STATE->notified]);
}

// The requests are carried out here and now, before the call returns.
int64_t stub_notify(const struct pv_notify *c)
{
    if (c->device >= STATE->ndisks)
        return -ENODEV;
    if (c->queue != 0) // all our devices have one
        return -EINVAL;
    STATE->notified = c->device;
    // Delivered on the way out of the call (entry.S).
    if (stub_call_on_stack(serve_queue))
        __atomic_fetch_or(&SHARED->pending, PV_EVENT_DEVICE, __ATOMIC_SEQ_CST);
    return 0;
}
