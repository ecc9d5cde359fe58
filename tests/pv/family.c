// SPDX-License-Identifier: BSD-2-Clause
// Other VMs: FORK, SPAWN, doorbells, KICK. A child prints nothing; it notes in the window what it
// found, and its parent says so. Without a companion each call must say that it is not there, and
// the lines are the same.

#include "tests/pv/pv.h"

#define LATE  (5000 * MS)
#define CHILD 2u

// Bits of notes()->held.
enum {
    SLOT = 1,
    SEED = 2,
    MEMORY = 4,
    REGISTERS = 8,
    STATE = 16,
    TIMER = 32,
    MASK = 64,
    CLOCK = 128,
    FROM_FILE = 256,
    PROGRAM = 512
};

static volatile uint32_t in_data = 1;
static uint64_t tls[1];
static struct pv_fork fork_args;

int alone(int64_t result)
{
    if (have_companion())
        return 0;
    WANT_EQ(result, -ENOSYS);
    return 1;
}

// Sleeps `step` at a time.
static int wait_in_steps(const volatile uint32_t *word, uint32_t value, uint64_t ns, uint64_t step)
{
    uint64_t end = now() + ns;
    for (;;) {
        uint32_t bell = door(boot->slot)->bell;
        if (*word == value)
            return 1;
        if (now() > end)
            return 0;
        wait_for(bell, now() + step, 0);
        collect();
    }
}

int wait_word(const volatile uint32_t *word, uint32_t value, uint64_t ns)
{
    return wait_in_steps(word, value, ns, 20 * MS);
}

void leave(uint32_t done)
{
    struct pv_exit e = {.call.nr = PV_CALL_EXIT};
    e.publish.offset = (uintptr_t)&notes()->done - PV_WINDOW_VA;
    e.publish.value = done;
    e.publish.kick_slot = 1;
    for (;;)
        call(&e);
}

// A slot's last VM may still be being torn down.
static int64_t retry(void *args)
{
    uint64_t end = now() + LATE;
    int64_t r;
    while ((r = call(args)) == -EBUSY && now() < end)
        wait_for(door(boot->slot)->bell, now() + 5 * MS, 0);
    return r;
}

int64_t fork_into(uint32_t slot)
{
    struct pv_fork f = {.call.nr = PV_CALL_FORK, .slot = slot};
    notes()->held = notes()->done = 0;
    return retry(&f);
}

// ---- FORK ----

static void child(const uint32_t *on_stack)
{
    uint32_t held = 0, mxcsr;
    uint16_t fcw;
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(fcw));
    held |= boot->slot == CHILD ? SLOT : 0;
    held |= memcmp((const void *)notes()->seed, boot->seed, sizeof boot->seed) ? SEED : 0;
    int registers = regs_rsp == 0;
    for (unsigned i = 0; i < 15; i++)
        registers &= i == RAX || i == RCX || i == R11 || regs_out.gpr[i] == regs_in.gpr[i];
    held |= registers ? REGISTERS : 0;
    held |= shared->masked == 1 && shared->upcall_entry ? MASK : 0;
    held |= mxcsr == 0x1f80 && fcw == 0x37f && bases_are_zero() ? STATE : 0;
    shared->masked = 1;
    held |= now() >= notes()->time ? CLOCK : 0;
    notes()->time = now();
    // Both sides write; the parent does when it sees flag[0].
    int memory = in_data == 7 && *on_stack == 8 && *(uint8_t *)boot->heap_start == 9;
    in_data = 70;
    notes()->flag[0] = 1;
    memory &= wait_word(&notes()->flag[1], 1, LATE);
    memory &= in_data == 70 && *on_stack == 8 && *(uint8_t *)boot->heap_start == 9;
    held |= memory ? MEMORY : 0;
    spin(150 * MS);
    held |= (shared->pending & PV_EVENT_TIMER) || (upcall_events & PV_EVENT_TIMER) ? 0 : TIMER;
    notes()->held = held;
    leave(1);
}

// Everything that FORK promises is set up here, and looked at by child() and fork_lines().
static int64_t fork_once(volatile uint32_t *on_stack)
{
    uint32_t mxcsr = 0x1fa0; // a flag that nothing raises
    fork_args = (struct pv_fork){.call.nr = PV_CALL_FORK, .slot = CHILD};
    static struct pv_range hot[3];
    hot[0] = (struct pv_range){(uintptr_t)&in_data, 8};
    hot[1] = (struct pv_range){boot->heap_start, X86_PAGE};
    hot[2] = (struct pv_range){UINT64_MAX - 4, 99}; // advice that cannot be followed
    fork_args.hot = (uintptr_t)hot;
    fork_args.nhot = 3;
    for (unsigned i = 0; i < sizeof regs_in; i++)
        ((uint8_t *)&regs_in)[i] = (uint8_t)(i * 5 + 9);
    regs_in.gpr[RAX] = PV_CALL_VA;
    regs_in.gpr[RDI] = (uintptr_t)&fork_args;
    for (unsigned i = 0; i < sizeof boot->seed; i++)
        notes()->seed[i] = boot->seed[i];
    notes()->held = notes()->done = notes()->flag[0] = notes()->flag[1] = 0;
    in_data = 7, *on_stack = 8, *(uint8_t *)boot->heap_start = 9;
    shared->masked = 1;
    upcall_events = 0;
    notes()->time = now();
    set_timer(now() + 100 * MS);
    tls[0] = (uintptr_t)tls;
    set_tp((uintptr_t)tls);
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
    regs_over_call();
    return fork_args.call.ret;
}

