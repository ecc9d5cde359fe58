// SPDX-License-Identifier: BSD-2-Clause
// The QEMU back end: one stock QEMU and one process of ours, its monitor, for each VM.
//
// The supervisor starts QEMUs, the only processes that execute anything (start.c), some of
// them ahead of need (pool.c). A monitor asks it for one and gets descriptors (link.c):
// the VM's RAM, QMP, both lines of abi/companion.h, and a lease. The QEMU lives as long as
// somebody holds the lease: so a monitor that dies, in whatever way, takes its VM with it,
// and need not know a pid. Neighbours: monitor.c (the run loop), clone.c (FORK and SPAWN).
#ifndef HOST_QEMU_H
#define HOST_QEMU_H

#include <stdint.h>
#include <sys/types.h>

#include "abi/companion.h"
#include "host/virtio/disk.h"
#include "host/family/family.h"
#include "host/backend.h"
#include "host/call/call.h"
#include "host/qemu/qmp.h"

#define QEMU_BINARY  "qemu-system-x86_64"
#define QEMU_PACKAGE "qemu-system-x86"

// Where a machine's RAM in one piece ends (microvm; the other machines' holes begin lower).
#define QEMU_RAM_LIMIT (UINT64_C(3) << 30)
// Shim and page tables lie above the program's memory: 8 bytes of table for each 4 KB and change.
#define QEMU_SHIM_ROOM(mem) ((mem) / 256 + (UINT64_C(4) << 20))
// Behind the image: firmware takes the end of memory for itself.
#define QEMU_PAD (UINT64_C(2) << 20)

// What all QEMUs of a family have in common; made once, by the supervisor.
struct qemu_family {
    char binary[256];     // path of QEMU
    const char *accel;    // "kvm" or "tcg"
    uint64_t ram, shared; // bytes of the two memory back ends
    uint64_t window;      // bytes of the shared one that are the window; the image follows,
    uint64_t image;       // this many bytes
    int shared_fd, shim_fd;
    uint32_t ndisks; // of --disk; their files are opened by the supervisor
    const struct disk *disks;
    struct qemu_pool *pool;
};

static inline struct qemu_family *qemu_of(const struct family *f)
{
    return f->own;
}

// Monitor -> supervisor (family.h): a lease comes along, to be answered with a QEMU; `slot`: 1 for
// one that boots the shim.
#define QEMU_MESSAGE_TAKE FAMILY_BACKEND

// Descriptors of a QEMU, in the order in which they travel.
enum qemu_fd { QEMU_RAM, QEMU_QMP, QEMU_COM, QEMU_BELL, QEMU_NFDS };

// --- argv.c: pure ---
#define QEMU_ARGS_MAX 64
struct qemu_args {
    char *argv[QEMU_ARGS_MAX]; // NULL-terminated
    unsigned n;
    int overflow; // not 0: too many or too long
    size_t used;
    char text[4096];
};
// What QEMU finds at which descriptor; 0 and 1 are /dev/null, 2 is where it complains.
enum {
    QEMU_AT_RAM = 3,
    QEMU_AT_SHARED,
    QEMU_AT_QMP,
    QEMU_AT_COM,
    QEMU_AT_BELL,
    QEMU_AT_SHIM,
    QEMU_AT_DISKS, // DISKS_MAX of them
    QEMU_AT_END = QEMU_AT_DISKS + DISKS_MAX
};
// `boot`: starts the shim at once; otherwise waits, stopped, for a VM's state. 0 or -E2BIG.
int qemu_argv(struct qemu_args *a, const struct qemu_family *q, int boot);

// --- start.c: the supervisor's ---
struct qemu_process {
    pid_t pid;         // a child of the supervisor; 0: none
    int complaints;    // read end of its stderr
    int lease;         // our end, or -1: nobody has it yet
    int fd[QEMU_NFDS]; // while nobody has it; else -1
    int killed;        // by us: its end is no news
    uint64_t order;    // of its start
};
// Starts a QEMU. 0 or -errno.
int qemu_start(const struct qemu_family *q, int boot, struct qemu_process *p);
// Closes what the supervisor has of it.
void qemu_close(struct qemu_process *p);
// The first line it left on stderr, without QEMU's name in front. 0, or -1 if there is none.
int qemu_complaint(const struct qemu_process *p, char *line, size_t len);

