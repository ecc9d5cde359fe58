// SPDX-License-Identifier: BSD-2-Clause
// The mmap family, within one range of addresses that nothing else uses: anonymous memory, files,
// protection, holes. Every access is tried, a fault is a result. See diff.h.
#include <setjmp.h>
#include <sys/mman.h>

#include "tests/diff/diff.h"

#define PAGE  4096u
#define PAGES 48u
#define FILES 3

static unsigned char *base;
static int files[FILES];
static sigjmp_buf out;

static void fault(int sig)
{
    siglongjmp(out, sig);
}

static void begin(void)
{
    struct sigaction sa = {.sa_handler = fault, .sa_flags = SA_NODEFER};
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    base = mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < FILES; i++) {
        unsigned char data[PAGE];
        char name[] = {(char)('a' + i), '\0'};
        files[i] = open(name, i == 2 ? O_RDONLY | O_CREAT : O_RDWR | O_CREAT, 0644);
        int fd = open(name, O_WRONLY);
        for (unsigned page = 0; page < 6; page++) {
            fill_bytes(data, PAGE, page * 3 + (unsigned)i);
            if (write(fd, data, page == 5 ? 100 : PAGE) < 0)
                put("cannot write");
        }
        close(fd);
    }
}

static size_t a_range(unsigned char **at)
{
    unsigned page = pick(PAGES), n = 1 + pick(PAGES - page < 8 ? PAGES - page : 8);
    *at = base + page * PAGE;
    put(" %u+%u", page, n);
    return (size_t)n * PAGE;
}

static int rights(void)
{
    static const int all[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE};
    int prot = PICK(all);
    put(" prot %d", prot);
    return prot;
}

static void put_mapped(const void *got, const void *wanted)
{
    put(" = %s", got == wanted ? "there" : got == MAP_FAILED ? "failed" : "elsewhere");
    if (got == MAP_FAILED)
        put_result(-1);
}

static void map_memory(int share)
{
    unsigned char *at;
    size_t len = a_range(&at) - (pick(4) ? 0 : pick(PAGE));
    put_mapped(mmap(at, len, rights(), share | MAP_FIXED | MAP_ANONYMOUS, -1, 0), at);
}

static void do_map(void)
{
    map_memory(MAP_PRIVATE);
}

static void do_map_shared(void)
{
    map_memory(MAP_SHARED);
}

static void map_file(int share)
{
    unsigned char *at;
    size_t len = a_range(&at);
    int prot = rights();
    unsigned file = pick(FILES), page = pick(4);
    off_t off = (off_t)(page * PAGE) + (pick(20) == 0);
    put(" file %u at %ld", file, (long)off);
    put_mapped(mmap(at, len, prot, share | MAP_FIXED, files[file], off), at);
}

static void do_map_file(void)
{
    map_file(MAP_PRIVATE);
}

static void do_map_file_shared(void)
{
    map_file(MAP_SHARED);
}

static void do_unmap(void)
{
    unsigned char *at;
    size_t len = a_range(&at);
    put_result(munmap(at + (pick(20) == 0), pick(20) ? len : 0));
}

static void do_protect(void)
{
    unsigned char *at;
    size_t len = a_range(&at);
    const int want = rights();
    const int r = mprotect(at, len, want);
    put_result(r);
    // With a hole in the range some pages may have been changed, says POSIX: then all are.
    for (size_t done = 0; r < 0 && done < len; done += PAGE)
        mprotect(at + done, PAGE, want);
}

static void do_load(void)
{
    unsigned page = pick(PAGES), at = pick(PAGE - 8), n = 1 + pick(8);
    put(" %u.%u", page, at);
    int sig = sigsetjmp(out, 1);
    if (sig) {
        put(" %s", sig == SIGBUS ? "bus" : "segv");
        return;
    }
    unsigned char copy[8];
    for (unsigned i = 0; i < n; i++)
        copy[i] = ((volatile unsigned char *)base)[page * PAGE + at + i];
    put_data(copy, n);
}

