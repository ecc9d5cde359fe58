// SPDX-License-Identifier: BSD-2-Clause
// The window as the host sees it: a header, one door per VM, and the terminal's input ring.
//
// The window is one memfd per family, mapped by every monitor and at PV_WINDOW_VA in every VM. The
// host makes it, fills in this part and from then on only touches what is marked "host". All else
// in it, from kernel_off on, belongs to the kernel (kernel/window/window.h). Any VM of the family
// can write any of it, so the host copies a word once and checks it before use, and keeps its own
// facts elsewhere.
#ifndef RAMET_ABI_WINDOW_H
#define RAMET_ABI_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#define WINDOW_MAGIC    UINT64_C(0x776f646e69576d52) // "RmWindow"
#define WINDOW_TTY_RING 4096u                        // a power of two
#define WINDOW_MIN_SIZE (4u << 20)

// One per slot, each on a cache line of its own so that spinning VMs do not disturb each other.
struct window_door {
    uint32_t bell;   // a change wakes the VM; anyone adds 1, then KICKs if `asleep`
    uint32_t asleep; // the VM is in, or about to enter, WAIT
    uint64_t death;  // host: 0, or WINDOW_DEATH() of a VM that died without EXIT
    uint32_t gen;    // kernel: counts the processes this slot has held; part of a lock's owner
    uint32_t queue;  // kernel: the wait queue it sleeps in (kernel/window/waitq.c)
    uint32_t gone;   // kernel: the last `gen` whose process died and has been buried
    uint32_t polling; // the VM: in WAIT for a descriptor as well, only a signal wakes it
    uint32_t born;    // the implementer's: the process last made for the slot
    uint32_t reserved[7];
};
_Static_assert(sizeof(struct window_door) == 64, "one cache line");
// Which process of the slot it was, by the door's `gen` when the host gave the slot out, and its
// wait status. The word may come late: after the slot has been given to another.
#define WINDOW_DEAD                0x10000u
#define WINDOW_DEATH(gen, status)  ((uint64_t)(gen) << 32 | WINDOW_DEAD | ((status)&0xffffu))
#define WINDOW_DEATH_GEN(death)    ((uint32_t)((death) >> 32))
#define WINDOW_DEATH_STATUS(death) ((uint32_t)(death)&0xffffu)

// Terminal input: the supervisor produces, the kernel's line discipline consumes.
struct window_tty {
    uint32_t head;       // host: bytes ever put in
    uint32_t tail;       // kernel: bytes ever taken out
    uint16_t rows, cols; // host
    uint32_t hangup;     // host: the terminal is gone
    uint32_t reserved[12];
    uint8_t ring[WINDOW_TTY_RING];
};

struct window_header {
    uint64_t magic;
    uint32_t abi_version; // PV_ABI_VERSION
    uint32_t max_slots;   // doors[0] .. doors[max_slots]; slot 0 is unused
    uint64_t size;        // of the window, a multiple of 2 MB
    uint64_t doors_off;   // struct window_door[max_slots + 1]
    uint64_t tty_off;     // struct window_tty
    uint64_t kernel_off;  // 4 KB aligned: the kernel's part
    uint32_t deaths;      // host: VMs that died without EXIT so far; a change = look at the doors
    uint32_t reserved1;
    uint64_t signals; // host: 1 << n: signal n is for the first program; PV_EVENT_KICK tells it
    uint32_t reserved[16];
};
_Static_assert(sizeof(struct window_header) == 128, "two cache lines");

#endif
