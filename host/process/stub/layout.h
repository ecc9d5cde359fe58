// SPDX-License-Identifier: BSD-2-Clause
// Where a picoprocess keeps what is not the guest's, and what it and the supervisor say to each
// other. The one header that the stub (here) and the host (host/process) share.
//
// All of it lies where no guest memory ever is: below the platform's pages, and between the largest
// RAM and the image. The guest can reach it all the same, for stub and guest are one process:
// nothing here protects anybody. The boundary is the filter (host/process/confine.c) and what the
// supervisor believes.
#ifndef PROCESS_STUB_LAYOUT_H
#define PROCESS_STUB_LAYOUT_H

#include <stdint.h>
#include <sys/syscall.h>

#include "abi/image.h"
#include "abi/pv.h"
#include "abi/window.h"
#include "host/virtio/disk.h"

#define STUB_SCRATCH_VA UINT64_C(0x600000000) // what EXEC and SPAWN carry over; nothing in between

// In the 2 MB of the platform's pages: a clone copies one page table for both.
#define STUB_TEXT_VA    UINT64_C(0x80000) // the stub, read-execute
#define STUB_TEXT_SIZE  UINT64_C(0x10000)
#define STUB_STACK_VA   UINT64_C(0xa0000) // for what cannot stay on the guest's
#define STUB_STACK_SIZE UINT64_C(0x4000)
#define STUB_SIGNAL_VA  UINT64_C(0xb0000) // signal handlers; AVX-512 state alone is 2.7 KB
#define STUB_SIGNAL_END UINT64_C(0xb8000)
#define STUB_END        STUB_SIGNAL_END

// struct stub_state, behind struct pv_shared: both sides of a fork write that page at once anyhow.
#define STUB_DATA_VA   (PV_SHARED_VA + 1024)
#define STUB_DATA_SIZE 3072u

// What is needed once, at the start.
#define STUB_ONCE_VA     UINT64_C(0x90000)
#define STUB_ONCE_SIZE   (STUB_FILTER_SIZE + UINT64_C(0x1000))
#define STUB_FILTER_VA   STUB_ONCE_VA // struct sock_fprog and its instructions
#define STUB_FILTER_SIZE UINT64_C(0x4000)
#define STUB_HELLO_VA    (STUB_FILTER_VA + STUB_FILTER_SIZE) // struct stub_hello

// Scratch: the arguments, then the bytes of a program that is no part of the image; or, where a
// template is started, what is to be done.
#define STUB_FILE_VA      (STUB_SCRATCH_VA + PV_ARG_MAX)
#define STUB_STEPS_VA     STUB_SCRATCH_VA // struct stub_step[]
#define STUB_STEPS_MAX    (UINT32_C(1) << 14)
#define STUB_SCRATCH_SIZE (PV_ARG_MAX + PV_PROGRAM_MAX)

#define STUB_FSGSBASE 1u  // the host keeps what WRFSBASE sets
#define STUB_AVX      2u  // there are upper halves of vector registers
#define STUB_TRACE    4u  // the supervisor wants to hear of every exit
#define STUB_WATCHED  8u  // `ramet template`: and of what is printed
#define STUB_RESUMES  16u // the first member goes on from a template...
#define STUB_WAITS    32u // ...when a client has come

// The most that one system call moves between a disk and memory.
#define STUB_DISK_PIECE UINT64_C(0x20000)

#define STUB_CPU_WORDS 16u // a set of processors, as sched_getaffinity(2) has it

// The memfd of the text cache (host/family/textcache.h), and behind it, in the memfd too, by page
// of the cache: the number + 1 of the program whose text begins there.
#define STUB_TEXT_PAGES 8u
#define STUB_TEXTS_OFF  (STUB_TEXT_PAGES * UINT64_C(0x200000))
#define STUB_TEXTS_SIZE (STUB_TEXTS_OFF + UINT64_C(0x1000)) // of both

struct stub_texts {
    uint32_t program[STUB_TEXT_PAGES];
    uint32_t full; // no more of them come
};

