// SPDX-License-Identifier: BSD-2-Clause
// The kernel command line: `ramet.*=` options and the program's arguments.
#ifndef SHIM_CMDLINE_H
#define SHIM_CMDLINE_H

#include <stdint.h>

// The value of option NAME (with its '='), copied into buf; NULL when it is not there or too long.
const char *cmdline_option(const char *cmdline, const char *name, char *buf, uint32_t size);

// Words: separated by blanks; double quotes group. `cmdline_next` copies the next word to `word`
// (cut at size - 1) and returns what follows it, or NULL at the end.
const char *cmdline_next(const char *cmdline, char *word, uint32_t size);

// Whether a word begins with these characters.
int cmdline_begins(const char *word, const char *with);

// Whether a word is addressed to us and not to the program.
int cmdline_ours(const char *word);

#endif
