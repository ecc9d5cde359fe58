// SPDX-License-Identifier: BSD-2-Clause
// diff SEED COUNT AREAS [SKIPPED-OPS [INDICES]]: runs COUNT random operations of each area.
//
//   AREAS        names with commas between, or "all"
//   SKIPPED-OPS  "area.op" with commas between, or "-"
//   INDICES      "0-7,9,12": only these of the COUNT
//
// Each area has a process and a directory of its own. See diff.h.
#include <stdarg.h>

#include "tests/diff/diff.h"
#include "tests/guest/check.h"

static const struct area *const areas[] = {
    &area_files, &area_pipes,  &area_signals,   &area_streams, &area_formats,
    &area_times, &area_memory, &area_processes, &area_locks,   &area_environ,
};

static uint64_t state;
static char lines[8192];
static size_t filled;

// splitmix64: any state is as good as any other.
static uint64_t next_random(void)
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

unsigned pick(unsigned n)
{
    return (unsigned)(next_random() >> 33) % n;
}

static uint64_t digest(const void *data, size_t n)
{
    const unsigned char *byte = data;
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    while (n-- > 0)
        h = (h ^ *byte++) * UINT64_C(0x100000001b3);
    return h;
}

void flush_lines(void)
{
    for (size_t done = 0; done < filled;) {
        ssize_t n = write(1, lines + done, filled - done);
        if (n <= 0 && errno != EINTR)
            _exit(99);
        done += n > 0 ? (size_t)n : 0;
    }
    filled = 0;
}

void put(const char *format, ...)
{
    int saved = errno;
    if (filled > sizeof lines / 2)
        flush_lines();
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(lines + filled, sizeof lines - filled, format, ap);
    va_end(ap);
    if (n > 0)
        filled += (size_t)n < sizeof lines - filled ? (size_t)n : sizeof lines - filled - 1;
    errno = saved;
}

void put_result(long r)
{
    if (r == -1)
        put(" = %s", err_name(errno));
    else
        put(" = %ld", r);
}

void put_done(long r)
{
    put(" = %s", r == -1 ? err_name(errno) : "ok");
}

void put_data(const void *data, size_t n)
{
    const unsigned char *byte = data;
    int plain = n <= 60;
    for (size_t i = 0; i < n && plain; i++)
        plain = byte[i] >= ' ' && byte[i] < 0x7f;
    if (plain)
        put(" [%.*s]", (int)n, (const char *)data);
    else
        put(" %zu:%08x", n, (unsigned)digest(data, n));
}

void fill_bytes(unsigned char *to, size_t n, unsigned salt)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (unsigned char)('a' + (i + salt + (i >> 7)) % 26);
}

// Whether INDEX is in LIST ("0-7,9"); no list has all.
static int listed(const char *list, unsigned index)
{
    if (!list)
        return 1;
    while (*list) {
        char *end;
        unsigned long first = strtoul(list, &end, 10), last = first;
        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        if (index >= first && index <= last)
            return 1;
        list = *end ? end + 1 : end;
    }
    return 0;
}

// Whether "AREA.OP" (or "AREA" alone, without OP) is one of the names in LIST.
static int named(const char *list, const char *area, const char *op)
{
    char name[64];
    size_t n = (size_t)snprintf(name, sizeof name, op ? "%s.%s" : "%s", area, op ? op : "");
    for (const char *at = list; at && (at = strstr(at, name)); at += n)
        if ((at == list || at[-1] == ',') && (at[n] == ',' || !at[n]))
            return 1;
    return 0;
}

static const char *skipped, *current;

int left_out(const char *name)
{
    return named(skipped, current, name);
}

static const struct op *choose(const struct area *area)
{
    unsigned total = 0, i = 0;
    for (i = 0; i < area->count; i++)
        total += area->ops[i].weight;
    unsigned at = pick(total);
    for (i = 0; at >= area->ops[i].weight; i++)
        at -= area->ops[i].weight;
    return &area->ops[i];
}

struct request {
    uint64_t seed;
    unsigned count;
    const char *areas, *skipped, *indices;
};

static void run_area(const struct area *area, const struct request *want)
{
    skipped = want->skipped;
    current = area->name;
    if (area->begin)
        area->begin();
    for (unsigned i = 0; i < want->count; i++) {
        state = digest(area->name, strlen(area->name)) ^ want->seed << 32 ^ i;
        next_random();
        const struct op *op = choose(area);
        if (!listed(want->indices, i) || named(want->skipped, area->name, op->name))
            continue;
        put("%s %u %s", area->name, i, op->name);
        errno = 0;
        op->run();
        put("\n");
    }
    flush_lines();
}

static void start_area(const struct area *area, const struct request *want)
{
    int status;
    NEED(mkdir(area->name, 0755) == 0);
    fflush(stdout);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        NEED(chdir(area->name) == 0);
        umask(022);
        run_area(area, want);
        _exit(0);
    }
    NEED(waitpid(pid, &status, 0) == pid);
    say("%s ended: %s %d", area->name, WIFEXITED(status) ? "exit" : "signal",
        WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/diff.XXXXXX";
    if (argc < 4)
        return 2;
    struct request want = {.seed = strtoull(argv[1], NULL, 0),
                           .count = (unsigned)strtoul(argv[2], NULL, 0),
                           .areas = argv[3],
                           .skipped = argc > 4 ? argv[4] : NULL,
                           .indices = argc > 5 ? argv[5] : NULL};
    const char *given = getenv("DIFF_DIR"); // on Linux: a fresh directory on a tmpfs
    NEED(given ? chdir(given) == 0 : mkdtemp(dir) && chdir(dir) == 0);
    int all = strcmp(want.areas, "all") == 0;
    for (unsigned i = 0; i < LENGTH(areas); i++)
        if (all || named(want.areas, areas[i]->name, NULL))
            start_area(areas[i], &want);
    return 0;
}
