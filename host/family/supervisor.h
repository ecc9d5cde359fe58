// SPDX-License-Identifier: BSD-2-Clause
// The supervisor: the `ramet run` process, owner of one family.
#ifndef HOST_SUPERVISOR_H
#define HOST_SUPERVISOR_H

#include <signal.h>

#include "host/family/family.h"

// Starts the first program and runs the family until that program is gone and every monitor reaped.
// Returns the program's exit status as a shell would see it (128 + n for signal n), or 2 after a
// line on stderr when it could not be started.
int supervisor_run(struct family *f, uint32_t program, char *const argv[]);

// The signals that end a family, but for those that whoever started us wants ignored.
void supervisor_end_signals(sigset_t *set);
// Whether it is one of them, ignored or not.
int supervisor_is_end(int sig);

// --- host/family/terminal.c: the host's terminal, when stdin is one ---
// Puts it into raw mode and remembers how it was; also fills the window's size fields. 0, or 1 if
// stdin is no terminal.
int terminal_init(struct family *f);
void terminal_restore(void);
// After SIGCONT: somebody else may have changed the terminal's settings meanwhile.
void terminal_again(void);
// Moves input into the window's ring. 1 if there was any, 0 if not or the ring is full, -1 at the
// end of input: the terminal is gone. `hung_up`: poll() says so.
int terminal_input(struct family *f, int hung_up);
int terminal_room(const struct family *f);
// After SIGWINCH.
void terminal_resize(struct family *f);

#endif
