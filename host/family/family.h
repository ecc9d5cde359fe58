// SPDX-License-Identifier: BSD-2-Clause
// A family: the first program's VM and all its descendants, as the host knows them.
//
// The supervisor makes one and every monitor inherits it by fork(2). What monitors must tell each
// other goes through struct family_shared, a page no guest can see; what guests share is the
// window. Neighbours: supervisor.c (owner), monitor.c (one per VM), abi/window.h (the host's part
// of the window).
#ifndef HOST_FAMILY_H
#define HOST_FAMILY_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/pv.h"
#include "abi/window.h"
#include "host/virtio/disk.h"
#include "host/image/image.h"
#include "host/options.h"
#include "host/family/placement.h"

// What the monitor of a slot is doing. Kickers read it to choose how to wake it.
enum slot_state {
    SLOT_FREE = 0,
    SLOT_STARTING = 1,
    SLOT_RUNNING = 2, // in the guest, or on the way there
    SLOT_WAITING = 3, // in a futex wait on its doorbell
    SLOT_POLLING = 4, // waiting for a console descriptor: only a signal wakes it
    SLOT_CLAIMED =
        5, // for a member whose claimer, << SLOT_CLAIMER_SHIFT, has yet to clear the rest
};
#define SLOT_STATE_MASK    0xffu
#define SLOT_CLAIMER_SHIFT 8

struct family_slot {
    _Atomic uint32_t state;
    _Atomic int32_t pid;     // of the monitor, set before it runs; see family_pid()
    _Atomic uint32_t events; // PV_EVENT_* posted by the supervisor, taken by the monitor
    // Which VM has the slot, by a number that no other VM of the family had: a pid may be that of
    // the next one, too (spare.h).
    _Atomic uint32_t serial;
    _Atomic uint32_t kill;         // supervisor: serial that PV_EVENT_KILL was posted to
    _Atomic uint32_t child_faults; // the host's, of the clone of this VM that ended last (spare.h)
    _Atomic uint32_t gen;          // of the door, when it was claimed (abi/window.h)
    _Atomic uint32_t reserved;
    _Atomic uint32_t death;   // monitor: wait status it ends with when the guest did not choose one
    _Atomic uint32_t claimer; // slot of the VM that is cloning into this one, while SLOT_STARTING
    _Atomic uint32_t
        end; // supervisor: serial that is to end as soon as its guest is not `critical`
    // Kept by the back end, of its spare (spare.h): pid, 0, or a wish; whether it has run; its
    // number, and what is going on with it and the one before it (kvm/spare/private.h).
    _Atomic int32_t spare;
    _Atomic uint32_t spare_begun, spare_seq, spare_state[2];
};
_Static_assert(sizeof(struct family_slot) == 64, "one cache line");

// Every monitor can write all of it. So the supervisor, which is not confined, takes it for a hint
// about this family and nothing more: supervisor.c signals only children of its own.
struct family_shared {
    _Atomic uint32_t closing;      // no new VM may start
    _Atomic uint32_t serials;      // given out so far
    _Atomic uint32_t started;      // the first program is about to execute
    _Atomic uint32_t first_done;   // the first program has exited, with first_status
    _Atomic uint32_t first_status; // a wait(2) status
    _Atomic uint32_t asking;       // slot whose member waits for an answer, or 0
    _Atomic uint32_t saved;        // the first program's VM is in a template file (template.h)
    _Atomic uint32_t unsaved;      // it could not be saved, and why has been said
    struct family_slot slots[];    // [0] unused
};

// Monitor -> supervisor, one datagram each.
enum family_op {
    FAMILY_INTERRUPT = 1, // signal the monitor of `slot`
    FAMILY_KILL = 2,      // PV_CALL_KILL
    FAMILY_READY = 3,     // the first member waits for a client (serve.h)
    FAMILY_PUSH = 4,      // move the member of pid `value` off processor `slot`
    FAMILY_PULL = 5,      // or to it
    FAMILY_PAGEMAP = 6,   // answer `slot` with the pagemap of its process
    FAMILY_MEMORY = 7,    // answer `slot` with a memfd of `value` bytes
    FAMILY_BACKEND = 16,  // and above: the back end's own (backend.h)
};

struct family_msg {
    uint32_t op;
    uint32_t slot;
    uint32_t value; // FAMILY_KILL: the serial of the VM meant: the slot may be another's by then
};

struct backend;
struct ready;

