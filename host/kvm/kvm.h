// SPDX-License-Identifier: BSD-2-Clause
// The KVM back end: its calls that are not in monitor.h. See clone.c.
#ifndef HOST_KVM_H
#define HOST_KVM_H

#include "host/backend.h"
#include "host/kvm/aid.h"
#include "host/kvm/monitor.h"
#include "host/family/textcache.h"

// What this back end keeps about the family; f->own. Made by the supervisor.
struct kvm_family {
    int fd; // /dev/kvm
    const struct clone_aid *aid;
    struct textcache text;
    int pagemap_fd; // of the first monitor, which opens it; else -1
    int warm;       // supervisor: the window's hot part is on huge pages
};

static inline struct kvm_family *kvm_of(const struct family *f)
{
    return f->own;
}

static inline const struct clone_aid *aid_of(const struct monitor *m)
{
    return kvm_of(m->member.family)->aid;
}

// Monitor -> supervisor (family.h).
enum kvm_message {
    KVM_MESSAGE_CACHE = FAMILY_BACKEND, // put program number `slot` into the text cache
};

// --- clone.c; see backend.h ---
int64_t kvm_clone(struct member *m, struct clone *c);
int64_t kvm_spawn(struct member *m, const struct pv_exec *c, struct load_args *args);
void kvm_exec(struct member *m, uint32_t program, const struct load_args *args);

// --- calls.c ---
int64_t kvm_release(struct member *m, const struct pv_release *c);
int64_t kvm_protect(struct member *m, const struct pv_protect *c);
int64_t kvm_set_tp(struct member *m, const struct pv_set_tp *c);
int64_t kvm_notify(struct member *m, const struct pv_notify *c);
int kvm_idle(struct member *m, const struct timespec *sleep);
void kvm_output(struct member *m, const void *bytes, uint64_t len);
int kvm_leave(struct member *m, uint32_t status);
void kvm_reuse(struct member *m);
void kvm_dying(struct member *m, uint32_t status);

// --- confine.c: family/confine.h, for a monitor; the disks are kept, too ---
int kvm_confine(struct family *f, const int *keep, unsigned n);

// --- stats.c ---
void kvm_count(const struct member *m, struct trace_line *line);

// --- supervise.c ---
void kvm_message(struct supervisor *s, const struct family_msg *msg, int *fds, unsigned nfds);
uint32_t kvm_reaped(struct supervisor *s, pid_t pid, int status, uint32_t slot);
void kvm_bury(struct supervisor *s, uint32_t slot);

// --- the parts of a clone, for spare/ as well ---
// Copies what is about to be written.
void kvm_touch(const struct monitor *m, const struct pv_range *hot, uint32_t n);
// In a child of fork(2): a VM of its own over the copied memory.
void kvm_clone_body(struct monitor *m, const struct pv_range *hot, uint32_t n);
// In an enrolled monitor with a body: the clone, about to return from its call, which `regs` are
// the registers of. When it was made, and how, is for the trace. The caller returns CALL_REPLACED.
void kvm_clone_start(struct monitor *m, uint64_t start, struct kvm_regs *regs, const char *how);
// In a VM that has run, or could: another program in its memory, about to start with `regs`.
void kvm_load(struct monitor *m, uint32_t program, const struct load_args *args,
              struct kvm_regs *regs);
// Whether the next fork(2) copies RAM.
void kvm_inherit_ram(const struct monitor *m, int on);

#endif
