// SPDX-License-Identifier: BSD-2-Clause
// The server's socket: a name in the file system that one server has at a time. It comes into being
// under another name and takes the place of a stale one when clients can connect. See serve.h.

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/serve/serve.h"

#define NAMES   16  // tried for a socket that has none yet
#define BACKLOG 128 // clients that wait; others wait for a place

static int place_failed(const char *path, const char *why)
{
    fprintf(stderr, "ramet: %s: %s\n", path, why);
    return -1;
}

// Makes way for a new socket: refuses what is none, and one that somebody listens on.
static int check_free(const struct serve_place *p)
{
    const char *path = p->at.sun_path;
    struct stat st;
    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : place_failed(path, strerror(errno));
    if (!S_ISSOCK(st.st_mode))
        return place_failed(path, "it is there and no socket");
    // Not blocking: a server whose queue is full is one.
    int probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r = connect(probe, (const struct sockaddr *)&p->at, sizeof p->at);
    const int why = r < 0 ? errno : 0;
    close(probe);
    return why == ECONNREFUSED || why == ENOENT ? 0 : place_failed(path, "another server has it");
}

// Binds to a name nobody else has, next to the socket's: whatever else is there stays.
static int bind_aside(int listener, const char *path, struct sockaddr_un *new)
{
    char name[sizeof new->sun_path + 16];
    uint32_t any;
    int r = -1;
    for (int i = 0; i < NAMES && r < 0; i++) {
        if (getrandom(&any, sizeof any, 0) != sizeof any)
            return -EIO;
        snprintf(name, sizeof name, "%s.%06x", path, any & 0xffffff);
        if (client_address(name, new) < 0)
            return -ENAMETOOLONG;
        const mode_t mask = umask(0177);
        r = bind(listener, (struct sockaddr *)new, sizeof *new);
        umask(mask);
        if (r < 0 && errno != EADDRINUSE)
            break;
    }
    return r < 0 ? -errno : 0;
}

int place_open(struct serve_place *p, const char *path)
{
    struct sockaddr_un new;
    struct stat st;
    if (client_address(path, &p->at) < 0 || check_free(p) < 0)
        return -1;
    p->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r = bind_aside(p->listener, path, &new);
    if (r < 0)
        return place_failed(path, strerror(-r));
    if (listen(p->listener, BACKLOG) < 0 || lstat(new.sun_path, &st) < 0 ||
        rename(new.sun_path, path) < 0) {
        place_failed(path, strerror(errno));
        unlink(new.sun_path);
        return -1;
    }
    p->dev = st.st_dev;
    p->ino = st.st_ino;
    return 0;
}

// Another server may have put its own there, or anybody something else, if ours was removed.
void place_close(const struct serve_place *p)
{
    struct stat st;
    if (lstat(p->at.sun_path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == p->ino &&
        st.st_dev == p->dev)
        unlink(p->at.sun_path);
    shutdown(p->listener, SHUT_RDWR);
}
