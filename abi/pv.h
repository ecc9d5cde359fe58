// SPDX-License-Identifier: BSD-2-Clause
// The paravirtual interface: everything a Ramet kernel may ask of what runs it.
//
// Three implementers exist: the monitor on the host (host/kvm), the stub of a picoprocess
// (host/process) and the ring-0 shim inside bootable images (arch/x86_64/shim), alone or with a
// companion. The kernel runs in ring 3 and knows none of them. The contract has seven parts:
// limits, the memory map, devices, the boot_info page, the shared page, calls, and upcalls.
//
// At boot RIP is the program's entry with RDI = PV_BOOT_INFO_VA and RSP below the argument strings,
// 16-aligned; other registers, the bases of FS and GS among them, are 0, the x87 and SSE state as
// after FNINIT and with MXCSR 0x1f80 (that is the whole vector state, but for PV_BOOT_XSAVE). The
// thread pointer (the base of FS) is set by WRFSBASE, or by SET_TP where flags say so
// (PV_BOOT_SET_TP). EXEC is such a boot, too.
//
// A call: the kernel fills the call's argument struct anywhere in its RAM and calls the code at
// PV_CALL_VA with the struct's address in RDI. The implementer copies the struct in once, acts,
// writes `ret` (and the fields marked "out"), and returns to the caller. All registers but RAX, RCX
// and R11 are preserved. Unless noted a call does not block and fails with -errno (Linux numbers)
// in `ret`; -EFAULT: what an argument points to is not where it must be. If the struct's
// beginning (struct pv_call) is not in RAM the call is ignored, the window included: there is
// nowhere to put an error.
//
// An upcall: like a UNIX signal, the implementer pushes a struct pv_frame on the guest's stack,
// below the 128-byte red zone, 16-aligned, and sets RIP to shared->upcall_entry with RSP = RDI =
// the frame and shared->masked = 1. The guest returns by restoring the frame itself; the
// implementer takes no part. A frame goes only where the guest itself could write: else an event
// stays pending until a later one, and an exception ends the VM.
#ifndef RAMET_ABI_PV_H
#define RAMET_ABI_PV_H

#include <stddef.h>
#include <stdint.h>

#define PV_ABI_VERSION 2

// --- limits: no implementer exceeds them, and none need offer more ---
#define PV_MAX_SLOTS   4094 // VMs in a family; slot 0 is never used, the first program has slot 1
#define PV_MAX_DEVICES 8
#define PV_MAX_QUEUES  16                   // of a device, that can be notified
#define PV_MAX_HOT     16                   // ranges of a FORK
#define PV_ARG_MAX     131072u              // bytes of arguments and environment
#define PV_RAM_MAX     (UINT64_C(8) << 30)  // of boot_info.ram_end
#define PV_IMAGE_MAX   (UINT64_C(2) << 30)  // of boot_info.image_size
#define PV_WINDOW_MAX  (UINT64_C(2) << 30)  // of boot_info.window_size
#define PV_PROGRAM_MAX (UINT64_C(64) << 20) // bytes of a program that is no part of the image

// --- the memory map (guest-virtual; docs/memory-map.md draws it) ---
#define PV_PLATFORM_VA  0x00100000u           // call page, shared page...; all else of it faults
#define PV_PLATFORM_END 0x00200000u           // below PV_PLATFORM_VA nothing is mapped: NULL faults
#define PV_RAM_VA       0x00200000u           // private RAM: program, heap, stack
#define PV_IMAGE_VA     UINT64_C(0x800000000) // the image file, read-only, shared by the family
#define PV_WINDOW_VA    UINT64_C(0xc00000000) // the window, at the same address in every VM

#define PV_CALL_VA      0x00110000u // code, read-execute
#define PV_SHARED_VA    0x00111000u // struct pv_shared, read-write
#define PV_BOOT_INFO_VA 0x00112000u // struct pv_boot_info, for reading; not all map it read-only
#define PV_DMA_VA       0x00140000u // read-write, zeroed; private, so a clone has its own copy
#define PV_DMA_SIZE     0x00080000u // contiguous guest-physical memory from boot_info.dma_phys
#define PV_DEVICES_VA   0x001c0000u // device registers, up to PV_PLATFORM_END

