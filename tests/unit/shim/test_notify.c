// SPDX-License-Identifier: BSD-2-Clause
// test_notify.c: PV_CALL_NOTIFY stores where a PCI device says that it wants to be told of a queue,
// and nowhere else (virtio 1.2, 4.1.4.4). Links arch/x86_64/shim/device/notify.c and what finds PCI
// devices.
#include "arch/x86_64/shim/device/notify.h"
#include "abi/pv.h"
#include "arch/x86_64/shim/device/pci.h"
#include "tests/unit/lib/fake_pci.h"

static struct pv_device found[PV_MAX_DEVICES];
static uint16_t queues, notify_off; // what the device says

static uint32_t device_in(uint64_t pa, int width)
{
    if (pa == BAR4 + 18 && width == 2)
        return queues;
    return pa == BAR4 + 30 && width == 2 ? notify_off : mmio_in(pa, width);
}

static int64_t notify(uint32_t device, uint32_t queue)
{
    const struct pv_notify c = {.device = device, .queue = queue};
    return notify_queue(found, 1, &c);
}

static void test_notify(void)
{
    const int einval = 22, enodev = 19;
    add_virtio(0, 4, 0, BAR4, BAR1);
    start(true);
    machine.mmio_read = device_in;
    CHECK_EQ(pci_find_virtio(found, PV_MAX_DEVICES), 1);
    queues = PV_MAX_QUEUES + 10;
    notify_off = 5;
    CHECK_EQ(notify(0, 1), 0);
    CHECK_EQ(written(BAR4 + 22), 1); // selected
    CHECK_EQ(written(BAR4 + 0x3000 + 20), 1);
    CHECK_EQ(writes[nwrites - 1].width, 2); // 4.1.5.2
    notify_off = 0x3ff;
    CHECK_EQ(notify(0, 2), 0);
    CHECK_EQ(written(BAR4 + 0x3ffc), 2);
    // Beyond what is mapped; a device that thinks better of it is asked again.
    const uint16_t beyond[] = {0x400, 0x401, 0x7fff, 0xffff};
    for (unsigned i = 0; i < 4; i++) {
        notify_off = beyond[i];
        CHECK_EQ(notify(0, 3), -einval);
    }
    notify_off = 0;
    CHECK_EQ(notify(0, 3), 0);
    CHECK_EQ(written(BAR4 + 0x3000), 3);
    CHECK_EQ(notify(0, PV_MAX_QUEUES), -einval);
    queues = 4;
    CHECK_EQ(notify(0, 4), -einval);
    CHECK_EQ(notify(0, UINT32_MAX), -einval);
    CHECK_EQ(notify(1, 0), -enodev);
    CHECK_EQ(notify(UINT32_MAX, 0), -enodev);
    unsigned before = nwrites;
    CHECK_EQ(notify(0, 1), 0); // what is known is not asked again
    CHECK_EQ(nwrites, before + 1);
}

int main(void)
{
    RUN_MACHINE(test_notify);
    return check_done("notify");
}
