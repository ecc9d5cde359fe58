// SPDX-License-Identifier: BSD-2-Clause
//
// args: first "two words"
//
// What one process does without a family, so that it is compared everywhere, on the shim too:
// faults and handlers, an alternative stack, timers and sleeps, poll, floating point under
// signals, memory, and exec of itself.
#include "tests/guest/check.h"
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static volatile sig_atomic_t ticks, on_alternative;
static volatile uintptr_t fault_at;
static volatile int fault_code;
static sigjmp_buf back;
static char alternative[65536];

static void fault(int sig, siginfo_t *info, void *context)
{
    char here;
    (void)context;
    fault_at = (uintptr_t)info->si_addr;
    fault_code = info->si_code;
    on_alternative = &here >= alternative && &here < alternative + sizeof alternative;
    siglongjmp(back, sig);
}

static void tick(int sig)
{
    (void)sig;
    ticks++;
}

static void read_null(void)
{
    volatile int *volatile p = NULL;
    say("never %d", *p);
}

static void write_code(void)
{
    *(volatile char *)(uintptr_t)read_null = 0;
}

static void divide(void)
{
    volatile int seven = 7, zero = 0;
    say("never %d", seven / zero);
}

static void undefined(void)
{
    __asm__ volatile("ud2");
}

// To a depth that no stack has room for.
static int deeper(volatile char *above, int depth)
{
    volatile char frame[8192];
    frame[0] = above ? above[0] : 1;
    return depth ? deeper(frame, depth - 1) + frame[0] : 0;
}

static void overflow(void)
{
    say("never %d", deeper(NULL, 1000000));
}

static void caught(const char *what, void (*f)(void))
{
    int sig = sigsetjmp(back, 1);
    if (!sig)
        f();
    say("%s: signal %d, code %d, alternative stack %d", what, sig, fault_code, (int)on_alternative);
}

static void faults(void)
{
    stack_t stack = {.ss_sp = alternative, .ss_size = sizeof alternative};
    struct sigaction act = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    sigaltstack(&stack, NULL);
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &act, NULL);
    caught("read of NULL", read_null);
    say("at 0: %d", fault_at == 0);
    caught("write to code", write_code);
    say("at it: %d", fault_at == (uintptr_t)read_null);
    caught("division by 0", divide);
    caught("undefined instruction", undefined);
    caught("stack overflow", overflow);
    caught("read of NULL again", read_null);
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

// A tick every millisecond while the vector registers are in use.
static void floating_under_ticks(void)
{
    struct itimerval every = {{0, 1000}, {0, 1000}}, off = {{0, 0}, {0, 0}};
    double sum = 0, again = 0;
    signal(SIGALRM, tick);
    setitimer(ITIMER_REAL, &every, NULL);
    for (ticks = 0; ticks < 50;) {
        sum = again = 0;
        for (int i = 1; i < 2000; i++)
            sum += sqrt(i) / i;
        for (int i = 1; i < 2000; i++)
            again += sqrt(i) / i;
        if (sum != again)
            break;
    }
    setitimer(ITIMER_REAL, &off, NULL);
    say("sums agree under 50 ticks: %d, %.9f", sum == again, sum);
}

static void sleeps(void)
{
    const int ms[] = {1, 5, 20, 50};
    for (unsigned i = 0; i < sizeof ms / sizeof *ms; i++) {
        struct timespec t = {0, ms[i] * 1000000L};
        int64_t begin = now();
        nanosleep(&t, NULL);
        int64_t took = now() - begin;
        say("slept %d ms: long enough %d, under a second more %d", ms[i], took >= t.tv_nsec,
            took < t.tv_nsec + INT64_C(1000000000));
    }
    ticks = 0;
    alarm(1);
    int r = pause();
    say("pause = %d %s, ticks %d", r, err_name(errno), (int)ticks);
    say("poll = %d", poll(NULL, 0, 30));
    say("the year is one of this century: %d", time(NULL) > 946684800 && time(NULL) < 4102444800);
}

static void memory(void)
{
    const size_t size = 8 << 20;
    unsigned char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned wrong = 0;
    for (size_t i = 0; i < size; i += 512)
        wrong += p[i];
    for (size_t i = 0; i < size; i += 512)
        p[i] = (unsigned char)(i >> 9);
    for (size_t i = 0; i < size; i += 512)
        wrong += p[i] != (unsigned char)(i >> 9);
    say("8 MB: %u wrong, munmap %d", wrong, munmap(p, size));
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "again")) {
        say("exec'd: %s, pid kept %d", argv[2], atoi(argv[3]) == (int)getpid());
        return 7;
    }
    for (int i = 1; i < argc; i++)
        say("argument [%s]", argv[i]);
    faults();
    floating_under_ticks();
    sleeps();
    memory();
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    execl(argv[0], argv[0], "again", "the same program", pid, (char *)NULL);
    say("exec: %s", err_name(errno));
    return 1;
}
