// SPDX-License-Identifier: BSD-2-Clause
// A program without a driver, in a family that has a disk (tests/suites/fault/fault_disk.py). The
// name is there all the same: another program of the image might have the driver.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int main(void)
{
    struct stat st;
    int fd = open("/dev/vda", O_RDWR), error = errno;

    printf("%d %d %d\n", fd, error, stat("/dev/vda", &st) == 0 && S_ISBLK(st.st_mode));
    return 0;
}
