// SPDX-License-Identifier: BSD-2-Clause
// A stopped VM's registers as gdb wants them, and the description that tells gdb which they are.
// Names and features: "Debugging with GDB", appendix G.5.6 (i386 features).

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "abi/x86.h"
#include "host/gdb/private.h"

// Numbers of registers in the order of the description below, which is also that of struct
// gdb_regs. The gaps are filled by runs (gdb_reg_span()).
enum {
    REG_EFLAGS = 17,
    REG_ST0 = 24,
    REG_FCTRL = 32,
    REG_XMM0 = 40,
    REG_MXCSR = 56,
    REG_FS_BASE = 57,
    REG_END = 59
};

// Before the first KVM_RUN, and after a change of ours, the registers are in kvm_run; else in the
// vCPU.
static int get_sregs(struct monitor *m, struct kvm_sregs *s)
{
    if (m->vm.run->kvm_dirty_regs & KVM_SYNC_X86_SREGS) {
        *s = m->vm.run->s.regs.sregs;
        return 0;
    }
    return ioctl(m->vm.vcpu_fd, KVM_GET_SREGS, s) < 0 ? -errno : 0;
}

// In gdb's order, which is not that of the instruction encoding: rbx, rcx and rdx come after rax.
static uint64_t *gpr(struct kvm_regs *r, unsigned i)
{
    uint64_t *const list[16] = {
        (uint64_t *)&r->rax, (uint64_t *)&r->rbx, (uint64_t *)&r->rcx, (uint64_t *)&r->rdx,
        (uint64_t *)&r->rsi, (uint64_t *)&r->rdi, (uint64_t *)&r->rbp, (uint64_t *)&r->rsp,
        (uint64_t *)&r->r8,  (uint64_t *)&r->r9,  (uint64_t *)&r->r10, (uint64_t *)&r->r11,
        (uint64_t *)&r->r12, (uint64_t *)&r->r13, (uint64_t *)&r->r14, (uint64_t *)&r->r15,
    };
    return list[i];
}

// The x87 and SSE part of an XSAVE area (SDM vol. 1, 10.5.1 and 13.4). KVM_GET_FPU would leave
// MXCSR out.
struct xsave {
    uint16_t fcw, fsw;
    uint8_t ftw, reserved;
    uint16_t fop;
    uint64_t fip, fdp;
    uint32_t mxcsr, mxcsr_mask;
    uint8_t st[8][16];
    uint8_t xmm[16][16];
    uint8_t unused[96];
    uint64_t xstate_bv;
    uint8_t rest[3576];
};
_Static_assert(sizeof(struct xsave) == sizeof(struct kvm_xsave), "one page");
#define XSTATE_X87_SSE UINT64_C(3)

static void get_fpu(struct monitor *m, struct gdb_regs *regs)
{
    struct xsave x;
    if (ioctl(m->vm.vcpu_fd, KVM_GET_XSAVE, &x) < 0)
        return;
    for (unsigned i = 0; i < 8; i++)
        memcpy(regs->st[i], x.st[i], sizeof regs->st[i]);
    // The tag word has 2 bits a register, XSAVE 1: "not empty" (SDM vol. 1, 10.5.1.1).
    uint32_t tags = 0;
    for (unsigned i = 0; i < 8; i++)
        tags |= (x.ftw & 1u << i) ? 0 : 3u << 2 * i;
    const uint32_t words[8] = {x.fcw, x.fsw, tags, 0, (uint32_t)x.fip, 0, (uint32_t)x.fdp, x.fop};
    memcpy(regs->fpu, words, sizeof words);
    memcpy(regs->xmm, x.xmm, sizeof regs->xmm);
    regs->mxcsr = x.mxcsr;
}

static int set_fpu(struct monitor *m, const struct gdb_regs *regs)
{
    struct xsave x;
    if (ioctl(m->vm.vcpu_fd, KVM_GET_XSAVE, &x) < 0)
        return -errno;
    for (unsigned i = 0; i < 8; i++)
        memcpy(x.st[i], regs->st[i], sizeof regs->st[i]);
    x.fcw = (uint16_t)regs->fpu[0];
    x.fsw = (uint16_t)regs->fpu[1];
    x.ftw = 0;
    for (unsigned i = 0; i < 8; i++)
        x.ftw |= (uint8_t)((regs->fpu[2] >> 2 * i & 3) != 3) << i;
    memcpy(x.xmm, regs->xmm, sizeof x.xmm);
    x.mxcsr = regs->mxcsr;
    // A component whose bit is clear would be reset to its initial state instead of loaded (SDM
    // vol. 1, 13.8).
    x.xstate_bv |= XSTATE_X87_SSE;
    return ioctl(m->vm.vcpu_fd, KVM_SET_XSAVE, &x) < 0 ? -errno : 0;
}

