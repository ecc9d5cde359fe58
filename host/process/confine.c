// SPDX-License-Identifier: BSD-2-Clause
// What a picoprocess may do. The guest and the stub are one process, so this is the whole boundary:
// the guest is taken to make any system call it likes, with any arguments.
//
// Nothing that decides anything is behind a pointer, where the guest could change it after the
// look. Addresses are bounded so that a member can change its own RAM and its scratch, and neither
// stub, platform pages, image nor window. docs/confinement.md has a reason for every line.
// Neighbours: filter.c (how rules become a filter), notify.c (the calls handed over).

#include <asm/prctl.h>
#include <errno.h>
#include <linux/futex.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "host/process/filter.h"
#include "host/process/process.h"

#define IS(n, v)                                                                                   \
    {                                                                                              \
        FILTER_EQUAL, n, v, 0                                                                      \
    }
#define IN(n, from, to)                                                                            \
    {                                                                                              \
        FILTER_RANGE, n, from, to                                                                  \
    }
#define BITS(n, mask, v)                                                                           \
    {                                                                                              \
        FILTER_BITS, n, mask, v                                                                    \
    }
#define NOT(n, mask, v)                                                                            \
    {                                                                                              \
        FILTER_NOT_BITS, n, mask, v                                                                \
    }
// An even number and the next one: of advice, the pairs READ and WRITE, DONTFORK and DOFORK.
#define ONE_OF(n, even) BITS(n, ~UINT64_C(1), even)
#define ROOM(n, end, length)                                                                       \
    {                                                                                              \
        FILTER_ROOM, n, end, length                                                                \
    }
