// SPDX-License-Identifier: BSD-2-Clause
// Cloning a VM of QEMU: FORK, SPAWN, and the template that SPAWN clones.
//
// A clone is the state of the VM's devices, which one QEMU saves and another loads, and a copy of
// what its RAM holds: the two memory back ends are shared memory, which QEMU leaves out of a saved
// state. The VM waits in a call meanwhile, so its memory stands still. Everything that can fail
// comes before the new monitor exists. See qemu.h, docs/qemu.md.

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/qemu/qemu.h"

// Bytes that a pipe holds. A state has some 35 KB, and more with disks; one that does not fit would
// have QEMU wait for a reader until we give up.
#define STATE_MAX (1 << 20)

// Made by the first monitor before it is confined, and inherited by all others through fork(2).
static struct qemu_template template;

// Copies what a memfd holds, mapped at `from`, leaving holes holes. 0 or -errno.
static int copy_ram(int from_fd, const uint8_t *from, int to_fd, uint64_t size)
{
    off_t at = 0, end;
    while ((at = lseek(from_fd, at, SEEK_DATA)) >= 0 && (uint64_t)at < size) {
        end = lseek(from_fd, at, SEEK_HOLE);
        if (end < 0)
            return -errno;
        while (at < end) {
            ssize_t n = pwrite(to_fd, from + at, (size_t)(end - at), at);
            if (n <= 0)
                return n < 0 ? -errno : -EIO;
            at += n;
        }
    }
    return at < 0 && errno != ENXIO ? -errno : 0; // ENXIO: no data up to the end
}

// Large enough for a whole state, so that one process can write it and then read it: nobody has to
// do both at once.
static int state_pipe(int fd[2])
{
    if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    // A default pipe takes 64 KB, and the saving QEMU would wait for a reader.
    if (fcntl(fd[1], F_SETPIPE_SZ, STATE_MAX) < 0 || fcntl(fd[0], F_SETFL, 0) < 0 ||
        fcntl(fd[1], F_SETFL, 0) < 0) {
        int e = errno;
        close(fd[0]);
        close(fd[1]);
        return -e;
    }
    return 0;
}

// Saves the VM of m into a pipe and its RAM into `ram`; the VM is stopped then.
static int save(struct qemu_monitor *mon, int ram, int to)
{
    struct qemu *q = &mon->qemu;
    int r = qemu_save(q, to);
    return r < 0 ? r : copy_ram(q->fd[QEMU_RAM], mon->mem.ram, ram, mon->mem.ram_size);
}

// The writing end is closed already, so the end of the state is the end of the file.
static int read_state(int from, struct qemu_template *t)
{
    ssize_t n;
    t->state = malloc(STATE_MAX);
    if (!t->state)
        return -ENOMEM;
    while ((n = read(from, t->state + t->state_len, STATE_MAX - t->state_len)) > 0)
        t->state_len += (size_t)n;
    return n < 0 ? -errno : 0;
}

