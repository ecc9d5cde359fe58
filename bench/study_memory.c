// SPDX-License-Identifier: BSD-2-Clause
// Memory as the boot study counts it (study.h).
//
// Over time: MemAvailable plus the pages in the allocator's per-processor lists, which are free as
// well and come and go by tens of megabytes. It counts everything an instance costs, page tables
// and the kernel's own objects too, and everybody else on the machine.
// Once, when all instances run: the proportional set size (Pss) of an instance's processes, which
// is exact but knows nothing of the kernel's memory. Too dear to be read over time.

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/stats.h"
#include "bench/study.h"

#define TEXT_MAX   65536u
#define SETTLED_KB 512u
#define REST_US    50000u
#define RESTS      20u
#define OWNED_MAX  512u // processes of the instances looked at

static int meminfo = -1, zoneinfo = -1;

int memory_open(void)
{
    meminfo = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
    zoneinfo = open("/proc/zoneinfo", O_RDONLY | O_CLOEXEC); // optional: some hide it
    return meminfo < 0 ? -errno : 0;
}

static const char *text_of(int fd)
{
    static char text[TEXT_MAX];
    size_t len = 0;
    ssize_t got;
    // procfs gives a page or so at a time.
    while (fd >= 0 && len < TEXT_MAX - 1 &&
           (got = pread(fd, text + len, TEXT_MAX - 1 - len, (off_t)len)) > 0)
        len += (size_t)got;
    text[len] = '\0';
    return text;
}

static uint64_t value_after(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

uint64_t memory_total_kb(void)
{
    return value_after(text_of(meminfo), "MemTotal:");
}

uint64_t memory_available_kb(void)
{
    uint64_t kb = value_after(text_of(meminfo), "MemAvailable:");
    uint64_t page_kb = (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
    // The counts of the per-processor lists are the lines "count: N".
    for (const char *at = text_of(zoneinfo); (at = strstr(at, " count:")); at++)
        kb += strtoull(at + strlen(" count:"), NULL, 10) * page_kb;
    return kb;
}

uint64_t memory_settled_kb(void)
{
    uint64_t before = memory_available_kb();
    for (unsigned i = 0; i < RESTS; i++) {
        usleep(REST_US);
        uint64_t now = memory_available_kb();
        uint64_t change = now > before ? now - before : before - now;
        if (change < SETTLED_KB)
            return now;
        before = now;
    }
    return before;
}

static uint64_t process_pss_kb(const char *pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%.20s/smaps_rollup", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint64_t kb = value_after(text_of(fd), "\nPss:");
    if (fd >= 0)
        close(fd);
    return kb;
}

// A process's parent and session, from /proc/PID/stat: the fields after the command's ')'.
static bool kin_of(const char *pid, int *parent, int *session)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    const char *after = strrchr(text_of(fd), ')');
    if (fd >= 0)
        close(fd);
    return after && sscanf(after + 1, " %*c %d %*d %d", parent, session) == 2;
}

static bool among(const int *pids, unsigned n, int pid)
{
    for (unsigned i = 0; i < n; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

uint64_t memory_pss_kb(const struct study *study, unsigned most)
{
    int owned[OWNED_MAX], parent, session;
    unsigned instances = 0, n;
    uint64_t kb = 0;
    struct dirent *entry;
    // The latest ones: the first share least with others, and there may be no others.
    for (unsigned i = study->started; i-- > 0 && instances < most && instances < OWNED_MAX;)
        if (study->instances[i].outcome == RUNNING)
            owned[instances++] = study->instances[i].pid;
    n = instances;
    DIR *proc = n ? opendir("/proc") : NULL;
    if (!proc)
        return 0;
    // In the order of their numbers, so parents come before children: a process that left its
    // instance's session is found by its parent.
    while ((entry = readdir(proc))) {
        const char *pid = entry->d_name;
        if (!isdigit((unsigned char)*pid) || !kin_of(pid, &parent, &session) ||
            (!among(owned, instances, session) && !among(owned, n, parent)))
            continue;
        kb += process_pss_kb(pid);
        if (n < OWNED_MAX)
            owned[n++] = atoi(pid);
    }
    closedir(proc);
    return kb / instances;
}
