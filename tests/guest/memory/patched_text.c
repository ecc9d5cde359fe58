// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// A program that has written to its own text: parent, children and grandchildren have what was
// written, however often they fork, and a new program has not.
#include "tests/guest/check.h"
#include <sys/mman.h>

#define PAGE   4096
#define ROUNDS 5

int value(void);
__asm__(".pushsection .text\n\t.balign 4096\n\t.globl value\n"
        "value:\n\tmovl $0x11, %eax\n\tret\n\t.balign 4096\n\t.popsection");

static void patch(unsigned char to)
{
    unsigned char *page = (unsigned char *)(unsigned long)value;
    NEED(mprotect(page, PAGE, PROT_READ | PROT_WRITE) == 0);
    page[1] = to;
    NEED(mprotect(page, PAGE, PROT_READ | PROT_EXEC) == 0);
}

static int child_has(int depth)
{
    int status;
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0)
        _exit(depth ? child_has(depth - 1) : value());
    NEED(waitpid(pid, &status, 0) == pid);
    return WEXITSTATUS(status);
}

static void rounds(void)
{
    int wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        patch((unsigned char)(0x20 + i));
        wrong += child_has(i % 2) != 0x20 + i;
        wrong += child_has(0) != value() || value() != 0x20 + i;
    }
    say("%d wrong, and this one has %#x", wrong, (unsigned)value());
}

// Each program has its text from somewhere else: it has been started the more often.
int main(int argc, char **argv)
{
    static char *const more[] = {"", "1", "12", "123"};
    const int generation = argc > 1 ? (int)strlen(argv[1]) : 0;
    say("a new program has %#x", (unsigned)value());
    if (generation % 2)
        say("and so has its child: %#x", (unsigned)child_has(1));
    rounds();
    if (generation == 3)
        return 0;
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        execl(argv[0], argv[0], more[generation + 1], (char *)NULL);
        _exit(1);
    }
    NEED(waitpid(pid, NULL, 0) == pid);
    return 0;
}
