// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// POSIX message queues: names, priorities, attributes, waiting, notification, other processes.
#include "tests/guest/check.h"
#include <mqueue.h>
#include <poll.h>

#define NAME "/ramet-test-mq"

static char buf[8192];

static void put(mqd_t q, const char *text, unsigned priority)
{
    NEED(mq_send(q, text, strlen(text) + 1, priority) == 0);
}

static void get(const char *what, mqd_t q)
{
    unsigned priority = 99;
    ssize_t n = mq_receive(q, buf, sizeof buf, &priority);

    if (n < 0)
        say("%s: %s", what, err_name(errno));
    else
        say("%s: %zd bytes, priority %u, %s", what, n, priority, buf);
}

static void say_attr(const char *what, mqd_t q)
{
    struct mq_attr a;

    NEED(mq_getattr(q, &a) == 0);
    say("%s: %s, %ld of %ld messages of %ld bytes", what,
        a.mq_flags & O_NONBLOCK ? "does not wait" : "waits", a.mq_curmsgs, a.mq_maxmsg,
        a.mq_msgsize);
}

static struct timespec in_ms(long ms)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    ts.tv_nsec += ms * 1000000;
    ts.tv_sec += ts.tv_nsec / 1000000000;
    ts.tv_nsec %= 1000000000;
    return ts;
}

static void names(void)
{
    struct mq_attr a = {.mq_maxmsg = 3, .mq_msgsize = 20}, bad = {.mq_maxmsg = 0, .mq_msgsize = 1};
    char lengthy[300];

    mq_unlink(NAME);
    TRY(mq_open(NAME, O_RDWR));
    TRY(mq_unlink(NAME));
    TRY(mq_open("no-slash", O_RDWR | O_CREAT, 0600, NULL));
    TRY(mq_open("/", O_RDWR | O_CREAT, 0600, NULL));
    TRY(mq_open("/a/b", O_RDWR | O_CREAT, 0600, NULL));
    TRY(mq_unlink("/a/b"));
    memset(lengthy, 'x', sizeof lengthy);
    lengthy[0] = '/';
    lengthy[299] = '\0';
    TRY(mq_open(lengthy, O_RDWR | O_CREAT, 0600, NULL));
    TRY(mq_open(NAME, O_RDWR | O_CREAT, 0600, &bad));
    mqd_t q = mq_open(NAME, O_RDWR | O_CREAT | O_EXCL, 0640, &a);
    NEED(q >= 0);
    say_attr("new", q);
    TRY(mq_open(NAME, O_RDWR | O_CREAT | O_EXCL, 0600, &a));
    mqd_t again = mq_open(NAME, O_RDONLY | O_CREAT | O_NONBLOCK, 0600, NULL);
    NEED(again >= 0);
    say_attr("again", again);
    put(q, "one", 1);
    say_attr("again", again);
    TRY(mq_send(again, "x", 1, 0));
    get("again", again);
    CHECK("closed by exec", fcntl(q, F_GETFD) == FD_CLOEXEC);
    struct stat st;
    NEED(fstat(q, &st) == 0);
    say("mode %o", (unsigned)st.st_mode & 07777);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        NEED(setgid(12345) == 0 && setuid(12345) == 0);
        TRY(mq_open(NAME, O_RDONLY));
        TRY(mq_unlink(NAME));
        TRY(mq_send(q, "by a child", 11, 5)); // it has the descriptor
        _exit(0);
    }
    wait_for(pid);
    get("from the child", q);
    TRY(mq_close(again));
    TRY(mq_close(again));
    // Without a name it lives on.
    TRY(mq_unlink(NAME));
    TRY(mq_open(NAME, O_RDWR));
    mqd_t other = mq_open(NAME, O_RDWR | O_CREAT, 0600, NULL);
    NEED(other >= 0);
    say_attr("another of the name", other);
    put(q, "still there", 0);
    get("the old one", q);
    TRY(mq_close(q));
    TRY(mq_close(other));
    TRY(mq_unlink(NAME));
}

static void messages(void)
{
    struct mq_attr a = {.mq_maxmsg = 8, .mq_msgsize = 100};
    mqd_t q = mq_open(NAME, O_RDWR | O_CREAT | O_EXCL, 0600, &a);
    struct timespec soon, bad = {0, 1000000000}, past = {1, 0};
    int fd = open("/dev/null", O_RDWR);

    NEED(q >= 0 && fd >= 0);
    put(q, "a1", 1);
    put(q, "b5", 5);
    put(q, "c1", 1);
    put(q, "d0", 0);
    put(q, "e5", 5);
    put(q, "f32767", 32767);
    put(q, "g3", 3);
    TRY(mq_send(q, "", 0, 2));
    say_attr("full", q);
    soon = in_ms(30);
    TRY(mq_timedsend(q, "x", 1, 0, &soon));
    TRY(mq_timedsend(q, "x", 1, 0, &past));
    TRY(mq_timedsend(q, "x", 1, 0, &bad));
    a.mq_flags = O_NONBLOCK;
    a.mq_maxmsg = 1000;
    TRY(mq_setattr(q, &a, NULL));
    say_attr("set", q);
    TRY(mq_send(q, "x", 1, 0));
    a.mq_flags = O_APPEND;
    TRY(mq_setattr(q, &a, NULL));
    TRY(mq_send(q, "x", 1, 32768));
    TRY(mq_send(q, buf, 101, 0));
    TRY(mq_receive(q, buf, 99, NULL));
    for (int i = 0; i < 8; i++) {
        strcpy(buf, "-");
        get("got", q);
    }
    get("empty", q);
    TRY(mq_send(q, (char *)8, 3, 0));
    TRY(mq_send(fd, "x", 1, 0));
    TRY(mq_receive(fd, buf, sizeof buf, NULL));
    TRY(mq_getattr(fd, &a));
    TRY(mq_notify(fd, NULL));
    TRY(mq_send(-1, "x", 1, 0));

    struct pollfd p = {.fd = q, .events = POLLIN | POLLOUT};
    TRY(poll(&p, 1, 0));
    say("can be written %d, read %d", (p.revents & POLLOUT) != 0, (p.revents & POLLIN) != 0);
    put(q, "x", 0);
    TRY(poll(&p, 1, 0));
    say("can be written %d, read %d", (p.revents & POLLOUT) != 0, (p.revents & POLLIN) != 0);
    // What is left goes with the queue.
    close(fd);
    TRY(mq_close(q));
    TRY(mq_unlink(NAME));
}

