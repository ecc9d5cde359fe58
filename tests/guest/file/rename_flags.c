// SPDX-License-Identifier: BSD-2-Clause
//
// renameat2: RENAME_NOREPLACE and RENAME_EXCHANGE.
#include "tests/guest/check.h"

#define TRADE(a, b) TRY(renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE))
#define KEEP(a, b)  TRY(renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_NOREPLACE))

static void links(const char *name)
{
    struct stat st;

    NEED(stat(name, &st) == 0);
    say("%s: %s, %lu links", name, S_ISDIR(st.st_mode) ? "directory" : "file",
        (unsigned long)st.st_nlink);
}

int main(void)
{
    scratch("rename-flags");
    put_file("a", "first", 0644);
    put_file("b", "second", 0644);
    KEEP("a", "b");
    KEEP("a", "a");
    KEEP("none", "b");
    KEEP("none", "other");
    KEEP("a", "c");
    say_file("c");
    KEEP("c", "a");
    TRADE("a", "b");
    say_file("a");
    say_file("b");
    TRADE("a", "none");
    TRADE("none", "a");
    TRADE("a", "a");
    NEED(link("a", "same") == 0);
    TRADE("a", "same");

    // A file and a directory, in one place and across.
    NEED(mkdir("d", 0755) == 0 && mkdir("e", 0755) == 0 && mkdir("d/sub", 0755) == 0);
    put_file("d/file", "in d", 0644);
    TRADE("b", "d/sub");
    links("b");
    links("d/sub");
    links("d");
    links(".");
    say_file("d/sub");
    TRADE("d", "e");
    say_file("e/file");
    links("d");
    links("e");
    NEED(mkdir("d/deep", 0755) == 0);
    TRADE("d/deep", "e");
    say_file("d/deep/file");
    links("d");
    char cwd[200];
    NEED(chdir("d/deep") == 0 && getcwd(cwd, sizeof cwd));
    say("%s", strstr(cwd, "/d/deep") ? "in /d/deep" : "elsewhere");
    NEED(chdir("../..") == 0);
    TRADE("d", "d/deep");
    TRADE("d/deep", "d");
    TRADE("d/", "a");
    TRADE("a/", "d");
    TRY(renameat2(AT_FDCWD, "a", AT_FDCWD, "z", RENAME_EXCHANGE | RENAME_NOREPLACE));
    TRY(renameat2(AT_FDCWD, "a", AT_FDCWD, "z", 64));
    TRY(rmdir("e"));
    return 0;
}
