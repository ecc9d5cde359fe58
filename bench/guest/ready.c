// SPDX-License-Identifier: BSD-2-Clause
// The instance of the boot study (bench/boot_study.c): says that it is up, and stays. An argument
// is printed before that: the line at which a template of it is taken (bench/subjects.py).
//
// usage: ready [LINE]

#include "bench/stats.h"

int main(int argc, char **argv)
{
    if (argc > 1) {
        write_all(1, argv[1], strlen(argv[1]));
        write_all(1, "\n", 1);
    }
    write_all(1, "instance ready\n", 15);
    for (;;)
        pause();
}
