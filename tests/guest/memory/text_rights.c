// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Rights that a program has taken away from its text stay away, in it and in its children, however
// often it forks; those that it has given back are back.
#include "tests/guest/check.h"
#include <setjmp.h>
#include <sys/mman.h>

#define PAGE 4096

static sigjmp_buf back;

int value(void);
__asm__(".pushsection .text\n\t.balign 4096\n\t.globl value\n"
        "value:\n\tmovl $0x11, %eax\n\tret\n\t.balign 4096\n\t.popsection");

static void on_fault(int sig)
{
    siglongjmp(back, sig);
}

static int is_read(const volatile unsigned char *page)
{
    return sigsetjmp(back, 1) == 0 && page[1] == 0x11;
}

static int is_run(void)
{
    return sigsetjmp(back, 1) == 0 && value() == 0x11;
}

static const char *is(const volatile unsigned char *page)
{
    static char line[40];
    snprintf(line, sizeof line, "%s, %s", is_read(page) ? "read" : "not read",
             is_run() ? "run" : "not run");
    return line;
}

int main(void)
{
    static const int rights[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_EXEC, PROT_NONE};
    unsigned char *page = (unsigned char *)(unsigned long)value;
    signal(SIGSEGV, on_fault);
    say("at first it is %s", is(page));
    for (unsigned i = 0; i < sizeof rights / sizeof rights[0]; i++) {
        NEED(mprotect(page, PAGE, rights[i]) == 0);
        for (int n = 0; n < 4; n++) {
            pid_t pid = fork();
            NEED(pid >= 0);
            if (pid == 0) {
                say("rights %d: in child %d it is %s", rights[i], n, is(page));
                _exit(0);
            }
            NEED(waitpid(pid, NULL, 0) == pid);
        }
        say("rights %d: in the parent it is %s", rights[i], is(page));
    }
    return 0;
}
