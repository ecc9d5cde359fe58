// SPDX-License-Identifier: BSD-2-Clause
// Families kept ready: `ramet serve` and its clients.
//
// Nearly all of a family's start is the host's work for processes and a VM that are not there yet.
// `ramet serve` has it done ahead of time: it keeps some families that stand just before their
// program goes on from a template. `ramet run --template SOCKET` is then little more than a
// connection: it hands its standard descriptors to a ready family and waits for a status.
//
// The supervisors of all ready families wait for clients on the same listening socket, so the
// host's kernel picks one and there is nobody in between. That one tells its monitor to go and from
// then on runs for the client: ends the family by the client's signals or when it is gone, and
// sends it the status. The server hears of it a little later and makes another. Neighbours: serve.c
// (the server), ready.c (a ready family, in supervisor and monitor), template/touch.c (what makes
// it quick), client.c, template.h, docs/templates.md.
#ifndef HOST_SERVE_H
#define HOST_SERVE_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include "host/family/family.h"

#define SERVE_MAGIC 0x32767273u // of this version of the protocol

// The client's first message, with its descriptors 0, 1 and 2; a bit for each. What it says of them
// concerns nobody but its own family. Later ones are a byte each: a signal that it got.
struct serve_hello {
    uint32_t magic;
    uint32_t absent; // closed
    uint32_t nowait; // pipes and sockets (family.h: stdio_nowait)
};

// What comes back: a byte soon after a family has taken the client, which from then on can rely on
// being answered; and at the end this.
struct serve_end {
    int32_t status; // to exit with
};

// Supervisor -> server, one write to a pipe each.
enum serve_op { SERVE_READY = 1, SERVE_TAKEN = 2 };

struct serve_news {
    int32_t pid;
    uint32_t op;
};

// Supervisor -> the monitor that waits, with the client's descriptors.
struct ready_go {
    uint32_t absent, nowait; // of struct serve_hello
};

// Of a ready family, in its supervisor.
struct ready {
    enum { READY_STARTING, READY_WAITING, READY_TAKEN } state;
    int listener;    // until it is taken, like the next two
    int server;      // at its end when there is no server any more
    int events;      // epoll: for all that may come while we wait
    int news;        // to the server; -1 once it knows that this one is taken
    int client;      // the connection, or -1
    unsigned number; // of this family: they are spread over the processors by it
    uint64_t taken_ns;
};

// Where a server listens.
struct serve_place {
    int listener;
    struct sockaddr_un at;
    dev_t dev; // of the socket's file
    ino_t ino;
};

struct kvm_regs;
struct monitor;
struct supervisor;

// --- serve.c ---
// Serves opt->socket until a signal ends it. The status to exit with.
int serve_run(struct family *f, uint32_t program, char *const argv[]);

// --- place.c ---
// Listens at a path; the file appears when clients can connect, in place of a stale one. 0, or -1
// with a line on stderr: somebody else listens there, or it is something else.
int place_open(struct serve_place *p, const char *path);
// Nobody can connect any more, and the file is gone if it is still ours.
void place_close(const struct serve_place *p);

// --- client.c ---
// Whether opt->template names a socket.
int client_wanted(const struct options *opt);
// Runs as a client of that socket. The status to exit with.
int client_run(const struct options *opt);
// The address of a socket. 0, or -1 with a line on stderr.
int client_address(const char *path, struct sockaddr_un *to);

// --- ready.c ---
// In the family's first monitor, which has all it needs to start its VM at *regs: waits until a
// client has taken the family. Its descriptors, clock and seed are then those of today.
void ready_wait(struct monitor *m, const struct kvm_regs *regs);

// In the supervisor of a ready family, all but those that say so:
// Before its loop. 0, or -errno with a line in err.
int ready_init(struct supervisor *s, char *err, size_t errlen);
// The monitor has sent FAMILY_READY. Any supervisor.
void ready_monitor(struct supervisor *s);
// Waits until something happens, while the family is not taken. May take a client, or set
// s->outside.
void ready_step(struct supervisor *s);
// Once it is taken, before each wait: tells the server when it is time, or says how many ms that is
// from now; else -1. Any supervisor.
int ready_timeout(struct supervisor *s);
// The client has sent something, or is gone: may set s->outside.
void ready_client(struct supervisor *s);
// The family has ended.
void ready_finish(struct ready *r, int status);

// The client's connection, to be polled, or -1; of any supervisor.
static inline int ready_connection(const struct family *f)
{
    return f->ready ? f->ready->client : -1;
}

static inline int ready_waits(const struct family *f)
{
    return f->ready && f->ready->state != READY_TAKEN;
}

#endif
