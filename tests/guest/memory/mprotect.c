// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Rights of pages: what each set of them allows, in mappings, the heap, static data, the stack and
// text; what a violation looks like to a handler and to the parent; that rights survive fork and
// not exec; that the kernel does not read or write for the program what it may not itself.
// args: first
#include "tests/guest/check.h"
#include <setjmp.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGE 4096
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW   (PROT_READ | PROT_WRITE)
#define RX   (PROT_READ | PROT_EXEC)

static sigjmp_buf back;
static siginfo_t seen;
static char data[4 * PAGE] __attribute__((aligned(PAGE)));
static char filled[3 * PAGE] __attribute__((aligned(PAGE))) = "static";

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)context;
    seen = *info;
    siglongjmp(back, 1);
}

// Performs one access and says how it ended; only what is at `p` itself counts as the address.
static const char *attempt(char kind, volatile char *p)
{
    static char text[64];

    if (sigsetjmp(back, 1)) {
        snprintf(text, sizeof text, "%s%s",
                 seen.si_code == SEGV_ACCERR   ? "denied"
                 : seen.si_code == SEGV_MAPERR ? "no map"
                                               : "?",
                 seen.si_addr == p ? "" : " at another address");
        return text;
    }
    if (kind == 'r')
        (void)*p;
    else if (kind == 'w')
        *p = *p;
    else
        ((void (*)(void))(uintptr_t)p)();
    return "ok";
}

// What a page allows; its first byte must be a return instruction (0xc3) where it is executable.
static void probe(const char *what, char *p)
{
    char r[64], w[64];

    strcpy(r, attempt('r', p));
    strcpy(w, attempt('w', p));
    say("%s: read %s, write %s, execute %s", what, r, w, attempt('x', p));
}

static void every_right(const char *where, char *p)
{
    static const struct {
        const char *name;
        int prot;
    } all[] = {{"none", PROT_NONE}, {"r", PROT_READ}, {"rx", RX},
               {"rw", RW},          {"x", PROT_EXEC}, {"w", PROT_WRITE}};
    char label[64];

    memset(p, 0xc3, 3 * PAGE);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        snprintf(label, sizeof label, "%s %s", where, all[i].name);
        say_result(label, mprotect(p + PAGE, PAGE, all[i].prot));
        probe(label, p + PAGE);
    }
    probe("page before", p);
    probe("page after", p + 2 * PAGE);
    TRY(mprotect(p + PAGE, PAGE, RW));
    say("contents kept: %d",
        (unsigned char)p[PAGE] == 0xc3 && (unsigned char)p[2 * PAGE - 1] == 0xc3);
}

static void errors(void)
{
    char *p = mmap(NULL, 4 * PAGE, RW, ANON, -1, 0);

    NEED(p != MAP_FAILED);
    TRY(mprotect(p + 1, PAGE, PROT_READ));
    TRY(mprotect(p, 0, PROT_NONE));
    probe("no length changes nothing", p);
    TRY(mprotect(p, 1, PROT_READ));
    probe("a length is rounded up", p);
    TRY(mprotect(NULL, PAGE, PROT_READ));
    TRY(munmap(p, 4 * PAGE));
    TRY(mprotect(p, PAGE, PROT_READ));
}

// A large range: whole 2 MB units and parts of them, then holes, then all alike again.
static void large(void)
{
    const size_t len = 9u << 20;
    char *p = mmap(NULL, len, RW, ANON, -1, 0);
    unsigned wrong = 0;

    NEED(p != MAP_FAILED);
    for (size_t i = 0; i < len; i += PAGE)
        p[i] = (char)(i / PAGE);
    TRY(mprotect(p + PAGE, len - 2 * PAGE, PROT_READ));
    for (size_t i = 0; i < len; i += 64 * PAGE)
        wrong += strcmp(attempt('w', p + i), i ? "denied" : "ok") != 0;
    say("first page %s", attempt('w', p));
    say("last page %s", attempt('w', p + len - PAGE));
    for (size_t i = 2 * PAGE; i < len - 2 * PAGE; i += 128 * PAGE)
        wrong += mprotect(p + i, PAGE, RW) != 0 || strcmp(attempt('w', p + i), "ok") != 0 ||
                 strcmp(attempt('w', p + i + PAGE), "denied") != 0;
    TRY(mprotect(p, len, RW));
    for (size_t i = 0; i < len; i += PAGE)
        wrong += p[i] != (char)(i / PAGE) || (p[i] = 1) != 1;
    say("large: wrong %u", wrong);
    TRY(munmap(p, len));
}

// Memory that is reserved without rights and made usable piece by piece, as many allocators do.
static void reserve(void)
{
    char *p = mmap(NULL, 64 * PAGE, PROT_NONE, ANON, -1, 0);
    unsigned wrong = 0;

    NEED(p != MAP_FAILED);
    say("reserved: read %s", attempt('r', p));
    for (int i = 0; i < 64; i++) {
        wrong += mprotect(p + i * PAGE, PAGE, RW) != 0;
        p[i * PAGE] = 1;
        wrong += i < 63 && strcmp(attempt('r', p + (i + 1) * PAGE), "denied") != 0;
    }
    say("committed: wrong %u", wrong);
    TRY(madvise(p, 32 * PAGE, MADV_DONTNEED));
    say("discarded: %d, kept: %d", p[0] + p[31 * PAGE], p[32 * PAGE]);
    TRY(mprotect(p + PAGE, PAGE, PROT_READ));
    TRY(madvise(p, 4 * PAGE, MADV_DONTNEED));
    probe("discarded but not writable", p + PAGE);
    TRY(munmap(p, 64 * PAGE));
    // The same place, given out again, is ordinary memory.
    char *q = mmap(NULL, 64 * PAGE, RW, ANON, -1, 0);
    NEED(q != MAP_FAILED);
    for (int i = 0; i < 64; i++)
        wrong += q[i * PAGE] != 0, q[i * PAGE] = 5;
    say("mapped again: wrong %u", wrong);
    TRY(munmap(q, 64 * PAGE));
    q = mmap(NULL, PAGE, PROT_READ, ANON, -1, 0);
    NEED(q != MAP_FAILED);
    say("read-only mapping: read %s", attempt('r', q));
    say("read-only mapping: write %s", attempt('w', q));
    TRY(munmap(q, PAGE));
}

