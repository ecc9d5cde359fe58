// SPDX-License-Identifier: BSD-2-Clause
// SIGIO to whom F_SETOWN names, and what /proc shows of a socket.
// needs: family
#include "../check.h"
#include <sys/ioctl.h>
#include <sys/socket.h>

static volatile sig_atomic_t told;

static void on_io(int sig)
{
    (void)sig;
    told = 1;
}

static void wait_told(const char *what)
{
    for (int i = 0; i < 500 && !told; i++)
        sleep_ms(2);
    CHECK(what, told);
    told = 0;
}

static void signals(void)
{
    int s[2], on = 1, owner;
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    install(SIGIO, on_io, 0);
    say("owner %d", fcntl(s[0], F_GETOWN));
    TRY(fcntl(s[0], F_SETOWN, getpid()));
    CHECK("owner", fcntl(s[0], F_GETOWN) == getpid());
    TRY(ioctl(s[0], FIOASYNC, &on));
    CHECK("O_ASYNC", (fcntl(s[0], F_GETFL) & O_ASYNC) != 0);
    TRY(write(s[1], "x", 1));
    wait_told("a write of our own");
    pid_t pid = fork();
    if (pid == 0) {
        write(s[1], "x", 1);
        _exit(0);
    }
    wait_for(pid);
    wait_told("a write of a child");
    TRY(close(s[1]));
    wait_told("a close");
    on = 0;
    TRY(ioctl(s[0], FIOASYNC, &on));
    CHECK("O_ASYNC is off", (fcntl(s[0], F_GETFL) & O_ASYNC) == 0);
    owner = 999999;
    TRY(ioctl(s[0], 0x8901, &owner));
    TRY(fcntl(s[0], F_SETOWN, 999999));
    TRY(fcntl(s[0], F_SETOWN, 0));
    say("owner %d", fcntl(s[0], F_GETOWN));
}

static void in_proc(void)
{
    int s[2];
    char path[64], text[64] = "", expected[64];
    struct stat st;
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    NEED(fstat(s[0], &st) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", s[0]);
    NEED(readlink(path, text, sizeof text - 1) > 0);
    snprintf(expected, sizeof expected, "socket:[%lu]", (unsigned long)st.st_ino);
    CHECK("the link says socket and number", strcmp(text, expected) == 0);
    TRY(open(path, O_RDWR));
    NEED(stat(path, &st) == 0);
    CHECK("is a socket", S_ISSOCK(st.st_mode));
}

int main(void)
{
    signals();
    in_proc();
    return 0;
}
