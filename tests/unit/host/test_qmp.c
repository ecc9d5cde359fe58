// SPDX-License-Identifier: BSD-2-Clause
// test_qmp.c: the QMP client against a peer that is as good or bad as a test wants. Links
// host/qemu/qmp.c.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/qemu/qmp.h"
#include "tests/unit/lib/check.h"

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"
#define SHORT_MS 30u
#define LONG_MS  5000u

static struct qmp q;
static int peer;

static void start(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        exit(1);
    qmp_init(&q, pair[0]);
    peer = pair[1];
}

static void stop(void)
{
    close(q.fd);
    if (peer >= 0)
        close(peer);
}

static void say(const char *text)
{
    CHECK_EQ(write(peer, text, strlen(text)), (ssize_t)strlen(text));
}

static int command(void)
{
    return qmp_send(&q, qmp_deadline(LONG_MS), -1, "cont", NULL);
}

static int finish(unsigned ms)
{
    return qmp_finish(&q, qmp_deadline(ms));
}

static void test_command(void)
{
    char text[256] = "";
    start();
    say(GREETING);
    CHECK_EQ(qmp_send(&q, qmp_deadline(LONG_MS), -1, "getfd", "{s:s}", "fdname", "x\"y"), 0);
    CHECK(read(peer, text, sizeof text - 1) > 0);
    CHECK_STR(text, "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"x\\\"y\"},\"id\":1}");
    say("{\"return\": {}, \"id\": 1}\r\n");
    CHECK_EQ(finish(LONG_MS), 0);
    stop();
}

// Several answers in one piece, events between them.
static void test_batch(void)
{
    start();
    CHECK_EQ(command(), 0);
    CHECK_EQ(command(), 0);
    say(GREETING "{\"return\": {}, \"id\": 1}\n"
                 "{\"event\": \"STOP\", \"timestamp\": {}}\n"
                 "{\"event\": \"MIGRATION\", \"data\": {\"status\": \"active\"}}\n"
                 "{\"return\": {}, \"id\": 2}\n");
    CHECK_EQ(finish(LONG_MS), 0);
    CHECK_EQ(q.migration, QMP_MIGRATION_ACTIVE);
    stop();
}

static void test_refusal(void)
{
    start();
    CHECK_EQ(command(), 0);
    CHECK_EQ(command(), 0);
    say("{\"error\": {\"class\": \"GenericError\", \"desc\": \"not now\"}, \"id\": 1}\n"
        "{\"return\": {}, \"id\": 2}\n");
    CHECK_EQ(finish(LONG_MS), -EREMOTEIO);
    CHECK_STR(q.error, "not now");
    CHECK_EQ(q.broken, 0);
    CHECK_EQ(command(), 0);
    say("{\"error\": {}, \"id\": 3}\n");
    CHECK_EQ(finish(LONG_MS), -EREMOTEIO);
    CHECK_STR(q.error, "no reason given");
    stop();
}

static void test_descriptor(void)
{
    char byte, space[CMSG_SPACE(sizeof(int))];
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    start();
    CHECK_EQ(qmp_send(&q, qmp_deadline(LONG_MS), 0, "getfd", NULL), 0);
    CHECK_EQ(recvmsg(peer, &msg, 0), 1);
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    CHECK(c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)));
    if (c)
        close(*(int *)CMSG_DATA(c));
    stop();
}

static void test_migration(void)
{
    static const struct {
        const char *status;
        int result;
    } ends[] = {{"completed", 0}, {"failed", -EREMOTEIO}, {"cancelled", -EREMOTEIO}};
    for (unsigned i = 0; i < 3; i++) {
        char line[128];
        start();
        say("{\"event\": \"MIGRATION\", \"data\": {\"status\": \"setup\"}}\n"
            "{\"event\": \"MIGRATION\"}\n{\"event\": \"MIGRATION\", \"data\": 7}\n");
        snprintf(line, sizeof line, "{\"event\":\"MIGRATION\",\"data\":{\"status\":\"%s\"}}\n",
                 ends[i].status);
        say(line);
        CHECK_EQ(qmp_migrated(&q, qmp_deadline(LONG_MS)), ends[i].result);
        stop();
    }
    start();
    CHECK_EQ(qmp_migrated(&q, qmp_deadline(SHORT_MS)), -ETIMEDOUT);
    stop();
}

