// SPDX-License-Identifier: BSD-2-Clause
// work.h: a folder for intermediate files, and the programs that make some of them.
//
// The folder lies beside the output, on the same file system: what is finished there becomes the
// output by rename(2), complete or not at all, and a full disk is noticed where it matters. It is
// removed at exit, also when mkimage dies of an error.
//
// Files in it go by their bare names, here and on the command lines of programs, which run in the
// folder: whatever the output is called, no program finds a drive letter, a host or a "=" in it.
#ifndef RAMET_MKIMAGE_WORK_H
#define RAMET_MKIMAGE_WORK_H

#include <stdint.h>

// Make the folder for this output. Once.
void work_begin(const char *output);

// The path of `name` in the folder, in new memory. An absolute name is a path already.
char *work_path(const char *name);

// Give a file elsewhere a name in the folder.
void work_link(const char *path, const char *name);

// Make the file `name`, or write over it.
void work_write(const char *name, const void *buf, uint64_t len);

// Open a new file of `size` bytes, all of them a hole. The caller closes it with work_close, which
// is where some file systems report a full disk.
int work_create(const char *name, uint64_t size);
void work_close(const char *name, int fd);

// Read the whole file into new memory.
void *work_read(const char *name, uint64_t *size);

// Copy `len` bytes from the start of `from` to `to` at `off`; zero blocks become holes. The names
// are for messages.
void work_copy(const char *from_name, int from, uint64_t len, const char *to_name, int to,
               uint64_t off);

// Rename the file to the output.
void work_publish(const char *name);

// Run a program in the folder to its end. argv[0] is looked up in $PATH; `package` is the Debian
// package that has it. What it prints is shown only if it fails, its last line as the reason
// mkimage dies of.
void run_tool(const char *package, char *const argv[]);

#endif