// --- devices: virtio 1.x, found by the implementer, driven by the kernel ---
// The implementer has mapped the registers at PV_DEVICES_VA and routed the device's interrupts:
// they arrive as PV_EVENT_DEVICE. Registers are for setting a device up and looking at it; a queue
// is notified by PV_CALL_NOTIFY, and a store to a notification register does nothing that can be
// relied on. What a device may read and write is PV_DMA_VA's memory and nothing else; the kernel
// copies. Before FORK the kernel lets all requests finish: the clone finds its devices as they
// were, with the clone's memory behind them.
enum pv_transport {
    PV_TRANSPORT_MMIO = 1, // virtio 1.2, 4.2: all is in the register block at PV_REGS_COMMON
    PV_TRANSPORT_PCI = 2,  // 4.1; MSI-X entry 0 is the interrupt to choose for everything
};

enum pv_regs {
    PV_REGS_COMMON, // 4.1.4.3
    PV_REGS_ISR,    // 4.1.4.5
    PV_REGS_CONFIG, // 4.1.4.6, device-specific; 0: the device has none
    PV_REGS_COUNT
};

struct pv_device {
    uint32_t type;                // virtio device id (virtio 1.2, section 5)
    uint32_t transport;           // enum pv_transport
    uint64_t regs[PV_REGS_COUNT]; // guest-virtual addresses; 0: not there
};
_Static_assert(sizeof(struct pv_device) == 32, "part of boot_info");

// --- boot_info ---
enum pv_stdio_kind {
    PV_STDIO_NONE = 0,   // closed on the host
    PV_STDIO_STREAM = 1, // a pipe, file or device: CONSOLE_READ/WRITE move bytes
    PV_STDIO_TTY = 2,    // the family's terminal: input comes through the window (abi/window.h)
};

struct pv_boot_info {
    uint32_t abi_version; // PV_ABI_VERSION
    uint32_t size;        // of this struct
    uint32_t slot;        // this VM's slot in the family, 1..PV_MAX_SLOTS
    uint32_t first;       // 1: the family's first program; it formats the window
    // Private RAM. The program's segments lie at ram_start.., the boot stack at the top.
    uint64_t ram_start, ram_end;
    uint64_t heap_start, heap_end;    // read-write, zeroed on first touch
    uint64_t stack_bottom, stack_top; // unmapped guard below stack_bottom
    uint64_t dma_phys; // guest-physical address of PV_DMA_VA, for devices; 0: there are none
    // Shared memory.
    uint64_t window_size; // bytes at PV_WINDOW_VA
    uint64_t image_size;  // bytes at PV_IMAGE_VA
    // The program and its arguments: NUL-terminated strings and NULL-terminated vectors, in RAM.
    uint32_t program; // index in the image's program table (abi/image.h), or PV_PROGRAM_FILE
    uint32_t argc;
    uint64_t argv, envp; // guest addresses of char *[]
    // Time: ns = ((rdtsc - tsc_base) * tsc_mult >> 32) + mono_base; CLOCK_MONOTONIC of the family.
    uint64_t tsc_base, tsc_mult;
    uint64_t mono_base_ns; // monotonic time at tsc_base
    uint64_t wall_base_ns; // CLOCK_REALTIME at tsc_base
    uint32_t cpus;         // processors of the host, for sysconf
    uint32_t flags;        // PV_BOOT_*
    uint32_t stdio[3];     // enum pv_stdio_kind for descriptors 0, 1, 2
    uint32_t spin; // 0: while this VM runs no other of the family does (one processor, one VM), so
                   // to wait for another by spinning never pays; else a short spin may
    uint8_t seed[32]; // fresh entropy for this VM
    char hostname[64];
    uint32_t ndevices; // of devices[] in use
    uint32_t reserved2;
    struct pv_device devices[PV_MAX_DEVICES];
};
_Static_assert(offsetof(struct pv_boot_info, argv) == 96, "boot_info is frozen");
_Static_assert(offsetof(struct pv_boot_info, flags) == 148, "boot_info is frozen");
_Static_assert(offsetof(struct pv_boot_info, seed) == 168, "boot_info is frozen");
_Static_assert(offsetof(struct pv_boot_info, devices) == 272, "boot_info is frozen");
_Static_assert(sizeof(struct pv_boot_info) == 528, "boot_info is frozen");

