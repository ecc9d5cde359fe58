// SPDX-License-Identifier: BSD-2-Clause
// Streams of odd pieces both ways at once, between processes: nothing lost, doubled or out of
// order; and datagrams from several senders to one.
// needs: family
#include "../check.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#define TOTAL 3000000u

static uint32_t next(uint32_t *state)
{
    return *state = *state * 1103515245u + 12345u;
}

static unsigned char byte_at(size_t i, unsigned seed)
{
    return (unsigned char)(i * 31 + (i >> 8) * 7 + (i >> 16) * 3 + seed);
}

// Writes and reads by turns of its own choosing.
static void pump(int fd, unsigned mine, unsigned theirs, const char *who)
{
    static unsigned char out[100000], in[100000];
    size_t sent = 0, got = 0, bad = 0;
    uint32_t state = mine;
    NEED(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    while (sent < TOTAL || got < TOTAL) {
        size_t n = next(&state) >> 8;
        n = n % (n % 3 ? sizeof out : 100) + 1;
        if (n > TOTAL - sent)
            n = TOTAL - sent;
        for (size_t i = 0; i < n; i++)
            out[i] = byte_at(sent + i, mine);
        ssize_t w = n ? write(fd, out, n) : 0;
        sent += w > 0 ? (size_t)w : 0;
        ssize_t r = read(fd, in, (next(&state) >> 8) % sizeof in + 1);
        for (ssize_t i = 0; i < r; i++)
            bad += in[i] != byte_at(got + (size_t)i, theirs);
        got += r > 0 ? (size_t)r : 0;
        if (w < 0 && r < 0)
            sleep_ms(1);
        if (r == 0)
            break;
    }
    if (who) // one of the two, so that the order is the same
        say("%s: sent %zu, got %zu, bad %zu", who, sent, got, bad);
    else if (sent != TOTAL || got != TOTAL || bad)
        say("parent: sent %zu, got %zu, bad %zu NO", sent, got, bad);
}

static void streams(void)
{
    int s[2];
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(s[0]);
        pump(s[1], 9, 4, "child");
        char c;
        fcntl(s[1], F_SETFL, 0);
        read(s[1], &c, 1); // what is unread would be lost with it
        _exit(0);
    }
    close(s[1]);
    pump(s[0], 4, 9, NULL);
    shutdown(s[0], SHUT_WR);
    wait_for(pid);
    close(s[0]);
}

static void senders(void)
{
    enum { SENDERS = 4, EACH = 300 };
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "\0ramet-bulk"};
    socklen_t len = offsetof(struct sockaddr_un, sun_path) + 11;
    int r = socket(AF_UNIX, SOCK_DGRAM, 0), seen[SENDERS] = {0}, bad = 0;
    NEED(bind(r, (struct sockaddr *)&a, len) == 0);
    for (int i = 0; i < SENDERS; i++)
        if (fork() == 0) {
            int m[500], d = socket(AF_UNIX, SOCK_DGRAM, 0), failed = 0;
            for (int j = 0; j < EACH; j++) {
                for (int k = 0; k < 500; k++)
                    m[k] = i * EACH + j;
                size_t n = (size_t)(j % 499 + 1) * sizeof m[0];
                failed += sendto(d, m, n, 0, (struct sockaddr *)&a, len) != (ssize_t)n;
            }
            _exit(failed != 0);
        }
    for (int i = 0; i < SENDERS * EACH; i++) {
        int m[500];
        ssize_t n = recv(r, m, sizeof m, 0);
        int from = m[0] / EACH, j = m[0] % EACH;
        bad += n != (ssize_t)((size_t)(j % 499 + 1) * sizeof m[0]) || j != seen[from]++;
        for (size_t k = 0; k < (size_t)n / sizeof m[0]; k++)
            bad += m[k] != m[0];
    }
    for (int i = 0; i < SENDERS; i++) {
        int status;
        wait(&status);
        bad += status != 0;
    }
    say("%d datagrams, bad %d", SENDERS * EACH, bad);
}

int main(void)
{
    streams();
    senders();
    return 0;
}
