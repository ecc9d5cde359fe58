// SPDX-License-Identifier: BSD-2-Clause
// Loading a program of the image into a VM's RAM.
#ifndef HOST_LOAD_H
#define HOST_LOAD_H

#include <linux/kvm.h>
#include <stdint.h>

#include "host/family/family.h"
#include "host/image/args.h"
#include "host/kvm/vm.h"

// Puts an inaccessible mapping where RAM is not mapped (the child of a fork(2) that left it out). 0
// or -errno.
int load_reserve(const struct vm *vm);

// Fresh RAM with the segments of a program in it, and nothing else. 0 or -errno; -ENOMEM for one
// that is not inside RAM, of which nothing is mapped.
int load_image(const struct vm *vm, const struct family *f, uint32_t program);

// Replaces RAM by program number `program` (checked by the caller), ready to run as `slot`:
// segments mapped from the image file or copied from args->file, platform pages, boot_info,
// arguments on the stack. Fills the registers it starts with. 0 or -errno; after an error RAM is
// gone.
int load_program(struct vm *vm, const struct family *f, uint32_t slot, uint32_t program,
                 const struct load_args *args, struct kvm_regs *regs);

// Gives a program that is loaded and has not run other arguments, which fit, and another slot; the
// stack pointer in regs changes. 0 or -errno.
int load_arguments(const struct vm *vm, uint32_t slot, const struct load_args *args,
                   struct kvm_regs *regs);

#endif
