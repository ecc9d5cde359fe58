// SPDX-License-Identifier: BSD-2-Clause
// A back end: what runs a family's members. Three exist: KVM (kvm/), confined processes (process/),
// and stock QEMU (qemu/).
//
// Supervisor, window, doorbells and the paravirtual calls are the same for all of them; this table
// is what differs, and nobody but main.c names one. A function may be NULL where it says so.
#ifndef HOST_BACKEND_H
#define HOST_BACKEND_H

#include <time.h>

#include "host/family/member.h"
#include "host/image/args.h"

struct ready_go;
struct supervisor;

struct backend {
    const char *name;     // of --vmm
    uint32_t calls;       // 1 << PV_CALL_*: those that are the host's business
    int serves_gdb;       // runs a server for gdb that is not ours
    uint64_t start_flags; // of clone(2), added for the process that calls start()

    // --- in the supervisor, before anything is started ---
    // Whether it can be used on this host. 0, or -errno with a line in err. What it keeps about the
    // family is f->own.
    int (*open)(struct family *f, char *err, size_t errlen);
    // Makes the family's guest memory: arena, window, image_map. 0, or -errno with a line in err.
    int (*memory)(struct family *f, char *err, size_t errlen);

    // In the supervisor, once the process that calls start() exists. May be NULL.
    void (*started)(struct supervisor *s);

    // --- in a member ---
    // Becomes the process of the family's first program, whose slot the caller has claimed and
    // forked for. Does not return.
    void (*start)(struct family *f, uint32_t slot, uint32_t program, const struct load_args *args);
    // PV_CALL_FORK and SPAWN, arguments checked and the slot claimed. What the call returns: after
    // an error the VM is as it was and the caller gives the slot back; CALL_REPLACED in the process
    // of the new member.
    int64_t (*clone)(struct member *m, struct clone *c);
    int64_t (*spawn)(struct member *m, const struct pv_exec *c, struct load_args *args);
    // PV_CALL_EXEC of a program that fits; only where `calls` has it, as the next four.
    void (*exec)(struct member *m, uint32_t program, const struct load_args *args);
    int64_t (*release)(struct member *m, const struct pv_release *c);
    int64_t (*protect)(struct member *m, const struct pv_protect *c);
    int64_t (*set_tp)(struct member *m, const struct pv_set_tp *c); // the address is checked
    int64_t (*notify)(struct member *m, const struct pv_notify *c);
    // The member is about to sleep, at most this long: what can be made ready meanwhile. Not 0 in
    // the process of a new member. May be NULL.
    int (*idle)(struct member *m, const struct timespec *sleep);
    // The program has written this to a console descriptor. May be NULL.
    void (*output)(struct member *m, const void *bytes, uint64_t len);
    // PV_CALL_EXIT, before anybody is told: whether this process has another use; then reuse()
    // follows once the slot is released, and does not return but in the process of a new member.
    // Both may be NULL: it has none.
    int (*leave)(struct member *m, uint32_t status);
    void (*reuse)(struct member *m);
    // It ends otherwise, see member_die(). May be NULL.
    void (*dying)(struct member *m, uint32_t status);
    // For --trace=exit: figures of its own. May be NULL.
    void (*count)(const struct member *m, struct trace_line *line);

    // --- in the supervisor, while the family runs; all may be NULL ---
    // A descriptor that becomes readable when step() has something to do, or -1.
    int (*poll_fd)(const struct family *f);
    // Before each wait: does what is due. How many ms until it wants to be called again, or -1.
    int (*step)(struct supervisor *s);
    // Tells the member in a slot of events: PV_EVENT_*, SUPERVISOR_END, or none: that it look
    // again. NULL: by its slot's word and a signal (event.c).
    void (*post)(struct supervisor *s, uint32_t slot, uint32_t events);
    // A client has taken a family kept ready (serve.h): the first member gets these descriptors as
    // 0 to 2, and goes on. NULL: by a message on s->answers.
    void (*taken)(struct supervisor *s, const struct ready_go *go, const int *fds);
    // A member has sent a message that is the back end's, FAMILY_BACKEND or above, with these
    // descriptors; it closes those it does not keep. Every field is as the sender likes.
    void (*message)(struct supervisor *s, const struct family_msg *msg, int *fds, unsigned nfds);
    // A child of the supervisor has ended, registered as the process of `slot` (0: of none). The
    // slot that is dead with it, 0: none, or BACKEND_NO_MEMBER: it never was one, nobody need look.
    uint32_t (*reaped)(struct supervisor *s, pid_t pid, int status, uint32_t slot);
    // The member in `slot` is dead; the family is told next.
    void (*bury)(struct supervisor *s, uint32_t slot);
    // The family ends: whatever is no member is killed.
    void (*close)(struct family *f);
};
#define BACKEND_NO_MEMBER UINT32_MAX

extern const struct backend kvm_backend, process_backend, qemu_backend;

#endif
