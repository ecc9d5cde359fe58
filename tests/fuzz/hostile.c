// SPDX-License-Identifier: BSD-2-Clause
// hostile.c: a guest program that goes behind its kernel's back: it calls the host itself, reaches
// for its page tables, scribbles over the window. tests/suites/fault/fault_hostile.py runs it
// beside well-behaved programs and looks at what is left of the family.
//
// What it may break is its own VM and what its family shares in the window: never a process of the
// host, nor the ability to end the family. `hostile MODE`; each mode's function says what must
// happen. Neighbour: fuzz_call.c, which does the same to the decoder alone.
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/pv.h"
#include "abi/window.h"
#include "abi/x86.h"

// Where this host has its own things (host/kvm/platform.h):
#define TABLES 0x100000u
#define STUBS  0x115000u

static const struct pv_boot_info *const boot = (const struct pv_boot_info *)PV_BOOT_INFO_VA;
static int in_data[4096] = {7}; // in the program's own data segment

// Not inlined: the call would overwrite a red zone of its caller's.
__attribute__((noinline)) static int64_t call(void *args)
{
    register void *rdi __asm__("rdi") = args;
    uint64_t at = PV_CALL_VA;
    __asm__ volatile("call *%1" : "+r"(rdi), "+r"(at) : : "rax", "rcx", "r11", "memory", "cc");
    return ((struct pv_call *)args)->ret;
}

static uint64_t state = 1;

static uint64_t random_word(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return state >> 33;
}

static uint64_t edge(void)
{
    static const uint64_t edges[] = {
        0,         1,           4095,         PV_CALL_VA, PV_SHARED_VA, PV_RAM_VA - 1,
        PV_RAM_VA, PV_IMAGE_VA, PV_WINDOW_VA, UINT32_MAX, INT64_MAX,    UINT64_MAX - 7};
    return edges[random_word() % (sizeof edges / sizeof edges[0])];
}

// ---- modes ----

// Calls, those that are there and those that are not, with edges of everything for arguments. Left
// out is what would work on such arguments and end, stop or clone us. Comes back from each.
static void calls(void)
{
    uint64_t words[8];
    for (unsigned i = 0; i < 3000; i++) {
        uint32_t nr = (uint32_t)(random_word() % 16);
        if (nr == PV_CALL_EXIT || nr == PV_CALL_FORK || nr == PV_CALL_WAIT ||
            nr == PV_CALL_RELEASE || nr == PV_CALL_SPAWN || nr == PV_CALL_KILL ||
            nr == PV_CALL_CONSOLE)
            continue;
        for (unsigned w = 0; w < 8; w++)
            words[w] = edge();
        words[0] = nr;
        if (nr == PV_CALL_EXEC)
            words[2] = UINT32_MAX;
        call(words);
    }
    struct pv_set_timer off = {.call.nr = PV_CALL_SET_TIMER};
    call(&off);
}

// FORK and SPAWN into slots and with ranges that are wrong: refused, each with its own error.
static void slots(void)
{
    const uint32_t wrong[] = {0, PV_MAX_SLOTS + 1, INT32_MAX, UINT32_MAX};
    for (unsigned i = 0; i < 4; i++) {
        struct pv_fork f = {.call.nr = PV_CALL_FORK, .slot = wrong[i]};
        printf("fork into no slot: %d\n", call(&f) == -EINVAL);
    }
    struct pv_fork own = {.call.nr = PV_CALL_FORK, .slot = boot->slot};
    printf("fork into my own: %d\n", call(&own) < 0);
    struct pv_fork many = {.call.nr = PV_CALL_FORK, .slot = 9, .nhot = PV_MAX_HOT + 1};
    printf("too many ranges: %d\n", call(&many) == -EINVAL);
    struct pv_fork wild = {.call.nr = PV_CALL_FORK, .slot = 9, .nhot = 1, .hot = UINT64_MAX - 8};
    printf("ranges nowhere: %d\n", call(&wild) < 0);
    struct pv_exit e = {.call.nr = PV_CALL_EXIT, .publish.offset = boot->window_size};
    printf("exit publishing outside: %d\n", call(&e) == -EINVAL);
    e.publish = (struct pv_publish){.kick_slot = UINT32_MAX};
    printf("exit kicking nobody: %d\n", call(&e) == -EINVAL);
}

