// SPDX-License-Identifier: BSD-2-Clause
// The boot study's loop (study.h): when the next instance starts, what became of each, and when
// the run is over. Everything comes through one epoll: output of instances, deaths and ^C
// (signalfd), the time of the next start and of the next memory sample (timerfd).

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/stats.h"
#include "bench/study.h"

#define EVENTS       64
#define IDLE_MS      100
#define SAMPLES_MAX  200000u
#define PSS_OF       16u // instances whose Pss is read
#define GIVE_UP      8u  // as many failures at the beginning: the subject does not work
#define DRAIN_ROUNDS 16

// What epoll tells: not a number of an instance.
enum { TAG_START = N_MAX + 1, TAG_SAMPLE, TAG_SIGNAL };

static int watch(struct study *study, int fd, uint32_t tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = tag};
    return epoll_ctl(study->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static struct itimerspec every(uint64_t ns)
{
    struct timespec ts = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};
    return (struct itimerspec){.it_interval = ts, .it_value = ts};
}

static int open_all(struct study *study)
{
    struct itimerspec sampling = every(study->options->sample_ns);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    study->epoll = epoll_create1(EPOLL_CLOEXEC);
    study->start_timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    study->sample_timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    study->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (study->epoll < 0 || study->start_timer < 0 || study->sample_timer < 0 || study->signals < 0)
        return -errno;
    timerfd_settime(study->sample_timer, 0, &sampling, NULL);
    int r = watch(study, study->start_timer, TAG_START);
    if (r == 0)
        r = watch(study, study->sample_timer, TAG_SAMPLE);
    return r ? r : watch(study, study->signals, TAG_SIGNAL);
}

static void take_sample(struct study *study)
{
    if (study->nsamples == study->samples_max)
        return; // hours of samples; the instances' times are still recorded
    study->samples[study->nsamples++] = (struct sample){
        .at = now_ns(),
        .available_kb = memory_available_kb(),
        .started = study->started,
        .running = study->running,
    };
}

static void set_outcome(struct study *study, struct instance *instance, enum outcome outcome)
{
    study->in_flight -= instance->outcome == STARTING;
    study->running -= instance->outcome == RUNNING;
    study->running += outcome == RUNNING;
    study->failed += outcome == EARLY || outcome == LATE;
    instance->outcome = outcome;
}

static void read_instance(struct study *study, struct instance *instance)
{
    if (instance_read(instance, study->options->ready)) {
        instance->ready = now_ns();
        set_outcome(study, instance, RUNNING);
    }
}

static void complain(const struct study *study, const struct instance *instance, const char *what)
{
    char line[TAIL + 1];
    instance_last_line(instance, line, sizeof line);
    if (study->failed <= 3)
        fprintf(stderr, "boot_study: %s: instance %u %s%s%s\n", study->options->name,
                (unsigned)(instance - study->instances), what, *line ? "; its last line: " : "",
                line);
}

// Its last words may still be in the pipe. Not waited for: somebody else may hold the pipe open.
static void instance_died(struct study *study, struct instance *instance)
{
    for (int i = 0; i < DRAIN_ROUNDS && instance->outcome == STARTING && instance->fd >= 0; i++)
        read_instance(study, instance);
    instance->ended = now_ns();
    if (instance->outcome == STARTING) {
        set_outcome(study, instance, EARLY);
        complain(study, instance, "ended before it was ready");
    } else if (instance->outcome == RUNNING) {
        set_outcome(study, instance, ENDED);
    }
    instance_close(instance);
}

static struct instance *find(struct study *study, pid_t pid)
{
    for (unsigned i = 0; i < study->started; i++)
        if (study->instances[i].pid == pid)
            return &study->instances[i];
    return NULL; // an orphan that came to us
}

