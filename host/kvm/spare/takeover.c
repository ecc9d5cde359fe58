// SPDX-License-Identifier: BSD-2-Clause
// The end of a spare's life: its owner has filled the handover, and it becomes a clone or another
// program. See spare.h and private.h.

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "host/kvm/kvm.h"
#include "host/kvm/platform.h"
#include "host/kvm/spare/private.h"

// The pages that have changed, to where they belong.
// HANDOVER is this process' own copy, checked by is_good(): only the pages' contents are read from
// what the owner could still write.
static int read_pages(const struct monitor *m, const struct spare_handover *handover, int fd)
{
    struct iovec to[SPARE_PAGES];
    for (uint32_t i = 0; i < handover->npages; i++)
        to[i] = (struct iovec){m->vm.mem.ram + handover->page[i], X86_PAGE};
    ssize_t all = (ssize_t)(handover->npages * X86_PAGE);
    return preadv(fd, to, (int)handover->npages, SPARE_CONTENT) == all ? 0 : -EIO;
}

static int read_strings(const struct spare_handover *handover, int fd, struct load_args *args)
{
    if (handover->len > PV_ARG_MAX)
        return -E2BIG;
    *args = (struct load_args){.strings = malloc(handover->len + 1),
                               .len = handover->len,
                               .argc = handover->argc,
                               .envc = handover->envc};
    if (!args->strings)
        return -ENOMEM;
    if (pread(fd, args->strings, args->len, SPARE_CONTENT) != (ssize_t)args->len)
        return -EIO;
    return load_args_valid(args) ? 0 : -EINVAL;
}

// Whether the handover is one for us. Its owner is a monitor like us, and has checked what it put
// in; but no guest that got out of one shall have the next for it.
static int is_good(const struct monitor *m, const struct life *l, const struct spare_handover *p)
{
    const struct family *f = m->member.family;
    if (!family_slot_valid(f, p->slot) || atomic_load(&f->shared->slots[p->slot].pid) != l->pid ||
        (l->blank && !p->program) || p->npages > SPARE_PAGES)
        return 0;
    for (uint32_t i = 0; i < f->ndisks && !p->program; i++)
        if (!virtio_mmio_fits(&m->devices[i], &p->devices[i]))
            return 0;
    for (uint32_t i = 0; i < p->npages && !p->program; i++)
        if (p->page[i] % X86_PAGE || p->page[i] < PV_PLATFORM_VA ||
            p->page[i] > m->vm.mem.ram_size - X86_PAGE)
            return 0;
    return !p->program || image_program(f->image, p->program - 1);
}

// What a device is and where its memory is stays ours.
static void copy_devices(struct monitor *m, const struct spare_handover *handover)
{
    for (uint32_t i = 0; i < m->member.family->ndisks; i++) {
        struct virtio_mmio *to = &m->devices[i], ours = *to;
        *to = handover->devices[i];
        to->class = ours.class;
        to->device = ours.device;
        to->dma_phys = ours.dma_phys;
        to->dma_size = ours.dma_size;
        to->dma = ours.dma;
    }
}

// About to start a program. `loaded`: NULL, or the registers of the member's program, which is in
// its memory and has not run.
static void start_program(struct monitor *m, uint32_t program, const struct load_args *args,
                          uint64_t start, struct kvm_regs *loaded)
{
    struct kvm_regs regs;
    if (!loaded || m->member.program != program) {
        spare_let_go(m);
        kvm_load(m, program, args, &regs);
    } else {
        if (load_arguments(&m->vm, m->member.slot, args, loaded) < 0)
            member_die(&m->member, SIGKILL, "no random seed");
        vm_start_at(&m->vm, loaded, PLATFORM_TABLES_VA(m->vm.tables));
    }
    family_trace(m->member.family, TRACE_PROC, "%u spawn of a spare %s %.3f ms", m->member.slot,
                 load_name(m->member.family->image, program),
                 (double)(family_now(m->member.family) - start) / 1e6);
    monitor_begin(m);
}

// Everything that can fail comes before the slot is ours by enrolling; after that it would be a
// death of the family's.
void spare_take_over(struct monitor *m, struct life *l)
{
    struct spare_handover handover;
    struct load_args args = {0};
    uint32_t used = spare_word(l->seq, SPARE_USED);
    const int fd = l->origin.fd;
    if (pread(fd, &handover, sizeof handover, 0) != sizeof handover || !is_good(m, l, &handover) ||
        (handover.program ? read_strings(&handover, fd, &args) : read_pages(m, &handover, fd)) < 0)
        _exit(1); // if a slot is ours it is a death
    if (atomic_compare_exchange_strong(l->word, &used, spare_word(l->seq, SPARE_DONE)))
        spare_wake(l->word); // the owner may be about to make another
    if (l->blank)
        m->origin = l->origin;
    else
        close(fd);
    m->member.slot = handover.slot;
    member_enroll(&m->member);
    if (handover.program) {
        start_program(m, handover.program - 1, &args, handover.start, l->blank ? &l->regs : NULL);
        free(args.strings);
        return;
    }
    copy_devices(m, &handover);
    kvm_clone_start(m, handover.start, &handover.regs, " of a spare");
}