struct family {
    const struct options *opt;
    const struct backend *backend; // what runs the VMs (backend.h)
    struct image *image;
    struct family_shared *shared;
    // Guest memory, one piece of address space: RAM (each monitor's own), window, image, text
    // cache. Where a byte is in it is its guest-physical address.
    uint8_t *arena;
    uint64_t arena_size;
    uint8_t *window;
    uint64_t window_size;
    int window_fd;      // its memfd
    uint8_t *image_map; // read-only
    struct disk disks[DISKS_MAX];
    uint32_t ndisks;
    void *own;   // what the back end keeps about the family
    int control; // members' end of the supervisor's socket
    int answers; // what comes back: all members hear it
    int gdb_fd;  // --gdb's listener (gdb.h), or -1
    pid_t supervisor;
    uint32_t cpus; // processors of the host
    uint32_t spin; // of boot_info: not 0 if two members can run at the same time
    struct placement placement;
    const struct template_header *template; // what the first VM starts from, or NULL
    int template_fd;                        // that file, or the one that is made
    uint64_t saved_ns;                      // the family's clock goes on from here; 0: begins
    int rehearsal;       // its program runs to its first call and no further (template/rehearse.h)
    struct ready *ready; // kept ready for a client, or (in the supervisor) was (serve.h)
    int booted;        // the first program has been loaded: it formats the window, nobody else does
    uint32_t stdio[3]; // enum pv_stdio_kind
    uint32_t
        stdio_nowait[3]; // a pipe or socket: RWF_NOWAIT works, until a monitor finds it does not
    uint32_t stdio_small[3]; // one of those without it: at most PIPE_BUF bytes at a time
    // The family's clock: every VM computes time by the same function of the TSC.
    uint64_t tsc_base, tsc_mult, mono_base_ns, wall_base_ns;
};

// Makes the window, the shared page and the image mapping, of opt, image and backend, which the
// caller has set. 0, or -errno with a line in err.
int family_init(struct family *f, char *err, size_t errlen);
// The clock starts now; from where the template's was if there is one.
void family_renew_clock(struct family *f);
// What descriptors 0 to 2 are: enum pv_stdio_kind, terminals only if `tty`, and stdio_nowait. An
// entry of nowait[] is left alone where there is no descriptor.
void family_probe_stdio(uint32_t kind[3], uint32_t nowait[3], int tty);
// For backend->memory(): the host's part of a window that is all zero.
void family_window_init(struct family *f);
// Puts "WHAT: REASON" of errno into err and returns -errno.
int family_fail(char *err, size_t errlen, const char *what);

static inline struct window_header *family_window(const struct family *f)
{
    return (struct window_header *)f->window;
}

// The door of a slot the host has checked to be in range.
static inline struct window_door *family_door(const struct family *f, uint32_t slot)
{
    return (struct window_door *)(f->window + sizeof(struct window_header)) + slot;
}

// Of boot_info.
static inline uint32_t family_boot_flags(const struct family *f)
{
    return PV_BOOT_COMPANION | (f->opt->check_leaks ? PV_BOOT_CHECK_LEAKS : 0);
}

static inline int family_slot_valid(const struct family *f, uint32_t slot)
{
    return slot >= 1 && slot <= f->opt->max_procs;
}

// Claims a free slot for a new monitor, by the VM in slot `claimer` (0: the supervisor). 0, -EBUSY
// when it has one, -EAGAIN when the family is closing.
int family_claim(struct family *f, uint32_t slot, uint32_t claimer);
// Who claimed it: a slot, whatever has been written there, or 0.
uint32_t family_claimer(const struct family *f, uint32_t slot);
// The process of the member in a slot, or 0.
pid_t family_pid(const struct family *f, uint32_t slot);
// The slot of a monitor, or 0: it has none yet, or its process has ended by PV_CALL_EXIT.
uint32_t family_slot_of(const struct family *f, pid_t pid);
// The monitor gives its slot back (before the parent is told that it is a zombie).
void family_release(struct family *f, uint32_t slot);
// fork(2), with `flags` of clone(2) added. Puts the child's pid into `word`, which is in the family
// page, before it runs: so the supervisor knows whose death it reaps. The child starts with all
// signals blocked: event_init() opens them when there is a VM to interrupt. `push`: in a monitor;
// on a small host it starts on another processor (placement.h). The pid, 0 in the child, or -errno.
pid_t family_fork(struct family *f, _Atomic int32_t *word, uint64_t flags, int push);

// Adds 1 to a slot's doorbell and wakes its futex.
void family_ring(struct family *f, uint32_t slot);
// Wakes a VM whose doorbell the guest has changed; with `interrupt`, one that is running as well.
void family_kick(struct family *f, uint32_t slot, int interrupt);
// Sends the supervisor a message; lost messages only when the supervisor is gone.
void family_tell(struct family *f, uint32_t op, uint32_t slot);

// Has the supervisor move a member between processors: FAMILY_PUSH or FAMILY_PULL, off the
// caller's or to it. Does not wait for it.
void family_move(struct family *f, uint32_t op, pid_t member);

// Asks the supervisor for what a confined member, `pid` in `slot`, cannot have by itself; waits
// for the answer. A descriptor, -1 when another member is asking, or NO_ANSWER: it is not to be
// had. FAMILY_PAGEMAP: its own. FAMILY_MEMORY: a memfd of `size` bytes, at most FAMILY_MEMORY_MAX.
#define NO_ANSWER         (-2)
#define FAMILY_MEMORY_MAX (UINT32_C(1) << 20)
int family_ask(struct family *f, uint32_t op, uint32_t slot, int32_t pid, uint32_t size);

// CLOCK_MONOTONIC as guests compute it. For monitors: the supervisor does not know the TSC's rate.
uint64_t family_now(const struct family *f);

// Prints "ramet: TEXT" on stderr, in one write and with no system call but that: lines of several
// monitors do not mix, and a confined monitor can use it.
void family_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

// The same when --trace has `what` (options.h).
void family_trace(const struct family *f, uint32_t what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// From now on this process says nothing where saying it would block: for the supervisor, which has
// others to attend to than who does not read stderr.
void family_say_without_waiting(void);

#endif
