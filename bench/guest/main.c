// SPDX-License-Identifier: BSD-2-Clause
// What bench/boot boots: says that main() has been reached, in one system call, and ends.

#include "bench/stats.h"

int main(void)
{
    write_all(1, "main\n", 5);
    return 0;
}