// Without PV_BOOT_COMPANION there is one VM, and FORK, SPAWN, KICK and KILL of others are -ENOSYS,
// whatever their arguments. KICK of oneself works.
#define PV_BOOT_COMPANION 1u
#define PV_BOOT_CHECK_LEAKS                                                                        \
    2u // the first program counts window objects when it exits, on the console
// The thread pointer must be set by SET_TP: this host does not keep what WRFSBASE sets, or has no
// such instruction. Without the flag both ways work.
#define PV_BOOT_SET_TP 4u
// The vector state is whatever XCR0 enables (XGETBV, SDM vol. 1, 13.3), and who keeps it over an
// upcall uses XSAVE. Without the flag it is x87 and SSE.
#define PV_BOOT_XSAVE 8u

// --- the shared page: written by both sides, so the implementer trusts nothing in it ---
struct pv_shared {
    uint32_t masked;       // not 0: hold events back, they collect in `pending`; not exceptions
    uint32_t pending;      // PV_EVENT_* bits; the implementer ORs, the guest exchanges with 0
    uint64_t upcall_entry; // 0: no upcalls yet; an exception then ends the VM, by UNIX's signal
    uint64_t
        exception_stack; // 0, or the top of a stack for exception frames (a stack overflow is one)
    uint32_t critical;   // not 0: in a window critical section; a forced kill waits for its end
    uint32_t reserved;
};

#define PV_EVENT_KICK  1u // a sibling changed something for us: look at signals
#define PV_EVENT_TIMER 2u // the deadline of SET_TIMER has passed
#define PV_EVENT_TTY   4u // terminal input, a window-size change or a hang-up (abi/window.h)
#define PV_EVENT_DEATH 8u // to slot 1: a sibling died without EXIT, see door.death (abi/window.h)
#define PV_EVENT_RESUMED                                                                           \
    64u // this VM was saved and is one of several that go on: new seed and clock
#define PV_EVENT_DEVICE  32u // a device used a buffer or changed its configuration: look at all
#define PV_EVENT_KILL    16u // leave now; the implementer ends the VM after PV_KILL_GRACE_NS
#define PV_KILL_GRACE_NS UINT64_C(200000000)
#define PV_KILL_CRITICAL_NS                                                                        \
    UINT64_C(1000000000) // after the grace time: longer than this `critical` is not respected

enum pv_upcall_type {
    PV_UPCALL_EVENT = 1,     // shared->pending was not 0
    PV_UPCALL_EXCEPTION = 2, // vector, error and address are set
};

struct pv_frame {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rip, cs, rflags, rsp, ss; // in IRETQ's order (SDM vol. 3, 6.14)
    uint32_t type;                     // enum pv_upcall_type
    uint32_t vector;                   // exception number (SDM vol. 3, 6.3)
    uint64_t error;                    // exception error code
    uint64_t address;                  // page fault: the faulting address (CR2)
    uint64_t reserved;
};
_Static_assert(sizeof(struct pv_frame) == 192, "arch/x86_64/entry.S knows this layout");
_Static_assert(offsetof(struct pv_frame, rip) == 120, "arch/x86_64/entry.S knows this layout");

// --- calls ---
enum pv_call_nr {
    PV_CALL_EXIT = 1,
    PV_CALL_WAIT = 2,
    PV_CALL_KICK = 3,
    PV_CALL_SET_TIMER = 4,
    PV_CALL_CONSOLE = 5,
    PV_CALL_FORK = 6,
    PV_CALL_EXEC = 7,
    PV_CALL_SPAWN = 8,
    PV_CALL_KILL = 9,
    PV_CALL_RELEASE = 10,
    PV_CALL_PROTECT = 11,
    PV_CALL_SET_TP = 12,
    PV_CALL_NOTIFY = 13,
    PV_CALL_NR_END = 14,
};

// Every argument struct starts with this.
struct pv_call {
    uint32_t nr;  // enum pv_call_nr
    uint32_t pad; // 0
    int64_t ret;  // out: >= 0 or -errno
};

