// SPDX-License-Identifier: BSD-2-Clause
// Users and groups from /etc/passwd and /etc/group.
//
// A line is read whole, however long it is, into memory of this file's own, and only the record
// that is asked for is copied to the caller's buffer: so a line that fits into no buffer hides none
// behind it, and no part of a line is ever taken for a record. The _r functions say ERANGE when the
// caller's buffer is too small for the record found; the plain ones keep a buffer that grows.
#include <ctype.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libc-glue/glue.h"

// A line being read: it lives from one next_...() to the next and belongs to whoever reads.
struct line {
    char *text;
    size_t room;
};

// Reads the next line that is neither empty nor a comment, without its newline. Returns it, or NULL
// with *ERROR: ENOENT at the end of the file, or what went wrong.
static char *next_line(FILE *f, struct line *line, int *error)
{
    ssize_t len;
    errno = 0;
    while ((len = getline(&line->text, &line->room, f)) >= 0) {
        char *s = line->text;
        s[strcspn(s, "\n")] = '\0';
        while (isspace((unsigned char)*s))
            s++;
        if (*s != '\0' && *s != '#')
            return s;
    }
    *error = feof(f) ? ENOENT : errno ? errno : EIO;
    return NULL;
}

// The next field of *REST up to a colon; an empty one when the line is at its end.
static char *text_field(char **rest)
{
    static char none[1];
    char *field = strsep(rest, ":");
    return field ? field : none;
}

// A field that is a decimal number and nothing else. Returns whether it is one.
static int number_field(char **rest, unsigned *value)
{
    char *field = text_field(rest), *end;
    if (!isdigit((unsigned char)*field))
        return 0;
    unsigned long long n = strtoull(field, &end, 10);
    *value = (unsigned)n;
    return *end == '\0' && n <= UINT_MAX;
}

// Makes a record of LINE, which is cut into its fields. Returns whether it is one. The last field
// is the rest of the line, colons and all.
static int parse_passwd(char *line, struct passwd *pw)
{
    *pw = (struct passwd){.pw_name = text_field(&line), .pw_passwd = text_field(&line)};
    if (!*pw->pw_name || !number_field(&line, &pw->pw_uid) || !number_field(&line, &pw->pw_gid))
        return 0;
    pw->pw_gecos = pw->pw_comment = text_field(&line);
    pw->pw_dir = text_field(&line);
    pw->pw_shell = line ? line : pw->pw_dir + strlen(pw->pw_dir);
    return 1;
}

// As above; *MEMBERS is the list with commas, which place_group() takes apart.
static int parse_group(char *line, struct group *gr, char **members)
{
    *gr = (struct group){.gr_name = text_field(&line), .gr_passwd = text_field(&line)};
    if (!*gr->gr_name || !number_field(&line, &gr->gr_gid))
        return 0;
    *members = line ? line : gr->gr_passwd + strlen(gr->gr_passwd);
    return 1;
}

// Copies *S to the front of what is left of a caller's buffer and points *S there. Returns whether
// it fitted.
static int place(char **s, char **buf, size_t *len)
{
    size_t n = strlen(*s) + 1;
    if (n > *len)
        return 0;
    *s = memcpy(*buf, *s, n);
    *buf += n;
    *len -= n;
    return 1;
}

// Moves the strings of *PW into BUF. Returns 0 or ERANGE.
static int place_passwd(struct passwd *pw, char *buf, size_t len)
{
    if (!place(&pw->pw_name, &buf, &len) || !place(&pw->pw_passwd, &buf, &len) ||
        !place(&pw->pw_gecos, &buf, &len) || !place(&pw->pw_dir, &buf, &len) ||
        !place(&pw->pw_shell, &buf, &len))
        return ERANGE;
    pw->pw_comment = pw->pw_gecos;
    return 0;
}

// The next name of the list *REST, or NULL at its end. Empty ones are none.
static char *next_member(char **rest)
{
    char *member;
    do
        member = strsep(rest, ",");
    while (member && !*member);
    return member;
}

// Moves *GR and MEMBERS into BUF: the pointers in front, aligned, the strings behind them.
static int place_group(struct group *gr, char *members, char *buf, size_t len)
{
    size_t skip = -(uintptr_t)buf % sizeof(char *), most = 2, n = 0;
    for (const char *c = members; *c; c++)
        most += *c == ',';
    if (len < skip || (len - skip) / sizeof(char *) < most)
        return ERANGE;
    gr->gr_mem = (char **)(void *)(buf + skip);
    buf += skip + most * sizeof(char *);
    len -= skip + most * sizeof(char *);
    if (!place(&gr->gr_name, &buf, &len) || !place(&gr->gr_passwd, &buf, &len) ||
        !place(&members, &buf, &len))
        return ERANGE;
    while ((gr->gr_mem[n] = next_member(&members)))
        n++;
    return 0;
}

// ---- looking for one record ----

