// SPDX-License-Identifier: BSD-2-Clause
// See filter.h. A rule becomes: load the call's number, compare; for each condition load the halves
// of the argument and compare; return the action. What fails jumps to the next rule, so a rule is
// at most 255 instructions long, which its size guarantees.

#include "host/process/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>

#define RULE_MAX 64 // instructions: 6 conditions of 8, and what is around them

// Jumps to the end of the rule are marked so, and resolved when it is known.
#define FAIL 255

struct code {
    struct sock_filter at[RULE_MAX];
    unsigned n;
};

static void put_op(struct code *c, uint16_t op, uint32_t k, uint8_t yes, uint8_t no)
{
    if (c->n < RULE_MAX)
        c->at[c->n] = (struct sock_filter)BPF_JUMP(op, k, yes, no);
    c->n++;
}

static void load_word(struct code *c, uint32_t offset)
{
    put_op(c, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static uint32_t argument_half(unsigned argument, int high)
{
    return (uint32_t)(offsetof(struct seccomp_data, args) + argument * 8u + (high ? 4 : 0));
}

static uint32_t high(uint64_t v)
{
    return (uint32_t)(v >> 32);
}

static void equal(struct code *c, unsigned argument, uint64_t mask, uint64_t value)
{
    for (int h = 1; h >= 0; h--) {
        const uint32_t m = h ? high(mask) : (uint32_t)mask, v = h ? high(value) : (uint32_t)value;
        load_word(c, argument_half(argument, h));
        if (m != UINT32_MAX)
            put_op(c, BPF_ALU | BPF_AND | BPF_K, m, 0, 0);
        put_op(c, BPF_JMP | BPF_JEQ | BPF_K, v, 0, FAIL);
    }
}

// Not equal is: one of the halves is not.
static void not_equal(struct code *c, unsigned argument, uint64_t mask, uint64_t value)
{
    load_word(c, argument_half(argument, 1));
    put_op(c, BPF_ALU | BPF_AND | BPF_K, high(mask), 0, 0);
    put_op(c, BPF_JMP | BPF_JEQ | BPF_K, high(value), 0, 3);
    load_word(c, argument_half(argument, 0));
    put_op(c, BPF_ALU | BPF_AND | BPF_K, (uint32_t)mask, 0, 0);
    put_op(c, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)value, FAIL, 0);
}

// argument >= v
static void at_least(struct code *c, unsigned argument, uint64_t v)
{
    load_word(c, argument_half(argument, 1));
    put_op(c, BPF_JMP | BPF_JGT | BPF_K, high(v), 3, 0);
    put_op(c, BPF_JMP | BPF_JEQ | BPF_K, high(v), 0, FAIL);
    load_word(c, argument_half(argument, 0));
    put_op(c, BPF_JMP | BPF_JGE | BPF_K, (uint32_t)v, 0, FAIL);
}

// argument < v
static void below(struct code *c, unsigned argument, uint64_t v)
{
    load_word(c, argument_half(argument, 1));
    put_op(c, BPF_JMP | BPF_JGE | BPF_K, high(v), 0, 3);
    put_op(c, BPF_JMP | BPF_JEQ | BPF_K, high(v), 0, FAIL);
    load_word(c, argument_half(argument, 0));
    put_op(c, BPF_JMP | BPF_JGE | BPF_K, (uint32_t)v, FAIL, 0);
}

// The difference of the low words is the whole one, by the other conditions.
static void fits(struct code *c, unsigned argument, uint64_t end, unsigned other)
{
    load_word(c, argument_half(other, 0));
    put_op(c, BPF_ST, 0, 0, 0);
    load_word(c, argument_half(argument, 0));
    put_op(c, BPF_MISC | BPF_TAX, 0, 0, 0);
    put_op(c, BPF_LD | BPF_IMM, (uint32_t)end, 0, 0);
    put_op(c, BPF_ALU | BPF_SUB | BPF_X, 0, 0, 0);
    put_op(c, BPF_LDX | BPF_MEM, 0, 0, 0);
    put_op(c, BPF_JMP | BPF_JGE | BPF_X, 0, 0, FAIL);
}

static void condition(struct code *c, const struct filter_condition *t)
{
    switch (t->test) {
    case FILTER_EQUAL:
        equal(c, t->argument, UINT64_MAX, t->a);
        break;
    case FILTER_RANGE:
        at_least(c, t->argument, t->a);
        below(c, t->argument, t->b);
        break;
    case FILTER_BITS:
        equal(c, t->argument, t->a, t->b);
        break;
    case FILTER_NOT_BITS:
        not_equal(c, t->argument, t->a, t->b);
        break;
    case FILTER_ROOM:
        fits(c, t->argument, t->a, (unsigned)t->b);
        break;
    case FILTER_END:
        break;
    }
}

static void resolve(struct code *c)
{
    for (unsigned i = 0; i < c->n; i++) {
        const uint8_t end = (uint8_t)(c->n - i - 1);
        if (BPF_CLASS(c->at[i].code) != BPF_JMP)
            continue;
        c->at[i].jt = c->at[i].jt == FAIL ? end : c->at[i].jt;
        c->at[i].jf = c->at[i].jf == FAIL ? end : c->at[i].jf;
    }
}

static void rule(struct code *c, const struct filter_rule *r)
{
    load_word(c, offsetof(struct seccomp_data, nr));
    put_op(c, BPF_JMP | BPF_JEQ | BPF_K, r->call, 0, FAIL);
    for (unsigned i = 0; i < FILTER_CONDITIONS && r->conditions[i].test != FILTER_END; i++)
        condition(c, &r->conditions[i]);
    put_op(c, BPF_RET | BPF_K, r->action, 0, 0);
}

static int filter_append(struct sock_filter *code, unsigned *n, unsigned max, struct code *c)
{
    if (c->n > RULE_MAX || *n + c->n > max)
        return -E2BIG;
    resolve(c);
    memcpy(code + *n, c->at, c->n * sizeof c->at[0]);
    *n += c->n;
    return 0;
}

int filter_build(const struct filter_rule *rules, unsigned count, struct sock_filter *code,
                 unsigned max)
{
    struct code head = {.n = 0}, last = {.n = 0};
    unsigned n = 0;
    load_word(&head, offsetof(struct seccomp_data, arch));
    put_op(&head, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    put_op(&head, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    if (filter_append(code, &n, max, &head) < 0)
        return -E2BIG;
    for (unsigned i = 0; i < count; i++) {
        struct code c = {.n = 0};
        rule(&c, &rules[i]);
        if (filter_append(code, &n, max, &c) < 0)
            return -E2BIG;
    }
    put_op(&last, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    return filter_append(code, &n, max, &last) < 0 ? -E2BIG : (int)n;
}
