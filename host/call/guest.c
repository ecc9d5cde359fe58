// SPDX-License-Identifier: BSD-2-Clause
// Checked access to guest memory; the one door between guest addresses and host pointers.

#include "host/call/guest.h"

#include <errno.h>
#include <string.h>

#include "abi/pv.h"

// In a form in which no sum can wrap.
static int inside(uint64_t addr, uint64_t len, uint64_t start, uint64_t size)
{
    return addr >= start && addr - start <= size && len <= size - (addr - start);
}

// NULL unless all of it lies in one of AREAS. What it points to can change at any time, by another
// member or the guest itself: whoever looks twice must copy first.
void *guest_ptr(const struct guest_memory *mem, struct gaddr addr, uint64_t len, unsigned areas)
{
    if ((areas & GUEST_RAM) && inside(addr.v, len, PV_RAM_VA, mem->ram_size - PV_RAM_VA))
        return mem->ram + addr.v;
    if ((areas & GUEST_WINDOW) && inside(addr.v, len, PV_WINDOW_VA, mem->window_size))
        return mem->window + (addr.v - PV_WINDOW_VA);
    if ((areas & GUEST_IMAGE) && inside(addr.v, len, PV_IMAGE_VA, mem->image_size))
        return mem->image + (addr.v - PV_IMAGE_VA);
    return NULL;
}

int guest_read(const struct guest_memory *mem, struct gaddr from, void *to, size_t len)
{
    const void *p = guest_ptr(mem, from, len, GUEST_RAM | GUEST_WINDOW);
    if (!p)
        return -EFAULT;
    memcpy(to, p, len);
    return 0;
}

// RAM only: what the window holds is the family's, and no call has a reason to put its answer
// there.
int guest_write(const struct guest_memory *mem, struct gaddr to, const void *from, size_t len)
{
    void *p = guest_ptr(mem, to, len, GUEST_RAM);
    if (!p)
        return -EFAULT;
    memcpy(p, from, len);
    return 0;
}
