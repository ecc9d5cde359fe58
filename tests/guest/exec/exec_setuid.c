// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Programs with set-user-ID and set-group-ID: the effective and saved ids are the file's, the real
// ones stay; exec makes the effective id the saved one, bits or not. The superuser can try that, so
// the oracle of an ordinary user only recites.
#include "tests/guest/check.h"

#define OWNER 1201
#define GROUP 1202
#define USER  1203

static int show(void)
{
    uid_t real, effective, saved;
    gid_t rgid, egid, sgid;
    getresuid(&real, &effective, &saved);
    getresgid(&rgid, &egid, &sgid);
    say("uid %d %d %d gid %d %d %d", (int)real, (int)effective, (int)saved, (int)rgid, (int)egid,
        (int)sgid);
    return 0;
}

static void run(const char *self, mode_t mode)
{
    char *args[] = {(char *)self, "show", NULL};
    say("mode %o", (unsigned)mode);
    NEED(chmod(self, mode) == 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        NEED(setresgid(USER, USER, 0) == 0 && setresuid(USER, USER, 0) == 0);
        execv(self, args);
        _exit(1);
    }
    say_status("it", wait_for(pid));
}

static void recite(void)
{
    static const char *const lines[] = {
        "mode 755",  "uid 1203 1203 1203 gid 1203 1203 1203", "it: exited 0",
        "mode 4755", "uid 1203 1201 1201 gid 1203 1203 1203", "it: exited 0",
        "mode 2755", "uid 1203 1203 1203 gid 1203 1202 1202", "it: exited 0",
        "mode 6755", "uid 1203 1201 1201 gid 1203 1202 1202", "it: exited 0",
    };
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++)
        say("%s", lines[i]);
}

int main(int argc, char **argv)
{
    struct stat before;
    if (argc > 1)
        return show();
    if (geteuid() != 0) {
        recite();
        return 0;
    }
    NEED(stat(argv[0], &before) == 0);
    NEED(chown(argv[0], OWNER, GROUP) == 0);
    run(argv[0], 0755);
    run(argv[0], 04755);
    run(argv[0], 02755);
    run(argv[0], 06755);
    NEED(chown(argv[0], before.st_uid, before.st_gid) == 0);
    NEED(chmod(argv[0], before.st_mode & 07777) == 0);
    return 0;
}
