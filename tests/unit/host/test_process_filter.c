// SPDX-License-Identifier: BSD-2-Clause
// The filter of picoprocesses, run by an interpreter of classic BPF: what passes, what is handed
// over, what kills, at the edges of every range and with every argument's upper half set.
#include <asm/prctl.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "host/process/filter.h"
#include "host/process/process.h"
#include "tests/unit/lib/check.h"

#define MAX   2046 // what fits into STUB_FILTER_SIZE
#define ALLOW SECCOMP_RET_ALLOW
#define ASK   SECCOMP_RET_USER_NOTIF
#define KILL  SECCOMP_RET_KILL_PROCESS
#define IMAGE 5
#define TEXT  6
#define MB    (UINT64_C(1) << 20)
#define END   (64 * MB)
#define RAM   PV_RAM_VA

static struct sock_filter code[MAX];
static int length;

// One run; -1: it left the program, or used what we do not know.
static int64_t run(const struct seccomp_data *data)
{
    uint32_t a = 0, x = 0, m = 0;
    for (int pc = 0; pc < length; pc++) {
        const struct sock_filter *i = &code[pc];
        switch (i->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            if (i->k % 4 || i->k > sizeof *data - 4)
                return -1;
            memcpy(&a, (const uint8_t *)data + i->k, sizeof a);
            break;
        case BPF_LD | BPF_IMM:
            a = i->k;
            break;
        case BPF_ST: // there is but one word
            m = a;
            break;
        case BPF_LDX | BPF_MEM:
            x = m;
            break;
        case BPF_MISC | BPF_TAX:
            x = a;
            break;
        case BPF_ALU | BPF_SUB | BPF_X:
            a -= x;
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= i->k;
            break;
        case BPF_JMP | BPF_JGE | BPF_X:
            pc += a >= x ? i->jt : i->jf;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            pc += a == i->k ? i->jt : i->jf;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            pc += a > i->k ? i->jt : i->jf;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            pc += a >= i->k ? i->jt : i->jf;
            break;
        case BPF_RET | BPF_K:
            return i->k;
        default:
            return -1;
        }
    }
    return -1;
}

static int64_t call(long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                    uint64_t a5)
{
    const struct seccomp_data data = {
        .nr = (int)nr, .arch = AUDIT_ARCH_X86_64, .args = {a0, a1, a2, a3, a4, a5}};
    return run(&data);
}

static int64_t map(uint64_t at, uint64_t len, uint64_t rights, uint64_t flags, uint64_t fd)
{
    return call(SYS_mmap, at, len, rights, flags, fd, 0);
}

static struct options opt = {.mem = END, .window_size = 64 * MB};
static struct image image = {.fd = IMAGE};
static struct process_family own = {.text_fd = TEXT};
static struct family f = {.opt = &opt, .image = &image, .own = &own};

static void set_up(void)
{
    length = process_filter(&f, code, MAX);
    CHECK(length > 100);
    CHECK_EQ(process_filter(&f, code, 100), -E2BIG);
    length = process_filter(&f, code, MAX);
}