// A clone the guests' kernel knows nothing of, left behind in a loop: it ends with the family.
static void stray(void)
{
    struct pv_fork f = {.call.nr = PV_CALL_FORK, .slot = 30};
    ((struct pv_shared *)PV_SHARED_VA)->masked =
        1; // before the clone's kernel looks into the window
    if (call(&f) == 1)
        for (;;)
            ;
    printf("stray: %d\n", (int)f.call.ret);
    ((struct pv_shared *)PV_SHARED_VA)->masked = 0;
}

// Ends as a kernel that panics: nobody in the family has been told.
static void untold(void)
{
    struct pv_exit e = {.call.nr = PV_CALL_EXIT, .status = 6};
    call(&e);
}

// RELEASE of what is no heap is refused: the program's data, the host's pages, the window.
static void release(void)
{
    const uint64_t data = (uintptr_t)in_data & ~(X86_PAGE - 1);
    const uint64_t wrong[] = {data,         PV_RAM_VA,   TABLES,           PV_CALL_VA,
                              PV_WINDOW_VA, PV_IMAGE_VA, INT64_MAX - 4095, 0};
    in_data[0] = 8;
    for (unsigned i = 0; i < 8; i++) {
        struct pv_release r = {.call.nr = PV_CALL_RELEASE, .addr = wrong[i], .len = X86_PAGE};
        printf("release: %d\n", call(&r) == -EINVAL);
    }
    printf("data kept: %d\n", in_data[0] == 8);
}

static int64_t protect(uint64_t addr, uint64_t len, uint32_t rights)
{
    struct pv_protect p = {.call.nr = PV_CALL_PROTECT, .addr = addr, .len = len, .rights = rights};
    return call(&p);
}

// PROTECT is refused for all that is not the program's private memory, for rights that there are
// not, and for writable code.
static void rights(void)
{
    const uint64_t page = (boot->heap_end - X86_PAGE_2M) & ~(X86_PAGE - 1);
    const uint64_t wrong[] = {0,
                              TABLES,
                              PV_CALL_VA,
                              PV_SHARED_VA,
                              STUBS,
                              PV_DMA_VA,
                              PV_RAM_VA,
                              boot->heap_end,
                              boot->stack_bottom - X86_PAGE,
                              boot->ram_end,
                              PV_IMAGE_VA,
                              PV_WINDOW_VA,
                              page + 1,
                              INT64_MAX - 4095,
                              UINT64_MAX - 4095};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (protect(wrong[i], X86_PAGE, PV_RIGHT_READ | PV_RIGHT_WRITE) != -EINVAL)
            printf("rights of %#llx: WRONG\n", (unsigned long long)wrong[i]);
    for (uint32_t r = 0; r < 16; r++) {
        int64_t want = (r & 8) || (r && !(r & 1)) ? -EINVAL : r == 7 ? -EACCES : 0;
        if (protect(page, X86_PAGE, r) != want)
            printf("rights %u: WRONG\n", r);
    }
    printf("too long: %d\n", protect(page, UINT64_MAX - 4095, PV_RIGHT_READ) == -EINVAL);
    printf("over the guard: %d\n", protect(page, 4 * X86_PAGE_2M, PV_RIGHT_READ) == -EINVAL);
}

// The rights of the kernel's own data cannot be taken away, by its own system call at least.
static void kernel(void)
{
    extern char __kernel_start[]; // arch/x86_64/ramet.ld
    void *page = (void *)((uintptr_t)__kernel_start & ~(X86_PAGE - 1));
    printf("no rights: %d\n", mprotect(page, X86_PAGE, PROT_NONE) < 0 && errno == EACCES);
    printf("only read: %d\n", mprotect(page, X86_PAGE, PROT_READ) < 0 && errno == EACCES);
    printf("as it is: %d\n", mprotect(page, X86_PAGE, PROT_READ | PROT_WRITE) == 0);
}

