// SPDX-License-Identifier: BSD-2-Clause
// From the kernel's last step of boot or exec to main(), and from exit() back to the kernel.
//
// The kernel has set up the stack, thread-local storage and descriptors and calls libc_start() once
// per image. A forked child does not come here: it returns from fork(). Neighbours: kernel/exec.c,
// newlib's exit() and init_array support.
#include <reent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libc-glue/glue.h"

int main(int argc, char **argv, char **envp);
void libc_start(int argc, char **argv, char **envp) __attribute__((noreturn));
void __libc_init_array(void);
void __libc_fini_array(void);

char *program_invocation_name;
char *program_invocation_short_name;

// C++ and newlib's exit handlers key on it; one image, one value.
void *__dso_handle;

// newlib's __libc_init_array() calls these two of a classic crt; this image has none.
void _init(void);
void _fini(void);
void _init(void)
{
}
void _fini(void)
{
}

// Threads do not exist yet, so there is one set of errno and stdio state: newlib's own.
struct _reent *__getreent(void)
{
    return _impure_ptr;
}

void libc_start(int argc, char **argv, char **envp)
{
    environ = envp;
    program_invocation_name = argc > 0 ? argv[0] : "";
    char *slash = strrchr(program_invocation_name, '/');
    program_invocation_short_name = slash ? slash + 1 : program_invocation_name;
    atexit(__libc_fini_array);
    __libc_init_array();
    exit(main(argc, argv, envp));
}

void _exit(int code)
{
    sys_exit(code);
}