static void test_addresses(void)
{
    const uint64_t rw = PROT_READ | PROT_WRITE,
                   anonymous = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;
    CHECK_EQ(map(RAM, 4096, rw, anonymous, UINT64_MAX), ALLOW);
    CHECK_EQ(map(RAM - 4096, 4096, rw, anonymous, UINT64_MAX), KILL);
    CHECK_EQ(map(END - 4096, 4096, rw, anonymous, UINT64_MAX), ALLOW);
    CHECK_EQ(map(END, 4096, rw, anonymous, UINT64_MAX), KILL);
    CHECK_EQ(map(RAM, END - RAM, rw, anonymous, UINT64_MAX), ALLOW);
    CHECK_EQ(map(RAM, END - RAM + 1, rw, anonymous, UINT64_MAX), KILL);
    CHECK_EQ(map(RAM | UINT64_C(1) << 32, 4096, rw, anonymous, UINT64_MAX), KILL);
    CHECK_EQ(map(RAM, 4096 | UINT64_C(1) << 32, rw, anonymous, UINT64_MAX), KILL);
    CHECK_EQ(map(STUB_SCRATCH_VA, 4096, rw, anonymous, UINT64_MAX), ALLOW);
    CHECK_EQ(map(STUB_SCRATCH_VA - 4096, 4096, rw, anonymous, UINT64_MAX), KILL);
    CHECK_EQ(map(STUB_SCRATCH_VA + STUB_SCRATCH_SIZE, 4096, rw, anonymous, UINT64_MAX), KILL);
    CHECK_EQ(map(STUB_SCRATCH_VA, 4096, PROT_READ | PROT_EXEC, anonymous, UINT64_MAX), KILL);
    const uint64_t others[] = {
        0,           PV_CALL_VA,   PV_SHARED_VA,     STUB_TEXT_VA, STUB_DATA_VA,
        PV_IMAGE_VA, PV_WINDOW_VA, UINT64_MAX - 4095};
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++) {
        CHECK_EQ(map(others[i], 4096, rw, anonymous, UINT64_MAX), KILL);
        CHECK_EQ(call(SYS_munmap, others[i], 4096, 0, 0, 0, 0), KILL);
        CHECK_EQ(call(SYS_mprotect, others[i], 4096, PROT_READ | PROT_EXEC, 0, 0, 0), KILL);
        CHECK_EQ(call(SYS_madvise, others[i], 4096, MADV_DONTNEED, 0, 0, 0), KILL);
    }
    CHECK_EQ(call(SYS_munmap, STUB_ONCE_VA, STUB_ONCE_SIZE, 0, 0, 0, 0), ALLOW);
    CHECK_EQ(call(SYS_munmap, STUB_ONCE_VA, STUB_ONCE_SIZE + 4096, 0, 0, 0, 0), KILL);
    CHECK_EQ(call(SYS_mprotect, PV_BOOT_INFO_VA, 4096, PROT_READ | PROT_WRITE, 0, 0, 0), KILL);
}

// What is made ready ahead of its use, and nothing that drops or shares what is there.
static void test_advice(void)
{
    const uint64_t platform = 2 * 4096, window_end = PV_WINDOW_VA + f.opt->window_size;
    for (int advice = 0; advice < 64; advice++) {
        const int ram = advice == MADV_DONTNEED || advice == MADV_HUGEPAGE ||
                        advice == MADV_DONTFORK || advice == MADV_DOFORK ||
                        advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE;
        const int write = advice == MADV_POPULATE_WRITE, read = advice == MADV_POPULATE_READ;
        CHECK_EQ(call(SYS_madvise, RAM, 4096, advice, 0, 0, 0), ram ? ALLOW : KILL);
        CHECK_EQ(call(SYS_madvise, PV_SHARED_VA, platform, advice, 0, 0, 0), write ? ALLOW : KILL);
        CHECK_EQ(call(SYS_madvise, PV_WINDOW_VA, 4096, advice, 0, 0, 0), read ? ALLOW : KILL);
        CHECK_EQ(call(SYS_madvise, window_end, 4096, advice, 0, 0, 0), KILL);
        CHECK_EQ(call(SYS_madvise, PV_SHARED_VA, platform + 1, advice, 0, 0, 0), KILL);
        CHECK_EQ(call(SYS_madvise, STUB_TEXT_VA, 4096, advice, 0, 0, 0), KILL);
    }
}

