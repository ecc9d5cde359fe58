// SPDX-License-Identifier: BSD-2-Clause
// How a VM comes to run. Four ways, each a list of the same few steps:
//
//   boot           the family's first VM loads its program; that of `ramet template`, too
//   from_template  the first VM goes on where a template's was, after a client has come if the
//                  family is kept ready, or for its first moments only in a rehearsal
//   spawn          the child of SPAWN loads its program: monitor_run_program()
//   clone          the child of FORK goes on where its parent's was: clone.c
//
// The first VM finds out what the rest of the family inherits (the rate of the clock, what this KVM
// wants), and is confined before it runs anything: so are all others, its clones.
// Neighbours: monitor.c (the loop that runs it), vm.c, load.c, template/load.c.

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "host/virtio/devices.h"
#include "host/gdb/gdb.h"
#include "host/kvm/kvm.h"
#include "host/kvm/platform.h"
#include "host/serve/serve.h"
#include "host/template/rehearse.h"
#include "host/template/template.h"

#ifndef PR_SET_MEMORY_MERGE // linux/prctl.h of Linux 6.4
#define PR_SET_MEMORY_MERGE 67
#endif

// ---- the steps ----

static _Noreturn void start_fail(struct monitor *m, const char *what, int r)
{
    char why[128];
    snprintf(why, sizeof why, "%s: %s", what, strerror(-r));
    member_die(&m->member, SIGKILL, why);
}

void monitor_create_vm(struct monitor *m)
{
    const char *what;
    char why[64];
    int r = vm_create(&m->vm, &what);
    if (r < 0) {
        snprintf(why, sizeof why, "cannot %s", what);
        start_fail(m, why, r);
    }
}

// A member of the family, and a VM without memory.
static void join_family(struct monitor *m)
{
    member_enroll(&m->member);
    devices_reset(m);
    monitor_create_vm(m);
}

static void learn_clock(struct monitor *m)
{
    const int khz = vm_tsc_khz(&m->vm);
    if (khz <= 0)
        member_die(&m->member, SIGKILL, "the host does not know its TSC rate");
    m->member.family->tsc_mult = (UINT64_C(1000000) << 32) / (uint64_t)khz;
}

// The result of filling memory with a program.
static void check_loaded(struct monitor *m, int r)
{
    if (r < 0)
        member_die(&m->member, SIGKILL,
                   r == -ENOMEM ? "its program does not fit into its memory (--mem)"
                                : strerror(-r));
}

static void load_first(struct monitor *m, uint32_t program, const struct load_args *args,
                       struct kvm_regs *regs)
{
    const struct family *f = m->member.family;
    check_loaded(m, load_program(&m->vm, f, m->member.slot, program, args, regs));
    monitor_set_program(m, program, args);
    monitor_share_text(m);
}

// Later monitors are clones of the first one and inherit its confinement. What a template is made
// with, or rehearsed, stays open; f->template_fd of a family that only starts from one does not.
static void be_confined(struct monitor *m)
{
    struct family *f = m->member.family;
    const int makes = f->opt->until || f->rehearsal;
    const int keep[] = {kvm_of(f)->fd,
                        f->image->fd,
                        f->gdb_fd,
                        f->answers,
                        m->vm.vm_fd,
                        m->vm.vcpu_fd,
                        kvm_of(f)->pagemap_fd,
                        makes ? f->template_fd : -1,
                        f->opt->until ? f->window_fd : -1};
    const int r = kvm_confine(f, keep, sizeof keep / sizeof keep[0]);
    if (r < 0)
        start_fail(m, "cannot be confined", r);
}

// The first VM's registers.
static void set_first(struct monitor *m, const struct kvm_regs *regs)
{
    if (vm_try_start(&m->vm, regs, PLATFORM_TABLES_VA(m->vm.tables)) < 0)
        member_die(&m->member, SIGKILL, "this KVM does not take the registers of a Ramet VM");
}

// From here on events are let in. A message that came before waits in the slot.
void monitor_begin(struct monitor *m)
{
    upcall_init(m);
    atomic_store(&m->member.family->shared->slots[m->member.slot].state, SLOT_RUNNING);
    gdb_begin(m);
}