// What is not an answer to what was asked.
static void test_garbage(void)
{
    static const char *const lines[] = {
        "hello\n",
        "\n",
        "{}\n",
        "[1, 2]\n",
        "{\"return\": {}}\n",
        "{\"return\": {}, \"id\": 2}\n",
        "{\"return\": {}, \"id\": \"1\"}\n",
        "{\"event\": 5}\n",
        "{\"return\": {}, \"id\": 1}{\n",
        "\x80\xff\n",
    };
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        start();
        CHECK_EQ(command(), 0);
        say(lines[i]);
        CHECK_EQ(finish(LONG_MS), -EPROTO);
        // And it stays so, though a right answer comes after all.
        say("{\"return\": {}, \"id\": 1}\n");
        CHECK_EQ(finish(LONG_MS), -EPROTO);
        CHECK_EQ(command(), -EPROTO);
        stop();
    }
    start();
    say("{\"return\": {}, \"id\": 1}\n"); // before anything was asked
    CHECK_EQ(qmp_migrated(&q, qmp_deadline(LONG_MS)), -EPROTO);
    stop();
}

// A line in pieces, by a peer that takes its time.
static void test_half_lines(void)
{
    static const char answer[] = "{\"return\": {}, \"id\": 1}\n";
    start();
    CHECK_EQ(command(), 0);
    pid_t pid = fork();
    if (pid == 0) {
        for (const char *c = answer; *c; c++) {
            usleep(500);
            if (write(peer, c, 1) != 1)
                _exit(1);
        }
        _exit(0);
    }
    CHECK_EQ(finish(LONG_MS), 0);
    waitpid(pid, NULL, 0);
    CHECK_EQ(command(), 0);
    say("{\"return\": {}, ");
    CHECK_EQ(finish(SHORT_MS), -ETIMEDOUT);
    stop();
}

static void fill(char c, unsigned n)
{
    char block[1024];
    memset(block, c, sizeof block);
    for (; n; n -= n < sizeof block ? n : sizeof block)
        CHECK(write(peer, block, n < sizeof block ? n : sizeof block) > 0);
}

static void test_huge_lines(void)
{
    start();
    CHECK_EQ(command(), 0);
    fill(' ', QMP_LINE_MAX);
    CHECK_EQ(finish(LONG_MS), -EMSGSIZE);
    stop();
    // The longest that fits.
    start();
    CHECK_EQ(command(), 0);
    static const char answer[] = "{\"return\": {}, \"id\": 1}\n";
    fill(' ', QMP_LINE_MAX - sizeof answer);
    say(answer);
    CHECK_EQ(finish(LONG_MS), 0);
    stop();
    // Deep nesting is the parser's to refuse.
    start();
    CHECK_EQ(command(), 0);
    fill('[', QMP_LINE_MAX - 1);
    say("\n");
    CHECK_EQ(finish(LONG_MS), -EPROTO);
    stop();
}

static void test_end_of_file(void)
{
    start();
    CHECK_EQ(command(), 0);
    say("{\"return\": {}, \"id\"");
    shutdown(peer, SHUT_WR);
    CHECK_EQ(finish(LONG_MS), -EPIPE);
    stop();
    start();
    close(peer);
    peer = -1;
    CHECK_EQ(command(), -EPIPE); // and no SIGPIPE
    stop();
}

static void test_timeouts(void)
{
    start();
    CHECK_EQ(command(), 0);
    CHECK_EQ(finish(SHORT_MS), -ETIMEDOUT);
    stop();
    // A peer that reads nothing.
    start();
    int r = 0;
    for (unsigned i = 0; i < 100000 && r == 0; i++)
        r = qmp_send(&q, qmp_deadline(SHORT_MS), -1, "cont", NULL);
    CHECK_EQ(r, -ETIMEDOUT);
    stop();
    // A peer that talks without end, but not of what was asked.
    start();
    CHECK_EQ(command(), 0);
    pid_t pid = fork();
    if (pid == 0)
        while (write(peer, "{\"event\": \"NOISE\"}\n", 19) == 19)
            ;
    CHECK_EQ(finish(SHORT_MS), -ETIMEDOUT);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    stop();
}

int main(void)
{
    RUN(test_command);
    RUN(test_batch);
    RUN(test_refusal);
    RUN(test_descriptor);
    RUN(test_migration);
    RUN(test_garbage);
    RUN(test_half_lines);
    RUN(test_huge_lines);
    RUN(test_end_of_file);
    RUN(test_timeouts);
    return check_done("qmp");
}