static void test_rights(void)
{
    const uint64_t anonymous = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;
    for (uint64_t rights = 0; rights < 16; rights++) {
        const int64_t expected = rights < 8 && (rights & 6) != 6 ? ALLOW : KILL;
        CHECK_EQ(map(RAM, 4096, rights, anonymous, UINT64_MAX), expected);
        CHECK_EQ(map(RAM, 4096, rights, MAP_PRIVATE | MAP_FIXED, IMAGE), expected);
        CHECK_EQ(call(SYS_mprotect, RAM, 4096, rights, 0, 0, 0), expected);
        CHECK_EQ(call(SYS_mprotect, RAM, 4096, rights | UINT64_C(1) << 32, 0, 0, 0), KILL);
    }
    CHECK_EQ(map(RAM, 4096, 1, MAP_SHARED | MAP_FIXED, IMAGE), KILL);
    CHECK_EQ(map(RAM, 4096, 1, MAP_PRIVATE, IMAGE), KILL);
    CHECK_EQ(map(RAM, 4096, 1, MAP_PRIVATE | MAP_FIXED, IMAGE + 1), KILL);
    CHECK_EQ(map(RAM, 4096, 1, MAP_PRIVATE | MAP_FIXED, IMAGE | UINT64_C(1) << 32), KILL);
    CHECK_EQ(map(RAM, 4096, 1, MAP_PRIVATE | MAP_FIXED | MAP_HUGETLB, IMAGE), KILL);
}

// Of the text cache: text where text may be, and its table, to one place.
static void test_text_cache(void)
{
    const uint64_t table = STUB_DATA_VA + offsetof(struct stub_state, texts),
                   size = sizeof(struct stub_texts);
    for (uint64_t rights = 0; rights < 16; rights++)
        CHECK_EQ(map(RAM, 4096, rights, MAP_PRIVATE | MAP_FIXED, TEXT), rights == 5 ? ALLOW : KILL);
    CHECK_EQ(map(RAM, 4096, 5, MAP_SHARED | MAP_FIXED, TEXT), KILL);
    CHECK_EQ(map(STUB_TEXT_VA, 4096, 5, MAP_PRIVATE | MAP_FIXED, TEXT), KILL);
    CHECK_EQ(call(SYS_pread64, TEXT, table, size, TEXTCACHE_SIZE, 0, 0), ALLOW);
    CHECK_EQ(call(SYS_pread64, TEXT, RAM, size, TEXTCACHE_SIZE, 0, 0), KILL);
    CHECK_EQ(call(SYS_pread64, TEXT, table, size + 1, TEXTCACHE_SIZE, 0, 0), KILL);
    CHECK_EQ(call(SYS_pread64, TEXT, table, size, 0, 0, 0), KILL);
    CHECK_EQ(call(SYS_pread64, IMAGE, table, size, TEXTCACHE_SIZE, 0, 0), KILL);
    CHECK_EQ(call(SYS_pwrite64, TEXT, table, size, TEXTCACHE_SIZE, 0, 0), KILL);
}

static void test_members(void)
{
    const uint64_t flags = 0x108000 | SIGCHLD, door = stub_door(1); // CLONE_PARENT, PARENT_SETTID
    CHECK_EQ(call(SYS_clone, flags, 0, door, 0, 0, 1), ASK);
    CHECK_EQ(call(SYS_clone, flags, 0, door, 0, 0, PV_MAX_SLOTS), ASK);
    CHECK_EQ(call(SYS_clone, flags, 0, RAM, 0, 0, 1), KILL);
    CHECK_EQ(call(SYS_clone, flags, 0, door, 0, 0, 0), KILL);
    CHECK_EQ(call(SYS_clone, flags, 0, door, 0, 0, PV_MAX_SLOTS + 1), KILL);
    CHECK_EQ(call(SYS_clone, flags, 0, door, 0, 0, UINT64_C(1) << 32 | 1), KILL);
    CHECK_EQ(call(SYS_clone, flags, RAM, door, 0, 0, 1), KILL);
    for (int bit = 0; bit < 64; bit++)
        CHECK_EQ(call(SYS_clone, flags ^ UINT64_C(1) << bit, 0, door, 0, 0, 1), KILL);
    for (long nr = STUB_REPORT; nr < STUB_NOTE_END; nr++)
        CHECK_EQ(call(nr, 1, 0, 0, 0, 0, 0), nr < STUB_WROTE ? ASK : KILL);
    CHECK_EQ(call(STUB_NOTE_END, 1, 0, 0, 0, 0, 0), KILL);
    CHECK_EQ(call(STUB_KICK, 1, 2, 0, 0, 0, 0), KILL);
    CHECK_EQ(call(STUB_KILL, UINT64_C(1) << 32 | 1, 0, 0, 0, 0, 0), KILL);
    CHECK_EQ(call(STUB_EXIT, 0x10000, 0, 0, 0, 0, 0), KILL);
}

