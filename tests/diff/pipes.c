// SPDX-License-Identifier: BSD-2-Clause
// Pipes and FIFOs, all ends non-blocking: what read, write, poll and ioctl say of every state. See
// diff.h.
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/uio.h>

#include "tests/diff/diff.h"

#define ENDS 8 // 0, 2, 4, 6 read, 1, 3, 5, 7 write: a pair may be a pipe or ends of a FIFO

static int ends[ENDS];

static void begin(void)
{
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < ENDS; i++)
        ends[i] = -1;
    mkfifo("f", 0600);
    mkfifo("g", 0600);
}

static int *an_end(void)
{
    unsigned i = pick(ENDS);
    put(" #%u", i);
    return &ends[i];
}

static void replace(int *end, int fd)
{
    if (*end >= 0)
        close(*end);
    *end = fd;
}

static void do_pipe(void)
{
    int fd[2], *read_end = &ends[2 * pick(ENDS / 2)];
    put(" #%d", (int)(read_end - ends));
    put_done(pipe2(fd, O_NONBLOCK | O_CLOEXEC));
    replace(read_end, fd[0]);
    replace(read_end + 1, fd[1]);
}

static void do_open(void)
{
    static const int how[] = {O_RDONLY, O_WRONLY, O_RDWR};
    int *end = an_end(), mode = PICK(how);
    const char *name = pick(3) ? "f" : "g";
    put(" %s %d", name, mode);
    int fd = open(name, mode | O_NONBLOCK);
    put_done(fd);
    replace(end, fd);
}

static void do_close(void)
{
    int *end = an_end();
    put_result(close(*end));
    *end = -1;
}

static size_t a_size(void)
{
    static const size_t edge[] = {1, 4095, 4096, 4097, 65535, 65536, 65537, 70000};
    return pick(3) ? pick(100) : pick(2) ? PICK(edge) : pick(20000);
}

static unsigned char buf[70000];

// How full a pipe is when it is nearly full depends on pages, which is nobody's promise: so none
// gets there.
static int room_for(int fd, size_t n)
{
    int queued = 0;
    if (ioctl(fd, FIONREAD, &queued) == 0 && (size_t)queued + n > 30000) {
        put(" enough");
        return 0;
    }
    errno = 0;
    return 1;
}

static void do_read(void)
{
    int *end = an_end();
    size_t n = a_size();
    put(" %zu", n);
    ssize_t r = read(*end, buf, n);
    put_result(r);
    if (r > 0)
        put_data(buf, (size_t)r);
}

static void do_write(void)
{
    int *end = an_end();
    size_t n = a_size();
    fill_bytes(buf, n, pick(26));
    put(" %zu", n);
    if (room_for(*end, n))
        put_result(write(*end, buf, n));
}

static void do_vector(void)
{
    struct iovec iov[3];
    int *end = an_end(), out = (int)pick(2);
    for (int i = 0; i < 3; i++) {
        iov[i] = (struct iovec){buf + 20000 * i, pick(3) ? pick(30) : pick(9000)};
        fill_bytes(iov[i].iov_base, iov[i].iov_len, (unsigned)i);
        put(" %zu", iov[i].iov_len);
    }
    put(out ? " out" : " in");
    if (!out || room_for(*end, 18000))
        put_result(out ? writev(*end, iov, 3) : readv(*end, iov, 3));
}

static void do_poll(void)
{
    static const short wanted[] = {POLLIN, POLLOUT, POLLIN | POLLOUT, 0, POLLRDNORM, POLLWRNORM};
    struct pollfd p[3];
    for (int i = 0; i < 3; i++)
        p[i] = (struct pollfd){.fd = *an_end(), .events = PICK(wanted)};
    put_result(poll(p, 3, 0));
    for (int i = 0; i < 3; i++)
        put(" %x/%x", (unsigned)p[i].events, (unsigned)p[i].revents);
}

static void do_select(void)
{
    int *end = an_end();
    fd_set in, out;
    struct timeval none = {0, 0};
    if (*end < 0) {
        put(" closed");
        return;
    }
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(*end, &in);
    FD_SET(*end, &out);
    put_result(select(*end + 1, &in, &out, NULL, &none));
    put(" %d %d", FD_ISSET(*end, &in) != 0, FD_ISSET(*end, &out) != 0);
}

static void do_queued(void)
{
    int *end = an_end(), n = -7;
    put_result(ioctl(*end, FIONREAD, &n));
    put(" %d", n);
}

static void do_size(void)
{
    static const int size[] = {1, 4096, 5000, 65536, 131072, 1 << 20};
    int *end = an_end();
    if (pick(2)) {
        put_result(fcntl(*end, F_GETPIPE_SZ));
    } else {
        int n = PICK(size);
        put(" to %d", n);
        put_result(fcntl(*end, F_SETPIPE_SZ, n));
    }
}

static void do_flags(void)
{
    int *end = an_end();
    put_result(fcntl(*end, F_GETFL) & (O_ACCMODE | O_NONBLOCK | O_APPEND));
}

static void do_dup(void)
{
    int *from = an_end(), *to = an_end();
    int fd = dup(*from);
    put_done(fd);
    if (from != to)
        replace(to, fd);
    else if (fd >= 0)
        close(fd);
}

static void do_others(void)
{
    int *end = an_end();
    struct stat st;
    switch (pick(4)) {
    case 0:
        put(" seek");
        put_result(lseek(*end, 0, SEEK_CUR));
        break;
    case 1:
        put(" pread");
        put_result(pread(*end, buf, 1, 0));
        break;
    case 2:
        put(" truncate");
        put_result(ftruncate(*end, 0));
        break;
    default:
        put(" stat");
        put_result(fstat(*end, &st));
        put(" %d", *end >= 0 && S_ISFIFO(st.st_mode));
    }
}

static const struct op ops[] = {
    {"pipe", 4, do_pipe},     {"open", 8, do_open},     {"close", 5, do_close},
    {"read", 16, do_read},    {"write", 20, do_write},  {"vector", 5, do_vector},
    {"poll", 14, do_poll},    {"select", 4, do_select}, {"queued", 5, do_queued},
    {"size", 2, do_size},     {"flags", 2, do_flags},   {"dup", 4, do_dup},
    {"others", 3, do_others},
};

const struct area area_pipes = {"pipes", ops, LENGTH(ops), begin};
