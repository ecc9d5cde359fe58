// SPDX-License-Identifier: BSD-2-Clause
// Sends and receives that wait: for room, for bytes, for a time; and signals that end the wait.
// needs: family
#include "../check.h"
#include <sys/socket.h>
#include <sys/time.h>

static int s[2];
static char block[65536];
static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
    (void)sig;
    alarms++;
}

static void fresh(int type)
{
    NEED(socketpair(AF_UNIX, type, 0, s) == 0);
}

static void done(void)
{
    close(s[0]);
    close(s[1]);
}

static void alarm_ms(long ms)
{
    struct itimerval it = {{0, 0}, {0, ms * 1000}};
    alarms = 0;
    NEED(setitimer(ITIMER_REAL, &it, NULL) == 0);
}

// A long write waits for its reader, and is whole.
static void long_write(void)
{
    fresh(SOCK_STREAM);
    pid_t pid = fork();
    if (pid == 0) {
        size_t sum = 0;
        ssize_t n;
        close(s[0]);
        sleep_ms(20);
        while ((n = read(s[1], block, sizeof block)) > 0)
            sum += (size_t)n;
        say("child read %zu", sum);
        _exit(0);
    }
    close(s[1]);
    static char big[1000000];
    TRY(write(s[0], big, sizeof big));
    close(s[0]);
    wait_for(pid);
}

static void fill(void)
{
    while (send(s[0], block, 8192, MSG_DONTWAIT) > 0)
        ;
}

static void interrupted(int type)
{
    char c;
    say("type %d", type);
    fresh(type);
    install(SIGALRM, on_alarm, 0);
    alarm_ms(20);
    TRY(read(s[0], &c, 1));
    fill();
    alarm_ms(20);
    TRY(write(s[0], block, 8192) > 0);
    say("%d", (int)alarms);
    done();
    // With SA_RESTART the call goes on until there is something.
    install(SIGALRM, on_alarm, SA_RESTART);
    fresh(type);
    pid_t pid = fork();
    if (pid == 0) {
        sleep_ms(80);
        write(s[1], "x", 1);
        _exit(0);
    }
    alarm_ms(20);
    TRY(read(s[0], &c, 1));
    say("%d", (int)alarms);
    wait_for(pid);
    // But not with a time limit (signal(7)).
    struct timeval tv = {10, 0};
    NEED(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) == 0);
    alarm_ms(20);
    TRY(read(s[0], &c, 1));
    say("%d", (int)alarms);
    done();
}

static void timeouts(int type)
{
    struct timeval tv = {0, 20000};
    char c;
    say("type %d", type);
    fresh(type);
    NEED(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) == 0);
    NEED(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv) == 0);
    TRY(read(s[0], &c, 1));
    fill();
    TRY(send(s[0], block, 8192, 0) > 0);
    done();
}

// A write of which a part went before the signal tells of that part.
static void partial(void)
{
    fresh(SOCK_STREAM);
    install(SIGALRM, on_alarm, 0);
    alarm_ms(30);
    static char big[2000000];
    ssize_t n = write(s[0], big, sizeof big);
    CHECK("a part was written", n > 100000 && n < (ssize_t)sizeof big);
    static char in[2000000];
    size_t got = 0;
    ssize_t r;
    while ((r = recv(s[1], in, sizeof in, MSG_DONTWAIT)) > 0)
        got += (size_t)r;
    CHECK("and can be read", (ssize_t)got == n);
    // MSG_WAITALL tells of what came before the end.
    pid_t pid = fork();
    if (pid == 0) {
        close(s[1]);
        for (int i = 0; i < 3; i++) {
            write(s[0], "abc", 3);
            sleep_ms(5);
        }
        _exit(0);
    }
    close(s[0]);
    TRY(recv(s[1], in, 7, MSG_WAITALL));
    TRY(recv(s[1], in, 7, MSG_WAITALL));
    TRY(recv(s[1], in, 7, MSG_WAITALL));
    wait_for(pid);
    close(s[1]);
}

// How much fits is the system's affair, but at least what fits into Linux's.
static void capacity(void)
{
    size_t sum = 0;
    ssize_t n;
    fresh(SOCK_STREAM);
    while ((n = send(s[0], block, sizeof block, MSG_DONTWAIT)) > 0)
        sum += (size_t)n;
    CHECK("150 KB fit", sum >= 150000);
    say("then %s", err_name(errno));
    int one = 0;
    while (recv(s[1], block, 1000, MSG_DONTWAIT) > 0)
        one++;
    CHECK("read in pieces", one >= 150);
    done();
    fresh(SOCK_STREAM);
    for (sum = 0; sum < 250 && send(s[0], "x", 1, MSG_DONTWAIT) == 1; sum++)
        ;
    say("single bytes: %zu", sum);
    done();
}

// The reader sets how many bytes are worth waking for.
static void low_water(void)
{
    int n = 5;
    char buf[16];
    fresh(SOCK_STREAM);
    NEED(setsockopt(s[1], SOL_SOCKET, SO_RCVLOWAT, &n, sizeof n) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        write(s[0], "ab", 2);
        sleep_ms(20);
        write(s[0], "cde", 3);
        _exit(0);
    }
    TRY(recv(s[1], buf, sizeof buf, 0));
    wait_for(pid);
    done();
}

int main(void)
{
    long_write();
    interrupted(SOCK_STREAM);
    interrupted(SOCK_DGRAM);
    interrupted(SOCK_SEQPACKET);
    timeouts(SOCK_STREAM);
    timeouts(SOCK_DGRAM);
    timeouts(SOCK_SEQPACKET);
    partial();
    capacity();
    low_water();
    return 0;
}
