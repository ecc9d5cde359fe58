// SPDX-License-Identifier: BSD-2-Clause
// fuzz_call.c: libFuzzer over the decoder of paravirtual calls: a guest that owns its RAM and its
// half of the window makes calls with any argument struct at any address. No call may touch host
// memory outside the guest's areas, write where ring 3 may not, map anything else or anything
// writable and executable, clone into a slot it does not own, or send a message about a slot that
// is not there.
//
// Real: host/call*.c, guest.c, load.c, platform.c, family.c, image.c, elf.c. Faked here: KVM,
// what ends or clones the process, and (by the linker's --wrap) system calls that would block or
// act on the fuzzer's own descriptors. Needs no corpus; max_len 4096 is plenty. `make fuzz-call`
// builds it.
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/backend.h"
#include "host/gdb/gdb.h"
#include "host/kvm/kvm.h"
#include "host/kvm/platform.h"
#include "tests/fuzz/tables.h"
#include "tests/unit/lib/sample.h"

#define MB          (UINT64_C(1) << 20)
#define RAM_SIZE    (16 * MB)
#define WINDOW_SIZE (4 * MB)
#define SLOTS       8u
#define CALLS       16 // per input

static const struct backend backend = {.calls = ~0u,
                                       .clone = kvm_clone,
                                       .spawn = kvm_spawn,
                                       .exec = kvm_exec,
                                       .release = kvm_release,
                                       .protect = kvm_protect,
                                       .set_tp = kvm_set_tp,
                                       .notify = kvm_notify,
                                       .output = kvm_output,
                                       .leave = kvm_leave,
                                       .reuse = kvm_reuse,
                                       .dying = kvm_dying};
static struct options opt = {.mem = RAM_SIZE, .max_procs = SLOTS};
static struct image image;
static struct kvm_family kvm_family = {.fd = -1, .aid = &no_aid, .pagemap_fd = -1};
static struct family family;
static struct monitor monitor;
static struct kvm_run run;
static jmp_buf gone;     // where a call that does not return goes
static int clone_result; // what fork(2) answers next: a pid, 0 as in the child, or -1
static bool ram_gone;    // by SPAWN's child, which starts without
static uint8_t before[PLATFORM_END_VA - PLATFORM_GDT_VA];

static void require(bool promise)
{
    if (!promise)
        abort();
}

// ---- fakes of the monitor's other files ----

void member_die(struct member *m, uint32_t status, const char *why)
{
    (void)m, (void)status, (void)why;
    longjmp(gone, 1);
}

void monitor_create_vm(struct monitor *m)
{
    require(family_slot_valid(m->member.family, m->member.slot));
}

void monitor_begin(struct monitor *m)
{
    require(family_slot_valid(m->member.family, m->member.slot));
    longjmp(gone, 1);
}

void monitor_run_program(struct monitor *m, uint32_t program, const struct load_args *args)
{
    require(family_slot_valid(m->member.family, m->member.slot) && load_args_valid(args));
    const struct elf_program *elf = load_elf(&image, program, args);
    require(elf != NULL && elf->nsegs > 0);
    free(args->strings); // longjmp() leaves out its owner
    if (program == PV_PROGRAM_FILE)
        free(args->file->bytes);
    ram_gone = true;
    longjmp(gone, 1);
}

void vm_start_at(struct vm *vm, const struct kvm_regs *regs, uint64_t cr3)
{
    (void)cr3;
    if (regs->rip == PLATFORM_CALL_RETURN)
        return; // a clone goes on where its parent was, wherever that had its stack
    require(guest_ptr(&vm->mem, (struct gaddr){regs->rip}, 1, GUEST_RAM) != NULL);
    require(guest_ptr(&vm->mem, (struct gaddr){regs->rsp}, 16, GUEST_RAM) != NULL);
}

int vm_set_fpu(const struct vm *vm, uint16_t fcw, uint32_t mxcsr)
{
    (void)vm, (void)fcw, (void)mxcsr;
    return 0;
}

int vm_set_fs_base(struct vm *vm, uint64_t base)
{
    (void)vm;
    require(base < UINT64_C(1) << 47);
    return 0;
}

int vm_memory_flush(struct vm *vm)
{
    (void)vm;
    return 0;
}

// ---- system calls that must not really happen ----

