// SPDX-License-Identifier: BSD-2-Clause
// Framing of gdb's remote protocol: $contents#checksum, acknowledged by + until both sides trust
// TCP. Neighbours: command.c (what packets mean), server.h.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "host/gdb/server.h"

// Blocks. -1: the connection has ended.
static int next_byte(struct gdb *g)
{
    while (g->in_pos == g->in_len) {
        if (g->target->idle && g->target->idle(g->vm) < 0)
            return -1;
        ssize_t n = recv(g->conn, g->in, sizeof g->in, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        g->in_len = (unsigned)n;
        g->in_pos = 0;
    }
    return g->in[g->in_pos++];
}

static int put_all(const struct gdb *g, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(g->conn, text, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        text += n;
        len -= (size_t)n;
    }
    return 0;
}

// The contents up to '#'. Length, or -1 at the end of the connection. What is too long is read to
// its end and given a sum that does not match.
static int get_contents(struct gdb *g, char *buf, uint8_t *sum)
{
    int n = 0, c, too_long = 0;
    *sum = 0;
    while ((c = next_byte(g)) != '#') {
        if (c < 0)
            return -1;
        *sum = (uint8_t)(*sum + c);
        too_long |= n == GDB_PACKET_MAX;
        if (!too_long)
            buf[n++] = (char)c;
    }
    *sum = too_long ? (uint8_t) ~*sum : *sum;
    buf[n] = 0;
    return n;
}

// A packet with a wrong sum is asked for again. Once both sides have agreed to do without
// acknowledgements (QStartNoAckMode), such a packet is dropped.
int gdb_packet_get(struct gdb *g, char *buf)
{
    for (;;) {
        uint8_t sum, stated;
        char digits[2];
        int c;
        // Between packets come acknowledgements, and 0x03 (stop) that crossed with our stopping.
        while ((c = next_byte(g)) != '$')
            if (c < 0)
                return -1;
        int n = get_contents(g, buf, &sum);
        for (int i = 0; i < 2 && n >= 0; i++) {
            c = next_byte(g);
            digits[i] = (char)c;
            n = c < 0 ? -1 : n;
        }
        if (n < 0)
            return -1;
        int good = gdb_unhex(&stated, digits, 1) && stated == sum;
        if (!g->no_ack && put_all(g, good ? "+" : "-", 1) < 0)
            return -1;
        if (good)
            return n;
    }
}

int gdb_packet_put(struct gdb *g, const char *text)
{
    char frame[2 * GDB_PACKET_MAX + 8];
    uint8_t sum = 0;
    for (const char *p = text; *p; p++)
        sum = (uint8_t)(sum + *p);
    int n = snprintf(frame, sizeof frame, "$%s#%02x", text, sum);
    if (n >= (int)sizeof frame)
        abort(); // every answer is bounded by GDB_PACKET_MAX: our own bug
    for (;;) {
        int c = '+';
        if (put_all(g, frame, (size_t)n) < 0)
            return -1;
        if (!g->no_ack)
            while ((c = next_byte(g)) != '+' && c != '-')
                if (c < 0)
                    return -1;
        if (c == '+')
            return 0;
    }
}

void gdb_hex(char *to, const void *from, size_t len)
{
    static const char digit[] = "0123456789abcdef";
    const uint8_t *p = from;
    for (size_t i = 0; i < len; i++) {
        *to++ = digit[p[i] >> 4];
        *to++ = digit[p[i] & 15];
    }
    *to = 0;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int gdb_unhex(void *to, const char *from, size_t len)
{
    uint8_t *p = to;
    for (size_t i = 0; i < len; i++) {
        int high = digit_value(from[2 * i]);
        int low = high < 0 ? -1 : digit_value(from[2 * i + 1]);
        if (low < 0)
            return 0;
        p[i] = (uint8_t)(high << 4 | low);
    }
    return 1;
}

// Hexadecimal, as all numbers of the protocol are. Stops at the first other character; digits
// beyond 64 bits are lost at the top.
uint64_t gdb_number(const char **at)
{
    uint64_t n = 0;
    int digit;
    while ((digit = digit_value(**at)) >= 0) {
        n = n << 4 | (unsigned)digit;
        ++*at;
    }
    return n;
}
