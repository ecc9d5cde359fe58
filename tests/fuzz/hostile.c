// SPDX-License-Identifier: BSD-2-Clause
// hostile.c: a guest program that goes behind its kernel's back: it calls the host itself, edits
// its page tables, scribbles over the window. tests/lib/fault_hostile.py builds it, runs it beside
// well-behaved programs and looks at what is left of the family.
//
// What it may break is its own VM and what its family shares in the window: never a process of the
// host, nor the ability to end the family. `hostile MODE`; each mode's function says what must
// happen. Neighbour: fuzz_call.c, which does the same to the decoder alone.
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "abi/pv.h"
#include "abi/window.h"
#include "abi/x86.h"

#define EINVAL 22
#define STUBS  0x115000u // where this host's ring-0 code is (host/platform.h)
#define VIEW   0x140000u // nothing is there: room for a mapping of our own

static const struct pv_boot_info *const boot = (const struct pv_boot_info *)PV_BOOT_INFO_VA;
static int in_data[4096] = {7}; // in the program's own data segment

static int64_t call(void *args)
{
    register void *rdi __asm__("rdi") = args;
    uint64_t at = PV_CALL_VA;
    __asm__ volatile("call *%1" : "+r"(rdi), "+r"(at) : : "rax", "rcx", "r11", "memory", "cc");
    return ((struct pv_call *)args)->ret;
}

// The entry of the 4 KB page at an address below 2 MB.
static uint64_t *entry_of(uint64_t va)
{
    uint64_t table = boot->page_table_root;
    for (unsigned shift = 39; shift > 12; shift -= 9)
        table = ((uint64_t *)table)[va >> shift & 511] & X86_PTE_ADDR;
    return (uint64_t *)table + (va >> 12 & 511);
}

static void set_entry(uint64_t va, uint64_t entry)
{
    struct pv_tlb_flush f = {.call.nr = PV_CALL_TLB_FLUSH};
    *entry_of(va) = entry;
    call(&f);
}

// Gives ring 3 all rights to a page.
static void open_page(uint64_t va)
{
    set_entry(va, (*entry_of(va) | X86_PTE_U | X86_PTE_W) & ~X86_PTE_NX);
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

// boot_info is the host's word to us, not ours to the host: with heap_start forged, RELEASE of the
// program's data is refused all the same.
static void forge(void)
{
    struct pv_release r = {.call.nr = PV_CALL_RELEASE};
    r.addr = (uintptr_t)in_data & ~(X86_PAGE - 1);
    r.len = X86_PAGE;
    in_data[0] = 8;
    open_page(PV_BOOT_INFO_VA);
    ((struct pv_boot_info *)PV_BOOT_INFO_VA)->heap_start = 0;
    int64_t ret = call(&r);
    printf("release of data: %d, data kept: %d\n", ret == -EINVAL, in_data[0] == 8);
}

// Ring-0 code of our own: it is ring 0 of this VM and of nothing else. Ends by a signal.
static void ring0(void)
{
    open_page(STUBS);
    memset((void *)(uintptr_t)STUBS, 0xf4, 512); // hlt
    __asm__ volatile("ud2");
}

// The image through a writable entry: the host has it mapped read-only. Ends by SIGBUS.
static void write_image(void)
{
    const uint64_t *pml4 = (const uint64_t *)boot->page_table_root;
    const uint64_t *pdpt = (const uint64_t *)(pml4[0] & X86_PTE_ADDR);
    const uint64_t *pd = (const uint64_t *)(pdpt[PV_IMAGE_VA >> 30] & X86_PTE_ADDR);
    uint64_t image = pd[0] & X86_PTE_ADDR & ~(X86_PAGE_2M - 1);
    set_entry(VIEW, image | X86_PTE_P | X86_PTE_W | X86_PTE_U);
    *(volatile uint8_t *)VIEW = 0;
    printf("wrote the image\n");
}

// Physical memory beyond all of it. Ends by SIGBUS.
static void nowhere(void)
{
    set_entry(VIEW, UINT64_C(0xff0000000) | X86_PTE_P | X86_PTE_W | X86_PTE_U);
    *(volatile uint8_t *)VIEW = 0;
    printf("wrote nowhere\n");
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
        {"calls", calls}, {"slots", slots},       {"stray", stray},       {"forge", forge},
        {"ring0", ring0}, {"image", write_image}, {"nowhere", nowhere},   {"port", port},
        {"deaf", deaf},   {"flood", flood},       {"scribble", scribble},
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
