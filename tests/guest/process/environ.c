// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// The environment: getenv, setenv, putenv, unsetenv, clearenv by hand, and that fork copies it.
#include "tests/guest/check.h"

extern char **environ;

static const char *value(const char *name)
{
    const char *v = getenv(name);

    return v ? v : "(unset)";
}

int main(void)
{
    static char put[] = "PUT=by pointer";
    static char *none[] = {NULL};

    CHECK("environ exists", environ != NULL);
    environ = none;
    say("A %s", value("A"));
    TRY(setenv("A", "1", 0));
    TRY(setenv("A", "2", 0));
    say("A %s", value("A"));
    TRY(setenv("A", "3", 1));
    say("A %s", value("A"));
    TRY(setenv("", "x", 1));
    TRY(setenv("B=C", "x", 1));
    TRY(setenv("EMPTY", "", 1));
    say("EMPTY [%s]", value("EMPTY"));
    TRY(putenv(put));
    say("PUT %s", value("PUT"));
    put[4] = 'B';
    say("PUT %s", value("PUT"));
    TRY(unsetenv("A"));
    say("A %s", value("A"));
    TRY(unsetenv("A"));
    TRY(unsetenv("X=Y"));

    char name[16], text[16];
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "VAR_%d", i);
        snprintf(text, sizeof text, "value %d", i);
        NEED(setenv(name, text, 1) == 0);
    }
    say("VAR_0 %s, VAR_199 %s, VAR_200 %s", value("VAR_0"), value("VAR_199"), value("VAR_200"));
    int n = 0;
    for (char **e = environ; *e; e++)
        n++;
    say("entries %d", n);

    setenv("SHARED", "parent's", 1);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        say("child: SHARED %s", value("SHARED"));
        setenv("SHARED", "child's", 1);
        unsetenv("PUT");
        say("child: SHARED %s, PUT %s", value("SHARED"), value("PUT"));
        _exit(0);
    }
    wait_for(pid);
    say("parent: SHARED %s, PUT %s", value("SHARED"), value("PUT"));
    return 0;
}
