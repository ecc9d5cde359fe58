// SPDX-License-Identifier: BSD-2-Clause
// The QEMU back end: its table, finding QEMU, and how a family's memory lies on the host.
// Neighbours: qemu.h (all parts of it), backend.h (the contract), kvm.c (the other one).

#include "host/qemu/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "abi/x86.h"
#include "host/family/supervisor_private.h"
#include "host/family/hugemem.h"
#include "host/image/shim_blob.h"

// One family in each supervisor, and so in each monitor.
static struct qemu_family the_family;

// By PATH, as execvp() would. QEMU is started by its path later, since PATH may be another's by
// then.
static int find_binary(char *path, size_t len)
{
    const char *dirs = getenv("PATH");
    for (const char *p = dirs ? dirs : "/usr/bin"; *p;) {
        size_t n = strcspn(p, ":");
        int m = snprintf(path, len, "%.*s/%s", (int)n, p, QEMU_BINARY);
        if (n && m > 0 && (size_t)m < len && access(path, X_OK) == 0)
            return 0;
        p += n + (p[n] == ':');
    }
    return -1;
}

// Whether QEMU can use it: a device of that name is not enough.
static int kvm_works(const char *device)
{
    int fd = open(device, O_RDWR | O_CLOEXEC);
    int works = fd >= 0 && ioctl(fd, KVM_GET_API_VERSION, 0) == KVM_API_VERSION;
    if (fd >= 0)
        close(fd);
    return works;
}

static int qemu_open(struct family *f, char *err, size_t errlen)
{
    const struct options *opt = f->opt;
    if (find_binary(the_family.binary, sizeof the_family.binary) < 0) {
        snprintf(err, errlen, "%s is not there (Debian: apt-get install %s)", QEMU_BINARY,
                 QEMU_PACKAGE);
        return -ENOENT;
    }
    the_family.accel = opt->accel;
    if (!the_family.accel) {
        // QEMU knows the device by one name only.
        the_family.accel = !strcmp(opt->kvm, "/dev/kvm") && kvm_works(opt->kvm) ? "kvm" : "tcg";
    }
    f->own = &the_family;
    return 0;
}

static uint64_t whole(uint64_t size)
{
    return (size + X86_PAGE_2M - 1) & ~(X86_PAGE_2M - 1);
}

// 0 or -errno: a memfd of `size` bytes that starts with `len` bytes of `data`.
static int make_memfd(const char *name, uint64_t size, const void *data, size_t len)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (ftruncate(fd, (off_t)size) == 0 && (!len || write(fd, data, len) == (ssize_t)len))
        return fd;
    int e = errno;
    close(fd);
    return -e;
}

static int copy_image(const struct family *f)
{
    uint64_t at = 0;
    while (at < f->image->size) {
        ssize_t n = pread(f->image->fd, f->image_map + at, f->image->size - at, (off_t)at);
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        at += (uint64_t)n;
    }
    // From here on only a guest's ring 0 could change it, and that is the shim.
    return mprotect(f->image_map, whole(f->image->size), PROT_READ) < 0 ? -errno : 0;
}

// RAM of this process' VM (mapped by the monitor), then the family's: as the guest sees it.
static int map_all(struct family *f)
{
    f->arena_size = the_family.ram + the_family.shared;
    f->arena = hugemem_reserve(f->arena_size);
    if (!f->arena)
        return -errno;
    f->window = f->arena + the_family.ram;
    f->window_size = the_family.window;
    f->image_map = f->window + the_family.window;
    if (mmap(f->window, the_family.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
             the_family.shared_fd, 0) == MAP_FAILED)
        return -errno;
    family_window_init(f);
    return copy_image(f);
}

// Each VM costs the supervisor three descriptors or so.
static void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int qemu_memory(struct family *f, char *err, size_t errlen)
{
    const struct options *opt = f->opt;
    int r = 0;
    the_family.ram = whole(opt->mem + QEMU_SHIM_ROOM(opt->mem));
    the_family.window = opt->window_size;
    the_family.image = f->image->size;
    the_family.shared = the_family.window + whole(the_family.image) + QEMU_PAD;
    // Both back ends are one piece of guest-physical memory; the window follows right after RAM.
    if (the_family.ram + the_family.shared > QEMU_RAM_LIMIT) {
        snprintf(err, errlen, "a VM of QEMU has %llu MB for --mem, --window-size and the image",
                 (unsigned long long)(QEMU_RAM_LIMIT >> 20));
        return -ENOMEM;
    }
    the_family.disks = f->disks;
    the_family.ndisks = f->ndisks;
    raise_limit();
    the_family.shim_fd = make_memfd("ramet-shim", 0, shim_elf, shim_elf_size());
    the_family.shared_fd =
        the_family.shim_fd < 0 ? -1 : make_memfd("ramet-shared", the_family.shared, NULL, 0);
    if (the_family.shim_fd < 0 || the_family.shared_fd < 0)
        r = the_family.shim_fd < 0 ? the_family.shim_fd : the_family.shared_fd;
    if (r == 0)
        r = map_all(f);
    if (r == 0)
        r = qemu_pool_init(&the_family, opt->pool, opt->max_procs);
    if (r < 0)
        snprintf(err, errlen, "cannot make the family's memory: %s", strerror(-r));
    return r;
}

// ---- in the supervisor (backend.h) ----

static int poll_fd(const struct family *f)
{
    return qemu_pool_fd(qemu_of(f)->pool);
}

static int refill(struct supervisor *s)
{
    return qemu_pool_refill(qemu_of(s->f)->pool);
}

// Of the descriptors that came along the last one is the lease; whatever else a monitor may have
// sent is closed.
static void message(struct supervisor *s, const struct family_msg *msg, int *fds, unsigned nfds)
{
    if (msg->op == QEMU_MESSAGE_TAKE && nfds)
        qemu_pool_request(qemu_of(s->f)->pool, msg->slot == 1, fds[--nfds]);
    while (nfds)
        close(fds[--nfds]);
}

// A QEMU is a child of the supervisor too, but no member: its end is told by the lease.
static uint32_t reaped(struct supervisor *s, pid_t pid, int status, uint32_t slot)
{
    return qemu_pool_reaped(qemu_of(s->f)->pool, pid, status) ? BACKEND_NO_MEMBER : slot;
}

// Its VM is dead, too, before anybody is told.
static void qemu_bury(struct supervisor *s, uint32_t slot)
{
    (void)slot;
    qemu_pool_settle(qemu_of(s->f)->pool);
}

static void qemu_close_family(struct family *f)
{
    qemu_pool_kill(qemu_of(f)->pool);
}

#define CALL(name) (1u << PV_CALL_##name)

const struct backend qemu_backend = {
    .name = "qemu",
    .serves_gdb = 1,
    .calls = CALL(EXIT) | CALL(WAIT) | CALL(KICK) | CALL(SET_TIMER) | CALL(CONSOLE) | CALL(FORK) |
             CALL(SPAWN) | CALL(KILL),
    .open = qemu_open,
    .memory = qemu_memory,
    .start = qemu_monitor_start,
    .clone = qemu_clone,
    .spawn = qemu_spawn,
    .poll_fd = poll_fd,
    .step = refill,
    .message = message,
    .reaped = reaped,
    .bury = qemu_bury,
    .close = qemu_close_family,
};
