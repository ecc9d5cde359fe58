// SPDX-License-Identifier: BSD-2-Clause
// System limits, Linux's values; newlib's <limits.h> includes this file.
#ifndef _SYS_SYSLIMITS_H_
#define _SYS_SYSLIMITS_H_

#define ARG_MAX        131072
#define LINK_MAX       32000
#define MAX_CANON      255
#define MAX_INPUT      255
#define NAME_MAX       255
#define NGROUPS_MAX    32
#define PATH_MAX       4096
#define PIPE_BUF       4096
#define IOV_MAX        1024
#define SYMLOOP_MAX    40
#define HOST_NAME_MAX  64
#define LOGIN_NAME_MAX 256
#define TTY_NAME_MAX   32
#define SSIZE_MAX      0x7fffffffffffffffL
#define RTSIG_MAX      31
#define NZERO          20

#define BC_BASE_MAX      99
#define BC_DIM_MAX       2048
#define BC_SCALE_MAX     99
#define BC_STRING_MAX    1000
#define COLL_WEIGHTS_MAX 0
#define EXPR_NEST_MAX    32
#define LINE_MAX         2048
#define RE_DUP_MAX       255

#define PTHREAD_DESTRUCTOR_ITERATIONS 4
#define PTHREAD_KEYS_MAX              128
#define PTHREAD_STACK_MIN             16384

#define _POSIX_ARG_MAX        4096
#define _POSIX_CHILD_MAX      25
#define _POSIX_HOST_NAME_MAX  255
#define _POSIX_LINK_MAX       8
#define _POSIX_LOGIN_NAME_MAX 9
#define _POSIX_MAX_CANON      255
#define _POSIX_MAX_INPUT      255
#define _POSIX_NAME_MAX       14
#define _POSIX_NGROUPS_MAX    8
#define _POSIX_OPEN_MAX       20
#define _POSIX_PATH_MAX       256
#define _POSIX_PIPE_BUF       512
#define _POSIX_SSIZE_MAX      32767
#define _POSIX_STREAM_MAX     8
#define _POSIX_TZNAME_MAX     6
#define _POSIX2_LINE_MAX      2048
#define _XOPEN_IOV_MAX        16

#endif
