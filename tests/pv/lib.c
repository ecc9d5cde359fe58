// SPDX-License-Identifier: BSD-2-Clause
// The conformance guest's few tools: lines on the console, calls, time.

#include "tests/pv/pv.h"

static const char *name, *failed;
static int failed_line, failed_value;
static int64_t got_value, want_value;

int64_t call(void *args)
{
    register void *rdi __asm__("rdi") = args;
    uint64_t at = PV_CALL_VA;
    __asm__ volatile("call *%1" : "+r"(rdi), "+a"(at) : : "rcx", "r11", "memory", "cc");
    return ((struct pv_call *)args)->ret;
}

int64_t call_nr(uint32_t nr, const uint64_t *words, unsigned n)
{
    uint64_t args[16] = {nr, 0x5a5a};
    for (unsigned i = 0; i < n; i++)
        args[2 + i] = words[i];
    return call(args);
}

// ---- lines ----

static char line[400];
static unsigned used;

static void put(const char *s)
{
    while (*s && used < sizeof line)
        line[used++] = *s++;
}

static void put_number(int64_t n)
{
    char digits[24];
    unsigned i = sizeof digits - 1;
    uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    digits[i] = 0;
    do
        digits[--i] = (char)('0' + u % 10);
    while (u /= 10);
    if (n < 0)
        digits[--i] = '-';
    put(digits + i);
}

static void put_hex(uint64_t n)
{
    put("0x");
    for (int shift = 60; shift >= 0; shift -= 4)
        put((char[]){"0123456789abcdef"[n >> shift & 15], 0});
}

static void flush(void)
{
    for (unsigned done = 0; done < used;) {
        struct pv_console c = {.call.nr = PV_CALL_CONSOLE,
                               .fd = 1,
                               .write = 1,
                               .buf = (uintptr_t)line + done,
                               .len = used - done};
        int64_t n = call(&c);
        if (n > 0)
            done += (unsigned)n;
        else if (n == -EAGAIN)
            wait_for(door(boot->slot)->bell, PV_FOREVER, PV_WAIT_OUT);
        else
            break; // nobody listens
    }
    used = 0;
}

void test_end(void)
{
    if (!name)
        return;
    put(failed ? "FAIL " : "ok ");
    put(name);
    if (failed) {
        notes()->failures++;
        put(": ");
        put(failed);
        put(" (line ");
        put_number(failed_line);
        put(")");
        if (failed_value) {
            put(": got ");
            put_number(got_value);
            put(", want ");
            put_number(want_value);
        }
    }
    put("\n");
    flush();
    name = NULL;
}

void test(const char *new_name)
{
    test_end();
    name = new_name;
    failed = NULL;
}

void want(int holds, const char *what, int at)
{
    if (holds || failed)
        return;
    failed = what;
    failed_line = at;
    failed_value = 0;
}

void want_eq(int64_t got, int64_t expected, const char *what, int at)
{
    if (got == expected || failed)
        return;
    want(0, what, at);
    failed_value = 1;
    got_value = got;
    want_value = expected;
}

void stop(const char *why, uint64_t number)
{
    struct pv_exit e = {.call.nr = PV_CALL_EXIT, .status = 3 << 8};
    put("FAIL ");
    put(name ? name : "?");
    put(": ");
    put(why);
    put(" ");
    put_hex(number);
    put(", exception ");
    put_number(exception_seen.frame.vector);
    put(" error ");
    put_hex(exception_seen.frame.error);
    put(" address ");
    put_hex(exception_seen.frame.address);
    put("\n");
    flush();
    for (;;)
        call(&e);
}

// ---- calls ----

uint64_t now(void)
{
    uint32_t lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    unsigned __int128 cycles = ((uint64_t)hi << 32 | lo) - boot->tsc_base;
    return (uint64_t)(cycles * boot->tsc_mult >> 32) + boot->mono_base_ns;
}

void spin(uint64_t ns)
{
    uint64_t end = now() + ns;
    while (now() < end)
        __asm__ volatile("pause");
}

int64_t wait_for(uint32_t bell, uint64_t deadline, uint32_t ready)
{
    struct pv_wait w = {
        .call.nr = PV_CALL_WAIT, .deadline = deadline, .bell = bell, .ready = ready};
    return call(&w);
}

int64_t set_timer(uint64_t deadline)
{
    struct pv_set_timer t = {.call.nr = PV_CALL_SET_TIMER, .deadline = deadline};
    return call(&t);
}

int64_t kick(uint32_t slot, uint32_t flags)
{
    struct pv_kick k = {.call.nr = PV_CALL_KICK, .slot = slot, .flags = flags};
    return call(&k);
}

int64_t protect(uint64_t addr, uint64_t len, uint32_t rights)
{
    struct pv_protect p = {.call.nr = PV_CALL_PROTECT, .addr = addr, .len = len, .rights = rights};
    return call(&p);
}

int64_t release(uint64_t addr, uint64_t len)
{
    struct pv_release r = {.call.nr = PV_CALL_RELEASE, .addr = addr, .len = len};
    return call(&r);
}

void set_tp(uint64_t base)
{
    struct pv_set_tp t = {.call.nr = PV_CALL_SET_TP, .base = base};
    if (boot->flags & PV_BOOT_SET_TP)
        call(&t);
    else
        __builtin_ia32_wrfsbase64(base);
}

int have_companion(void)
{
    return (boot->flags & PV_BOOT_COMPANION) != 0;
}

volatile struct window_door *door(uint32_t slot)
{
    return (volatile struct window_door *)(PV_WINDOW_VA + window->doors_off) + slot;
}

// ---- memory ----

size_t length(const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    return n;
}

int same(const char *a, const char *b)
{
    size_t n = length(a);
    return n == length(b) && !memcmp(a, b, n);
}

int all_bytes(const void *p, uint8_t byte, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (((const volatile uint8_t *)p)[i] != byte)
            return 0;
    return 1;
}

void *memset(void *to, int byte, size_t n)
{
    for (volatile uint8_t *p = to; n--;)
        *p++ = (uint8_t)byte;
    return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
    volatile uint8_t *p = to;
    const uint8_t *q = from;
    while (n--)
        *p++ = *q++;
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *p = a, *q = b;
    for (; n--; p++, q++)
        if (*p != *q)
            return *p < *q ? -1 : 1;
    return 0;
}
