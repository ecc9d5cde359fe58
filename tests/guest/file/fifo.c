// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Named pipes: open blocks for its partner, O_NONBLOCK does not, data and end of file pass between
// processes that share only the name.
#include "tests/guest/check.h"

static void rendezvous(void)
{
    char buf[32];
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0) {
        int fd = open("p", O_WRONLY);
        NEED(fd >= 0);
        NEED(write(fd, "through a name", 14) == 14);
        _exit(0);
    }
    int fd = open("p", O_RDONLY);
    NEED(fd >= 0);
    size_t have = 0;
    ssize_t n;
    while ((n = read(fd, buf + have, sizeof buf - have)) > 0)
        have += (size_t)n;
    say("[%.*s], then end of file %zd", (int)have, buf, n);
    say_status("writer", wait_for(pid));
    // A second writer: end of file was a state, not the end.
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        int out = open("p", O_WRONLY);
        NEED(out >= 0 && write(out, "again", 5) == 5);
        _exit(0);
    }
    say_status("second writer", wait_for(pid));
    TRY(read(fd, buf, sizeof buf));
    TRY(read(fd, buf, sizeof buf));
    close(fd);
}

static void nonblocking(void)
{
    int r, w;
    char c;

    TRY(open("p", O_WRONLY | O_NONBLOCK));
    TRY(r = open("p", O_RDONLY | O_NONBLOCK));
    TRY(read(r, &c, 1));
    TRY(w = open("p", O_WRONLY | O_NONBLOCK));
    TRY(read(r, &c, 1));
    TRY(write(w, "x", 1));
    TRY(read(r, &c, 1));
    TRY(close(w));
    TRY(read(r, &c, 1));
    TRY(close(r));
    int both = open("p", O_RDWR);
    CHECK("O_RDWR never blocks", both >= 0);
    TRY(write(both, "self", 4));
    TRY(read(both, &c, 1));
    close(both);
    // The data went with the last descriptor.
    r = open("p", O_RDONLY | O_NONBLOCK);
    TRY(read(r, &c, 1));
    close(r);
}

static void echo_server(void)
{
    char buf[64];
    int in, out;

    NEED(mkfifo("ask", 0600) == 0 && mkfifo("answer", 0600) == 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        NEED((in = open("ask", O_RDONLY)) >= 0 && (out = open("answer", O_WRONLY)) >= 0);
        ssize_t n;
        while ((n = read(in, buf, sizeof buf)) > 0)
            NEED(write(out, buf, (size_t)n) == n);
        _exit(8);
    }
    NEED((out = open("ask", O_WRONLY)) >= 0 && (in = open("answer", O_RDONLY)) >= 0);
    for (int i = 0; i < 5; i++) {
        int len = snprintf(buf, sizeof buf, "message %d", i);
        NEED(write(out, buf, (size_t)len) == len);
        ssize_t n = read(in, buf, sizeof buf);
        say("echo [%.*s]", (int)n, buf);
    }
    close(out);
    TRY(read(in, buf, 1));
    close(in);
    say_status("server", wait_for(pid));
}

int main(void)
{
    struct stat st;

    scratch("fifo");
    TRY(mkfifo("p", 0644));
    TRY(mkfifo("p", 0644));
    NEED(stat("p", &st) == 0);
    say("fifo %d mode %o size %ld", !!S_ISFIFO(st.st_mode), (unsigned)st.st_mode & 07777,
        (long)st.st_size);
    rendezvous();
    nonblocking();
    echo_server();
    TRY(unlink("p"));
    TRY(open("p", O_RDONLY));
    return 0;
}
