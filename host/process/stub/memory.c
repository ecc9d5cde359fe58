// SPDX-License-Identifier: BSD-2-Clause
// Guest memory: what an argument may point to, RELEASE, PROTECT.

#include <sys/mman.h>

#include "host/process/stub/stub.h"

#define REST_MIN    512u       // bytes
#define HOT_MAX     (4 * PAGE) // a longer range holds much that is not written
#define TEXT_MAX    (UINT64_C(192) << 10)
#define STACK_BELOW 1024u // what both sides use of the stack at once

static int inside(uint64_t at, uint64_t len, uint64_t start, uint64_t size)
{
    return at >= start && at - start <= size && len <= size - (at - start);
}

int range_in(uint64_t at, uint64_t len, unsigned areas)
{
    const struct pv_boot_info *b = BOOT_PAGE;
    return ((areas & RAM) && inside(at, len, PV_RAM_VA, b->ram_end - PV_RAM_VA)) ||
           ((areas & WINDOW) && inside(at, len, PV_WINDOW_VA, b->window_size)) ||
           ((areas & IMAGE) && inside(at, len, PV_IMAGE_VA, b->image_size));
}

int copy_in(void *to, uint64_t from, uint64_t len, unsigned areas)
{
    if (!range_in(from, len, areas) || stub_copy(to, (const void *)from, len) < 0)
        return -EFAULT;
    return 0;
}

static int whole_pages(uint64_t at, uint64_t len)
{
    return at % PAGE == 0 && len % PAGE == 0;
}

static int in_heap_or_stack(uint64_t at, uint64_t len)
{
    const struct pv_boot_info *b = BOOT_PAGE;
    return inside(at, len, b->heap_start, b->heap_end - b->heap_start) ||
           inside(at, len, b->stack_bottom, b->stack_top - b->stack_bottom);
}

int64_t stub_release(const struct pv_release *c)
{
    if (!whole_pages(c->addr, c->len) || !in_heap_or_stack(c->addr, c->len))
        return -EINVAL;
    return sys3(SYS_madvise, c->addr, c->len, MADV_DONTNEED);
}

static int in_segment(uint64_t at, uint64_t len)
{
    for (uint32_t i = 0; i < STATE->nsegs && i < IMAGE_MAX_SEGS; i++) {
        const struct image_seg *s = &STATE->segs[i];
        const uint64_t start = s->vaddr & ~(PAGE - 1);
        if (inside(at, len, start, ((s->vaddr + s->memsz + PAGE - 1) & ~(PAGE - 1)) - start))
            return 1;
    }
    return 0;
}

int64_t stub_protect(const struct pv_protect *c)
{
    _Static_assert(PV_RIGHT_READ == PROT_READ && PV_RIGHT_WRITE == PROT_WRITE &&
                       PV_RIGHT_EXEC == PROT_EXEC,
                   "rights are mprotect's");
    const uint32_t both = PV_RIGHT_WRITE | PV_RIGHT_EXEC, rights = c->rights;
    if ((rights & ~(both | PV_RIGHT_READ)) || (rights && !(rights & PV_RIGHT_READ)) ||
        !whole_pages(c->addr, c->len) ||
        !(in_heap_or_stack(c->addr, c->len) || in_segment(c->addr, c->len)))
        return -EINVAL;
    if ((rights & both) == both)
        return -EACCES;
    if (rights != (PV_RIGHT_READ | PV_RIGHT_EXEC))
        text_keep(c->addr);
    return sys3(SYS_mprotect, c->addr, c->len, rights);
}

void populate(uint64_t from, uint64_t len, int advice)
{
    const uint64_t start = from & ~(PAGE - 1);
    sys3(SYS_madvise, start, ((from + len + PAGE - 1) & ~(PAGE - 1)) - start, (uint64_t)advice);
}

void populate_text(void)
{
    const struct image_seg *text = &STATE->segs[0];
    populate(text->vaddr, text->memsz < TEXT_MAX ? text->memsz : TEXT_MAX, MADV_POPULATE_READ);
}

void populate_platform(void)
{
    populate(PV_SHARED_VA, PV_BOOT_INFO_VA + PAGE - PV_SHARED_VA, MADV_POPULATE_WRITE);
    populate(PV_WINDOW_VA, PAGE, MADV_POPULATE_READ); // Linux maps its neighbours as well
}

// Heap and stack are left alone: of what is named of them little is written, and each page that is
// copied in vain is a member's memory. So is a last page of which a few words belong to the range.
static void own_range(const struct pv_range *hot, int child)
{
    const uint64_t end = hot->addr + hot->len, rest = end % PAGE < REST_MIN ? end % PAGE : 0;
    if (hot->len == 0 || hot->len > HOT_MAX)
        return;
    if (child && range_in(hot->addr, hot->len, WINDOW))
        populate(hot->addr, hot->len, MADV_POPULATE_READ);
    else if (hot->len > rest && range_in(hot->addr, hot->len, RAM) &&
             !in_heap_or_stack(hot->addr, hot->len))
        populate(hot->addr, hot->len - rest, MADV_POPULATE_WRITE);
}

void own_pages(const struct pv_range *hot, uint32_t n, int child)
{
    const uint64_t here = (uintptr_t)__builtin_frame_address(0);
    if (child) {
        populate_platform();
        populate_text();
    } else {
        populate(PV_SHARED_VA, PAGE, MADV_POPULATE_WRITE);
    }
    if (here % PAGE < STACK_BELOW) // the page of this frame has been written by now
        populate(here - STACK_BELOW, 1, MADV_POPULATE_WRITE);
    for (uint32_t i = 0; i < n; i++)
        own_range(&hot[i], child);
}
