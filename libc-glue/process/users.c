// SPDX-License-Identifier: BSD-2-Clause
// Users and groups from /etc/passwd and /etc/group.
//
// Both files are lines of fields between colons, so one reader splits a line in the caller's buffer
// and two small functions make a record of it. The plain functions use static buffers, as POSIX
// allows; the _r ones the caller's.
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libc-glue/glue.h"

#define MAX_MEMBERS 64
#define LINE        1024

// Reads the next line with exactly N fields into BUF and points FIELD at them. Returns 0, ENOENT at
// the end of the file, ERANGE when a line does not fit. Comments and malformed lines are skipped.
static int next_fields(FILE *f, char *buf, size_t len, char **field, int n)
{
    while (fgets(buf, (int)len, f)) {
        size_t got = strlen(buf);
        if (got + 1 == len && buf[got - 1] != '\n')
            return ERANGE;
        buf[strcspn(buf, "\n")] = '\0';
        int i = 0;
        char *rest = buf;
        if (*buf == '#' || *buf == '\0')
            continue;
        while (i < n && (field[i] = strsep(&rest, ":")))
            i++;
        if (i == n && !rest)
            return 0;
    }
    return ENOENT;
}

static int next_passwd(FILE *f, struct passwd *pw, char *buf, size_t len)
{
    char *field[7];
    int error = next_fields(f, buf, len, field, 7);
    if (!error)
        *pw = (struct passwd){
            .pw_name = field[0],
            .pw_passwd = field[1],
            .pw_uid = (uid_t)strtoul(field[2], NULL, 10),
            .pw_gid = (gid_t)strtoul(field[3], NULL, 10),
            .pw_comment = field[4],
            .pw_gecos = field[4],
            .pw_dir = field[5],
            .pw_shell = field[6],
        };
    return error;
}

// The member pointers go to the front of BUF, the line behind them.
static int next_group(FILE *f, struct group *gr, char *buf, size_t len)
{
    char *field[4], *member, *rest;
    size_t skip = (-(uintptr_t)buf & 7) + (MAX_MEMBERS + 1) * sizeof(char *);
    char **members = (char **)(void *)(buf + (-(uintptr_t)buf & 7));
    int n = 0;
    if (len <= skip + 1)
        return ERANGE;
    int error = next_fields(f, buf + skip, len - skip, field, 4);
    if (error)
        return error;
    rest = field[3];
    while (n < MAX_MEMBERS && (member = strsep(&rest, ",")))
        if (*member)
            members[n++] = member;
    members[n] = NULL;
    *gr = (struct group){.gr_name = field[0],
                         .gr_passwd = field[1],
                         .gr_gid = (gid_t)strtoul(field[2], NULL, 10),
                         .gr_mem = members};
    return 0;
}

// NAME decides when given, else UID. A user that is not there is no error: *RESULT is NULL.
static int find_passwd(const char *name, uid_t uid, struct passwd *pw, char *buf, size_t len,
                       struct passwd **result)
{
    *result = NULL;
    FILE *f = fopen("/etc/passwd", "re");
    if (!f)
        return errno == ENOENT ? 0 : errno;
    int error;
    while (!(error = next_passwd(f, pw, buf, len)))
        if (name ? !strcmp(name, pw->pw_name) : pw->pw_uid == uid) {
            *result = pw;
            break;
        }
    fclose(f);
    return error == ENOENT ? 0 : error;
}

static int find_group(const char *name, gid_t gid, struct group *gr, char *buf, size_t len,
                      struct group **result)
{
    *result = NULL;
    FILE *f = fopen("/etc/group", "re");
    if (!f)
        return errno == ENOENT ? 0 : errno;
    int error;
    while (!(error = next_group(f, gr, buf, len)))
        if (name ? !strcmp(name, gr->gr_name) : gr->gr_gid == gid) {
            *result = gr;
            break;
        }
    fclose(f);
    return error == ENOENT ? 0 : error;
}

