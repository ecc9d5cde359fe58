// SPDX-License-Identifier: BSD-2-Clause
// test_family.c: what the processes of a family take from memory and messages that each of them can
// write: a claimer, a pid, a size, a place in the text cache. Links host/family/family.c,
// placement.c, answers.c, fdpass.c and host/family/textcache.c.
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/family/fdpass.h"
#include "host/family/hugemem.h"
#include "host/family/supervisor_private.h"
#include "host/family/textcache.h"
#include "tests/unit/lib/check.h"

#define SLOTS 4u

static struct options opt = {.max_procs = SLOTS};
static struct family family = {.opt = &opt};
static struct supervisor supervisor = {.f = &family};

static struct family_slot *slot(uint32_t i)
{
    return &family.shared->slots[i];
}

// Whatever a monitor writes there, no other looks outside the table.
static void test_claimer(void)
{
    const uint32_t wrong[] = {0, SLOTS + 1, INT32_MAX, UINT32_MAX};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        atomic_store(&slot(2)->claimer, wrong[i]);
        CHECK_EQ(family_claimer(&family, 2), 0);
    }
    atomic_store(&slot(2)->claimer, SLOTS);
    CHECK_EQ(family_claimer(&family, 2), SLOTS);
}

// ---- slots ----

// Whoever claims or gives back a slot can be killed between any two stores of it: what the page
// says then is that the slot is free, or whose it is.
static void test_release(void)
{
    CHECK_EQ(family_claim(&family, 2, 1), 0);
    CHECK_EQ(family_pid(&family, 2), 0); // until the fork
    atomic_store(&slot(2)->pid, 1234);
    CHECK_EQ(family_slot_of(&family, 1234), 2);
    atomic_store(&slot(2)->state, SLOT_RUNNING);
    CHECK_EQ(family_slot_of(&family, 1234), 2);
    CHECK_EQ(family_claim(&family, 2, 1), -EBUSY);
    family_release(&family, 2);
    CHECK_EQ(family_slot_of(&family, 1234), 0); // its death is nobody's
    CHECK_EQ(family_pid(&family, 2), 0);
    // Killed in the first lines of the next claim: it is known whose it was, and that it is not yet
    // the last one's.
    atomic_store(&slot(2)->state, SLOT_CLAIMED | 3u << SLOT_CLAIMER_SHIFT);
    CHECK_EQ(family_slot_of(&family, 1234), 0);
    CHECK_EQ(family_claim(&family, 2, 1), -EBUSY);
    family_release(&family, 2);
    CHECK_EQ(family_claim(&family, 2, 3), 0);
    CHECK_EQ(atomic_load(&slot(2)->pid), 0);
    CHECK_EQ(family_claimer(&family, 2), 3);
    family_release(&family, 2);
}

// The generation is that of the process the slot is claimed for.
static void test_generation(void)
{
    family_door(&family, 2)->gen = 77;
    CHECK_EQ(family_claim(&family, 2, 1), 0);
    family_door(&family, 2)->gen = 78; // a guest's doing, later
    CHECK_EQ(atomic_load(&slot(2)->gen), 77);
    family_release(&family, 2);
}

// ---- what the supervisor is asked for ----

static int answer(uint32_t op, uint32_t where, uint32_t value)
{
    const struct family_msg msg = {op, where, value};
    return supervisor_answer(&supervisor, &msg);
}

static pid_t sleeper(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    return pid;
}

static int processors(pid_t pid)
{
    cpu_set_t set;
    return sched_getaffinity(pid, sizeof set, &set) == 0 ? CPU_COUNT(&set) : -1;
}

