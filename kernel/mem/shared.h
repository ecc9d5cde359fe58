// SPDX-License-Identifier: BSD-2-Clause
// Shared memory: mmap(MAP_SHARED), in the window (kernel/mem/shared.c).
//
// A mapping is a run of window pages: fresh ones, or a file's own. The window lies at the same
// address in every VM, so the address a parent got is good in its children. Fresh pages go when the
// last process that maps any of them does.
#ifndef RAMET_KERNEL_SHM_H
#define RAMET_KERNEL_SHM_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/window/window.h"

// In wroot.segments: what one mmap() made. `refs` counts entries of struct proc.maps that hold a
// part.
struct shm_segment {
    uint32_t refs; // 0: free
    uint32_t pages;
    struct wref start;
    struct wref inode; // the file whose pages they are, with a reference; 0: anonymous
    uint64_t index;    // in the file, of the first page
    uint32_t writable; // a file, and mapped for writing
    uint32_t sysv;     // index in wroot.ipc[IPC_SHM] + 1 of the shmget() object that it is; 0: none
    uint32_t reserved[8];
};
_Static_assert(sizeof(struct shm_segment) % 64 == 0, "an object of the window");

struct proc;

// Zeroed pages for this process and its later children. Their address, or -ENOMEM. `prot` is what
// system calls will do for the program there (PROT_*); the pages themselves may always be written.
long shm_map(uint64_t pages, int prot);
// The same for pages of a file from page `index` on, and by descriptor with mmap()'s checks
// (fs/regular.c): -EBADF, -EACCES, -ENODEV (not a stored file), -EINVAL.
struct inode;
long shm_map_inode(struct inode *ip, uint64_t index, uint64_t pages, int prot);
long shm_map_fd(int fd, uint64_t pages, int64_t off, int prot);
// Gives up whatever this process maps of [start, start + pages * 4096). 0, or -ENOMEM: a hole in
// the middle of a mapping makes two of it, and there is no room for that in the process's table.
long shm_unmap(uintptr_t start, uint64_t pages);
// Whether [p, p + n) lies in one mapping of this process that has these rights (PROT_NONE: any).
int shm_within(uintptr_t p, size_t n, int prot);
// Makes the mappings that [p, p + n) lies in readable and writable.
void shm_open_up(uintptr_t p, size_t n);
// Whether the address is in the window, where only this file maps things for programs.
int shm_is_window(uintptr_t p);

// A child gets its parent's mappings. By the parent, while the child is an embryo.
void shm_inherit(struct proc *child, const struct proc *parent);
// At exit and exec; for a dead process, by its undertaker. May be done twice.
void shm_drop_all(struct proc *p);

// Pages of shared mappings that the process has.
uint64_t shm_pages(void);

// --- System V segments: kernel/ipc/sysv_shm.c ---
// A segment of zeroed pages that stays until its one reference is dropped: its index + 1, or 0.
uint32_t shm_segment_make(uint64_t pages, uint32_t sysv);
void shm_segment_drop(uint32_t segment);
// References to it, 0 when the last one is about to go.
uint32_t shm_segment_refs(uint32_t segment);
uintptr_t shm_segment_start(uint32_t segment);
// Maps all of it. Its address, -ENOMEM, or -EIDRM: the last reference is gone.
long shm_attach(uint32_t segment, int prot);
// Undoes one shm_attach() at that address: 0 or -EINVAL.
long shm_detach(uintptr_t start);
// What kernel/ipc/sysv_shm.c is told: of a mapping more or less, by the process p; and that the
// last one of a removed object is gone.
void sysv_shm_attached(uint32_t sysv, const struct proc *p);
void sysv_shm_detached(uint32_t sysv, const struct proc *p);
void sysv_shm_gone(uint32_t sysv);

#endif
