// SPDX-License-Identifier: BSD-2-Clause
// Room for what a call keeps over a wait and that is too large for the program's stack. The first
// thread has it from the beginning (thread.c), another when it first needs it, for good.

#include "kernel/api/mman.h"
#include "kernel/sys.h"
#include "kernel/thread/thread.h"

// NULL without memory, which the call that needs it reports. Never given back: a thread that has
// needed it once will again.
struct thread_room *thread_room(void)
{
    if (!current->room) {
        long r = sys_mmap(NULL, sizeof *current->room, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        current->room = r < 0 ? NULL : (struct thread_room *)r;
    }
    return current->room;
}