// A child of the supervisor's is moved, and may go on from there; nobody else is touched.
static void test_moves(void)
{
    cpu_set_t one;
    placement_init(&family.placement);
    if (!family.placement.push)
        return; // this host has one processor, or many
    const int all = processors(0), here = placement_here(&family.placement);
    pid_t child = sleeper(), grandchild = 0;
    int tell[2];
    CHECK_EQ(pipe(tell), 0);
    pid_t parent = fork();
    if (parent == 0) {
        grandchild = sleeper();
        if (write(tell[1], &grandchild, sizeof grandchild) < 0)
            _exit(1);
        pause();
    }
    CHECK_EQ(read(tell[0], &grandchild, sizeof grandchild), sizeof grandchild);
    CPU_ZERO(&one);
    CPU_SET(here, &one);
    sched_setaffinity(child, sizeof one, &one);
    sched_setaffinity(grandchild, sizeof one, &one);
    CHECK(answer(FAMILY_PUSH, (uint32_t)here, (uint32_t)child));
    CHECK_EQ(processors(child), all);
    sched_setaffinity(child, sizeof one, &one);
    CHECK(answer(FAMILY_PUSH, CPU_SETSIZE, (uint32_t)child)); // no such processors
    CHECK(answer(FAMILY_PUSH, UINT32_MAX, (uint32_t)child));
    CHECK_EQ(processors(child), 1);
    CHECK(answer(FAMILY_PULL, (uint32_t)here, (uint32_t)grandchild)); // none of its own
    CHECK_EQ(processors(grandchild), 1);
    kill(grandchild, SIGKILL);
    kill(parent, SIGKILL);
    kill(child, SIGKILL);
    while (wait(NULL) > 0)
        ;
}

static int take(int from, int32_t pid)
{
    int fds[FDPASS_MAX];
    int32_t to = 0;
    unsigned n = 0;
    CHECK_EQ(fdpass_receive(from, &to, sizeof to, fds, &n, MSG_DONTWAIT), sizeof to);
    CHECK_EQ(to, pid);
    return n == 1 ? fds[0] : -1;
}

static void test_memory(void)
{
    int back[2];
    struct stat st;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, back), 0);
    supervisor.answers = back[0];
    atomic_store(&slot(3)->pid, getpid()); // which is no child of ours
    atomic_store(&slot(3)->state, SLOT_RUNNING);
    CHECK(answer(FAMILY_MEMORY, 3, 8192));
    int fd = take(back[1], getpid());
    CHECK(fstat(fd, &st) == 0 && st.st_size == 8192);
    close(fd);
    CHECK(answer(FAMILY_MEMORY, 3, FAMILY_MEMORY_MAX + 1));
    CHECK_EQ(take(back[1], getpid()), -1);
    CHECK(answer(FAMILY_PAGEMAP, 3, 0));
    CHECK_EQ(take(back[1], getpid()), -1);
    CHECK(!answer(FAMILY_MEMORY, SLOTS + 1, 8192));
    CHECK(!answer(FAMILY_MEMORY, 0, 8192));
    CHECK(!answer(FAMILY_KILL, 3, 0));
    family_release(&family, 3);
}

// ---- the text cache ----

// A monitor cannot say where in the cache a program is: its siblings' guests would execute what is
// there.
static void test_text_cache(void)
{
    struct textcache cache = {0};
    int status = 0;
    uint8_t *at = hugemem_reserve(TEXTCACHE_SIZE);
    const int fd = at ? textcache_init(&cache, at, TEXTCACHE_SIZE, 3) : -1;
    CHECK(fd >= 0 && close(fd) == 0);
    pid_t monitor = fork();
    if (monitor == 0) {
        signal(SIGSEGV, SIG_DFL); // not the sanitizer's
        if (textcache_protect(&cache) < 0 || textcache_use(&cache, 1) ||
            textcache_find(&cache, 1) >= 0)
            _exit(1);
        atomic_store(&cache.first_page[1], 1000);
        _exit(2);
    }
    CHECK_EQ(waitpid(monitor, &status, 0), monitor);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    CHECK_EQ(textcache_find(&cache, 1), -1);
    CHECK(textcache_use(&cache, 1)); // the monitor's was the first
}

int main(void)
{
    family.shared = calloc(1, sizeof *family.shared + (SLOTS + 1) * sizeof(struct family_slot));
    family.window =
        calloc(1, sizeof(struct window_header) + (SLOTS + 1) * sizeof(struct window_door));
    RUN(test_claimer);
    RUN(test_release);
    RUN(test_generation);
    RUN(test_moves);
    RUN(test_memory);
    RUN(test_text_cache);
    free(family.shared);
    free(family.window);
    return check_done("family");
}
