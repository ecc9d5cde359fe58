// SPDX-License-Identifier: BSD-2-Clause
// A machine for the unit tests of the shim's hardware side (arch/x86_64/shim): stands in for io.c,
// and for the parts of the shim that map memory, print and route interrupts. A test plugs in what
// its machine has; ports, registers and memory that nobody plugged in read as all ones.
#ifndef RAMET_TESTS_FAKE_MACHINE_H
#define RAMET_TESTS_FAKE_MACHINE_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/x86_64/shim/io.h"
#include "tests/unit/lib/check.h"

struct fake_machine {
    uint32_t (*in)(uint16_t port, int width);
    void (*out)(uint16_t port, uint32_t value, int width);
    uint32_t (*mmio_read)(uint64_t pa, int width);
    void (*mmio_write)(uint64_t pa, uint32_t value, int width);
    struct cpuid (*cpuid)(uint32_t leaf);
    uint64_t (*rdmsr)(uint32_t msr);
    void (*wrmsr)(uint32_t msr, uint64_t value);
    int (*rdrand)(uint64_t *out);
    uint64_t tsc, tsc_step; // the counter, and how far it runs with each access to anything
    uint64_t accesses;      // of ports and registers
    char printed[2000];     // all lines
    unsigned lines;
    jmp_buf *at_end; // where triple_fault() goes
    struct {
        uint32_t gsi;
        int level;
    } routes[32];
    unsigned nroutes;
};

extern struct fake_machine machine;

// Physical memory at `pa`. phys_map() gives a copy of exactly the bytes asked for, so that a
// sanitizer sees every access beyond them. At most 32 pieces.
void fake_ram(uint64_t pa, const void *bytes, uint64_t len);

// The physical address behind an address that device_map_user() gave; 0: none.
uint64_t fake_device_pa(uint64_t va);

// The vector of devices, and the local APIC's id.
#define FAKE_VECTOR  0x22
#define FAKE_APIC_ID 3

// Runs a test in a process of its own: the shim initialises itself once, and each test is a
// machine.
#define RUN_MACHINE(test)                                                                          \
    do {                                                                                           \
        int status_ = -1;                                                                          \
        fflush(NULL);                                                                              \
        pid_t pid_ = fork();                                                                       \
        if (pid_ == 0) {                                                                           \
            check_failed = 0;                                                                      \
            RUN(test);                                                                             \
            fflush(NULL);                                                                          \
            _exit(check_failed != 0);                                                              \
        }                                                                                          \
        CHECK(waitpid(pid_, &status_, 0) == pid_);                                                 \
        if (!CHECK_EQ(status_, 0))                                                                 \
            fprintf(stderr, "    in %s\n", #test);                                                 \
    } while (0)

#endif
