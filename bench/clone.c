// SPDX-License-Identifier: BSD-2-Clause
// A clone of a template: from the moment a program that runs asks for one (connect(2) to the socket
// of `ramet serve`) until it has read the clone's next line from a pipe. What starting a process
// for it would take, as `ramet run --template SOCKET` is one, is not in it.
//
// usage: clone NAME SAMPLES SOCKET LINE

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "bench/stats.h"
#include "host/family/fdpass.h"
#include "host/serve/serve.h"

#define WARM_UPS    3
#define SAMPLES_MAX 1000
#define REST_MS     30 // the server makes another meanwhile

// Returns the connection; its end is the clone's.
static int ask(const struct sockaddr_un *at, const int fds[3])
{
    const struct serve_hello hello = {.magic = SERVE_MAGIC, .nowait = 1u << 1};
    int server = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (server < 0 || connect(server, (const struct sockaddr *)at, sizeof *at) < 0)
        die("connect");
    if (fdpass_send(server, &hello, sizeof hello, fds, 3, 0) != sizeof hello)
        die("the server's socket");
    return server;
}

// What comes before it is the end of the line at which the template was taken.
static void read_until(int from, const char *line)
{
    char seen[256] = "";
    size_t have = 0;
    while (!strstr(seen, line)) {
        ssize_t n = read(from, seen + have, sizeof seen - 1 - have);
        if (n <= 0)
            die("the clone's line");
        have += (size_t)n;
        seen[have] = 0;
    }
}

static double take_sample(const struct sockaddr_un *at, const char *line)
{
    int out[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || pipe(out) < 0)
        die("pipe");
    uint64_t start = now_ns();
    int server = ask(at, (const int[3]){null, out[1], 2});
    close(out[1]);
    read_until(out[0], line);
    uint64_t end = now_ns();
    close(server);
    close(out[0]);
    close(null);
    rest_ms(REST_MS);
    return (double)(end - start) / NS_PER_US;
}

int main(int argc, char **argv)
{
    static double samples[SAMPLES_MAX];
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int n = argc == 5 ? atoi(argv[2]) : 0;
    if (n < 1 || n > SAMPLES_MAX || strlen(argv[3]) >= sizeof at.sun_path) {
        fprintf(stderr, "usage: clone NAME SAMPLES SOCKET LINE\n");
        return 2;
    }
    strcpy(at.sun_path, argv[3]);
    for (int i = -WARM_UPS; i < n; i++)
        samples[i < 0 ? 0 : i] = take_sample(&at, argv[4]);
    report_us(argv[1], samples, n);
    return 0;
}
