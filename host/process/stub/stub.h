// SPDX-License-Identifier: BSD-2-Clause
// The stub of a picoprocess: the code behind PV_CALL_VA, which has system calls and nothing else.
//
// It runs in the guest's own process and address space, on the guest's stack. What it checks it
// checks so that a call's errors are those of abi/pv.h, not for safety: a guest that goes round it
// meets the filter. Neighbours: layout.h (addresses), host/process/notify.c (who is told).
#ifndef PROCESS_STUB_H
#define PROCESS_STUB_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ucontext.h>

#include "abi/pv_call.h"
#include "abi/window.h"
#include "host/process/stub/layout.h"
#include "host/process/stub/sys.h"

#define STATE     ((struct stub_state *)STUB_DATA_VA)
#define SHARED    ((struct pv_shared *)(uintptr_t)PV_SHARED_VA)
#define BOOT_PAGE ((struct pv_boot_info *)(uintptr_t)PV_BOOT_INFO_VA)
#define PAGE      UINT64_C(4096)
#define PAGE_2M   UINT64_C(0x200000)

#define PAGE_FAULT 14 // exception number (SDM vol. 3, 6.3)

static inline struct window_door *door(uint32_t slot)
{
    return (struct window_door *)stub_door(slot);
}

static inline int slot_valid(uint32_t slot)
{
    return slot >= 1 && slot <= STATE->max_slots;
}

// Tells the supervisor; what it answers. A signal undoes a notification, so it is repeated.
static inline long note(enum stub_note what, uint64_t a, uint64_t b)
{
    long r;
    do
        r = sys2(what, a, b);
    while (r == -EINTR);
    return r;
}

_Noreturn static inline void leave(int code)
{
    for (;;)
        sys2(SYS_exit_group, (uint64_t)code, 0);
}

// --- entry.S ---
long stub_wait_bell(uint32_t *bell, long op, uint32_t expected, const void *left);
int stub_copy(void *to, const void *from, uint64_t n);
void stub_reset_fpu(int avx);
_Noreturn void stub_enter(uint64_t rip, uint64_t rsp);
_Noreturn void stub_on_stack(void (*fn)(void));
long stub_call_on_stack(long (*fn)(void));

_Noreturn void stub_resume(const struct stub_registers *regs, uint64_t rsp);

// --- memory.c ---
enum area { RAM = 1, WINDOW = 2, IMAGE = 4 };
// Whether [at, at + len) lies inside one of `areas`.
int range_in(uint64_t at, uint64_t len, unsigned areas);
// Copies guest memory in. 0 or -EFAULT.
int copy_in(void *to, uint64_t from, uint64_t len, unsigned areas);
int64_t stub_release(const struct pv_release *c);
int64_t stub_protect(const struct pv_protect *c);
// Makes whole pages present at once, for less than a fault each. It is advice: what cannot be had
// now will be had, or refused, when it is touched.
void populate(uint64_t from, uint64_t len, int advice);
// Of a process that begins, which has nothing of a file mapped: text, of which the kernel's comes
// first (ramet.ld); the pages that tell it who it is, and the beginning of the window.
void populate_text(void);
void populate_platform(void);
// After a fork, on either side: makes the pages its own that it writes first, and in the child has
// those of the window mapped that it needs first. `hot` is FORK's advice; what cannot be followed
// is ignored.
void own_pages(const struct pv_range *hot, uint32_t n, int child);

// --- wait.c ---
uint64_t now_ns(void);
int64_t stub_wait(const struct pv_wait *c);
int64_t stub_kick(const struct pv_kick *c);
void stub_wake(uint32_t slot);
int64_t stub_set_timer(const struct pv_set_timer *c);
void set_timer(uint64_t deadline);
void block_signals(void);
void unblock_signals(void);

// --- console.c ---
int64_t stub_console(const struct pv_console *c);

// --- device.c ---
// Every device as after power-on, for a new program.
void devices_reset(void);
// 1 if the exception with these registers was an access to a device's register, which is done.
int device_access(greg_t *g);
int64_t stub_notify(const struct pv_notify *c);

// --- text.c ---
// A program begins: maps its text from the cache. 0, or -1: it is not there.
int text_map(const struct stub_start *start);
// This member is about to fork: maps its own text from the cache, if it has come there meanwhile.
void text_fork(void);
// Memory at that address has other rights than text has: if it is text, it is the program's own.
void text_keep(uint64_t at);
// A program is about to begin here: says so, unless its text is in the cache.
void text_exec(uint32_t program);

// --- place.c ---
// Around a clone(2), the second on both sides.
void place_fork(void);
void place_forked(int child);
// Around a sleep, the second with what the first has returned.
uint32_t place_sleep(void);
void place_woken(uint32_t stayed);

// --- clone.c ---
int64_t stub_fork(const struct pv_fork *c);
int64_t stub_spawn(const struct pv_exec *c);
int64_t stub_exit(const struct pv_exit *c);
int64_t stub_set_tp(const struct pv_set_tp *c);
// FS and GS have base 0.
void clear_bases(void);

// --- exec.c ---
int64_t stub_exec(const struct pv_exec *c);
// Copies and checks what EXEC and SPAWN are given into scratch and STATE->start. 0, or -errno with
// scratch gone.
int64_t start_prepare(const struct pv_exec *c);
void scratch_drop(void);
// Boots what STATE->start and scratch say, on the stub's stack with signals blocked. Does not
// return.
_Noreturn void start_program(void);

// --- template.c ---
// Ends a member that is saved: it stands at the end of a call with these registers.
_Noreturn void stub_save(const struct stub_registers *regs);
// Carries out the steps at STUB_STEPS_VA. 0, or -1: the file was cut, or there is no memory.
int load_steps(void);
// Goes on where STATE->saved says, when the supervisor knows of it or a client has come.
_Noreturn void resume_program(void);

// --- load.c ---
// Completes STATE->start, whose program is given: segments, entry, layout. 0, -ENOEXEC, -ENOMEM.
int load_plan(struct stub_start *start);
// Drops RAM and makes it anew; returns the stack pointer, or 0: no memory.
uint64_t load_program(const struct stub_start *start);

#endif
