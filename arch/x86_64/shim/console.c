// SPDX-License-Identifier: BSD-2-Clause
// Without a companion the serial line is the terminal: what is typed goes into the ring that the
// supervisor fills elsewhere (abi/window.h), and the kernel's line discipline does the rest.

#include "arch/x86_64/shim/console.h"

#include "abi/companion.h"
#include "abi/window.h"
#include "arch/x86_64/shim/time/apic.h"
#include "arch/x86_64/shim/companion.h"
#include "arch/x86_64/shim/errno.h"
#include "arch/x86_64/shim/layout.h"
#include "arch/x86_64/shim/mem/regions.h"
#include "arch/x86_64/shim/serial.h"
#include "arch/x86_64/shim/trap.h"

static struct window_tty *tty; // NULL: the line is a bell

static void listen(void)
{
    irq_route_isa(COMPANION_IRQ, VECTOR_SERIAL);
    serial_listen();
}

void console_terminal(void)
{
    const struct window_header *window = (const struct window_header *)PV_WINDOW_VA;
    tty = (struct window_tty *)(PV_WINDOW_VA + window->tty_off);
    listen();
}

void console_bell(void)
{
    listen();
}

void console_interrupt(void)
{
    int c;
    if (companion_here())
        companion_catch_up();
    while ((c = serial_get()) >= 0) {
        // A full ring drops the byte, as a serial line does.
        if (!tty || tty->head - tty->tail >= WINDOW_TTY_RING)
            continue;
        tty->ring[tty->head % WINDOW_TTY_RING] = (uint8_t)c;
        __atomic_store_n(&tty->head, tty->head + 1, __ATOMIC_RELEASE);
        trap_post(PV_EVENT_TTY);
    }
}

int64_t console_call(const struct pv_console *c)
{
    const struct pv_boot_info *boot = (const struct pv_boot_info *)PV_BOOT_INFO_VA;
    if (c->fd > 2 || boot->stdio[c->fd] == PV_STDIO_NONE || (c->write != 0) != (c->fd != 0))
        return -EBADF;
    if (!c->write)
        return -EBADF; // typed bytes come through the window
    if (!regions_allow(c->buf, c->len, 0))
        return -EFAULT;
    for (uint64_t i = 0; i < c->len; i++)
        serial_put(((const char *)c->buf)[i]);
    return (int64_t)c->len;
}