static void begin_first(struct monitor *m)
{
    m->member.family->booted = 1;
    atomic_store(&m->member.family->shared->started, 1);
    monitor_begin(m);
}

// The image's text on huge pages, once for all VMs that run it; who comes too early asks for it to
// be made and does without.
void monitor_share_text(struct monitor *m)
{
    struct family *f = m->member.family;
    struct textcache_plan plan;
    int64_t page;
    if (f->opt->gdb_port || f->opt->until || m->member.program == PV_PROGRAM_FILE)
        return; // breakpoints are written to the private copy; a template refers to no cache
    page = textcache_find(&kvm_of(f)->text, m->member.program);
    if (page >= 0) {
        textcache_plan(image_program(f->image, m->member.program), &plan);
        platform_map_text(&m->vm, &plan, (uint32_t)page);
    } else if (textcache_use(&kvm_of(f)->text, m->member.program)) {
        family_tell(f, KVM_MESSAGE_CACHE, m->member.program);
    }
}

// ---- the ways ----

static void boot(struct monitor *m, uint32_t program, const struct load_args *args)
{
    struct kvm_regs regs;
    join_family(m);
    learn_clock(m);
    load_first(m, program, args, &regs);
    be_confined(m);
    set_first(m, &regs);
    begin_first(m);
}

static void from_template(struct monitor *m)
{
    struct family *f = m->member.family;
    const struct template_header *t = f->template;
    struct kvm_regs regs;
    join_family(m);
    learn_clock(m);
    check_loaded(m, template_load_ram(&m->vm, f, m->member.slot, &regs));
    check_loaded(m, template_load_fpu(&m->vm, t));
    m->member.program = t->program; // one of the image's: no file
    monitor_share_text(m);
    be_confined(m);
    set_first(m, &regs);
    template_load_segments(&m->vm, t);
    if (f->rehearsal)
        rehearse_play(m);
    if (f->ready)
        ready_wait(m, &regs);
    if (t->timer_deadline)
        event_set_timer(&m->member, t->timer_deadline);
    begin_first(m);
}

void monitor_run_program(struct monitor *m, uint32_t program, const struct load_args *args)
{
    struct kvm_regs regs;
    join_family(m);
    load_first(m, program, args, &regs);
    vm_start_at(&m->vm, &regs, PLATFORM_TABLES_VA(m->vm.tables));
    monitor_begin(m);
}

// ---- the first monitor ----

static struct monitor monitor; // static: clones go on with it, whatever became of this stack

// Descriptors and addresses that all clones will have: they are inherited with this structure.
static void monitor_init(struct family *f, uint32_t slot)
{
    monitor = (struct monitor){
        .member = {.family = f, .slot = slot, .mem = &monitor.vm.mem},
        .vm = {.mem = {.ram = f->arena,
                       .ram_size = f->opt->mem,
                       .window = f->window,
                       .window_size = f->window_size,
                       .image = f->image_map,
                       .image_size = f->image->size},
               .kvm_fd = kvm_of(f)->fd,
               .vm_fd = -1,
               .vcpu_fd = -1,
               .text = kvm_of(f)->text.map,
               .size = f->arena_size,
               .ndevices = f->ndisks},
        .spare = {.pagemap = -1},
    };
    vm_memory_init(&monitor.vm);
    prctl(PR_SET_MEMORY_MERGE, 0, 0, 0, 0); // equal pages merged by the host would mislead dirty.h
    if (textcache_protect(&kvm_of(f)->text) < 0)
        member_die(&monitor.member, SIGKILL, "cannot protect the text cache");
}

// Where a template is made, the host's kernel has to tell which pages there are.
static void keep_pagemap(struct family *f)
{
    kvm_of(f)->pagemap_fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (f->opt->until && kvm_of(f)->pagemap_fd < 0)
        member_die(&monitor.member, SIGKILL, "/proc/self/pagemap is not to be had");
    if (f->rehearsal)
        prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); // one page that is touched is one page, not 512
}

void monitor_start(struct family *f, uint32_t slot, uint32_t program, const struct load_args *args)
{
    monitor_init(f, slot);
    if (f->opt->until || f->rehearsal)
        keep_pagemap(f);
    if (f->template)
        from_template(&monitor);
    else
        boot(&monitor, program, args);
    monitor_run(&monitor);
}