// NAME decides when given, else UID. A user that is not there is no error: *RESULT is NULL.
static int find_passwd(const char *name, uid_t uid, struct passwd *pw, char *buf, size_t len,
                       struct passwd **result)
{
    struct line line = {0};
    int error = 0;
    char *text;
    *result = NULL;
    FILE *f = fopen("/etc/passwd", "re");
    // No such file is an empty one: an image without /etc/passwd has no users, which is no error.
    if (!f)
        return errno == ENOENT ? 0 : errno;
    while ((text = next_line(f, &line, &error)))
        if (parse_passwd(text, pw) && (name ? !strcmp(name, pw->pw_name) : pw->pw_uid == uid)) {
            error = place_passwd(pw, buf, len);
            *result = error ? NULL : pw;
            break;
        }
    fclose(f);
    free(line.text);
    return error == ENOENT ? 0 : error;
}

static int find_group(const char *name, gid_t gid, struct group *gr, char *buf, size_t len,
                      struct group **result)
{
    struct line line = {0};
    int error = 0;
    char *text, *members;
    *result = NULL;
    FILE *f = fopen("/etc/group", "re");
    if (!f)
        return errno == ENOENT ? 0 : errno;
    while ((text = next_line(f, &line, &error)))
        if (parse_group(text, gr, &members) &&
            (name ? !strcmp(name, gr->gr_name) : gr->gr_gid == gid)) {
            error = place_group(gr, members, buf, len);
            *result = error ? NULL : gr;
            break;
        }
    fclose(f);
    free(line.text);
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

// ---- the plain functions, whose results stay until the next call ----

#define FIRST_ROOM 1024

static struct passwd the_passwd;
static struct group the_group;
static struct line passwd_room, group_room; // buffers of the records above

// Makes the buffer larger after ERANGE. Returns whether to try again; errno tells why not.
static int grow_line(struct line *buf)
{
    size_t room = buf->room ? 2 * buf->room : FIRST_ROOM;
    char *text = realloc(buf->text, room);
    if (!text)
        return 0;
    *buf = (struct line){text, room};
    return 1;
}

static struct passwd *keep_passwd(const char *name, uid_t uid)
{
    struct passwd *pw;
    int error;
    // A larger buffer and the whole search again: the file may have changed, and records are small.
    do
        error = find_passwd(name, uid, &the_passwd, passwd_room.text, passwd_room.room, &pw);
    while (error == ERANGE && grow_line(&passwd_room));
    if (error && error != ERANGE)
        errno = error;
    return pw;
}

static struct group *keep_group(const char *name, gid_t gid)
{
    struct group *gr;
    int error;
    do
        error = find_group(name, gid, &the_group, group_room.text, group_room.room, &gr);
    while (error == ERANGE && grow_line(&group_room));
    if (error && error != ERANGE)
        errno = error;
    return gr;
}

struct passwd *getpwnam(const char *name)
{
    return keep_passwd(name, 0);
}

struct passwd *getpwuid(uid_t uid)
{
    return keep_passwd(NULL, uid);
}

struct group *getgrnam(const char *name)
{
    return keep_group(name, 0);
}

struct group *getgrgid(gid_t gid)
{
    return keep_group(NULL, gid);
}

// ---- one record after the other ----

static FILE *passwd_file, *group_file;        // open between getpwent() and endpwent()
static struct line passwd_entry, group_entry; // the lines the records below were made of

struct passwd *fgetpwent(FILE *f)
{
    int error = 0;
    char *text;
    while ((text = next_line(f, &passwd_entry, &error)))
        if (parse_passwd(text, &the_passwd))
            return &the_passwd;
    errno = error;
    return NULL;
}

// Every byte of a line is a member at worst, hence the room.
struct group *fgetgrent(FILE *f)
{
    int error = 0;
    char *text, *members;
    while ((text = next_line(f, &group_entry, &error))) {
        size_t most = (strlen(text) + 4) * (sizeof(char *) + 1);
        if (!parse_group(text, &the_group, &members))
            continue;
        while (group_room.room < most)
            if (!grow_line(&group_room))
                return NULL;
        if (!place_group(&the_group, members, group_room.text, group_room.room))
            return &the_group;
    }
    errno = error;
    return NULL;
}

struct passwd *getpwent(void)
{
    if (!passwd_file && !(passwd_file = fopen("/etc/passwd", "re")))
        return NULL;
    return fgetpwent(passwd_file);
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
    return fgetgrent(group_file);
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

// ---- all groups of a user ----

// Whether USER is named in the list MEMBERS, which is taken apart.
static int is_member(char *members, const char *user)
{
    char *member;
    while ((member = next_member(&members)))
        if (!strcmp(member, user))
            return 1;
    return 0;
}

// All groups of USER, GID first. Returns their number, or -1 with *N the room needed.
int getgrouplist(const char *user, gid_t gid, gid_t *list, int *n)
{
    struct line line = {0};
    struct group gr;
    char *text, *members;
    int room = *n, count = 0, error;
    if (count++ < room)
        list[0] = gid;
    FILE *f = fopen("/etc/group", "re");
    while (f && (text = next_line(f, &line, &error)))
        if (parse_group(text, &gr, &members) && gr.gr_gid != gid && is_member(members, user) &&
            count++ < room)
            list[count - 1] = gr.gr_gid;
    if (f)
        fclose(f);
    free(line.text);
    *n = count;
    return count > room ? -1 : count;
}

int initgroups(const char *user, gid_t gid)
{
    gid_t list[NGROUPS_MAX];
    int n = NGROUPS_MAX;
    if (getgrouplist(user, gid, list, &n) < 0)
        n = NGROUPS_MAX;
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
