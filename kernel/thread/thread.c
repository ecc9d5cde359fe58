// SPDX-License-Identifier: BSD-2-Clause
// The one thread there is. See thread.h.

#include "kernel/thread/thread.h"
#include "kernel/arch.h"

static struct scratch first_scratch COLD("scratch");

// Boot is kernel work; kernel_main() lowers the depth for the program.
static struct kthread first = {
    .depth = 1, .altstack = {.flags = SS_DISABLE}, .scratch = &first_scratch};

struct kthread *current = &first;

void thread_set_pointer(void *pointer)
{
    current->pointer = pointer;
    arch_set_thread_pointer(pointer);
}

void thread_fork_child(void)
{
    if (current->pointer)
        arch_set_thread_pointer(current->pointer);
}
