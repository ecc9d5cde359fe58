// SPDX-License-Identifier: BSD-2-Clause
// What the files of the gdb server share. Protocol: "Debugging with GDB", appendix E (Remote
// Protocol).
#ifndef HOST_GDB_PRIVATE_H
#define HOST_GDB_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "host/kvm/monitor.h"

#define GDB_PACKET_MAX  4096 // bytes between $ and #, as qSupported tells gdb
#define GDB_BREAKPOINTS 128

struct gdb_breakpoint {
    uint64_t addr;
    uint8_t byte; // what INT3 replaced
};

struct gdb {
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
void gdb_command(struct monitor *m, struct gdb *g, char *packet);
void gdb_report_stop(struct gdb *g);

// --- gdb.c ---
// Lets the VM run on without the debugger.
void gdb_detach(struct monitor *m, struct gdb *g);

// --- regs.c ---
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

void gdb_regs_get(struct monitor *m, struct gdb_regs *regs);
// 0 or -errno, and then nothing has changed.
int gdb_regs_set(struct monitor *m, const struct gdb_regs *regs);
// Where register `n` lies in struct gdb_regs. 0, or -1 if there is no such register.
int gdb_reg_span(unsigned n, size_t *offset, size_t *size);
// The target description. NUL-terminated, static.
const char *gdb_regs_xml(void);

// --- memory.c ---

// Through the guest's page tables as they are. Reading shows the program's own bytes under
// breakpoints. The number of bytes done, which is short where memory ends.
size_t gdb_memory_read(struct monitor *m, struct gdb *g, uint64_t va, void *to, size_t len);
size_t gdb_memory_write(struct monitor *m, struct gdb *g, uint64_t va, const void *from,
                        size_t len);
// 0, or -1: no memory there, or no room. Setting one twice is once.
int gdb_breakpoint_set(struct monitor *m, struct gdb *g, uint64_t va);
int gdb_breakpoint_at(const struct gdb *g, uint64_t va);
void gdb_breakpoint_clear(struct monitor *m, struct gdb *g, uint64_t va);
void gdb_breakpoints_clear_all(struct monitor *m, struct gdb *g);

#endif
