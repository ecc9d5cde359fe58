// SPDX-License-Identifier: BSD-2-Clause
// Templates: a member saved when its program has told that it is ready, and families that start
// from there.
//
// A template file holds what the program's memory and the window differ from nothing by, the
// registers, the name of the image, whose pages are mapped from it as ever, and which pages the
// program touches first. `ramet template` writes one (save.c) and rehearses it (rehearse.h);
// `ramet run --template` opens it (open.c) and starts from it. It is untrusted like an image: a
// guest's memory in it can be anything, and what the host uses of it is checked and copied once.
//
// Two back ends have templates, of one format but each its own: a VM's has page tables in its
// memory, a picoprocess' has its pages' rights in a list. KVM's halves are host/kvm/save.c and
// load.c here, those of processes host/process/save.c and resume.c.
#ifndef HOST_TEMPLATE_H
#define HOST_TEMPLATE_H

#include <linux/kvm.h>
#include <stdint.h>

#include "host/family/family.h"

#define TEMPLATE_MAGIC   "RAMETTPL"
#define TEMPLATE_VERSION 3
#define TEMPLATE_EXTENTS 4096 // pieces of memory in a file
#define TEMPLATE_TOUCHED 4096 // pages in its list of those that are touched first
#define TEMPLATE_PATH    4096

// Memory [addr, addr + len), at `off` in the file; in the list of rights `off` is PV_RIGHT_*. Whole
// pages, ascending.
struct template_extent {
    uint64_t addr; // guest address in RAM, or offset in the window
    uint64_t len, off;
};

// A page of the list of those that the program touches first: its guest address, in RAM or in the
// window, and whether it writes there. Ascending, none twice.
#define TEMPLATE_WRITTEN UINT64_C(1)

struct template_header {
    uint8_t magic[8];
    uint32_t version;
    uint32_t abi;              // PV_ABI_VERSION
    char maker[8];             // name of the back end that made it, and alone can start it
    uint64_t features;         // what that one wants of the host, as it likes
    uint64_t mem, window_size; // options of its family, and of all that start from it
    uint32_t max_procs;
    uint32_t program;                // index in the image's table
    uint64_t image_size, image_hash; // of the image it belongs to
    uint32_t nram, nwindow;          // extents, RAM's first
    uint64_t heap_start, stack_bottom;
    uint32_t tables, pool_used; // struct vm, or 0
    uint32_t nrights,
        reserved1;    // extents behind the window's: what of a picoprocess' RAM is mapped
    uint64_t mono_ns; // the family's clock when it was saved
    uint64_t timer_deadline;
    uint64_t fs_base, gs_base;
    struct kvm_regs regs;
    uint16_t fcw;
    uint16_t reserved2;
    uint32_t mxcsr;
    char image[TEMPLATE_PATH]; // absolute path
    // Where the list of pages is. Written last, when the rest of the file has been complete for
    // long: a template that could not be rehearsed has none, and is as good but for its speed.
    struct template_list {
        uint64_t off;
        uint32_t n, reserved;
    } touched;
    struct template_extent extents[]; // in memory, the list follows them
};

struct monitor;
struct vm;

static inline uint32_t template_extents(const struct template_header *t)
{
    return t->nram + t->nwindow + t->nrights;
}

static inline const struct template_extent *template_rights(const struct template_header *t)
{
    return t->extents + t->nram + t->nwindow;
}

// The list of an open template.
static inline const uint64_t *template_touched(const struct template_header *t)
{
    return (const uint64_t *)(t->extents + template_extents(t));
}

// --- save.c ---
// Makes the file before the family starts, under a name of its own next to --output, readable by
// the user only. 0, or -errno with a line in err and no file.
int template_prepare(struct family *f, char *err, size_t errlen);
// The program has written this to a console descriptor. Whether that completes the text waited for,
// or it has come before.
int template_watch(const struct family *f, const void *bytes, uint64_t len);
// Whether the program is the only one of its family, as one that is saved has to be.
int template_is_alone(const struct family *f, uint32_t slot);

// The member that is saved, as whoever saves it sees it.
struct template_source {
    const struct family *f;
    uint32_t program;
    uint64_t low;  // guest address from which on its private pages are looked at
    uint64_t base; // where its process has guest address 0
    int pagemap;   // of that process
    int mem;       // its memory, by its own addresses; -1: it is this process
    // What the list of rights will hold, at most TEMPLATE_EXTENTS.
    const struct template_extent *rights;
    uint32_t nrights;
};
// What the file begins with, for the back end to put its registers in, `maker` and `features`, and
// what else is its own.
struct template_header *template_new(void);
// Writes the file. NULL, or what has gone wrong.
const char *template_save(const struct template_source *s);
// In the supervisor, at the end: gives the file its name, or removes it. The status to exit with.
int template_finish(struct family *f, int status);

// --- open.c ---
// Opens a template and sets the options it fixes, and opt->image. 0, or -errno with a line in err.
int template_open(struct options *opt, struct template_header **t, int *fd, char *err,
                  size_t errlen);
// Whether it was made from this image. 0, or -errno with a line in err.
int template_check_image(const struct template_header *t, const struct image *image, char *err,
                         size_t errlen);

// `len` bytes of an open template, all of them. 0 or -errno; -EIO for one that has been cut.
int template_read(int fd, void *to, uint64_t len, uint64_t off);
// The window's contents. 0 or -errno.
int template_load_window(struct family *f);

// --- host/kvm/save.c ---
// In the run loop, after a call: saves the VM and ends the family if the text has come.
void template_save_if_due(struct monitor *m);
// The monitor's part is done: ends its process and, with status 0, the family.
_Noreturn void template_leave(struct monitor *m);

// --- load.c: a VM of KVM's ---
// RAM of the first VM, about to go on at *regs; the pages it will touch are there. 0 or -errno.
int template_load_ram(struct vm *vm, const struct family *f, uint32_t slot, struct kvm_regs *regs);
// Its clock is the family's, its identity its own, of which it is told. 0 or -errno.
int template_renew(const struct vm *vm, const struct family *f, uint32_t slot);
// What the vCPU has besides: once it exists, and (segments) is about to start. 0 or -errno.
int template_load_fpu(const struct vm *vm, const struct template_header *t);
void template_load_segments(const struct vm *vm, const struct template_header *t);

// --- touch.c ---
// Lets the VM of a family that has time touch in advance what its program will touch first, which
// is a fault into KVM each. It is as new afterwards but for what KVM knows: its registers are the
// caller's to set. Leaves all signals blocked.
void template_touch(struct monitor *m);

#endif
