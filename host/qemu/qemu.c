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
#include "host/backend.h"
#include "host/kvm/hugemem.h"
#include "host/image/shim_blob.h"

static struct qemu_family the;

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
    if (find_binary(the.binary, sizeof the.binary) < 0) {
        snprintf(err, errlen, "%s is not there (Debian: apt-get install %s)", QEMU_BINARY,
                 QEMU_PACKAGE);
        return -ENOENT;
    }
    the.accel = opt->accel;
    if (!the.accel) {
        // QEMU knows the device by one name only.
        the.accel = !strcmp(opt->kvm, "/dev/kvm") && kvm_works(opt->kvm) ? "kvm" : "tcg";
    }
    f->qemu = &the;
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

// RAM of this process' VM (mapped by the keeper), then the family's: as the guest sees it.
static int map_all(struct family *f)
{
    f->arena_size = the.ram + the.shared;
    f->arena = hugemem_reserve(f->arena_size);
    if (!f->arena)
        return -errno;
    f->window = f->arena + the.ram;
    f->window_size = the.window;
    f->image_map = f->window + the.window;
    if (mmap(f->window, the.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, the.shared_fd,
             0) == MAP_FAILED)
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
    the.ram = whole(opt->mem + QEMU_SHIM_ROOM(opt->mem));
    the.window = opt->window_size;
    the.image = f->image->size;
    the.shared = the.window + whole(the.image) + QEMU_PAD;
    if (the.ram + the.shared > QEMU_RAM_LIMIT) {
        snprintf(err, errlen, "a VM of QEMU has %llu MB for --mem, --window-size and the image",
                 (unsigned long long)(QEMU_RAM_LIMIT >> 20));
        return -ENOMEM;
    }
    the.disks = f->disks;
    the.ndisks = f->ndisks;
    raise_limit();
    the.shim_fd = make_memfd("ramet-shim", 0, shim_elf, shim_elf_size());
    the.shared_fd = the.shim_fd < 0 ? -1 : make_memfd("ramet-shared", the.shared, NULL, 0);
    if (the.shim_fd < 0 || the.shared_fd < 0)
        r = the.shim_fd < 0 ? the.shim_fd : the.shared_fd;
    if (r == 0)
        r = map_all(f);
    if (r == 0)
        r = qemu_pool_init(&the, opt->pool, opt->max_procs);
    if (r < 0)
        snprintf(err, errlen, "cannot make the family's memory: %s", strerror(-r));
    return r;
}

#define CALL(name) (1u << PV_CALL_##name)

const struct backend qemu_backend = {
    .name = "qemu",
    .calls = CALL(EXIT) | CALL(WAIT) | CALL(KICK) | CALL(SET_TIMER) | CALL(CONSOLE) | CALL(FORK) |
             CALL(SPAWN) | CALL(KILL),
    .open = qemu_open,
    .memory = qemu_memory,
    .start = keeper_start,
    .clone = qemu_clone,
    .spawn = qemu_spawn,
};
