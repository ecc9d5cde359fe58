// SPDX-License-Identifier: BSD-2-Clause
// What the host's kernel says of written pages, on a RAM of our own that a child shares: exactly
// the pages written since the fork, whatever wrote them, and where there is private memory at all.
// And the code that warms a VM up, run here.
#include "host/kvm/spare/dirty.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/pv.h"
#include "abi/x86.h"
#include "host/kvm/spare/warm.h"
#include "tests/unit/lib/check.h"

#define RAM   (UINT64_C(64) << 20)
#define START PV_PLATFORM_VA

static struct vm vm;
static int pagemap;

static uint8_t *map_ram(void)
{
    vm.mem.ram =
        mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    vm.mem.ram_size = RAM;
    pagemap = open("/proc/self/pagemap", O_RDONLY);
    CHECK(vm.mem.ram != MAP_FAILED && pagemap >= 0);
    return vm.mem.ram;
}

// A process that shares all of our memory until it is told to end.
static pid_t share(void)
{
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    munmap(vm.mem.ram, RAM);
    close(pagemap);
}

// Whether this kernel can tell at all (Linux 6.7).
static int can_tell(void)
{
    uint64_t pages[1];
    int r = dirty_pages(&vm, pagemap, pages, 1);
    return r != -ENOTTY && r != -EINVAL;
}

static void test_written(void)
{
    uint8_t *ram = map_ram();
    uint64_t pages[16];
    memset(ram + START, 1, 100 * X86_PAGE);
    pid_t pid = share();
    if (can_tell()) {
        volatile uint8_t seen = ram[START + 3 * X86_PAGE]; // read only
        (void)seen;
        ram[START + 5 * X86_PAGE] = 2;
        ram[START + 99 * X86_PAGE + 4095] = 2;
        ram[RAM - 1] = 2; // not there before
        int fd = open("/proc/self/stat", O_RDONLY);
        CHECK(read(fd, ram + START + 7 * X86_PAGE, 8) == 8); // by the kernel
        close(fd);
        CHECK_EQ(dirty_pages(&vm, pagemap, pages, 16), 4);
        CHECK_EQ(pages[0], START + 5 * X86_PAGE);
        CHECK_EQ(pages[1], START + 7 * X86_PAGE);
        CHECK_EQ(pages[2], START + 99 * X86_PAGE);
        CHECK_EQ(pages[3], RAM - X86_PAGE);
        CHECK_EQ(dirty_pages(&vm, pagemap, pages, 3), -E2BIG);
    }
    end(pid);
}

// A page of a file is not private memory until it is written.
static void test_file(void)
{
    uint8_t *ram = map_ram();
    uint64_t pages[16];
    int fd = open("/proc/self/exe", O_RDONLY);
    CHECK(mmap(ram + START, 4 * X86_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0) !=
          MAP_FAILED);
    close(fd);
    pid_t pid = share();
    if (can_tell()) {
        volatile uint8_t seen = ram[START];
        (void)seen;
        CHECK_EQ(dirty_pages(&vm, pagemap, pages, 16), 0);
        ram[START + X86_PAGE] = 1;
        CHECK_EQ(dirty_pages(&vm, pagemap, pages, 16), 1);
        CHECK_EQ(pages[0], START + X86_PAGE);
    }
    end(pid);
}

// On a huge page, which a write splits.
static void test_huge(void)
{
    uint8_t *ram = map_ram();
    uint64_t pages[16];
    uint64_t at = (START + X86_PAGE_2M) & ~(X86_PAGE_2M - 1);
    at += X86_PAGE_2M - ((uintptr_t)ram + at) % X86_PAGE_2M;
    madvise(ram + at, 2 * X86_PAGE_2M, MADV_HUGEPAGE);
    memset(ram + at, 1, 2 * X86_PAGE_2M);
    pid_t pid = share();
    if (can_tell()) {
        ram[at + 17 * X86_PAGE] = 2;
        CHECK_EQ(dirty_pages(&vm, pagemap, pages, 16), 1);
        CHECK_EQ(pages[0], at + 17 * X86_PAGE);
    }
    end(pid);
}

static void test_private(void)
{
    uint8_t *ram = map_ram();
    struct dirty_range ranges[4];
    memset(ram + START, 1, 10 * X86_PAGE);
    memset(ram + START + 50 * X86_PAGE, 1, X86_PAGE);
    pid_t pid = share();
    if (can_tell()) {
        CHECK_EQ(dirty_private(&vm, pagemap, ranges, 4), 2);
        CHECK_EQ(ranges[0].start, START);
        CHECK_EQ(ranges[0].end, START + 10 * X86_PAGE);
        CHECK_EQ(ranges[1].start, START + 50 * X86_PAGE);
        CHECK_EQ(dirty_private(&vm, pagemap, ranges, 1), 1);
    }
    end(pid);
}

// The code must end within its room, with the port write, and consist of as many instructions as
// there are addresses: each LOCK OR begins with 0xf0, each CMP has its opcode.
static void test_warm_code(void)
{
    uint8_t code[WARM_CODE_MAX + 1];
    unsigned ors = 0, end_at = 0;
    memset(code, 0xcc, sizeof code);
    warm_code(code);
    for (unsigned i = 0; i < WARM_CODE_MAX; i++)
        ors += code[i] == 0xf0;
    CHECK_EQ(ors, WARM_WRITES);
    while (end_at < WARM_CODE_MAX && code[end_at] != 0xe7) // OUT %eax, $port
        end_at++;
    CHECK(end_at + 2 <= WARM_CODE_MAX);
    CHECK_EQ(code[end_at + 2], 0xcc);
    CHECK_EQ(code[WARM_CODE_MAX], 0xcc);
}

int main(void)
{
    RUN(test_written);
    RUN(test_file);
    RUN(test_huge);
    RUN(test_private);
    RUN(test_warm_code);
    return check_done("dirty");
}
