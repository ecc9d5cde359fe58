// SPDX-License-Identifier: BSD-2-Clause
// Processes: PV_CALL_FORK, SPAWN, EXEC and EXIT, as far as they are the same for every back end:
// arguments and slots. How a VM is cloned is the back end's (kvm/clone.c, qemu/clone.c).

#include "host/call/call.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/backend.h"

int64_t call_fork(struct member *m, struct pv_fork *c)
{
    struct family *f = m->family;
    struct clone clone = {.start = family_now(f), .slot = c->slot, .nhot = c->nhot};
    int64_t r;

    if (!family_slot_valid(f, c->slot) || c->nhot > PV_MAX_HOT)
        return -EINVAL;
    if (c->nhot &&
        guest_read(m->mem, (struct gaddr){c->hot}, clone.hot, c->nhot * sizeof clone.hot[0]) < 0)
        return -EFAULT;
    if ((r = family_claim(f, c->slot, m->slot)) < 0)
        return r;
    if ((r = f->backend->clone(m, &clone)) < 0)
        family_release(f, c->slot);
    return r;
}

// Copies and checks the arguments of EXEC and SPAWN. On success the caller frees args->strings.
static int read_args(struct member *m, const struct pv_exec *c, struct load_args *args)
{
    if (!image_program(m->family->image, c->program))
        return -ENOEXEC;
    if (c->len > PV_ARG_MAX)
        return -E2BIG;
    *args = (struct load_args){malloc(c->len + 1), c->len, c->argc, c->envc};
    if (!args->strings)
        return -ENOMEM;
    if (c->len && guest_read(m->mem, (struct gaddr){c->strings}, args->strings, c->len) < 0) {
        free(args->strings);
        return -EFAULT;
    }
    if (!load_args_valid(args)) {
        free(args->strings);
        return -EINVAL;
    }
    return 0;
}

// Checked apart from the doing: an error must leave the caller as it was.
static int publish_valid(const struct family *f, const struct pv_publish *p)
{
    if (p->offset % 4 || p->offset > f->window_size - 4)
        return 0;
    return !p->kick_slot || family_slot_valid(f, p->kick_slot);
}

static void publish_value(struct family *f, const struct pv_publish *p)
{
    if (p->offset)
        __atomic_store_n((uint32_t *)(f->window + p->offset), p->value, __ATOMIC_SEQ_CST);
}

static void publish_kick(struct family *f, const struct pv_publish *p)
{
    if (p->kick_slot) {
        __atomic_fetch_add(&family_door(f, p->kick_slot)->bell, 1, __ATOMIC_SEQ_CST);
        family_kick(f, p->kick_slot, p->interrupt != 0);
    }
}

// Whether a program and its arguments fit into this member's RAM: 0 or -ENOMEM.
static int fits(const struct member *m, uint32_t program, const struct load_args *args)
{
    struct load_layout layout;
    return load_layout(m->mem->ram_size, image_program(m->family->image, program), args, &layout);
}

int64_t call_exec(struct member *m, struct pv_exec *c)
{
    struct load_args args;
    int r = read_args(m, c, &args);
    if (r < 0)
        return r;
    if ((r = fits(m, c->program, &args)) < 0) {
        free(args.strings);
        return r;
    }
    m->family->backend->exec(m, c->program, &args);
    free(args.strings);
    return CALL_REPLACED;
}

int64_t call_spawn(struct member *m, struct pv_exec *c)
{
    struct family *f = m->family;
    const uint64_t start = family_now(f);
    struct load_args args;
    int64_t r;

    if (!family_slot_valid(f, c->slot))
        return -EINVAL;
    if ((r = read_args(m, c, &args)) < 0)
        return r;
    if ((r = fits(m, c->program, &args)) == 0 && (r = family_claim(f, c->slot, m->slot)) == 0) {
        r = f->backend->spawn(m, c, &args);
        if (r == CALL_REPLACED)
            family_trace(f, TRACE_PROC, "%u spawn %s %.3f ms", m->slot,
                         image_program_path(f->image, c->program),
                         (double)(family_now(f) - start) / 1e6);
        if (r < 0)
            family_release(f, c->slot);
    }
    free(args.strings);
    return r;
}

int64_t call_exit(struct member *m, struct pv_exit *c)
{
    struct family *f = m->family;
    const struct backend *backend = f->backend;

    if (!publish_valid(f, &c->publish))
        return -EINVAL;
    family_trace(f, TRACE_PROC, "%u exit status %#x", m->slot, c->status);
    trace_end(m);
    if (m->slot == 1) {
        atomic_store(&f->shared->first_status, c->status & 0xffff);
        atomic_store(&f->shared->first_done, 1);
    }
    // A member can be killed between any two of these lines. Until the slot is free it is a death
    // that the family hears of, which the guests' kernel takes for what it is if the zombie is
    // there already; after that, the supervisor has everybody look. The parent is told last: when
    // it reuses the slot it finds it free.
    const int again = backend->leave && backend->leave(m, c->status);
    publish_value(f, &c->publish);
    family_release(f, m->slot);
    publish_kick(f, &c->publish);
    if (!again)
        _exit(0);
    backend->reuse(m);
    return CALL_REPLACED;
}
