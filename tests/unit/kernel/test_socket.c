// SPDX-License-Identifier: BSD-2-Clause
// Sockets: rings that grow with bytes in them, a full window, deaths under locks, cycles of
// descriptors; and that nothing of it is left.
#include "tests/unit/lib/check.h"
#include "kernel/api/errno.h"
#include "kernel/api/fcntl.h"
#include "kernel/api/uio.h"
#include "kernel/file/fd.h"
#include "kernel/net/socket.h"
#include "kernel/net/unix.h"
#include "kernel/proc/proc.h"
#include "kernel/root.h"
#include "kernel/sys.h"
#include "tests/unit/lib/fake_kernel.h"

static int s[2];

static void pair(int type)
{
    fake_boot(16u << 20);
    CHECK_EQ(sys_socketpair(AF_UNIX, type, 0, s), 0);
}

static void nothing_left(void)
{
    CHECK_EQ(window_root()->files.used, 0);
    CHECK_EQ(window_root()->sockets.used, 0);
    CHECK_EQ(window_root()->rights.used, 0);
    CHECK_EQ(window_root()->rights_files, 0);
    CHECK_EQ(window_pages_used(), 0);
}

static void end_pair(void)
{
    sys_close(s[0]);
    sys_close(s[1]);
    nothing_left();
}

static uint32_t draw(uint32_t *state)
{
    *state = *state * 1103515245u + 12345u;
    return *state >> 8;
}

// Writes and reads of all sizes in random order: every byte comes, once, in order, whatever the
// ring has to do for it.
static void test_random(void)
{
    static uint8_t in[300000], out[300000];
    uint32_t state = 7, sent = 0, got = 0, bad = 0;
    pair(SOCK_STREAM | SOCK_NONBLOCK);
    for (int turn = 0; turn < 3000; turn++) {
        uint32_t most = draw(&state) % 4 ? 500 : 100000;
        uint32_t n = draw(&state) % most + 1;
        for (uint32_t i = 0; i < n; i++)
            in[i] = (uint8_t)((sent + i) * 31 + ((sent + i) >> 8));
        long w = sys_write(s[0], in, n);
        CHECK(w > 0 || w == -EAGAIN);
        sent += w > 0 ? (uint32_t)w : 0;
        most = draw(&state) % 4 ? 500 : 100000;
        long r = sys_read(s[1], out, draw(&state) % most + 1);
        for (long i = 0; i < r; i++)
            bad += out[i] != (uint8_t)((got + i) * 31 + ((got + i) >> 8));
        got += r > 0 ? (uint32_t)r : 0;
    }
    CHECK_EQ(bad, 0);
    int32_t unread = 0;
    CHECK_EQ(sys_ioctl(s[1], 0x541B, &unread), 0);
    CHECK_EQ(sent - got, unread);
    end_pair();
}

// The same with boundaries and lengths in them.
static void test_datagrams(void)
{
    static uint32_t m[30000];
    uint32_t state = 3, sent = 0, got = 0, bad = 0;
    pair(SOCK_DGRAM | SOCK_NONBLOCK);
    for (int turn = 0; turn < 3000; turn++) {
        uint32_t n = draw(&state) % (draw(&state) % 8 ? 50 : 30000) + 1;
        m[0] = sent;
        m[n - 1] = n == 1 ? sent : n;
        if (sys_write(s[0], m, n * sizeof m[0]) > 0)
            sent++;
        long r = draw(&state) % 2 ? sys_read(s[1], m, sizeof m) : 0;
        if (r <= 0)
            continue;
        n = (uint32_t)r / sizeof m[0];
        bad += m[0] != got++ || (n > 1 && m[n - 1] != n);
    }
    CHECK_EQ(bad, 0);
    CHECK(got > 1000);
    end_pair();
}

// A window without a free page: a socket that has no ring yet says so, others use what they have.
static void test_full_window(void)
{
    static uint8_t buf[100000];
    pair(SOCK_STREAM | SOCK_NONBLOCK);
    void *last = NULL, *page;
    while ((page = window_pages_alloc(1))) {
        *(void **)page = last;
        last = page;
    }
    CHECK_EQ(sys_write(s[0], buf, 10), -ENOBUFS);
    page = last;
    last = *(void **)page;
    window_pages_free(page, 1);
    CHECK_EQ(sys_write(s[0], buf, 10), 10);
    CHECK_EQ(sys_write(s[0], buf, 3000), 3000);
    CHECK_EQ(sys_write(s[0], buf, 3000), -EAGAIN); // the one page is all it gets
    CHECK_EQ(sys_read(s[1], buf, sizeof buf), 3010);
    CHECK_EQ(sys_write(s[0], buf, 3000), 3000);
    for (; last; last = page) {
        page = *(void **)last;
        window_pages_free(last, 1);
    }
    CHECK_EQ(sys_write(s[0], buf, sizeof buf), sizeof buf);
    end_pair();
}

static struct socket *at(int fd)
{
    struct socket *found = NULL;
    CHECK_EQ(socket_at(fd, &found), 0);
    return found;
}

static int die_writing(void *arg)
{
    (void)arg;
    lock_take(&at(s[1])->ring.write_lock);
    fake_die();
    return 0;
}

static int die_reading(void *arg)
{
    (void)arg;
    lock_take(&at(s[1])->ring.read_lock);
    fake_die();
    return 0;
}

