// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// The heap: 32 MB in pieces and at once, freed and taken again many times (a heap that leaks would
// run out), alignment, realloc keeps contents, calloc zeroes, and an absurd size fails with ENOMEM.
#include "tests/guest/check.h"
#include <stdint.h>
#include <sys/mman.h>

#define MB (1u << 20)

static void at_once(void)
{
    unsigned char *p = malloc(32 * MB);
    unsigned wrong = 0;

    NEED(p);
    for (unsigned i = 0; i < 32 * MB; i += 4096)
        p[i] = (unsigned char)(i >> 12);
    for (unsigned i = 0; i < 32 * MB; i += 4096)
        wrong += p[i] != (unsigned char)(i >> 12);
    say("32 MB at once: wrong %u", wrong);
    free(p);
}

static void in_pieces(void)
{
    enum { N = 2000 };
    static unsigned char *p[N];
    unsigned wrong = 0, unaligned = 0;

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < N; i++) {
            size_t size = (size_t)(i * 37 % 32768) + 1;
            NEED((p[i] = malloc(size)));
            unaligned += (uintptr_t)p[i] % 16 != 0;
            memset(p[i], i, size);
        }
        for (int i = 0; i < N; i++) {
            size_t size = (size_t)(i * 37 % 32768) + 1;
            wrong += p[i][0] != (unsigned char)i || p[i][size - 1] != (unsigned char)i;
        }
        for (int i = round % 2; i < N; i += 2)
            free(p[i]);
        for (int i = 1 - round % 2; i < N; i += 2)
            free(p[i]);
    }
    say("pieces: wrong %u, unaligned %u", wrong, unaligned);
}

// 100 times 24 MB is far more than any family's memory: freed memory must come back.
static void again_and_again(void)
{
    int good = 0;

    for (int i = 0; i < 100; i++) {
        char *p = malloc(24 * MB);
        if (!p)
            break;
        p[0] = p[12 * MB] = p[24 * MB - 1] = (char)i;
        good += p[0] == (char)i;
        free(p);
    }
    say("24 MB taken and freed %d times", good);
}

static void others(void)
{
    volatile size_t absurd = SIZE_MAX / 4;
    char *p = calloc(1000, 1000);
    int nonzero = 0;
    void *aligned = NULL;

    NEED(p);
    for (int i = 0; i < 1000000; i++)
        nonzero += p[i] != 0;
    say("calloc: nonzero bytes %d", nonzero);
    memset(p, 'c', 1000000);
    NEED((p = realloc(p, 3000000)));
    int kept = 0;
    for (int i = 0; i < 1000000; i++)
        kept += p[i] == 'c';
    say("realloc kept %d", kept);
    NEED((p = realloc(p, 10)));
    say("shrunk [%.10s]", p);
    free(p);
    free(NULL);
    errno = 0;
    p = malloc(absurd);
    say("absurd size: %s %s", p ? "memory NO" : "NULL", err_name(errno));
    TRY(posix_memalign(&aligned, 4096, 10000));
    CHECK("page aligned", aligned && (uintptr_t)aligned % 4096 == 0);
    free(aligned);
    TRY(posix_memalign(&aligned, 3, 100) == EINVAL);
}

static void mapped(void)
{
    char *p = mmap(NULL, 4 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK("mmap anonymous", p != MAP_FAILED);
    if (p == MAP_FAILED)
        return;
    int nonzero = 0;
    for (unsigned i = 0; i < 4 * MB; i += 4096)
        nonzero += p[i] != 0;
    memset(p, 7, 4 * MB);
    say("zeroed: %d wrong", nonzero);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        p[100] = 9;
        _exit(p[0] + p[100]);
    }
    say_status("private in the child", wait_for(pid));
    say("untouched in the parent: %d", p[100]);
    TRY(munmap(p, 4 * MB));
    TRY(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
}

// Each child gets, uses and gives back its own memory.
static void in_children(void)
{
    int good = 0;

    for (int i = 0; i < 4; i++) {
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0) {
            at_once();
            _exit(11);
        }
        good += WEXITSTATUS(wait_for(pid)) == 11;
    }
    say("children with 32 MB each: %d", good);
}

int main(void)
{
    at_once();
    in_pieces();
    again_and_again();
    others();
    mapped();
    in_children();
    return 0;
}
