// SPDX-License-Identifier: BSD-2-Clause
// What a program finds when it starts: registers, boot_info, arguments, the shared page, the
// window. Run again after EXEC, where the same must hold.

#include "tests/pv/pv.h"

uint64_t boot_regs[15] = {1}, boot_rsp = 1, boot_flags = 1; // in .data: .bss is checked to be zero
uint8_t boot_fpu[512] __attribute__((aligned(16))) = {1};
static uint8_t zeros[3 << 16];
static uint32_t initialised[1024] = {[0] = 0xfeed, [1023] = 0xbeef};

static void registers(void)
{
    test("boot registers");
    for (unsigned i = 0; i < 15; i++)
        WANT_EQ(boot_regs[i], i == RDI ? PV_BOOT_INFO_VA : 0);
    WANT_EQ(boot_rsp % 16, 0);
    WANT(boot_rsp > boot->stack_bottom && boot_rsp <= boot->argv);
    WANT_EQ(boot_flags & (X86_RFLAGS_DF | X86_RFLAGS_TF), 0);

    // The FXSAVE image (SDM vol. 1, 10.5.1).
    test("boot x87 and SSE state");
    WANT_EQ(*(uint16_t *)(boot_fpu + 0), 0x37f);   // control word
    WANT_EQ(*(uint16_t *)(boot_fpu + 2), 0);       // status word
    WANT_EQ(boot_fpu[4], 0);                       // tags: all empty
    WANT_EQ(*(uint32_t *)(boot_fpu + 24), 0x1f80); // MXCSR
    WANT(all_bytes(boot_fpu + 160, 0, 256));       // XMM0 to XMM15
}

static void info(int first)
{
    test("boot_info");
    WANT_EQ(boot->abi_version, PV_ABI_VERSION);
    WANT_EQ(boot->size, sizeof *boot);
    WANT_EQ(boot->first, first);
    WANT(boot->cpus >= 1);
    WANT_EQ(boot->flags & ~(PV_BOOT_COMPANION | PV_BOOT_CHECK_LEAKS | PV_BOOT_SET_TP |
                            PV_BOOT_XSAVE), 0);
    WANT(have_companion() || !boot->spin); // for whom?
    for (unsigned i = 0; i < 3; i++)
        WANT(boot->stdio[i] <= PV_STDIO_TTY);
    WANT(!all_bytes(boot->seed, 0, sizeof boot->seed));
    WANT(boot->hostname[0] && length(boot->hostname) < sizeof boot->hostname);
    WANT(boot->ndevices <= PV_MAX_DEVICES);
    for (unsigned i = 0; i < boot->ndevices && i < PV_MAX_DEVICES; i++) {
        WANT(boot->devices[i].transport == PV_TRANSPORT_MMIO ||
             boot->devices[i].transport == PV_TRANSPORT_PCI);
        for (unsigned k = 0; k < PV_REGS_COUNT; k++) {
            uint64_t at = boot->devices[i].regs[k];
            WANT(at ? at >= PV_DEVICES_VA && at < PV_PLATFORM_END : k != PV_REGS_COMMON);
        }
    }

    test("boot_info memory");
    WANT(boot->ram_start == PV_RAM_VA && boot->ram_end > PV_RAM_VA);
    WANT(boot->ram_end <= PV_RAM_MAX && boot->window_size <= PV_WINDOW_MAX);
    WANT(boot->image_size <= PV_IMAGE_MAX);
    WANT_EQ((boot->heap_start | boot->heap_end | boot->stack_bottom) % X86_PAGE, 0);
    WANT(boot->heap_start > (uintptr_t)zeros);
    WANT(boot->heap_end >= boot->heap_start + X86_PAGE_2M);
    WANT(boot->stack_bottom > boot->heap_end);
    WANT(boot->stack_top > boot->stack_bottom + 65536 && boot->stack_top <= boot->ram_end);
}

