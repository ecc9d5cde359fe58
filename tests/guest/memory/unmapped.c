// SPDX-License-Identifier: BSD-2-Clause
//
// Memory that is not there: after munmap() and below a lowered break an access is SIGSEGV and a
// system call EFAULT; what is mapped anew is zero; lengths near SIZE_MAX are more than there is.
#include "tests/guest/check.h"
#include <setjmp.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGE 4096
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW   (PROT_READ | PROT_WRITE)
#define MB   (1u << 20)

static sigjmp_buf back;
static siginfo_t seen;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)context;
    seen = *info;
    siglongjmp(back, 1);
}

static const char *store(volatile char *p)
{
    if (sigsetjmp(back, 1))
        return seen.si_addr != p             ? "another address"
               : seen.si_code == SEGV_MAPERR ? "no map"
                                             : "denied";
    *p = 1;
    return "stored";
}

static const char *fetch(volatile char *p)
{
    if (sigsetjmp(back, 1))
        return seen.si_addr != p             ? "another address"
               : seen.si_code == SEGV_MAPERR ? "no map"
                                             : "denied";
    (void)*p;
    return "read";
}

static char *map(size_t len, int prot)
{
    char *p = mmap(NULL, len, prot, ANON, -1, 0);
    NEED(p != MAP_FAILED);
    return p;
}

static void all_of_it(size_t len)
{
    char *p = map(len, RW);

    memset(p, 7, len);
    TRY(munmap(p, len));
    say("%zu bytes gone: %s, %s, %s", len, store(p), fetch(p + len / 2), store(p + len - 1));
    TRY(munmap(p, len)); // nothing is there: nothing to do
}

static void a_part(void)
{
    char *p = map(6 * PAGE, RW);

    memset(p, 7, 6 * PAGE);
    TRY(munmap(p + 2 * PAGE, PAGE + 1));
    say("hole: %s %s %s %s", store(p + PAGE), store(p + 2 * PAGE), store(p + 3 * PAGE),
        store(p + 4 * PAGE));
    TRY(munmap(p, 6 * PAGE)); // over the hole
    say("the rest: %s %s", store(p), store(p + 5 * PAGE));
    p = map(4 * PAGE, PROT_READ);
    TRY(munmap(p, 4 * PAGE));
    say("read-only once: %s", fetch(p));
}

// The next mapping has the same pages, most likely.
static void anew(void)
{
    int wrong = 0, fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);

    NEED(fd >= 0 && write(fd, "contents", 8) == 8);
    for (int i = 0; i < 200; i++) {
        char *p = map(3 * PAGE, RW);
        wrong += p[0] || p[PAGE + 5] || p[3 * PAGE - 1];
        memset(p, 9, 3 * PAGE);
        wrong += munmap(p, 3 * PAGE) != 0;
        p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
        wrong += p == MAP_FAILED || memcmp(p, "contents", 9) != 0;
        wrong += munmap(p, PAGE) != 0;
    }
    say("200 times: %d wrong", wrong);
    close(fd);
}

static void to_the_kernel(void)
{
    int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
    char *p = map(4 * PAGE, RW), *q = sbrk(0);

    NEED(fd >= 0 && write(fd, "contents", 8) == 8);
    NEED(munmap(p + PAGE, PAGE) == 0);
    TRY(pwrite(fd, p + PAGE, 10, 0));
    TRY(pwrite(fd, p + PAGE + 100, 10, 0));
    TRY(pread(fd, p + PAGE, 10, 0));
    TRY(pwrite(fd, p, 10, 0));
    TRY(pwrite(fd, p + 2 * PAGE, 10, 0));
    TRY(pwrite(fd, q + 64 * PAGE, 10, 0)); // beyond the break
    TRY(open(p + PAGE, O_RDONLY));
    TRY(msync(p, PAGE, MS_SYNC));
    TRY(msync(p, 2 * PAGE, MS_SYNC));
    TRY(msync(p + PAGE, PAGE, MS_ASYNC));
    TRY(msync(p, PAGE, MS_SYNC | MS_ASYNC));
    TRY(msync(p, PAGE, 64));
    TRY(msync(p + 1, PAGE, MS_SYNC));
    TRY(msync(p + PAGE, 0, MS_SYNC));
    TRY(mlock(p, PAGE));
    TRY(mlock(p, 2 * PAGE));
    TRY(munlock(p + PAGE, 1));
    TRY(mprotect(p, 2 * PAGE, PROT_READ));
    TRY(madvise(p + PAGE, PAGE, MADV_DONTNEED));
    TRY(madvise(p + 2 * PAGE, PAGE, MADV_DONTNEED));
    TRY(munmap(p, 4 * PAGE));
    close(fd);
}

