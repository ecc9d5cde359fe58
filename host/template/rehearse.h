// SPDX-License-Identifier: BSD-2-Clause
// Rehearsals: a VM runs up to its first call ahead of time, and is put back to where it was.
//
// A VM that has not run touches each page for the first time through a fault into KVM, some 30 us
// on a nested host, and a program that goes on from a template easily meets twenty before it has
// done anything. A family that waits for its client (serve.h) has time: it runs its program until
// the first paravirtual call, which is not made, and takes back what the program has written. Up to
// there nobody can have seen it run. What stays is KVM's: the mappings, and memory it has covered.
#ifndef HOST_REHEARSE_H
#define HOST_REHEARSE_H

struct kvm_regs;
struct monitor;

// Of a VM that is about to go on from the family's template at *regs, in a confined monitor that
// still has f->pagemap_fd, f->window_fd and f->template_fd; they are closed. A VM that cannot be
// rehearsed, or does not come to a call in time, is only slower afterwards. Leaves all signals
// blocked, and KVM with the registers: its next run does nothing but run.
void rehearse(struct monitor *m, const struct kvm_regs *regs);

#endif
