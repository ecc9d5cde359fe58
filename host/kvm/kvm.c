// SPDX-License-Identifier: BSD-2-Clause
// The KVM back end: its table, /dev/kvm, and how a family's memory lies on the host.
// Neighbours: backend.h (the contract), start.c (the first VM), monitor.c (the run loop), clone.c
// (more VMs), vm.c.

#include "host/kvm/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/backend.h"
#include "host/family/hugemem.h"
#include "host/kvm/platform.h"
#include "host/template/template.h"

// One family in each supervisor, and so in each monitor.
static struct kvm_family the_family;

static int kvm_open(struct family *f, char *err, size_t errlen)
{
    const char *device = f->opt->kvm;
    int fd = open(device, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return family_fail(err, errlen, device);
    // Every kernel we support has both; asked for, so that another one is refused with a reason.
    int regs = ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS);
    const int needed = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
    const char *why = NULL;
    if (ioctl(fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
        why = "this is not KVM, or a version of it that Ramet does not know";
    else if (ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_IMMEDIATE_EXIT) <= 0 || regs < 0 ||
             (regs & needed) != needed)
        why = "this KVM is too old (no synchronised registers or immediate exit)";
    if (why) {
        snprintf(err, errlen, "%s: %s", device, why);
        close(fd);
        return -ENODEV;
    }
    the_family.fd = fd;
    // A VM that gdb holds still, or that is to be alone when it is saved, makes none.
    the_family.aid = f->opt->pool && !f->opt->gdb_port && !f->opt->until ? &spares : &no_aid;
    the_family.pagemap_fd = -1;
    f->own = &the_family;
    return 0;
}

// Guest memory: window, image and text cache; RAM is mapped into it by load.c.
static int kvm_memory(struct family *f, char *err, size_t errlen)
{
    const struct options *opt = f->opt;
    uint64_t image_size = (f->image->size + X86_PAGE_2M - 1) & ~(X86_PAGE_2M - 1);
    int r;

    if (f->image->size > PV_IMAGE_MAX) {
        snprintf(err, errlen, "%s: larger than 2 GB", opt->image);
        return -EFBIG;
    }
    f->window_size = opt->window_size;
    f->arena_size = opt->mem + f->window_size + image_size + TEXTCACHE_SIZE;
    f->arena = hugemem_reserve(f->arena_size);
    if (!f->arena)
        return family_fail(err, errlen, "cannot reserve guest memory");
    // In this order the top of the stack and the window's tables are one piece (memory.c).
    f->image_map = f->arena + opt->mem;
    f->window = f->image_map + image_size + TEXTCACHE_SIZE;
    if (mmap(f->image_map, f->image->size, PROT_READ, MAP_PRIVATE | MAP_FIXED, f->image->fd, 0) ==
        MAP_FAILED)
        return family_fail(err, errlen, opt->image);
    if ((r = f->window_fd = hugemem_map(f->window, "ramet-window", f->window_size)) < 0 ||
        (f->template && (r = template_load_window(f)) < 0) ||
        (r = textcache_init(&kvm_of(f)->text, f->image_map + image_size, TEXTCACHE_SIZE,
                            f->image->header->program_count)) < 0) {
        errno = -r;
        return family_fail(err, errlen, "cannot make the window and text cache");
    }
    close(r); // the mapping is inherited
    // After a template's window was loaded: the header is this family's.
    family_window_init(f);
    return 0;
}

const struct backend kvm_backend = {
    .name = "kvm",
    .calls = ~0u,
    .open = kvm_open,
    .memory = kvm_memory,
    .start = monitor_start,
    .clone = kvm_clone,
    .spawn = kvm_spawn,
    .exec = kvm_exec,
    .release = kvm_release,
    .protect = kvm_protect,
    .set_tp = kvm_set_tp,
    .notify = kvm_notify,
    .idle = kvm_idle,
    .output = kvm_output,
    .leave = kvm_leave,
    .reuse = kvm_reuse,
    .dying = kvm_dying,
    .count = kvm_count,
    .message = kvm_message,
    .reaped = kvm_reaped,
    .bury = kvm_bury,
};