// Where a template is made or rehearsed, or a client waited for, three more numbers are handed
// over, and that is all.
static void test_templates(void)
{
    const int plain = length;
    struct ready ready = {0};
    for (int i = 0; i < 3; i++) {
        opt.until = i == 0 ? "READY" : NULL;
        f.rehearsal = i == 1;
        f.ready = i == 2 ? &ready : NULL;
        length = process_filter(&f, code, MAX);
        CHECK(length > plain);
        CHECK_EQ(call(STUB_WROTE, RAM, 1 << 20, 0, 0, 0, 0), ASK);
        CHECK_EQ(call(STUB_WROTE, RAM, (1 << 20) + 1, 0, 0, 0, 0), KILL);
        CHECK_EQ(call(STUB_WROTE, RAM, UINT64_C(1) << 32, 0, 0, 0, 0), KILL);
        CHECK_EQ(call(STUB_SAVE, 0, 0, 0, 0, 0, 0), ASK);
        CHECK_EQ(call(STUB_READY, 0, 0, 0, 0, 0, 0), ASK);
        CHECK_EQ(call(STUB_NOTE_END, 0, 0, 0, 0, 0, 0), KILL);
        CHECK_EQ(call(SYS_pwrite64, 4, RAM, 1, 0, 0, 0), KILL);
        CHECK_EQ(call(SYS_recvmsg, 3, RAM, 0, 0, 0, 0), KILL);
    }
    f.ready = NULL;
    set_up();
    CHECK_EQ(length, plain);
}

static void test_others(void)
{
    CHECK_EQ(call(SYS_futex, PV_WINDOW_VA, FUTEX_WAIT, 0, 0, 0, 0), ALLOW);
    CHECK_EQ(call(SYS_futex, PV_WINDOW_VA, FUTEX_LOCK_PI, 0, 0, 0, 0), KILL);
    CHECK_EQ(call(SYS_futex, PV_WINDOW_VA + 64 * MB, FUTEX_WAKE, 0, 0, 0, 0), KILL);
    CHECK_EQ(call(SYS_futex, PV_IMAGE_VA, FUTEX_WAKE, 0, 0, 0, 0), KILL); // other families have it
    for (uint64_t fd = 0; fd < 8; fd++) {
        CHECK_EQ(call(SYS_preadv2, fd, 0, 1, UINT64_MAX, 0, 0), fd < 3 ? ALLOW : KILL);
        CHECK_EQ(call(SYS_pwritev2, fd, 0, 1, UINT64_MAX, 0, RWF_NOWAIT), fd < 3 ? ALLOW : KILL);
        CHECK_EQ(call(SYS_preadv2, fd, 0, 1, 0, 0, 0), KILL);              // at a place
        CHECK_EQ(call(SYS_pwritev2, fd, 0, 1, UINT64_MAX, 0, 0x20), KILL); // at its beginning
        CHECK_EQ(call(SYS_pwritev2, fd, 0, 2, UINT64_MAX, 0, 0), KILL);
        CHECK_EQ(call(SYS_pwritev2, fd | UINT64_C(1) << 32, 0, 0, 0, 0, 0), KILL);
    }
    // Where it may run itself, and nobody else.
    CHECK_EQ(call(SYS_sched_setaffinity, 0, 128, 0, 0, 0, 0), ALLOW);
    CHECK_EQ(call(SYS_sched_setaffinity, 0, 8, 0, 0, 0, 0), KILL);
    CHECK_EQ(call(SYS_sched_setaffinity, 1, 128, 0, 0, 0, 0), KILL);
    CHECK_EQ(call(SYS_sched_setaffinity, UINT64_C(1) << 32, 128, 0, 0, 0, 0), KILL);
    CHECK_EQ(call(SYS_sched_getaffinity, 1, 128, 0, 0, 0, 0), KILL);
    CHECK_EQ(call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0), ALLOW);
    CHECK_EQ(call(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0, 0), KILL);
    CHECK_EQ(call(SYS_arch_prctl, ARCH_SET_FS, 0, 0, 0, 0, 0), ALLOW);
    CHECK_EQ(call(SYS_arch_prctl, ARCH_GET_FS, 0, 0, 0, 0, 0), KILL);
    // Every other call there is, with arguments that would suit some of ours.
    int passed = 0;
    for (long nr = 0; nr < 600; nr++)
        passed += call(nr, RAM, 4096, 0, 0, 0, 0) != KILL;
    CHECK(passed > 5 && passed < 18);
    // Another architecture, and x32, whatever the number.
    struct seccomp_data data = {.nr = SYS_getppid, .arch = AUDIT_ARCH_I386};
    CHECK_EQ(run(&data), KILL);
    CHECK_EQ(call(0x40000000 | SYS_getppid, 0, 0, 0, 0, 0, 0), KILL);
    CHECK_EQ(call(SYS_getppid, 0, 0, 0, 0, 0, 0), ALLOW);
}

