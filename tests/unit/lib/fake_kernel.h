// SPDX-License-Identifier: BSD-2-Clause
// fake_kernel.h: what lies under the window, the file layer and the waits, for hosted unit tests.
//
// fake_pv.c stands in for the host: a window in shared memory, doorbells as futexes, so that
// processes made by fork(2) are VMs of a family. fake_kernel.c stands in for the rest of the
// kernel: entry, signals, processes. Link both with all of kernel/'s window and file layer.
#ifndef RAMET_TESTS_FAKE_KERNEL_H
#define RAMET_TESTS_FAKE_KERNEL_H

#include <stdint.h>
#include <sys/types.h>

#define FAKE_SLOTS 130 // more than two words of a wait queue

// Makes a window of that size, formats it, and makes this process the VM in slot 1 with uid 0.
void fake_boot(uint64_t window_size);
// Enters a process for that slot, a child of this VM with all its descriptors.
void fake_claim(uint32_t slot);
// Becomes another VM of the family (same process): what a test does that plays two roles by turns.
void fake_become(uint32_t slot);
// Forks a host process that is the VM in `slot` and runs fn(arg); its exit status is fn's result.
pid_t fake_vm(uint32_t slot, int (*fn)(void *), void *arg);
// Waits for it: fn's result, or -1 - signal.
int fake_join(pid_t pid);
// Ends the calling VM at once with every lock it holds, as SIGKILL to its monitor does.
void fake_die(void);
// What the host does when a VM has died: notes it at its door.
void fake_mourn(uint32_t slot);
// And when it was the slot's process of this generation.
void fake_mourn_late(uint32_t slot, uint32_t gen);

// An entry of a made-up image: a directory (contents and target NULL), a file, a symlink, or a
// program.
struct fake_entry {
    const char *path; // sorted, parents first
    const char *contents, *target;
    uint32_t mode;
    int32_t program; // -1: none
};
// Boots a family whose file system is populated from such an image ("/" is added).
void fake_boot_fs(uint64_t window_size, const struct fake_entry *entries, uint32_t n);
// Its file table, of at most FAKE_FILES entries.
struct image_file;
const struct image_file *fake_image_files(void);
#define FAKE_FILES 110000
// The same as far as fs_populate(), whose result it gives.
int fake_populate(uint64_t window_size, const struct fake_entry *entries, uint32_t n);

// Sets the caller's identity.
void fake_user(uint32_t uid, uint32_t gid);
// Signals sent to this VM by itself (SIGPIPE, SIGXFSZ) since the last call, as a bit set; clears
// it.
uint64_t fake_signals(void);
// Makes every wait of this VM end with -ERESTART while on.
void fake_interrupt(int on);
// Calls to pv_wait and pv_kick by this VM so far: the exits a real one would have made.
extern uint64_t fake_waits, fake_kicks;
uint64_t fake_now(void); // monotonic ns
// While on, a wait with a deadline takes no time: the clock goes on instead.
extern int fake_time_flies;
void fake_time_pass(uint64_t ns);
// Called when this VM would sleep; it then does not.
extern void (*fake_wait_hook)(void);
// Makes SIGKILL pending while on.
void fake_kill(int on);

#endif
