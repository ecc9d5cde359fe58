// SPDX-License-Identifier: BSD-2-Clause
// ftok(): a key made of a file, the same formula as glibc's.
#include <sys/ipc.h>
#include <sys/stat.h>

// Only the lower bits fit, so two files may have one key (XSH ftok() allows it).
key_t ftok(const char *path, int project)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return -1;
    return (key_t)((st.st_ino & 0xffff) | (st.st_dev & 0xff) << 16 |
                   ((unsigned)project & 0xff) << 24);
}
