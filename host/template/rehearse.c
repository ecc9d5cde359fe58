// SPDX-License-Identifier: BSD-2-Clause
// Rehearsals. See rehearse.h.

#include "host/template/rehearse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/backend.h"
#include "host/family/supervisor.h"
#include "host/kvm/kvm.h"
#include "host/kvm/platform.h"
#include "host/kvm/spare/dirty.h"
#include "host/template/template.h"

#define PLAY_US 200000 // a program that has not called by then is computing
#define ENTRIES 512u

// ---- the supervisor ----

// The options of the family that was saved, but for those that say what it is to do.
static struct options options_of(const struct family *made, const char *path)
{
    struct options opt = *made->opt;
    opt.template = path;
    opt.until = opt.output = NULL;
    opt.trace = opt.check_leaks = 0;
    return opt;
}

// Makes the family as main.c makes one with --template, but for the descriptor: made->template_fd
// can be written to. 0, or -errno with a line in err.
static int make_family(struct family *f, struct options *opt, struct template_header **t, char *err,
                       size_t errlen)
{
    int fd, r = template_open(opt, t, &fd, err, errlen);
    if (r < 0)
        return r;
    close(fd);
    f->template = *t;
    f->saved_ns = (*t)->mono_ns;
    if ((r = template_check_image(*t, f->image, err, errlen)) < 0 ||
        (r = f->backend->open(f, err, errlen)) < 0)
        return r;
    return family_init(f, err, errlen);
}

void rehearse(const struct family *made)
{
    char path[32], err[256];
    char *const none[] = {NULL};
    struct template_header *t = NULL;
    snprintf(path, sizeof path, "/proc/self/fd/%d", made->template_fd);
    struct options opt = options_of(made, path);
    struct family f = {.opt = &opt,
                       .backend = made->backend,
                       .image = made->image,
                       .gdb_fd = -1,
                       .template_fd = made->template_fd,
                       .rehearsal = 1};
    if (make_family(&f, &opt, &t, err, sizeof err) == 0)
        supervisor_run(&f, t->program, none);
    else
        fprintf(stderr, "ramet: the template cannot be started: %s\n", err);
    free(t);
}

// ---- the list ----

struct rehearse_list rehearse_list(void)
{
    static uint64_t pages[TEMPLATE_TOUCHED];
    return (struct rehearse_list){.pages = pages, .max = TEMPLATE_TOUCHED};
}

// A page of that process alone has been written, or was to be.
void rehearse_find(int pagemap, uint64_t at, uint64_t len, uint64_t guest, struct rehearse_list *to)
{
    uint64_t entries[ENTRIES];
    for (uint64_t done = 0; done < len; done += sizeof entries / 8 * X86_PAGE) {
        const off_t first = (off_t)((at + done) / X86_PAGE * 8);
        const ssize_t got = pread(pagemap, entries, sizeof entries, first);
        for (ssize_t i = 0; i < got / 8 && done + (uint64_t)i * X86_PAGE < len; i++) {
            if (!(entries[i] & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED)))
                continue;
            if (to->n == to->max)
                return;
            to->pages[to->n++] = (guest + done + (uint64_t)i * X86_PAGE) |
                                 (entries[i] & PAGEMAP_FILE ? 0 : TEMPLATE_WRITTEN);
        }
    }
}

// Behind all that is in the file: nothing is saved behind the last page of the window, or of RAM.
static uint64_t list_place(const struct template_header *t)
{
    const uint32_t n = t->nram + t->nwindow;
    return n ? t->extents[n - 1].off + t->extents[n - 1].len
             : sizeof *t + t->nrights * sizeof t->extents[0];
}

// The list, and then where it is.
void rehearse_write(const struct family *f, const struct rehearse_list *pages)
{
    const struct template_list list = {.off = list_place(f->template), .n = pages->n};
    const ssize_t size = (ssize_t)(list.n * sizeof *pages->pages);
    if (pwrite(f->template_fd, pages->pages, (size_t)size, (off_t)list.off) != size)
        return;
    if (pwrite(f->template_fd, &list, sizeof list, offsetof(struct template_header, touched)) < 0)
        return;
}

// ---- KVM's monitor ----

static int called(const struct kvm_run *run)
{
    return run->exit_reason == KVM_EXIT_IO && run->io.direction == KVM_EXIT_IO_OUT &&
           run->io.port == PLATFORM_PORT_CALL;
}

// Runs the VM to its first call, or as far as it gets: what it has touched it has touched.
static void play(struct monitor *m)
{
    upcall_limit(m, PLAY_US);
    while (ioctl(m->vm.vcpu_fd, KVM_RUN, 0) == 0 && !called(m->vm.run) &&
           m->vm.run->exit_reason == KVM_EXIT_MMIO && monitor_cover(m) == 0)
        ;
    upcall_limit(m, 0);
}

void rehearse_play(struct monitor *m)
{
    const struct family *f = m->member.family;
    const struct guest_memory *mem = &m->vm.mem;
    const int pagemap = kvm_of(f)->pagemap_fd;
    struct rehearse_list list = rehearse_list();
    play(m);
    if (pagemap >= 0) {
        rehearse_find(pagemap, (uintptr_t)mem->ram + PV_PLATFORM_VA, mem->ram_size - PV_PLATFORM_VA,
                      PV_PLATFORM_VA, &list);
        rehearse_find(pagemap, (uintptr_t)mem->window, mem->window_size, PV_WINDOW_VA, &list);
        rehearse_write(f, &list);
    }
    template_leave(m);
}
