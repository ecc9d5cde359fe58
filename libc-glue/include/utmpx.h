// SPDX-License-Identifier: BSD-2-Clause
// Login records, /var/run/utmp: glibc's layout of them.
#ifndef _UTMPX_H
#define _UTMPX_H

#include <stdint.h>
#include <sys/cdefs.h>
#include <sys/types.h>

// Kinds of records.
#define EMPTY         0
#define RUN_LVL       1
#define BOOT_TIME     2
#define NEW_TIME      3
#define OLD_TIME      4
#define INIT_PROCESS  5
#define LOGIN_PROCESS 6
#define USER_PROCESS  7
#define DEAD_PROCESS  8

struct utmpx {
    // One of the kinds above, and who made the record.
    short ut_type;
    pid_t ut_pid;
    // The terminal below /dev, its short name, the user, the machine it comes from. Without a NUL
    // when they are as long as that.
    char ut_line[32];
    char ut_id[4];
    char ut_user[32];
    char ut_host[256];
    struct {
        short e_termination, e_exit;
    } ut_exit;
    // The session's leader, and when: 32 bits, as in the files of Linux.
    int32_t ut_session;
    struct {
        int32_t tv_sec, tv_usec;
    } ut_tv;
    int32_t ut_addr_v6[4];
    char __reserved[20];
};

__BEGIN_DECLS
// One record after the other from the beginning. The results are static.
void setutxent(void);
void endutxent(void);
struct utmpx *getutxent(void);
// From here on, the first record of a kind of system records or with an id; of a terminal's line.
// NULL with ESRCH at the end.
struct utmpx *getutxid(const struct utmpx *);
struct utmpx *getutxline(const struct utmpx *);
// Writes a record over the one with its id, else behind the last. NULL with errno.
struct utmpx *pututxline(const struct utmpx *);
// Another file for all of the above; the name is copied.
int utmpxname(const char *);
// Adds a record to a log.
void updwtmpx(const char *, const struct utmpx *);
__END_DECLS

#endif
