// SPDX-License-Identifier: BSD-2-Clause
// A stopped VM's registers as gdb wants them, and the description that tells gdb which they are.
// Names and features: "Debugging with GDB", appendix G.5.6 (i386 features).

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/gdb/server.h"

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

void gdb_fpu_get(struct gdb_regs *regs, const struct gdb_fxsave *x)
{
    for (unsigned i = 0; i < 8; i++)
        memcpy(regs->st[i], x->st[i], sizeof regs->st[i]);
    // The tag word has 2 bits a register, FXSAVE 1: "not empty" (SDM vol. 1, 10.5.1.1).
    uint32_t tags = 0;
    for (unsigned i = 0; i < 8; i++)
        tags |= (x->ftw & 1u << i) ? 0 : 3u << 2 * i;
    const uint32_t words[8] = {x->fcw, x->fsw,           tags,  0, (uint32_t)x->fip,
                               0,      (uint32_t)x->fdp, x->fop};
    memcpy(regs->fpu, words, sizeof words);
    memcpy(regs->xmm, x->xmm, sizeof regs->xmm);
    regs->mxcsr = x->mxcsr;
}

void gdb_fpu_set(struct gdb_fxsave *x, const struct gdb_regs *regs)
{
    for (unsigned i = 0; i < 8; i++)
        memcpy(x->st[i], regs->st[i], sizeof regs->st[i]);
    x->fcw = (uint16_t)regs->fpu[0];
    x->fsw = (uint16_t)regs->fpu[1];
    x->ftw = 0;
    for (unsigned i = 0; i < 8; i++)
        x->ftw |= (uint8_t)((regs->fpu[2] >> 2 * i & 3) != 3) << i;
    memcpy(x->xmm, regs->xmm, sizeof x->xmm);
    x->mxcsr = regs->mxcsr;
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
