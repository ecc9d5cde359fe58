// SPDX-License-Identifier: BSD-2-Clause
// gdb's packets and their answers ("Debugging with GDB", E.2 to E.4). What is not known is
// answered by an empty packet, which gdb understands as "do without". Neighbours: gdb.c (when the
// VM stops and runs), regs.c, memory.c.

#include <stdio.h>
#include <string.h>

#include "host/gdb/server.h"

#define MEMORY_MAX (GDB_PACKET_MAX / 2 - 32) // bytes an m or M packet can hold in hexadecimal

struct command {
    const char *prefix;
    // `args`: what follows the prefix. Writes the answer (at most GDB_PACKET_MAX bytes, "" at
    // first).
    void (*act)(struct gdb *g, const char *args, char *answer);
};

static void answer_ok(char *answer, int ok)
{
    strcpy(answer, ok ? "OK" : "E01");
}

static void yes(struct gdb *g, const char *args, char *answer)
{
    (void)g, (void)args;
    answer_ok(answer, 1);
}

// ---- registers and memory ----

static void read_registers(struct gdb *g, const char *args, char *answer)
{
    struct gdb_regs regs;
    (void)args;
    g->target->regs_get(g->vm, &regs);
    gdb_hex(answer, &regs, sizeof regs);
}

static void write_registers(struct gdb *g, const char *args, char *answer)
{
    struct gdb_regs regs;
    answer_ok(answer,
              gdb_unhex(&regs, args, sizeof regs) && g->target->regs_set(g->vm, &regs) == 0);
}

static void read_one_register(struct gdb *g, const char *args, char *answer)
{
    struct gdb_regs regs;
    size_t offset, size;
    if (gdb_reg_span((unsigned)gdb_number(&args), &offset, &size) < 0) {
        answer_ok(answer, 0);
        return;
    }
    g->target->regs_get(g->vm, &regs);
    gdb_hex(answer, (uint8_t *)&regs + offset, size);
}

static void write_register(struct gdb *g, const char *args, char *answer)
{
    struct gdb_regs regs;
    size_t offset, size;
    unsigned n = (unsigned)gdb_number(&args);
    answer_ok(answer, 0);
    if (*args != '=' || gdb_reg_span(n, &offset, &size) < 0)
        return;
    g->target->regs_get(g->vm, &regs);
    answer_ok(answer, gdb_unhex((uint8_t *)&regs + offset, args + 1, size) &&
                          g->target->regs_set(g->vm, &regs) == 0);
}

// "ADDR,LENGTH", and one that a packet holds: 0 if it is not that.
static int parse_pair(const char **args, uint64_t *addr, uint64_t *len)
{
    *addr = gdb_number(args);
    if (**args != ',')
        return 0;
    ++*args;
    *len = gdb_number(args);
    return 1;
}

static int parse_range(const char **args, uint64_t *addr, uint64_t *len)
{
    return parse_pair(args, addr, len) && *len <= MEMORY_MAX;
}

static void read_memory(struct gdb *g, const char *args, char *answer)
{
    uint8_t bytes[MEMORY_MAX];
    uint64_t addr, len;
    size_t n = parse_range(&args, &addr, &len) ? gdb_memory_read(g, addr, bytes, len) : 0;
    if (n)
        gdb_hex(answer, bytes, n);
    else
        answer_ok(answer, 0);
}

static void write_memory(struct gdb *g, const char *args, char *answer)
{
    uint8_t bytes[MEMORY_MAX];
    uint64_t addr, len;
    answer_ok(answer, parse_range(&args, &addr, &len) && *args == ':' &&
                          gdb_unhex(bytes, args + 1, len) &&
                          gdb_memory_write(g, addr, bytes, len) == len);
}

static void set_breakpoint(struct gdb *g, const char *args, char *answer)
{
    answer_ok(answer, gdb_breakpoint_set(g, gdb_number(&args)) == 0);
}

static void clear_breakpoint(struct gdb *g, const char *args, char *answer)
{
    gdb_breakpoint_clear(g, gdb_number(&args));
    answer_ok(answer, 1);
}

// ---- running ----

// The answer to this packet is the next stop, so gdb_command() sends nothing now.
static void resume(struct gdb *g, const char *addr, int step)
{
    if (*addr) {
        struct gdb_regs regs;
        g->target->regs_get(g->vm, &regs);
        regs.rip = gdb_number(&addr);
        g->target->regs_set(g->vm, &regs);
    }
    g->stepping = step;
    g->stopped = 0;
}

static void go_on(struct gdb *g, const char *args, char *answer)
{
    (void)answer; // comes when the VM stops again
    resume(g, args, 0);
}

static void step_one(struct gdb *g, const char *args, char *answer)
{
    (void)answer;
    resume(g, args, 1);
}

