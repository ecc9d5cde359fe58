// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Faults of the CPU as signals: their default deaths, handlers with si_addr, an alternative stack
// for a stack overflow, repairs by siglongjmp, and that only the guilty process suffers.
#include "tests/guest/check.h"
#include <setjmp.h>
#include <stdint.h>

static sigjmp_buf back;
static volatile sig_atomic_t signo, code, on_alt_stack;
static void *volatile fault_address;
static char *alt_stack;
#define ALT_SIZE (64 * 1024)

__attribute__((noinline)) static int touch(volatile int *at)
{
    return *at;
}

__attribute__((noinline)) static void store(volatile char *at)
{
    *at = 1;
}

__attribute__((noinline)) static int divide(volatile int a, volatile int b)
{
    volatile int quotient = a / b; // or the compiler, seeing it unused, divides nothing
    return quotient;
}

// Unbounded on purpose; the volatile array keeps it from becoming a loop.
__attribute__((noinline)) static int overflow(int n)
{
    volatile char frame[1024];

    frame[0] = (char)n;
    return n < 0 ? frame[0] : overflow(n + 1) + frame[n % 1024];
}

static int in_code(void)
{
    return 3;
}

static void fault(int which)
{
    static const char in_rodata[] = "constant";

    if (which == 0)
        touch((volatile int *)NULL);
    else if (which == 1)
        store((volatile char *)(uintptr_t)8);
    else if (which == 2)
        store((volatile char *)(uintptr_t)&in_code);
    else if (which == 3)
        store((volatile char *)(uintptr_t)in_rodata);
    else if (which == 4)
        divide(which, 0);
    else if (which == 5)
        __builtin_trap();
    else if (which == 6)
        overflow(0);
    else if (which == 7)
        touch((volatile int *)0x123456789000);
    else if (which == 8)
        touch((volatile int *)0xdead000000000000); // not canonical: no address is reported
}

static const char *const names[] = {"read of NULL",    "write near NULL", "write to code",
                                    "write to rodata", "division by 0",   "illegal instruction",
                                    "stack overflow",  "wild address",    "not canonical"};
enum { KINDS = sizeof names / sizeof *names };

static void deaths(void)
{
    for (int i = 0; i < KINDS; i++) {
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0) {
            fault(i);
            _exit(1);
        }
        say_status(names[i], wait_for(pid));
    }
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    char here;

    (void)context;
    signo = sig;
    code = info->si_code;
    fault_address = info->si_addr;
    on_alt_stack = &here >= alt_stack && &here < alt_stack + ALT_SIZE;
    siglongjmp(back, 1);
}

static void handle_faults(void)
{
    static const int sigs[] = {SIGSEGV, SIGFPE, SIGILL, SIGBUS};
    struct sigaction sa;
    stack_t alt;

    NEED((alt_stack = malloc(ALT_SIZE)));
    memset(&alt, 0, sizeof alt);
    alt.ss_sp = alt_stack;
    alt.ss_size = ALT_SIZE;
    TRY(sigaltstack(&alt, NULL));
    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = on_fault;
    sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&sa.sa_mask);
    for (size_t i = 0; i < sizeof sigs / sizeof *sigs; i++)
        NEED(sigaction(sigs[i], &sa, NULL) == 0);
}

static void repairs(void)
{
    handle_faults();
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < KINDS; i++) {
            signo = 0;
            if (sigsetjmp(back, 1) == 0)
                fault(i);
            say("%s: %s on the alternative stack %d", names[i], sig_name(signo), (int)on_alt_stack);
            if (i == 0)
                CHECK("si_addr NULL, SEGV_MAPERR", fault_address == NULL && code == SEGV_MAPERR);
            if (i == 1)
                CHECK("si_addr 8", fault_address == (void *)8);
            if (i == 2)
                CHECK("si_addr is the code, SEGV_ACCERR",
                      fault_address == (void *)(uintptr_t)&in_code && code == SEGV_ACCERR);
            if (i == 4)
                CHECK("FPE_INTDIV", code == FPE_INTDIV);
        }
    say("code still runs: %d", in_code());
}

// A blocked or ignored fault signal kills all the same.
static void cannot_be_ignored(void)
{
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0) {
        install(SIGSEGV, SIG_IGN, 0);
        fault(0);
        _exit(1);
    }
    say_status("ignored", wait_for(pid));
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, NULL);
        fault(0);
        _exit(1);
    }
    say_status("blocked", wait_for(pid));
}

int main(void)
{
    stack_t now;

    deaths();
    repairs();
    cannot_be_ignored();
    NEED(sigaltstack(NULL, &now) == 0);
    CHECK("the alternative stack is still set", now.ss_sp == alt_stack && now.ss_size == ALT_SIZE);
    now.ss_flags = SS_DISABLE;
    TRY(sigaltstack(&now, NULL));
    now.ss_flags = 0;
    now.ss_size = 10;
    TRY(sigaltstack(&now, NULL));
    return 0;
}
