// SPDX-License-Identifier: BSD-2-Clause
// Between the VM and its virtio devices: where they are, and what the guest's accesses reach.
//
// Each device has a page of registers at PV_DEVICES_VA. RAM's memory slot lies there, so the page
// tables lead it to PLATFORM_DEVICES_GPA instead, where KVM knows of no memory: each access is an
// exit. A queue is notified by a call. Neighbours: platform.c (page tables), monitor.c (exits),
// mmio.c.

#include "host/virtio/devices.h"

#include <errno.h>
#include <string.h>

#include "abi/x86.h"
#include "host/virtio/disk.h"
#include "host/kvm/monitor.h"
#include "host/kvm/platform.h"

// As after power-on: a new program finds no queue set up, and none of its memory is referred to.
void devices_reset(struct monitor *m)
{
    const struct family *f = m->member.family;
    for (uint32_t i = 0; i < f->ndisks; i++)
        m->devices[i] = (struct virtio_mmio){
            .class = &virtio_blk,
            .device = &f->disks[i],
            .dma_phys = PV_DMA_VA,
            .dma_size = PV_DMA_SIZE,
            .dma = m->vm.mem.ram + PV_DMA_VA,
        };
}

void devices_describe(const struct family *f, struct pv_boot_info *b)
{
    if (!f->ndisks)
        return;
    b->dma_phys = PV_DMA_VA;
    b->ndevices = f->ndisks;
    for (uint32_t i = 0; i < f->ndisks; i++)
        b->devices[i] = (struct pv_device){.type = VIRTIO_ID_BLOCK,
                                           .transport = PV_TRANSPORT_MMIO,
                                           .regs = {PV_DEVICES_VA + i * X86_PAGE}};
}

// 1 if the access was a device's. What it reads elsewhere in the hole is not ours to answer: 0, and
// the monitor takes it for a fault of the guest's.
int devices_access(struct monitor *m)
{
    struct kvm_run *run = m->vm.run;
    uint64_t off = run->mmio.phys_addr - PLATFORM_DEVICES_GPA, value = 0;
    uint32_t len = run->mmio.len;
    if (off >= m->member.family->ndisks * X86_PAGE || len > sizeof value)
        return 0;
    struct virtio_mmio *v = &m->devices[off / X86_PAGE];
    m->member.accesses++;
    if (!run->mmio.is_write) {
        value = virtio_mmio_read(v, off % X86_PAGE, len);
        memcpy(run->mmio.data, &value, len);
        return 1;
    }
    memcpy(&value, run->mmio.data, len);
    virtio_mmio_write(v, off % X86_PAGE, len, value);
    return 1;
}

// The requests are served here and now, in the member's own process, before the call returns.
int devices_notify(struct monitor *m, uint32_t device, uint32_t queue)
{
    if (device >= m->member.family->ndisks)
        return -ENODEV;
    if (queue != 0) // all our devices have one
        return -EINVAL;
    if (virtio_mmio_notify(&m->devices[device])) {
        // The call ends with the next KVM_RUN, which then comes back at once to deliver it.
        atomic_fetch_or(&member_slot(&m->member)->events, PV_EVENT_DEVICE);
        m->vm.run->immediate_exit = 1;
    }
    return 0;
}