// "SIGNAL[;ADDR]". Only an exception can be passed on, not a signal of gdb's making.
static const char *take_signal(struct gdb *g, const char *args)
{
    g->pass = (int)gdb_number(&args) == g->signal;
    return *args == ';' ? args + 1 : args;
}

static void go_on_signal(struct gdb *g, const char *args, char *answer)
{
    (void)answer;
    resume(g, take_signal(g, args), 0);
}

static void step_signal(struct gdb *g, const char *args, char *answer)
{
    (void)answer;
    resume(g, take_signal(g, args), 1);
}

static void detach(struct gdb *g, const char *args, char *answer)
{
    (void)args, (void)answer;
    // Sent here, while there is a connection to send it on.
    gdb_packet_put(g, "OK");
    gdb_detach(g);
}

// gdb expects no answer to `k`.
static void kill_vm(struct gdb *g, const char *args, char *answer)
{
    (void)args, (void)answer;
    gdb_detach(g);
    g->target->kill(g->vm);
}

static void end_politely(struct gdb *g, const char *args, char *answer)
{
    gdb_packet_put(g, "OK");
    kill_vm(g, args, answer);
}

// ---- questions ----

static void why_stopped(struct gdb *g, const char *args, char *answer)
{
    (void)args;
    snprintf(answer, GDB_PACKET_MAX, "T%02x%sthread:1;", g->signal,
             g->breakpoint ? "swbreak:;" : "");
}

static void supported(struct gdb *g, const char *args, char *answer)
{
    (void)g, (void)args;
    snprintf(answer, GDB_PACKET_MAX, "PacketSize=%x;qXfer:features:read+;swbreak+;QStartNoAckMode+",
             GDB_PACKET_MAX);
}

static void no_ack_mode(struct gdb *g, const char *args, char *answer)
{
    (void)args;
    g->no_ack = 1; // gdb acknowledges this answer still: gdb_packet_get skips that
    answer_ok(answer, 1);
}

// "OFFSET,LENGTH" of the target description; the first letter says whether more follows.
static void read_features(struct gdb *g, const char *args, char *answer)
{
    const char *xml = gdb_regs_xml();
    uint64_t offset, len, total = strlen(xml);
    (void)g;
    if (!parse_pair(&args, &offset, &len)) {
        answer_ok(answer, 0);
        return;
    }
    if (len > MEMORY_MAX)
        len = MEMORY_MAX;
    if (offset > total)
        offset = total;
    if (len > total - offset)
        len = total - offset;
    *answer++ = offset + len < total ? 'm' : 'l';
    memcpy(answer, xml + offset, len);
    answer[len] = 0;
}

static void current_thread(struct gdb *g, const char *args, char *answer)
{
    (void)g;
    if (!*args) // not qCRC
        strcpy(answer, "QC1");
}

static void first_threads(struct gdb *g, const char *args, char *answer)
{
    (void)g, (void)args;
    strcpy(answer, "m1");
}

static void more_threads(struct gdb *g, const char *args, char *answer)
{
    (void)g, (void)args;
    strcpy(answer, "l");
}

// gdb did not start the program, so that leaving it detaches.
static void attached(struct gdb *g, const char *args, char *answer)
{
    (void)g, (void)args;
    strcpy(answer, "1");
}

// The first prefix that fits is taken.
static const struct command commands[] = {
    {"?", why_stopped},
    {"g", read_registers},
    {"G", write_registers},
    {"p", read_one_register},
    {"P", write_register},
    {"m", read_memory},
    {"M", write_memory},
    {"Z0,", set_breakpoint},
    {"z0,", clear_breakpoint},
    {"c", go_on},
    {"C", go_on_signal},
    {"s", step_one},
    {"S", step_signal},
    {"D", detach},
    {"k", kill_vm},
    {"vKill", end_politely},
    {"H", yes},
    {"T", yes},
    {"qSupported", supported},
    {"QStartNoAckMode", no_ack_mode},
    {"qXfer:features:read:target.xml:", read_features},
    {"qfThreadInfo", first_threads},
    {"qsThreadInfo", more_threads},
    {"qAttached", attached},
    {"qC", current_thread},
};

void gdb_report_stop(struct gdb *g)
{
    char answer[64];
    why_stopped(g, "", answer);
    gdb_packet_put(g, answer);
}

void gdb_command(struct gdb *g, char *packet)
{
    char answer[GDB_PACKET_MAX + 1] = "";
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        size_t n = strlen(commands[i].prefix);
        if (strncmp(packet, commands[i].prefix, n) == 0) {
            commands[i].act(g, packet + n, answer);
            break;
        }
    }
    // No answer yet when the VM was resumed, and none to a debugger that left.
    if (g->stopped && g->conn >= 0)
        gdb_packet_put(g, answer);
}
