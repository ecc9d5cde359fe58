// SPDX-License-Identifier: BSD-2-Clause
// The command line of `ramet run`.
#ifndef HOST_OPTIONS_H
#define HOST_OPTIONS_H

#include <stdint.h>

#include "host/virtio/disk.h"

#define TRACE_PROC 1u // clone, spawn, exec and exit, with their durations
#define TRACE_CALL 2u // every paravirtual call
#define TRACE_EXIT 4u // every VM exit; with a summary by kind when a VM ends

#define POOL_MAX 1024u // --pool

enum vmm { VMM_AUTO, VMM_KVM, VMM_PROCESS, VMM_QEMU };

struct options {
    const char *image;
    const char *exec_path; // program to start instead of the image's entry, or NULL
    const char *kvm;       // device file
    enum vmm vmm;
    const char *accel; // QEMU's: "kvm", "tcg", or NULL to choose
    uint32_t pool;     // QEMUs kept ready; 0: no spares (spare.h) either
    uint32_t ready;    // `ramet serve`: families kept ready
    char **args;       // NULL-terminated; argv[1..] of the first program, or the image's default
    int nargs;
    uint64_t mem;         // bytes of RAM per VM, a multiple of 2 MB
    uint64_t window_size; // bytes, a multiple of 2 MB
    uint32_t max_procs;
    uint32_t trace; // TRACE_*
    uint32_t check_leaks;
    uint32_t quiet;               // say nothing of what is done instead of what was not asked for
    uint32_t stop_timeout;        // seconds from SIGTERM or SIGINT to SIGKILL; 0: none in between
    const char *disks[DISKS_MAX]; // FILE or FILE:ro
    uint32_t ndisks;
    int gdb_port;         // 0 = none
    uint32_t gdb_slot;    // whose VM gdb gets
    const char *template; // the file or socket to start from, or NULL
    const char *socket;   // `ramet serve`: where clients connect
    const char *until;    // `ramet template`: what the program prints when it is ready
    const char *output;   // and the file to save it to
    char **env;           // NULL-terminated NAME=VALUE for the first program
    uint32_t given;       // options on the command line
};

// For --version, on stdout.
void options_print_version(void);

// Parses argv of `ramet run`, `template` or `serve`. 0, or -1 after a line on stderr, or 1 when
// --help or --version was printed.
int options_parse(struct options *opt, int argc, char **argv);
void options_free(struct options *opt);

#endif
