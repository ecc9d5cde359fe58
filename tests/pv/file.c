// SPDX-License-Identifier: BSD-2-Clause
// Programs that are files: this one, copied out of the image, with a mark in its data by which it
// is known; and what is refused. exec.c and family.c start it.

#include "tests/pv/pv.h"

// In .data, so in the file: as_file() changes it there.
static volatile uint8_t mark[16] = "mark of the pv_";

int is_from_file(void)
{
    return mark[0] == 'M';
}

// ELF64 (gABI): offsets of what is changed below.
enum {
    E_CLASS = 4,
    E_DATA = 5,
    E_TYPE = 16,
    E_MACHINE = 18,
    E_ENTRY = 24,
    E_PHOFF = 32,
    E_PHENTSIZE = 54,
    E_PHNUM = 56,
    P_TYPE = 0,
    P_FLAGS = 4,
    P_OFFSET = 8,
    P_VADDR = 16,
    P_FILESZ = 32,
    P_MEMSZ = 40,
    P_SIZE = 56
};
#define PT_LOAD    1
#define PT_DYNAMIC 2
#define PT_INTERP  3
#define PT_NOTE    4

// Away from where exec.c and others leave something behind.
static uint8_t *copy(void)
{
    return (uint8_t *)boot->heap_start + 2 * X86_PAGE_2M;
}

static const struct image_program *in_image(void)
{
    const struct image_header *h = (const struct image_header *)PV_IMAGE_VA;
    return (const struct image_program *)(PV_IMAGE_VA + h->programs_off) + h->entry_program;
}

struct pv_exec as_file(void)
{
    const struct image_program *p = in_image();
    uint8_t *to = copy(), want[sizeof mark];
    for (unsigned i = 0; i < sizeof mark; i++)
        want[i] = mark[i];
    want[0] = 'm';
    memcpy(to, (const void *)(PV_IMAGE_VA + p->data_off), p->data_size);
    for (uint64_t at = 0; at + sizeof want <= p->data_size; at++)
        if (to[at] == 'm' && !memcmp(to + at, want, sizeof want))
            to[at] = 'M';
    return (struct pv_exec){
        .program = PV_PROGRAM_FILE, .file = (uintptr_t)to, .file_len = p->data_size};
}

static int64_t check(struct pv_exec e)
{
    e.call.nr = PV_CALL_EXEC;
    e.flags = PV_EXEC_CHECK;
    return call(&e);
}

static void places(void)
{
    struct pv_exec e = as_file();
    uint8_t *window_copy = (uint8_t *)PV_WINDOW_VA + window->kernel_off + 65536;
    test("exec check");
    WANT_EQ(
        check((struct pv_exec){.program = boot->program, .file = e.file, .file_len = e.file_len}),
        0);
    WANT_EQ(check((struct pv_exec){.program = UINT32_MAX - 1}), -ENOEXEC);
    struct pv_exec bad = {.call.nr = PV_CALL_EXEC, .flags = 2};
    WANT_EQ(call(&bad), -EINVAL);
    bad.flags = UINT32_MAX;
    WANT_EQ(call(&bad), -EINVAL);

    test("exec of files in RAM, window and image");
    WANT_EQ(check(e), 0);
    memcpy(window_copy, (const void *)e.file, e.file_len);
    e.file = (uintptr_t)window_copy;
    WANT_EQ(check(e), 0);
    memset(window_copy, 0, e.file_len);
    e.file = PV_IMAGE_VA + in_image()->data_off;
    WANT_EQ(check(e), 0);
    // Any alignment.
    e = as_file();
    for (uint64_t i = e.file_len; i-- > 0;)
        copy()[i + 3] = copy()[i];
    e.file += 3;
    WANT_EQ(check(e), 0);
}

static void errors(void)
{
    struct pv_exec e = as_file();
    test("exec file errors");
    const uint64_t nowhere[] = {0,
                                PV_PLATFORM_VA,
                                boot->ram_end - 64,
                                PV_IMAGE_VA - 64,
                                PV_WINDOW_VA + boot->window_size - 64,
                                UINT64_MAX - 64};
    for (unsigned i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++) {
        e.file = nowhere[i];
        WANT_EQ(check(e), -EFAULT);
    }
    e = as_file();
    e.file_len = PV_PROGRAM_MAX + 1;
    WANT_EQ(check(e), -ENOMEM);
    e.file_len = UINT64_MAX;
    WANT_EQ(check(e), -ENOMEM);
    e = as_file();
    e.argc = 1;
    WANT_EQ(check(e), -EINVAL);
    e.len = PV_ARG_MAX + 1;
    WANT_EQ(check(e), -E2BIG);
}

// ---- what is no program ----

static int refused(uint64_t at, uint64_t value, unsigned bytes)
{
    struct pv_exec e = as_file();
    memcpy(copy() + at, &value, bytes);
    return check(e) == -ENOEXEC;
}

static uint64_t word(uint64_t at, unsigned bytes)
{
    uint64_t value = 0;
    as_file();
    memcpy(&value, copy() + at, bytes);
    return value;
}