// What the implementer does for a VM that ends, once nothing can fail any more: it stores `value`
// to the 32-bit window word at `offset` (if not 0; where an EXIT has none, of any VM but the first,
// the family hears of it as of a death), adds 1 to the doorbell of `kick_slot` (if not 0) and wakes
// it.
struct pv_publish {
    uint64_t offset; // into the window, 4-aligned
    uint32_t value;
    uint32_t kick_slot;
    uint32_t interrupt; // not 0: also interrupt kick_slot if it is running
    uint32_t pad;
};

// Ends this VM. Returns only with -EINVAL, when it cannot publish. It publishes before the VM is
// torn down, so a parent sees a zombie without waiting for that.
struct pv_exit {
    struct pv_call call;
    uint32_t status; // a wait(2) status: code << 8, or a signal number
    uint32_t pad;
    struct pv_publish publish;
};

// Blocks until this VM's doorbell differs from `bell`, an event is pending, the deadline passes, or
// a console descriptor in `ready` is ready. Returns the set of PV_WAIT_* that may hold; spurious
// returns are allowed. `deadline` is CLOCK_MONOTONIC ns as computed from boot_info; 0 polls,
// PV_FOREVER waits.
struct pv_wait {
    struct pv_call call;
    uint64_t deadline;
    uint32_t bell;
    uint32_t ready; // PV_WAIT_IN | PV_WAIT_OUT | PV_WAIT_ERR: wait for stdin / stdout / stderr too
};
#define PV_FOREVER  UINT64_MAX
#define PV_WAIT_IN  1u
#define PV_WAIT_OUT 2u
#define PV_WAIT_ERR 4u

// Wakes the VM in `slot` if it is in WAIT (after the caller changed its doorbell). With
// PV_KICK_INTERRUPT a VM that is running gets PV_EVENT_KICK as an upcall. -ESRCH: no such VM.
struct pv_kick {
    struct pv_call call;
    uint32_t slot;
    uint32_t flags; // PV_KICK_*
};
#define PV_KICK_INTERRUPT 1u

// One timer per VM: PV_EVENT_TIMER at `deadline` (monotonic ns; 0 = off). Not inherited by a clone.
struct pv_set_timer {
    struct pv_call call;
    uint64_t deadline;
};

// Reads or writes host descriptor `fd` (0..2) of the family. Never blocks: -EAGAIN, then WAIT with
// `ready`. Returns bytes moved (0 = end of file on read). -EPIPE when the reader is gone, -EBADF
// for a descriptor that is closed, and for reading from the terminal.
struct pv_console {
    struct pv_call call;
    uint32_t fd;
    uint32_t write; // 0 read, 1 write
    uint64_t buf;   // guest address in RAM, the window or (write only) the image
    uint64_t len;
};

// Clones this VM copy-on-write into `slot`, which the caller has claimed in the window. ret: 0 in
// the parent, 1 in the child. The clone has the same RAM, registers and upcall settings; its timer
// is off, `pending` empty, `masked` as it was, boot_info's slot and seed its own. In the child the
// x87 and SSE state are as at boot and the FS and GS bases are 0: the caller, who knows which of
// them matter, restores them. `hot` names ranges both sides are about to write: the implementer may
// copy them ahead of time. -EAGAIN: no room for another VM. -EBUSY: the slot's last VM is still
// being torn down; try another.
struct pv_fork {
    struct pv_call call;
    uint32_t slot;
    uint32_t nhot; // at most PV_MAX_HOT
    uint64_t hot;  // guest address of struct pv_range[nhot]
};
struct pv_range {
    uint64_t addr, len;
};

