// SPDX-License-Identifier: BSD-2-Clause
//
// /etc/passwd and /etc/group that nobody tested an editor on: lines longer than any buffer, fields
// that look like records, groups of hundreds, malformed lines, buffers that are too small.
#include <grp.h>
#include <pwd.h>

#include "tests/guest/check.h"

// On Linux the test gets an /etc of its own, in a mount namespace of its own.
#ifdef __linux__
#include <sched.h>
#include <sys/mount.h>
int unshare(int); // only declared for _GNU_SOURCE
static void own_etc(void)
{
    NEED(unshare(0x00020000 /* mounts */) == 0 || unshare(0x10020000 /* and users */) == 0);
    NEED(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    NEED(mount("none", "/etc", "tmpfs", 0, NULL) == 0);
}
#else
static void own_etc(void)
{
}
#endif

static void fill(FILE *f, int c, int n)
{
    while (n-- > 0)
        putc(c, f);
}

// The comment of "long" is made so that a reader with a buffer of 1,024 bytes finds "forged" at the
// start of a piece of its own.
static void write_passwd(void)
{
    FILE *f = fopen("/etc/passwd", "w");
    NEED(f);
    fputs("root:x:0:0:the root:/root:/bin/sh\n\n# comment:x:1:1:::\n", f);
    int at = fprintf(f, "long:x:1001:1001:");
    fill(f, 'g', 1023 - at);
    fputs("forged:x:0:0::/:/bin/sh\n", f);
    fputs("letters:x:a:1::/:/bin/sh\nnobody:x:77:78:\n  spaces:x:79:80:a:b:c:d:e\n", f);
    fputs("huge:x:1002:1002:", f);
    fill(f, 'h', 100000);
    fputs(":/big/huge:/bin/huge\nlast:x:1003:1003:behind:/last:/bin/last", f);
    NEED(fclose(f) == 0);
}

static void write_group(void)
{
    FILE *f = fopen("/etc/group", "w");
    NEED(f);
    fputs("root:x:0:\nmany:x:200:", f);
    for (int i = 0; i < 300; i++)
        fprintf(f, "%smember%d", i ? "," : "", i);
    fputs(",last\ntwice:x:200:last\nwheel:x:10:root,,last\nhuge:x:300:", f);
    for (int i = 0; i < 5000; i++)
        fprintf(f, "%sperson%d", i ? "," : "", i);
    fputs("\nbehind:x:301:last\nempty:x:302\n", f);
    NEED(fclose(f) == 0);
}

static void say_user(const char *how, struct passwd *pw)
{
    if (!pw) {
        say("%s: none", how);
        return;
    }
    say("%s: %s %d %d comment %zu bytes %s %s", how, pw->pw_name, (int)pw->pw_uid, (int)pw->pw_gid,
        strlen(pw->pw_gecos), pw->pw_dir, pw->pw_shell);
}

static void users(void)
{
    static const char *const name[] = {"root",   "long", "forged", "letters", "nobody",
                                       "spaces", "huge", "last",   "comment"};
    struct passwd *pw;
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        say_user(name[i], getpwnam(name[i]));
    say_user("uid 0", getpwuid(0));
    say_user("uid 1003", getpwuid(1003));
    setpwent();
    while ((pw = getpwent()))
        say_user("next", pw);
    endpwent();
}

static void say_members(const char *how, struct group *gr)
{
    int n = 0;
    if (!gr) {
        say("%s: none", how);
        return;
    }
    while (gr->gr_mem[n])
        n++;
    say("%s: %s %d, %d members, last %s", how, gr->gr_name, (int)gr->gr_gid, n,
        n ? gr->gr_mem[n - 1] : "-");
}

static void groups(void)
{
    struct group *gr;
    gid_t list[8];
    int n = 8;
    say_members("many", getgrnam("many"));
    say_members("behind", getgrnam("behind"));
    say_members("gid 300", getgrgid(300));
    setgrent();
    while ((gr = getgrent()))
        say_members("next", gr);
    endgrent();
    int r = getgrouplist("last", 1003, list, &n);
    say("groups of last: %d %d", r, n);
    for (int i = 0; i < r; i++)
        say("  %d", (int)list[i]);
    n = 2;
    r = getgrouplist("last", 1003, list, &n);
    say("with room for two: %d, %d wanted", r, n);
}

static void small_buffers(void)
{
    static char big[20000];
    struct passwd user, *pw;
    struct group group, *gr;
    for (size_t len = 0; len < 64; len += 3) {
        int r = getpwnam_r("root", &user, big, len, &pw);
        if (len < 30 || len > 40) // between, Linux wants a little more than the record takes
            say("passwd in %zu: %s %s", len, err_name(r), pw ? pw->pw_shell : "-");
    }
    say("group in 8: %s", err_name(getgrnam_r("root", &group, big, 8, &gr)));
    say("many in 300: %s", err_name(getgrnam_r("many", &group, big, 300, &gr)));
    say("many in 20000: %s", err_name(getgrnam_r("many", &group, big + 1, sizeof big - 1, &gr)));
    say_members("many", gr);
    static char huge[200000]; // Linux wants room even for the lines it passes
    say("nobody there: %s %d", err_name(getpwnam_r("absent", &user, huge, sizeof huge, &pw)), !pw);
}

int main(void)
{
    own_etc();
    write_passwd();
    write_group();
    users();
    groups();
    small_buffers();
    return 0;
}
