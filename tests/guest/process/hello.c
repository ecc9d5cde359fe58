// SPDX-License-Identifier: BSD-2-Clause
//
// args: one "two words" "" -4
//
// The least a program needs: main gets its arguments, stdout and stderr work, return is the status.
#include "tests/guest/check.h"

int main(int argc, char **argv)
{
    say("hello");
    say("argc %d", argc);
    for (int i = 1; i < argc; i++)
        say("argv[%d] = [%s]", i, argv[i]);
    CHECK("argv ends with NULL", argv[argc] == NULL);
    CHECK("argv[0] names the program", argc > 0 && strstr(argv[0], "hello") != NULL);
    CHECK("a pid above 0", getpid() > 0);
    printf("buffered %s %d %5.2f %c\n", "text", 42, 3.14159, 'x');
    return 7;
}
