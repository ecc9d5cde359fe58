// SPDX-License-Identifier: BSD-2-Clause
//
// readv and writev: one transfer in pieces. A pipe or FIFO is asked once; a bad piece ends the
// call.
#include "tests/guest/check.h"
#include <sys/uio.h>

static char a[16], b[16], c[16];

static void on_alarm(int sig)
{
    (void)sig;
    say("still waiting: NO");
    _exit(1);
}

static void show(const char *what, long n)
{
    say("%s: %ld [%.16s] [%.16s] [%.16s]", what, n, a, b, c);
    memset(a, 0, sizeof a);
    memset(b, 0, sizeof b);
    memset(c, 0, sizeof c);
}

// What is there is enough, however many pieces are left.
static void asked_once(int in, int out, const char *what)
{
    struct iovec v[] = {{a, 5}, {NULL, 0}, {b, 10}, {c, 15}};

    NEED(write(out, "12345", 5) == 5);
    show(what, readv(in, v, 4));
    NEED(write(out, "12345678", 8) == 8);
    show(what, readv(in, v, 4));
    NEED(write(out, "12345678901234567890", 20) == 20);
    show(what, readv(in, v, 4));
}

static void bad_pieces(int in, int out)
{
    // Compilers know that these are wrong.
    struct iovec *volatile nowhere = (struct iovec *)16;
    const volatile int minus_one = -1, too_many = 1025;
    struct iovec good_bad[] = {{a, 5}, {(void *)16, 5}}, bad[] = {{(void *)16, 5}, {b, 5}};
    struct iovec huge[] = {{a, (size_t)-1}, {b, 1}}, sum[] = {{a, 0x7fffffffffffffff}, {b, 2}};

    TRY(writev(out, good_bad, 2));
    TRY(writev(out, bad, 2));
    TRY(readv(in, huge, 2));
    TRY(readv(in, sum, 2));
    TRY(writev(out, huge, 1));
    TRY(readv(in, nowhere, 1));
    TRY(writev(out, nowhere, 1));
    TRY(readv(in, bad, minus_one));
    TRY(writev(out, bad, too_many));
    TRY(readv(in, bad, 0));
    TRY(writev(99, bad, 1));
    TRY(readv(out, bad, 1));
    TRY(writev(in, bad, 1));
}

static void in_files(void)
{
    int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
    struct iovec out[] = {{"one", 3}, {"", 0}, {"two", 3}}, in[] = {{a, 2}, {b, 16}};
    struct iovec good_bad[] = {{"end", 3}, {(void *)16, 5}};

    NEED(fd >= 0);
    TRY(writev(fd, out, 3));
    TRY(pwritev(fd, out, 3, 10));
    TRY(lseek(fd, 0, SEEK_CUR));
    show("preadv", preadv(fd, in, 2, 3));
    TRY(lseek(fd, 1, SEEK_SET));
    show("readv", readv(fd, in, 2));
    TRY(writev(fd, good_bad, 2));
    TRY(pwritev(fd, good_bad, 2, 0));
    TRY(pwritev(fd, good_bad + 1, 1, 0));
    TRY(preadv(fd, good_bad + 1, 1, 0));
    TRY(preadv(fd, in, 2, -1));
    TRY(pwritev(fd, out, 1, -1));
    say_file("f");
    TRY(close(fd));
}

// Which error when several apply.
static void errors(int in, int out)
{
    TRY(preadv(out, &(struct iovec){a, 1}, 1, 0));
    TRY(pwritev(in, &(struct iovec){a, 1}, 1, 0));
    TRY(pread(out, a, 1, 0));
    TRY(pwrite(in, a, 1, 0));
    TRY(pread(out, a, 1, -1));
    TRY(ftruncate(-1, -1));
    TRY(ftruncate(out, -1));
    TRY(ftruncate(out, 1));
}

int main(void)
{
    int p[2];

    scratch("vectors");
    install(SIGALRM, on_alarm, 0);
    alarm(10);
    NEED(pipe(p) == 0);
    asked_once(p[0], p[1], "pipe");
    bad_pieces(p[0], p[1]);
    errors(p[0], p[1]);
    NEED(mkfifo("fifo", 0600) == 0);
    int fd = open("fifo", O_RDWR);
    NEED(fd >= 0);
    asked_once(fd, fd, "fifo");
    in_files();
    return 0;
}
