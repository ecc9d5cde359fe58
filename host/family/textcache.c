// SPDX-License-Identifier: BSD-2-Clause
// The text cache: planning, loading, publishing. See textcache.h.

#include "host/family/textcache.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/family/hugemem.h"

// In the supervisor, which alone fills it afterwards.
int textcache_init(struct textcache *cache, uint8_t *at, uint64_t size, uint32_t programs)
{
    const int fd = hugemem_map(at, "ramet-text", size);
    if (fd < 0)
        return fd;
    cache->map = at;
    cache->table = ((programs + 1) * sizeof *cache->uses + X86_PAGE - 1) & ~(X86_PAGE - 1);
    void *tables =
        mmap(NULL, 2 * cache->table, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tables == MAP_FAILED) {
        close(fd);
        return -ENOMEM;
    }
    cache->uses = tables;
    cache->first_page = (void *)((uint8_t *)tables + cache->table);
    return fd;
}

// In every monitor: a guest that gets out of its VM must not be able to change other VMs' text.
int textcache_protect(const struct textcache *cache)
{
    return mprotect(cache->map, TEXTCACHE_SIZE, PROT_READ) < 0 ||
                   mprotect(cache->first_page, cache->table, PROT_READ) < 0
               ? -errno
               : 0;
}

// Whether the program writes to some of the 2 MB at va.
static int is_written(const struct elf_program *program, uint64_t va)
{
    for (uint32_t i = 0; i < program->nsegs; i++) {
        const struct image_seg *s = &program->segs[i];
        if ((s->flags & IMAGE_SEG_W) && s->vaddr < va + X86_PAGE_2M && s->vaddr + s->memsz > va)
            return 1;
    }
    return 0;
}

// A program that writes to some 2 MB that also hold text gets no plan (pages 0), as those could not
// be shared. Segments are in ascending order (elf.c).
void textcache_plan(const struct elf_program *program, struct textcache_plan *plan)
{
    uint64_t filled = X86_PAGE_2M; // bytes taken of the newest page, from its start
    *plan = (struct textcache_plan){0};
    for (uint32_t i = 0; i < program->nsegs; i++) {
        const struct image_seg *s = &program->segs[i];
        if ((s->flags & IMAGE_SEG_W) || s->memsz != s->filesz)
            continue;
        for (uint64_t at = s->vaddr, end = s->vaddr + s->memsz; at < end;) {
            uint64_t va = at & ~(X86_PAGE_2M - 1);
            uint64_t stop = end < va + X86_PAGE_2M ? end : va + X86_PAGE_2M;
            if (plan->n == TEXTCACHE_UNITS || is_written(program, va)) {
                plan->pages = 0;
                return;
            }
            if (at - va < filled)
                plan->pages++;
            filled = stop - va;
            plan->unit[plan->n].va = va;
            plan->unit[plan->n].page = plan->pages - 1;
            plan->unit[plan->n++].flags = s->flags;
            at = stop;
        }
    }
}

int textcache_use(const struct textcache *cache, uint32_t program)
{
    // The second time it is worth the copy: many families never start anything twice.
    return atomic_fetch_add(&cache->uses[program], 1) == 1;
}

static int read_text(int fd, uint8_t *to, uint64_t len, uint64_t off)
{
    while (len) {
        ssize_t n = pread(fd, to, len, (off_t)off);
        if (n <= 0)
            return -1;
        to += n, off += (uint64_t)n, len -= (uint64_t)n;
    }
    return 0;
}

// Copies the part of every read-only segment that lies in one unit.
static int fill_unit(const struct elf_program *elf, int fd, uint64_t va, uint8_t *page)
{
    for (uint32_t i = 0; i < elf->nsegs; i++) {
        const struct image_seg *s = &elf->segs[i];
        uint64_t start = s->vaddr > va ? s->vaddr : va;
        uint64_t end =
            s->vaddr + s->filesz < va + X86_PAGE_2M ? s->vaddr + s->filesz : va + X86_PAGE_2M;
        if (!(s->flags & IMAGE_SEG_W) && start < end &&
            read_text(fd, page + (start - va), end - start, s->file_off + (start - s->vaddr)) < 0)
            return -1;
    }
    return 0;
}

void textcache_load(struct textcache *cache, uint32_t program, const struct elf_program *elf,
                    int fd)
{
    struct textcache_plan plan;
    textcache_plan(elf, &plan);
    if (!plan.pages || cache->used + plan.pages > TEXTCACHE_PAGES ||
        textcache_find(cache, program) >= 0)
        return;
    uint8_t *base = cache->map + cache->used * X86_PAGE_2M;
    for (uint32_t i = 0; i < plan.n; i++)
        if (fill_unit(elf, fd, plan.unit[i].va, base + plan.unit[i].page * X86_PAGE_2M) < 0) {
            cache->used = TEXTCACHE_PAGES;
            return;
        }
    // On small pages the cache would gain nothing over the image file. Nor would asking again: it
    // would cost the supervisor the copy each time.
    if (hugemem_collapse(base, plan.pages * X86_PAGE_2M) < 0) {
        cache->used = TEXTCACHE_PAGES;
        return;
    }
    atomic_store_explicit(&cache->first_page[program], cache->used + 1, memory_order_release);
    cache->used += plan.pages;
}
