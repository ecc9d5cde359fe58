// SPDX-License-Identifier: BSD-2-Clause
// KVM's part in the supervisor: what monitors ask it for beside what every member may, and the ends
// of spares (spare/spare.h), which are children of the supervisor and no members.
// Neighbours: family/supervisor.c (the loop), family/deaths.c, backend.h.

#include <signal.h>
#include <unistd.h>

#include "host/family/hugemem.h"
#include "host/family/supervisor_private.h"
#include "host/kvm/kvm.h"

// The window's tables, from its start: doors, processes, descriptions, the first inodes.
#define WINDOW_HOT (UINT64_C(4) << 20)

// The family starts things more than once: what all VMs touch goes onto huge pages, one fault each
// instead of many. Not at the family's start, where it would cost more than it saves a family of
// one.
static void warm_up(struct supervisor *s, uint32_t index)
{
    struct kvm_family *kvm = kvm_of(s->f);
    const struct elf_program *program = image_program(s->f->image, index);
    if (!program)
        return;
    textcache_load(&kvm->text, index, program, s->f->image->fd);
    if (!kvm->warm)
        hugemem_collapse(s->f->window, WINDOW_HOT);
    kvm->warm = 1;
}

void kvm_message(struct supervisor *s, const struct family_msg *msg, int *fds, unsigned nfds)
{
    while (nfds)
        close(fds[--nfds]);
    if (msg->op == KVM_MESSAGE_CACHE)
        warm_up(s, msg->slot);
}

// Whether it was a spare that nobody has used, or was about to be one: nobody will.
static int bury_spare(struct supervisor *s, pid_t pid)
{
    for (uint32_t i = 1; i <= s->f->opt->max_procs; i++) {
        int32_t spare = pid;
        if (atomic_compare_exchange_strong(&slot_of(s, i)->spare, &spare, 0)) {
            spare_bury(slot_of(s, i)); // its owner may be waiting for it
            return 1;
        }
    }
    return 0;
}

uint32_t kvm_reaped(struct supervisor *s, pid_t pid, int status, uint32_t slot)
{
    (void)status;
    // A spare whose owner was putting it to use will not be found by it, and the slot is used
    // otherwise.
    if (bury_spare(s, pid) && slot && atomic_load(&slot_of(s, slot)->state) == SLOT_STARTING)
        return 0;
    return slot;
}

void kvm_bury(struct supervisor *s, uint32_t slot)
{
    uint32_t asking = slot;
    atomic_compare_exchange_strong(&s->f->shared->asking, &asking, 0);
    supervisor_signal(atomic_exchange(&slot_of(s, slot)->spare, 0), SIGKILL);
    spare_bury(slot_of(s, slot)); // also one that it was handing over
}