long __wrap_syscall(long nr, ...);
void __wrap__exit(int status) __attribute__((noreturn));
ssize_t __wrap_preadv2(int fd, const struct iovec *iov, int n, off_t off, int flags);
ssize_t __wrap_pwritev2(int fd, const struct iovec *iov, int n, off_t off, int flags);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *t, const sigset_t *set);
ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags);

long __wrap_syscall(long nr, ...)
{
    va_list args;
    va_start(args, nr);
    const uint8_t *word = va_arg(args, const uint8_t *);
    va_end(args);
    if (nr == SYS_clone)
        return clone_result;
    // Doorbells only: nothing else is waited for or woken.
    require(nr == SYS_futex && word >= family.window);
    require(word < family.window + sizeof(struct window_header) +
                       (SLOTS + 1) * sizeof(struct window_door));
    return 0;
}

void __wrap__exit(int status)
{
    (void)status;
    longjmp(gone, 1);
}

// Every byte is touched, so that one outside the mapping is a fault.
static ssize_t move(const struct iovec *iov, bool write)
{
    volatile uint8_t *p = iov->iov_base;
    for (size_t i = 0; i < iov->iov_len; i += i + 4096 < iov->iov_len ? 4096 : 1) {
        uint8_t byte = p[i];
        if (!write)
            p[i] = byte;
    }
    return (ssize_t)iov->iov_len;
}

ssize_t __wrap_preadv2(int fd, const struct iovec *iov, int n, off_t off, int flags)
{
    (void)off, (void)flags;
    require(fd >= 0 && fd <= 2 && n == 1);
    return move(iov, false);
}

ssize_t __wrap_pwritev2(int fd, const struct iovec *iov, int n, off_t off, int flags)
{
    (void)off, (void)flags;
    require(fd >= 0 && fd <= 2 && n == 1);
    return move(iov, true);
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
    (void)timeout;
    require(n == 1);
    fds[0].revents = fds[0].events;
    return 1;
}

int __wrap_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *t, const sigset_t *set)
{
    (void)fds, (void)t, (void)set;
    require(n <= 3);
    return 0;
}

ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags)
{
    const struct family_msg *msg = buf;
    (void)fd, (void)flags;
    require(len == sizeof *msg && family_slot_valid(&family, msg->slot));
    return (ssize_t)len;
}

// ---- the family ----

// Memory between two pages that fault.
static uint8_t *guarded(uint64_t size)
{
    uint8_t *p = mmap(NULL, size + 2 * X86_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(p != MAP_FAILED && !mprotect(p + X86_PAGE, size, PROT_READ | PROT_WRITE));
    return p + X86_PAGE;
}

static void make_family(void)
{
    static struct sample_image sample;
    char err[160];
    sample_image(&sample);
    require(image_parse(&image, (const uint8_t *)&sample, sizeof sample, err, sizeof err) == 0);
    image.fd = memfd_create("image", 0);
    require(image.fd >= 0 && ftruncate(image.fd, sizeof sample) == 0);
    require(pwrite(image.fd, &sample, sizeof sample, 0) == sizeof sample);
    family = (struct family){
        .own = &kvm_family,
        .opt = &opt,
        .backend = &backend,
        .image = &image,
        .shared =
            calloc(1, sizeof(struct family_shared) + (SLOTS + 1) * sizeof(struct family_slot)),
        .window = guarded(WINDOW_SIZE),
        .window_size = WINDOW_SIZE,
        .booted = 1,
        .stdio = {PV_STDIO_STREAM, PV_STDIO_TTY, PV_STDIO_NONE},
        .stdio_nowait = {1, 0, 0},
    };
    monitor = (struct monitor){
        .member = {.family = &family, .mem = &monitor.vm.mem},
        .vm = {.mem = {.ram = guarded(RAM_SIZE),
                       .ram_size = RAM_SIZE,
                       .window = family.window,
                       .window_size = WINDOW_SIZE,
                       .image = guarded(sizeof sample),
                       .image_size = sizeof sample},
               .run = &run},
    };
    memcpy(monitor.vm.mem.image, &sample, sizeof sample);
}

// Slots 1 (ours) and 2 are taken, the rest free; RAM is that of a loaded program.
static void reset(void)
{
    struct load_args none = {.strings = (char[1]){0}};
    struct kvm_regs regs;
    monitor.member.slot = 1;
    for (uint32_t i = 1; i <= SLOTS; i++) {
        family.shared->slots[i].state = i <= 2 ? SLOT_RUNNING : SLOT_FREE;
        family.shared->slots[i].events = PV_EVENT_KICK; // no wait is a long one
    }
    require(load_program(&monitor.vm, &family, 1, 0, &none, &regs) == 0);
    memcpy(before, monitor.vm.mem.ram + PLATFORM_GDT_VA, sizeof before);
}

// ---- inputs ----

struct input {
    const uint8_t *data;
    size_t left;
};

static void take(struct input *in, void *to, size_t len)
{
    size_t n = len < in->left ? len : in->left;
    memset(to, 0, len);
    memcpy(to, in->data, n);
    in->data += n;
    in->left -= n;
}

// Numbers at which something begins or ends; a random 64-bit value would hardly ever be one.
static uint64_t edge(struct input *in)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     16,
                                     4096,
                                     PV_CALL_VA,
                                     PV_SHARED_VA,
                                     PV_BOOT_INFO_VA,
                                     PLATFORM_IDT_VA,
                                     PV_RAM_VA,
                                     8 * MB,
                                     RAM_SIZE,
                                     PV_IMAGE_VA,
                                     PV_IMAGE_VA + sizeof(struct sample_image),
                                     PV_IMAGE_VA + offsetof(struct sample_image, elf),
                                     sizeof(struct sample_elf),
                                     PV_WINDOW_VA,
                                     PV_WINDOW_VA + WINDOW_SIZE,
                                     WINDOW_SIZE,
                                     PV_ARG_MAX,
                                     UINT32_MAX,
                                     UINT64_MAX,
                                     1 * MB};
    uint8_t which;
    int8_t delta;
    take(in, &which, sizeof which);
    take(in, &delta, sizeof delta);
    return edges[which % (sizeof edges / sizeof edges[0])] + (uint64_t)(int64_t)(delta / 12);
}