// --- pool.c: the supervisor's book of QEMUs ---
int qemu_pool_init(struct qemu_family *q, uint32_t ready, uint32_t max_procs);
// Becomes readable when a lease has ended.
int qemu_pool_fd(const struct qemu_pool *pool);
// A monitor asks for a QEMU; the answer goes to `lease`, which is the pool's from now on.
void qemu_pool_request(struct qemu_pool *pool, int boot, int lease);
// Ends the QEMUs whose lease has ended and waits until they are gone: only then can they write to
// the window no more.
void qemu_pool_settle(struct qemu_pool *pool);
// A child of the supervisor has ended. 1 if it was a QEMU.
int qemu_pool_reaped(struct qemu_pool *pool, pid_t pid, int status);
// Starts a QEMU ahead if it is time; how many ms until it is, or -1.
int qemu_pool_refill(struct qemu_pool *pool);
// Ends all.
void qemu_pool_kill(struct qemu_pool *pool);

// --- link.c: a monitor's end ---
struct qemu {
    int fd[QEMU_NFDS];
    int lease;
    uint64_t page;  // guest-physical address of struct companion_page
    uint32_t asked; // the call that is being served
    struct qmp qmp;
};

// A monitor: this process and its VM.
struct qemu_monitor {
    struct member member; // first: qemu_monitor_of()
    struct guest_memory mem;
    struct qemu qemu;
};

// In this back end every member is the first field of one.
static inline struct qemu_monitor *qemu_monitor_of(struct member *m)
{
    return (struct qemu_monitor *)m;
}

// The reply to a request, with the descriptors of QEMU_NFDS.
struct qemu_reply {
    int32_t error; // 0 or -errno
    int32_t pid;   // for messages
};

// Asks the supervisor for a QEMU and makes it ready for commands. 0 or -errno.
int qemu_take(struct family *f, int boot, struct qemu *q);
// Lets go of it, which ends it if nobody else has its lease.
void qemu_drop(struct qemu *q);
// From now on this process ends when its QEMU does, whatever it is waiting for.
void qemu_watch(struct qemu_monitor *mon);
// Hands the VM, which is stopped, to QEMU's own server for gdb. 0 or -errno.
int qemu_gdb(struct qemu *q, int port);
// Continues a stopped VM. 0 or -errno.
int qemu_continue(struct qemu *q);
// Stops it, writes its devices' state to `to`, from which it has not to be read meanwhile.
int qemu_save(struct qemu *q, int to);
// Loads that into a QEMU of the pool.
int qemu_load(struct qemu *q, int from);

// --- clone.c ---
// State of a VM in which the shim waits for its first program. Made once per family, by its first
// monitor; the descriptor of its RAM, or -errno.
struct qemu_template {
    int ram;     // memfd, sealed
    char *state; // of its devices
    size_t state_len;
};
int qemu_template_make(struct qemu_monitor *mon);
int64_t qemu_clone(struct member *m, struct clone *c);
int64_t qemu_spawn(struct member *m, const struct pv_exec *c, struct load_args *args);

// --- confine.c: family/confine.h, for a monitor of this back end ---
int qemu_confine(struct family *f, const int *keep, unsigned n);

// --- monitor.c ---
void qemu_monitor_start(struct family *f, uint32_t slot, uint32_t program,
                        const struct load_args *args) __attribute__((noreturn));
// Maps the VM's RAM where this process has guest RAM. 0 or -errno.
int qemu_monitor_map(struct qemu_monitor *mon);
// Gives the shim what it waits for: the first program (args), or the answer to its call.
void qemu_monitor_give_program(struct qemu_monitor *mon, uint32_t program,
                               const struct load_args *args);
void qemu_monitor_answer(struct qemu_monitor *mon);
// Lets a VM run that has got one of those.
void qemu_monitor_begin(struct qemu_monitor *mon);

static inline struct companion_page *qemu_monitor_page(const struct qemu_monitor *mon)
{
    return (struct companion_page *)(mon->mem.ram + mon->qemu.page);
}

#endif
