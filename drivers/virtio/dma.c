// SPDX-License-Identifier: BSD-2-Clause
// Memory that devices reach: PV_DMA_VA, given out from its beginning and never taken back.
//
// A clone has its own copy, with its devices' views of it (abi/pv.h). A new program gets it zeroed.

#include "drivers/virtio/virtio.h"
#include "kernel/arch.h"
#include "kernel/pv.h"

static uint32_t used COLD("dma_used");
static void *block_buffer COLD("dma_block_buffer");

// `used` and the size are both below PV_DMA_SIZE, so the sum does not wrap.
void *dma_alloc(uint32_t bytes, uint32_t align)
{
    uint32_t at = (used + align - 1) & ~(align - 1);
    if (bytes > PV_DMA_SIZE || at > PV_DMA_SIZE - bytes)
        return NULL;
    used = at + bytes;
    return (void *)(uintptr_t)(PV_DMA_VA + at);
}

uint64_t dma_phys(const void *p)
{
    return boot_info->dma_phys + ((uintptr_t)p - PV_DMA_VA);
}

void *dma_block_buffer(void)
{
    // Page-aligned: what it is copied to and from usually is.
    if (!block_buffer)
        block_buffer = dma_alloc(DMA_BLOCK_BUFFER, 4096);
    return block_buffer;
}