// Two 32-bit fields, small as slots and counts are.
static uint64_t halves(struct input *in)
{
    int8_t half[2];
    take(in, half, sizeof half);
    return (uint32_t)half[0] | (uint64_t)(uint32_t)half[1] << 32;
}

// Memory the arguments may point to: ranges for FORK, strings for EXEC.
static void scatter(struct input *in)
{
    uint64_t range[2 * PV_MAX_HOT];
    for (unsigned i = 0; i < 2 * PV_MAX_HOT; i++)
        range[i] = edge(in);
    memcpy(monitor.vm.mem.ram + PV_RAM_VA + MB + 64 * 1024, range, sizeof range);
    take(in, monitor.vm.mem.ram + PV_RAM_VA + MB + 68 * 1024, 64);
}

static void one_call(struct input *in)
{
    uint64_t words[9] = {0};
    uint8_t shape[4];
    take(in, shape, sizeof shape);
    words[0] = shape[0] % (PV_CALL_NR_END + 1);
    for (unsigned i = 2; i < 9; i++)
        words[i] = shape[1] & 1u << i % 8 ? edge(in) : halves(in);
    static const int answers[] = {0, -1, 1000};
    clone_result = answers[shape[3] % 3];
    struct gaddr at = {shape[3] & 128 ? edge(in) : PV_RAM_VA + MB};
    uint8_t *p = guest_ptr(&monitor.vm.mem, at, sizeof words, GUEST_RAM | GUEST_WINDOW);
    if (p)
        memcpy(p, words, sizeof words);
    run.s.regs.regs.rdi = at.v;
    uint8_t *data = monitor.vm.mem.ram + image_program(&image, 0)->segs[2].vaddr;
    *data = 0xaa;
    if (setjmp(gone) == 0)
        call_dispatch(&monitor.member, at);
    if (ram_gone) {
        ram_gone = false;
        reset();
        return;
    }
    // What was written to a program's data must survive a RELEASE of anything.
    require(words[0] != PV_CALL_RELEASE || *data == 0xaa ||
            (p && p <= data && data < p + sizeof words));
    if (words[0] == PV_CALL_PROTECT)
        require(tables_sound(&monitor.vm));
    // EXEC lays the platform out anew, with the same stubs and tables.
    require(!memcmp(before, monitor.vm.mem.ram + PLATFORM_GDT_VA, sizeof before));
    monitor.member.slot = 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    if (!family.window)
        make_family();
    reset();
    scatter(&in);
    for (unsigned i = 0; i < CALLS && in.left; i++)
        one_call(&in);
    return 0;
}
