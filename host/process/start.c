// SPDX-License-Identifier: BSD-2-Clause
// The first member: from a child of the supervisor to a picoprocess.
//
// Here, with a C library, everything is put in its place; the stub then drops what is left of this
// program, confines itself and starts the guest (stub_first()). Later members are clones.

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/process/process.h"
#include "host/process/stub_blob.h"
#include "host/virtio/devices.h"

#define PAGE        4096u
#define SA_RESTORER 0x04000000

_Noreturn static void cannot_start(const char *what, int error)
{
    family_say("cannot make a picoprocess: %s: %s", what, strerror(error));
    _exit(STUB_DIED + SIGKILL);
}

void process_refused(int error)
{
    // Of all filters that a process has, one may have a listener.
    if (error == EBUSY)
        family_say("seccomp: this program's system calls have a listener already, as in some "
                   "containers, and picoprocesses need one");
    else
        family_say("seccomp: the filter is refused: %s", strerror(error));
}

static void *place_at(uint64_t at, uint64_t len, int rights, int flags, int fd, const char *what)
{
    void *p = mmap((void *)at, len, rights, flags | MAP_FIXED_NOREPLACE, fd, 0);
    if (p != (void *)at)
        cannot_start(what, errno);
    return p;
}

static void *place_private(uint64_t at, uint64_t len, const char *what)
{
    return place_at(at, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, what);
}

// --- code ---

static void place_code(void)
{
    // PV_CALL_VA: movabs $stub_call, %rax; jmp *%rax
    uint8_t gate[12] = {0x48, 0xb8, [10] = 0xff, [11] = 0xe0};
    const uint64_t call = stub_address(STUB_CALL);
    memcpy(gate + 2, &call, sizeof call);
    void *page = place_private(PV_CALL_VA, PAGE, "call page");
    memcpy(page, gate, sizeof gate);
    void *text = place_private(STUB_TEXT_VA, STUB_TEXT_SIZE, "stub");
    memcpy(text, stub_blob, stub_blob_size());
    if (mprotect(page, PAGE, PROT_READ | PROT_EXEC) < 0 ||
        mprotect(text, STUB_TEXT_SIZE, PROT_READ | PROT_EXEC) < 0)
        cannot_start("stub", errno);
}

// --- signals ---

struct kernel_sigaction {
    void *handler;
    unsigned long flags;
    void *restorer;
    uint64_t mask;
};

static void handle(int sig, void *handler, unsigned long flags, uint64_t mask)
{
    const struct kernel_sigaction act = {handler, flags | SA_RESTORER,
                                         (void *)stub_address(STUB_RESTORER), mask};
    if (syscall(SYS_rt_sigaction, sig, &act, NULL, sizeof mask) < 0)
        cannot_start("signals", errno);
}