static void shared(void)
{
    char *p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int fd = open("f", O_RDWR);

    NEED(p != MAP_FAILED && fd >= 0);
    TRY(pwrite(fd, p, 2 * PAGE, 0));
    TRY(msync(p, 2 * PAGE, MS_SYNC));
    TRY(munmap(p, 2 * PAGE));
    TRY(pwrite(fd, p, 1, 0));
    TRY(msync(p, PAGE, MS_SYNC));
    TRY(munmap(p, 2 * PAGE));
    close(fd);
}

static void the_break(void)
{
    char *p = sbrk(0);

    p += -(uintptr_t)p % PAGE;
    NEED(brk(p + 8 * PAGE) == 0);
    memset(p, 7, 8 * PAGE);
    NEED(brk(p + 2 * PAGE + 100) == 0);
    say("below the break: %s %s", store(p + PAGE), store(p + 2 * PAGE + 100));
    say("above: %s %s", store(p + 3 * PAGE), fetch(p + 8 * PAGE - 1));
    NEED(brk(p + 8 * PAGE) == 0);
    int nonzero = p[3 * PAGE] || p[8 * PAGE - 1];
    say("raised again: %s, %d not zero", store(p + 3 * PAGE), nonzero);
    NEED(brk(p) == 0);
}

// Would wrap to no page at all.
static void huge_lengths(void)
{
    const size_t most = SIZE_MAX;
    char *p = map(4 * PAGE, RW);
    int fd = open("f", O_RDWR | O_CREAT, 0644);

    memset(p, 7, 4 * PAGE);
    for (size_t less = 0; less < 200; less += 100) {
        CHECK("mmap", mmap(NULL, most - less, RW, ANON, -1, 0) == MAP_FAILED && errno == ENOMEM);
        CHECK("fixed",
              mmap(p, most - less, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED && errno == ENOMEM);
        CHECK("shared",
              mmap(NULL, most - less, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
                  errno == ENOMEM);
        CHECK("file", mmap(NULL, most - less, RW, MAP_SHARED, fd, 0) == MAP_FAILED);
        CHECK("private file", mmap(NULL, most - less, RW, MAP_PRIVATE, fd, 0) == MAP_FAILED);
        TRY(munmap(p, most - less));
        TRY(mprotect(p, most - less, PROT_READ));
        TRY(madvise(p, most - less, MADV_DONTNEED));
    }
    TRY(munmap(p, (size_t)1 << 47));
    TRY(munmap(p, 0));
    TRY(munmap(p + 1, PAGE));
    TRY(mprotect(p, PAGE, 64));
    say("untouched: %d %d", p[0], p[4 * PAGE - 1]);
    say("still there: %s", store(p));
    TRY(munmap(p, 4 * PAGE));
    close(fd);
}

static const char *private_map(const char *name, int flags)
{
    int fd = open(name, flags);

    NEED(fd >= 0);
    errno = 0;
    void *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    return p == MAP_FAILED ? err_name(errno) : "mapped";
}

int main(void)
{
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

    scratch("unmapped");
    NEED(sigaction(SIGSEGV, &sa, NULL) == 0);
    the_break();
    all_of_it(PAGE);
    all_of_it(3 * MB);
    a_part();
    to_the_kernel();
    shared();
    huge_lengths();
    NEED(mkfifo("fifo", 0600) == 0);
    say("write-only: %s", private_map("f", O_WRONLY));
    say("directory: %s", private_map(".", O_RDONLY));
    say("FIFO: %s", private_map("fifo", O_RDWR));
    say("file: %s", private_map("f", O_RDONLY));
    anew();
    return 0;
}