static void do_store(void)
{
    unsigned page = pick(PAGES), at = pick(PAGE), value = 'A' + pick(26);
    put(" %u.%u", page, at);
    int sig = sigsetjmp(out, 1);
    if (sig) {
        put(" %s", sig == SIGBUS ? "bus" : "segv");
        return;
    }
    ((volatile unsigned char *)base)[page * PAGE + at] = (unsigned char)value;
    put(" stored");
}

static void do_sync(void)
{
    static const int flags[] = {MS_SYNC, MS_ASYNC,           MS_SYNC | MS_INVALIDATE,
                                0,       MS_SYNC | MS_ASYNC, 0x400};
    unsigned char *at;
    size_t len = a_range(&at);
    int how = flags[pick(4) ? pick(3) : pick(6)];
    put(" %x", (unsigned)how);
    put_result(msync(at, len, how));
}

static void do_advise(void)
{
    static const int advice[] = {MADV_NORMAL, MADV_WILLNEED, MADV_SEQUENTIAL, MADV_DONTNEED};
    unsigned char *at;
    size_t len = a_range(&at);
    int what = PICK(advice);
    put(" %d", what);
    put_result(madvise(at, len, what));
}

// System calls with buffers in the range: EFAULT where a load or store would fault.
static void do_call(void)
{
    unsigned page = pick(PAGES), at = pick(PAGE);
    unsigned file = pick(FILES);
    size_t n = 1 + pick(2 * PAGE);
    off_t off = (off_t)pick(6 * PAGE);
    if (n > PAGES * PAGE - page * PAGE - at)
        n = PAGES * PAGE - page * PAGE - at;
    unsigned char *p = base + page * PAGE + at;
    if (n > PAGE - at) // within one page: how far a call gets over two is left open
        n = PAGE - at;
    int write_it = pick(2) && file != 2;
    put(" %s %u.%u %zu file %u at %ld", write_it ? "pwrite" : "pread", page, at, n, file,
        (long)off);
    if (off + (off_t)n > (off_t)(5 * PAGE + 100) && write_it)
        off = 0;
    put_result(write_it ? pwrite(files[file], p, n, off) : pread(files[file], p, n, off));
}

static void do_file(void)
{
    unsigned char byte[4];
    unsigned file = pick(2);
    off_t off = (off_t)pick(5 * PAGE);
    put(" %u at %ld", file, (long)off);
    if (pick(2)) {
        fill_bytes(byte, sizeof byte, pick(26));
        put_result(pwrite(files[file], byte, sizeof byte, off));
    } else {
        put_result(pread(files[file], byte, sizeof byte, off));
        put_data(byte, sizeof byte);
    }
}

static void do_heap(void)
{
    size_t n = pick(3) ? pick(2000) : pick(300000);
    unsigned char *p = malloc(n), *grown;
    int clean = 1;
    if (!p && n)
        return;
    fill_bytes(p, n, 3);
    grown = realloc(p, 2 * n + 1);
    unsigned char *zero = calloc(n + 1, 3);
    for (size_t i = 0; zero && i < 3 * n; i++)
        clean &= zero[i] == 0;
    put(" %zu clean %d", n, clean);
    if (grown)
        put_data(grown, n);
    free(grown);
    free(zero);
}

static const struct op ops[] = {
    {"map", 10, do_map},          {"map-shared", 3, do_map_shared},
    {"map-file", 8, do_map_file}, {"map-file-shared", 6, do_map_file_shared},
    {"unmap", 6, do_unmap},       {"protect", 10, do_protect},
    {"load", 20, do_load},        {"store", 20, do_store},
    {"sync", 4, do_sync},         {"advise", 4, do_advise},
    {"call", 10, do_call},        {"file", 8, do_file},
    {"heap", 3, do_heap},
};

const struct area area_memory = {"memory", ops, LENGTH(ops), begin};
