// SPDX-License-Identifier: BSD-2-Clause
// The table of drivers that this program was linked with, and what the kernel asks of all of them.
//
// Neighbours: driver.h (what a driver is), dev.c (device numbers), events_handle() in upcall.c,
// forktable.c, drivers/virtio (the drivers).

#include "kernel/dev/driver.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/arch.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/random.h"

// How long boot waits for the entropy device: the host's seed is there already.
#define SEED_WAIT_NS UINT64_C(100000000)

// Set by the linker script. Weak: a program without drivers has no such section, nor have most unit
// tests.
extern const struct driver *const __start_drivers[] __attribute__((weak));
extern const struct driver *const __stop_drivers[] __attribute__((weak));

static const struct file_ops no_ops = {0};

// Whether any device has been used: until then nobody asks the drivers, whose memory is cold, and a
// fork does not touch it.
static int used;

// As numbers: to C the two are different arrays.
static uint32_t ndrivers(void)
{
    return (uint32_t)(((uintptr_t)__stop_drivers - (uintptr_t)__start_drivers) /
                      sizeof __start_drivers[0]);
}

// The unit-th of its type, in the order in which the host found them.
const struct pv_device *device_find(uint32_t type, uint32_t unit)
{
    for (uint32_t i = 0; i < boot_info->ndevices && i < PV_MAX_DEVICES; i++)
        if (boot_info->devices[i].type == type && unit-- == 0)
            return &boot_info->devices[i];
    return NULL;
}

const struct driver *driver_of(enum file_kind kind)
{
    for (uint32_t i = 0; i < ndrivers(); i++)
        if (__start_drivers[i]->kind == kind)
            return __start_drivers[i];
    return NULL;
}

const struct file_ops *driver_file_ops(enum file_kind kind)
{
    const struct driver *d = driver_of(kind);
    return d ? d->files : &no_ops;
}

// Starts the device if it is not started yet. -ENXIO: the program has no driver, or the machine no
// such device.
int driver_open(enum file_kind kind, uint32_t unit)
{
    const struct driver *d = driver_of(kind);
    if (!d || !device_find(d->type, unit))
        return -ENXIO;
    used = 1;
    return d->attach(unit);
}

void drivers_event(void)
{
    // All of them: the event does not say which device it was, and each looks at its own cheaply.
    for (uint32_t i = 0; used && i < ndrivers(); i++)
        __start_drivers[i]->event();
}

int drivers_fork_prepare(struct proc *child)
{
    (void)child;
    for (uint32_t i = 0; used && i < ndrivers(); i++)
        // The clone finds its devices as they are now (abi/pv.h): with nothing under way that only
        // one of the two would be told of.
        __start_drivers[i]->settle();
    return 0; // a device that does not finish has failed by now: no reason not to fork
}

// All of them, whatever the first says; the last error is the result.
int drivers_sync(void)
{
    int r = 0;
    for (uint32_t i = 0; i < ndrivers(); i++) {
        int one = __start_drivers[i]->sync ? __start_drivers[i]->sync() : 0;
        r = one < 0 ? one : r;
    }
    return r;
}

// Mixed into the host's seed and not in its place: a device that lies takes nothing from it.
void drivers_seed_random(void)
{
    const struct driver *d = driver_of(FILE_HWRNG);
    struct file f = {.kind = FILE_HWRNG, .flags = O_NONBLOCK};
    uint8_t seed[RANDOM_SEED];
    uint64_t end = pv_mono_ns() + SEED_WAIT_NS;
    uint32_t got = 0;
    if (driver_open(FILE_HWRNG, 0) < 0)
        return;
    // Polled, at most a tenth of a second: at boot there is nobody else to run, and no signal to
    // wake us.
    while (got < sizeof seed && pv_mono_ns() < end) {
        long n = d->files->read(&f, seed + got, sizeof seed - got);
        if (n > 0)
            got += (uint32_t)n;
        else if (n != -EAGAIN)
            break;
        arch_pause();
    }
    memset(seed + got, 0, sizeof seed - got); // fewer are better than none
    random_mix(seed);
}
