// SPDX-License-Identifier: BSD-2-Clause
// Directory entries as getdents64(2) fills them: Linux's layout.
#ifndef RAMET_API_DIRENT_H
#define RAMET_API_DIRENT_H

#include <stdint.h>

#define DT_UNKNOWN 0
#define DT_FIFO    1
#define DT_CHR     2
#define DT_DIR     4
#define DT_BLK     6
#define DT_REG     8
#define DT_LNK     10
#define DT_SOCK    12

struct k_dirent64 {
    uint64_t ino;
    int64_t off;     // cookie: lseek here to go on after this entry
    uint16_t reclen; // bytes of this entry, a multiple of 8
    uint8_t type;    // DT_*
    char name[];     // terminated by NUL
};

#endif
