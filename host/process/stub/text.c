// SPDX-License-Identifier: BSD-2-Clause
// Text from the family's text cache (host/family/textcache.h), which the supervisor fills and
// members map: the whole 2 MB, or no huge page could be mapped. What lies behind the text is zeros.

#include <sys/mman.h>

#include "host/process/stub/stub.h"

#define TRIES 8u // of one program's forks to find its text in the cache

// The page its text begins at, or -1.
static int find(uint32_t program)
{
    struct stub_texts *t = &STATE->texts;
    if (STATE->text_fd < 0 || sys4(SYS_pread64, (uint64_t)STATE->text_fd, (uintptr_t)t, sizeof *t,
                                   STUB_TEXTS_OFF) != sizeof *t)
        return -1;
    for (int i = 0; i < (int)STUB_TEXT_PAGES; i++)
        if (t->program[i] == program + 1)
            return i;
    return -1;
}

static int map_at(const struct image_seg *s, int page)
{
    const uint64_t len = (s->memsz + PAGE_2M - 1) & ~(PAGE_2M - 1);
    const long r = sys6(SYS_mmap, s->vaddr, len, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED,
                        (uint64_t)STATE->text_fd, (uint64_t)page * PAGE_2M);
    return r < 0 && r > -4096 ? -1 : 0;
}

int text_map(const struct stub_start *start)
{
    STATE->text_tries = BOOT_PAGE->first ? 0 : TRIES; // at first there is nothing
    if (BOOT_PAGE->first || start->program == PV_PROGRAM_FILE ||
        !stub_text_pages(start->segs, start->nsegs))
        return -1;
    const int page = find(start->program);
    if (page < 0) {
        STATE->text_tries = 0;
        return -1;
    }
    return map_at(&start->segs[0], page);
}

// The guest stands in the stub: it does not see that the same bytes come from elsewhere.
void text_fork(void)
{
    if (STATE->text_tries >= TRIES)
        return;
    const int page = find(BOOT_PAGE->program);
    STATE->text_tries++;
    if (page < 0)
        return;
    STATE->text_tries = TRIES;
    map_at(&STATE->segs[0], page);
}

void text_keep(uint64_t at)
{
    if (at < STATE->segs[0].vaddr + STATE->segs[0].memsz)
        STATE->text_tries = TRIES;
}

void text_exec(uint32_t program)
{
    if (STATE->text_fd >= 0 && program != PV_PROGRAM_FILE && find(program) < 0 &&
        !STATE->texts.full)
        note(STUB_EXEC, program, 0);
}