static void fork_lines(int64_t r, uint64_t begin, const volatile uint32_t *on_stack)
{
    const uint32_t held = notes()->held;
    const struct {
        const char *name;
        uint32_t bits;
    } lines[] = {{"fork gives slot and seed", SLOT | SEED},
                 {"fork clones memory", MEMORY},
                 {"fork keeps the child's registers", REGISTERS},
                 {"fork resets the child's x87, SSE, FS and GS", STATE},
                 {"fork turns the child's timer off", TIMER},
                 {"fork keeps upcall settings", MASK},
                 {"fork keeps one clock", CLOCK}};
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        test(lines[i].name);
        if (alone(r))
            continue;
        WANT_EQ(held & lines[i].bits, lines[i].bits);
    }
    test("fork leaves the parent alone");
    if (!alone(r)) {
        WANT(in_data == 700 && *on_stack == 800);
        WANT(notes()->time >= begin && notes()->time <= now());
    }
}

static void forks(void)
{
    volatile uint32_t on_stack = 0;
    uint64_t begin = now();
    uint32_t mxcsr, normal = 0x1f80;

    test("fork");
    int64_t r = fork_once(&on_stack);
    if (r == 1)
        child((const uint32_t *)&on_stack);
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    __asm__ volatile("ldmxcsr %0" : : "m"(normal));
    WANT_EQ(mxcsr, 0x1fa0);
    WANT_EQ(load_fs(), (uintptr_t)tls);
    set_tp(0);
    WANT(!memcmp(regs_in.xmm, regs_out.xmm, sizeof regs_in.xmm));
    if (!alone(r)) {
        WANT_EQ(r, 0);
        WANT(wait_word(&notes()->flag[0], 1, LATE));
        in_data = 700, on_stack = 800, *(uint8_t *)boot->heap_start = 90;
        notes()->flag[1] = 1;
        WANT(wait_word(&notes()->done, 1, LATE));
    }
    // The parent's own timer is still on.
    for (uint64_t end = now() + LATE; now() < end && !(collect() & PV_EVENT_TIMER);)
        ;
    WANT_EQ(upcall_events & PV_EVENT_TIMER, PV_EVENT_TIMER);
    shared->masked = 0;
    fork_lines(r, begin, &on_stack);
}

static void fork_errors(void)
{
    const int none = have_companion() ? -EINVAL : -ENOSYS;
    const uint32_t wrong[] = {0, window->max_slots + 1, INT32_MAX, UINT32_MAX};
    struct pv_fork f = {.call.nr = PV_CALL_FORK};
    test("fork errors");
    for (unsigned i = 0; i < 4; i++) {
        f.slot = wrong[i];
        WANT_EQ(call(&f), none);
    }
    f = (struct pv_fork){.call.nr = PV_CALL_FORK, .slot = CHILD, .nhot = PV_MAX_HOT + 1};
    WANT_EQ(call(&f), none);
    f.nhot = 1;
    f.hot = UINT64_MAX - 8;
    WANT_EQ(call(&f), have_companion() ? -EFAULT : -ENOSYS);
    f = (struct pv_fork){.call.nr = PV_CALL_FORK, .slot = boot->slot};
    WANT_EQ(call(&f), have_companion() ? -EBUSY : -ENOSYS);
}

// ---- SPAWN ----

static const char spawn_strings[] = "pv\0spawned\0ENV=1";

void spawned(void)
{
    char **argv = (char **)boot->argv, **envp = (char **)boot->envp;
    uint32_t held = boot->slot == CHILD && boot->first == 0 ? SLOT : 0;
    held |= in_data == 1 && shared->upcall_entry == 0 && !*(uint8_t *)boot->heap_start ? MEMORY : 0;
    held |= boot->argc == 2 && same(argv[1], "spawned") && same(envp[0], "ENV=1") && !envp[1]
                ? REGISTERS
                : 0;
    held |= memcmp((const void *)notes()->seed, boot->seed, sizeof boot->seed) ? SEED : 0;
    held |= is_from_file() ? FROM_FILE : 0;
    held |= (boot->program == PV_PROGRAM_FILE) == is_from_file() ? PROGRAM : 0;
    notes()->held = held;
    leave(2);
}

