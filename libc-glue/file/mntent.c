// SPDX-License-Identifier: BSD-2-Clause
// Mount tables (/proc/mounts, /etc/fstab): fields between blanks, \040 and the like for odd bytes.
#include <mntent.h>
#include <stdlib.h>
#include <string.h>

// There is no lock on the table and no mount(2) that would change one: the names exist so that
// programs like df can read what /proc/mounts tells.
FILE *setmntent(const char *path, const char *mode)
{
    return fopen(path, mode);
}

int endmntent(FILE *f)
{
    if (f)
        fclose(f);
    return 1; // always, says the manual
}

// The kernel and mount(8) write blanks, tabs, newlines and backslashes so, since a field ends at a
// blank.
// Undoes the \ooo escapes in place.
static char *unescape(char *field)
{
    if (!*field) // perhaps a constant
        return field;
    char *to = field;
    for (char *from = field; *from; to++) {
        if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
    return field;
}

// Reads a line into BUF. Of one that is longer the rest is dropped, as by glibc: it must not be
// taken for a line of its own. 0 at the end or after an error.
static int mount_line(FILE *f, char *buf, int len)
{
    if (!fgets(buf, len, f))
        return 0;
    if (!strchr(buf, '\n'))
        for (int c = getc(f); c != EOF && c != '\n';)
            c = getc(f);
    return 1;
}

// The record's strings lie in BUF and are good as long as it is. Comments and empty lines are
// passed over. What is missing at a line's end, or did not fit into BUF, is "" or 0, as with glibc.
// NULL is the end or an error, which ferror() tells apart.
struct mntent *getmntent_r(FILE *f, struct mntent *m, char *buf, int len)
{
    while (mount_line(f, buf, len)) {
        char *rest, *field[6] = {"", "", "", ""};
        int n = 0;
        for (char *p = buf; n < 6 && (p = strtok_r(p, " \t\n", &rest)); p = NULL)
            field[n++] = p;
        if (n == 0 || field[0][0] == '#')
            continue;
        *m = (struct mntent){
            .mnt_fsname = unescape(field[0]),
            .mnt_dir = unescape(field[1]),
            .mnt_type = unescape(field[2]),
            .mnt_opts = unescape(field[3]),
            .mnt_freq = field[4] ? atoi(field[4]) : 0,
            .mnt_passno = field[5] ? atoi(field[5]) : 0,
        };
        return m;
    }
    return NULL;
}

// One record for the whole program: the next call overwrites it, whichever table it reads.
struct mntent *getmntent(FILE *f)
{
    static struct mntent m;
    static char line[1024];
    return getmntent_r(f, &m, line, sizeof line);
}

// Only a whole option counts, up to its comma, its "=" or the end: "ro" is not found in "errors=ro"
// nor in "rootfs". strchr() finds the NUL at the end of the options too, which is meant.
char *hasmntopt(const struct mntent *m, const char *option)
{
    size_t len = strlen(option);
    for (char *p = m->mnt_opts; p && *p; p += *p == ',') {
        if (!strncmp(p, option, len) && strchr(",=", p[len]))
            return p;
        p += strcspn(p, ",");
    }
    return NULL;
}
