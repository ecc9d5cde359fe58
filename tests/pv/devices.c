// SPDX-License-Identifier: BSD-2-Clause
// Registers of devices, where they are memory: by each form of MOV that a compiler makes of an
// access to volatile memory, with every addressing mode. What they hold is virtio's; here it counts
// that the access reaches the device, and changes what such an instruction changes.

#include "abi/virtio.h"
#include "tests/pv/pv.h"

// What CODE leaves in RAX, which was all ones: RDI is the place, RSI 80h above it, RDX 1000h below.
#define LOADED(at, code)                                                                           \
    ({                                                                                             \
        uint64_t rax_ = UINT64_MAX, rdi_ = (at);                                                   \
        __asm__ volatile(code                                                                      \
                         : "+a"(rax_), "+D"(rdi_)                                                  \
                         : "S"((at) + 0x80), "d"((at)-0x1000)                                      \
                         : "rcx", "r8", "r9", "r12", "r13", "r15", "memory");                      \
        rax_;                                                                                      \
    })

#define STORE(at, value, code)                                                                     \
    __asm__ volatile(code : : "D"(at), "a"(value) : "rcx", "r9", "r12", "memory")

static void loads(uint64_t at, uint32_t wanted)
{
    WANT_EQ(LOADED(at, "mov (%%rdi), %%eax"), wanted);
    WANT_EQ(LOADED(at, "mov -0x80(%%rsi), %%eax"), wanted);
    WANT_EQ(LOADED(at, "mov 0x1000(%%rdx), %%eax"), wanted);
    WANT_EQ(LOADED(at, "mov $8, %%ecx\n\tmov -32(%%rdi,%%rcx,4), %%eax"), wanted);
    WANT_EQ(LOADED(at, "mov (,%%rdi,1), %%eax"), wanted);
    WANT_EQ(LOADED(at, "mov %%rdi, %%r12\n\tmov (%%r12), %%r9d\n\tmov %%r9, %%rax"), wanted);
    WANT_EQ(LOADED(at, "mov %%rdi, %%r13\n\tmov (%%r13), %%r15d\n\tmov %%r15, %%rax"), wanted);
    WANT_EQ(LOADED(at, "mov (%%rdi), %%edi\n\tmov %%rdi, %%rax"), wanted);
}

// Status can be read back.
static void stores(uint64_t at)
{
    const uint32_t first = VIRTIO_STATUS_ACKNOWLEDGE, both = first | VIRTIO_STATUS_DRIVER;
    const uint64_t high = UINT64_MAX << 32; // not stored
    STORE(at, 0, "movl $0, (%%rdi)");
    loads(at, 0);
    STORE(at, 0, "movl $1, (%%rdi)");
    loads(at, first);
    STORE(at, both | high, "mov %%eax, (%%rdi)");
    loads(at, both);
    STORE(at, high, "mov %%rax, %%r9\n\tmov %%rdi, %%r12\n\tmov %%r9d, 0(%%r12)");
    loads(at, 0);
    STORE(at, 0, "mov $1, %%ecx\n\tmovl $3, -4(%%rdi,%%rcx,4)");
    loads(at, both);
    STORE(at, 0, "mov %%eax, (%%rdi)");
    loads(at, 0);
}

// The configuration may be read in any width (4.2.2.2).
static void widths(uint64_t at)
{
    const uint32_t word = *(volatile uint32_t *)at, last = *(volatile uint32_t *)(at + 4);
    const uint64_t ones = UINT64_MAX, whole = (uint64_t)last << 32 | word;
    WANT_EQ(LOADED(at, "mov (%%rdi), %%rax"), whole);
    WANT_EQ(LOADED(at, "mov (%%rdi), %%ax"), (ones & ~UINT64_C(0xffff)) | (word & 0xffff));
    WANT_EQ(LOADED(at, "mov (%%rdi), %%al"), (ones & ~UINT64_C(0xff)) | (word & 0xff));
    WANT_EQ(LOADED(at, "mov 1(%%rdi), %%ah"), (ones & ~UINT64_C(0xff00)) | (word & 0xff00));
    WANT_EQ(LOADED(at, "mov (%%rdi), %%dil\n\tmovzbl %%dil, %%eax"), word & 0xff);
    WANT_EQ(LOADED(at, "mov 1(%%rdi), %%r8b\n\tmovzbl %%r8b, %%eax"), word >> 8 & 0xff);
    WANT_EQ(LOADED(at, "movzbl 1(%%rdi), %%eax"), word >> 8 & 0xff);
    WANT_EQ(LOADED(at, "movzwl (%%rdi), %%eax"), word & 0xffff);
    WANT_EQ(LOADED(at, "movzwq (%%rdi), %%rax"), word & 0xffff);
    WANT_EQ(LOADED(at, "movzbw (%%rdi), %%ax"), (ones & ~UINT64_C(0xffff)) | (word & 0xff));
}

void device_checks(void)
{
    test("device registers");
    for (uint32_t i = 0; i < boot->ndevices; i++) {
        const struct pv_device *d = &boot->devices[i];
        const uint64_t at = d->regs[PV_REGS_COMMON];
        if (d->transport != PV_TRANSPORT_MMIO)
            continue;
        loads(at + VIRTIO_MMIO_MAGIC, VIRTIO_MMIO_MAGIC_VALUE);
        loads(at + VIRTIO_MMIO_DEVICE_ID, d->type);
        stores(at + VIRTIO_MMIO_STATUS);
        if (d->type == VIRTIO_ID_BLOCK)
            widths(at + VIRTIO_MMIO_CONFIG);
    }
}
