// SPDX-License-Identifier: BSD-2-Clause
// One debugger's session, whatever it debugs: listening, attaching, serving, the end.
// Neighbours: packet.c (framing), command.c (packets), and who has the VM: gdb.c of KVM,
// host/process/debug.c.

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/gdb/gdb.h"
#include "host/gdb/server.h"

int gdb_listen(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    // Or the port of a family that has just ended would be in use for a minute.
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); // answers are short and waited for
    if (bind(fd, (struct sockaddr *)&to, sizeof to) < 0 || listen(fd, 1) < 0) {
        int e = errno;
        close(fd);
        return -e;
    }
    return fd;
}

int gdb_accept(struct gdb *g)
{
    g->conn = accept4(g->listener, NULL, NULL, SOCK_CLOEXEC);
    g->no_ack = g->stepping = g->breakpoint = 0;
    g->in_len = g->in_pos = 0;
    return g->conn >= 0 ? 0 : -errno;
}

void gdb_detach(struct gdb *g)
{
    gdb_breakpoints_clear_all(g);
    if (g->conn >= 0)
        close(g->conn);
    g->conn = -1;
    g->stepping = g->pass = g->stopped = 0;
}

void gdb_serve(struct gdb *g)
{
    char packet[GDB_PACKET_MAX + 1];
    g->stopped = 1;
    g->pass = 0;
    while (g->stopped) {
        if (gdb_packet_get(g, packet) < 0)
            gdb_detach(g);
        else
            gdb_command(g, packet);
    }
}

void gdb_tell_end(struct gdb *g, uint32_t status)
{
    char packet[8];
    if (g->conn < 0)
        return;
    int signalled = WIFSIGNALED((int)status);
    packet[0] = signalled ? 'X' : 'W';
    uint8_t code = (uint8_t)(signalled ? WTERMSIG((int)status) : WEXITSTATUS((int)status));
    gdb_hex(packet + 1, &code, 1);
    gdb_packet_put(g, packet);
    close(g->conn);
    g->conn = -1;
}
