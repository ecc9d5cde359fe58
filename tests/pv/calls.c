// SPDX-License-Identifier: BSD-2-Clause
// Calls as such: registers, numbers, argument structs in strange places, the console.

#include "tests/pv/pv.h"

static int64_t console(uint32_t fd, uint32_t write, uint64_t buf, uint64_t len)
{
    struct pv_console c = {
        .call.nr = PV_CALL_CONSOLE, .fd = fd, .write = write, .buf = buf, .len = len};
    return call(&c);
}

static void registers(void)
{
    static struct pv_set_timer args;
    test("call preserves registers");
    for (unsigned i = 0; i < sizeof regs_in; i++)
        ((uint8_t *)&regs_in)[i] = (uint8_t)(i * 13 + 1);
    regs_in.gpr[RAX] = PV_CALL_VA;
    regs_in.gpr[RDI] = (uintptr_t)&args;
    args = (struct pv_set_timer){.call.nr = PV_CALL_SET_TIMER, .call.ret = 99};
    regs_over_call();
    WANT_EQ(args.call.ret, 0);
    WANT_EQ(regs_rsp, 0);
    for (unsigned i = 0; i < 15; i++)
        if (i != RAX && i != RCX && i != R11)
            WANT_EQ(regs_out.gpr[i], regs_in.gpr[i]);
    WANT(!memcmp(regs_in.xmm, regs_out.xmm, sizeof regs_in.xmm));
}

static void numbers(void)
{
    test("call numbers");
    const uint32_t none[] = {0, PV_CALL_NR_END, 99, INT32_MAX, UINT32_MAX};
    for (unsigned i = 0; i < 5; i++)
        WANT_EQ(call_nr(none[i], NULL, 0), -ENOSYS);
}

// Of a device that nobody has set up; it must not mind.
static void notifications(void)
{
    struct pv_notify n = {.call.nr = PV_CALL_NOTIFY, .device = boot->ndevices};
    test("notify errors");
    WANT_EQ(call(&n), -ENODEV);
    n.device = UINT32_MAX;
    WANT_EQ(call(&n), -ENODEV);
    for (n.device = 0; n.device < boot->ndevices; n.device++) {
        n.queue = 0;
        WANT_EQ(call(&n), 0);
        WANT_EQ(call(&n), 0);
        // Disks and entropy devices have one here; consoles have many.
        const int few = boot->devices[n.device].type == 2 || boot->devices[n.device].type == 4;
        const uint32_t none[] = {PV_MAX_QUEUES, 1 << 16, UINT32_MAX, PV_MAX_QUEUES - 1};
        for (unsigned i = 0; i < 3u + few; i++) {
            n.queue = none[i];
            WANT_EQ(call(&n), -EINVAL);
        }
    }
    collect();
}

static void call_at(uint64_t rdi)
{
    uint64_t at = PV_CALL_VA;
    __asm__ volatile("call *%1" : "+D"(rdi), "+a"(at) : : "rcx", "r11", "memory", "cc");
}

static void places(void)
{
    test("call with its struct at the end of memory");
    uint64_t keep[4];
    struct pv_call *last = (struct pv_call *)(boot->stack_top - sizeof(struct pv_kick));
    memcpy(keep, last, sizeof keep[0] * 3);
    memset(last, 0, sizeof(struct pv_kick));
    last->nr = PV_CALL_KICK;
    last->ret = 1;
    call_at((uintptr_t)last);
    WANT_EQ(last->ret, have_companion() ? -ESRCH : -ENOSYS);
    memcpy(last, keep, sizeof keep[0] * 3);

    // Nobody can be told of an error; it must come back all the same.
    test("call with its struct nowhere");
    const uint64_t nowhere[] = {0,
                                8,
                                PV_PLATFORM_VA,
                                boot->stack_bottom - 64,
                                boot->ram_end - 2,
                                boot->ram_end,
                                PV_WINDOW_VA - 8,
                                PV_WINDOW_VA + boot->window_size,
                                UINT64_C(1) << 47,
                                UINT64_MAX - 7,
                                UINT64_MAX};
    for (unsigned i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++)
        call_at(nowhere[i]);
    WANT_EQ(call_nr(PV_CALL_NR_END, NULL, 0), -ENOSYS);
}

// Nothing happens (tests/pv/expected has no "!"), and nothing is written.
static void window_struct(void)
{
    static const char sign[] = "!";
    test("call with its struct in the window");
    volatile struct pv_console *c =
        (volatile struct pv_console *)(PV_WINDOW_VA + window->kernel_off + 4096);
    *c = (struct pv_console){
        .call.nr = PV_CALL_CONSOLE, .call.ret = 77, .fd = 1, .write = 1, .len = 1};
    c->buf = (uintptr_t)sign;
    call_at((uintptr_t)c);
    WANT_EQ(c->call.ret, 77);
    WANT_EQ(c->call.nr, PV_CALL_CONSOLE);
    *c = (struct pv_console){.len = 0};
}

