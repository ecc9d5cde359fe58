// SPDX-License-Identifier: BSD-2-Clause
// The boot study's parts: boot_study.c reads options and runs it, study_loop.c starts and watches
// instances, study_instance.c is one of them, study_memory.c samples memory, study_write.c the
// CSV files and what a person sees.
//
// All times are CLOCK_MONOTONIC nanoseconds; in the files they are microseconds from the first
// start. One thread, one epoll: the watcher must not compete with what it watches.
#ifndef BENCH_STUDY_H
#define BENCH_STUDY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)

#define READY_MAX 100u // bytes of --ready
#define TAIL      160u // of an instance's output, kept for the search and for error messages
#define N_MAX     20000u

struct options {
    const char *name;  // of the subject, for files and messages
    const char *ready; // in the output: the instance is up
    const char *out;   // prefix of the CSV files; NULL: none
    char **argv;       // one instance
    unsigned n;
    unsigned concurrency;  // most instances started and not ready yet
    unsigned warm_up;      // started and ended before the clock starts; they tell the memory of one
    uint64_t interval_ns;  // between starts; 0: back to back
    uint64_t timeout_ns;   // from start to ready
    uint64_t sample_ns;    // between memory samples
    uint64_t hold_ns;      // sampled on after the last instance is ready
    uint64_t keep_free_kb; // MemAvailable never to go below
    bool again;            // even if the CSV is complete
};

enum outcome {
    WAITING, // not started
    STARTING,
    RUNNING, // ready
    ENDED,   // by itself, after it was ready
    EARLY,   // by itself, before
    LATE,    // not ready in time; killed
    STOPPED, // alive and killed when the run ended, which is how it should be
    ABORTED, // not ready when the run was broken off
};

struct instance {
    pid_t pid; // 0 once it has been reaped; its session and process group have this number
    int fd;    // its output; -1 once closed
    enum outcome outcome;
    uint64_t started, spawned, ready, ended; // 0: not yet
    unsigned tail_len;
    char tail[TAIL];
};

struct sample {
    uint64_t at;
    uint64_t available_kb;
    unsigned started, running;
};

struct study {
    const struct options *options;
    struct instance *instances;
    unsigned n;         // wanted; lowered when memory is short
    unsigned started;   // instances[0..started) were
    unsigned in_flight; // started, not ready, not failed
    unsigned running;
    unsigned failed;
    bool interrupted;
    bool bounded;         // n was lowered
    bool quiet;           // warm-up: no progress bar
    uint64_t begin;       // of the first start
    uint64_t all_ready;   // when nothing was in flight any more
    uint64_t teardown_ns; // from the first kill to the last death
    uint64_t cpu_ns;      // of all instances and their children, user and system
    uint64_t each_kb;     // MemAvailable per instance, from the warm-up
    uint64_t pss_kb;      // proportional set size of all processes of one instance, at the end
    uint64_t before_kb;   // MemAvailable before the first start, and when all were ready
    uint64_t during_kb;
    double load; // average of the last minute, before the first start
    struct sample *samples;
    unsigned nsamples, samples_max;
    int epoll, start_timer, sample_timer, signals;
};

// study_loop.c: starts, watches and ends n instances. -errno if it could not be set up. What
// became of each is in study->instances. A second call on one struct study is not possible.
int study_run(struct study *study, const struct options *options, unsigned n);
void study_free(struct study *study);

// study_instance.c. start: -errno if there is no process. read: takes what there is to read and
// returns whether the ready text has now been seen. kill: the whole process group.
int instance_start(struct instance *instance, const struct options *options);
bool instance_read(struct instance *instance, const char *ready);
void instance_close(struct instance *instance);
void instance_kill(struct instance *instance);
// The last whole or begun line of its output, without control characters.
void instance_last_line(const struct instance *instance, char *line, size_t len);
// Kills and reaps whatever processes are still below this one.
void instance_kill_strays(void);

// study_memory.c. Opens its files once: call memory_open() first.
int memory_open(void);
uint64_t memory_available_kb(void);
uint64_t memory_total_kb(void);
uint64_t memory_settled_kb(void); // once it stands still, or after a second
// Mean over at most `most` of the running instances; 0 if it cannot be read.
uint64_t memory_pss_kb(const struct study *study, unsigned most);

// study_write.c. complete: there is a CSV file of just this run.
bool write_is_complete(const struct options *options);
int write_csv(const struct study *study);
void write_summary(const struct study *study);
void write_progress(const struct study *study, bool last);

static inline double to_us(uint64_t ns)
{
    return (double)ns / 1000.0;
}

#endif