// Arguments that fit are put behind boot_info instead, a page that a new member writes anyhow.
#define STUB_SMALL_VA   (PV_BOOT_INFO_VA + 1024)
#define STUB_SMALL_SIZE UINT64_C(3072)
_Static_assert(sizeof(struct pv_boot_info) <= 1024, "in front of them");

static inline uint64_t stub_strings_va(uint64_t len)
{
    return len <= STUB_SMALL_SIZE ? STUB_SMALL_VA : STUB_SCRATCH_VA;
}

// A program that is to be started, its strings, and a file's bytes at STUB_FILE_VA.
struct stub_start {
    uint32_t program, argc, envc, nsegs;
    uint64_t strings; // STUB_SMALL_VA or STUB_SCRATCH_VA
    uint64_t strings_len, file_len;
    uint64_t entry, heap, stack_bottom;
    struct image_seg segs[IMAGE_MAX_SEGS];
};

// A part of a resumed member's memory. The host has checked it; it is carried out when the host's
// program is gone from these addresses, and before the member is confined.
enum stub_step_what { STEP_MAP, STEP_READ, STEP_ZERO, STEP_POPULATE, STEP_PROTECT, STEP_UNMAP };

struct stub_step {
    uint64_t addr, len;
    uint64_t off;   // MAP, READ: in the file
    uint32_t what;  // enum stub_step_what
    int32_t fd;     // MAP, READ; -1: of nothing
    uint32_t value; // MAP, PROTECT: rights; POPULATE: the advice
    uint32_t pad;
};

// What a call keeps (abi/pv.h), in the order in which entry.S has it on the guest's stack: the
// address the call returns to is next.
struct stub_registers {
    uint64_t rbx, r12, r13, r14, r15, rbp, r10, r9, r8, rdx, rsi, rdi;
};

// A member in a call: all that a template has of it besides its memory.
struct stub_saved {
    struct stub_registers regs;
    uint64_t rsp; // at the address the call returns to
    uint64_t fs_base, gs_base, timer_deadline;
    uint32_t mxcsr;
    uint16_t fcw, pad;
};

struct stub_state {
    uint32_t slot, max_slots;
    int32_t image_fd;
    int32_t supervisor; // its pid
    uint32_t flags;     // STUB_*
    uint32_t ending;    // the grace time is over: exit when `critical` is 0
    uint64_t timer_deadline;
    uint32_t nowait[3]; // as family.stdio_nowait
    uint32_t small[3];
    uint32_t spawn_slot; // of the SPAWN in progress
    uint32_t nsegs;      // of the program that runs
    uint32_t nsteps;     // at STUB_STEPS_VA
    uint32_t saving;     // enum stub_saving
    struct stub_saved saved;
    struct image_seg segs[IMAGE_MAX_SEGS];
    struct disk disks[DISKS_MAX];
    struct virtio_mmio devices[DISKS_MAX]; // what the guest sees of them
    uint32_t ndisks;
    uint32_t notified;            // of the NOTIFY in progress
    uint32_t exited, exit_status; // EXIT, and with what: for who debugs it
    // place.c: when the last fork was, 0: long ago; whether there was a sleep after it; how well
    // forks foretell one; that this processor is kept during a clone, and those that may be used.
    uint64_t forked_at;
    uint32_t slept, sleeps, stays, pad;
    uint64_t cpus[STUB_CPU_WORDS];
    // text.c: the text cache, or -1; how often a fork has looked for the program's text there; what
    // it found.
    int32_t text_fd;
    uint32_t text_tries;
    struct stub_texts texts;
    uint64_t nested;         // where the last exception on the stack for exceptions was
    struct stub_start start; // of the EXEC or SPAWN in progress, and the first program's
};

enum stub_saving {
    SAVE_NOT,
    SAVE_AFTER,  // this call: the text has come
    SAVE_BEFORE, // the first call: a rehearsal ends there
};