// --- disks ---

#define WRITABLE 6
#define READABLE 7
#define SMALL    8
#define LARGE    9

static void set_up_disks(void)
{
    static struct options opt = {.mem = END, .window_size = 64 * MB};
    static struct image image = {.fd = IMAGE};
    static struct process_family own = {.text_fd = LARGE + 1};
    static struct family f = {.opt = &opt,
                              .image = &image,
                              .own = &own,
                              .disks = {{.fd = WRITABLE, .sectors = MB / 512},
                                        {.fd = READABLE, .read_only = 1, .sectors = MB / 512},
                                        {.fd = SMALL, .sectors = 3},
                                        // Its last piece lies on both sides of 4 GB.
                                        {.fd = LARGE, .sectors = (4096 * MB + 512) / 512}},
                              .ndisks = 4};
    length = process_filter(&f, code, MAX);
    CHECK(length > 100); // as many as there can be, and the filter has room
}

static int64_t at_disk(long nr, uint64_t fd, uint64_t len, uint64_t off)
{
    return call(nr, fd, PV_DMA_VA, len, off, 0, 0);
}

// Around the end of a disk: what goes beyond it by a byte does not pass.
static void check_end(uint64_t fd, uint64_t end, int64_t wanted)
{
    const uint64_t lengths[] = {0, 1, 3, 511, 512, 4096, STUB_DISK_PIECE - 1, STUB_DISK_PIECE};
    for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        const uint64_t len = lengths[i];
        if (len > end)
            continue;
        const uint64_t last = len ? end - len : end - 1;
        CHECK_EQ(at_disk(SYS_pwrite64, fd, len, last), wanted);
        CHECK_EQ(at_disk(SYS_pread64, fd, len, last), ALLOW);
        CHECK_EQ(at_disk(SYS_pwrite64, fd, len, last + 1), KILL);
        CHECK_EQ(at_disk(SYS_pread64, fd, len, last + 1), KILL);
        CHECK_EQ(at_disk(SYS_pwrite64, fd, len, 0), wanted);
        CHECK_EQ(at_disk(SYS_pwrite64, fd, len, last / 2), wanted);
        // Words whose low half would do, and those that would wrap.
        CHECK_EQ(at_disk(SYS_pwrite64, fd, len, last | UINT64_C(1) << 40), KILL);
        CHECK_EQ(at_disk(SYS_pwrite64, fd, len | UINT64_C(1) << 32, 0), KILL);
        CHECK_EQ(at_disk(SYS_pwrite64, fd, len, -len), len == 0 ? wanted : KILL);
        CHECK_EQ(at_disk(SYS_pread64, fd, len, -len), len == 0 ? ALLOW : KILL);
    }
    CHECK_EQ(at_disk(SYS_pwrite64, fd, STUB_DISK_PIECE + 1, 0), KILL);
    CHECK_EQ(at_disk(SYS_pread64, fd, STUB_DISK_PIECE + 1, 0), KILL);
    CHECK_EQ(at_disk(SYS_pwrite64, fd, UINT64_MAX, 0), KILL);
    CHECK_EQ(at_disk(SYS_pwrite64, fd, 512, UINT64_MAX), KILL);
    CHECK_EQ(at_disk(SYS_pwrite64, fd, 512, INT64_MAX), KILL);
}

