// SPDX-License-Identifier: BSD-2-Clause
// Login records: a file of records of one size (XSH endutxent()), /var/run/utmp unless utmpxname()
// says otherwise. A family without that file has nobody logged in.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utmpx.h>

_Static_assert(sizeof(struct utmpx) == 384, "as in the files of Linux");

static char *utmp_path; // NULL: the usual one
static int utmp_fd = -1;
static struct utmpx the_entry;

// Opened at the first use, and once: the place in the file is part of the interface.
static int open_utmp(void)
{
    const char *path = utmp_path ? utmp_path : "/var/run/utmp";
    if (utmp_fd < 0)
        utmp_fd = open(path, O_RDWR | O_CLOEXEC);
    if (utmp_fd < 0) // not everybody may write
        utmp_fd = open(path, O_RDONLY | O_CLOEXEC);
    return utmp_fd >= 0;
}

// The file is opened at the next use: it need not be there yet.
int utmpxname(const char *path)
{
    char *copy = strdup(path);
    if (!copy)
        return -1;
    endutxent();
    free(utmp_path);
    utmp_path = copy;
    return 0;
}

// Back to the first record.
void setutxent(void)
{
    if (open_utmp())
        lseek(utmp_fd, 0, SEEK_SET);
}

// The path stays what it is.
void endutxent(void)
{
    if (utmp_fd >= 0)
        close(utmp_fd);
    utmp_fd = -1;
}

// Half a record at the end is none: somebody is writing it.
struct utmpx *getutxent(void)
{
    if (open_utmp() && read(utmp_fd, &the_entry, sizeof the_entry) == sizeof the_entry)
        return &the_entry;
    memset(&the_entry, 0, sizeof the_entry);
    return NULL;
}

// Whether ENTRY is what getutxid() looks for: one of a kind of system records, or of a login's
// process by its id.
static int has_id(const struct utmpx *entry, const struct utmpx *wanted)
{
    if (wanted->ut_type >= RUN_LVL && wanted->ut_type <= OLD_TIME)
        return entry->ut_type == wanted->ut_type;
    return entry->ut_type >= INIT_PROCESS && entry->ut_type <= DEAD_PROCESS &&
           !strncmp(entry->ut_id, wanted->ut_id, sizeof entry->ut_id);
}

// From the record after the one that was read last (XSH endutxent()).
struct utmpx *getutxid(const struct utmpx *wanted)
{
    struct utmpx id = *wanted, *entry; // WANTED may be our own record, which changes
    while ((entry = getutxent()) && !has_id(entry, &id))
        ;
    if (!entry)
        errno = ESRCH;
    return entry;
}

// Of processes that have a terminal.
struct utmpx *getutxline(const struct utmpx *wanted)
{
    struct utmpx line = *wanted, *entry;
    do
        entry = getutxent();
    while (entry && ((entry->ut_type != USER_PROCESS && entry->ut_type != LOGIN_PROCESS) ||
                     strncmp(entry->ut_line, line.ut_line, sizeof line.ut_line)));
    if (!entry)
        errno = ESRCH;
    return entry;
}

// In the place of the record with its id, looked for from the one that was read last on, else at
// the end.
struct utmpx *pututxline(const struct utmpx *new)
{
    static struct utmpx written;
    int at_it = utmp_fd >= 0 && lseek(utmp_fd, 0, SEEK_CUR) > 0 && has_id(&the_entry, new);
    written = *new;
    if (!open_utmp())
        return NULL;
    off_t at = at_it || getutxid(&written) ? lseek(utmp_fd, -(off_t)sizeof written, SEEK_CUR)
                                           : lseek(utmp_fd, 0, SEEK_END);
    if (at < 0 || write(utmp_fd, &written, sizeof written) != sizeof written)
        return NULL;
    return &written;
}

// A log of logins: records are only added, in one write each.
void updwtmpx(const char *path, const struct utmpx *entry)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t written = write(fd, entry, sizeof *entry);
    (void)written; // there is nobody to tell
    close(fd);
}
