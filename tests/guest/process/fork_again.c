// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// A program that forks again and again, with a rest in between, in which a clone can be made ahead
// of time: each child has the memory of the moment of its fork, whatever changed since the rest.
#include <sys/mman.h>

#include "tests/guest/check.h"

#define ROUNDS 5
#define BIG    (3u << 20) // more than is worth handing over page by page
#define SOME   (200u << 10)
#define PAGE   4096u

static char in_data[3 * PAGE] = "data";
static char in_bss[40 * PAGE];
static char *some, *big, *mapped;
static volatile sig_atomic_t handled;
static size_t child_writes; // of `big`

static void rest(void)
{
    const struct timespec ts = {.tv_nsec = 3000000};
    nanosleep(&ts, NULL);
}

static unsigned long hash(unsigned long h, const void *from, size_t len)
{
    for (const unsigned char *p = from, *end = p + len; p < end; p++)
        h = (h ^ *p) * 1099511628211u;
    return h;
}

static unsigned long look(const char *stack)
{
    unsigned long h = hash(14695981039346656037u, in_data, sizeof in_data);
    h = hash(h, in_bss, sizeof in_bss);
    h = hash(h, some, SOME);
    h = hash(h, big, BIG);
    h = hash(h, mapped, SOME);
    return stack ? hash(h, stack, 4 * PAGE) : h;
}

// Whether a child sees what we see.
static int child_agrees(const char *stack)
{
    int fds[2];
    unsigned long seen = 0, mine = look(stack);
    NEED(pipe(fds) == 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        seen = look(stack);
        // What the child writes is its own.
        memset(in_data, 'c', sizeof in_data);
        memset(some, 'c', SOME);
        memset(big, 'c', child_writes);
        _exit(write(fds[1], &seen, sizeof seen) != sizeof seen);
    }
    close(fds[1]);
    NEED(read(fds[0], &seen, sizeof seen) == sizeof seen);
    close(fds[0]);
    NEED(wait_for(pid) == 0);
    return seen == mine && look(stack) == mine;
}

static int with_stack(int round)
{
    char deep[4 * PAGE];
    memset(deep, round, sizeof deep);
    return child_agrees(deep);
}

static int change_nothing(int round)
{
    (void)round;
    return child_agrees(NULL);
}

static int change_data(int round)
{
    in_data[round * 100] = (char)round;
    in_bss[round * 2 * PAGE] = (char)(round + 1);
    return child_agrees(NULL);
}

static int change_heap(int round)
{
    memset(some + round * PAGE, round + 1, 3 * PAGE);
    return child_agrees(NULL);
}

static int change_much(int round)
{
    memset(big, round + 1, BIG);
    return child_agrees(NULL);
}

// Children that write much, whose memory may be copied ahead of time, and a parent that goes on
// writing a little of it.
static int change_under_copies(int round)
{
    int agrees = 1;
    child_writes = BIG;
    for (int i = 0; i < 2; i++) {
        rest();
        for (int k = 0; k < 20; k++)
            big[(k * 37u + (unsigned)(round * 2 + i) * 11u) % (BIG / PAGE) * PAGE] += 1;
        agrees &= child_agrees(NULL);
    }
    child_writes = 0;
    return agrees;
}

// Pages that no process had when the clone was made.
static int new_memory(int round)
{
    char *fresh = malloc(64 * PAGE);
    NEED(fresh);
    memset(fresh, round + 'a', 64 * PAGE);
    memcpy(some, fresh, 64 * PAGE < SOME ? 64 * PAGE : SOME);
    int agrees = child_agrees(fresh);
    free(fresh);
    return agrees;
}

// Memory that was given back reads as zero, for the child too.
static int zero_again(int round)
{
    memset(mapped, round + 1, SOME);
    NEED(munmap(mapped, SOME) == 0);
    mapped = mmap(NULL, SOME, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(mapped != MAP_FAILED);
    mapped[round] = 1;
    return child_agrees(NULL);
}

// The child's fault is told by how it ends.
static int rights(int round)
{
    NEED(mprotect(mapped, PAGE, round % 2 ? PROT_READ : PROT_READ | PROT_WRITE) == 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);
        mapped[0] = 1;
        _exit(0);
    }
    int status = wait_for(pid);
    return round % 2 ? WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV : status == 0;
}

// Memory the host writes: a file is read into it.
static int read_in(int round)
{
    int fds[2];
    NEED(pipe(fds) == 0);
    in_bss[PAGE] = (char)(round + 3);
    NEED(write(fds[1], in_bss, PAGE + 1) == PAGE + 1);
    NEED(read(fds[0], some + 10 * PAGE, PAGE + 1) == PAGE + 1);
    close(fds[0]);
    close(fds[1]);
    return child_agrees(NULL);
}

static void handle(int sig)
{
    handled = sig;
}

// What the kernel keeps of the process: handlers, mask, descriptors, directory.
static int process_state(int round)
{
    sigset_t set, now;
    int fd = dup2(1, 20 + round), bad = fd < 0;
    signal(SIGUSR1, round % 2 ? handle : SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, round % 2 ? SIGUSR2 : SIGHUP);
    sigprocmask(SIG_SETMASK, &set, NULL);
    NEED(chdir(round % 2 ? "/tmp" : "/") == 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        char cwd[64];
        raise(SIGUSR1);
        bad |= handled != (round % 2 ? SIGUSR1 : 0);
        sigprocmask(SIG_SETMASK, NULL, &now);
        bad |= sigismember(&now, SIGUSR2) != round % 2;
        bad |= fcntl(20 + round, F_GETFD) < 0;
        bad |= !getcwd(cwd, sizeof cwd) || strcmp(cwd, round % 2 ? "/tmp" : "/");
        bad |= getppid() == getpid();
        _exit(bad);
    }
    int status = wait_for(pid);
    close(fd);
    sigemptyset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    return status == 0;
}

// A child forks in its turn, and its children too.
static int descend(int depth)
{
    if (depth == 0)
        return 1;
    rest();
    in_data[depth] = (char)depth;
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0)
        _exit(in_data[depth] == depth && descend(depth - 1) ? 0 : 1);
    return wait_for(pid) == 0;
}

static int generations(int round)
{
    (void)round;
    return descend(3) && child_agrees(NULL);
}

static const struct {
    const char *name;
    int (*change)(int round);
} kinds[] = {
    {"nothing", change_nothing}, {"stack", with_stack},        {"data", change_data},
    {"heap", change_heap},       {"much", change_much},        {"new memory", new_memory},
    {"zero again", zero_again},  {"rights", rights},           {"read in", read_in},
    {"process", process_state},  {"generations", generations}, {"copies", change_under_copies},
};

int main(void)
{
    some = malloc(SOME);
    big = calloc(1, BIG);
    mapped = mmap(NULL, SOME, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(some && big && mapped != MAP_FAILED);
    memset(some, 's', SOME);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        int good = 0;
        for (int round = 0; round < ROUNDS; round++) {
            rest();
            good += kinds[i].change(round);
        }
        say("%s: %d of %d children see the memory of their fork", kinds[i].name, good, ROUNDS);
    }
    return 0;
}
