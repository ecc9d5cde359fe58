// SPDX-License-Identifier: BSD-2-Clause
// The shim's boot list: from a boot loader's hand-over to the program in ring 3.
// Entered from boot.S. Two ways lead on from the middle: alone on the machine, or inside a QEMU
// that a companion runs (abi/companion.h).

#include "abi/window.h"
#include "arch/x86_64/shim/device/acpi.h"
#include "arch/x86_64/shim/time/apic.h"
#include "arch/x86_64/shim/boot/bootinfo.h"
#include "arch/x86_64/shim/call.h"
#include "arch/x86_64/shim/time/clock.h"
#include "arch/x86_64/shim/boot/cmdline.h"
#include "arch/x86_64/shim/companion.h"
#include "arch/x86_64/shim/console.h"
#include "arch/x86_64/shim/boot/entropy.h"
#include "arch/x86_64/shim/boot/image.h"
#include "arch/x86_64/shim/lib.h"
#include "arch/x86_64/shim/boot/load.h"
#include "arch/x86_64/shim/device/pci.h"
#include "arch/x86_64/shim/mem/phys.h"
#include "arch/x86_64/shim/mem/regions.h"
#include "arch/x86_64/shim/serial.h"
#include "arch/x86_64/shim/mem/space.h"
#include "arch/x86_64/shim/device/virtio_mmio.h"

#define WINDOW_MAX   (UINT64_C(1) << 30)
#define RAM_MIN      (UINT64_C(16) << 20)
#define IOAPIC_USUAL 0xfec00000 // where all PCs and all QEMU machines have it
#define TABLES       256        // pages set aside for page tables, besides one for each 2 MB

void shim_main(uint32_t magic, uint64_t info);

static struct boot boot;

// Contiguous pages out of the usable memory, for good. What they hold is not said.
// Only before frames_init(), which hands what is left over to the frame allocator.
static uint64_t carve(uint64_t size)
{
    for (uint32_t i = 0; i < boot.nusable; i++) {
        uint64_t at = boot.usable[i].start;
        if (boot.usable[i].end - at < size)
            continue;
        boot_reserve(&boot, at, at + size);
        return at;
    }
    shim_panic("no %lu KB of memory in one piece", size >> 10);
}

// The three pages ring 3 finds at fixed addresses (abi/pv.h). They lie below SHIM_PHYS, which
// boot_parse() reserves, so no allocation has had them.
static void init_platform_pages(void)
{
    memset(phys(PV_SHARED_VA), 0, X86_PAGE);
    memset(phys(PV_BOOT_INFO_VA), 0, X86_PAGE);
    call_page_init();
}

// `pci`: with a companion QEMU's devices are all virtio-mmio ones, and PCI is not looked at. DMA
// memory is prepared only if there is a device that can use it.
static void find_devices(int pci)
{
    struct pv_boot_info *b = load_boot_info();
    b->ndevices = pci ? pci_find_virtio(b->devices, PV_MAX_DEVICES) : 0;
    b->ndevices +=
        virtio_mmio_find(b->devices + b->ndevices, PV_MAX_DEVICES - b->ndevices, boot.cmdline);
    if (b->ndevices) {
        b->dma_phys = PV_DMA_VA;
        memset(phys(PV_DMA_VA), 0, PV_DMA_SIZE);
    }
}

// --- alone ---

// What the monitor's family.c does on the host.
// Through ring 3's mapping, by faults, as the pages are zeros of the frame allocator.
static void init_window(uint64_t size)
{
    struct window_header *w = (struct window_header *)PV_WINDOW_VA;
    const uint32_t slots = 1;
    w->abi_version = PV_ABI_VERSION;
    w->max_slots = slots;
    w->size = size;
    w->doors_off = sizeof *w;
    w->tty_off = w->doors_off + (slots + 1) * sizeof(struct window_door);
    w->kernel_off = (w->tty_off + sizeof(struct window_tty) + X86_PAGE - 1) & ~(X86_PAGE - 1);
    struct window_tty *tty = (struct window_tty *)(PV_WINDOW_VA + w->tty_off);
    tty->rows = 24;
    tty->cols = 80;
    // Last, as on the host: what has the magic is complete.
    w->magic = WINDOW_MAGIC;
}

