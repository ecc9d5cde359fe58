// SPDX-License-Identifier: BSD-2-Clause
// What the files of the gdb server share, whatever is debugged. Protocol: "Debugging with GDB",
// appendix E (Remote Protocol).
//
// How a stopped VM is reached is a table: of a VM of KVM in private.h, of a picoprocess in
// host/process/tracee.c.
#ifndef HOST_GDB_SERVER_H
#define HOST_GDB_SERVER_H

#include <stddef.h>
#include <stdint.h>

#define GDB_PACKET_MAX  4096 // bytes between $ and #, as qSupported tells gdb
#define GDB_BREAKPOINTS 128

struct gdb_breakpoint {
    uint64_t addr;
    uint8_t byte; // what INT3 replaced
};

// In the order and sizes of the target description that gdb_regs_xml() gives.
struct gdb_regs {
    uint64_t gpr[16]; // rax rbx rcx rdx rsi rdi rbp rsp r8..r15
    uint64_t rip;
    uint32_t eflags;
    uint32_t seg[6]; // cs ss ds es fs gs
    uint8_t st[8][10];
    uint32_t fpu[8]; // fctrl fstat ftag fiseg fioff foseg fooff fop
    uint8_t xmm[16][16];
    uint32_t mxcsr;
    uint64_t fs_base, gs_base;
} __attribute__((packed));

// How a stopped VM is reached.
struct gdb_target {
    void (*regs_get)(void *vm, struct gdb_regs *regs);
    // 0 or -errno, and then nothing has changed.
    int (*regs_set)(void *vm, const struct gdb_regs *regs);
    // Reads memory into `to`, or writes it from `from` if that is not NULL, as the program's own
    // pages are. The number of bytes done, which is short where memory ends.
    size_t (*memory)(void *vm, uint64_t va, uint8_t *to, const uint8_t *from, size_t len);
    // Ends the VM, as by SIGKILL. May return.
    void (*kill)(void *vm);
    // Before the server blocks for gdb: does what else there is to do until gdb has sent something.
    // 0, or -1: the VM is gone, and with it the session. May be NULL.
    int (*idle)(void *vm);
};

struct gdb {
    const struct gdb_target *target;
    void *vm; // for the target's functions
    int listener;
    int conn;       // the debugger's socket, -1 when nobody is attached
    int no_ack;     // packets are no longer acknowledged
    int stopped;    // gdb has the VM
    int stepping;   // RFLAGS.TF is ours
    int signal;     // why the VM stopped, in gdb's numbering (that of Linux for those we use)
    int breakpoint; // it stopped at an INT3 of ours
    int pass;       // on resuming, hand the exception to the guest
    int waiting;    // a connection came while the VM was in an exception stub
    unsigned nbreakpoints;
    struct gdb_breakpoint breakpoints[GDB_BREAKPOINTS];
    // Bytes received but not yet looked at.
    uint8_t in[512];
    unsigned in_len, in_pos;
};

// --- packet.c: framing ---

// The next packet's contents, NUL-terminated, in buf (GDB_PACKET_MAX + 1 bytes). Blocks. Its
// length, or -1 when the debugger is gone.
int gdb_packet_get(struct gdb *g, char *buf);
// Sends a packet; waits for its acknowledgement while those are on. 0, or -1 when the debugger is
// gone.
int gdb_packet_put(struct gdb *g, const char *text);
// Hexadecimal: `len` bytes to text (2 * len digits and a NUL) and back (1 if there were as many
// digits).
void gdb_hex(char *to, const void *from, size_t len);
int gdb_unhex(void *to, const char *from, size_t len);
// A number in hexadecimal at *at, which moves on; 0 if there is none.
uint64_t gdb_number(const char **at);

// --- command.c ---
// Acts on a packet and answers it.
void gdb_command(struct gdb *g, char *packet);
void gdb_report_stop(struct gdb *g);

// --- session.c ---
// Takes a connection that is there, or waits for one. 0 or -errno.
int gdb_accept(struct gdb *g);
// Serves gdb until it resumes the VM or is gone. Blocks.
void gdb_serve(struct gdb *g);
// Lets the VM run on without the debugger.
void gdb_detach(struct gdb *g);
// The VM has ended with a wait(2) status: tells gdb, if there is one, and lets go of it.
void gdb_tell_end(struct gdb *g, uint32_t status);

// --- regs.c ---
// Where register `n` lies in struct gdb_regs. 0, or -1 if there is no such register.
int gdb_reg_span(unsigned n, size_t *offset, size_t *size);
// The target description. NUL-terminated, static.
const char *gdb_regs_xml(void);

// What FXSAVE stores (SDM vol. 1, 10.5.1), which is also how an XSAVE area begins.
struct gdb_fxsave {
    uint16_t fcw, fsw;
    uint8_t ftw, reserved;
    uint16_t fop;
    uint64_t fip, fdp;
    uint32_t mxcsr, mxcsr_mask;
    uint8_t st[8][16];
    uint8_t xmm[16][16];
    uint8_t unused[96];
};
// Between that and registers as gdb has them.
void gdb_fpu_get(struct gdb_regs *regs, const struct gdb_fxsave *x);
void gdb_fpu_set(struct gdb_fxsave *x, const struct gdb_regs *regs);

// --- breakpoint.c ---
// Memory as the program has it: its own bytes under breakpoints.
size_t gdb_memory_read(struct gdb *g, uint64_t va, void *to, size_t len);
size_t gdb_memory_write(struct gdb *g, uint64_t va, const void *from, size_t len);
// 0, or -1: no memory there, or no room. Setting one twice is once.
int gdb_breakpoint_set(struct gdb *g, uint64_t va);
int gdb_breakpoint_at(const struct gdb *g, uint64_t va);
void gdb_breakpoint_clear(struct gdb *g, uint64_t va);
void gdb_breakpoints_clear_all(struct gdb *g);

#endif
