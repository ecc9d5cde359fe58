// SPDX-License-Identifier: BSD-2-Clause
// KVM's own figures of a VM for --trace=exit (host/family/trace.c), from its binary statistics
// (Linux: Documentation/virt/kvm/api.rst, KVM_GET_STATS_FD). Guest page faults are what a young
// clone spends its time on, and most of them never reach us.

#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host/kvm/kvm.h"

// Which of KVM's figures are worth a word, and the word.
static const struct {
    const char *kvm, *ours;
} wanted[] = {
    {"exits", "vm-exits"},
    {"pf_taken", "faults"},
    {"pf_guest", "guest-faults"},
    {"insn_emulation", "emulated"},
};

static void add_stat(struct trace_line *line, int fd, const struct kvm_stats_header *header,
                     const struct kvm_stats_desc *desc)
{
    uint64_t value;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (!strncmp(desc->name, wanted[i].kvm, header->name_size) &&
            pread(fd, &value, sizeof value, header->data_offset + desc->offset) == sizeof value)
            trace_add(line, wanted[i].ours, value);
}

// A host without binary statistics (KVM before 5.14) has nothing to add: no error.
void kvm_count(const struct member *m, struct trace_line *line)
{
    struct kvm_stats_header header;
    const int vcpu_fd = ((const struct monitor *)m)->vm.vcpu_fd;
    int fd = ioctl(vcpu_fd, KVM_GET_STATS_FD, 0);
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