static void arguments(void)
{
    char **argv = (char **)boot->argv, **envp = (char **)boot->envp;
    test("boot arguments");
    WANT(boot->argc >= 1 && boot->argc < 10);
    for (unsigned i = 0; i < boot->argc; i++)
        WANT((uintptr_t)argv[i] > boot_rsp && (uintptr_t)argv[i] < boot->stack_top);
    WANT_EQ((uintptr_t)argv[boot->argc], 0);
    unsigned n = 0;
    while (envp[n] && n < 100)
        WANT((uintptr_t)envp[n] > boot_rsp && (uintptr_t)envp[n++] < boot->stack_top);
    WANT(n < 100);
}

static void fresh_memory(void)
{
    test("boot shared page");
    WANT_EQ(shared->masked, 0);
    WANT_EQ(shared->upcall_entry, 0);
    WANT_EQ(shared->exception_stack, 0);
    WANT_EQ(shared->critical, 0);

    test("boot data and bss");
    WANT_EQ(initialised[0], 0xfeed);
    WANT_EQ(initialised[1023], 0xbeef);
    WANT(all_bytes(zeros, 0, sizeof zeros));
    zeros[0] = zeros[sizeof zeros - 1] = 1;
    initialised[0] = initialised[1023] = 1;

    test("boot heap is zero");
    const uint8_t *heap = (const uint8_t *)boot->heap_start;
    uint64_t size = boot->heap_end - boot->heap_start;
    WANT(all_bytes(heap, 0, 65536));
    for (uint64_t off = 0; off < size; off += 65536 * 8)
        WANT(all_bytes(heap + off, 0, 8));
    WANT(all_bytes(heap + size - 4096, 0, 4096));
    memset((void *)boot->heap_start, 0xee, 65536); // for the program after this one
    *(uint8_t *)(boot->heap_end - 1) = 0xee;
}

static void window_header(void)
{
    test("boot window header");
    WANT(window->magic == WINDOW_MAGIC);
    WANT_EQ(window->abi_version, PV_ABI_VERSION);
    WANT(window->max_slots >= 1 && window->max_slots <= PV_MAX_SLOTS);
    WANT(window->size == boot->window_size && window->size >= WINDOW_MIN_SIZE);
    WANT_EQ(window->size % X86_PAGE_2M, 0);
    WANT(window->doors_off >= sizeof *window && window->doors_off % 64 == 0);
    uint64_t doors = (window->max_slots + UINT64_C(1)) * sizeof(struct window_door);
    WANT(window->tty_off >= window->doors_off + doors);
    WANT(window->kernel_off >= window->tty_off + sizeof(struct window_tty));
    WANT_EQ(window->kernel_off % X86_PAGE, 0);
    WANT(window->kernel_off < window->size);
    WANT(boot->slot >= 1 && boot->slot <= window->max_slots);
}

static void window_zero(void)
{
    const uint8_t *w = (const uint8_t *)PV_WINDOW_VA;
    test("boot window is zero");
    WANT(all_bytes(w + window->kernel_off, 0, 65536));
    for (uint64_t off = window->kernel_off; off < window->size; off += 65536)
        WANT(all_bytes(w + off, 0, 8));
    WANT(all_bytes(w + window->size - 4096, 0, 4096));
}

static void image(void)
{
    const struct image_header *h = (const struct image_header *)PV_IMAGE_VA;
    test("boot image");
    WANT(!memcmp(h->magic, IMAGE_MAGIC, sizeof h->magic));
    WANT_EQ(h->total_size, boot->image_size);
    WANT(boot->program == (is_from_file() ? PV_PROGRAM_FILE : h->entry_program));
}

static void clock(void)
{
    test("boot clock");
    uint64_t begin = now(), last = begin;
    WANT(begin >= boot->mono_base_ns);
    WANT(boot->wall_base_ns > UINT64_C(1600000000) * 1000 * MS); // 2020
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t t = now();
        WANT(t >= last);
        last = t;
    }
    WANT(last > begin && last - begin < 10000 * MS);
}

void boot_checks(int first)
{
    registers();
    info(first);
    arguments();
    fresh_memory();
    window_header();
    if (first)
        window_zero();
    image();
    clock();
}
