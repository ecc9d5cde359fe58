// SPDX-License-Identifier: BSD-2-Clause
// test_gdb.c: packets of a debugger that means ill or has lost its way: each gets an error, and
// nothing is read or written beyond its answer. Links host/gdb/command.c, packet.c, breakpoint.c
// and regs.c; the VM's side is faked here.
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/gdb/server.h"
#include "tests/unit/lib/check.h"

static const struct gdb_target fake_vm;
static struct gdb gdb = {.target = &fake_vm, .listener = -1, .stopped = 1, .no_ack = 1};
static int peer;

static size_t fake_memory(void *vm, uint64_t va, uint8_t *to, const uint8_t *from, size_t len)
{
    (void)vm, (void)va;
    if (!from)
        memset(to, 0x5a, len);
    return len;
}

static void fake_regs_get(void *vm, struct gdb_regs *regs)
{
    (void)vm;
    memset(regs, 0, sizeof *regs);
}

static int fake_regs_set(void *vm, const struct gdb_regs *regs)
{
    (void)vm, (void)regs;
    return 0;
}

static void fake_kill(void *vm)
{
    (void)vm;
    abort();
}

static const struct gdb_target fake_vm = {fake_regs_get, fake_regs_set, fake_memory, fake_kill,
                                          NULL};

void gdb_detach(struct gdb *g)
{
    (void)g;
}

// The answer to a packet, without its frame.
static const char *ask(const char *packet)
{
    static char copy[GDB_PACKET_MAX + 1], answer[2 * GDB_PACKET_MAX];
    snprintf(copy, sizeof copy, "%s", packet);
    // Leave something behind on the stack, where a forgotten variable would be.
    volatile uint8_t dirt[8192];
    for (unsigned i = 0; i < sizeof dirt; i++)
        dirt[i] = 0xa5;
    gdb_command(&gdb, copy);
    ssize_t n = recv(peer, answer, sizeof answer - 1, MSG_DONTWAIT);
    answer[n > 0 ? n : 0] = 0;
    char *end = strrchr(answer, '#');
    if (answer[0] != '$' || !end)
        return "no packet";
    *end = 0;
    return answer + 1;
}

static void test_features(void)
{
    const char *const bad[] = {"", ",", "x", "1", "1x2", "zz,zz", "1,", ":"};
    char packet[80];
    CHECK(!strncmp(ask("qXfer:features:read:target.xml:0,100"), "m<?xml", 6));
    CHECK_STR(ask("qXfer:features:read:target.xml:1,3"), "m?xm");
    CHECK_STR(ask("qXfer:features:read:target.xml:ffffffffffffffff,ffffffffffffffff"), "l");
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(packet, sizeof packet, "qXfer:features:read:target.xml:%s", bad[i]);
        const char *said = ask(packet);
        CHECK(!strcmp(said, "E01") || !strcmp(said, "m") || !strcmp(said, "l"));
    }
    CHECK_STR(ask("qXfer:features:read:target.xml:1x2"), "E01");
}

static void test_memory(void)
{
    const char *const bad[] = {"m", "m1", "m,", "M", "M0,4", "M0,4:0", "mx,y"};
    CHECK_STR(ask("m0,2"), "5a5a");
    CHECK(strlen(ask("m0,ffffffffffffffff")) <= GDB_PACKET_MAX);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *said = ask(bad[i]);
        CHECK(!strcmp(said, "E01") || !strcmp(said, ""));
    }
}

// What is written under a breakpoint is what it leaves behind; reading does not show it.
static void test_breakpoints(void)
{
    CHECK_STR(ask("Z0,100,1"), "OK");
    CHECK_STR(ask("mfe,4"), "5a5a5a5a");
    CHECK_EQ(gdb.nbreakpoints, 1);
    CHECK_STR(ask("M100,1:77"), "OK");
    CHECK_EQ(gdb.breakpoints[0].byte, 0x77);
    CHECK_STR(ask("m100,2"), "775a");
    CHECK_STR(ask("z0,100,1"), "OK");
    CHECK_EQ(gdb.nbreakpoints, 0);
}

int main(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        return 1;
    gdb.conn = pair[0];
    peer = pair[1];
    RUN(test_features);
    RUN(test_memory);
    RUN(test_breakpoints);
    return check_done("gdb");
}
