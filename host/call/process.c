// SPDX-License-Identifier: BSD-2-Clause
// Processes: PV_CALL_FORK, SPAWN, EXEC and EXIT, as far as they are the same for every back end:
// arguments and slots. How a VM is cloned is the back end's (kvm/clone.c, qemu/clone.c).

#include "host/call/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/backend.h"

// The hot ranges are hints, and each is checked again by whoever uses it.
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
    // The slot is claimed before the clone exists, so that no two members make a process in the
    // same one. The back end's clone() returns once in each process.
    if ((r = family_claim(f, c->slot, m->slot)) < 0)
        return r;
    if ((r = f->backend->clone(m, &clone)) < 0)
        family_release(f, c->slot);
    return r;
}

// --- what EXEC and SPAWN are given ---

// Of one call. Freed whatever becomes of it.
struct start {
    struct load_args args;
    struct load_file file;
};

static void free_start(struct start *s)
{
    free(s->args.strings);
    free(s->file.bytes);
}

// Copies `len` bytes of guest memory, once: the guest may change them meanwhile, not afterwards.
// NULL with *error: -EFAULT or -ENOMEM.
static void *copy_in(struct member *m, uint64_t from, uint64_t len, int *error)
{
    const void *p =
        guest_ptr(m->mem, (struct gaddr){from}, len, GUEST_RAM | GUEST_WINDOW | GUEST_IMAGE);
    void *copy = p || !len ? malloc(len + 1) : NULL;
    *error = p || !len ? -ENOMEM : -EFAULT;
    if (copy && len)
        memcpy(copy, p, len);
    return copy;
}

// NULs and counts must agree, or place_args() would run past the end.
static int read_exec_strings(struct member *m, const struct pv_exec *c, struct load_args *args)
{
    int error;
    if (c->len > PV_ARG_MAX)
        return -E2BIG;
    args->strings = copy_in(m, c->strings, c->len, &error);
    if (!args->strings)
        return error;
    args->len = c->len;
    args->argc = c->argc;
    args->envc = c->envc;
    return load_args_valid(args) ? 0 : -EINVAL;
}

// ELF is read from the copy. A file that is no program of ours is -ENOEXEC, which the kernel passes
// on to whoever called execve().
static int read_file(struct member *m, const struct pv_exec *c, struct load_file *file)
{
    char why[128];
    int error;
    if (c->file_len > PV_PROGRAM_MAX)
        return -ENOMEM;
    file->bytes = copy_in(m, c->file, c->file_len, &error);
    if (!file->bytes)
        return error;
    file->size = c->file_len;
    return elf_parse(&file->elf, file->bytes, file->size, why, sizeof why);
}

// All of it, checked, and whether it fits. The caller ends with free_start(), also after an error.
static int read_start(struct member *m, const struct pv_exec *c, struct start *s)
{
    const struct image *image = m->family->image;
    struct load_layout layout;
    int r = 0;
    *s = (struct start){.args = {.file = &s->file}};
    if (c->program == PV_PROGRAM_FILE)
        r = read_file(m, c, &s->file);
    else if (!image_program(image, c->program))
        r = -ENOEXEC;
    if (r == 0)
        r = read_exec_strings(m, c, &s->args);
    if (r < 0)
        return r;
    return load_layout(m->mem->ram_size, load_elf(image, c->program, &s->args), &s->args, &layout);
}

// Checked apart from the doing: an error must leave the caller as it was.
static int publish_valid(const struct family *f, const struct pv_publish *p)
{
    if (p->offset % 4 || p->offset > f->window_size - 4)
        return 0;
    return !p->kick_slot || family_slot_valid(f, p->kick_slot);
}

// Offset 0 is the window's header: it stands for "nothing to publish".
static void publish_value(struct family *f, const struct pv_publish *p)
{
    if (p->offset)
        __atomic_store_n((uint32_t *)(f->window + p->offset), p->value, __ATOMIC_SEQ_CST);
}

static void publish_kick(struct family *f, const struct pv_publish *p)
{
    if (p->kick_slot) {
        // The bell first, then the kick: family_kick() relies on it.
        __atomic_fetch_add(&family_door(f, p->kick_slot)->bell, 1, __ATOMIC_SEQ_CST);
        family_kick(f, p->kick_slot, p->interrupt != 0);
    }
}

// CALL_REPLACED: the caller's memory is gone, and with it the place for a result.
int64_t call_exec(struct member *m, struct pv_exec *c)
{
    struct start s;
    int64_t r;
    if (c->flags & ~PV_EXEC_CHECK)
        return -EINVAL;
    r = read_start(m, c, &s);
    if (r == 0 && !(c->flags & PV_EXEC_CHECK)) {
        m->family->backend->exec(m, c->program, &s.args);
        r = CALL_REPLACED;
    }
    free_start(&s);
    return r;
}

// Returns in the caller with 0, and in the new process, if the back end made it by fork(2), with
// CALL_REPLACED.
int64_t call_spawn(struct member *m, struct pv_exec *c)
{
    struct family *f = m->family;
    const uint64_t start = family_now(f);
    struct start s;
    int64_t r;

    if (!family_slot_valid(f, c->slot))
        return -EINVAL;
    // Checked whole before a slot is claimed: the new VM has no way to report an error.
    r = read_start(m, c, &s);
    if (r == 0 && (r = family_claim(f, c->slot, m->slot)) == 0) {
        r = f->backend->spawn(m, c, &s.args);
        if (r == CALL_REPLACED)
            family_trace(f, TRACE_PROC, "%u spawn %s %.3f ms", m->slot,
                         load_name(f->image, c->program), (double)(family_now(f) - start) / 1e6);
        if (r < 0)
            family_release(f, c->slot);
    }
    free_start(&s);
    return r;
}

int64_t call_exit(struct member *m, struct pv_exit *c)
{
    struct family *f = m->family;
    const struct backend *backend = f->backend;

    if (!publish_valid(f, &c->publish))
        return -EINVAL;
    if (!c->publish.offset && m->slot != 1) // as in a panic: nobody in the family knows
        member_die(m, c->status & 0xffff, NULL);
    family_trace(f, TRACE_PROC, "%u exit status %#x", m->slot, c->status);
    trace_end(m);
    // The status before the flag: the supervisor reads the one when it has seen the other.
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
