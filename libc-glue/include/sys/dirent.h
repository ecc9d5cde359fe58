// SPDX-License-Identifier: BSD-2-Clause
// Directory entries as the kernel fills them (Linux's dirent64). newlib's <dirent.h> includes this
// file and declares the functions; libc-glue/file/dir.c has them.
#ifndef _SYS_DIRENT_H
#define _SYS_DIRENT_H

#include <ramet/dirent.h>
#include <sys/types.h>

#define MAXNAMLEN 255

struct dirent {
    ino_t d_ino;
    off_t d_off;             // telldir() position after this entry
    unsigned short d_reclen; // bytes of this entry
    unsigned char d_type;    // DT_*
    char d_name[256];
};
#define d_fileno d_ino
#define _DIRENT_HAVE_D_TYPE
#define _DIRENT_HAVE_D_OFF
#define _DIRENT_HAVE_D_RECLEN

#define IFTODT(mode) (((mode)&0170000) >> 12)
#define DTTOIF(type) ((type) << 12)

#ifdef _LARGEFILE64_SOURCE
#define dirent64  dirent
#define readdir64 readdir
#endif

typedef struct __dir DIR;

#endif