static void spawns(void)
{
    struct pv_exec e = {.call.nr = PV_CALL_SPAWN,
                        .program = ((const struct image_header *)PV_IMAGE_VA)->entry_program,
                        .slot = CHILD,
                        .argc = 2,
                        .envc = 1,
                        .strings = (uintptr_t)spawn_strings,
                        .len = sizeof spawn_strings};
    test("spawn");
    notes()->held = notes()->done = 0;
    int64_t r = retry(&e);
    if (!alone(r)) {
        WANT_EQ(r, 0);
        WANT(wait_word(&notes()->done, 2, LATE));
        WANT_EQ(notes()->held, SLOT | MEMORY | REGISTERS | SEED | PROGRAM);
    }

    test("spawn of a file");
    struct pv_exec file = as_file();
    file.call.nr = PV_CALL_SPAWN;
    file.slot = CHILD;
    file.argc = e.argc, file.envc = e.envc, file.strings = e.strings, file.len = e.len;
    notes()->held = notes()->done = 0;
    r = retry(&file);
    if (!alone(r)) {
        WANT_EQ(r, 0);
        WANT(wait_word(&notes()->done, 2, LATE));
        WANT_EQ(notes()->held, SLOT | MEMORY | REGISTERS | SEED | PROGRAM | FROM_FILE);
    }

    test("spawn errors");
    struct pv_exec wrong = e;
    wrong.slot = window->max_slots + 1;
    WANT_EQ(call(&wrong), have_companion() ? -EINVAL : -ENOSYS);
    wrong = e;
    wrong.program = UINT32_MAX;
    WANT_EQ(call(&wrong), have_companion() ? -ENOEXEC : -ENOSYS);
    wrong = file;
    wrong.file_len = 100;
    WANT_EQ(call(&wrong), have_companion() ? -ENOEXEC : -ENOSYS);
    wrong.file_len = PV_PROGRAM_MAX + 1;
    WANT_EQ(call(&wrong), have_companion() ? -ENOMEM : -ENOSYS);
    wrong = file;
    wrong.slot = boot->slot;
    WANT_EQ(call(&wrong), have_companion() ? -EBUSY : -ENOSYS);
    wrong = e;
    wrong.argc = 3;
    WANT_EQ(call(&wrong), have_companion() ? -EINVAL : -ENOSYS);
    wrong = e;
    wrong.strings = UINT64_MAX - 4;
    WANT_EQ(call(&wrong), have_companion() ? -EFAULT : -ENOSYS);
    wrong = e;
    wrong.slot = boot->slot;
    WANT_EQ(call(&wrong), have_companion() ? -EBUSY : -ENOSYS);
}

// ---- doorbells ----

#define ROUNDS 50u

// flag[2] counts what slot 1 has said, flag[3] what the child has answered.
static void ring(uint32_t slot)
{
    __atomic_add_fetch(&door(slot)->bell, 1, __ATOMIC_SEQ_CST);
    kick(slot, 0);
}

static void bells(void)
{
    test("doorbells");
    notes()->flag[2] = notes()->flag[3] = 0;
    int64_t r = fork_into(CHILD);
    if (r == 1) {
        for (uint32_t i = 1; i <= ROUNDS; i++) {
            wait_in_steps(&notes()->flag[2], i, LATE, LATE);
            notes()->flag[3] = i;
            ring(1);
        }
        leave(3);
    }
    if (!alone(r)) {
        WANT_EQ(r, 0);
        uint64_t begin = now();
        for (uint32_t i = 1; i <= ROUNDS; i++) {
            notes()->flag[2] = i;
            ring(CHILD);
            if (!wait_in_steps(&notes()->flag[3], i, LATE, LATE))
                break;
        }
        WANT_EQ(notes()->flag[3], ROUNDS);
        WANT(now() - begin < LATE); // no wake-up was lost: one sleep would have taken that long
        WANT(wait_word(&notes()->done, 3, LATE));
    }
}

static void kicks(void)
{
    test("kick interrupts a busy VM");
    notes()->flag[2] = notes()->flag[3] = 0;
    int64_t r = fork_into(CHILD);
    if (r == 1) {
        upcall_events = 0;
        notes()->flag[2] = 1;
        notes()->flag[3] = (uint32_t)await(PV_EVENT_KICK, LATE);
        leave(4);
    }
    if (!alone(r)) {
        WANT(wait_word(&notes()->flag[2], 1, LATE));
        WANT_EQ(kick(CHILD, PV_KICK_INTERRUPT), 0);
        WANT(wait_word(&notes()->done, 4, LATE));
        WANT_EQ(notes()->flag[3], 1);
    }

    test("kick of nobody");
    const uint32_t nobody[] = {0, 3, window->max_slots + 1, UINT32_MAX};
    for (unsigned i = 0; i < 4; i++)
        WANT_EQ(kick(nobody[i], PV_KICK_INTERRUPT), have_companion() ? -ESRCH : -ENOSYS);
}

void family_checks(void)
{
    forks();
    fork_errors();
    spawns();
    bells();
    kicks();
}