// The group is killed while its leader is still a zombie: until then the number is taken.
static void reap(struct study *study)
{
    for (;;) {
        siginfo_t info = {0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
            return;
        struct instance *instance = find(study, info.si_pid);
        if (instance) {
            instance_kill(instance);
            instance_died(study, instance);
            instance->pid = 0;
        }
        waitpid(info.si_pid, NULL, 0);
    }
}

static void take_signals(struct study *study)
{
    struct signalfd_siginfo info;
    while (read(study->signals, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo != SIGCHLD)
            study->interrupted = true;
    reap(study);
}

static void kill_late(struct study *study)
{
    uint64_t now = now_ns();
    for (unsigned i = 0; i < study->started && study->in_flight; i++) {
        struct instance *instance = &study->instances[i];
        if (instance->outcome != STARTING || now - instance->started < study->options->timeout_ns)
            continue;
        set_outcome(study, instance, LATE);
        complain(study, instance, "was not ready in time");
        instance_kill(instance);
    }
}

static void bound(struct study *study, const char *reason, uint64_t kb)
{
    study->bounded = true;
    study->n = study->started;
    fprintf(stderr, "boot_study: %s: stops at %u of %u instances: %s (%.0f MB)\n",
            study->options->name, study->started, study->options->n, reason, (double)kb / 1024);
}

static uint64_t due(const struct study *study)
{
    return study->begin + study->started * study->options->interval_ns;
}

static bool may_start(const struct study *study)
{
    return study->started < study->n && study->in_flight < study->options->concurrency &&
           !study->interrupted && now_ns() >= due(study);
}

static void start_one(struct study *study)
{
    struct instance *instance = &study->instances[study->started];
    uint64_t available = memory_available_kb();
    if (available < study->options->keep_free_kb) {
        bound(study, "no more memory is free than --keep-free", available);
        return;
    }
    int r = instance_start(instance, study->options);
    if (r == 0)
        r = watch(study, instance->fd, study->started);
    if (r < 0) {
        instance_kill(instance);
        fprintf(stderr, "boot_study: %s\n", strerror(-r));
        bound(study, "no more processes or descriptors", available);
        return;
    }
    study->started++;
    study->in_flight++;
    struct itimerspec next = every(due(study));
    next.it_interval = (struct timespec){0};
    timerfd_settime(study->start_timer, TFD_TIMER_ABSTIME, &next, NULL);
}

static void take_event(struct study *study, uint32_t tag)
{
    uint64_t times;
    if (tag == TAG_SIGNAL) {
        take_signals(study);
    } else if (tag == TAG_SAMPLE) {
        if (read(study->sample_timer, &times, sizeof times) > 0)
            take_sample(study);
        kill_late(study);
        write_progress(study, false);
    } else if (tag == TAG_START) {
        if (read(study->start_timer, &times, sizeof times) < 0)
            return;
    } else {
        read_instance(study, &study->instances[tag]);
    }
}

// Over: all wanted are started and none is on its way, and memory was watched a little longer.
static bool is_over(struct study *study)
{
    if (study->interrupted)
        return true;
    if (study->failed >= GIVE_UP && study->failed == study->started - study->in_flight) {
        fprintf(stderr, "boot_study: %s: gives up: the first %u instances failed\n",
                study->options->name, study->failed);
        return true;
    }
    if (study->started < study->n || study->in_flight)
        return false;
    if (!study->all_ready)
        study->all_ready = now_ns();
    return now_ns() - study->all_ready >= study->options->hold_ns;
}

static uint64_t children_cpu_ns(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NS_PER_S +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

// Kills all at once and waits for them; then what is left below us.
static void end_all(struct study *study)
{
    uint64_t begin = now_ns();
    for (unsigned i = 0; i < study->started; i++) {
        struct instance *instance = &study->instances[i];
        if (instance->outcome == RUNNING || instance->outcome == STARTING)
            instance->outcome = instance->outcome == RUNNING ? STOPPED : ABORTED;
        instance_kill(instance);
    }
    reap(study);
    instance_kill_strays();
    for (unsigned i = 0; i < study->started; i++) {
        instance_close(&study->instances[i]);
        if (!study->instances[i].ended)
            study->instances[i].ended = now_ns();
        study->instances[i].pid = 0;
    }
    study->teardown_ns = now_ns() - begin;
}

static uint64_t memory_now_kb(const struct study *study)
{
    return study->options->hold_ns ? memory_settled_kb() : memory_available_kb();
}

int study_run(struct study *study, const struct options *options, unsigned n)
{
    struct epoll_event events[EVENTS];
    study->options = options;
    study->n = n;
    study->samples_max = SAMPLES_MAX;
    study->instances = calloc(n, sizeof *study->instances);
    study->samples = calloc(study->samples_max, sizeof *study->samples);
    if (!study->instances || !study->samples)
        return -ENOMEM;
    for (unsigned i = 0; i < n; i++)
        study->instances[i].fd = -1;
    int r = open_all(study);
    if (r < 0)
        return r;
    getloadavg(&study->load, 1);
    study->before_kb = memory_now_kb(study);
    uint64_t cpu = children_cpu_ns();
    study->begin = now_ns();
    while (!is_over(study)) {
        bool start = may_start(study);
        int got = epoll_wait(study->epoll, events, EVENTS, start ? 0 : IDLE_MS);
        for (int i = 0; i < got; i++)
            take_event(study, events[i].data.u32);
        if (start)
            start_one(study);
    }
    study->during_kb = memory_now_kb(study);
    study->pss_kb = memory_pss_kb(study, PSS_OF);
    write_progress(study, true);
    take_signals(study); // a ^C in the last moment
    end_all(study);
    study->cpu_ns = children_cpu_ns() - cpu;
    return 0;
}

void study_free(struct study *study)
{
    close(study->epoll);
    close(study->start_timer);
    close(study->sample_timer);
    close(study->signals);
    free(study->instances);
    free(study->samples);
}
