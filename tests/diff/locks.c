// SPDX-License-Identifier: BSD-2-Clause
// Record locks and flock() of three processes: this one and two helpers that do as they are told
// over pipes. Nobody ever waits for a lock. See diff.h.
#include <sys/file.h>

#include "tests/diff/diff.h"

#define PLAYERS 3 // 0 is this process

struct order {
    int what; // F_GETLK, F_SETLK, 'c' close and open again, 'f' flock
    int flock_op;
    struct flock lock;
};
struct answer {
    int result, error, owner;
    struct flock lock;
};

static int to[PLAYERS], from[PLAYERS], fd;
static pid_t pids[PLAYERS];

static struct answer obey(const struct order *order)
{
    struct answer a = {.lock = order->lock, .owner = -1};
    errno = 0;
    switch (order->what) {
    case 'c': // closing any descriptor of the file drops all locks
        a.result = close(open("f", O_RDONLY));
        break;
    case 'f':
        a.result = flock(fd, order->flock_op);
        break;
    default:
        a.result = fcntl(fd, order->what, &a.lock);
    }
    a.error = errno;
    return a;
}

static void helper(int in, int out)
{
    struct order order;
    close(fd);
    fd = open("f", O_RDWR); // a description of its own, for flock()
    while (read(in, &order, sizeof order) == sizeof order) {
        struct answer a = obey(&order);
        if (write(out, &a, sizeof a) != sizeof a)
            break;
    }
    _exit(0);
}

static void begin(void)
{
    int in[2], out[2];
    fd = open("f", O_RDWR | O_CREAT, 0644);
    if (write(fd, "0123456789", 10) != 10)
        put("cannot write");
    pids[0] = getpid();
    for (int i = 1; i < PLAYERS; i++) {
        if (pipe(in) < 0 || pipe(out) < 0)
            _exit(90);
        pids[i] = fork();
        if (pids[i] == 0) {
            close(in[1]);
            for (int k = 1; k < i; k++)
                close(to[k]);
            helper(in[0], out[1]);
        }
        close(in[0]);
        close(out[1]);
        to[i] = in[1];
        from[i] = out[0];
    }
}

static struct answer ask(unsigned player, const struct order *order)
{
    struct answer a = {.result = -1, .error = EPIPE};
    if (player == 0)
        return obey(order);
    if (write(to[player], order, sizeof *order) != sizeof *order ||
        read(from[player], &a, sizeof a) != sizeof a)
        a.error = EPIPE;
    return a;
}

static void put_answer(const struct answer *a)
{
    errno = a->error;
    put_result(a->result);
}

static void a_range(struct flock *lock)
{
    static const long starts[] = {0, 5, 10, 23, 33, 1000, INT64_MAX - 10, INT64_MAX};
    *lock = (struct flock){.l_whence = SEEK_SET, .l_start = pick(4) ? pick(40) : PICK(starts)};
    if (lock->l_start > 1000 && left_out("huge"))
        lock->l_start = 7;
    lock->l_len = pick(5) == 0 ? 0 : 1 + pick(20);
    if (pick(10) == 0)
        lock->l_len = -lock->l_len;
    if (pick(6) == 0)
        lock->l_whence = pick(2) ? SEEK_CUR : SEEK_END;
    put(" %ld+%ld from %d", (long)lock->l_start, (long)lock->l_len, lock->l_whence);
}

static unsigned a_player(void)
{
    unsigned player = pick(PLAYERS);
    put(" #%u", player);
    return player;
}

static void do_set(void)
{
    static const short types[] = {F_RDLCK, F_WRLCK, F_UNLCK};
    struct order order = {.what = F_SETLK};
    unsigned player = a_player();
    a_range(&order.lock);
    order.lock.l_type = pick(40) ? PICK(types) : 9;
    put(" type %d", order.lock.l_type);
    struct answer a = ask(player, &order);
    put_answer(&a);
}

static void do_get(void)
{
    struct order order = {.what = F_GETLK};
    unsigned player = a_player();
    a_range(&order.lock);
    order.lock.l_type = pick(2) ? F_RDLCK : F_WRLCK;
    put(" type %d", order.lock.l_type);
    struct answer a = ask(player, &order);
    put_answer(&a);
    if (a.result < 0)
        return;
    put(" type %d", a.lock.l_type);
    if (a.lock.l_type == F_UNLCK)
        return;
    for (unsigned i = 0; i < PLAYERS; i++)
        if (pids[i] == a.lock.l_pid)
            put(" of #%u", i);
    put(" %ld+%ld from %d", (long)a.lock.l_start, (long)a.lock.l_len, a.lock.l_whence);
}

static void do_close(void)
{
    struct order order = {.what = 'c'};
    struct answer a = ask(a_player(), &order);
    put_answer(&a);
}

static void do_flock(void)
{
    static const int how[] = {LOCK_SH, LOCK_EX, LOCK_UN, 0, LOCK_SH | LOCK_EX};
    struct order order = {.what = 'f'};
    unsigned player = a_player();
    order.flock_op = how[pick(10) ? pick(3) : pick(5)] | LOCK_NB;
    put(" %d", order.flock_op);
    struct answer a = ask(player, &order);
    put_answer(&a);
}

static const struct op ops[] = {
    {"set", 30, do_set},
    {"get", 20, do_get},
    {"close", 2, do_close},
    {"flock", 8, do_flock},
};

const struct area area_locks = {"locks", ops, LENGTH(ops), begin};
