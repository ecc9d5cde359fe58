// SPDX-License-Identifier: BSD-2-Clause
// Paravirtual calls, one wrapper each, and time as boot_info gives it. The interface is abi/pv.h.

#include "kernel/pv.h"
#include "kernel/arch.h"
#include "kernel/window/window.h"

const struct pv_boot_info *boot_info;
struct pv_shared *pv_shared;

uint64_t pv_mono_ns(void)
{
    // 64 x 64 -> 128 bits: the product of a day's cycles and the multiplier does not fit in 64.
    unsigned __int128 ns =
        (unsigned __int128)(arch_cycles() - boot_info->tsc_base) * boot_info->tsc_mult;
    return (uint64_t)(ns >> 32) + boot_info->mono_base_ns;
}

uint64_t pv_wall_ns(void)
{
    return pv_mono_ns() - boot_info->mono_base_ns + boot_info->wall_base_ns;
}

void pv_exit(uint32_t status, const void *publish, uint32_t value, uint32_t kick_slot,
             int interrupt)
{
    struct pv_exit call = {
        .call.nr = PV_CALL_EXIT,
        .status = status,
        .publish = {.offset = publish ? (uint64_t)((const uint8_t *)publish - window_base) : 0,
                    .value = value,
                    .kick_slot = kick_slot,
                    .interrupt = (uint32_t)interrupt},
    };
    // It comes back only if the host refuses the arguments, which are ours: nothing better can be
    // done than to insist.
    for (;;)
        arch_call(&call.call);
}

int64_t pv_wait(uint32_t bell, uint64_t deadline, uint32_t ready)
{
    struct pv_wait call = {
        .call.nr = PV_CALL_WAIT, .bell = bell, .deadline = deadline, .ready = ready};
    return arch_call(&call.call);
}

int64_t pv_kick(uint32_t slot, uint32_t flags)
{
    struct pv_kick call = {.call.nr = PV_CALL_KICK, .slot = slot, .flags = flags};
    return arch_call(&call.call);
}

int64_t pv_set_timer(uint64_t deadline)
{
    struct pv_set_timer call = {.call.nr = PV_CALL_SET_TIMER, .deadline = deadline};
    return arch_call(&call.call);
}

int64_t pv_console(uint32_t fd, int write, const void *buf, uint64_t len)
{
    struct pv_console call = {.call.nr = PV_CALL_CONSOLE,
                              .fd = fd,
                              .write = (uint32_t)write,
                              .buf = (uintptr_t)buf,
                              .len = len};
    return arch_call(&call.call);
}

int64_t pv_fork(uint32_t slot, const struct pv_range *hot, uint32_t nhot)
{
    struct pv_fork call = {
        .call.nr = PV_CALL_FORK, .slot = slot, .hot = (uintptr_t)hot, .nhot = nhot};
    return arch_fork(&call);
}

int64_t pv_exec(struct pv_exec *call)
{
    call->call.nr = PV_CALL_EXEC;
    return arch_call(&call->call);
}

int64_t pv_spawn(struct pv_exec *call)
{
    call->call.nr = PV_CALL_SPAWN;
    return arch_call(&call->call);
}

int64_t pv_kill(uint32_t slot)
{
    struct pv_kill call = {.call.nr = PV_CALL_KILL, .slot = slot};
    return arch_call(&call.call);
}

int64_t pv_release(void *addr, uint64_t len)
{
    struct pv_release call = {.call.nr = PV_CALL_RELEASE, .addr = (uintptr_t)addr, .len = len};
    return arch_call(&call.call);
}

int64_t pv_protect(void *addr, uint64_t len, uint32_t rights)
{
    struct pv_protect call = {
        .call.nr = PV_CALL_PROTECT, .addr = (uintptr_t)addr, .len = len, .rights = rights};
    return arch_call(&call.call);
}

int64_t pv_notify(uint32_t device, uint32_t queue)
{
    struct pv_notify call = {.call.nr = PV_CALL_NOTIFY, .device = device, .queue = queue};
    return arch_call(&call.call);
}