// Replaces this VM's image by program number `program` of the image's table: same slot, RAM
// dropped, the window kept, timer off, boot_info's seed fresh. Does not return on success.
// `strings` holds argc then envc NUL-terminated strings, `len` bytes in all, at most PV_ARG_MAX:
// -E2BIG, -EINVAL. -ENOEXEC: no such program. -ENOMEM: it does not fit into memory. SPAWN starts
// the program in a new VM in `slot` and returns 0.
//
// With PV_PROGRAM_FILE the program is no part of the image: it is an ELF file, whose bytes lie at
// `file`, in RAM, the window or the image. They are copied once, before anything is believed of
// them, and checked as mkimage checks a program (docs/image.md): -ENOEXEC if it is none, or one of
// another ABI version; -ENOMEM beyond PV_PROGRAM_MAX. Its segments are private memory, with their
// rights; nothing else of it is kept.
//
// With PV_EXEC_CHECK, EXEC only checks: it returns the error that EXEC would, or 0, and changes
// nothing. EXEC itself may still fail later, if memory has gone by then.
struct pv_exec {
    struct pv_call call;
    uint32_t program; // index in the image's program table, or PV_PROGRAM_FILE
    uint32_t slot;    // SPAWN only
    uint32_t argc, envc;
    uint64_t strings, len;
    uint64_t file, file_len; // PV_PROGRAM_FILE only
    uint32_t flags;          // EXEC only: PV_EXEC_*; others are -EINVAL
    uint32_t pad;
};
#define PV_PROGRAM_FILE UINT32_MAX
#define PV_EXEC_CHECK   1u

// Ends the VM in `slot` whether its kernel listens or not: PV_EVENT_KILL, then by force after
// PV_KILL_GRACE_NS, which the family sees as a death (abi/window.h).
struct pv_kill {
    struct pv_call call;
    uint32_t slot;
    uint32_t pad;
};

// Hands whole 4 KB pages of heap or stack back: they read as zero afterwards. Their rights stay.
// -EINVAL: not whole pages of that memory.
struct pv_release {
    struct pv_call call;
    uint64_t addr, len;
};

// Sets what whole 4 KB pages of private RAM may be used for: the program's segments, heap and
// stack, not the guard below the stack. Their contents stay. A clone inherits the rights, EXEC
// starts afresh. They apply to the guest only: the implementer can still access a call's struct and
// buffers. -EACCES: writable and executable at once. -ENOMEM: no page table left for it. -EINVAL:
// not whole pages of that memory. After an error nothing has changed.
struct pv_protect {
    struct pv_call call;
    uint64_t addr, len;
    uint32_t rights; // PV_RIGHT_*; 0: no access
    uint32_t pad;
};
#define PV_RIGHT_READ  1u // without it neither of the others is possible: -EINVAL
#define PV_RIGHT_WRITE 2u
#define PV_RIGHT_EXEC  4u

// Sets the thread pointer: the base of FS, as WRFSBASE does. -EINVAL: above the lower half of
// addresses (SDM vol. 1, 3.3.7.1). A clone's is 0 (FORK), a new program's as well.
struct pv_set_tp {
    struct pv_call call;
    uint64_t base;
};

// Tells a device that there is something in a queue (virtio 1.2, 2.3). The device may be done with
// it when this returns. -ENODEV: no such device. -EINVAL: it has no such queue, or one whose
// notification is not where the device may be reached.
struct pv_notify {
    struct pv_call call;
    uint32_t device; // index in boot_info.devices
    uint32_t queue;
};

// The argument structs are frozen for ABI version 2.
_Static_assert(sizeof(struct pv_call) == 16 && offsetof(struct pv_call, ret) == 8, "frozen");
_Static_assert(sizeof(struct pv_publish) == 24, "frozen");
_Static_assert(sizeof(struct pv_exit) == 48 && offsetof(struct pv_exit, publish) == 24, "frozen");
_Static_assert(sizeof(struct pv_wait) == 32 && offsetof(struct pv_wait, ready) == 28, "frozen");
_Static_assert(sizeof(struct pv_kick) == 24 && sizeof(struct pv_set_timer) == 24, "frozen");
_Static_assert(sizeof(struct pv_console) == 40 && offsetof(struct pv_console, len) == 32, "frozen");
_Static_assert(sizeof(struct pv_fork) == 32 && offsetof(struct pv_fork, hot) == 24, "frozen");
_Static_assert(sizeof(struct pv_exec) == 72 && offsetof(struct pv_exec, file) == 48, "frozen");
_Static_assert(sizeof(struct pv_kill) == 24 && sizeof(struct pv_release) == 32, "frozen");
_Static_assert(sizeof(struct pv_protect) == 40, "frozen");
_Static_assert(sizeof(struct pv_set_tp) == 24 && sizeof(struct pv_notify) == 24, "frozen");
_Static_assert(sizeof(struct pv_shared) == 32 && offsetof(struct pv_shared, critical) == 24,
               "frozen for ABI version 2");

#endif
