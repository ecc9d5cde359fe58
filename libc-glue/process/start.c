// SPDX-License-Identifier: BSD-2-Clause
// From the kernel's last step of boot or exec to main(), and from exit() back to the kernel.
//
// The kernel has set up the stack, thread-local storage and descriptors and calls libc_start() once
// per image. A forked child does not come here: it returns from fork(). Neighbours:
// kernel/proc/exec.c, newlib's exit() and init_array support.
#include <reent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libc-glue/glue.h"
#include "libc-glue/pthread/locks.h"

int main(int argc, char **argv, char **envp);
void libc_start(int argc, char **argv, char **envp) __attribute__((noreturn));

// Bounds of the constructor and destructor lists, by the linker script.
typedef void hook(void);
extern hook *__preinit_array_start[], *__preinit_array_end[];
extern hook *__init_array_start[], *__init_array_end[];
extern hook *__fini_array_start[], *__fini_array_end[];

char *program_invocation_name;
char *program_invocation_short_name;

// C++ and newlib's exit handlers key on it; one image, one value.
void *__dso_handle;

// errno and stdio state of the thread that runs: the kernel exchanges the pointer when it switches.
struct _reent *__getreent(void)
{
    return _impure_ptr;
}

// In the order in which the linker laid them: by priority, then as the objects were named. The
// program may have none, and then the bounds are equal.
static void construct(void)
{
    for (hook **h = __preinit_array_start; h < __preinit_array_end; h++)
        (*h)();
    for (hook **h = __init_array_start; h < __init_array_end; h++)
        (*h)();
}

// Destructors run in the reverse order of the constructors.
static void destruct(void)
{
    for (hook **h = __fini_array_end; h > __fini_array_start;)
        (*--h)();
    if (glue_locks)
        glue_locks->at_exit();
}

// ARGC may be 0 (execve() with an empty list), and then the program has no name.
void libc_start(int argc, char **argv, char **envp)
{
    environ = envp;
    program_invocation_name = argc > 0 ? argv[0] : "";
    char *slash = strrchr(program_invocation_name, '/');
    program_invocation_short_name = slash ? slash + 1 : program_invocation_name;
    // The first handler registered is the last to run: destructors come after all that the program
    // registers.
    atexit(destruct);
    construct();
    exit(main(argc, argv, envp));
}

// No buffers, no handlers of atexit(): what a child of vfork() must call. The kernel closes the
// descriptors and tells the parent; the lower eight bits of the code arrive.
void _exit(int code)
{
    sys_exit(code);
}
