// SPDX-License-Identifier: BSD-2-Clause
// The conformance guest of abi/pv.h: one program that is no kernel and knows no implementer, and
// checks each promise of the interface. Its output is the same on every implementer: a line "ok
// NAME" per check, or "FAIL NAME: what". Neighbours: pv.c (the order), lib.c (speaking, calls),
// upcall.c, entry.S; the checks are in boot.c, thread.c, memory.c, rights.c, traps.c, events.c,
// calls.c, devices.c, exec.c, file.c, family.c and killing.c.
#ifndef TESTS_PV_H
#define TESTS_PV_H

#include <stddef.h>
#include <stdint.h>

#include "abi/image.h"
#include "abi/pv.h"
#include "abi/window.h"
#include "abi/x86.h"

#define ENOENT  2
#define ESRCH   3
#define E2BIG   7
#define ENOEXEC 8
#define EBADF   9
#define EAGAIN  11
#define ENOMEM  12
#define EACCES  13
#define EFAULT  14
#define EBUSY   16
#define ENODEV  19
#define EINVAL  22
#define ENOSYS  38

#define MS UINT64_C(1000000) // in ns

static const struct pv_boot_info *const boot = (const struct pv_boot_info *)PV_BOOT_INFO_VA;
static volatile struct pv_shared *const shared = (volatile struct pv_shared *)PV_SHARED_VA;
static struct window_header *const window = (struct window_header *)PV_WINDOW_VA;

// ---- what the checks need to know across EXEC, and what VMs tell each other: at kernel_off ----
struct notes {
    uint32_t stage; // times EXEC has been made
    uint32_t failures;
    uint32_t program_slot;
    uint32_t held; // by a child: bit n of what it found right
    uint32_t done; // published by EXIT
    uint32_t flag[8];
    uint64_t time;
    uint8_t seed[32];
    uint32_t big; // last word whose place in the window nobody else uses
};
static inline volatile struct notes *notes(void)
{
    return (volatile struct notes *)(PV_WINDOW_VA + window->kernel_off);
}

// ---- lib.c ----
// Begins a check; the one before is over and printed. WANT() is one of its conditions.
void test(const char *name);
void test_end(void);
void want(int holds, const char *what, int line);
void want_eq(int64_t got, int64_t expected, const char *what, int line);
#define WANT(fact)          want((fact) != 0, #fact, __LINE__)
#define WANT_EQ(got, value) want_eq((int64_t)(got), (int64_t)(value), #got, __LINE__)
void stop(const char *why, uint64_t number); // FAIL and out

int64_t call(void *args);
int64_t call_nr(uint32_t nr, const uint64_t *words, unsigned n); // arguments as 64-bit words
uint64_t now(void);
int64_t wait_for(uint32_t bell, uint64_t deadline, uint32_t ready);
int64_t set_timer(uint64_t deadline);
int64_t kick(uint32_t slot, uint32_t flags);
int64_t protect(uint64_t addr, uint64_t len, uint32_t rights);
int64_t release(uint64_t addr, uint64_t len);
void set_tp(uint64_t base); // in the way that boot_info says
void spin(uint64_t ns);
int have_companion(void);
volatile struct window_door *door(uint32_t slot);

size_t length(const char *s);
int same(const char *a, const char *b);
int all_bytes(const void *p, uint8_t byte, size_t n);
void *memset(void *to, int byte, size_t n);
void *memcpy(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);

// ---- upcall.c ----
struct seen {
    struct pv_frame frame;
    uint64_t at;     // address of the frame
    uint64_t rdi;    // must be the same
    uint32_t masked; // must be 1
    uint32_t count;
};
extern struct seen exception_seen, event_seen;
extern volatile uint32_t upcall_events; // PV_EVENT_* taken by upcalls and collect()
extern uint8_t exception_stack[4096];

void upcalls_begin(void);
// Events that came without an upcall, because they were masked or a call returned first.
uint32_t collect(void);
// Waits, without a call, until `events` have come; 0 if they have not after `ns`.
int await(uint32_t events, uint64_t ns);
// Expects one exception and goes on at `resume` after it (0: where it says itself).
void expect_exception(uint64_t resume);

enum access { READ, WRITE, FETCH };
// Performs the access: 0, or 1 + the vector of its exception, which is in exception_seen.
unsigned probe(enum access how, uint64_t addr);
unsigned probe_with(void (*access)(uint64_t, uint8_t), uint64_t addr);
// A page fault at that very address, with an error code that fits.
int faults(enum access how, uint64_t addr);
int allowed(enum access how, uint64_t addr);

// ---- entry.S ----
struct regs {
    uint64_t gpr[15]; // in the order of struct pv_frame
    uint8_t xmm[16][16];
} __attribute__((packed));
extern struct regs regs_in, regs_out;
extern uint64_t regs_rsp; // 0 when the stack pointer is as it was
enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, R8, R9, R10, R11, R12, R13, R14, R15 };
void probe_fs(uint64_t, uint8_t), probe_gs(uint64_t, uint8_t); // for probe_with()
uint64_t load_fs(void);                                        // the word at %fs:0
void regs_over_exception(void);
void regs_over_event(void);
void regs_over_call(void);
extern uint8_t regs_over_exception_at[];
extern uint8_t text_pages[2 * 4096]; // read and execute; each use must leave the first byte
void spin_on_stack(uint64_t rsp, uint64_t tsc);
int red_zone_exception(void);
int red_zone_event(void);
extern uint64_t boot_regs[15], boot_rsp, boot_flags;
extern uint8_t boot_fpu[512];

// ---- the checks, in order ----
void boot_checks(int first); // first: the family's first program, in fresh memory
void thread_checks(void);
void memory_checks(void);
void rights_checks(void);
void trap_checks(void);
void event_checks(void);
void call_checks(void);
void device_checks(void);
void exec_checks(void);   // before and after; goes on in pv_main as the next stage
void exec_arrived(void);  // in the new program
void family_checks(void); // FORK, SPAWN, doorbells
void spawned(void);       // in the VM that SPAWN made
void killing_checks(void);

// thread.c: whether the bases of FS and GS are 0. Takes an exception.
int bases_are_zero(void);

// file.c: the program as a file in RAM, with a mark in it; and what a program finds that was
// started from it.
struct pv_exec as_file(void);
int is_from_file(void);
void file_checks(void);

// family.c: what killing.c needs of it.
int64_t fork_into(uint32_t slot); // 0, 1 in the child, or an error
int wait_word(const volatile uint32_t *word, uint32_t value, uint64_t ns);
void leave(uint32_t done); // a child's end: publishes `done`, rings slot 1
int alone(int64_t result); // 1 if there is no companion; then the call must have said so

#endif
