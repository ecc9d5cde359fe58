// SPDX-License-Identifier: BSD-2-Clause
// /etc/shadow, and the list of login shells: getspnam() and its kin, getusershell(). As on Linux a
// line of shadow has nine fields; what is empty is -1. Neighbour: users.c.
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <shadow.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A field that is a number or empty. Returns whether it is one.
static int days_field(char **rest, long *value)
{
    char *field = strsep(rest, ":"), *end;
    if (!field)
        return 0;
    *value = -1;
    if (!*field)
        return 1;
    *value = strtol(field, &end, 10);
    return isdigit((unsigned char)*field) && *end == '\0';
}

// Makes a record of LINE, which is cut into its fields. Returns whether it is one.
static int parse_spwd(char *line, struct spwd *sp)
{
    long flag;
    line[strcspn(line, "\n")] = '\0';
    sp->sp_namp = strsep(&line, ":");
    sp->sp_pwdp = strsep(&line, ":");
    if (!sp->sp_pwdp || !*sp->sp_namp || *sp->sp_namp == '#')
        return 0;
    if (!days_field(&line, &sp->sp_lstchg) || !days_field(&line, &sp->sp_min) ||
        !days_field(&line, &sp->sp_max) || !days_field(&line, &sp->sp_warn) ||
        !days_field(&line, &sp->sp_inact) || !days_field(&line, &sp->sp_expire) ||
        !days_field(&line, &flag))
        return 0;
    sp->sp_flag = (unsigned long)flag;
    return 1;
}

// The record of the functions without a buffer of the caller's, and its line.
static struct spwd the_spwd;
static char *spwd_line;
static size_t spwd_room;
static FILE *spwd_file; // of getspent()

// Lines that are no records are passed over.
struct spwd *fgetspent(FILE *f)
{
    while (getline(&spwd_line, &spwd_room, f) >= 0)
        if (parse_spwd(spwd_line, &the_spwd))
            return &the_spwd;
    return NULL;
}

// A record from a text, which is copied.
struct spwd *sgetspent(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        return NULL;
    free(spwd_line);
    spwd_line = copy;
    spwd_room = strlen(copy) + 1;
    return parse_spwd(spwd_line, &the_spwd) ? &the_spwd : NULL;
}

// Back to the first record.
void setspent(void)
{
    if (spwd_file)
        rewind(spwd_file);
}

// The next getspent() opens the file anew.
void endspent(void)
{
    if (spwd_file)
        fclose(spwd_file);
    spwd_file = NULL;
}

// One after the other; NULL at the end or when the file may not be read.
struct spwd *getspent(void)
{
    if (!spwd_file)
        spwd_file = fopen(SHADOW, "re");
    return spwd_file ? fgetspent(spwd_file) : NULL;
}

// The file is read from its beginning each time: it may have changed.
struct spwd *getspnam(const char *name)
{
    FILE *f = fopen(SHADOW, "re");
    struct spwd *sp = NULL;
    if (!f)
        return NULL;
    do
        sp = fgetspent(f);
    while (sp && strcmp(sp->sp_namp, name));
    fclose(f);
    return sp;
}

// Returns 0 with *RESULT NULL when there is no such user.
int getspnam_r(const char *name, struct spwd *sp, char *buf, size_t len, struct spwd **result)
{
    *result = NULL;
    errno = 0;
    const struct spwd *found = getspnam(name);
    if (!found)
        return errno == ENOENT ? 0 : errno;
    size_t name_len = strlen(found->sp_namp) + 1, word_len = strlen(found->sp_pwdp) + 1;
    if (name_len + word_len > len)
        return ERANGE;
    *sp = *found;
    sp->sp_namp = memcpy(buf, found->sp_namp, name_len);
    sp->sp_pwdp = memcpy(buf + name_len, found->sp_pwdp, word_len);
    *result = sp;
    return 0;
}

// What is not given is an empty field.
static void put_days(FILE *f, long days)
{
    if (days == -1)
        fputc(':', f);
    else
        fprintf(f, "%ld:", days);
}

// The password field may be NULL, and is empty then.
int putspent(const struct spwd *sp, FILE *f)
{
    fprintf(f, "%s:%s:", sp->sp_namp, sp->sp_pwdp ? sp->sp_pwdp : "");
    put_days(f, sp->sp_lstchg);
    put_days(f, sp->sp_min);
    put_days(f, sp->sp_max);
    put_days(f, sp->sp_warn);
    put_days(f, sp->sp_inact);
    put_days(f, sp->sp_expire);
    if (sp->sp_flag != ULONG_MAX)
        fprintf(f, "%lu", sp->sp_flag);
    fputc('\n', f);
    return ferror(f) ? -1 : 0;
}

// ---- the lock of those who write these files ----

static int lock_fd = -1;

// Waits for at most 15 seconds, as on Linux.
int lckpwdf(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (lock_fd >= 0)
        return -1;
    lock_fd = open("/etc/.pwd.lock", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    for (int tries = 0; lock_fd >= 0 && tries < 150; tries++) {
        if (fcntl(lock_fd, F_SETLK, &lock) == 0)
            return 0;
        if (errno != EAGAIN && errno != EACCES)
            break;
        usleep(100000);
    }
    ulckpwdf();
    return -1;
}

// Closing the file gives up the lock.
int ulckpwdf(void)
{
    int r = lock_fd >= 0 ? close(lock_fd) : -1;
    lock_fd = -1;
    return r;
}

// ---- login shells ----

// /etc/shells while it is read, and its line.
static FILE *shell_file;
static char *shell_line;
static size_t shell_room;
static int default_shell; // which of the two comes next, where there is no file

// Back to the first one of /etc/shells.
void setusershell(void)
{
    endusershell();
    shell_file = fopen("/etc/shells", "re");
}

// Also begins the default list anew.
void endusershell(void)
{
    if (shell_file)
        fclose(shell_file);
    shell_file = NULL;
    default_shell = 0;
}

// What is behind a space or a '#' is no part of a path.
char *getusershell(void)
{
    static char *const defaults[] = {"/bin/sh", "/bin/csh"};
    if (!shell_file && !default_shell)
        setusershell();
    if (!shell_file)
        return default_shell < 2 ? defaults[default_shell++] : NULL;
    while (getline(&shell_line, &shell_room, shell_file) >= 0) {
        char *path = shell_line + strcspn(shell_line, "/#");
        if (*path != '/')
            continue;
        path[strcspn(path, " \t\n#")] = '\0';
        return path;
    }
    return NULL;
}