int getpwnam_r(const char *name, struct passwd *pw, char *buf, size_t len, struct passwd **result)
{
    return find_passwd(name, 0, pw, buf, len, result);
}

int getpwuid_r(uid_t uid, struct passwd *pw, char *buf, size_t len, struct passwd **result)
{
    return find_passwd(NULL, uid, pw, buf, len, result);
}

int getgrnam_r(const char *name, struct group *gr, char *buf, size_t len, struct group **result)
{
    return find_group(name, 0, gr, buf, len, result);
}

int getgrgid_r(gid_t gid, struct group *gr, char *buf, size_t len, struct group **result)
{
    return find_group(NULL, gid, gr, buf, len, result);
}

static struct passwd the_passwd;
static struct group the_group;
static char passwd_line[LINE], group_line[LINE + (MAX_MEMBERS + 2) * sizeof(char *)];
static FILE *passwd_file, *group_file; // open between getpwent() and endpwent()

struct passwd *getpwnam(const char *name)
{
    struct passwd *pw;
    int error = find_passwd(name, 0, &the_passwd, passwd_line, sizeof passwd_line, &pw);
    if (error)
        errno = error;
    return pw;
}

struct passwd *getpwuid(uid_t uid)
{
    struct passwd *pw;
    int error = find_passwd(NULL, uid, &the_passwd, passwd_line, sizeof passwd_line, &pw);
    if (error)
        errno = error;
    return pw;
}

struct group *getgrnam(const char *name)
{
    struct group *gr;
    int error = find_group(name, 0, &the_group, group_line, sizeof group_line, &gr);
    if (error)
        errno = error;
    return gr;
}

struct group *getgrgid(gid_t gid)
{
    struct group *gr;
    int error = find_group(NULL, gid, &the_group, group_line, sizeof group_line, &gr);
    if (error)
        errno = error;
    return gr;
}

struct passwd *getpwent(void)
{
    if (!passwd_file && !(passwd_file = fopen("/etc/passwd", "re")))
        return NULL;
    int error = next_passwd(passwd_file, &the_passwd, passwd_line, sizeof passwd_line);
    return error ? NULL : &the_passwd;
}

void endpwent(void)
{
    if (passwd_file)
        fclose(passwd_file);
    passwd_file = NULL;
}

void setpwent(void)
{
    endpwent();
}

struct group *getgrent(void)
{
    if (!group_file && !(group_file = fopen("/etc/group", "re")))
        return NULL;
    int error = next_group(group_file, &the_group, group_line, sizeof group_line);
    return error ? NULL : &the_group;
}

void endgrent(void)
{
    if (group_file)
        fclose(group_file);
    group_file = NULL;
}

void setgrent(void)
{
    endgrent();
}

// All groups of USER, GID first. Returns their number, or -1 with *N the room needed.
int getgrouplist(const char *user, gid_t gid, gid_t *list, int *n)
{
    int room = *n, count = 0;
    struct group *gr;
    if (count++ < room)
        list[0] = gid;
    setgrent();
    while ((gr = getgrent()))
        for (char **m = gr->gr_mem; *m; m++)
            if (!strcmp(*m, user) && gr->gr_gid != gid && count++ < room)
                list[count - 1] = gr->gr_gid;
    endgrent();
    *n = count;
    return count > room ? -1 : count;
}

int initgroups(const char *user, gid_t gid)
{
    gid_t list[32];
    int n = 32;
    if (getgrouplist(user, gid, list, &n) < 0)
        n = 32;
    return setgroups(n, list);
}

int getlogin_r(char *buf, size_t len)
{
    struct passwd *pw = getpwuid(getuid());
    if (!pw)
        return ENXIO;
    if (strlen(pw->pw_name) >= len)
        return ERANGE;
    strcpy(buf, pw->pw_name);
    return 0;
}

char *getlogin(void)
{
    static char name[64];
    int error = getlogin_r(name, sizeof name);
    return error ? (glue_ret(-error), NULL) : name;
}
