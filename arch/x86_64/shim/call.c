// SPDX-License-Identifier: BSD-2-Clause
// Paravirtual calls (abi/pv.h), as the monitor's host/call/call.c: the argument struct is copied in
// once, and only `ret` goes back. What concerns other VMs is the companion's to do, if there is
// one.

#include "arch/x86_64/shim/call.h"

#include "abi/window.h"
#include "abi/pv_call.h"
#include "abi/x86.h"
#include "arch/x86_64/shim/companion.h"
#include "arch/x86_64/shim/console.h"
#include "arch/x86_64/shim/boot/entropy.h"
#include "arch/x86_64/shim/errno.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/boot/load.h"
#include "arch/x86_64/shim/boot/program_file.h"
#include "arch/x86_64/shim/mem/phys.h"
#include "arch/x86_64/shim/device/notify.h"
#include "arch/x86_64/shim/device/power.h"
#include "arch/x86_64/shim/io.h"
#include "arch/x86_64/shim/mem/regions.h"
#include "arch/x86_64/shim/serial.h"
#include "arch/x86_64/shim/time/timer.h"

#define REPLACED INT64_MAX // another program runs now: nothing is written back

extern const uint8_t call_by_syscall[], call_by_ud2[], call_code_end[]; // entry.S

// PV_ARG_MAX bytes, in which the strings of EXEC and SPAWN survive the program they come from.
static char *scratch;

void call_init(char *buffer)
{
    scratch = buffer;
}

// Through ring 0's own mapping: ring 3's is read-only and executable.
static void fill_page(const uint8_t *code, size_t size)
{
    memcpy(phys(PV_CALL_VA), code, size);
}

void call_page_init(void)
{
    memset(phys(PV_CALL_VA), 0, X86_PAGE);
    fill_page(call_by_syscall, (size_t)(call_by_ud2 - call_by_syscall));
}

void call_page_use_ud2(void)
{
    fill_page(call_by_ud2, (size_t)(call_code_end - call_by_ud2));
}

// Advances over the UD2, whose exception is a fault: RIP still points to it.
int call_is_ud2(struct frame *f)
{
    const uint64_t length = 2;
    if (f->rip != PV_CALL_VA)
        return 0;
    f->rip += length;
    return 1;
}

static uint32_t own_slot(void)
{
    return load_boot_info()->slot;
}

// Status as wait() reports it: the low seven bits are a signal, the next byte is what the program
// returned.
void call_end(uint32_t status)
{
    if (companion_here())
        companion_end(status);
    if (status & 0x7f)
        shim_print("killed by signal %u", status & 0x7f);
    else if (status)
        shim_print("exit status %u", status >> 8 & 0xff);
    serial_flush();
    power_exit(status);
}

// FORK and SPAWN with nobody who could make another VM.
// Said once: a program that tries again and again must not fill the screen.
static int64_t alone(void)
{
    static int told;
    if (!told++)
        shim_print("one VM alone cannot fork: start the image with 'ramet run'");
    return -ENOSYS;
}

// Alone, nobody looks at what is published; what cannot be is an error all the same.
static int64_t call_exit(const struct pv_exit *c)
{
    const struct pv_publish *p = &c->publish;
    if (p->offset % 4 || p->offset > load_boot_info()->window_size - 4 || p->kick_slot > own_slot())
        return -EINVAL;
    call_end(c->status);
}

// Where init_window() has put it (main.c): ring 3 can write the header, and with it doors_off.
static const uint32_t *own_bell(void)
{
    const struct window_door *doors =
        (const struct window_door *)(PV_WINDOW_VA + sizeof(struct window_header));
    return &doors[own_slot()].bell;
}

// Returns which of the streams are ready, and 0 for any other reason to wake up. Input is not
// waited for here: it comes with an event (console.c).
static int64_t call_wait(const struct pv_wait *c)
{
    // Nobody else rings the bell: it differs now or never. Output is always ready.
    const uint32_t *bell = own_bell();
    while (__atomic_load_n(bell, __ATOMIC_SEQ_CST) == c->bell &&
           !__atomic_load_n(&trap_shared()->pending, __ATOMIC_SEQ_CST) &&
           !(c->ready & (PV_WAIT_OUT | PV_WAIT_ERR)) && timer_now() < c->deadline)
        timer_sleep(c->deadline);
    return c->ready & (PV_WAIT_OUT | PV_WAIT_ERR);
}

// Without PV_KICK_INTERRUPT it wakes a sleeper, and the one VM there is does not sleep now.
static int64_t call_kick(const struct pv_kick *c)
{
    if (c->slot != own_slot())
        return -ENOSYS;
    if (c->flags & PV_KICK_INTERRUPT)
        trap_post(PV_EVENT_KICK);
    return 0;
}

static int64_t call_kill(const struct pv_kill *c)
{
    const uint32_t sigkill = 9;
    if (c->slot != own_slot())
        return -ENOSYS;
    call_end(sigkill);
}

static void timer_off(void)
{
    const struct pv_set_timer off = {.call.nr = PV_CALL_SET_TIMER};
    if (companion_here())
        companion_call(&off.call, sizeof off);
    else
        timer_set(0);
}

// What EXEC and SPAWN are given, copied and checked. With a file the caller ends with
// program_file_drop(), unless this fails.
// By ring 3's own mappings, so a page not touched yet is made by the copy.
static int64_t take_exec(const struct pv_exec *c, struct load_args *args)
{
    int64_t r = 0;
    *args = (struct load_args){scratch, c->len, c->argc, c->envc, NULL};
    if (c->len > PV_ARG_MAX)
        return -E2BIG;
    if (!regions_allow(c->strings, c->len, 0))
        return -EFAULT;
    memcpy(scratch, (const void *)c->strings, c->len);
    if (c->program == PV_PROGRAM_FILE)
        r = program_file_take(c->file, c->file_len, &args->file);
    if (r == 0)
        r = load_check(c->program, args);
    if (r < 0)
        program_file_drop();
    return r;
}

