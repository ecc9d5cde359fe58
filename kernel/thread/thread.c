// SPDX-License-Identifier: BSD-2-Clause
// The first thread, and what every program needs of threads. See thread.h.
//
// A program that makes none has nothing else of this folder in its image: what it would call is
// behind thread_hooks and wait_threads, which are NULL then.

#include "kernel/thread/thread.h"
#include "kernel/arch.h"
#include "kernel/file/file.h"
#include "kernel/pv.h"
#include "kernel/sys.h"
#include "kernel/window/waitq.h"

struct scratch thread_scratch COLD("scratch");
static struct thread_room first_room COLD("room");

// Boot is kernel work; kernel_main() lowers the depth for the program.
static struct kthread first = {.depth = 1, .altstack = {.flags = SS_DISABLE}, .room = &first_room};

struct kthread *current = &first;
struct kthread *thread_list = &first;
const struct thread_hooks *thread_hooks;
uint64_t thread_due = PV_FOREVER;

// Put aside while only one thread runs.
static const struct wait_threads *others;
static uint32_t alone;
static void (*at_end)(void); // sys_at_end()

// Kept in the record as well, as the processor's is another's after the next switch.
void thread_set_pointer(void *pointer)
{
    current->pointer = pointer;
    arch_set_thread_pointer(pointer);
}

// May be nested. Until the end a wait is that of a process with one thread: the others stand still,
// whatever happens.
void thread_alone_begin(void)
{
    if (alone++ == 0) {
        others = wait_threads;
        wait_threads = NULL;
    }
}

// The others get their turns back only with the outermost end, and look again at what they wait
// for.
void thread_alone_end(void)
{
    if (--alone == 0 && others) {
        wait_threads = others;
        thread_hooks->rejoin();
    }
}

// The process ends or becomes another program: what the C library wants done at the end comes
// first, while its memory is there.
void thread_end_others(void)
{
    if (at_end)
        at_end();
    at_end = NULL;
    if (thread_hooks)
        thread_hooks->ended();
    thread_hooks = NULL;
    wait_threads = others = NULL;
}

// Of one that does not run it stands still; of the calling one it is real time less that asleep, as
// the process's (kernel/time/time.c).
uint64_t thread_cpu_ns(const struct kthread *t)
{
    if (t != current)
        return t->cpu_ns;
    uint64_t asleep = wait_asleep_ns - t->asleep_ns, ran = pv_mono_ns() - t->since_ns;
    return t->cpu_ns + (ran > asleep ? ran - asleep : 0);
}

struct k_thread *sys_thread_self(void)
{
    return &current->pub;
}

// This VM's number as an owner of locks in shared memory.
long sys_member(void)
{
    return lock_self();
}

// Of another such number: whether what it has in shared memory will never be given back.
int sys_member_dead(uint32_t member)
{
    return lock_owner_dead(member);
}

// There is one such call, of the C library's (robust mutexes); the latest counts.
void sys_at_end(void (*call)(void))
{
    at_end = call;
}

// The process's own stack, which is the first thread's. A thread's that was made later the C
// library knows.
void sys_stack_bounds(uintptr_t *low, uintptr_t *high)
{
    *low = boot_info->stack_bottom;
    *high = boot_info->stack_top;
}

long sys_gettid(void)
{
    return thread_number(current);
}

// XSH fork(): of the threads only the calling one is there. What the others had is memory of the
// program's.
void thread_fork_child(void)
{
    if (current->pointer)
        arch_set_thread_pointer(current->pointer);
    thread_list = current;
    current->sibling = NULL;
    current->pub.tid = 0;
    current->directed = 0;
    wait_threads = NULL;
    thread_hooks = NULL;
    others = NULL;
    thread_due = PV_FOREVER;
    alone = 0;
}
