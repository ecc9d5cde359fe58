// SPDX-License-Identifier: BSD-2-Clause
// The smallest program: what boot time is measured with.

#include <stdio.h>

int main(int argc, char **argv)
{
    printf("hello from %s, one process in a VM of its own", argv[0]);
    for (int i = 1; i < argc; i++)
        printf(" [%s]", argv[i]);
    printf("\n");
    return 0;
}
