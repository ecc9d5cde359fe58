// SPDX-License-Identifier: BSD-2-Clause
// Sockets: Linux x86-64's numbers and layouts; AF_UNIX so far, other families are declared and
// socket() says EAFNOSUPPORT.
#ifndef _SYS_SOCKET_H
#define _SYS_SOCKET_H

#include <sys/cdefs.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <ramet/socket.h>

typedef __socklen_t socklen_t;
typedef __sa_family_t sa_family_t;

#define AF_LOCAL   AF_UNIX
#define AF_FILE    AF_UNIX
#define PF_UNSPEC  AF_UNSPEC
#define PF_UNIX    AF_UNIX
#define PF_LOCAL   AF_UNIX
#define PF_FILE    AF_UNIX
#define PF_INET    AF_INET
#define PF_INET6   AF_INET6
#define PF_NETLINK AF_NETLINK
#define PF_PACKET  AF_PACKET
#define PF_MAX     AF_MAX

#define SCM_TIMESTAMP   SO_TIMESTAMP
#define SCM_TIMESTAMPNS SO_TIMESTAMPNS

struct sockaddr {
    sa_family_t sa_family;
    char sa_data[14];
};

struct sockaddr_storage {
    sa_family_t ss_family;
    char __room[118];
    unsigned long __align;
};

struct linger {
    int l_onoff, l_linger;
};

// Who is at the other end: SO_PEERCRED, SCM_CREDENTIALS.
struct ucred {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

struct msghdr {
    void *msg_name;
    socklen_t msg_namelen;
    struct iovec *msg_iov;
    size_t msg_iovlen;
    void *msg_control;
    size_t msg_controllen;
    int msg_flags;
};

struct mmsghdr {
    struct msghdr msg_hdr;
    unsigned int msg_len; // out: bytes of this message
};

struct cmsghdr {
    size_t cmsg_len; // with this header
    int cmsg_level, cmsg_type;
};

// The next header, if all of it fits behind the one before.
static inline struct cmsghdr *__cmsg_nxthdr(const struct msghdr *__m, struct cmsghdr *__c)
{
    unsigned char *__end = (unsigned char *)__m->msg_control + __m->msg_controllen;
    unsigned char *__at = (unsigned char *)__c;
    size_t __left = (size_t)(__end - __at), __step;
    if (__c->cmsg_len < sizeof *__c || __left < __c->cmsg_len)
        return 0;
    __step = (__c->cmsg_len + sizeof(size_t) - 1) & ~(sizeof(size_t) - 1);
    if (__left < __step || __left - __step < sizeof *__c)
        return 0;
    return (struct cmsghdr *)(void *)(__at + __step);
}

#define CMSG_ALIGN(n)     (((n) + sizeof(size_t) - 1) & ~(sizeof(size_t) - 1))
#define CMSG_SPACE(n)     (CMSG_ALIGN(sizeof(struct cmsghdr)) + CMSG_ALIGN(n))
#define CMSG_LEN(n)       (CMSG_ALIGN(sizeof(struct cmsghdr)) + (n))
#define CMSG_DATA(c)      ((unsigned char *)((struct cmsghdr *)(c) + 1))
#define CMSG_NXTHDR(m, c) __cmsg_nxthdr((m), (c))
#define CMSG_FIRSTHDR(m)                                                                           \
    ((m)->msg_controllen >= sizeof(struct cmsghdr) ? (struct cmsghdr *)(m)->msg_control            \
                                                   : (struct cmsghdr *)0)

__BEGIN_DECLS
int socket(int, int, int);
int socketpair(int, int, int, int[2]);
int bind(int, const struct sockaddr *, socklen_t);
int listen(int, int);
int accept(int, struct sockaddr *__restrict, socklen_t *__restrict);
int accept4(int, struct sockaddr *__restrict, socklen_t *__restrict, int);
int connect(int, const struct sockaddr *, socklen_t);
int shutdown(int, int);
int getsockname(int, struct sockaddr *__restrict, socklen_t *__restrict);
int getpeername(int, struct sockaddr *__restrict, socklen_t *__restrict);
int getsockopt(int, int, int, void *__restrict, socklen_t *__restrict);
int setsockopt(int, int, int, const void *, socklen_t);
int sockatmark(int);
int isfdtype(int, int);
ssize_t send(int, const void *, size_t, int);
ssize_t recv(int, void *, size_t, int);
ssize_t sendto(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
ssize_t recvfrom(int, void *__restrict, size_t, int, struct sockaddr *__restrict,
                 socklen_t *__restrict);
ssize_t sendmsg(int, const struct msghdr *, int);
ssize_t recvmsg(int, struct msghdr *, int);
int sendmmsg(int, struct mmsghdr *, unsigned int, int);
int recvmmsg(int, struct mmsghdr *, unsigned int, int, struct timespec *);
__END_DECLS

#endif
