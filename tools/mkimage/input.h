// SPDX-License-Identifier: BSD-2-Clause
// input.h: what mkimage's options put into the tree. Each dies, naming what it was given, on an
// error. `arg` is the option's argument; it is not kept.
#ifndef RAMET_MKIMAGE_INPUT_H
#define RAMET_MKIMAGE_INPUT_H

#include "tools/mkimage/tree.h"

// GUEST=HOST: a program, mode 0755. Returns its guest path (owned by the tree).
const char *add_program(struct tree *tree, const char *arg);

// HOST:GUEST[:MODE]: a file with the host's permissions or MODE (octal). A Ramet ELF is a program.
void add_file(struct tree *tree, const char *arg);

// HOST:GUEST: the whole directory, links as links. Ramet ELF files in it are programs.
void add_dir(struct tree *tree, const char *arg);

// NAME=TARGET: the symbolic link NAME. TARGET is stored as given.
void add_link(struct tree *tree, const char *arg);

// FILE=TARGET: a symbolic link for each line of FILE; blank lines and lines with # are skipped.
void add_links(struct tree *tree, const char *arg);

// GUEST[:MODE]: a directory, 0755 unless MODE (octal) is there.
void add_mkdir(struct tree *tree, const char *arg);

#endif