void gdb_regs_get(struct monitor *m, struct gdb_regs *regs)
{
    struct kvm_regs *r = vm_regs(&m->vm);
    struct kvm_sregs s;
    *regs = (struct gdb_regs){.rip = r->rip, .eflags = (uint32_t)r->rflags};
    for (unsigned i = 0; i < 16; i++)
        regs->gpr[i] = *gpr(r, i);
    get_fpu(m, regs);
    if (get_sregs(m, &s) < 0)
        return;
    const uint32_t seg[6] = {s.cs.selector, s.ss.selector, s.ds.selector,
                             s.es.selector, s.fs.selector, s.gs.selector};
    memcpy(regs->seg, seg, sizeof seg);
    regs->fs_base = s.fs.base;
    regs->gs_base = s.gs.base;
}

// Segments are not gdb's to change, and of RFLAGS only what ring 3 could change itself.
int gdb_regs_set(struct monitor *m, const struct gdb_regs *regs)
{
    const uint64_t arithmetic = 0x8d5 | X86_RFLAGS_DF; // CF PF AF ZF SF OF (SDM vol. 1, 3.4.3)
    struct kvm_regs *r = vm_regs(&m->vm);
    struct kvm_sregs s;
    int e;

    if ((e = get_sregs(m, &s)) < 0 || (e = set_fpu(m, regs)) < 0)
        return e;
    // Only on a change: KVM then loads all segments at the next entry.
    if (s.fs.base != regs->fs_base || s.gs.base != regs->gs_base) {
        s.fs.base = regs->fs_base;
        s.gs.base = regs->gs_base;
        m->vm.run->s.regs.sregs = s;
        m->vm.run->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
    }
    for (unsigned i = 0; i < 16; i++)
        *gpr(r, i) = regs->gpr[i];
    r->rip = regs->rip;
    r->rflags = (r->rflags & ~arithmetic) | (regs->eflags & arithmetic);
    vm_regs_changed(&m->vm);
    return 0;
}

int gdb_reg_span(unsigned n, size_t *offset, size_t *size)
{
    // First register, place and size of each run of registers of one size.
    static const struct {
        unsigned first;
        size_t offset, size;
    } run[] = {
        {0, offsetof(struct gdb_regs, gpr), 8},
        {REG_EFLAGS, offsetof(struct gdb_regs, eflags), 4},
        {REG_ST0, offsetof(struct gdb_regs, st), 10},
        {REG_FCTRL, offsetof(struct gdb_regs, fpu), 4},
        {REG_XMM0, offsetof(struct gdb_regs, xmm), 16},
        {REG_MXCSR, offsetof(struct gdb_regs, mxcsr), 4},
        {REG_FS_BASE, offsetof(struct gdb_regs, fs_base), 8},
    };
    if (n >= REG_END)
        return -1;
    unsigned i = sizeof run / sizeof run[0] - 1;
    while (run[i].first > n)
        i--;
    *offset = run[i].offset + (n - run[i].first) * run[i].size;
    *size = run[i].size;
    return 0;
}

// Built at the first request, for every VM the same.
static char xml[8192];

static void __attribute__((format(printf, 1, 2))) append(const char *format, ...)
{
    size_t len = strlen(xml);
    va_list args;
    va_start(args, format);
    vsnprintf(xml + len, sizeof xml - len, format, args);
    va_end(args);
}

// The `regnum` attribute is left out: gdb counts in the order of appearance, from 0.
static void reg(const char *name, unsigned bits, const char *type)
{
    append("<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"/>", name, bits, type);
}

static void core_feature(void)
{
    static const char *const general[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
                                          "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    static const char *const word[] = {"eflags", "cs", "ss", "ds", "es", "fs", "gs"};
    static const char *const x87[] = {"fctrl", "fstat", "ftag",  "fiseg",
                                      "fioff", "foseg", "fooff", "fop"};
    append("<feature name=\"org.gnu.gdb.i386.core\">");
    for (unsigned i = 0; i < 16; i++)
        reg(general[i], 64, i == 6 || i == 7 ? "data_ptr" : "int64");
    reg("rip", 64, "code_ptr");
    for (unsigned i = 0; i < 7; i++)
        reg(word[i], 32, "int32");
    for (unsigned i = 0; i < 8; i++)
        append("<reg name=\"st%u\" bitsize=\"80\" type=\"i387_ext\"/>", i);
    for (unsigned i = 0; i < 8; i++)
        reg(x87[i], 32, "int");
    append("</feature>");
}

static void sse_feature(void)
{
    append("<feature name=\"org.gnu.gdb.i386.sse\">"
           "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
           "<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
           "<vector id=\"v16b\" type=\"int8\" count=\"16\"/>"
           "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/>"
           "<field name=\"v2_double\" type=\"v2d\"/><field name=\"v16_int8\" type=\"v16b\"/>"
           "<field name=\"uint128\" type=\"uint128\"/></union>");
    for (unsigned i = 0; i < 16; i++)
        append("<reg name=\"xmm%u\" bitsize=\"128\" type=\"vec128\"/>", i);
    reg("mxcsr", 32, "int");
    append("</feature>");
}

const char *gdb_regs_xml(void)
{
    if (xml[0])
        return xml;
    append("<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
           "<architecture>i386:x86-64</architecture>");
    core_feature();
    sse_feature();
    append("<feature name=\"org.gnu.gdb.i386.segments\">");
    reg("fs_base", 64, "int");
    reg("gs_base", 64, "int");
    append("</feature></target>");
    return xml;
}
