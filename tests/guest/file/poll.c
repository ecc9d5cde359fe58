// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// poll and select on pipes and files: what is ready when, hang-up, time-outs, several at a time,
// waking up by another process, FIONREAD.
#include "tests/guest/check.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/time.h>

static const char *events(short revents)
{
    static char text[80];

    snprintf(text, sizeof text, "%s%s%s%s%s", revents & POLLIN ? " IN" : "",
             revents & POLLOUT ? " OUT" : "", revents & POLLHUP ? " HUP" : "",
             revents & POLLERR ? " ERR" : "", revents & POLLNVAL ? " NVAL" : "");
    return revents ? text : " none";
}

static void look(const char *what, int fd, int timeout)
{
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
    int n = poll(&p, 1, timeout);

    say("%s: %d%s", what, n, events(p.revents));
}

static void states(void)
{
    static char block[4096];
    int p[2], n = -1;

    NEED(pipe(p) == 0);
    look("empty, read end", p[0], 0);
    look("empty, write end", p[1], 0);
    NEED(write(p[1], "abc", 3) == 3);
    look("3 bytes, read end", p[0], 0);
    TRY(ioctl(p[0], FIONREAD, &n));
    say("FIONREAD %d", n);
    fcntl(p[1], F_SETFL, O_NONBLOCK);
    while (write(p[1], block, sizeof block) > 0)
        ;
    look("full, write end", p[1], 0);
    close(p[1]);
    look("writer gone, data left", p[0], 0);
    while (read(p[0], block, sizeof block) > 0)
        ;
    look("writer gone, empty", p[0], 0);
    close(p[0]);
    look("closed descriptor", p[0], 0);
    NEED(pipe(p) == 0);
    close(p[0]);
    look("reader gone, write end", p[1], 0);
    close(p[1]);
    int fd = open("/dev/null", O_RDWR);
    look("/dev/null", fd, -1);
    close(fd);
}

static long elapsed_ms(const struct timespec *since)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

static void timeouts(void)
{
    struct timespec begin;
    int p[2];

    NEED(pipe(p) == 0);
    struct pollfd one = {.fd = p[0], .events = POLLIN};
    clock_gettime(CLOCK_MONOTONIC, &begin);
    TRY(poll(&one, 1, 50));
    CHECK("50 ms passed", elapsed_ms(&begin) >= 49);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    TRY(poll(NULL, 0, 30));
    CHECK("30 ms passed", elapsed_ms(&begin) >= 29);
    struct timeval tv = {0, 40000};
    fd_set set;
    FD_ZERO(&set);
    FD_SET(p[0], &set);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    TRY(select(p[0] + 1, &set, NULL, NULL, &tv));
    CHECK("40 ms passed, set empty", elapsed_ms(&begin) >= 39 && !FD_ISSET(p[0], &set));
    struct pollfd ignored[2] = {{.fd = -1, .events = POLLIN}, {.fd = p[1], .events = POLLOUT}};
    TRY(poll(ignored, 2, -1));
    say("negative fd:%s", events(ignored[0].revents));
    say("write end:%s", events(ignored[1].revents));
    close(p[0]);
    close(p[1]);
}

// Five children write in a known order; each is seen as it comes, then its hang-up.
static void multiplex(void)
{
    int fd[5][2], next[2], open_ends = 5;
    struct pollfd p[5];

    NEED(pipe(next) == 0);
    for (int i = 0; i < 5; i++) {
        NEED(pipe(fd[i]) == 0);
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0) {
            char turn;
            do {
                NEED(read(next[0], &turn, 1) == 1);
                if (turn != i)
                    NEED(write(next[1], &turn, 1) == 1 && usleep(500) == 0);
            } while (turn != i);
            NEED(write(fd[i][1], "hello", 5) == 5);
            _exit(0);
        }
        close(fd[i][1]);
        p[i] = (struct pollfd){.fd = fd[i][0], .events = POLLIN};
    }
    static const char turns[] = {3, 0, 4, 1, 2};
    int turn = 0;
    NEED(write(next[1], &turns[turn++], 1) == 1);
    while (open_ends) {
        char buf[8];
        NEED(poll(p, 5, 5000) > 0);
        for (int i = 0; i < 5; i++) {
            if (!p[i].revents)
                continue;
            ssize_t n = read(p[i].fd, buf, sizeof buf);
            say("child %d: read %zd", i, n);
            if (n == 0) {
                p[i].fd = -1;
                open_ends--;
                if (turn < 5)
                    NEED(write(next[1], &turns[turn++], 1) == 1);
            }
        }
    }
    while (wait(NULL) > 0)
        ;
}

static void select_sets(void)
{
    int a[2], b[2];
    fd_set r, w;
    struct timeval none = {0, 0};

    NEED(pipe(a) == 0 && pipe(b) == 0);
    NEED(write(b[1], "x", 1) == 1);
    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_SET(a[0], &r);
    FD_SET(b[0], &r);
    FD_SET(a[1], &w);
    TRY(select(b[1] + 1, &r, &w, NULL, &none));
    say("a readable %d, b readable %d, a writable %d", !!FD_ISSET(a[0], &r), !!FD_ISSET(b[0], &r),
        !!FD_ISSET(a[1], &w));
    struct timespec soon = {0, 1000000};
    TRY(pselect(0, NULL, NULL, NULL, &soon, NULL));
    CHECK("FD_SETSIZE", FD_SETSIZE >= 1024);
}

int main(void)
{
    states();
    timeouts();
    multiplex();
    select_sets();
    return 0;
}
