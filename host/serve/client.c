// SPDX-License-Identifier: BSD-2-Clause
// `ramet run --template SOCKET`: a client of `ramet serve`. It does as little as it can before it
// is connected, and nothing but wait afterwards. See serve.h.

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/family/fdpass.h"
#include "host/serve/serve.h"
#include "host/family/supervisor.h"

#define FAILED   2
#define GRACE_MS 1000 // after a signal was passed on

int client_wanted(const struct options *opt)
{
    struct stat st;
    return stat(opt->template, &st) == 0 && S_ISSOCK(st.st_mode);
}

int client_address(const char *path, struct sockaddr_un *to)
{
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof to->sun_path) {
        fprintf(stderr, "ramet: %s: too long for the name of a socket\n", path);
        return -1;
    }
    strcpy(to->sun_path, path);
    return 0;
}

static int client_failed(const char *path, const char *why)
{
    fprintf(stderr, "ramet: %s: %s\n", path, why);
    return FAILED;
}

// Whether the server is this user's or root's: it is given our descriptors, and anybody may have
// bound a socket to that name.
static int is_trusted(int server)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    return getsockopt(server, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static int say_hello(int server)
{
    static const int fds[3] = {0, 1, 2};
    struct serve_hello hello = {.magic = SERVE_MAGIC};
    uint32_t kind[3], nowait[3] = {0};
    family_probe_stdio(kind, nowait, 0);
    for (unsigned i = 0; i < 3; i++) {
        hello.absent |= (uint32_t)(kind[i] == PV_STDIO_NONE) << i;
        hello.nowait |= (nowait[i] != 0) << i;
    }
    return fdpass_send(server, &hello, sizeof hello, fds, 3, 0) == sizeof hello ? 0 : -1;
}

// The signal that came last is passed on to the family, which does with it what it would do here.
// The one before if there is none.
static int pass_signal(int server, int signals, int before)
{
    struct signalfd_siginfo info;
    if (read(signals, &info, sizeof info) != sizeof info)
        return before;
    const uint8_t number = (uint8_t)info.ssi_signo;
    send(server, &number, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    return number;
}

// Until the family has ended. Signals before this one's first lines end this process, and so the
// family; later ones are passed on. If nobody is there to answer yet, we have still to end.
static int wait_for_end(int server, const char *path)
{
    struct serve_end end;
    int came = 0, taken = 0;
    sigset_t ends;
    supervisor_end_signals(&ends);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    struct pollfd fds[2] = {
        {.fd = server, .events = POLLIN},
        {.fd = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN}};
    if (fds[1].fd < 0)
        return client_failed(path, strerror(errno));
    for (;;) {
        if (poll(fds, 2, came && !taken ? GRACE_MS : -1) == 0)
            return 128 + came;
        if (fds[1].revents)
            came = pass_signal(server, fds[1].fd, came);
        if (!fds[0].revents)
            continue;
        ssize_t n = recv(server, &end, sizeof end, MSG_DONTWAIT);
        if (n == sizeof end)
            return end.status & 0xff;
        if (n != 1)
            return client_failed(path, "the server is gone, or the family: there is no status");
        taken = 1;
    }
}

int client_run(const struct options *opt)
{
    const char *path = opt->template;
    struct sockaddr_un to;
    if (opt->given > 1)
        return client_failed(path, "a server; options are those it was started with");
    if (client_address(path, &to) < 0)
        return FAILED;
    int server = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (server < 0)
        return client_failed(path, strerror(errno));
    // With no family ready this waits in the server's queue, or for a place in it.
    if (connect(server, (struct sockaddr *)&to, sizeof to) < 0)
        return client_failed(path, errno == ECONNREFUSED ? "no server listens there"
                                   : errno == EPROTOTYPE ? "not a socket of 'ramet serve'"
                                                         : strerror(errno));
    if (!is_trusted(server))
        return client_failed(path, "the server is another user's");
    if (say_hello(server) < 0)
        return client_failed(path, strerror(errno));
    return wait_for_end(server, path);
}
