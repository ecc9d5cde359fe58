// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
// vmm: process
//
// Vector registers wider than SSE's survive a handler that uses them all, a fault, and a fork; what
// they hold is the interrupted program's. Where the processor has none, SSE's stand for them.
#include <cpuid.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "tests/guest/check.h"

static int has_avx(void)
{
    unsigned a, b, c, d, lo, hi;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_AVX))
        return 0;
    __asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (lo & 6) == 6;
}

static int wide;
static volatile int handled;
static unsigned char zeros[32], pattern[32] __attribute__((aligned(32)));

static void set(const unsigned char *value)
{
    if (wide)
        __asm__ volatile("vmovdqu (%0), %%ymm0\n\tvmovdqu (%0), %%ymm7\n\tvmovdqu (%0), %%ymm15"
                         :
                         : "r"(value)
                         : "xmm0", "xmm7", "xmm15");
    else
        __asm__ volatile("movdqu (%0), %%xmm0\n\tmovdqu (%0), %%xmm7\n\tmovdqu (%0), %%xmm15"
                         :
                         : "r"(value)
                         : "xmm0", "xmm7", "xmm15");
}

static void clobber(int sig)
{
    (void)sig;
    handled++;
    set(zeros);
}

// Nothing but these instructions runs between the two: the registers stay as they are until a
// handler has run `until` times.
static int spin(int until)
{
    unsigned char out[3][32] = {{0}};
    if (wide)
        __asm__ volatile("vmovdqu (%1), %%ymm0\n\tvmovdqu (%1), %%ymm7\n\tvmovdqu (%1), %%ymm15\n"
                         "1:\tpause\n\tcmpl %3, %2\n\tjl 1b\n\t"
                         "vmovdqu %%ymm0, (%0)\n\tvmovdqu %%ymm7, 32(%0)\n\tvmovdqu %%ymm15, 64(%0)"
                         :
                         : "r"(out), "r"(pattern), "m"(handled), "r"(until)
                         : "memory", "xmm0", "xmm7", "xmm15");
    else
        __asm__ volatile("movdqu (%1), %%xmm0\n\tmovdqu (%1), %%xmm7\n\tmovdqu (%1), %%xmm15\n"
                         "1:\tpause\n\tcmpl %3, %2\n\tjl 1b\n\t"
                         "movdqu %%xmm0, (%0)\n\tmovdqu %%xmm7, 32(%0)\n\tmovdqu %%xmm15, 64(%0)"
                         :
                         : "r"(out), "r"(pattern), "m"(handled), "r"(until)
                         : "memory", "xmm0", "xmm7", "xmm15");
    int kept = 0;
    for (int i = 0; i < 3; i++)
        kept += !memcmp(out[i], pattern, wide ? 32 : 16);
    return kept;
}

static void alarms(const char *who)
{
    struct itimerval often = {{0, 2000}, {0, 2000}}, off = {{0, 0}, {0, 0}};
    int kept = 0;
    handled = 0;
    signal(SIGALRM, clobber);
    NEED(setitimer(ITIMER_REAL, &often, NULL) == 0);
    for (int i = 1; i <= 10; i++)
        kept += spin(i * 2) == 3;
    NEED(setitimer(ITIMER_REAL, &off, NULL) == 0);
    say("%s: kept %d times", who, kept);
}

// A handler of a fault, which changes the page's rights, and all registers.
static char *page;
static void mend(int sig)
{
    (void)sig;
    set(zeros);
    if (mprotect(page, 4096, PROT_READ | PROT_WRITE) != 0)
        _exit(98);
}

static void faults(void)
{
    unsigned char out[32] = {0};
    page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(page != MAP_FAILED && signal(SIGSEGV, mend) != SIG_ERR);
    if (wide)
        __asm__ volatile("vmovdqu (%1), %%ymm7\n\tmovb $1, (%2)\n\tvmovdqu %%ymm7, (%0)"
                         :
                         : "r"(out), "r"(pattern), "r"(page)
                         : "memory", "xmm7");
    else
        __asm__ volatile("movdqu (%1), %%xmm7\n\tmovb $1, (%2)\n\tmovdqu %%xmm7, (%0)"
                         :
                         : "r"(out), "r"(pattern), "r"(page)
                         : "memory", "xmm7");
    say("fault: kept %s", !memcmp(out, pattern, wide ? 32 : 16) ? "yes" : "NO");
}

int main(void)
{
    wide = has_avx();
    for (unsigned i = 0; i < sizeof pattern; i++)
        pattern[i] = (unsigned char)(i * 7 + 1);
    alarms("parent");
    faults();
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        alarms("child");
        _exit(0);
    }
    say_status("child", wait_for(pid));
    alarms("parent again");
    return 0;
}
