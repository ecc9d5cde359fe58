// SPDX-License-Identifier: BSD-2-Clause
// Between the shim inside a stock QEMU and the companion that runs that QEMU (docs/qemu.md).
//
// The companion starts QEMU with two memory back ends, both its own memfds: [0, ram) is the VM's
// private memory, and from `ram` on lies what the family shares: the window, then the image. The
// kernel command line says so: COMPANION_OPTION followed by ram, window size and image size in
// hexadecimal, separated by commas.
//
// A call is made through struct companion_page, which the shim has chosen in private memory: it
// copies the argument struct of the paravirtual call there, with buffers moved to `data` and their
// addresses changed to guest-physical ones, and writes one byte to COMPANION_PORT. The companion
// does what the monitor would, writes `ret` and `now_ns`, sets `answered` to the call's `asked` and
// sends one byte to the serial port COM1, whose interrupt wakes the shim. Events come the same way:
// the companion sets bits in struct pv_shared and sends a byte.
//
// A second byte during a WAIT says that struct pv_shared has an event of the shim's own, a
// device's: the companion answers the WAIT.
//
// Forwarded so: EXIT, WAIT, KICK, SET_TIMER, CONSOLE, FORK, SPAWN, KILL. All others are the shim's;
// so is SPAWN of a program that is a file: the shim asks for a FORK, and the clone loads it.
// EXIT with COMPANION_DIED in its status is no call of the program's: an exception has ended it.
//
// The first thing a shim writes to COMPANION_PORT is the 8 bytes of the page's guest-physical
// address, lowest first, once it could start a program. The answer to that is a struct
// companion_start in `data`. A VM in this state is what SPAWN clones.
#ifndef RAMET_ABI_COMPANION_H
#define RAMET_ABI_COMPANION_H

#include "abi/pv.h"

#define COMPANION_OPTION "ramet.companion="
#define COMPANION_PORT   0xe9u  // QEMU's isa-debugcon: guest to companion
#define COMPANION_COM    0x3f8u // COM1: companion to guest
#define COMPANION_IRQ    4u

#define COMPANION_DIED 0x10000u

struct companion_page {
    uint32_t asked;    // guest: counts calls, from 1 (the start)
    uint32_t answered; // companion: == asked when the answer is there
    uint64_t now_ns; // companion: CLOCK_MONOTONIC when it last answered or posted an event. A VM's
                     // time-stamp counter stands still while the VM is cloned, and starts late: a
                     // shim whose clock is behind sets it
    uint8_t call[112]; // the argument struct
    uint8_t reserved[4096 - 128];
    uint8_t data[PV_ARG_MAX]; // what the call's addresses point to
};
_Static_assert(sizeof(struct companion_page) == 4096 + PV_ARG_MAX, "whole pages");
_Static_assert(offsetof(struct companion_page, call) == 16, "frozen");
_Static_assert(sizeof(struct pv_exec) <= sizeof((struct companion_page *)0)->call,
               "the largest argument struct fits");

// At the start of `data`; the strings follow it. PV_ARG_MAX bounds both together.
struct companion_start {
    // What the companion knows of a new VM: abi_version, size, slot, first, program, argc,
    // tsc_mult, wall_base_ns (at now_ns), cpus, flags, stdio, spin, seed, hostname. The rest, and
    // what flags say of the processor, is the shim's to fill.
    struct pv_boot_info boot;
    uint64_t mem;         // private memory the program gets: ram_end
    uint64_t strings_len; // argc, then envc NUL-terminated strings
    uint32_t envc;
    uint32_t reserved;
};

#endif
