// SPDX-License-Identifier: BSD-2-Clause
// Between line.c and edit.c: the two halves of the line discipline.
#ifndef RAMET_KERNEL_TTY_EDIT_H
#define RAMET_KERNEL_TTY_EDIT_H

#include "kernel/tty/tty.h"

// Whether c is the special character `key` (V*); a disabled one never is.
int tty_is_key(const struct tty *tty, int key, uint8_t c);
// Echoes a byte through output processing; and a typed byte, control characters as ^X with ECHOCTL.
void tty_echo(struct tty *tty, struct tty_effect *effect, uint8_t c);
void tty_echo_typed(struct tty *tty, struct tty_effect *effect, uint8_t c);

// Canonical mode: VERASE, VKILL, VWERASE, VREPRINT, VLNEXT. 1 when c was one of them, and is done.
int tty_edit_key(struct tty *tty, uint8_t c, struct tty_effect *effect);

#endif
