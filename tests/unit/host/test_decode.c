// SPDX-License-Identifier: BSD-2-Clause
// What a picoprocess's stub takes for an access to a device's register
// (host/process/stub/decode.h), and what it does not. tests/pv/devices.c executes such
// instructions.
#include <string.h>

#include "host/process/stub/decode.h"
#include "tests/unit/lib/check.h"

struct known {
    const char *name; // as an assembler has it
    uint8_t code[DECODE_MAX], length;
    struct decoded_move move; // without the length
};

static const struct known moves[] = {
    {"mov (%rax), %ecx", {0x8b, 0x08}, 2, {.size = 4, .into = 8, .reg = 1}},
    {"mov %ecx, (%rax)", {0x89, 0x08}, 2, {.write = 1, .size = 4, .into = 8, .reg = 1}},
    {"mov (%rax), %r15", {0x4c, 0x8b, 0x38}, 3, {.size = 8, .into = 8, .reg = 15}},
    {"mov (%rax), %di", {0x66, 0x8b, 0x38}, 3, {.size = 2, .into = 2, .reg = 7}},
    {"mov (%rax), %bh", {0x8a, 0x38}, 2, {.size = 1, .into = 1, .reg = 3, .shift = 8}},
    {"mov (%rax), %dil", {0x40, 0x8a, 0x38}, 3, {.size = 1, .into = 1, .reg = 7}},
    {"mov %ah, (%rdx)", {0x88, 0x22}, 2, {.write = 1, .size = 1, .into = 1, .reg = 0, .shift = 8}},
    {"mov %r12b, (%rdx)", {0x44, 0x88, 0x22}, 3, {.write = 1, .size = 1, .into = 1, .reg = 12}},
    {"mov 8(%rax), %eax", {0x8b, 0x40, 0x08}, 3, {.size = 4, .into = 8}},
    {"mov 0xfc(%rax), %eax", {0x8b, 0x80, 0xfc, 0, 0, 0}, 6, {.size = 4, .into = 8}},
    {"mov 4(%rsp), %eax", {0x8b, 0x44, 0x24, 0x04}, 4, {.size = 4, .into = 8}},
    {"mov (%r13), %eax", {0x41, 0x8b, 0x45, 0}, 4, {.size = 4, .into = 8}},
    {"mov 0x1c0000, %eax", {0x8b, 0x04, 0x25, 0, 0, 0x1c, 0}, 7, {.size = 4, .into = 8}},
    {"mov 8(,%rcx,4), %eax", {0x8b, 0x04, 0x8d, 8, 0, 0, 0}, 7, {.size = 4, .into = 8}},
    {"mov 16(%rip), %eax", {0x8b, 0x05, 16, 0, 0, 0}, 6, {.size = 4, .into = 8}},
    {"mov %fs:(%eax), %ecx", {0x64, 0x67, 0x8b, 0x08}, 4, {.size = 4, .into = 8, .reg = 1}},
    {"movl $-2, 0x44(%rdx)",
     {0xc7, 0x42, 0x44, 0xfe, 0xff, 0xff, 0xff},
     7,
     {.write = 1, .size = 4, .into = 8, .reg = DECODE_CONSTANT, .value = -UINT64_C(2)}},
    {"movq $-2, (%rdx)",
     {0x48, 0xc7, 0x02, 0xfe, 0xff, 0xff, 0xff},
     7,
     {.write = 1, .size = 8, .into = 8, .reg = DECODE_CONSTANT, .value = -UINT64_C(2)}},
    {"movw $0x102, (%rdx)",
     {0x66, 0xc7, 0x02, 2, 1},
     5,
     {.write = 1, .size = 2, .into = 2, .reg = DECODE_CONSTANT, .value = 0x102}},
    {"movb $7, 1(%rdx)",
     {0xc6, 0x42, 1, 7},
     4,
     {.write = 1, .size = 1, .into = 1, .reg = DECODE_CONSTANT, .value = 7}},
    {"movzbl (%rax), %esi", {0x0f, 0xb6, 0x30}, 3, {.size = 1, .into = 8, .reg = 6}},
    {"movzwq (%rax), %r9", {0x4c, 0x0f, 0xb7, 0x08}, 4, {.size = 2, .into = 8, .reg = 9}},
    {"movzbw (%rax), %cx", {0x66, 0x0f, 0xb6, 0x08}, 4, {.size = 1, .into = 2, .reg = 1}},
};

