// SPDX-License-Identifier: BSD-2-Clause
// Sockets: numbers and layouts, Linux x86-64's. The C library shows them in <sys/socket.h>.
#ifndef RAMET_API_SOCKET_H
#define RAMET_API_SOCKET_H

#include <stddef.h>
#include <stdint.h>

#define AF_UNSPEC  0
#define AF_UNIX    1
#define AF_INET    2
#define AF_INET6   10
#define AF_NETLINK 16
#define AF_PACKET  17
#define AF_MAX     46

#define SOCK_STREAM    1
#define SOCK_DGRAM     2
#define SOCK_RAW       3
#define SOCK_RDM       4
#define SOCK_SEQPACKET 5
#define SOCK_PACKET    10
// In the same argument as the type.
#define SOCK_NONBLOCK 04000
#define SOCK_CLOEXEC  02000000

#define SOL_SOCKET      1
#define SO_DEBUG        1
#define SO_REUSEADDR    2
#define SO_TYPE         3
#define SO_ERROR        4
#define SO_DONTROUTE    5
#define SO_BROADCAST    6
#define SO_SNDBUF       7
#define SO_RCVBUF       8
#define SO_KEEPALIVE    9
#define SO_OOBINLINE    10
#define SO_NO_CHECK     11
#define SO_PRIORITY     12
#define SO_LINGER       13
#define SO_BSDCOMPAT    14
#define SO_REUSEPORT    15
#define SO_PASSCRED     16
#define SO_PEERCRED     17
#define SO_RCVLOWAT     18
#define SO_SNDLOWAT     19
#define SO_RCVTIMEO     20
#define SO_SNDTIMEO     21
#define SO_BINDTODEVICE 25
#define SO_TIMESTAMP    29
#define SO_ACCEPTCONN   30
#define SO_PEERSEC      31
#define SO_SNDBUFFORCE  32
#define SO_RCVBUFFORCE  33
#define SO_PASSSEC      34
#define SO_TIMESTAMPNS  35
#define SO_MARK         36
#define SO_PROTOCOL     38
#define SO_DOMAIN       39
#define SO_PEEK_OFF     42
#define SO_BUSY_POLL    46
#define SO_COOKIE       57
#define SO_PEERGROUPS   59
#define SO_ZEROCOPY     60
#define SOMAXCONN       4096

#define MSG_OOB          0x01
#define MSG_PEEK         0x02
#define MSG_DONTROUTE    0x04
#define MSG_CTRUNC       0x08
#define MSG_PROXY        0x10
#define MSG_TRUNC        0x20
#define MSG_DONTWAIT     0x40
#define MSG_EOR          0x80
#define MSG_WAITALL      0x100
#define MSG_CONFIRM      0x800
#define MSG_ERRQUEUE     0x2000
#define MSG_NOSIGNAL     0x4000
#define MSG_MORE         0x8000
#define MSG_WAITFORONE   0x10000
#define MSG_FASTOPEN     0x20000000
#define MSG_CMSG_CLOEXEC 0x40000000

#define SHUT_RD   0
#define SHUT_WR   1
#define SHUT_RDWR 2

#define SCM_RIGHTS      1
#define SCM_CREDENTIALS 2
#define K_SCM_MAX_FD    253 // descriptors in one message

// ioctl(2), besides those of terminals that sockets know too.
#define FIOSETOWN 0x8901
#define SIOCSPGRP 0x8902
#define FIOGETOWN 0x8903
#define SIOCGPGRP 0x8904

#define K_UNIX_PATH 108
struct k_sockaddr_un {
    uint16_t family;
    char path[K_UNIX_PATH]; // no NUL if it is that long; the first byte a NUL: an abstract name
};

#define K_SOCKADDR_MAX 128 // sizeof(struct sockaddr_storage)

struct k_msghdr {
    void *name;
    uint32_t namelen;
    uint32_t pad;
    struct k_iovec *iov;
    uint64_t iovlen;
    void *control;
    uint64_t controllen;
    int32_t flags;
    uint32_t pad2;
};

struct k_cmsghdr {
    uint64_t len; // with this header
    int32_t level, type;
};

struct k_ucred {
    int32_t pid;
    uint32_t uid, gid;
};

struct k_linger {
    int32_t on, seconds;
};

#endif