// More parts with rights of their own than the host has tables for: refused at some point, and all
// of it works again when one is given back.
static void tables(void)
{
    unsigned n = 0;
    uint64_t at = boot->heap_end - X86_PAGE_2M;
    while (at > boot->heap_start + X86_PAGE_2M && protect(at, X86_PAGE, PV_RIGHT_READ) == 0)
        n++, at -= X86_PAGE_2M;
    printf("tables: %d\n", n >= 8);
    printf("one more: %d\n", protect(at, X86_PAGE, PV_RIGHT_READ) != 0);
    for (; n; n--)
        if (protect(boot->heap_end - n * X86_PAGE_2M, X86_PAGE, PV_RIGHT_READ | PV_RIGHT_WRITE) !=
            0)
            printf("giving back %u: WRONG\n", n);
    printf("again: %d\n", protect(at, X86_PAGE, PV_RIGHT_READ) == 0);
}

// What the host keeps in guest memory: one touch of it ends by SIGSEGV.
static void touch(uint64_t at)
{
    *(volatile uint64_t *)at = 0;
    printf("wrote %#llx\n", (unsigned long long)at);
}

static void write_tables(void)
{
    touch(TABLES);
}

static void read_tables(void)
{
    printf("%llx\n", (unsigned long long)*(volatile uint64_t *)(uintptr_t)TABLES);
}

static void write_stubs(void)
{
    touch(STUBS);
}

static void write_calls(void)
{
    touch(PV_CALL_VA);
}

static void write_boot(void)
{
    touch(PV_BOOT_INFO_VA);
}

static void write_image(void)
{
    touch(PV_IMAGE_VA);
}

// Where no mapping is at all. The same.
static void nowhere(void)
{
    touch(UINT64_C(0xff0000000));
}

// A port that is not ours. Ends by SIGSEGV.
static void port(void)
{
    __asm__ volatile("outl %%eax, %%dx" : : "a"(0), "d"(0x80));
}

// Listens to nobody any more: kill -9 works by force.
static void deaf(void)
{
    for (;;)
        ((volatile struct pv_shared *)PV_SHARED_VA)->masked = 1;
}

// Asks the supervisor for something without end. The family can still be ended.
static void flood(void)
{
    for (uint32_t i = 0;; i++) {
        struct pv_kick k = {.call.nr = PV_CALL_KICK, .slot = 1, .flags = PV_KICK_INTERRUPT};
        call(&k);
    }
}

// All of the window, the host's part first. The supervisor can still end the family.
static void scribble(void)
{
    ((volatile struct pv_shared *)PV_SHARED_VA)->masked = 1;
    for (uint64_t at = 0; at < (UINT64_C(4) << 20); at += 8)
        ((volatile uint64_t *)PV_WINDOW_VA)[at / 8] = UINT64_MAX - at;
    for (;;)
        ;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*act)(void);
    } modes[] = {
        {"calls", calls},        {"slots", slots},       {"stray", stray},
        {"untold", untold},      {"release", release},   {"rights", rights},
        {"tables", tables},      {"kernel", kernel},     {"pt", write_tables},
        {"readpt", read_tables}, {"stubs", write_stubs}, {"call", write_calls},
        {"boot", write_boot},    {"image", write_image}, {"nowhere", nowhere},
        {"port", port},          {"deaf", deaf},         {"flood", flood},
        {"scribble", scribble},
    };
    for (unsigned i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (argc == 2 && !strcmp(argv[1], modes[i].name)) {
            printf("%s begins\n", argv[1]);
            fflush(stdout);
            modes[i].act();
            printf("%s is over\n", argv[1]);
            return 0;
        }
    return 99;
}