// Every position near the end, every length that is near to what is left.
static void test_every_end(void)
{
    const uint64_t end = 4096 * MB + 512;
    for (uint64_t back = 0; back <= 2 * STUB_DISK_PIECE; back += back < 1024 ? 1 : 509)
        for (uint64_t len = back < 2 ? 0 : back - 2; len <= back + 2; len++) {
            const int fits = len <= STUB_DISK_PIECE && back && len <= back;
            CHECK_EQ(at_disk(SYS_pwrite64, LARGE, len, end - back), fits ? ALLOW : KILL);
        }
}

static void test_disks(void)
{
    check_end(WRITABLE, MB, ALLOW);
    check_end(READABLE, MB, KILL);
    check_end(SMALL, 3 * 512, ALLOW);
    check_end(LARGE, 4096 * MB + 512, ALLOW);
    for (uint64_t fd = 0; fd < 16; fd++) {
        const int is_disk = fd >= WRITABLE && fd <= LARGE;
        CHECK_EQ(at_disk(SYS_pread64, fd, 512, 0), is_disk ? ALLOW : KILL);
        CHECK_EQ(at_disk(SYS_pwrite64, fd, 512, 0), is_disk && fd != READABLE ? ALLOW : KILL);
        CHECK_EQ(call(SYS_fdatasync, fd, 0, 0, 0, 0, 0), is_disk ? ALLOW : KILL);
        CHECK_EQ(call(SYS_lseek, fd, 0, 2, 0, 0, 0), is_disk ? ALLOW : KILL);
        CHECK_EQ(at_disk(SYS_pread64, fd | UINT64_C(1) << 32, 512, 0), KILL);
        CHECK_EQ(call(SYS_lseek, fd, 0, 0, 0, 0, 0), KILL);
        CHECK_EQ(call(SYS_lseek, fd, 1, 2, 0, 0, 0), KILL);
        CHECK_EQ(call(SYS_ftruncate, fd, 0, 0, 0, 0, 0), KILL);
        CHECK_EQ(call(SYS_fallocate, fd, 0, 0, 512, 0, 0), KILL);
        CHECK_EQ(call(SYS_preadv2, fd, 0, 1, UINT64_MAX, 0, 0), fd < 3 ? ALLOW : KILL);
        CHECK_EQ(map(RAM, 4096, 3, MAP_PRIVATE | MAP_FIXED, fd), fd == IMAGE ? ALLOW : KILL);
    }
    // Memory: that of devices, and it can be zeroed, all of it.
    CHECK_EQ(call(SYS_pread64, WRITABLE, PV_DMA_VA - 1, 1, 0, 0, 0), KILL);
    CHECK_EQ(call(SYS_pread64, WRITABLE, PV_DMA_VA + PV_DMA_SIZE, 1, 0, 0, 0), KILL);
    CHECK_EQ(call(SYS_pread64, WRITABLE, RAM, 1, 0, 0, 0), KILL);
    CHECK_EQ(call(SYS_madvise, PV_DMA_VA, PV_DMA_SIZE, MADV_DONTNEED, 0, 0, 0), ALLOW);
    CHECK_EQ(call(SYS_madvise, PV_DMA_VA, PV_DMA_SIZE + 1, MADV_DONTNEED, 0, 0, 0), KILL);
    CHECK_EQ(call(SYS_mprotect, PV_DMA_VA, PV_DMA_SIZE, 5, 0, 0, 0), KILL);
}

int main(void)
{
    set_up();
    CHECK_EQ(at_disk(SYS_pread64, WRITABLE, 512, 0), KILL);
    test_addresses();
    test_advice();
    test_rights();
    test_text_cache();
    test_members();
    test_others();
    test_templates();
    set_up_disks();
    test_disks();
    test_every_end();
    return check_done("process_filter");
}