// Shared with the supervisor while the first member starts.
struct stub_hello {
    uint32_t listener; // descriptor of the notifications + 1; 0: not yet. First, for the filter
    uint32_t debugger; // pid of who is to trace it; with --gdb only
    uint32_t trace;    // 1: it may be traced; 2: it is
    uint32_t refused;  // the filter could not be loaded: errno
    // Descriptors of this process' files in /proc, which its maker may then read, or -1: opened
    // before it is confined, and left to the supervisor.
    int32_t memory, pagemap, maps;
    uint64_t tsc_mult; // as the first member has found it
    // STUB_READY is answered: what is today's, and its client's.
    uint32_t stdio[3], nowait[3];
    uint64_t tsc_base, mono_base_ns, wall_base_ns;
};

// How many pages a program's text takes in the cache; 0: it has none there. Of all that the cache
// can hold, members take only what is one segment, the first, in 2 MB of its own.
static inline uint32_t stub_text_pages(const struct image_seg *segs, uint32_t nsegs)
{
    const uint64_t end = segs[0].vaddr + segs[0].memsz, huge = UINT64_C(0x200000);
    if (nsegs < 1 || (segs[0].flags & IMAGE_SEG_W) || !(segs[0].flags & IMAGE_SEG_X) ||
        segs[0].vaddr % huge || segs[0].memsz != segs[0].filesz)
        return 0;
    for (uint32_t i = 1; i < nsegs; i++)
        if (!(segs[i].flags & IMAGE_SEG_W) || segs[i].vaddr / huge <= (end - 1) / huge)
            return 0;
    return (uint32_t)((segs[0].memsz + huge - 1) / huge);
}

// The filter is loaded with these. The second (Linux 5.19) has its sender wait for an answer in
// peace; older headers do not name it.
#define STUB_WAIT_KILLABLE (1u << 5)
#define STUB_FILTER_FLAGS  (SECCOMP_FILTER_FLAG_NEW_LISTENER | STUB_WAIT_KILLABLE)

// The guest address of a slot's door (abi/window.h).
static inline uint64_t stub_door(uint32_t slot)
{
    return PV_WINDOW_VA + sizeof(struct window_header) + slot * sizeof(struct window_door);
}

#define STUB_CLONE_FLAGS (CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD)

// System-call numbers that the filter hands to the supervisor. All arguments are in registers; the
// result is -errno or 0. The numbers are those of setxattr(2) and what follows it, which no member
// makes and none is let make: the answer is always the supervisor's. Numbers that no kernel has
// would do, but for a filter round all of us, as a container has one: it denies what it does not
// know, and that comes before a notification (seccomp(2)).
enum stub_note {
    STUB_REPORT = SYS_setxattr, // by the first member: here I am
    STUB_KICK,                  // slot, flags of PV_CALL_KICK: by a signal
    STUB_KILL,                  // slot
    STUB_EXIT,                  // wait status: about to leave. Of slot 1, or with STUB_TRACE
    STUB_UNCLAIM,               // slot: the clone did not come about
    STUB_EXEC, // program: about to become it; not in the text cache, or with STUB_TRACE
    // With STUB_WATCHED:
    STUB_WROTE, // address, length: printed. 1: the text has come, SAVE follows
    STUB_SAVE,  // STATE->saved is filled; no answer but the end, or an error
    STUB_READY, // with STUB_WAITS: instead of REPORT, answered when a client is here
    STUB_NOTE_END,
};

// What the supervisor posts, as signals. SIGALRM is the member's own timer.
#define STUB_SIG_KICK  SIGUSR1
#define STUB_SIG_DEATH SIGUSR2
#define STUB_SIG_TTY   SIGWINCH
#define STUB_SIG_KILL  SIGTERM
#define STUB_SIG_END   SIGXCPU // the grace time is over
#define STUB_SIG_WAKE  SIGIO   // look again

// How a member ends: EXITED when it has published its end, else 128 + the signal it dies by. The
// first may leave with 0 when it has said with what it ends, or when it is saved.
#define STUB_EXITED 64
#define STUB_DIED   128

#endif
