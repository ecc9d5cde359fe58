// SPDX-License-Identifier: BSD-2-Clause
// Warming a VM up. See warm.h.

#include "host/warm.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "host/platform.h"

// The registers that hold the addresses: one each, by their number in an instruction (SDM vol. 2A,
// 2.1.5). RSP is the stack's, and R12 needs a longer encoding.
static const uint8_t write_reg[WARM_WRITES] = {0, 3, 1, 2, 6, 5, 8, 9, 10, 11};
static const uint8_t read_reg[WARM_READS] = {7, 13, 14, 15};

// Opcode with an 8-bit displacement and an 8-bit operand, both 0.
static unsigned emit(uint8_t *code, uint8_t opcode, uint8_t extension, uint8_t reg)
{
    unsigned n = 0;
    if (reg >= 8)
        code[n++] = 0x41; // REX.B
    code[n++] = opcode;
    code[n++] = (uint8_t)(0x40 | extension << 3 | (reg & 7)); // ModRM: register + displacement
    code[n++] = 0;
    code[n++] = 0;
    return n;
}

void warm_code(uint8_t code[WARM_CODE_MAX])
{
    unsigned n = 0;
    for (unsigned i = 0; i < WARM_WRITES; i++) {
        code[n++] = 0xf0;                           // LOCK: others may share this memory
        n += emit(code + n, 0x83, 1, write_reg[i]); // OR $0, (register), 32 bits
    }
    for (unsigned i = 0; i < WARM_READS; i++)
        n += emit(code + n, 0x80, 7, read_reg[i]); // CMP $0, (register), 8 bits
    code[n++] = 0xe7;                              // OUT %eax, $port
    code[n++] = PLATFORM_PORT_WARM;
}

static void set_reg(struct kvm_regs *r, uint8_t number, uint64_t value)
{
    __u64 *const at[16] = {&r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp, &r->rsi, &r->rdi,
                           &r->r8,  &r->r9,  &r->r10, &r->r11, &r->r12, &r->r13, &r->r14, &r->r15};
    *at[number] = value;
}

int warm_run(struct vm *vm, const struct warm *w)
{
    struct kvm_regs *r = vm_regs(vm);
    for (unsigned i = 0; i < WARM_WRITES; i++)
        set_reg(r, write_reg[i], i < w->nwrite ? w->write[i] : PV_SHARED_VA);
    for (unsigned i = 0; i < WARM_READS; i++)
        set_reg(r, read_reg[i], i < w->nread ? w->read[i] : PV_CALL_VA);
    r->rip = PLATFORM_WARM_VA;
    vm_regs_changed(vm);
    if (ioctl(vm->vcpu_fd, KVM_RUN, 0) < 0)
        return -errno;
    const struct kvm_run *run = vm->run;
    int through = run->exit_reason == KVM_EXIT_IO && run->io.direction == KVM_EXIT_IO_OUT &&
                  run->io.port == PLATFORM_PORT_WARM;
    return through ? 0 : -EIO;
}
