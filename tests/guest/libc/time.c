// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Clocks: monotonic ones never go back (also not over fork), sleeps last at least as long as asked,
// wall time is of this decade, calendar functions, CPU time grows with work.
#include "tests/guest/check.h"
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>

static long long now_ns(clockid_t id)
{
    struct timespec t;

    NEED(clock_gettime(id, &t) == 0);
    NEED(t.tv_nsec >= 0 && t.tv_nsec < 1000000000L);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void monotonic(void)
{
    long long last = now_ns(CLOCK_MONOTONIC);
    int backwards = 0, p[2];

    for (int i = 0; i < 20000; i++) {
        long long t = now_ns(CLOCK_MONOTONIC);
        backwards += t < last;
        last = t;
    }
    say("backwards %d", backwards);
    NEED(pipe(p) == 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        long long t = now_ns(CLOCK_MONOTONIC);
        NEED(write(p[1], &t, sizeof t) == sizeof t);
        _exit(0);
    }
    long long child;
    NEED(read(p[0], &child, sizeof child) == sizeof child);
    wait_for(pid);
    CHECK("the child's clock is the same clock", child >= last && child <= now_ns(CLOCK_MONOTONIC));
}

static void sleeping(void)
{
    static const long ms[] = {1, 5, 20, 50};

    for (int i = 0; i < 4; i++) {
        struct timespec t = {0, ms[i] * 1000000};
        long long begin = now_ns(CLOCK_MONOTONIC);
        NEED(nanosleep(&t, NULL) == 0);
        long long took = now_ns(CLOCK_MONOTONIC) - begin;
        say("slept %ld ms: at least %d, under a second more %d", ms[i], took >= ms[i] * 1000000,
            took < ms[i] * 1000000 + 1000000000LL);
    }
    struct timespec zero = {0, 0}, at;
    TRY(nanosleep(&zero, NULL));
    TRY(usleep(1000));
    NEED(clock_gettime(CLOCK_MONOTONIC, &at) == 0);
    at.tv_nsec += 10000000;
    if (at.tv_nsec >= 1000000000L) {
        at.tv_nsec -= 1000000000L;
        at.tv_sec++;
    }
    TRY(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL));
    CHECK("absolute sleep reached its time",
          now_ns(CLOCK_MONOTONIC) >= at.tv_sec * 1000000000LL + at.tv_nsec);
    TRY(sleep(0));
}

static void wall(void)
{
    struct timeval tv;
    struct timespec res;
    time_t t = time(NULL);

    CHECK("time of this century's second quarter", t > 1700000000 && t < 2500000000);
    NEED(gettimeofday(&tv, NULL) == 0);
    CHECK("gettimeofday agrees", tv.tv_sec >= t && tv.tv_sec <= t + 2);
    long long real = now_ns(CLOCK_REALTIME) / 1000000000LL;
    CHECK("CLOCK_REALTIME agrees", real >= t && real <= t + 2);
    TRY(clock_getres(CLOCK_MONOTONIC, &res));
    CHECK("resolution under 20 ms", res.tv_sec == 0 && res.tv_nsec > 0 && res.tv_nsec <= 20000000);
}

static void calendar(void)
{
    time_t t = 951827696; // 2000-02-29 12:34:56 UTC
    struct tm tm;
    char text[64];

    setenv("TZ", "UTC0", 1);
    tzset();
    NEED(gmtime_r(&t, &tm));
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %j %w %a %b", &tm);
    say("%s", text);
    CHECK("mktime undoes it", mktime(&tm) == t);
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    t = 1689854400; // in July
    NEED(localtime_r(&t, &tm));
    say("summer %02d:%02d dst %d", tm.tm_hour, tm.tm_min, tm.tm_isdst > 0);
    tm = (struct tm){.tm_year = 100, .tm_mon = 12, .tm_mday = 32, .tm_isdst = 0};
    setenv("TZ", "UTC0", 1);
    tzset();
    say("normalised %ld", (long)mktime(&tm));
}

static void cpu_time(void)
{
    struct tms a, b;
    struct rusage usage;
    clock_t begin = times(&a);

    CHECK("times works", begin != (clock_t)-1);
    long long until = now_ns(CLOCK_MONOTONIC) + 60000000;
    for (volatile unsigned long i = 0; now_ns(CLOCK_MONOTONIC) < until; i++)
        ;
    NEED(times(&b) != (clock_t)-1);
    CHECK("CPU time grew", b.tms_utime + b.tms_stime >= a.tms_utime + a.tms_stime);
    CHECK("_SC_CLK_TCK", sysconf(_SC_CLK_TCK) == 100);
    TRY(getrusage(RUSAGE_SELF, &usage));
    CHECK("used some", usage.ru_utime.tv_sec * 1000000LL + usage.ru_utime.tv_usec +
                               usage.ru_stime.tv_sec * 1000000LL + usage.ru_stime.tv_usec >
                           10000);
    CHECK("clock() counts", clock() > 0);
}

int main(void)
{
    monotonic();
    sleeping();
    wall();
    calendar();
    cpu_time();
    return 0;
}
