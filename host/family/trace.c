// SPDX-License-Identifier: BSD-2-Clause
// --trace=exit: what a VM's life cost, in one line when it ends.
//
// Exits to user space are what Ramet is designed to do without, and guest page faults are what a
// young clone spends its time on, so both are counted: ours by kind (monitor.c, call.c,
// kvm/upcall.c), KVM's own from its binary statistics (Linux: Documentation/virt/kvm/api.rst,
// KVM_GET_STATS_FD), which know of the faults that never reach us. bench/run divides these lines by
// the operations done.

#include <inttypes.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host/kvm/monitor.h"

#define LINE_MAX 240 // family_trace() cuts at 256, its prefix included

struct line {
    char text[LINE_MAX];
    size_t len;
};

static void __attribute__((format(printf, 2, 3))) add(struct line *line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line->text + line->len, sizeof line->text - line->len, format, args);
    va_end(args);
    if (n > 0 && (size_t)n < sizeof line->text - line->len)
        line->len += (size_t)n;
    else
        line->text[line->len] = 0; // what does not fit is left out whole
}

// Which of KVM's figures are worth a word, and the word.
static const struct {
    const char *kvm, *ours;
} wanted[] = {
    {"exits", "vm-exits"},
    {"pf_taken", "faults"},
    {"pf_guest", "guest-faults"},
    {"insn_emulation", "emulated"},
};

static void add_stat(struct line *line, int fd, const struct kvm_stats_header *header,
                     const struct kvm_stats_desc *desc)
{
    uint64_t value;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (!strncmp(desc->name, wanted[i].kvm, header->name_size) &&
            pread(fd, &value, sizeof value, header->data_offset + desc->offset) == sizeof value)
            add(line, " %s=%" PRIu64, wanted[i].ours, value);
}

// A host without binary statistics (KVM before 5.14), or without KVM, has nothing to add: no error.
static void add_kvm_stats(struct line *line, int vcpu_fd)
{
    struct kvm_stats_header header;
    int fd = vcpu_fd < 0 ? -1 : ioctl(vcpu_fd, KVM_GET_STATS_FD, 0);
    if (fd < 0)
        return;
    if (pread(fd, &header, sizeof header, 0) == sizeof header) {
        size_t size = sizeof(struct kvm_stats_desc) + header.name_size;
        struct kvm_stats_desc *desc = malloc(size);
        for (uint32_t i = 0; desc && i < header.num_desc; i++)
            if (pread(fd, desc, size, (off_t)(header.desc_offset + i * size)) == (ssize_t)size)
                add_stat(line, fd, &header, desc);
        free(desc);
    }
    close(fd);
}

void trace_end(struct monitor *m)
{
    struct line line = {.len = 0};
    if (!(m->family->opt->trace & TRACE_EXIT))
        return;
    for (uint32_t nr = 1; nr < PV_CALL_NR_END; nr++)
        if (m->calls[nr])
            add(&line, " %s=%" PRIu64, call_names[nr], m->calls[nr]);
    add(&line, " exceptions=%" PRIu64 " events=%" PRIu64, m->exceptions, m->interrupts);
    if (m->accesses)
        add(&line, " devices=%" PRIu64, m->accesses);
    add_kvm_stats(&line, m->vm.vcpu_fd);
    family_trace(m->family, TRACE_EXIT, "%u exits:%s", m->slot, line.text);
}
