// SPDX-License-Identifier: BSD-2-Clause
// The instance of the boot study (bench/boot_study.c): says that it is up, and stays.

#include "bench/stats.h"

int main(void)
{
    write_all(1, "instance ready\n", 15);
    for (;;)
        pause();
}