// No handler of the host's program is left: the supervisor has none, and exec resets them.
static void first_signals(void)
{
    static const int exceptions[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    static const int events[] = {SIGALRM,       STUB_SIG_KICK, STUB_SIG_DEATH, STUB_SIG_TTY,
                                 STUB_SIG_KILL, STUB_SIG_END,  STUB_SIG_WAKE};
    const stack_t stack = {.ss_sp = (void *)STUB_SIGNAL_VA,
                           .ss_size = STUB_SIGNAL_END - STUB_SIGNAL_VA};
    uint64_t all_events = 0;
    for (unsigned i = 0; i < sizeof events / sizeof events[0]; i++)
        all_events |= UINT64_C(1) << (events[i] - 1);
    for (unsigned i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++)
        handle(exceptions[i], (void *)stub_address(STUB_ON_EXCEPTION),
               SA_SIGINFO | SA_ONSTACK | SA_NODEFER, all_events);
    for (unsigned i = 0; i < sizeof events / sizeof events[0]; i++)
        handle(events[i], (void *)stub_address(STUB_ON_EVENT), SA_SIGINFO | SA_ONSTACK, all_events);
    handle(SIGPIPE, SIG_IGN, 0, 0); // CONSOLE has errors for these two
    handle(SIGXFSZ, SIG_IGN, 0, 0);
    if (sigaltstack(&stack, NULL) < 0)
        cannot_start("signal stack", errno);
}

// --- what the guest is told ---

static void first_boot_info(const struct family *f, struct pv_boot_info *b, uint32_t slot)
{
    *b = (struct pv_boot_info){
        .abi_version = PV_ABI_VERSION,
        .size = sizeof *b,
        .slot = slot,
        .first = 1,
        .ram_start = PV_RAM_VA,
        .ram_end = f->opt->mem,
        .window_size = f->window_size,
        .image_size = f->image->size,
        .tsc_base = f->tsc_base,
        .tsc_mult = process_of(f)->hello->tsc_mult,
        .mono_base_ns = f->mono_base_ns,
        .wall_base_ns = f->wall_base_ns,
        .cpus = f->cpus,
        .spin = f->spin,
        .flags = family_boot_flags(f) |
                 ((process_of(f)->stub_flags & STUB_FSGSBASE) ? 0 : PV_BOOT_SET_TP) |
                 ((process_of(f)->stub_flags & STUB_AVX) ? PV_BOOT_XSAVE : 0),
    };
    memcpy(b->stdio, f->stdio, sizeof b->stdio);
    devices_describe(f, b);
    strcpy(b->hostname, "ramet");
}

// Of the program that goes on, all there is of it but RAM.
static void resume_pages(const struct family *f, struct stub_state *state)
{
    struct stub_step *steps = place_private(STUB_STEPS_VA, STUB_STEPS_MAX * sizeof *steps, "steps");
    const int n = resume_plan(f, steps, STUB_STEPS_MAX);
    int r = n < 0 ? n
                  : resume_platform(f, (struct pv_shared *)PV_SHARED_VA,
                                    (struct pv_boot_info *)PV_BOOT_INFO_VA);
    if (r < 0)
        cannot_start("template", -r);
    state->nsteps = (uint32_t)n;
    resume_state(f, state);
}

static void place_arguments(uint64_t at, const struct load_args *args)
{
    if (at == STUB_SCRATCH_VA)
        place_private(STUB_SCRATCH_VA, PV_ARG_MAX, "scratch");
    memcpy((void *)at, args->strings, args->len);
}

static void fill_state(const struct family *f, uint32_t slot, uint32_t program,
                       const struct load_args *args)
{
    struct stub_state *state = (struct stub_state *)STUB_DATA_VA;
    *state = (struct stub_state){
        .slot = slot,
        .max_slots = f->opt->max_procs,
        .image_fd = f->image->fd,
        .text_fd = process_of(f)->text_fd,
        .supervisor = f->supervisor,
        .flags = process_of(f)->stub_flags,
        .ndisks = f->ndisks,
        .start = {.program = program,
                  .argc = args->argc,
                  .envc = args->envc,
                  .strings = stub_strings_va(args->len),
                  .strings_len = args->len},
    };
    memcpy(state->nowait, f->stdio_nowait, sizeof state->nowait);
    memcpy(state->disks, f->disks, sizeof state->disks);
    if (f->template)
        resume_pages(f, state);
    else
        place_arguments(state->start.strings, args);
}

// What the supervisor reads a member by that it saves: once confined, a member is open to nobody,
// but for who has opened these before. The table of descriptors is the supervisor's, too.
static void open_own_files(const struct family *f, struct stub_hello *hello)
{
    hello->memory = hello->pagemap = hello->maps = -1;
    if (!f->opt->until && !f->rehearsal)
        return;
    if (f->rehearsal)
        prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); // one page that is touched is one page, not 512
    hello->memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    hello->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    hello->maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (hello->memory < 0 || hello->pagemap < 0 || hello->maps < 0)
        cannot_start("/proc/self", errno);
}

// What the stub needs once. The page of the hello is one that the supervisor has as well.
static void place_once(const struct family *f)
{
    if (mremap(process_of(f)->hello, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
               (void *)STUB_HELLO_VA) == MAP_FAILED)
        cannot_start("first page", errno);
    struct sock_fprog *filter = place_private(STUB_FILTER_VA, STUB_FILTER_SIZE, "filter");
    struct sock_filter *code = (struct sock_filter *)(filter + 1);
    int n = process_filter(f, code, (STUB_FILTER_SIZE - sizeof *filter) / sizeof *code);
    if (n < 0)
        cannot_start("filter", -n);
    *filter = (struct sock_fprog){.len = (unsigned short)n, .filter = code};
}

// What the C library has registered with the kernel lies in memory that goes.
static void let_go_of_library(void)
{
    syscall(SYS_set_robust_list, NULL, 24);
    if (__rseq_size)
        syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset, 32, 1, RSEQ_SIG);
    syscall(SYS_set_tid_address, NULL);
}

void process_start(struct family *f, uint32_t slot, uint32_t program, const struct load_args *args)
{
    const char *what;
    int r;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != f->supervisor)
        _exit(STUB_DIED + SIGKILL);
    place_code();
    process_of(f)->hello->tsc_mult = process_tsc_mult(process_of(f));
    debug_admit(f);
    place_private(PV_SHARED_VA, PAGE, "shared page");
    first_boot_info(f, place_private(PV_BOOT_INFO_VA, PAGE, "boot_info"), slot);
    if (f->ndisks)
        place_private(PV_DMA_VA, PV_DMA_SIZE, "memory for devices");
    place_private(STUB_STACK_VA, STUB_STACK_SIZE, "stub's stack");
    place_private(STUB_SIGNAL_VA, STUB_SIGNAL_END - STUB_SIGNAL_VA, "signal stack");
    place_at(PV_IMAGE_VA, f->image->size, PROT_READ, MAP_PRIVATE, f->image->fd, "image");
    place_at(PV_WINDOW_VA, f->window_size, PROT_READ | PROT_WRITE, MAP_SHARED, f->window_fd,
             "window");
    fill_state(f, slot, program, args);
    open_own_files(f, process_of(f)->hello);
    place_once(f);
    first_signals();
    if ((r = process_drop_rights(f, &what)) < 0)
        cannot_start(what, -r);
    let_go_of_library();
    ((void (*)(void))stub_address(STUB_BEGIN))();
    abort(); // it does not return
}