// The VM stands still afterwards, until qemu_monitor_begin() continues it. The descriptor of the
// RAM's copy, for who confines us to keep, or -errno.
int qemu_template_make(struct qemu_monitor *mon)
{
    const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    int fd[2], r = state_pipe(fd);
    if (r < 0)
        return r;
    template.ram = memfd_create("ramet-template", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (template.ram < 0 || ftruncate(template.ram, (off_t)mon->mem.ram_size) < 0)
        r = -errno;
    if (r == 0)
        r = save(mon, template.ram, fd[1]);
    close(fd[1]);
    if (r == 0)
        r = read_state(fd[0], &template);
    close(fd[0]);
    // No monitor can change what later VMs start from.
    if (r == 0 && fcntl(template.ram, F_ADD_SEALS, seals) < 0)
        r = -errno;
    return r < 0 ? r : template.ram;
}

// In the child of fork(2): leaves the parent's VM alone and takes over the new one.
static void take_over_qemu(struct qemu_monitor *mon, uint32_t slot, const struct qemu *q)
{
    int r;
    mon->member.slot = slot;
    member_enroll(&mon->member);
    // This process' copy of the parent's lease. The parent has its own, so its VM lives on.
    qemu_drop(&mon->qemu);
    mon->qemu = *q;
    if ((r = qemu_monitor_map(mon)) < 0)
        member_die(&mon->member, SIGKILL, strerror(-r));
    qemu_watch(mon);
}

// What differs in the clone (kvm_clone_start() for a VM of QEMU).
static void qemu_become_clone(struct qemu_monitor *mon, const struct clone *c, const struct qemu *q)
{
    take_over_qemu(mon, c->slot, q);
    struct pv_call *call = (struct pv_call *)qemu_monitor_page(mon)->call;
    if (member_identity(member_boot_info(&mon->member), mon->member.slot) < 0)
        member_die(&mon->member, SIGKILL, "no random seed");
    // Events of the parent's are not the child's (abi/pv.h, FORK).
    member_shared(&mon->member)->pending = 0;
    call->ret = 1;
    qemu_monitor_answer(mon);
    family_trace(mon->member.family, TRACE_PROC, "%u clone %.3f ms", c->slot,
                 (double)(family_now(mon->member.family) - c->start) / 1e6);
    qemu_monitor_begin(mon);
}

// A QEMU of the pool with the state and memory of m's VM, which goes on. 0 or -errno.
static int duplicate(struct qemu_monitor *mon, struct qemu *q)
{
    int fd[2], r = state_pipe(fd);
    if (r < 0)
        return r;
    r = save(mon, q->fd[QEMU_RAM], fd[1]);
    close(fd[1]);
    // At once, whatever came of the saving: the copy is complete, and the parent has waited long
    // enough.
    int resumed = qemu_continue(&mon->qemu);
    if (r == 0)
        r = qemu_load(q, fd[0]);
    close(fd[0]);
    if (resumed < 0)
        member_die(&mon->member, SIGKILL, "QEMU does not continue a VM it has saved");
    return r;
}

// The hot ranges of C mean nothing here: all of RAM is copied.
int64_t qemu_clone(struct member *m, struct clone *c)
{
    struct qemu_monitor *mon = qemu_monitor_of(m);
    static struct qemu q; // large
    if (qemu_take(mon->member.family, 0, &q) < 0)
        return -EAGAIN;
    q.page = mon->qemu.page;
    q.asked = mon->qemu.asked;
    // The last thing that can fail but for fork(2) itself; after that the child has only to take
    // over.
    int r = duplicate(mon, &q);
    pid_t pid = r < 0
                    ? r
                    : family_fork(mon->member.family,
                                  &mon->member.family->shared->slots[c->slot].pid, CLONE_PARENT, 1);
    if (pid == 0) {
        qemu_become_clone(mon, c, &q);
        return CALL_REPLACED;
    }
    qemu_drop(&q); // without a monitor this ends it
    return pid < 0 ? -EAGAIN : 0;
}

// A QEMU of the pool in the template's state. 0 or -errno.
// The template's RAM is mapped for reading only: it is sealed, and copy_ram() wants to see its
// pages.
static int instantiate(const struct qemu_monitor *mon, struct qemu *q)
{
    const uint64_t size = mon->mem.ram_size;
    int fd[2], r = state_pipe(fd);
    if (r < 0)
        return r;
    uint8_t *ram = mmap(NULL, size, PROT_READ, MAP_PRIVATE, template.ram, 0);
    r = ram == MAP_FAILED ? -errno : copy_ram(template.ram, ram, q->fd[QEMU_RAM], size);
    if (ram != MAP_FAILED)
        munmap(ram, size);
    // All of it fits into the pipe: this does not block.
    if (r == 0 && write(fd[1], template.state, template.state_len) != (ssize_t) template.state_len)
        r = -EIO;
    close(fd[1]);
    if (r == 0)
        r = qemu_load(q, fd[0]);
    close(fd[0]);
    return r;
}

int64_t qemu_spawn(struct member *m, const struct pv_exec *c, struct load_args *args)
{
    struct qemu_monitor *mon = qemu_monitor_of(m);
    static struct qemu q;
    if (qemu_take(mon->member.family, 0, &q) < 0)
        return -EAGAIN;
    q.page = mon->qemu.page;
    q.asked = 1; // the template waits for its program
    int r = instantiate(mon, &q);
    pid_t pid = r < 0
                    ? r
                    : family_fork(mon->member.family,
                                  &mon->member.family->shared->slots[c->slot].pid, CLONE_PARENT, 1);
    if (pid == 0) {
        take_over_qemu(mon, c->slot, &q);
        qemu_monitor_give_program(mon, c->program, args);
        qemu_monitor_begin(mon);
        return CALL_REPLACED;
    }
    qemu_drop(&q);
    return pid < 0 ? -EAGAIN : 0;
}
