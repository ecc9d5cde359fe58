// SPDX-License-Identifier: BSD-2-Clause
// test_gdb.c: packets of a debugger that means ill or has lost its way: each gets an error, and
// nothing is read or written beyond its answer. Links host/gdb/command.c and packet.c; the VM's
// side is faked here.
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/gdb/private.h"
#include "tests/unit/lib/check.h"

static struct gdb gdb = {.listener = -1, .stopped = 1, .no_ack = 1};
static int peer;

void gdb_breakpoint_clear(struct monitor *m, struct gdb *g, uint64_t va)
{
    (void)m, (void)g, (void)va;
}

int gdb_breakpoint_set(struct monitor *m, struct gdb *g, uint64_t va)
{
    (void)m, (void)g, (void)va;
    return -1;
}

void gdb_detach(struct monitor *m, struct gdb *g)
{
    (void)m, (void)g;
}

size_t gdb_memory_read(struct monitor *m, struct gdb *g, uint64_t va, void *to, size_t len)
{
    (void)m, (void)g, (void)va;
    memset(to, 0x5a, len);
    return len;
}

size_t gdb_memory_write(struct monitor *m, struct gdb *g, uint64_t va, const void *from, size_t len)
{
    (void)m, (void)g, (void)va, (void)from;
    return len;
}

int gdb_reg_span(unsigned n, size_t *offset, size_t *size)
{
    (void)n, (void)offset, (void)size;
    return -1;
}

void gdb_regs_get(struct monitor *m, struct gdb_regs *regs)
{
    (void)m;
    memset(regs, 0, sizeof *regs);
}

int gdb_regs_set(struct monitor *m, const struct gdb_regs *regs)
{
    (void)m, (void)regs;
    return 0;
}

const char *gdb_regs_xml(void)
{
    return "<target/>";
}

void member_die(struct member *m, uint32_t status, const char *why)
{
    (void)m, (void)status, (void)why;
    abort();
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
    gdb_command(NULL, &gdb, copy);
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
    CHECK_STR(ask("qXfer:features:read:target.xml:0,100"), "l<target/>");
    CHECK_STR(ask("qXfer:features:read:target.xml:1,3"), "mtar");
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

int main(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        return 1;
    gdb.conn = pair[0];
    peer = pair[1];
    RUN(test_features);
    RUN(test_memory);
    return check_done("gdb");
}
