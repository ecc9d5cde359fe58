// SPDX-License-Identifier: BSD-2-Clause
// tree.h: the guest's file system while it is being put together.
//
// Entries are added in any order; tree_finish sorts them as the image wants them, adds the
// directories nobody named, and refuses contradictions. input.c adds entries, write.c writes the
// finished tree.
#ifndef RAMET_MKIMAGE_TREE_H
#define RAMET_MKIMAGE_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/image.h"
#include "host/image/elf.h"

#define MTIME_UNKNOWN INT64_MIN // made by mkimage: gets the newest time of the host's files

// Of two entries with one path the lower source wins. Two that are NAMED are a mistake.
enum node_source {
    NODE_NAMED,    // by an option, or a file or link in a --dir tree
    NODE_TREE_DIR, // a directory of a --dir tree: trees may overlap
    NODE_IMPLICIT, // the parent of something
};

struct node {
    char *path; // normalised guest path
    enum node_source source;
    enum image_file_type type;
    uint32_t mode;
    int64_t mtime; // seconds, or MTIME_UNKNOWN
    char *target;  // symlink

    // A file or program: its contents on the host.
    char *host;
    uint64_t size;
    dev_t dev; // which host file it is: hard links share their contents in the image
    ino_t ino;
    bool linked;             // the host file has more names than one
    struct elf_program *elf; // program; file_off counts in the ELF file

    // Set by tree_finish.
    uint32_t order;  // when it was added
    uint32_t parent; // index

    // Set by write.c: where the contents go, and which program of the table it is.
    uint64_t data_off;
    uint32_t program;
};

struct tree {
    struct node *nodes;
    uint32_t count;
    uint32_t room;
};

// Normalise a guest path: one slash between components, none at the end. Returns new memory. Dies,
// naming `what`, if it is relative, too long, or has a "." or ".." component.
char *guest_path(const char *what, const char *path);

// Add a copy of *node, whose pointers now belong to the tree.
void tree_add(struct tree *tree, const struct node *node);

// Sort, complete and check, as the comment on top says. Times become `mtime` if it is known. After
// this nodes are in image order and nothing may be added.
void tree_finish(struct tree *tree, int64_t mtime);

// The entry of exactly this path in a finished tree, or NULL.
struct node *tree_find(const struct tree *tree, const char *path);

#endif