// The program header of a type, the `nth` of them (from 0); 0 if there is none.
static uint64_t header(uint32_t type, unsigned nth)
{
    uint64_t at = word(E_PHOFF, 8);
    for (uint64_t i = word(E_PHNUM, 2); i-- > 0; at += P_SIZE)
        if (word(at + P_TYPE, 4) == type && nth-- == 0)
            return at;
    return 0;
}

static void headers(void)
{
    test("exec refuses other files");
    WANT(refused(0, 0, 1) && refused(0, 0x0a2f2123, 4));
    WANT(refused(E_CLASS, 1, 1) && refused(E_DATA, 2, 1));
    WANT(refused(E_TYPE, 3, 2) && refused(E_TYPE, 1, 2));
    WANT(refused(E_MACHINE, 3, 2) && refused(E_MACHINE, 183, 2));
    WANT(refused(E_PHOFF, UINT64_MAX, 8) && refused(E_PHOFF, UINT64_MAX - 63, 8));
    WANT(refused(E_PHENTSIZE, 55, 2) && refused(E_PHNUM, 0, 2) && refused(E_PHNUM, 65535, 2));
    WANT(refused(E_ENTRY, 0, 8) && refused(E_ENTRY, UINT64_MAX, 8));
    WANT(refused(E_ENTRY, boot->heap_start, 8));
    WANT(refused(header(PT_LOAD, 0) + P_TYPE, PT_INTERP, 4));
    WANT(refused(header(PT_NOTE, 0) + P_TYPE, PT_DYNAMIC, 4));

    test("exec refuses files of another interface");
    const uint64_t note = word(header(PT_NOTE, 0) + P_OFFSET, 8);
    WANT(refused(header(PT_NOTE, 0) + P_TYPE, 0x60000000, 4)); // a Linux program has none
    WANT(refused(header(PT_NOTE, 0) + P_OFFSET, UINT64_MAX - 8, 8));
    WANT(refused(note, 0x7fffffff, 4) && refused(note + 4, UINT32_MAX, 4));
    WANT(refused(note + 8, IMAGE_NOTE_TYPE + 1, 4));
    WANT(refused(note + 20, PV_ABI_VERSION - 1, 4) && refused(note + 20, PV_ABI_VERSION + 1, 4));
}

static void segments(void)
{
    const uint64_t text = header(PT_LOAD, 0), data = header(PT_LOAD, 1);
    const uint64_t page = X86_PAGE;
    test("exec refuses impossible segments");
    for (unsigned i = 0; i < 2; i++) {
        const uint64_t at = i ? data : text;
        WANT(at != 0);
        WANT(refused(at + P_FLAGS, 7, 4) && refused(at + P_FLAGS, 0, 4));
        WANT(refused(at + P_VADDR, 0, 8) && refused(at + P_VADDR, PV_CALL_VA, 8));
        WANT(refused(at + P_VADDR, IMAGE_VADDR_MAX, 8) && refused(at + P_VADDR, PV_WINDOW_VA, 8));
        WANT(refused(at + P_VADDR, UINT64_MAX & ~(page - 1), 8));
        WANT(refused(at + P_VADDR, word(at + P_VADDR, 8) + 8, 8));
        WANT(refused(at + P_OFFSET, word(at + P_OFFSET, 8) + (UINT64_C(1) << 40), 8));
        WANT(refused(at + P_OFFSET, UINT64_MAX & ~(page - 1), 8));
        WANT(refused(at + P_FILESZ, UINT64_MAX, 8));
        WANT(refused(at + P_FILESZ, word(at + P_MEMSZ, 8) + 1, 8));
        WANT(refused(at + P_MEMSZ, UINT64_MAX, 8) && refused(at + P_MEMSZ, IMAGE_VADDR_MAX, 8));
        WANT(refused(at + P_MEMSZ, 0, 8));
    }
    WANT(refused(data + P_VADDR, word(text + P_VADDR, 8), 8)); // both in the same place
    struct pv_exec e = as_file();
    const uint64_t most = IMAGE_VADDR_MAX - word(data + P_VADDR, 8);
    memcpy(copy() + data + P_MEMSZ, &most, 8);
    // A program like any other, where there is so much memory.
    WANT_EQ(check(e), boot->ram_end > 2 * IMAGE_VADDR_MAX ? 0 : -ENOMEM);
}

static void truncated(void)
{
    struct pv_exec e = as_file();
    const uint64_t text = header(PT_LOAD, 0), data = header(PT_LOAD, 1);
    const uint64_t ends[] = {0,
                             1,
                             4,
                             63,
                             64,
                             word(E_PHOFF, 8) + P_SIZE,
                             word(text + P_OFFSET, 8) + word(text + P_FILESZ, 8) - 1,
                             word(data + P_OFFSET, 8) + word(data + P_FILESZ, 8) - 1};
    test("exec refuses files that are cut off");
    e = as_file();
    for (unsigned i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        e.file_len = ends[i];
        WANT_EQ(check(e), -ENOEXEC);
    }
}

void file_checks(void)
{
    places();
    errors();
    headers();
    segments();
    truncated();
}