static volatile sig_atomic_t handled;

static void caught(int sig)
{
    handled = sig;
}

static void waiters(void)
{
    struct mq_attr a = {.mq_maxmsg = 1, .mq_msgsize = 100};
    mqd_t q = mq_open(NAME, O_RDWR | O_CREAT | O_EXCL, 0600, &a);
    struct timespec soon = in_ms(30);

    NEED(q >= 0);
    install(SIGUSR1, caught, 0);
    TRY(mq_timedreceive(q, buf, sizeof buf, NULL, &soon));
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        get("reader", q);
        get("reader", q);
        _exit(0);
    }
    sleep_ms(150);
    kill(pid, SIGUSR1);
    sleep_ms(30);
    put(q, "for the reader", 3);
    say_status("reader", wait_for(pid));

    put(q, "fills it", 0);
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        put(q, "when there is room", 0);
        _exit(0);
    }
    sleep_ms(30);
    get("parent", q);
    get("parent", q);
    say_status("writer", wait_for(pid));

    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        get("never", q);
        _exit(0);
    }
    sleep_ms(30);
    kill(pid, SIGKILL);
    say_status("reader", wait_for(pid));
    put(q, "not for the dead", 0);
    get("parent", q);

    // 300 through a queue of one.
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        for (int i = 0; i < 300; i++)
            NEED(mq_send(q, (char *)&i, sizeof i, 0) == 0);
        _exit(0);
    }
    int in_order = 1, value;
    for (int i = 0; i < 300; i++) {
        NEED(mq_receive(q, buf, sizeof buf, NULL) == sizeof value);
        memcpy(&value, buf, sizeof value);
        in_order = in_order && value == i;
    }
    CHECK("in order", in_order);
    wait_for(pid);
    TRY(mq_close(q));
    TRY(mq_unlink(NAME));
}

static void told(int sig, siginfo_t *info, void *context)
{
    (void)context;
    handled = sig;
    if (info->si_code != SI_MESGQ || info->si_value.sival_int != 42 || info->si_pid != getpid())
        handled = -1;
}

static void notification(void)
{
    mqd_t q = mq_open(NAME, O_RDWR | O_CREAT | O_EXCL, 0600, NULL);
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
    struct sigevent none = {.sigev_notify = SIGEV_NONE}, bad = {.sigev_notify = 17};
    struct sigaction sa = {.sa_sigaction = told, .sa_flags = SA_SIGINFO};

    NEED(q >= 0 && sigaction(SIGUSR2, &sa, NULL) == 0);
    ev.sigev_value.sival_int = 42;
    TRY(mq_notify(q, &bad));
    TRY(mq_notify(q, &ev));
    TRY(mq_notify(q, &ev));
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        TRY(mq_notify(q, &ev));
        TRY(mq_notify(q, NULL)); // not its own
        TRY(mq_notify(q, &ev));
        TRY(mq_close(q));
        _exit(0);
    }
    wait_for(pid);
    handled = 0;
    put(q, "tells", 0);
    say("told %d", handled == SIGUSR2);
    handled = 0;
    put(q, "does not", 0);
    say("told %d", handled);
    get("got", q);
    TRY(mq_notify(q, &ev)); // there is one already: only the next that finds it empty
    put(q, "does not", 0);
    say("told %d", handled);
    get("got", q);
    get("got", q);
    put(q, "tells", 0);
    say("told %d", handled == SIGUSR2);
    get("got", q);

    handled = 0;
    TRY(mq_notify(q, &none));
    TRY(mq_notify(q, &ev));
    put(q, "takes it away", 0);
    get("got", q);
    TRY(mq_notify(q, &ev));
    TRY(mq_notify(q, NULL));
    put(q, "does not", 0);
    say("told %d", handled);
    get("got", q);

    // A receiver that waits comes first; and the end of a process takes its registration with it.
    TRY(mq_notify(q, &ev));
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        get("waiting", q);
        _exit(0);
    }
    sleep_ms(150);
    put(q, "for who waits", 0);
    wait_for(pid);
    say("told %d", handled);
    TRY(mq_notify(q, NULL));
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        TRY(mq_notify(q, &ev));
        kill(getpid(), SIGKILL);
    }
    say_status("registered", wait_for(pid));
    TRY(mq_notify(q, &ev));
    mqd_t second = dup(q);
    TRY(mq_close(second)); // any descriptor of it
    put(q, "does not", 0);
    say("told %d", handled);
    TRY(mq_close(q));
    TRY(mq_unlink(NAME));
}

int main(void)
{
    umask(022);
    names();
    messages();
    waiters();
    notification();
    return 0;
}
