// SPDX-License-Identifier: BSD-2-Clause
// Copying memory ahead of time, for programs whose children write a lot of it.
//
// A first write to a page that a clone still shares costs two faults into KVM, some 60 us on a
// nested host, and so a child that goes through its memory is slow. A spare that waits has time to
// copy: 2 MB at once, onto a huge page, after which the child's first touch of all of it is one
// fault. Children tell their parent how many faults they had; only when that was many are spares
// given copies, as these are memory that is not shared any more.
//
// What is copied must stay mapped: otherwise its owner would be the only one who maps it, and it
// could not be told any more which pages it has written since (dirty.h). So the originals are moved
// aside, and let go of when the spare has been used. Neighbours: spare.c, lifecycle.c.

#include <sys/mman.h>
#include <sys/resource.h>
#include <string.h>

#include "host/kvm/spare/dirty.h"
#include "host/family/hugemem.h"
#include "host/kvm/platform.h"
#include "host/kvm/spare/private.h"

#define MANY_FAULTS 64u // of a child: more are worth a copy
#define COPIES      32u // spares that get one then; children that find one have few faults to tell
#define RANGES      64u
#define UNITS       (PV_RAM_MAX / X86_PAGE_2M)
#define WORTH_PAGES 64u // private ones in 2 MB: with fewer, a copy would mostly be of nothing

// Minor faults of this process: what KVM does for the guest counts among them.
static uint32_t faults(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) < 0 ? 0 : (uint32_t)usage.ru_minflt;
}

// In a clone, when it begins. The serial number tells whether the parent's slot is still the
// parent's when the child ends.
void spare_watch(struct monitor *m)
{
    const uint32_t parent = family_claimer(m->member.family, m->member.slot);
    m->parent = (struct spare_parent){
        .serial = atomic_load(&m->member.family->shared->slots[parent].serial),
        .slot = parent,
        .faults = faults(),
    };
}

// Of several children the last counts: it is a hint.
void spare_tell(struct monitor *m)
{
    struct family_slot *parent = &m->member.family->shared->slots[m->parent.slot];
    if (m->parent.serial && atomic_load(&parent->serial) == m->parent.serial)
        atomic_store(&parent->child_faults, faults() - m->parent.faults);
    m->parent.serial = 0;
}

void spare_plan_copy(struct monitor *m)
{
    static uint16_t pages[UNITS]; // private ones in each unit
    struct spare *s = &m->spare;
    struct dirty_range ranges[RANGES];
    s->nunits = 0;
    if (atomic_exchange(&m->member.family->shared->slots[m->member.slot].child_faults, 0) >=
        MANY_FAULTS)
        s->copies = COPIES;
    if (!s->copies)
        return;
    s->copies--;
    memset(pages, 0, sizeof pages);
    int found = dirty_private(&m->vm, s->pagemap, ranges, RANGES);
    for (int i = 0; i < found; i++)
        for (uint64_t at = ranges[i].start; at < ranges[i].end; at += X86_PAGE)
            pages[at / X86_PAGE_2M]++;
    // Not the first, where the platform pages are.
    for (uint32_t unit = PV_RAM_VA / X86_PAGE_2M; unit < UNITS && s->nunits < SPARE_UNITS; unit++)
        if (pages[unit] >= WORTH_PAGES)
            s->unit[s->nunits++] = unit;
}

// One unit: its pages to `aside`, a copy in their place. One of several mappings, where the host's
// kernel does not move these at once (Linux before 6.17), stays as it is.
static void copy_unit(const struct monitor *m, uint64_t unit, uint8_t *aside)
{
    uint8_t *at = m->vm.mem.ram + unit * X86_PAGE_2M;
    if (mremap(at, X86_PAGE_2M, X86_PAGE_2M, MREMAP_MAYMOVE | MREMAP_FIXED, aside) == MAP_FAILED)
        return;
    if (mmap(at, X86_PAGE_2M, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED) {
        if (mremap(aside, X86_PAGE_2M, X86_PAGE_2M, MREMAP_MAYMOVE | MREMAP_FIXED, at) ==
            MAP_FAILED)
            _exit(1);
        return;
    }
    madvise(at, X86_PAGE_2M, MADV_HUGEPAGE);
    memcpy(at, aside, X86_PAGE_2M);
}

// In the spare, unit by unit as long as WORD says that nobody wants it yet: it can be called in the
// middle, with what is copied until then.
void spare_copy(struct monitor *m, const _Atomic uint32_t *word, uint32_t ready)
{
    struct spare *s = &m->spare;
    s->held = s->nunits ? hugemem_reserve(s->nunits * X86_PAGE_2M) : NULL;
    for (uint32_t i = 0; s->held && i < s->nunits && atomic_load(word) == ready; i++)
        copy_unit(m, s->unit[i], s->held + i * X86_PAGE_2M);
}

// The originals go, and with them the last that keeps those pages shared with the owner.
void spare_let_go(struct monitor *m)
{
    if (m->spare.held)
        munmap(m->spare.held, m->spare.nunits * X86_PAGE_2M);
    m->spare.held = NULL;
}
