// SPDX-License-Identifier: BSD-2-Clause
// The family's terminal. Its state is struct tty (kernel/root.h), in the window: every VM
// may read it.
//
// Three layers: the line discipline (line.c) is pure, bytes in, cooked bytes, echo and signals
// out; tty.c moves bytes between it, the window's input ring and the host; ioctl.c is
// attributes and job control.
#ifndef RAMET_KERNEL_TTY_H
#define RAMET_KERNEL_TTY_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/file/file.h"
#include "kernel/root.h"

struct proc;

// What one input byte caused, besides a change of the cooked buffer.
#define TTY_ECHO_MAX 1024
struct tty_effect {
    uint32_t signals;  // bit (1 << n): send signal n to the foreground group
    uint32_t readable; // there is something new to read
    uint32_t resumed;  // output was stopped and goes on
    uint32_t len;      // of echo[]
    uint8_t echo[TTY_ECHO_MAX];
};

// --- line.c; under tty->lock ---
void tty_line_init(struct tty *tty);
// Puts one input byte through the discipline. 0, or -EAGAIN when it must wait for room that a
// reader will make: then it has had no effect and comes again. Of an unfinished line longer than
// the buffer the excess is dropped with a bell. Adds to *effect; echo that does not fit is dropped,
// so the caller starts a new effect when fewer than TTY_ECHO_ROOM bytes are left.
#define TTY_ECHO_ROOM 128
int tty_line_input(struct tty *tty, uint8_t c, struct tty_effect *effect);
// Takes at most len bytes for a reader: in canonical mode from one line only. Sets *eof when VEOF
// was met first, which reads as end of file. Returns the number of bytes.
uint32_t tty_line_take(struct tty *tty, uint8_t *buf, uint32_t len, int *eof);
// Bytes a read could get now; in canonical mode the rest of the first line counts as present when 0
// or more bytes of it (an end of file) can be read: *ready is set.
uint32_t tty_line_available(const struct tty *tty, int *ready);
void tty_line_flush_input(struct tty *tty);
// Output processing (OPOST): converts at most len bytes to at most room bytes. Returns the bytes
// made, *used those consumed.
uint32_t tty_line_output(struct tty *tty, const uint8_t *in, uint32_t len, uint32_t *used,
                         uint8_t *out, uint32_t room);
// Takes over new attributes; input already there becomes readable when canonical mode goes on or
// off.
void tty_line_set(struct tty *tty, const struct k_termios *termios);

// --- tty.c ---
// First program only: attributes, and the terminal becomes the session's. After proc_boot().
void tty_boot(void);
// Moves what the host put into the window's ring through the discipline, echoes, sends signals,
// notices a new window size and a hang-up. In the kernel, no lock held; any VM may do it.
void tty_input(void);
struct tty *tty_lock(void); // takes the lock and returns the terminal
void tty_unlock(void);
// The session leader is leaving: hangs up its foreground group. No lock held.
void tty_session_leave(const struct proc *leader);

// --- output.c ---
#define TTY_OUT_CHUNK 1024u // bytes of processed output a call hands to the host
uint32_t tty_host_fd(void); // the host's descriptor that output goes to
long tty_write(struct file *f, const void *buf, size_t len);

// --- ioctl.c ---
// Whether a background process may go on; sends SIGTTIN or SIGTTOU (`sig`) when not. 0, -EIO,
// -ERESTART.
int tty_job_control(struct tty *tty, int sig);
long tty_ioctl(struct file *f, unsigned long request, void *arg);

#endif
