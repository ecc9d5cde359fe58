// SPDX-License-Identifier: BSD-2-Clause
// A member under ptrace(2): registers, memory, and the two places in the stub that debug.c wants to
// hear of. All of it is for a member that stands; of one that was killed meanwhile nothing is read
// and nothing is written.

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "abi/x86.h"
#include "host/process/debug.h"
#include "host/process/stub_blob.h"

#define INT3 0xcc
#define NOP  0x90 // at stub_enter, for this
#define RET  0xc3 // at stub_return

// --- memory ---

// Words, as ptrace has them; the last one may begin before the end of what is mapped. A write goes
// to a private copy of a page, whatever its rights.
size_t tracee_memory(pid_t pid, uint64_t va, uint8_t *to, const uint8_t *from, size_t len)
{
    size_t done = 0;
    while (done < len) {
        const uint64_t at = (va + done) & ~UINT64_C(7);
        const size_t skip = (size_t)(va + done - at);
        const size_t part = len - done < 8 - skip ? len - done : 8 - skip;
        errno = 0;
        long word = ptrace(PTRACE_PEEKDATA, pid, at, NULL);
        if (errno)
            break;
        if (from) {
            memcpy((uint8_t *)&word + skip, from + done, part);
            if (ptrace(PTRACE_POKEDATA, pid, at, word) < 0)
                break;
        } else if (to) {
            memcpy(to + done, (uint8_t *)&word + skip, part);
        }
        done += part;
    }
    return done;
}

static size_t target_memory(void *debugger, uint64_t va, uint8_t *to, const uint8_t *from,
                            size_t len)
{
    const struct debugger *d = debugger;
    return d->target ? tracee_memory(d->target, va, to, from, len) : 0;
}

static void put_byte(pid_t pid, uint64_t at, uint8_t byte)
{
    tracee_memory(pid, at, NULL, &byte, 1);
}

void tracee_trap_enter(pid_t pid, int on)
{
    put_byte(pid, stub_address(STUB_ENTER), on ? INT3 : NOP);
}

void tracee_trap_return(pid_t pid, int on)
{
    put_byte(pid, stub_address(STUB_RETURN), on ? INT3 : RET);
}

int tracee_in_stub(uint64_t rip)
{
    return (rip >= STUB_TEXT_VA && rip < STUB_TEXT_VA + STUB_TEXT_SIZE) ||
           (rip >= PV_CALL_VA && rip < PV_CALL_VA + X86_PAGE);
}

// --- registers ---

int tracee_regs(pid_t pid, struct user_regs_struct *r)
{
    return ptrace(PTRACE_GETREGS, pid, NULL, r) < 0 ? -1 : 0;
}

// None of what is changed is a system call's any more that the kernel would begin anew.
void tracee_set_regs(pid_t pid, const struct user_regs_struct *r)
{
    struct user_regs_struct own = *r;
    own.orig_rax = (unsigned long long)-1;
    ptrace(PTRACE_SETREGS, pid, NULL, &own);
}

static void regs_get(void *debugger, struct gdb_regs *regs)
{
    const struct debugger *d = debugger;
    struct user_regs_struct r = {0};
    struct user_fpregs_struct f = {0};
    struct gdb_fxsave x;
    tracee_regs(d->target, &r);
    ptrace(PTRACE_GETFPREGS, d->target, NULL, &f);
    *regs = (struct gdb_regs){
        .gpr = {r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8, r.r9, r.r10, r.r11,
                r.r12, r.r13, r.r14, r.r15},
        .rip = r.rip,
        .eflags = (uint32_t)r.eflags,
        .seg = {(uint32_t)r.cs, (uint32_t)r.ss, (uint32_t)r.ds, (uint32_t)r.es, (uint32_t)r.fs,
                (uint32_t)r.gs},
        .fs_base = r.fs_base,
        .gs_base = r.gs_base,
    };
    memcpy(&x, &f, sizeof x);
    gdb_fpu_get(regs, &x);
}

// Segments are not gdb's to change, and of RFLAGS only what the program could change itself.
static void change_regs(struct user_regs_struct *r, const struct gdb_regs *regs)
{
    const uint64_t arithmetic = 0x8d5 | X86_RFLAGS_DF; // CF PF AF ZF SF OF (SDM vol. 1, 3.4.3)
    unsigned long long *const gpr[16] = {&r->rax, &r->rbx, &r->rcx, &r->rdx, &r->rsi, &r->rdi,
                                         &r->rbp, &r->rsp, &r->r8,  &r->r9,  &r->r10, &r->r11,
                                         &r->r12, &r->r13, &r->r14, &r->r15};
    for (unsigned i = 0; i < 16; i++)
        *gpr[i] = regs->gpr[i];
    r->rip = regs->rip;
    r->eflags = (r->eflags & ~arithmetic) | (regs->eflags & arithmetic);
    r->fs_base = regs->fs_base;
    r->gs_base = regs->gs_base;
    r->orig_rax = (unsigned long long)-1;
}

static int regs_set(void *debugger, const struct gdb_regs *regs)
{
    const struct debugger *d = debugger;
    struct user_regs_struct r;
    struct user_fpregs_struct f;
    struct gdb_fxsave x;
    _Static_assert(sizeof x <= sizeof f, "both are FXSAVE's");
    if (tracee_regs(d->target, &r) < 0 || ptrace(PTRACE_GETFPREGS, d->target, NULL, &f) < 0)
        return -ESRCH;
    change_regs(&r, regs);
    memcpy(&x, &f, sizeof x);
    gdb_fpu_set(&x, regs);
    memcpy(&f, &x, sizeof x);
    // The general ones first: they may be refused, and then nothing has changed.
    if (ptrace(PTRACE_SETREGS, d->target, NULL, &r) < 0)
        return -errno;
    return ptrace(PTRACE_SETFPREGS, d->target, NULL, &f) < 0 ? -errno : 0;
}

// --- the end ---

// What the guest has told the stub (PV_CALL_EXIT); else how the stub says that it died; else it is
// killed.
uint32_t tracee_end(pid_t pid)
{
    unsigned long code = 0;
    uint32_t said[2] = {0};
    tracee_memory(pid, STUB_DATA_VA + offsetof(struct stub_state, exited), (uint8_t *)said, NULL,
                  sizeof said);
    if (ptrace(PTRACE_GETEVENTMSG, pid, NULL, &code) < 0 || !WIFEXITED((int)code))
        return WIFSIGNALED((int)code) ? (uint32_t)code & 0x7f : SIGKILL;
    const uint32_t left = (uint32_t)WEXITSTATUS((int)code);
    return left >= STUB_DIED ? left - STUB_DIED : said[0] ? said[1] : SIGKILL;
}

static void kill_target(void *debugger)
{
    const struct debugger *d = debugger;
    if (d->target)
        kill(d->target, SIGKILL);
}

const struct gdb_target debug_target = {.regs_get = regs_get,
                                        .regs_set = regs_set,
                                        .memory = target_memory,
                                        .kill = kill_target,
                                        .idle = debug_idle};
