// SPDX-License-Identifier: BSD-2-Clause
// image.h: the Ramet image, one file that holds every program and file of a family.
//
// Written by tools/mkimage; checked in full by host/image/image.c, which the monitor then trusts;
// read in place by the guest kernel, in every VM, from a read-only mapping at a fixed guest
// address. So it holds no pointers: each offset counts bytes from the start of the image, and all
// integers are little-endian.
//
//     0                 struct image_header
//     programs_off      struct image_program [program_count]
//     files_off         struct image_file [file_count]
//     strings_off       NUL-terminated strings: paths, link targets, default arguments
//     contents_off      file contents, from here to total_size (contents_off is page-aligned)
//
// A program is stored as the ELF file it is, at a page boundary, and every loadable segment keeps
// file_off % 4096 == vaddr % 4096: the monitor maps segments straight from this file with
// MAP_PRIVATE, so that all VMs share their untouched pages through the host's page cache.
// docs/image.md says more.
#ifndef RAMET_ABI_IMAGE_H
#define RAMET_ABI_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#define IMAGE_MAGIC       "RAMETIMG" // 8 bytes, stored without the NUL
#define IMAGE_FORMAT      1    // the layout in this header; the programs' ABI is counted apart
#define IMAGE_PAGE        4096 // alignment of programs and of contents of a page or more
#define IMAGE_SMALL_ALIGN 64   // alignment of smaller contents: one cache line

// Limits. They bound what a hostile image can make its reader allocate or walk.
#define IMAGE_MAX_PROGRAMS 4096
#define IMAGE_MAX_FILES    (1u << 20)
#define IMAGE_MAX_STRINGS  (64u << 20)
#define IMAGE_MAX_ARGS     4096
#define IMAGE_MAX_SEGS     8
#define IMAGE_PATH_MAX     4095         // without the NUL, as PATH_MAX 4096 has it
#define IMAGE_NAME_MAX     255          // one path component
#define IMAGE_MAX_SIZE     (1ull << 34) // the room between PV_IMAGE_VA and PV_WINDOW_VA (abi/pv.h)

// Where a program may be linked. Below is the NULL guard and the kernel's own low pages.
#define IMAGE_VADDR_MIN 0x200000ull
#define IMAGE_VADDR_MAX 0x40000000ull

#define IMAGE_NO_PROGRAM 0xffffffffu

// Segment permissions: ELF's PF_X, PF_W, PF_R (gABI, program header). Never W and X together.
#define IMAGE_SEG_X 1u
#define IMAGE_SEG_W 2u
#define IMAGE_SEG_R 4u

// The ELF note by which a Ramet program is known: owner "Ramet", type 1, in a PT_NOTE segment.
// The kernel emits it in section .note.ramet; this is its descriptor.
#define IMAGE_NOTE_NAME "Ramet"
#define IMAGE_NOTE_TYPE 1

struct image_note {
    uint32_t abi;     // PV_ABI_VERSION the program was built with
    uint32_t flags;   // none defined yet: 0
    uint32_t drivers; // IMAGE_DRIVER_* bits: the drivers linked into it
};

// Plain numbers: assembly reads them too (drivers/virtio/link.h).
#define IMAGE_DRIVER_NET     0x1
#define IMAGE_DRIVER_BLK     0x2
#define IMAGE_DRIVER_CONSOLE 0x4
#define IMAGE_DRIVER_RNG     0x8

// A string in the string area. A NUL follows its last byte; `len` does not count it.
struct image_str {
    uint32_t off; // from the start of the image
    uint32_t len; // bytes; off 0 and len 0 is "no string"
};

struct image_header {
    uint8_t magic[8];      // IMAGE_MAGIC
    uint32_t format;       // IMAGE_FORMAT
    uint32_t abi;          // PV_ABI_VERSION of every program in it
    uint64_t total_size;   // of the whole image; a multiple of IMAGE_PAGE
    uint64_t programs_off; // multiple of 8
    uint64_t files_off;    // multiple of 8
    uint64_t strings_off;
    uint64_t strings_size;
    uint64_t contents_off;       // multiple of IMAGE_PAGE
    uint32_t program_count;      // at least 1
    uint32_t file_count;         // at least 2: the root directory and a program
    uint32_t entry_program;      // index of the program started first
    uint32_t drivers;            // union of the programs' drivers
    struct image_str entry_path; // argv[0] of the first process; may name a link to the program
    struct image_str args;       // default argv[1...]: arg_count strings, each with its NUL;
    uint32_t arg_count;          //   args.len counts all these NULs but the last
    uint32_t reserved[7];        // 0
};

// Memory [vaddr, vaddr + memsz) of a program: filesz bytes from file_off, then zeros.
struct image_seg {
    uint64_t vaddr;
    uint64_t file_off; // in the image file (in host/image/elf.h's result: in the parsed buffer)
    uint64_t filesz;
    uint64_t memsz;
    uint32_t flags;    // IMAGE_SEG_*
    uint32_t reserved; // 0
};

// The thread-local storage template, inside a segment's file-backed part. memsz 0: none.
struct image_tls {
    uint64_t vaddr;
    uint64_t filesz;
    uint64_t memsz;
    uint64_t align; // a power of two, at most IMAGE_PAGE
};

struct image_program {
    uint64_t data_off; // the ELF file in the image; multiple of IMAGE_PAGE
    uint64_t data_size;
    uint64_t entry;     // first instruction, inside an executable segment
    uint32_t file;      // index of the file table entry that is this program
    uint32_t seg_count; // 1...IMAGE_MAX_SEGS; ascending, no two in one page
    struct image_note note;
    uint32_t reserved; // 0
    struct image_tls tls;
    struct image_seg segs[IMAGE_MAX_SEGS];
};

enum image_file_type {
    IMAGE_REG = 1,
    IMAGE_DIR = 2,
    IMAGE_SYMLINK = 3,
    IMAGE_PROGRAM = 4, // a regular file that exec can start; `program` tells which one it is
    IMAGE_FIFO = 5,    // a name for a pipe
};

// A name in the initial RAM file system. The table is sorted by strcmp of the paths: "/" is entry
// 0, parents come before their children, no path comes twice, a binary search works. The last
// component begins at path.off + (length of the parent's path) + 1, or at path.off + 1 right under
// the root.
struct image_file {
    struct image_str path;   // absolute; no empty, "." or ".." component, no slash at the end
    struct image_str target; // IMAGE_SYMLINK: where it leads; else no string
    uint64_t data_off;       // contents; 0 when data_size is 0
    uint64_t data_size;      // 0 for a directory, symlink or FIFO
    int64_t mtime;           // seconds since 1970, UTC
    uint32_t type;           // enum image_file_type
    uint32_t mode;           // permission bits, at most 07777
    uint32_t uid;
    uint32_t gid;
    uint32_t program; // IMAGE_PROGRAM: index in the program table; else IMAGE_NO_PROGRAM
    uint32_t parent;  // index of the directory that holds it; the root's is 0
};

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "images are read in place");
_Static_assert(sizeof(struct image_note) == 12, "ELF note descriptor");
_Static_assert(sizeof(struct image_header) == 128, "image header");
_Static_assert(offsetof(struct image_header, entry_path) == 80, "image header");
_Static_assert(sizeof(struct image_seg) == 40, "image segment");
_Static_assert(sizeof(struct image_program) == 400, "image program");
_Static_assert(offsetof(struct image_program, segs) == 80, "image program");
_Static_assert(sizeof(struct image_file) == 64, "image file");
_Static_assert(offsetof(struct image_file, mtime) == 32, "image file");

#endif