// Divides what memory there is: a quarter for the window, with the files in it; the rest is RAM.
// Last of all that takes memory for good: what is left is divided.
static void init_memory(void)
{
    // A page of page tables maps 512 pages. Setting them aside here is what lets regions_fault()
    // panic when there is none: it cannot happen to a program that stays in its memory.
    uint64_t frames = frames_left(), tables = frames / 512 + TABLES;
    uint64_t total = frames > tables ? (frames - tables) * X86_PAGE : 0;
    uint64_t window = min_u64(total / 4, WINDOW_MAX) & ~(X86_PAGE_2M - 1);
    window = window > WINDOW_MIN_SIZE ? window : WINDOW_MIN_SIZE;
    if (total < window + RAM_MIN)
        shim_panic("%lu MB of memory are too few: %lu MB are needed", total >> 20,
                   (window + RAM_MIN) >> 20);
    uint64_t ram = (total - window) & ~(X86_PAGE_2M - 1);
    load_init(min_u64(PV_RAM_VA + ram, PV_RAM_MAX), 0, window);
    init_window(window);
}

// Without a MADT, on a machine with no ACPI, there is one I/O APIC and its inputs begin at GSI 0.
static void add_ioapics(void)
{
    const struct acpi_info *info = acpi();
    for (unsigned i = 0; i < info->nioapics; i++)
        ioapic_add(info->ioapics[i].address, info->ioapics[i].gsi_base);
    if (!info->nioapics)
        ioapic_add(IOAPIC_USUAL, 0);
}

// One argument or NAME=VALUE more in `args`, whose strings are being gathered at `to`.
// 0: there is no room. Arguments are silently cut there, as nobody is listening who could act on an
// error before the program runs.
static int add_string(char *to, struct load_args *args, uint32_t *n, const char *s)
{
    size_t size = strlen(s) + 1;
    if (args->len + size > PV_ARG_MAX)
        return 0;
    memcpy(to + args->len, s, size);
    args->len += size;
    ++*n;
    return 1;
}

static const char env_option[] = "ramet.env=";

// The next setting of the command line, in `word`; NULL at the end.
static const char *next_env(const char *s, char *word, uint32_t size)
{
    while ((s = cmdline_next(s, word, size)))
        if (cmdline_begins(word, env_option)) {
            memmove(word, word + strlen(env_option), strlen(word + strlen(env_option)) + 1);
            break;
        }
    return s;
}

// What the command line sets goes first, and a default only where it set nothing of that name.
static void gather_env(char *to, struct load_args *args)
{
    static const char *const defaults[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME=/",
        "TERM=dumb",
    };
    static char word[BOOT_CMDLINE];
    int given[3] = {0};
    for (const char *s = boot.cmdline; (s = next_env(s, word, sizeof word));) {
        add_string(to, args, &args->envc, word);
        for (unsigned i = 0; i < 3; i++)
            given[i] |= !memcmp(word, defaults[i], 5); // all names are four letters and '='
    }
    for (unsigned i = 0; i < 3; i++)
        if (!given[i])
            add_string(to, args, &args->envc, defaults[i]);
}

// The program and its arguments: from the command line, else the image's own.
static uint32_t choose_program(char *to, struct load_args *args)
{
    static char word[BOOT_CMDLINE];
    const struct image_header *h = image_header();
    uint32_t program = h->entry_program;
    const char *path = cmdline_option(boot.cmdline, "ramet.exec=", word, sizeof word);
    if (path && (program = image_find_program(path)) == IMAGE_NO_PROGRAM)
        shim_panic("no program %s in the image", path);
    *args = (struct load_args){.strings = to};
    add_string(to, args, &args->argc, path ? path : image_string(h->entry_path.off));
    for (const char *s = boot.cmdline; (s = cmdline_next(s, word, sizeof word));)
        if (!cmdline_ours(word))
            add_string(to, args, &args->argc, word);
    // The image's arguments are for the image's program: another one does not get them.
    if (args->argc == 1 && !path)
        for (uint32_t i = 0, off = h->args.off; i < h->arg_count; i++) {
            add_string(to, args, &args->argc, image_string(off));
            off += (uint32_t)strlen(image_string(off)) + 1;
        }
    gather_env(to, args);
    return program;
}

