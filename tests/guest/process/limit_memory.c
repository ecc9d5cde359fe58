// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// RLIMIT_DATA and RLIMIT_AS hold for the break, private and shared mappings; a limit can be below
// what is in use, is inherited, and what is unmapped does not count any more.
#include <sys/mman.h>
#include <sys/resource.h>

#include "tests/guest/check.h"

#define MB ((size_t)1 << 20)

static void limit(int what, rlim_t bytes)
{
    struct rlimit now, set;

    NEED(getrlimit(what, &now) == 0);
    set = (struct rlimit){bytes, now.rlim_max};
    TRY(setrlimit(what, &set));
    NEED(getrlimit(what, &now) == 0);
    CHECK("as it was set", now.rlim_cur == bytes);
}

static void *map(size_t n, int how)
{
    return mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | how, -1, 0);
}

static void try_map(const char *what, size_t n, int how)
{
    errno = 0;
    char *p = map(n, how);

    if (p == MAP_FAILED) {
        say("%s: %s", what, err_name(errno));
        return;
    }
    p[0] = p[n - 1] = 1;
    say("%s: mapped", what);
    NEED(munmap(p, n) == 0);
}

static void try_break(const char *what, intptr_t n)
{
    errno = 0;
    bool moved = sbrk(n) != (void *)-1;

    say("%s: %s", what, moved ? "moved" : err_name(errno));
    if (moved)
        NEED(sbrk(-n) != (void *)-1);
}

static void try_all(const char *when)
{
    say("%s", when);
    try_break("break by 8 MB", 8 * MB);
    try_map("private 8 MB", 8 * MB, MAP_PRIVATE);
    try_map("shared 8 MB", 8 * MB, MAP_SHARED);
    try_map("private 34 MB", 34 * MB, MAP_PRIVATE);
    try_map("shared 34 MB", 34 * MB, MAP_SHARED);
}

static void child(void)
{
    try_all("in a child of the limited");
    _exit(0);
}

int main(void)
{
    try_all("no limit");
    limit(RLIMIT_DATA, 6 * MB);
    try_break("break by 1 MB", MB);
    try_map("private 1 MB", MB, MAP_PRIVATE);
    try_all("6 MB of data");
    limit(RLIMIT_DATA, 0);
    try_break("break by a byte", 1);
    try_break("break by nothing", 0);
    limit(RLIMIT_DATA, RLIM_INFINITY);

    limit(RLIMIT_AS, 36 * MB);
    try_all("36 MB in all");
    void *held = map(4 * MB, MAP_PRIVATE), *more = map(7 * MB, MAP_SHARED);
    NEED(held != MAP_FAILED && more != MAP_FAILED);
    try_map("private 25 MB more", 25 * MB, MAP_PRIVATE);
    pid_t pid = fork();
    if (pid == 0)
        child();
    say_status("child", wait_for(pid));
    NEED(munmap(held, 4 * MB) == 0 && munmap(more, 7 * MB) == 0);
    try_map("private 25 MB instead", 25 * MB, MAP_PRIVATE);
    limit(RLIMIT_AS, RLIM_INFINITY);
    try_all("no limit again");
    return 0;
}
