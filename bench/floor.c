// SPDX-License-Identifier: BSD-2-Clause
// The floor under fork: what the host alone takes to clone a VM, with nothing of Ramet in it.
//
// A process that touched N MB of private memory calls fork(2); the child makes a KVM VM with one
// vCPU and one memory slot over its copy of that memory, sets the registers and runs to the first
// exit of ring-3 code. No monitor can do with less, so bench/run prints Ramet's fork beside these
// figures. The KVM code is this file's own on purpose: a slow step that crept into host/kvm/vm.c
// would slow down a floor that shared it. The parent has no VM of its own, which makes the floor
// lower still: a real parent's VM also loses its write access to every page.

#include <linux/kvm.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "bench/stats.h"

#define MB       (UINT64_C(1) << 20)
#define PAGE     4096u
#define SAMPLES  60
#define WARM_UPS 3

// Guest-physical layout, inside the first 2 MB; the memory that is touched follows.
#define PML4_GPA UINT64_C(0x1000)
#define PDPT_GPA UINT64_C(0x2000)
#define PD_GPA   UINT64_C(0x3000)
#define CODE_GPA UINT64_C(0x4000)
#define BASE     (2 * MB)

// Page-table bits: present, writable, user, accessed, dirty; 2 MB page (SDM vol. 3, 4.5).
#define PTE_TABLE 0x027u
#define PTE_2M    0x0e7u

// The page both sides of a sample see.
struct shared {
    uint64_t child_ns; // when the child's VM made its first exit
};

struct sample {
    double child, parent;
};

static uint64_t *table(uint8_t *ram, uint64_t gpa)
{
    return (uint64_t *)(ram + gpa);
}

// The guest: identity map of 1 GB in 2 MB pages, and two instructions.
static void prepare_guest(uint8_t *ram)
{
    static const uint8_t code[] = {
        0xe6, 0x10, // out %al, $0x10
        0x0f, 0x0b, // ud2: never reached
    };
    table(ram, PML4_GPA)[0] = PDPT_GPA | PTE_TABLE;
    table(ram, PDPT_GPA)[0] = PD_GPA | PTE_TABLE;
    for (uint64_t i = 0; i < 512; i++)
        table(ram, PD_GPA)[i] = i * 2 * MB | PTE_2M;
    memcpy(ram + CODE_GPA, code, sizeof code);
}

static struct kvm_segment segment(uint16_t selector, uint8_t type, uint8_t long_code)
{
    return (struct kvm_segment){
        .limit = 0xffffffff,
        .selector = selector,
        .type = type, // SDM vol. 3, 3.4.5.1
        .present = 1,
        .dpl = 3,
        .db = !long_code,
        .s = 1,
        .l = long_code,
        .g = 1,
    };
}

// Registers travel with KVM_RUN (KVM_CAP_SYNC_REGS): an ioctl less each.
static void set_registers(struct kvm_run *run)
{
    struct kvm_segment data = segment(0x2b, 3, 0);
    run->s.regs.sregs = (struct kvm_sregs){
        .cs = segment(0x33, 11, 1),
        .ss = data,
        .ds = data,
        .es = data,
        .fs = data,
        .gs = data,
        .tr = {.limit = 103, .selector = 0x40, .type = 11, .present = 1},
        .ldt = {.unusable = 1},
        .cr0 = 0x80010033, // PG, WP, NE, ET, MP, PE (SDM vol. 3, 2.5)
        .cr3 = PML4_GPA,
        .cr4 = 0x620,  // PAE, OSFXSR, OSXMMEXCPT
        .efer = 0x501, // LMA, LME, SCE
        .apic_base = 0xfee00900,
    };
    run->s.regs.regs = (struct kvm_regs){
        .rip = CODE_GPA,
        .rflags = 0x3202, // IOPL 3: ring 3 may use ports
    };
    run->kvm_dirty_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
}

static int checked(int result, const char *what)
{
    if (result < 0)
        die(what);
    return result;
}

// In the child of fork(2): a new VM over the copied memory, up to its first exit.
static void run_child(int kvm, size_t run_size, uint8_t *ram, uint64_t size, struct shared *shared)
{
    int vm = checked(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
    int vcpu = checked(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
    struct kvm_userspace_memory_region slot = {
        .memory_size = size,
        .userspace_addr = (uintptr_t)ram,
    };
    checked(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot), "KVM_SET_USER_MEMORY_REGION");
    struct kvm_run *run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    if (run == MAP_FAILED)
        die("mmap of the vCPU");
    set_registers(run);
    checked(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
    shared->child_ns = now_ns();
    if (run->exit_reason != KVM_EXIT_IO) {
        fprintf(stderr, "bench: the floor's guest left with exit %u, not a port write\n",
                run->exit_reason);
        _exit(1);
    }
}

static struct sample take_sample(int kvm, size_t run_size, uint8_t *ram, uint64_t size,
                                 struct shared *shared)
{
    int status;
    uint64_t start = now_ns();
    pid_t pid = fork();
    uint64_t returned = now_ns();
    if (pid == 0) {
        run_child(kvm, run_size, ram, size, shared);
        _exit(0);
    }
    checked(pid, "fork");
    if (waitpid(pid, &status, 0) != pid || status != 0)
        die("a clone failed");
    return (struct sample){
        .child = (double)(shared->child_ns - start) / NS_PER_US,
        .parent = (double)(returned - start) / NS_PER_US,
    };
}

static void measure(int kvm, size_t run_size, uint64_t mb, struct shared *shared)
{
    static double child[SAMPLES], parent[SAMPLES];
    char name[64];
    uint64_t size = BASE + mb * MB;
    uint8_t *ram = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (ram == MAP_FAILED)
        die("mmap");
    prepare_guest(ram);
    for (uint64_t at = BASE; at < size; at += PAGE)
        ram[at] = 1;
    for (int i = -WARM_UPS; i < SAMPLES; i++) {
        struct sample s = take_sample(kvm, run_size, ram, size, shared);
        if (i < 0)
            continue;
        child[i] = s.child;
        parent[i] = s.parent;
    }
    snprintf(name, sizeof name, "fork_child_%dmb", (int)mb);
    report_us(name, child, SAMPLES);
    snprintf(name, sizeof name, "fork_return_%dmb", (int)mb);
    report_us(name, parent, SAMPLES);
    munmap(ram, size);
}

// usage: floor MB...
int main(int argc, char **argv)
{
    int kvm = checked(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
    int run_size = checked(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
    struct shared *shared =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        die("mmap");
    for (int i = 1; i < argc; i++)
        measure(kvm, (size_t)run_size, strtoul(argv[i], NULL, 10), shared);
    return 0;
}
