// SPDX-License-Identifier: BSD-2-Clause
// The command line of QEMU: the smallest machine on which the shim can do its work.
//
// All that a VM shares with us is passed as a descriptor at a fixed number, so the line is the same
// for every VM of a family: state saved by one QEMU can be loaded only by another of the same
// machine. See qemu.h; the options are in QEMU's own manual page.

#include "host/qemu/qemu.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

// The strings lie in A itself, which must not move afterwards. One that does not fit shows at the
// end, as -E2BIG for the whole line.
static void __attribute__((format(printf, 2, 3)))
add_argument(struct qemu_args *a, const char *format, ...)
{
    va_list args;
    size_t room = sizeof a->text - a->used;
    va_start(args, format);
    int n = vsnprintf(a->text + a->used, room, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= room || a->n + 1 >= QEMU_ARGS_MAX) {
        a->overflow = 1;
        return;
    }
    a->argv[a->n++] = a->text + a->used;
    a->used += (size_t)n + 1;
}

static void add_machine(struct qemu_args *a, const struct qemu_family *q)
{
    add_argument(a, "-M");
    // No ACPI: then microvm's firmware is its fastest one. The shim needs a serial line, LAPIC and
    // I/O APIC.
    add_argument(a,
                 "microvm,acpi=off,pit=off,pic=off,rtc=off,isa-serial=on,auto-kernel-cmdline=off");
    add_argument(a, "-accel");
    add_argument(a, "%s", q->accel);
    add_argument(a, "-cpu");
    add_argument(a, "max"); // the kernel writes FS.base itself: FSGSBASE
    // Only where it expects a second processor does TCG translate a locked instruction into one,
    // and other VMs are at the window's words at the same time.
    add_argument(a, "-smp");
    add_argument(a, "1,maxcpus=2");
    add_argument(a, "-nodefaults");
    add_argument(a, "-no-user-config");
    add_argument(a, "-nographic");
    add_argument(a, "-no-reboot");
    add_argument(a, "-sandbox");
    add_argument(a, "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
}

// Two NUMA nodes put one back end above the other; share=on keeps the pages in our memfds.
static void add_memory(struct qemu_args *a, const struct qemu_family *q)
{
    static const char *const names[2] = {"ram", "shared"};
    const uint64_t sizes[2] = {q->ram, q->shared};
    add_argument(a, "-m");
    add_argument(a, "%lluM", (unsigned long long)((q->ram + q->shared) >> 20));
    for (int i = 0; i < 2; i++) {
        add_argument(a, "-object");
        add_argument(a, "memory-backend-file,id=%s,mem-path=/proc/self/fd/%d,size=%llu,share=on",
                     names[i], QEMU_AT_RAM + i, (unsigned long long)sizes[i]);
        add_argument(a, "-numa");
        add_argument(a, "node,memdev=%s", names[i]);
    }
}

// QMP for commands, the serial line for the shim's interrupt and complaints, the debug port for its
// doorbell: a single OUT, which is the cheapest exit there is.
static void add_lines(struct qemu_args *a)
{
    static const char *const names[3] = {"qmp", "com", "bell"};
    for (int i = 0; i < 3; i++) {
        add_argument(a, "-chardev");
        add_argument(a, "socket,id=%s,fd=%d", names[i], QEMU_AT_QMP + i);
    }
    add_argument(a, "-mon");
    add_argument(a, "chardev=qmp,mode=control");
    add_argument(a, "-serial");
    add_argument(a, "chardev:com");
    add_argument(a, "-device");
    add_argument(a, "isa-debugcon,iobase=%#x,chardev=bell", COMPANION_PORT);
}

// QEMU opens the file a second time, by our descriptor. Each VM has a QEMU that has it open, so no
// locks; what one has written is in the host's page cache, where the others read.
static void add_disks(struct qemu_args *a, const struct qemu_family *q)
{
    if (q->ndisks) {
        add_argument(a, "-global");
        add_argument(a, "virtio-mmio.force-legacy=false"); // virtio 1.x
    }
    for (uint32_t i = 0; i < q->ndisks; i++) {
        add_argument(a, "-drive");
        add_argument(
            a, "if=none,id=disk%u,format=raw,file=/proc/self/fd/%u,file.locking=off,readonly=%s", i,
            QEMU_AT_DISKS + i, q->disks[i].read_only ? "on" : "off");
        add_argument(a, "-device");
        // By itself QEMU would fill the machine's buses from the last one.
        add_argument(a, "virtio-blk-device,drive=disk%u,share-rw=on,bus=virtio-mmio-bus.%u", i, i);
    }
}

// BOOT runs the shim; without it QEMU waits for a state to come in, and starts nothing by itself.
int qemu_argv(struct qemu_args *a, const struct qemu_family *q, int boot)
{
    *a = (struct qemu_args){0};
    add_argument(a, "%s", q->binary);
    add_machine(a, q);
    add_memory(a, q);
    add_lines(a);
    add_disks(a, q);
    add_argument(a, "-kernel");
    add_argument(a, "/proc/self/fd/%d", QEMU_AT_SHIM);
    add_argument(a, "-append");
    add_argument(a, COMPANION_OPTION "%llx,%llx,%llx", (unsigned long long)q->ram,
                 (unsigned long long)q->window, (unsigned long long)q->image);
    if (!boot) {
        add_argument(a, "-incoming");
        add_argument(a, "defer");
        add_argument(a, "-S");
    }
    a->argv[a->n] = NULL;
    return a->overflow ? -E2BIG : 0;
}