static _Noreturn void run_alone(int serial)
{
    struct pv_boot_info *b = load_boot_info();
    struct load_args args;
    struct frame f;

    // The order below matters: memory before whatever maps or allocates, ACPI before what it
    // describes, and the clock last, so that as much time as possible lies between its two
    // readings.
    char *scratch = phys(carve(PV_ARG_MAX));
    call_init(scratch);
    frames_init(&boot, 0); // from here on memory is handed out page by page
    image_init(boot.image, boot.image_size);
    space_init(); // the platform pages are ring 3's
    init_platform_pages();
    clock_begin();        // the time that all the rest takes is measured on the way
    acpi_init(boot.rsdp); // interrupt controllers, power
    apic_init();          // the timer's and the devices' interrupts
    add_ioapics();        // ... and who passes them on
    find_devices(1);
    init_memory();
    b->slot = b->first = b->cpus = 1;
    for (unsigned fd = 0; fd < 3; fd++)
        b->stdio[fd] = serial ? PV_STDIO_TTY : PV_STDIO_NONE;
    entropy_seed(b->seed);
    if (!cmdline_option(boot.cmdline, "ramet.hostname=", b->hostname, sizeof b->hostname))
        memcpy(b->hostname, "ramet", sizeof "ramet");
    console_terminal();
    clock_init(&b->tsc_base, &b->tsc_mult, &b->mono_base_ns, &b->wall_base_ns);
    uint32_t program = choose_program(scratch, &args);
    if (load_check(program, &args) < 0)
        shim_panic("the program does not fit into %lu MB of memory", frames_left() >> 8);
    load_program(program, &args, &f);
    resume(&f);
}

// --- with a companion ---

static _Noreturn void run_for_companion(const struct companion_memory *m)
{
    struct load_args args;
    struct frame f;

    // Beyond it lies what the family shares, though the memory map calls it ordinary.
    boot_reserve(&boot, m->ram, UINT64_MAX & ~(X86_PAGE - 1));
    uint64_t page = carve(sizeof(struct companion_page)); // zero, as all memory of a new QEMU
    call_init(phys(carve(PV_ARG_MAX)));
    frames_init(&boot, 1);
    // The image lies behind the window, in memory that all VMs of the family have mapped.
    image_init(m->ram + m->window_size, m->image_size);
    space_init();
    apic_init();
    ioapic_add(IOAPIC_USUAL, 0);
    init_platform_pages();
    find_devices(0);
    console_bell();
    // The monitor saves the template while we wait for the answer: what comes before this line is
    // done once per family, what comes after it once per VM.
    companion_hello(phys(page), page);
    const struct companion_start *start = companion_wait_start();
    load_init(start->mem, m->ram, m->window_size);
    args = (struct load_args){(const char *)(start + 1), start->strings_len, start->boot.argc,
                              start->envc, NULL};
    if (load_check(start->boot.program, &args) < 0)
        shim_panic("the program does not fit into its memory (--mem)");
    load_program(start->boot.program, &args, &f);
    resume(&f);
}

// On the one ring-0 stack, with interrupts off, the first 4 GB mapped three times (boot.S). The
// serial line first, so that everything after it can be complained about.
void shim_main(uint32_t magic, uint64_t info)
{
    struct companion_memory memory;
    int serial = serial_init();
    trap_init();
    boot_parse(&boot, magic, info);
    if (companion_find(boot.cmdline, &memory))
        run_for_companion(&memory);
    run_alone(serial);
}
