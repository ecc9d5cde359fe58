// SPDX-License-Identifier: BSD-2-Clause
//
// mremap, mincore, and the argument checks of mlock, munlock, mlockall and msync.
#include "tests/guest/check.h"
#include <sys/mman.h>

#define PAGE 4096ul

static char *map(size_t pages, int prot)
{
    char *p = mmap(NULL, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    NEED(p != MAP_FAILED);
    return p;
}

static void fails(const char *what, void *r)
{
    say("%s: %s", what, r == MAP_FAILED ? err_name(errno) : "it works");
}

static int gone(char *p)
{
    unsigned char v[1];

    return mincore(p, PAGE, v) == -1 && errno == ENOMEM;
}

static void sizes(void)
{
    char *p = map(8, PROT_READ | PROT_WRITE);

    for (int i = 0; i < 8; i++)
        p[i * PAGE] = (char)('a' + i);
    CHECK("the same size", mremap(p, 8 * PAGE, 8 * PAGE, 0) == p);
    CHECK("smaller", mremap(p, 8 * PAGE, 5 * PAGE - 7, 0) == p);
    CHECK("what was behind is gone", gone(p + 5 * PAGE) && gone(p + 7 * PAGE));
    CHECK("again in place", mremap(p, 5 * PAGE, 8 * PAGE, 0) == p);
    CHECK("it is zero", p[5 * PAGE] == 0 && p[7 * PAGE] == 0 && p[4 * PAGE] == 'e');

    // Something is behind it: it must move.
    char *q = map(3, PROT_READ | PROT_WRITE);
    strcpy(q, "first");
    strcpy(q + 2 * PAGE, "third");
    char *wall = mmap(q + 3 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(wall != MAP_FAILED);
    char *r = mremap(q, 3 * PAGE, 100 * PAGE, MREMAP_MAYMOVE);
    NEED(r != MAP_FAILED);
    say("%s %s %d", r, r + 2 * PAGE, r[50 * PAGE]);
    r[99 * PAGE] = 1;
    CHECK("all or nothing moved", r == q || gone(q));
    TRY(munmap(r, 100 * PAGE));

    char *to = map(10, PROT_READ | PROT_WRITE);
    memset(to, 'x', 10 * PAGE);
    char *fixed = mremap(p, 4 * PAGE, 6 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + 2 * PAGE);
    CHECK("fixed", fixed == to + 2 * PAGE);
    say("%c%c%c%d%d%c", to[PAGE], fixed[0], fixed[3 * PAGE], fixed[4 * PAGE], fixed[5 * PAGE],
        to[8 * PAGE]);
    CHECK("moved away", gone(p) && gone(p + 3 * PAGE) && !gone(p + 4 * PAGE));

    fails("not aligned", mremap(to + 1, PAGE, PAGE, 0));
    fails("to nothing", mremap(to, PAGE, 0, 0));
    fails("flags", mremap(to, PAGE, PAGE, 64));
    fails("fixed without maymove", mremap(to, PAGE, PAGE, MREMAP_FIXED, to + 5 * PAGE));
    fails("over itself", mremap(to, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE));
    fails("not aligned", mremap(to, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE + 5));
    fails("not mapped", mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
    fails("too large", mremap(to, PAGE, (size_t)1 << 46, MREMAP_MAYMOVE));
}

// Rights go along.
static void rights(void)
{
    char *p = map(2, PROT_READ | PROT_WRITE);
    int fd = open("/dev/zero", O_RDONLY);

    p[0] = 'r';
    NEED(mprotect(p, 2 * PAGE, PROT_READ) == 0);
    p = mremap(p, 2 * PAGE, 50 * PAGE, MREMAP_MAYMOVE);
    NEED(p != MAP_FAILED);
    say("%c", p[0]);
    TRY(read(fd, p, 1));
    NEED(mprotect(p, 50 * PAGE, PROT_READ | PROT_WRITE) == 0);
    p[PAGE] = 'n';
    NEED(mprotect(p, 50 * PAGE, PROT_NONE) == 0);
    p = mremap(p, 50 * PAGE, 500 * PAGE, MREMAP_MAYMOVE);
    NEED(p != MAP_FAILED);
    TRY(write(1, p, 1));
    NEED(mprotect(p, 500 * PAGE, PROT_READ) == 0);
    say("%c%c%d", p[0], p[PAGE], p[499 * PAGE]);
    close(fd);
}

static void checks(void)
{
    unsigned char v[4] = {0};
    char *p = map(4, PROT_READ | PROT_WRITE);

    memset(p, 1, 4 * PAGE);
    TRY(mincore(p, 4 * PAGE, v));
    say("%d%d%d%d", v[0] & 1, v[1] & 1, v[2] & 1, v[3] & 1);
    TRY(mincore(p + 1, PAGE, v));
    TRY(mincore(p, 4 * PAGE, NULL));
    NEED(munmap(p + 2 * PAGE, PAGE) == 0);
    TRY(mincore(p, 4 * PAGE, v));
    TRY(mlock(p + 5, 100));
    TRY(munlock(p + 5, 100));
    TRY(mlock(p, 0));
    TRY(mlock(p, 4 * PAGE));
    TRY(munlock(p, 4 * PAGE));
    TRY(mlockall(0));
    TRY(mlockall(8));
    TRY(mlockall(MCL_ONFAULT));
    TRY(mlockall(MCL_CURRENT));
    TRY(munlockall());
    TRY(msync(p, 0, MS_SYNC));
    TRY(msync(p, PAGE, MS_SYNC | MS_ASYNC));
    TRY(msync(p, PAGE, 64));
    TRY(msync(p, PAGE, 0));
    TRY(msync(p + 1, PAGE, MS_SYNC));
    TRY(msync(p, 4 * PAGE, MS_ASYNC));
}

// A shared mapping without the right to read or write: system calls keep to it.
static void shared(void)
{
    int fd = open("/dev/zero", O_RDONLY);
    char *p = mmap(NULL, PAGE, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    NEED(p != MAP_FAILED && fd >= 0);
    TRY(write(1, p, 1));
    TRY(read(fd, p, 1));
    TRY(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
    p[0] = 1;
    TRY(read(fd, p, 1));
    char *w = mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    NEED(w != MAP_FAILED);
    strcpy(w, "to be written is to be read");
    say("%s", w);
    char *r = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    NEED(r != MAP_FAILED);
    TRY(read(fd, r, 1));
    CHECK("smaller", mremap(w, PAGE, PAGE, MREMAP_MAYMOVE) == w);
    close(fd);
}

int main(void)
{
    sizes();
    rights();
    checks();
    shared();
    return 0;
}
