// SPDX-License-Identifier: BSD-2-Clause
// ioctl(2) requests for block devices, with Linux's numbers. The C library's name for this file is
// <linux/fs.h>.
#ifndef RAMET_KERNEL_API_BLK_H
#define RAMET_KERNEL_API_BLK_H

#define BLKROGET     0x125e               // int: read-only
#define BLKGETSIZE   0x1260               // unsigned long: size in sectors of 512 bytes
#define BLKFLSBUF    0x1261               // writes out what is buffered
#define BLKSSZGET    0x1268               // int: logical block size
#define BLKPBSZGET   0x127b               // unsigned: physical block size
#define BLKBSZGET    UINT64_C(0x80081270) // int: block size of the (absent) cache
#define BLKGETSIZE64 UINT64_C(0x80081272) // uint64_t: size in bytes

#endif
