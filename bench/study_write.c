// SPDX-License-Identifier: BSD-2-Clause
// What the boot study tells (study.h): two CSV files, a summary line, and a progress bar.
//
// PREFIX.csv has a line per instance, PREFIX.memory.csv one per memory sample. Lines that begin
// with # are `# key=value`: first the run's key, by which a later run knows that it need not be
// repeated, then the summary. The file appears under its name when it is whole, PREFIX.csv last.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/stats.h"
#include "bench/study.h"

#define PATH_LEN    4096
#define KEY_LEN     8192
#define BAR         32u
#define PROGRESS_NS (100 * NS_PER_MS)

static const char *const outcome_names[] = {"waiting", "starting", "running", "ended",
                                            "early",   "late",     "stopped", "aborted"};

// All that makes two runs the same run. One line.
static void make_key(const struct options *o, char *key, size_t len)
{
    int at =
        snprintf(key, len, "# run=n:%u interval_us:%.0f concurrency:%u ready:%s command:", o->n,
                 to_us(o->interval_ns), o->concurrency, o->ready);
    for (char **arg = o->argv; *arg && at > 0 && (size_t)at < len; arg++)
        at += snprintf(key + at, len - (size_t)at, " %s", *arg);
    for (char *c = key; *c; c++)
        if (*c == '\n')
            *c = ' ';
}

bool write_is_complete(const struct options *options)
{
    static char key[KEY_LEN], line[KEY_LEN + 2];
    char path[PATH_LEN];
    if (!options->out)
        return false;
    snprintf(path, sizeof path, "%s.csv", options->out);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    make_key(options, key, sizeof key);
    bool same = fgets(line, sizeof line, file) && strcspn(line, "\n") == strlen(key) &&
                strncmp(line, key, strlen(key)) == 0;
    bool sound = false; // a run with failures is worth another
    while (same && !sound && fgets(line, sizeof line, file) && line[0] == '#')
        sound = strcmp(line, "# failed=0\n") == 0;
    fclose(file);
    return sound;
}

// Start times of all instances that became ready, sorted; their number.
static unsigned sorted_starts(const struct study *study, double *ms)
{
    unsigned n = 0;
    for (unsigned i = 0; i < study->started; i++)
        if (study->instances[i].ready)
            ms[n++] = to_us(study->instances[i].ready - study->instances[i].started) / 1000;
    qsort(ms, n, sizeof *ms, compare_samples);
    return n;
}

static double per_instance_mb(const struct study *study)
{
    if (!study->running && !study->started)
        return 0;
    unsigned n = 0;
    for (unsigned i = 0; i < study->started; i++)
        n += study->instances[i].outcome == STOPPED;
    return n ? ((double)study->before_kb - (double)study->during_kb) / n / 1024 : 0;
}

static void write_head(const struct study *study, FILE *file)
{
    static char key[KEY_LEN];
    static double ms[N_MAX];
    const struct options *o = study->options;
    unsigned ready = sorted_starts(study, ms);
    make_key(o, key, sizeof key);
    fprintf(file, "%s\n# subject=%s\n# wanted=%u\n# started=%u\n# ready=%u\n# failed=%u\n", key,
            o->name, o->n, study->started, ready, study->failed);
    fprintf(file, "# load=%.1f\n", study->load);
    fprintf(file, "# bounded=%d\n# all_ready_ms=%.3f\n# teardown_ms=%.3f\n", study->bounded,
            to_us(study->all_ready - study->begin) / 1000, to_us(study->teardown_ns) / 1000);
    fprintf(file, "# cpu_ms_each=%.3f\n# available_mb_each=%.3f\n# pss_mb_each=%.3f\n",
            study->started ? to_us(study->cpu_ns) / 1000 / study->started : 0.0,
            per_instance_mb(study), (double)study->pss_kb / 1024);
    if (ready)
        fprintf(file, "# start_ms_min=%.3f\n# start_ms_median=%.3f\n# start_ms_max=%.3f\n", ms[0],
                ms[ready / 2], ms[ready - 1]);
}

static void write_time(const struct study *study, FILE *file, uint64_t at)
{
    if (at)
        fprintf(file, ",%.1f", to_us(at - study->begin));
    else
        fprintf(file, ",");
}

static void write_instances(const struct study *study, FILE *file)
{
    write_head(study, file);
    fprintf(file, "instance,started_us,spawned_us,ready_us,ended_us,outcome\n");
    for (unsigned i = 0; i < study->started; i++) {
        const struct instance *instance = &study->instances[i];
        fprintf(file, "%u", i);
        write_time(study, file, instance->started);
        write_time(study, file, instance->spawned);
        write_time(study, file, instance->ready);
        write_time(study, file, instance->ended);
        fprintf(file, ",%s\n", outcome_names[instance->outcome]);
    }
}

static void write_samples(const struct study *study, FILE *file)
{
    fprintf(file, "# before_kb=%llu\ntime_us,available_kb,used_kb,started,running\n",
            (unsigned long long)study->before_kb);
    for (unsigned i = 0; i < study->nsamples; i++) {
        const struct sample *s = &study->samples[i];
        if (s->at < study->begin)
            continue; // while memory settled before the first start
        fprintf(file, "%.1f,%llu,%lld,%u,%u\n", to_us(s->at - study->begin),
                (unsigned long long)s->available_kb,
                (long long)study->before_kb - (long long)s->available_kb, s->started, s->running);
    }
}

static int write_file(const struct study *study, const char *ending,
                      void (*write)(const struct study *, FILE *))
{
    char path[PATH_LEN], temporary[PATH_LEN];
    snprintf(path, sizeof path, "%s%s", study->options->out, ending);
    snprintf(temporary, sizeof temporary, "%s%s.part", study->options->out, ending);
    FILE *file = fopen(temporary, "we");
    if (!file)
        return -errno;
    write(study, file);
    int failed = ferror(file);
    if (fclose(file) || failed || rename(temporary, path) < 0) {
        unlink(temporary);
        return -EIO;
    }
    return 0;
}

int write_csv(const struct study *study)
{
    int r = write_file(study, ".memory.csv", write_samples);
    return r ? r : write_file(study, ".csv", write_instances);
}

void write_summary(const struct study *study)
{
    static double ms[N_MAX];
    unsigned ready = sorted_starts(study, ms);
    printf("%-22s %5u of %5u ready", study->options->name, ready, study->options->n);
    if (ready)
        printf(
            ", start min %.1f median %.1f max %.1f ms, %.2f MB each (Pss %.2f), cpu %.1f ms each",
            ms[0], ms[ready / 2], ms[ready - 1], per_instance_mb(study),
            (double)study->pss_kb / 1024,
            to_us(study->cpu_ns) / 1000 / (study->started ? study->started : 1));
    printf("%s\n", study->bounded ? "; bounded" : "");
    fflush(stdout);
}

void write_progress(const struct study *study, bool last)
{
    static uint64_t shown;
    char bar[BAR + 1] = {0};
    uint64_t now = now_ns();
    if (study->quiet || !isatty(2) || (!last && now - shown < PROGRESS_NS))
        return;
    shown = now;
    unsigned done = (study->started - study->in_flight) * BAR / study->n;
    memset(bar, '.', BAR);
    memset(bar, '#', done);
    fprintf(stderr, "\r%-22s [%s] %u of %u, %u failed, %.1f s%s", study->options->name, bar,
            study->started - study->in_flight, study->n, study->failed,
            (double)(now - study->begin) / (double)NS_PER_S, last ? "\r\033[K" : "\033[K");
}
