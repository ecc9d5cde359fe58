// SPDX-License-Identifier: BSD-2-Clause
// The differential fuzzer's frame: a program of random operations that is run on Linux and on Ramet
// and must print the same lines on both.
//
// An area is a list of operations over some state of its own (descriptors, streams, mappings...).
// Which operation stands at index I, and with what arguments, depends on seed, area and I alone: so
// the driver (tests/diff/run) can leave operations out to find the fewest that still differ.
// One operation, one line: its name, its arguments, what it returned, a digest of the data. Nothing
// may be printed that is allowed to differ: no address, pid, time, descriptor number.
#ifndef RAMET_DIFF_H
#define RAMET_DIFF_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define PICK(array)   ((array)[pick(LENGTH(array))])

struct op {
    const char *name; // what the driver's table of known differences calls it
    unsigned weight;  // how often, beside the others of the area
    void (*run)(void);
};

struct area {
    const char *name;
    const struct op *ops;
    unsigned count;
    void (*begin)(void); // in a fresh process, in an empty directory; may be NULL
};

extern const struct area area_files, area_pipes, area_signals, area_streams, area_formats,
    area_times, area_memory, area_processes, area_locks, area_environ;

// The operation's own random numbers: below N.
unsigned pick(unsigned n);

// Whether the table of known differences has NAME of this area: for what is no operation.
int left_out(const char *name);

// Adds to the operation's line.
void put(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Adds what a system call returned: the value, or the error's name.
void put_result(long r);
// The same where the value itself may differ (a descriptor).
void put_done(long r);
// A digest of N bytes, and the first few when they are printable.
void put_data(const void *data, size_t n);
// What was said so far goes out: before anything that forks or may not return.
void flush_lines(void);

// Bytes to write, told apart by SALT.
void fill_bytes(unsigned char *to, size_t n, unsigned salt);

#endif
