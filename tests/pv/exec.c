// SPDX-License-Identifier: BSD-2-Clause
// EXEC: this program again, twice, with arguments of its own. What must be gone is gone, what must
// stay is there.

#include "tests/pv/pv.h"

// argv and envp of the next program; the second argument tells it what it is (pv.c).
static const char strings[] = "pv\0exec\0\0last one\0NAME=value\0EMPTY=";
#define ARGC 4
#define ENVC 2

// What this program is in the image.
static uint32_t self(void)
{
    return ((const struct image_header *)PV_IMAGE_VA)->entry_program;
}

static int64_t exec(uint32_t program, const char *from, uint64_t len, uint32_t argc, uint32_t envc)
{
    struct pv_exec e = {.call.nr = PV_CALL_EXEC,
                        .program = program,
                        .argc = argc,
                        .envc = envc,
                        .strings = (uintptr_t)from,
                        .len = len};
    return call(&e);
}

static void errors(void)
{
    const struct image_header *h = (const struct image_header *)PV_IMAGE_VA;
    test("exec errors");
    WANT_EQ(exec(h->program_count, strings, sizeof strings, ARGC, ENVC), -ENOEXEC);
    WANT_EQ(exec(UINT32_MAX, strings, sizeof strings, ARGC, ENVC), -ENOEXEC);
    WANT_EQ(exec(self(), (char *)boot->heap_start, PV_ARG_MAX + 1, 1, 0), -E2BIG);
    WANT_EQ(exec(self(), (char *)UINTPTR_MAX - 4, 8, 1, 0), -EFAULT);
    WANT_EQ(exec(self(), (char *)boot->ram_end - 4, 8, 1, 0), -EFAULT);
    WANT_EQ(exec(self(), NULL, 8, 1, 0), -EFAULT);
    WANT_EQ(exec(self(), strings, sizeof strings, ARGC + 1, ENVC), -EINVAL);
    WANT_EQ(exec(self(), strings, sizeof strings, ARGC, ENVC - 1), -EINVAL);
    WANT_EQ(exec(self(), strings, sizeof strings - 1, ARGC, ENVC), -EINVAL); // no end
    WANT_EQ(exec(self(), strings, 0, 1, 0), -EINVAL);
    WANT_EQ(boot->argc, notes()->stage ? ARGC : 3);
}

void exec_checks(void)
{
    errors();
    test("exec starts the program");
    notes()->stage++;
    notes()->time = now();
    for (unsigned i = 0; i < sizeof boot->seed; i++)
        notes()->seed[i] = boot->seed[i];
    notes()->program_slot = boot->slot;
    // What must not be there any more when the next program looks.
    upcall_events = 0;
    memset((void *)(boot->heap_start + X86_PAGE_2M), 0xee, X86_PAGE);
    WANT_EQ(protect(boot->heap_start, X86_PAGE, PV_RIGHT_READ), 0);
    WANT_EQ(protect(boot->stack_bottom, X86_PAGE, 0), 0);
    WANT_EQ(set_timer(now() + 150 * MS), 0);
    // The last program is started from a file.
    struct pv_exec file = as_file();
    file.call.nr = PV_CALL_EXEC;
    file.argc = ARGC;
    file.envc = ENVC;
    file.strings = (uintptr_t)strings;
    file.len = sizeof strings;
    if (notes()->stage == 1)
        exec(self(), strings, sizeof strings, ARGC, ENVC);
    else
        call(&file);
    test("exec does not return");
    stop("it returned", 0);
}

void exec_arrived(void)
{
    char **argv = (char **)boot->argv, **envp = (char **)boot->envp;
    test("exec keeps slot and window");
    WANT_EQ(boot->slot, notes()->program_slot);
    WANT(notes()->time && now() >= notes()->time);
    WANT(memcmp((const void *)notes()->seed, boot->seed, sizeof boot->seed));

    test("exec of a program of the image, and of a file");
    WANT_EQ(is_from_file(), notes()->stage == 2);

    test("exec arguments");
    WANT_EQ(boot->argc, ARGC);
    WANT(same(argv[0], "pv") && same(argv[2], "") && same(argv[3], "last one"));
    WANT(same(envp[0], "NAME=value") && same(envp[1], "EMPTY=") && !envp[2]);

    test("exec gives all rights back");
    WANT(allowed(WRITE, boot->heap_start) && allowed(WRITE, boot->stack_bottom));

    test("exec turns the timer off");
    upcall_events = 0;
    while (now() < notes()->time + 300 * MS)
        ;
    WANT_EQ(collect(), 0);
}
