// SPDX-License-Identifier: BSD-2-Clause
//
// Permissions as an ordinary user sees them. Root may do everything, so the test drops to another
// uid first when it starts as root; it then prints the same whoever ran it.
#include "tests/guest/check.h"

static void become_user(void)
{
    if (geteuid() != 0)
        return;
    // Others need a way in: the scratch directory belongs to the new user.
    NEED(chown(".", 1234, 1234) == 0);
    NEED(setgid(1234) == 0);
    NEED(setuid(1234) == 0);
    CHECK("the new identity", getuid() == 1234 && geteuid() == 1234 && getgid() == 1234);
    TRY(setuid(0));
}

int main(void)
{
    scratch("file_perm");
    // The oracle's own scratch directory may be closed to others further up: stay inside by ".".
    if (geteuid() != 0)
        say("the new identity: yes\nsetuid(0) = -1 EPERM");
    become_user();

    put_file("f", "secret", 0644);
    TRY(chmod("f", 0));
    TRY(open("f", O_RDONLY));
    TRY(open("f", O_WRONLY));
    TRY(access("f", R_OK));
    TRY(access("f", F_OK));
    TRY(chmod("f", 0400));
    TRY(open("f", O_RDWR));
    TRY(close(open("f", O_RDONLY)));
    TRY(truncate("f", 0));

    NEED(mkdir("d", 0755) == 0);
    put_file("d/in", "x", 0644);
    TRY(chmod("d", 0));
    TRY(open("d/in", O_RDONLY));
    TRY(open("d", O_RDONLY));
    TRY(chdir("d"));
    TRY(chmod("d", 0444));
    TRY(open("d/in", O_RDONLY));
    TRY(chmod("d", 0111));
    TRY(close(open("d/in", O_RDONLY)));
    TRY(open("d", O_RDONLY));
    TRY(chmod("d", 0555));
    TRY(unlink("d/in"));
    TRY(open("d/new", O_CREAT | O_WRONLY, 0644));
    TRY(rename("d/in", "out"));
    TRY(mkdir("d/sub", 0755));
    TRY(chmod("d", 0755));
    TRY(unlink("d/in"));
    TRY(chown("f", 0, 0));
    TRY(chmod("/", 0777));
    TRY(kill(getpid(), 0));
    return 0;
}
