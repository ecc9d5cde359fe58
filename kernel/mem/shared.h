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
    uint32_t reserved[9];
};
_Static_assert(sizeof(struct shm_segment) % 64 == 0, "an object of the window");

struct proc;

// Zeroed pages for this process and its later children. Their address, or -ENOMEM.
long shm_map(uint64_t pages);
// The same for pages of a file from page `index` on, and by descriptor with mmap()'s checks
// (fs/regular.c): -EBADF, -EACCES, -ENODEV (not a stored file), -EINVAL.
struct inode;
long shm_map_inode(struct inode *ip, uint64_t index, uint64_t pages, int writable);
long shm_map_fd(int fd, uint64_t pages, int64_t off, int writable);
// Gives up whatever this process maps of [start, start + pages * 4096). 0, or -ENOMEM: a hole in
// the middle of a mapping makes two of it, and there is no room for that in the process's table.
long shm_unmap(uintptr_t start, uint64_t pages);
// Whether [p, p + n) lies in one mapping of this process.
int shm_within(uintptr_t p, size_t n);
// Whether the address is in the window, where only this file maps things for programs.
int shm_is_window(uintptr_t p);

// A child gets its parent's mappings. By the parent, while the child is an embryo.
void shm_inherit(struct proc *child, const struct proc *parent);
// At exit and exec; for a dead process, by its undertaker. May be done twice.
void shm_drop_all(struct proc *p);

// Pages of shared mappings that the process has.
uint64_t shm_pages(void);

#endif
