// SPDX-License-Identifier: BSD-2-Clause
// Calls that the companion answers: the argument struct goes into the shared page, a byte to its
// port, and the processor sleeps until the answer is there. See abi/companion.h.

#include "arch/x86_64/shim/companion.h"

#include "abi/window.h"
#include "abi/x86.h"
#include "arch/x86_64/shim/boot/cmdline.h"
#include "arch/x86_64/shim/errno.h"
#include "arch/x86_64/shim/io.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/boot/load.h"
#include "arch/x86_64/shim/mem/phys.h"
#include "arch/x86_64/shim/mem/regions.h"
#include "arch/x86_64/shim/time/timer.h"
#include "arch/x86_64/shim/trap.h"

static struct companion_page *page; // NULL: none
static uint64_t page_phys;

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Hexadecimal without a prefix, with a comma between the numbers. Written by host/qemu/argv.c.
static const char *parse_hex(const char *s, uint64_t *value)
{
    *value = 0;
    for (; hex_digit(*s) >= 0; s++)
        *value = *value << 4 | (uint64_t)hex_digit(*s);
    return *s == ',' ? s + 1 : s;
}

// Three numbers of host/qemu/argv.c: they are trusted as the machine itself is, and checked only
// for a QEMU that was started by hand.
int companion_find(const char *cmdline, struct companion_memory *m)
{
    char buf[80];
    const char *s = cmdline_option(cmdline, COMPANION_OPTION, buf, sizeof buf);
    if (!s)
        return 0;
    s = parse_hex(s, &m->ram);
    s = parse_hex(s, &m->window_size);
    parse_hex(s, &m->image_size);
    // Of the image only the place is used here; image_init() looks at what is in it.
    if (m->ram % X86_PAGE_2M || m->window_size % X86_PAGE_2M || m->window_size < WINDOW_MIN_SIZE)
        shim_panic("%s does not describe a companion's memory", COMPANION_OPTION);
    return 1;
}

int companion_here(void)
{
    return page != NULL;
}

// The clock never goes backwards, and is not behind what the companion has last told: who sleeps
// until a time finds it passed when woken.
void companion_catch_up(void)
{
    struct pv_boot_info *b = load_boot_info();
    uint64_t told = *(volatile uint64_t *)&page->now_ns, now = timer_now();
    if (told <= now)
        return;
    // The program may be in the middle of its sum: each of these alone keeps it right.
    b->mono_base_ns += told - now;
    b->wall_base_ns += told - now;
}

// Acquire: the answer's words are read after its number. Only this VM changes `asked`.
static int answered(void)
{
    return __atomic_load_n(&page->answered, __ATOMIC_ACQUIRE) == page->asked;
}

// Each answer comes with an interrupt: none is missed between the look and the sleep (entry.S).
// Nothing else runs meanwhile: ring 3 stands in its call, interrupts only set bits.
static void wait_answer(void)
{
    const int waits = ((const struct pv_call *)page->call)->nr == PV_CALL_WAIT;
    int told = 0;
    while (!answered()) {
        // A device's interrupt ends a WAIT, of which only we know.
        if (waits && !told && __atomic_load_n(&trap_shared()->pending, __ATOMIC_SEQ_CST)) {
            // Once only. The monitor answers the WAIT because of it, with an interrupt of its own.
            outb(COMPANION_PORT, 1);
            told = 1;
        }
        idle();
    }
    companion_catch_up();
}

void companion_hello(struct companion_page *at, uint64_t pa)
{
    page = at;
    page_phys = pa;
    // The first request of all is for a program. The address of the page is told byte by byte
    // through the port; the monitor knows when it has all eight.
    page->asked = 1;
    for (unsigned i = 0; i < 8; i++)
        outb(COMPANION_PORT, (uint8_t)(pa >> 8 * i));
}

const struct companion_start *companion_wait_start(void)
{
    wait_answer();
    const struct companion_start *start = (const struct companion_start *)page->data;
    struct pv_boot_info *b = load_boot_info();
    b->slot = start->boot.slot;
    b->first = start->boot.first;
    b->tsc_mult = start->boot.tsc_mult;
    b->wall_base_ns = start->boot.wall_base_ns;
    // `now_ns` was stored just before the answer, so the two clocks are read within the time of one
    // interrupt. In a copy of the template the counter's value is the template's, which is why both
    // bases are set here, not at boot.
    b->mono_base_ns = page->now_ns;
    b->tsc_base = rdtsc();
    b->cpus = start->boot.cpus;
    b->spin = start->boot.spin;
    b->flags = start->boot.flags;
    memcpy(b->stdio, start->boot.stdio, sizeof b->stdio);
    memcpy(b->seed, start->boot.seed, sizeof b->seed);
    memcpy(b->hostname, start->boot.hostname, sizeof b->hostname);
    return start;
}

// SIZE is the struct's own, from pv_call_size[]. In a clone this returns from the parent's call,
// with the clone's answer.
int64_t companion_call(const struct pv_call *call, uint32_t size)
{
    // Release: the companion sees the struct when it sees the new number. The byte to the port only
    // wakes it.
    memcpy(page->call, call, size);
    __atomic_store_n(&page->asked, page->asked + 1, __ATOMIC_RELEASE);
    outb(COMPANION_PORT, 1);
    wait_answer();
    return ((const struct pv_call *)page->call)->ret;
}

// At most what fits into the page: fewer bytes than asked for are a short read or write, which the
// caller expects.
int64_t companion_console(const struct pv_console *c)
{
    struct pv_console call = *c;
    call.len = min_u64(c->len, sizeof page->data);
    call.buf = page_phys + offsetof(struct companion_page, data);
    if (!regions_allow(c->buf, call.len, !c->write))
        return -EFAULT;
    if (c->write)
        memcpy(page->data, (const void *)c->buf, call.len);
    int64_t r = companion_call(&call.call, sizeof call);
    if (!c->write && r > 0)
        memcpy((void *)c->buf, page->data, min_u64((uint64_t)r, call.len));
    return r;
}

// Checked here although the new VM's shim will check as well: there an error would have nobody to
// go to.
int64_t companion_spawn(const struct pv_exec *c)
{
    struct pv_exec call = *c;
    struct load_args args = {(const char *)page->data, c->len, c->argc, c->envc, NULL};
    if (c->len > PV_ARG_MAX)
        return -E2BIG;
    if (!regions_allow(c->strings, c->len, 0))
        return -EFAULT;
    memcpy(page->data, (const void *)c->strings, c->len);
    int64_t r = load_check(c->program, &args);
    if (r < 0)
        return r;
    call.strings = page_phys + offsetof(struct companion_page, data);
    return companion_call(&call.call, sizeof call);
}

int64_t companion_fork(const struct pv_fork *c)
{
    struct pv_fork call = *c;
    if (c->nhot > PV_MAX_HOT)
        return -EINVAL;
    if (!regions_allow(c->hot, c->nhot * sizeof(struct pv_range), 0))
        return -EFAULT;
    // `hot` is a guest-virtual address, which would mean nothing to the companion.
    call.nhot = 0; // the companion copies what is there, hot or not
    int64_t r = companion_call(&call.call, sizeof call);
    if (r == 1) { // the clone; so says the contract
        fpu_reset();
        wrmsr(MSR_FS_BASE, 0);
        wrmsr(MSR_GS_BASE, 0);
    }
    return r;
}

// For ever: the companion ends this VM instead of answering.
void companion_end(uint32_t status)
{
    struct pv_exit call = {.call.nr = PV_CALL_EXIT, .status = status | COMPANION_DIED};
    for (;;)
        companion_call(&call.call, sizeof call);
}