// From here on there is no way back.
static void replace(struct frame *f, uint32_t program, const struct load_args *args)
{
    // The window is formatted.
    load_boot_info()->first = 0;
    load_program(program, args, f);
    program_file_drop();
}

static int64_t call_exec(struct frame *f, const struct pv_exec *c)
{
    struct load_args args;
    if (c->flags & ~PV_EXEC_CHECK)
        return -EINVAL;
    int64_t r = take_exec(c, &args);
    if (r < 0)
        return r;
    if (c->flags & PV_EXEC_CHECK) {
        program_file_drop();
        return 0;
    }
    // Only now, when nothing can fail any more: after a failed EXEC the old program goes on, and
    // its timer with it.
    timer_off();
    // The new program's random numbers are not those of the old one.
    entropy_seed(load_boot_info()->seed);
    replace(f, c->program, &args);
    return REPLACED;
}

// The companion knows the image's programs only: a clone of this VM loads the file.
// Taken before the FORK, so that every error is the caller's; both VMs then have the copy, and each
// drops its own.
static int64_t spawn_file(struct frame *f, const struct pv_exec *c)
{
    const struct pv_fork fork = {.call.nr = PV_CALL_FORK, .slot = c->slot};
    struct load_args args;
    int64_t r = take_exec(c, &args);
    if (r < 0)
        return r;
    r = companion_fork(&fork);
    if (r == 1) {
        replace(f, c->program, &args);
        return REPLACED;
    }
    program_file_drop();
    return r;
}

// A base that is not canonical would make WRMSR fault in ring 0.
static int64_t call_set_tp(const struct pv_set_tp *c)
{
    const uint64_t lower_half = UINT64_C(1) << 47; // SDM vol. 1, 3.3.7.1
    if (c->base >= lower_half)
        return -EINVAL;
    wrmsr(MSR_FS_BASE, c->base);
    return 0;
}

// In nanoseconds of timer_now(); 0 turns it off.
static int64_t call_set_timer(const struct pv_set_timer *c)
{
    timer_set(c->deadline);
    return 0;
}

// One VM, one slot: calls that name another slot fail with -ENOSYS, as FORK and SPAWN do.
static int64_t dispatch_alone(union pv_call_args *a)
{
    switch (a->call.nr) {
    case PV_CALL_EXIT:
        return call_exit(&a->exit);
    case PV_CALL_WAIT:
        return call_wait(&a->wait);
    case PV_CALL_KICK:
        return call_kick(&a->kick);
    case PV_CALL_SET_TIMER:
        return call_set_timer(&a->set_timer);
    case PV_CALL_CONSOLE:
        return console_call(&a->console);
    case PV_CALL_KILL:
        return call_kill(&a->kill);
    default:
        return alone();
    }
}

// What names buffers goes through the companion's page, the rest as it is.
static int64_t dispatch_companion(struct frame *f, union pv_call_args *a)
{
    switch (a->call.nr) {
    case PV_CALL_CONSOLE:
        return companion_console(&a->console);
    case PV_CALL_SPAWN:
        return a->exec.program == PV_PROGRAM_FILE ? spawn_file(f, &a->exec)
                                                  : companion_spawn(&a->exec);
    case PV_CALL_FORK:
        return companion_fork(&a->fork);
    default:
        return companion_call(&a->call, pv_call_size[a->call.nr]);
    }
}

// First what concerns this VM's own memory and registers: no companion can do that from outside.
static int64_t dispatch(struct frame *f, union pv_call_args *a)
{
    switch (a->call.nr) {
    case PV_CALL_EXEC:
        return call_exec(f, &a->exec);
    case PV_CALL_RELEASE:
        return regions_release(a->release.addr, a->release.len);
    case PV_CALL_PROTECT:
        return regions_protect(a->protect.addr, a->protect.len, a->protect.rights);
    case PV_CALL_SET_TP:
        return call_set_tp(&a->set_tp);
    case PV_CALL_NOTIFY:
        return notify_queue(load_boot_info()->devices, load_boot_info()->ndevices, &a->notify);
    default:
        return companion_here() ? dispatch_companion(f, a) : dispatch_alone(a);
    }
}

// F is the frame of the call: EXEC fills it anew, and the way out then leads into the new program.
void call_dispatch(struct frame *f)
{
    union pv_call_args args;
    const uint64_t addr = f->rdi;
    int64_t r = -ENOSYS;

    // A call whose number and answer have no place in the VM's own RAM is ignored: there is nowhere
    // to tell of an error, and the window is not the caller's alone. (RAM comes first of all.)
    if (addr > PV_IMAGE_VA - sizeof args.call || !regions_allow(addr, sizeof args.call, 0))
        return;
    // Read once. What follows works on the copy: memory that another VM shares may change under us.
    uint32_t nr = *(const volatile uint32_t *)addr;
    if (nr > 0 && nr < PV_CALL_NR_END) {
        r = -EFAULT;
        if (regions_allow(addr, pv_call_size[nr], 0)) {
            memcpy(&args, (const void *)addr, pv_call_size[nr]);
            args.call.nr = nr;
            r = dispatch(f, &args);
        }
    }
    // Checked again: RELEASE and PROTECT may have taken away the memory in which the struct lies.
    if (r != REPLACED && regions_allow(addr, sizeof(struct pv_call), 1))
        ((struct pv_call *)addr)->ret = r;
}
