// SPDX-License-Identifier: BSD-2-Clause
// What the files of an image take of the window before a program has written anything.
//
// The kernel makes an inode and a directory record of every entry of the image's file table
// (kernel/fs/ram/populate.c). The host asks first whether that fits: an image that does not is
// refused in one line, before there is a VM. Both sides compute it by the functions below: the
// kernel packs records by them, and asserts that its tables are no larger than said here.
#ifndef RAMET_ABI_RAMFS_H
#define RAMET_ABI_RAMFS_H

#include <stdint.h>
#include "abi/image.h"

#define RAMFS_PAGE        4096u
#define RAMFS_PAGE_INODES 31u // struct inode is 128 bytes, and each page of them has a header
#define RAMFS_RECORD_HEAD 8u
#define RAMFS_DIRECT      4u    // pages that an inode refers to itself
#define RAMFS_REFS        1024u // page references in a page

// The window before its pool of pages: what the kernel's tables take at most.
#define RAMFS_TABLES_SLOT  (8u << 10)    // per process: its entry, door, open files, pipes
#define RAMFS_TABLES_FIXED (1792u << 10) // what does not depend on a size
#define RAMFS_TABLES_SHARE 100u          // bytes of window for each byte of what grows with it
// Devices, /tmp, /proc and what else every family gets, and room for the first program to breathe.
#define RAMFS_SPARE_PAGES 64u

// The record of a name of `len` bytes in a directory's page.
static inline uint32_t ramfs_record(uint32_t len)
{
    return (RAMFS_RECORD_HEAD + len + 3) & ~3u;
}

// Adds a record to a directory of `size` bytes, the last page's unused end not counted: a record
// never crosses a page. The directory's new size.
static inline uint64_t ramfs_add(uint64_t size, uint32_t len)
{
    uint64_t room = (RAMFS_PAGE - size % RAMFS_PAGE) % RAMFS_PAGE;
    return size + (room < ramfs_record(len) ? room : 0) + ramfs_record(len);
}

// Pages of a directory of that size, with the pages that refer to those.
static inline uint64_t ramfs_dir_pages(uint64_t size)
{
    uint64_t pages = (size + RAMFS_PAGE - 1) / RAMFS_PAGE;
    uint64_t rest = pages > RAMFS_DIRECT ? pages - RAMFS_DIRECT : 0;
    uint64_t refs = rest > 0;
    if (rest > RAMFS_REFS) // IMAGE_MAX_FILES names need no third level
        refs += 1 + (rest - 1) / RAMFS_REFS;
    return pages + refs;
}

// Bytes of the last component of entry i's path.
static inline uint32_t ramfs_name_len(const struct image_file *files, uint32_t i)
{
    uint32_t parent = files[i].parent;
    return files[i].path.len - (parent ? files[parent].path.len : 0) - 1;
}

// Pages that the file table takes. `sizes` is the caller's, one per entry, zeros; the table has
// been checked.
static inline uint64_t ramfs_pages(const struct image_file *files, uint32_t count, uint64_t *sizes)
{
    uint64_t pages = (count + RAMFS_PAGE_INODES - 1) / RAMFS_PAGE_INODES + RAMFS_SPARE_PAGES;
    for (uint32_t i = 1; i < count; i++)
        sizes[files[i].parent] = ramfs_add(sizes[files[i].parent], ramfs_name_len(files, i));
    for (uint32_t i = 0; i < count; i++)
        pages += ramfs_dir_pages(sizes[i]);
    return pages;
}

// The least window for so many pages and processes, in bytes.
static inline uint64_t ramfs_window(uint64_t pages, uint32_t slots)
{
    uint64_t bytes =
        pages * RAMFS_PAGE + RAMFS_TABLES_FIXED + (uint64_t)RAMFS_TABLES_SLOT * (slots + 1);
    return bytes + bytes / (RAMFS_TABLES_SHARE - 1) + 1;
}

#endif
