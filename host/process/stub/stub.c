// SPDX-License-Identifier: BSD-2-Clause
// The stub: the first member's first instructions, and what each call is.

#include <linux/close_range.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>

#include "host/process/stub/offsets.h"
#include "host/process/stub/stub.h"

_Static_assert(SHARED_MASKED == PV_SHARED_VA + offsetof(struct pv_shared, masked), "offsets.h");
_Static_assert(SHARED_PENDING == PV_SHARED_VA + offsetof(struct pv_shared, pending), "offsets.h");
_Static_assert(SHARED_ENTRY == PV_SHARED_VA + offsetof(struct pv_shared, upcall_entry),
               "offsets.h");
_Static_assert(BOOT_INFO == PV_BOOT_INFO_VA, "offsets.h");
_Static_assert(STUB_STACK_TOP == STUB_STACK_VA + STUB_STACK_SIZE, "offsets.h");
_Static_assert(SYS_FUTEX == SYS_futex && SYS_RT_SIGRETURN == SYS_rt_sigreturn, "offsets.h");
_Static_assert(sizeof(struct pv_shared) <= STUB_DATA_VA - PV_SHARED_VA &&
                   sizeof(struct stub_state) <= STUB_DATA_SIZE,
               "one page for both");

#define USER_END UINT64_C(0x7ffffffff000)

static int64_t act(uint32_t nr, const union pv_call_args *a)
{
    switch (nr) {
    case PV_CALL_EXIT:
        return stub_exit(&a->exit);
    case PV_CALL_WAIT:
        return stub_wait(&a->wait);
    case PV_CALL_KICK:
        return stub_kick(&a->kick);
    case PV_CALL_SET_TIMER:
        return stub_set_timer(&a->set_timer);
    case PV_CALL_CONSOLE:
        return stub_console(&a->console);
    case PV_CALL_FORK:
        return stub_fork(&a->fork);
    case PV_CALL_EXEC:
        return stub_exec(&a->exec);
    case PV_CALL_SPAWN:
        return stub_spawn(&a->exec);
    case PV_CALL_KILL:
        return slot_valid(a->kill.slot) ? note(STUB_KILL, a->kill.slot, 0) : -ESRCH;
    case PV_CALL_RELEASE:
        return stub_release(&a->release);
    case PV_CALL_PROTECT:
        return stub_protect(&a->protect);
    case PV_CALL_SET_TP:
        return stub_set_tp(&a->set_tp);
    case PV_CALL_NOTIFY:
        return stub_notify(&a->notify);
    default:
        return -ENOSYS;
    }
}

// From entry.S, with what stub_saving there wants to know. The struct is copied in once; what is
// acted on is the copy.
uint32_t stub_dispatch(uint64_t at)
{
    union pv_call_args args;
    uint32_t nr = 0;
    int64_t r = -ENOSYS;
    if (STATE->saving == SAVE_BEFORE)
        leave(note(STUB_SAVE, 0, 0) < 0 ? STUB_DIED + SIGABRT : 0);
    // A call whose number and answer have no place in the member's own memory is ignored: there is
    // nowhere to tell of an error, and the window is not the caller's alone.
    if (!range_in(at, sizeof(struct pv_call), RAM) || copy_in(&nr, at, sizeof nr, RAM) < 0)
        return SAVE_NOT;
    if (nr > 0 && nr < PV_CALL_NR_END) {
        r = copy_in(&args, at, pv_call_size[nr], RAM);
        if (r == 0)
            r = act(nr, &args);
    }
    at += offsetof(struct pv_call, ret);
    if (range_in(at, sizeof r, RAM))
        stub_copy((void *)at, &r, sizeof r);
    return STATE->saving;
}

// Everything the host's program had goes: below, between and above what is the member's.
static int vacate(void)
{
    const struct pv_boot_info *b = BOOT_PAGE;
    const uint64_t gaps[][2] = {
        {PAGE, STUB_TEXT_VA},
        {STUB_END, PV_CALL_VA},
        {PV_BOOT_INFO_VA + PAGE, PV_DMA_VA},
        {PV_DMA_VA + (STATE->ndisks ? PV_DMA_SIZE : 0), STUB_SCRATCH_VA},
        {STUB_SCRATCH_VA + STUB_SCRATCH_SIZE, PV_IMAGE_VA},
        {PV_IMAGE_VA + ((b->image_size + PAGE - 1) & ~(PAGE - 1)), PV_WINDOW_VA},
        {PV_WINDOW_VA + b->window_size, USER_END},
    };
    for (unsigned i = 0; i < sizeof gaps / sizeof gaps[0]; i++)
        if (sys2(SYS_munmap, gaps[i][0], gaps[i][1] - gaps[i][0]) < 0)
            return -1;
    return 0;
}

// The lower of `next` and a descriptor that is kept, if that is not below `fd`. -1 is none.
static uint32_t nearer(uint32_t next, int kept, uint32_t fd)
{
    return (uint32_t)kept >= fd && (uint32_t)kept < next ? (uint32_t)kept : next;
}

// The lowest descriptor from `fd` on that a member keeps, stdio aside.
static uint32_t next_kept(uint32_t fd)
{
    uint32_t next = nearer(UINT32_MAX, STATE->image_fd, fd);
    next = nearer(next, STATE->text_fd, fd);
    for (uint32_t i = 0; i < STATE->ndisks; i++)
        next = nearer(next, STATE->disks[i].fd, fd);
    return next;
}

// All others are closed, in a table of the member's own: the supervisor's has them still.
static int keep_descriptors(void)
{
    uint32_t kept = 2;
    while (kept != UINT32_MAX) {
        const uint32_t from = kept + 1;
        kept = next_kept(from);
        const uint32_t last = kept == UINT32_MAX ? kept : kept - 1;
        if (kept != from && sys3(SYS_close_range, from, last, CLOSE_RANGE_UNSHARE) < 0)
            return -1;
    }
    return 0;
}

// Confines itself, for ever and with all that come after, and hands the notifications over: the
// table of descriptors is the supervisor's too until it is unshared.
static int confine(void)
{
    struct stub_hello *hello = (struct stub_hello *)STUB_HELLO_VA;
    long fd = sys3(SYS_seccomp, SECCOMP_SET_MODE_FILTER, STUB_FILTER_FLAGS, STUB_FILTER_VA);
    if (fd < 0) {
        hello->refused = (uint32_t)-fd;
        return -1;
    }
    __atomic_store_n(&hello->listener, (uint32_t)fd + 1, __ATOMIC_SEQ_CST);
    sys3(SYS_futex, (uintptr_t)&hello->listener, FUTEX_WAKE, 1);
    return keep_descriptors();
}

// From entry.S, on the stub's stack, with all signals blocked.
void stub_first(void)
{
    const int resumes = (STATE->flags & STUB_RESUMES) != 0;
    if (vacate() < 0 || (resumes && load_steps() < 0) || confine() < 0)
        leave(STUB_DIED + SIGKILL);
    if (resumes)
        resume_program();
    if (load_plan(&STATE->start) < 0 || note(STUB_REPORT, STATE->slot, STATE->start.program) < 0)
        leave(STUB_DIED + SIGKILL);
    sys2(SYS_munmap, STUB_ONCE_VA, STUB_ONCE_SIZE);
    start_program();
}