static void test_death_under_lock(void)
{
    uint8_t c = 0;
    pair(SOCK_STREAM | SOCK_NONBLOCK);
    fake_join(fake_vm(2, die_writing, NULL));
    fake_mourn(2);
    CHECK_EQ(sys_write(s[0], "x", 1), 1);
    fake_join(fake_vm(3, die_reading, NULL));
    fake_mourn(3);
    CHECK_EQ(sys_read(s[1], &c, 1), 1);
    CHECK_EQ(c, 'x');
    fds_close_all(proc_at(2));
    fds_close_all(proc_at(3));
    end_pair();
}

static int listener(void)
{
    const struct k_sockaddr_un a = {AF_UNIX, "\0l"};
    int l = (int)sys_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK_EQ(sys_bind(l, &a, 4), 0);
    CHECK_EQ(sys_listen(l, 5), 0);
    return l;
}

static int client(void)
{
    const struct k_sockaddr_un a = {AF_UNIX, "\0l"};
    int c = (int)sys_socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_EQ(sys_connect(c, &a, 4), 0);
    return c;
}

static int shared_listener;

// In the middle of entering a queue: neither its end nor its length are right.
static int die_listening(void *arg)
{
    (void)arg;
    struct socket *l = at(shared_listener);
    lock_take(&l->lock);
    l->last = l->first;
    l->waiting = 77;
    fake_die();
    return 0;
}

static void test_queue_repair(void)
{
    fake_boot(16u << 20);
    shared_listener = listener();
    int c[3] = {client(), client(), -1}, a[3];
    fake_join(fake_vm(2, die_listening, NULL));
    fake_mourn(2);
    fds_close_all(proc_at(2));
    // The next who takes the lock sees to it.
    a[0] = (int)sys_accept4(shared_listener, NULL, NULL, 0);
    c[2] = client();
    a[1] = (int)sys_accept4(shared_listener, NULL, NULL, 0);
    a[2] = (int)sys_accept4(shared_listener, NULL, NULL, 0);
    CHECK_EQ(sys_accept4(shared_listener, NULL, NULL, 0), -EAGAIN);
    for (int i = 0; i < 3; i++) {
        uint8_t b = 0;
        CHECK_EQ(sys_write(c[i], "012" + i, 1), 1);
        CHECK_EQ(sys_read(a[i], &b, 1), 1);
        CHECK_EQ(b, '0' + i);
        sys_close(c[i]);
        sys_close(a[i]);
    }
    sys_close(shared_listener);
    nothing_left();
}

static long pass(int to, const int32_t *fds, uint32_t n)
{
    struct {
        struct k_cmsghdr h;
        int32_t fds[256];
    } control = {.h = {sizeof control.h + n * sizeof(int32_t), SOL_SOCKET, SCM_RIGHTS}};
    struct k_iovec v = {(void *)(uintptr_t) "x", 1};
    struct k_msghdr m = {.iov = &v, .iovlen = 1, .control = &control};
    m.controllen = control.h.len;
    memcpy(control.fds, fds, n * sizeof(int32_t));
    return sys_sendmsg(to, &m, 0);
}

// Each end in its own and the other's queue, many times, in rows of more than one object.
static void test_cycles(void)
{
    int32_t many[200];
    pair(SOCK_STREAM);
    for (int i = 0; i < 200; i++)
        many[i] = s[i % 2];
    CHECK_EQ(pass(s[0], many, 200), 1);
    CHECK_EQ(pass(s[1], many, 3), 1);
    CHECK_EQ(window_root()->rights_files, 203);
    sys_close(s[0]);
    CHECK_EQ(window_root()->rights_files, 203); // somebody may still receive it
    sys_close(s[1]);
    nothing_left();
}

// Sockets that keep each other in a long chain are let go of without a recursion as deep.
static void test_chain(void)
{
    fake_boot(16u << 20);
    int32_t held[2], next[2];
    CHECK_EQ(sys_socketpair(AF_UNIX, SOCK_DGRAM, 0, held), 0);
    for (int i = 0; i < 400; i++) {
        CHECK_EQ(sys_socketpair(AF_UNIX, SOCK_DGRAM, 0, next), 0);
        CHECK_EQ(pass(next[0], held, 2), 1);
        sys_close(held[0]);
        sys_close(held[1]);
        memcpy(held, next, sizeof held);
    }
    CHECK_EQ(window_root()->sockets.used, 802);
    sys_close(held[0]);
    sys_close(held[1]);
    nothing_left();
}

// More under way than a user may have open is refused, but for root.
static void test_too_many(void)
{
    int32_t zero[8];
    pair(SOCK_STREAM);
    for (int i = 0; i < 8; i++)
        zero[i] = s[0];
    proc_self->rlimits[RLIMIT_NOFILE].cur = 10;
    fake_user(1000, 1000);
    CHECK_EQ(pass(s[0], zero, 8), 1);
    CHECK_EQ(pass(s[0], zero, 8), -ETOOMANYREFS);
    CHECK_EQ(window_root()->rights_files, 8);
    fake_user(0, 0);
    CHECK_EQ(pass(s[0], zero, 8), 1);
    end_pair();
}

int main(void)
{
    RUN(test_random);
    RUN(test_datagrams);
    RUN(test_full_window);
    RUN(test_death_under_lock);
    RUN(test_queue_repair);
    RUN(test_cycles);
    RUN(test_chain);
    RUN(test_too_many);
    return check_done("socket");
}