static void fixed(void)
{
    char *p = mmap(NULL, 8 * PAGE, RW, ANON, -1, 0), *q;

    NEED(p != MAP_FAILED);
    memset(p, 7, 8 * PAGE);
    q = mmap(p + 2 * PAGE, 2 * PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0);
    say("fixed inside: %d, before %d, new %d, after %d", q == p + 2 * PAGE, p[2 * PAGE - 1],
        p[2 * PAGE], p[4 * PAGE]);
    say("fixed: write %s", attempt('w', q));
    TRY(munmap(p + 6 * PAGE, 2 * PAGE));
    q = mmap(p + 6 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
    say("fixed where nothing is: %d, new %d, %s", q == p + 6 * PAGE, *q, attempt('w', q));
    q = mmap(p, 8 * PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0);
    say("fixed over all: %d, read %s", q == p, attempt('r', p + PAGE));
    TRY(mmap(p + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED ? -1 : 0);
    TRY(munmap(p, 8 * PAGE));
}

// The kernel's accesses for the program obey the program's rights.
static void system_calls(char *p)
{
    int fd[2];

    NEED(pipe(fd) == 0);
    NEED(write(fd[1], "0123456789", 10) == 10);
    TRY(mprotect(p + PAGE, PAGE, PROT_READ));
    TRY(read(fd[0], p + PAGE, 4) == -1 ? -1 : 0);
    TRY(read(fd[0], p + PAGE - 2, 2));
    TRY(write(fd[1], p + PAGE, 1));
    TRY(mprotect(p + PAGE, PAGE, PROT_NONE));
    TRY(write(fd[1], p + PAGE, 1));
    TRY(open(p + PAGE, O_RDONLY));
    TRY(stat("/", (struct stat *)(p + PAGE)));
    TRY(pipe((int *)(p + PAGE)));
    TRY(mprotect(p + PAGE, PAGE, RW));
    TRY(read(fd[0], p + PAGE, 4));
    say("read %.4s", p + PAGE);
    close(fd[0]);
    close(fd[1]);
}

static void across_fork(char *p)
{
    TRY(mprotect(p, PAGE, PROT_READ));
    for (int i = 0; i < 2; i++) {
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0) {
            say("child: read %s", attempt('r', p));
            say("child: write %s", attempt('w', p));
            NEED(mprotect(p, PAGE, i ? PROT_NONE : RW) == 0);
            say("child, changed: write %s", attempt('w', p));
            if (i)
                signal(SIGSEGV, SIG_DFL), *(volatile char *)p = 1;
            _exit(4);
        }
        say_status("child", wait_for(pid));
        say("parent: write %s", attempt('w', p));
    }
    TRY(mprotect(p, PAGE, RW));
}

// A page of text that holds nothing else: mov $1, %eax; ret.
int answer(void);
__asm__(".section .text.patched, \"ax\", @progbits\n"
        ".balign 4096\n"
        "answer: .byte 0xb8, 1, 0, 0, 0, 0xc3\n"
        ".balign 4096, 0xc3\n"
        ".previous\n");

// Text may be written once it is no longer executed, and stays changed, in children as well.
static void text(void)
{
    char *page = (char *)(uintptr_t)answer;

    say("text: answer %d, write %s", answer(), attempt('w', page));
    TRY(mprotect(page, PAGE, RW));
    page[1] = 42;
    say("text while writable: execute %s", attempt('x', page));
    TRY(mprotect(page, PAGE, RX));
    say("text: answer %d, write %s", answer(), attempt('w', page));
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0)
        _exit(answer());
    say_status("the child's answer", wait_for(pid));
}

static void on_stack(void)
{
    char room[4 * PAGE], *p = (char *)(((uintptr_t)room + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    every_right("stack", p);
}

int main(int argc, char **argv)
{
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    char *p = mmap(NULL, 4 * PAGE, RW, ANON, -1, 0), *heap = NULL;

    NEED(argc == 2 && p != MAP_FAILED && sigaction(SIGSEGV, &sa, NULL) == 0);
    NEED(posix_memalign((void **)&heap, PAGE, 4 * PAGE) == 0);
    say("%s: data write %s", argv[1], attempt('w', data + PAGE));
    every_right("mapping", p);
    every_right("heap", heap);
    every_right("bss", data);
    every_right("data", filled);
    on_stack();
    errors();
    large();
    reserve();
    fixed();
    system_calls(p);
    across_fork(p);
    text();
    free(heap);
    if (strcmp(argv[1], "first") == 0) {
        NEED(mprotect(data, sizeof data, PROT_NONE) == 0);
        execl(test_path("mprotect"), "mprotect", "second", NULL);
        say("exec: %s NO", err_name(errno));
    }
    return 0;
}