static const struct {
    const char *name;
    uint8_t code[DECODE_MAX];
} others[] = {
    {"mov %eax, %ecx", {0x89, 0xc1}},
    {"movzbl %al, %ecx", {0x0f, 0xb6, 0xc8}},
    {"add (%rax), %ecx", {0x03, 0x08}},
    {"cmpl $1, (%rax)", {0x83, 0x38, 1}},
    {"lock or %ecx, (%rax)", {0xf0, 0x09, 0x08}},
    {"rep movsl", {0xf3, 0xa5}},
    {"rep mov", {0xf3, 0x8b, 0x08}},
    {"xchg %ecx, (%rax)", {0x87, 0x08}},
    {"movsbl (%rax), %ecx", {0x0f, 0xbe, 0x08}},
    {"movd (%rax), %xmm0", {0x66, 0x0f, 0x6e, 0x00}},
    {"c7 /1", {0xc7, 0x08, 0, 0, 0, 0}},
    {"prefixes without end",
     {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66}},
};

static void check_one(const struct known *k)
{
    struct decoded_move m, wanted = k->move;
    wanted.length = k->length;
    CHECK_EQ(decode_move(k->code, sizeof k->code, &m), 0);
    if (memcmp(&m, &wanted, sizeof m)) {
        printf("%s:\n", k->name);
        CHECK_EQ(m.length, wanted.length);
        CHECK_EQ(m.write, wanted.write);
        CHECK_EQ(m.size, wanted.size);
        CHECK_EQ(m.into, wanted.into);
        CHECK_EQ(m.reg, wanted.reg);
        CHECK_EQ(m.shift, wanted.shift);
        CHECK_EQ(m.value, wanted.value);
    }
    CHECK_EQ(decode_move(k->code, k->length, &m), 0);
    // Cut off anywhere; the copy ends there, for who reads further.
    for (unsigned n = 0; n < k->length; n++) {
        uint8_t part[DECODE_MAX];
        memcpy(part, k->code, n);
        CHECK_EQ(decode_move(part, n, &m), -1);
    }
}

// No bytes make it leave them, or say that they are more than there are.
static void test_any_bytes(void)
{
    struct decoded_move m;
    uint64_t seed = 88172645463325252u;
    unsigned decoded = 0;
    for (int i = 0; i < 200000; i++) {
        uint8_t code[DECODE_MAX];
        for (unsigned k = 0; k < sizeof code; k++) {
            seed ^= seed << 13; // xorshift (Marsaglia, 2003)
            seed ^= seed >> 7;
            seed ^= seed << 17;
            code[k] = (uint8_t)seed;
        }
        const unsigned n = (unsigned)(seed >> 32) % (DECODE_MAX + 1);
        if (decode_move(code, n, &m) < 0)
            continue;
        decoded++;
        if (m.length > n || m.reg > DECODE_CONSTANT || m.size > 8 || m.into > 8)
            CHECK(!"what was decoded makes sense");
    }
    CHECK(decoded > 1000);
}

int main(void)
{
    struct decoded_move m;
    for (unsigned i = 0; i < sizeof moves / sizeof moves[0]; i++)
        check_one(&moves[i]);
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++)
        CHECK_EQ(decode_move(others[i].code, sizeof others[i].code, &m), -1);
    test_any_bytes();
    return check_done("decode");
}