static void console_errors(void)
{
    static char buf[16];
    test("console errors");
    WANT_EQ(console(3, 1, (uintptr_t)buf, 1), -EBADF);
    WANT_EQ(console(UINT32_MAX, 1, (uintptr_t)buf, 1), -EBADF);
    for (uint32_t fd = 0; fd < 3; fd++)
        if (boot->stdio[fd] == PV_STDIO_NONE)
            WANT_EQ(console(fd, fd != 0, (uintptr_t)buf, 1), -EBADF);
    if (boot->stdio[0] == PV_STDIO_TTY)
        WANT_EQ(console(0, 0, (uintptr_t)buf, 1), -EBADF);
    if (boot->stdio[1] == PV_STDIO_NONE)
        return;
    const uint64_t wrong[] = {0,
                              PV_PLATFORM_VA,
                              PV_CALL_VA,
                              PV_SHARED_VA,
                              PV_BOOT_INFO_VA,
                              boot->ram_end - 4,
                              boot->ram_end,
                              PV_IMAGE_VA - 4,
                              PV_WINDOW_VA - 8,
                              PV_WINDOW_VA + boot->window_size - 4,
                              UINT64_C(1) << 47,
                              UINT64_MAX - 4};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        WANT_EQ(console(1, 1, wrong[i], 8), -EFAULT);
    // The image may be written out, never read into.
    if (boot->stdio[0] == PV_STDIO_STREAM)
        WANT_EQ(console(0, 0, PV_IMAGE_VA, 8), -EFAULT);
}

static void console_write(void)
{
    test("console writes from everywhere");
    if (boot->stdio[1] == PV_STDIO_NONE)
        return;
    char *shared_memory = (char *)(uintptr_t)&notes()->big;
    *shared_memory = '.';
    WANT_EQ(console(1, 1, (uintptr_t)text_pages, 0), 0);
    // A line of its own, each character from another part of memory: RAM, window, image.
    const uint64_t from[] = {(uintptr_t) "-", (uintptr_t)shared_memory, PV_IMAGE_VA,
                             (uintptr_t) "\n"};
    for (unsigned i = 0; i < 4;) {
        int64_t n = console(1, 1, from[i], 1);
        if (n == -EAGAIN) {
            wait_for(door(boot->slot)->bell, now() + 10 * MS, PV_WAIT_OUT);
            continue;
        }
        WANT_EQ(n, 1);
        i++;
    }
    notes()->big = 0;
}

// Until the end of input, or until nothing has come for a while.
static void console_read(void)
{
    static const char typed[] = "typed\n";
    static char buf[64];
    test("console reads");
    if (boot->stdio[0] != PV_STDIO_STREAM)
        return;
    unsigned got = 0;
    for (uint64_t quiet = now() + 300 * MS; now() < quiet && got < sizeof buf;) {
        int64_t n = console(0, 0, (uintptr_t)buf + got, sizeof buf - got);
        if (n == 0)
            break;
        if (n == -EAGAIN) {
            int64_t r = wait_for(door(boot->slot)->bell, now() + 50 * MS, PV_WAIT_IN);
            WANT_EQ(r & ~(int64_t)PV_WAIT_IN, 0);
            continue;
        }
        WANT(n > 0 && n <= (int64_t)(sizeof buf - got));
        got += (unsigned)n;
        quiet = now() + 300 * MS;
    }
    for (unsigned i = 0; i < got && i < sizeof typed - 1; i++)
        WANT_EQ(buf[i], typed[i]);
}

static void exits(void)
{
    struct pv_exit e = {.call.nr = PV_CALL_EXIT};
    test("exit refuses what it cannot publish");
    e.publish = (struct pv_publish){.offset = window->kernel_off + 2};
    WANT_EQ(call(&e), -EINVAL);
    e.publish = (struct pv_publish){.offset = boot->window_size};
    WANT_EQ(call(&e), -EINVAL);
    e.publish = (struct pv_publish){.offset = UINT64_MAX - 3};
    WANT_EQ(call(&e), -EINVAL);
    e.publish = (struct pv_publish){.kick_slot = window->max_slots + 1};
    WANT_EQ(call(&e), -EINVAL);
}

void call_checks(void)
{
    registers();
    numbers();
    notifications();
    places();
    window_struct();
    console_errors();
    console_write();
    console_read();
    exits();
}
