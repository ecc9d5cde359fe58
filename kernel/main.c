// SPDX-License-Identifier: BSD-2-Clause
// Boot: one call and one comment a line, in the order things depend on each other.
// Entered from arch/x86_64/entry.S; ends in the C library's start, which calls main().

#include "kernel/api/errno.h"
#include "kernel/arch.h"
#include "kernel/time/clock.h"
#include "kernel/dev/driver.h"
#include "kernel/entry.h"
#include "kernel/file/file.h"
#include "kernel/lib.h"
#include "kernel/window/lock.h"
#include "kernel/mem/mem.h"
#include "kernel/proc/proc.h"
#include "kernel/pv.h"
#include "kernel/random.h"
#include "kernel/signal/signal.h"
#include "kernel/tty/tty.h"
#include "kernel/root.h"

static void boot_files(void)
{
    int r = fs_populate();
    if (r == -ENOTDIR)
        refuse("the image has a file or link at /dev or /proc, where a directory belongs");
    if (r < 0)
        refuse("the image's files do not fit into the window: give --window-size more");
}

// What only a family's first program does: it finds a window of zeros.
static void boot_family(void)
{
    if (window_format() < 0) // tables and page pool
        refuse("the window is too small: give --window-size more");
    window_root()->started_ns = boot_info->mono_base_ns;
    lock_init_self(boot_info->slot); // from here on locks know us
    proc_boot((int)boot_info->argc,
              (char *const *)boot_info->argv); // pid 2, child of the supervisor
    boot_files();                              // the image's files become inodes
    proc_boot_root();                          // its root and working directory
    tty_boot();                                // the terminal and its session
    if (stdio_open() < 0)                      // descriptors 0, 1 and 2
        panic("cannot open standard input and output");
}

// A program started by exec or spawn finds its entry and descriptors in the window.
static void boot_member(void)
{
    if (window_attach() < 0) // the same layout, or we would destroy the family
        panic("this program was built for another window layout than the family's first");
    lock_init_self(boot_info->slot);
    proc_boot((int)boot_info->argc, (char *const *)boot_info->argv);
}

void kernel_main(const struct pv_boot_info *info)
{
    boot_info = info;
    pv_shared = (struct pv_shared *)(uintptr_t)PV_SHARED_VA;
    window_base = (uint8_t *)(uintptr_t)PV_WINDOW_VA;
    if (info->abi_version != PV_ABI_VERSION || info->size != sizeof *info)
        panic("paravirtual interface %u, but this kernel speaks %u", info->abi_version,
              PV_ABI_VERSION);
    mem_init();    // break and mappings
    random_boot(); // generator seeded by the host
    if (info->first)
        boot_family();
    else
        boot_member();
    clock_boot();                 // processor time goes on over exec
    signal_boot();                // dispositions from what exec kept
    timer_boot();                 // so does an alarm
    arch_upcalls_init(pv_shared); // exceptions and events may come now
    signal_from_host();           // sent before exec: that event went with the old memory
    if (info->first)
        drivers_seed_random(); // what an entropy device gives, besides the host's seed
    if (tls_init() < 0)        // FS base, for the program's thread-local variables
        panic("no memory for thread-local storage");
    current->depth = 0; // the program runs
    libc_start((int)info->argc, (char **)info->argv, (char **)info->envp);
}