#define RULE(name, ...)                                                                            \
    {                                                                                              \
        SYS_##name, SECCOMP_RET_ALLOW,                                                             \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define ASK(number, ...)                                                                           \
    {                                                                                              \
        number, SECCOMP_RET_USER_NOTIF,                                                            \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define STDIO(n) IN(n, 0, 3)

#define DISK_RULES 6 // of one that may be written

// Rights never beyond read, write and execute, and never the last two together.
#define W_X            (PROT_WRITE | PROT_EXEC)
#define RIGHTS(n)      BITS(n, ~UINT64_C(7), 0), NOT(n, W_X, W_X)
#define TEMPLATE_RULES 3u
#define ANONYMOUS      (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE)

#define BUFFER IN(1, PV_DMA_VA, PV_DMA_VA + PV_DMA_SIZE), IN(2, 0, STUB_DISK_PIECE + 1)

// What can be done with one disk: bytes up to the end it had when it was opened, no further. Near
// the end the length counts, before it none does.
static unsigned disk_rules(struct filter_rule *to, const struct disk *disk)
{
    const uint64_t fd = (uint32_t)disk->fd, end = disk->sectors * VIRTIO_BLK_SECTOR;
    const uint64_t near = end > STUB_DISK_PIECE ? end - STUB_DISK_PIECE : 0;
    const struct filter_rule rules[] = {
        RULE(pread64, IS(0, fd), BUFFER, IN(3, 0, near)),
        RULE(pread64, IS(0, fd), BUFFER, IN(3, near, end), ROOM(3, end, 2)),
        RULE(lseek, IS(0, fd), IS(1, 0), IS(2, SEEK_END)),
        RULE(fdatasync, IS(0, fd)),
        RULE(pwrite64, IS(0, fd), BUFFER, IN(3, 0, near)),
        RULE(pwrite64, IS(0, fd), BUFFER, IN(3, near, end), ROOM(3, end, 2)),
    };
    const unsigned n = disk->read_only ? 4 : DISK_RULES;
    _Static_assert(sizeof rules / sizeof rules[0] == DISK_RULES, "the last two write");
    memcpy(to, rules, n * sizeof rules[0]);
    return n;
}

// The rules of a family's disks, of which there may be none.
static unsigned disks_rules(struct filter_rule *to, const struct family *f)
{
    const struct filter_rule zeroed =
        RULE(madvise, IS(0, PV_DMA_VA), IS(1, PV_DMA_SIZE), IS(2, MADV_DONTNEED));
    unsigned n = 0;
    if (f->ndisks)
        to[n++] = zeroed;
    for (uint32_t i = 0; i < f->ndisks; i++)
        n += disk_rules(to + n, &f->disks[i]);
    return n;
}

_Static_assert(MADV_POPULATE_READ % 2 == 0 && MADV_POPULATE_WRITE == MADV_POPULATE_READ + 1 &&
                   MADV_DONTFORK % 2 == 0 && MADV_DOFORK == MADV_DONTFORK + 1,
               "ONE_OF");

int process_filter(const struct family *f, struct sock_filter *code, unsigned max)
{
    // An address below the end and a length up to the size come to at most twice the end, 16 GB,
    // and nothing but RAM lies below the scratch.
    const uint64_t ram = PV_RAM_VA, end = f->opt->mem, size = end - ram + 1;
    const uint64_t scratch = STUB_SCRATCH_VA, scratch_end = scratch + STUB_SCRATCH_SIZE;
    const uint64_t window = PV_WINDOW_VA, window_end = window + f->opt->window_size;
    const uint64_t image = (uint64_t)f->image->fd, text = (uint32_t)process_of(f)->text_fd;
    const struct filter_rule common[] = {
        // Blocking and waking, most often of all.
        RULE(futex, IN(0, window, window_end), IS(1, FUTEX_WAIT)),
        RULE(futex, IN(0, window, window_end), IS(1, FUTEX_WAKE)),
        RULE(futex, IS(0, STUB_HELLO_VA), IS(1, FUTEX_WAKE)),
        // Where the descriptor stands and no flag but one: a place, or not to append, reaches what
        // others have written, or have read.
        RULE(preadv2, STDIO(0), IS(2, 1), IS(3, UINT64_MAX), BITS(5, ~(uint64_t)RWF_NOWAIT, 0)),
        RULE(pwritev2, STDIO(0), IS(2, 1), IS(3, UINT64_MAX), BITS(5, ~(uint64_t)RWF_NOWAIT, 0)),
        RULE(rt_sigprocmask),
        RULE(rt_sigreturn),
        RULE(sched_yield),
        // Where its own threads, of which there is one, may run.
        RULE(getcpu),
        RULE(sched_getaffinity, IS(0, 0)),
        RULE(sched_setaffinity, IS(0, 0), IS(1, STUB_CPU_WORDS * 8)),
        RULE(ppoll),
        RULE(restart_syscall),
        RULE(setitimer, IS(0, ITIMER_REAL)),
        // Memory.
        RULE(madvise, IN(0, ram, end), IN(1, 0, size), IS(2, MADV_DONTNEED)),
        RULE(madvise, IN(0, ram, end), IN(1, 0, size), IS(2, MADV_HUGEPAGE)),
        RULE(madvise, IN(0, ram, end), IN(1, 0, size), ONE_OF(2, MADV_POPULATE_READ)),
        RULE(madvise, IN(0, ram, end), IN(1, 0, size), ONE_OF(2, MADV_DONTFORK)),
        RULE(madvise, IN(0, scratch, scratch_end), IN(1, 0, STUB_SCRATCH_SIZE + 1),
             IS(2, MADV_POPULATE_WRITE)),
        RULE(madvise, IS(0, PV_SHARED_VA), IN(1, 0, 2 * 4096 + 1), IS(2, MADV_POPULATE_WRITE)),
        RULE(madvise, IN(0, window, window_end), IN(1, 0, f->opt->window_size + 1),
             IS(2, MADV_POPULATE_READ)),
        RULE(mprotect, IN(0, ram, end), IN(1, 0, size), RIGHTS(2)),
        RULE(mmap, IN(0, ram, end), IN(1, 0, size), RIGHTS(2), IS(3, ANONYMOUS)),
        RULE(mmap, IN(0, ram, end), IN(1, 0, size), RIGHTS(2), IS(3, MAP_PRIVATE | MAP_FIXED),
             IS(4, image)),
        // Text from the cache. Without one the descriptor is one that cannot be.
        RULE(mmap, IN(0, ram, end), IN(1, 0, size), IS(2, PROT_READ | PROT_EXEC),
             IS(3, MAP_PRIVATE | MAP_FIXED), IS(4, text)),
        RULE(pread64, IS(0, text), IS(1, STUB_DATA_VA + offsetof(struct stub_state, texts)),
             IS(2, sizeof(struct stub_texts)), IS(3, STUB_TEXTS_OFF)),
        RULE(mmap, IN(0, scratch, scratch_end), IN(1, 0, STUB_SCRATCH_SIZE + 1),
             BITS(2, ~UINT64_C(3), 0), IS(3, ANONYMOUS)),
        RULE(munmap, IN(0, ram, end), IN(1, 0, size)),
        RULE(munmap, IN(0, scratch, scratch_end), IN(1, 0, STUB_SCRATCH_SIZE + 1)),
        RULE(munmap, IS(0, STUB_ONCE_VA), IS(1, STUB_ONCE_SIZE)),
        // Members.
        ASK(SYS_clone, IS(0, STUB_CLONE_FLAGS), IS(1, 0), IN(2, window, window_end),
            IN(5, 1, PV_MAX_SLOTS + 1)),
        ASK(STUB_REPORT, IS(0, 1)),
        ASK(STUB_KICK, IN(0, 1, PV_MAX_SLOTS + 1), BITS(1, ~UINT64_C(1), 0)),
        ASK(STUB_KILL, IN(0, 1, PV_MAX_SLOTS + 1)),
        ASK(STUB_EXIT, IN(0, 0, 0x10000)),
        ASK(STUB_UNCLAIM, IN(0, 1, PV_MAX_SLOTS + 1)),
        ASK(STUB_EXEC, IN(0, 0, UINT64_C(1) << 32)),
        RULE(getppid),
        RULE(prctl, IS(0, PR_SET_PDEATHSIG), IS(1, SIGKILL)),
        RULE(getrandom),
        RULE(arch_prctl, IS(0, ARCH_SET_FS)),
        RULE(close_range),
        RULE(exit_group),
        // The last TEMPLATE_RULES: where a template is made, or a client waited for.
        ASK(STUB_WROTE, IN(1, 0, (1u << 20) + 1)),
        ASK(STUB_SAVE),
        ASK(STUB_READY),
    };
    const int templates = f->opt->until || f->rehearsal || f->ready;
    const unsigned all = sizeof common / sizeof common[0],
                   n = templates ? all : all - TEMPLATE_RULES;
    struct filter_rule rules[sizeof common / sizeof common[0] + DISKS_MAX * DISK_RULES + 1];
    memcpy(rules, common, n * sizeof common[0]);
    return filter_build(rules, n + disks_rules(rules + n, f), code, max);
}

// Landlock (Linux 5.13): no file may be opened, whatever else should fail. Where there is none, the
// filter knows no call that could.
static int no_files(void)
{
    const struct landlock_ruleset_attr attr = {.handled_access_fs = (UINT64_C(1) << 13) - 1};
    long fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (fd < 0)
        return errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM ? 0 : -errno;
    long r = syscall(SYS_landlock_restrict_self, fd, 0);
    int e = errno;
    close((int)fd);
    return r < 0 ? -e : 0;
}

static int limit(int what, rlim_t n)
{
    const struct rlimit l = {n, n};
    return setrlimit(what, &l) < 0 ? -errno : 0;
}

int process_drop_rights(const struct family *f, const char **what)
{
    // All that can be mapped, twice: an EXEC has old and new segments for a moment.
    const rlim_t memory =
        2 * f->opt->mem + f->window_size + f->image->size + STUB_SCRATCH_SIZE + (64u << 20);
    int r;
    *what = "no_new_privs";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    // A debugger without privileges reads the memory of dumpable processes only.
    if (f->gdb_fd < 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return -errno;
    *what = "Landlock";
    if ((r = no_files()) < 0)
        return r;
    *what = "limits";
    if ((r = limit(RLIMIT_CORE, 0)) < 0)
        return r;
    return limit(RLIMIT_AS, memory);
}
