// SPDX-License-Identifier: BSD-2-Clause
// POSIX message queues, with Linux x86-64's values and layouts.
#ifndef RAMET_API_MQUEUE_H
#define RAMET_API_MQUEUE_H

#include <stdint.h>

#define MQ_PRIO_MAX 32768

// mq_open() looks at maxmsg and msgsize, mq_setattr() at flags, mq_getattr() fills all.
struct k_mq_attr {
    int64_t flags; // O_NONBLOCK
    int64_t maxmsg, msgsize, curmsgs;
    int64_t reserved[4];
};

struct k_sigevent { // of it, what mq_notify() looks at
    uint64_t value;
    int32_t signo;
    int32_t notify; // K_SIGEV_*
    uint64_t reserved[6];
};

#define SI_MESGQ (-3) // si_code of mq_notify()

#define K_SIGEV_SIGNAL 0
#define K_SIGEV_NONE   1
#define K_SIGEV_THREAD 2

#endif
