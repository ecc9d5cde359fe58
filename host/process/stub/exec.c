// SPDX-License-Identifier: BSD-2-Clause
// EXEC, and what it shares with SPAWN: the arguments and a file's bytes are copied to scratch
// first, which is outside the RAM that goes.

#include <signal.h>
#include <sys/mman.h>

#include "host/process/stub/stub.h"

#define SCRATCH_SMALL (4 * PAGE)

static int map_scratch(uint64_t at, uint64_t len)
{
    long r = sys6(SYS_mmap, at, (len + PAGE - 1) & ~(PAGE - 1), PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, UINT64_MAX, 0);
    if (r < 0 && r > -4096)
        return -ENOMEM;
    if (len <= SCRATCH_SMALL)
        populate(at, len, MADV_POPULATE_WRITE);
    return 0;
}

void scratch_drop(void)
{
    const struct stub_start *s = &STATE->start;
    if (s->strings == STUB_SCRATCH_VA || s->file_len)
        sys2(SYS_munmap, STUB_SCRATCH_VA, STUB_SCRATCH_SIZE);
}

// Guest memory, once: the guest's other members may change the window meanwhile.
static int copy_to_scratch(uint64_t to, uint64_t from, uint64_t len)
{
    if (len == 0)
        return 0;
    if (!range_in(from, len, RAM | WINDOW | IMAGE))
        return -EFAULT;
    const int r = to == STUB_SMALL_VA ? 0 : map_scratch(to, len);
    return r < 0 ? r : stub_copy((void *)to, (const void *)from, len) < 0 ? -EFAULT : 0;
}

// Exactly argc + envc strings, the last one ended.
static int strings_valid(const struct stub_start *s)
{
    const char *p = (const char *)s->strings;
    uint64_t strings = 0;
    for (uint64_t i = 0; i < s->strings_len; i++)
        strings += p[i] == 0;
    return strings == (uint64_t)s->argc + s->envc &&
           (s->strings_len == 0 || p[s->strings_len - 1] == 0);
}

static int64_t prepare(struct stub_start *s, const struct pv_exec *c)
{
    *s = (struct stub_start){.program = c->program,
                             .argc = c->argc,
                             .envc = c->envc,
                             .strings = stub_strings_va(c->len),
                             .strings_len = c->len};
    int64_t r = 0;
    if (c->program == PV_PROGRAM_FILE) {
        if (c->file_len > PV_PROGRAM_MAX)
            return -ENOMEM;
        s->file_len = c->file_len;
        r = copy_to_scratch(STUB_FILE_VA, c->file, c->file_len);
    }
    const int plan = r == 0 ? load_plan(s) : 0;
    if (plan == -ENOEXEC)
        return plan;
    if (r == 0 && c->len > PV_ARG_MAX)
        r = -E2BIG;
    if (r == 0)
        r = copy_to_scratch(s->strings, c->strings, c->len);
    if (r == 0 && !strings_valid(s))
        r = -EINVAL;
    return r < 0 ? r : plan;
}

int64_t start_prepare(const struct pv_exec *c)
{
    int64_t r = prepare(&STATE->start, c);
    if (r < 0)
        scratch_drop();
    return r;
}

void start_program(void)
{
    struct pv_boot_info *b = BOOT_PAGE;
    const uint64_t sp = load_program(&STATE->start);
    if (!sp || sys3(SYS_getrandom, (uintptr_t)b->seed, sizeof b->seed, 0) != sizeof b->seed)
        leave(STUB_DIED + SIGKILL);
    scratch_drop();
    devices_reset();
    *SHARED = (struct pv_shared){0};
    stub_reset_fpu(STATE->flags & STUB_AVX);
    clear_bases();
    unblock_signals();
    stub_enter(STATE->start.entry, sp);
}

static void replace(void)
{
    set_timer(0);
    BOOT_PAGE->first = 0;
    start_program();
}

int64_t stub_exec(const struct pv_exec *c)
{
    if (c->flags & ~PV_EXEC_CHECK)
        return -EINVAL;
    int64_t r = start_prepare(c);
    if (r < 0)
        return r;
    if (c->flags & PV_EXEC_CHECK) {
        scratch_drop();
        return 0;
    }
    if (STATE->flags & STUB_TRACE)
        note(STUB_EXEC, c->program, 0);
    else
        text_exec(c->program);
    block_signals(); // handlers would run on a stack that goes
    stub_on_stack(replace);
}
