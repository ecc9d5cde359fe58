// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// exec that must fail, and leave the caller as it was: missing, not executable, not a program, a
// directory, a broken or looping #! line, too much of everything; and #! lines that work.
#include "tests/guest/check.h"

static const char *self;

static void attempt(const char *path)
{
    errno = 0;
    execl(path, path, "x", (char *)NULL);
    say("exec %s: %s", path, err_name(errno));
}

static void failing(void)
{
    char line[600];

    attempt("absent");
    attempt("");
    attempt("/");
    NEED(mkdir("dir", 0755) == 0);
    attempt("dir");
    put_file("plain", "just text\n", 0644);
    attempt("plain");
    attempt("plain/x");
    put_file("text", "no magic here\n", 0755);
    attempt("text");
    put_file("empty", "", 0755);
    attempt("empty");
    put_file("half-elf", "\177ELF\2\1\1", 0755);
    attempt("half-elf");
    put_file("lost", "#!/no/such/interpreter\n", 0755);
    attempt("lost");
    put_file("bare", "#!\n", 0755);
    attempt("bare");
    snprintf(line, sizeof line, "#!%s\n", "/");
    put_file("to-dir", line, 0755);
    attempt("to-dir");
    NEED(symlink("loop", "loop") == 0);
    attempt("loop");
    NEED(symlink("absent", "dangling") == 0);
    attempt("dangling");
}

static void run(const char *path, char *const argv[])
{
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0) {
        execv(path, argv);
        say("exec failed: %s", err_name(errno));
        _exit(93);
    }
    say_status(path, wait_for(pid));
}

// The interpreter gets: its own path, the rest of the line as one argument, the script's path,
// then the caller's arguments without argv[0].
static void scripts(void)
{
    char text[700];
    char *args[] = {"ignored argv0", "first", "second arg", NULL};

    snprintf(text, sizeof text, "#!%s\nthe body is not read by this interpreter\n", self);
    put_file("script", text, 0755);
    run("./script", args);
    snprintf(text, sizeof text, "#! %s  one argument  with spaces \n", self);
    put_file("script-arg", text, 0755);
    run("./script-arg", args);
    snprintf(text, sizeof text, "#!%s", self);
    put_file("no-newline", text, 0755);
    run("./no-newline", args);
    put_file("not-x", text, 0644);
    run("./not-x", args);
    // A script as the interpreter of a script.
    put_file("outer", "#!./script\n", 0755);
    run("./outer", args);
    put_file("self-loop", "#!./self-loop\n", 0755);
    run("./self-loop", args);
}

static void too_big(void)
{
    static char text[200000];
    char *args[] = {"x", text, NULL};

    memset(text, 'y', sizeof text - 1);
    errno = 0;
    execv(self, args);
    say("one argument of 200 KB: %s", err_name(errno));
}

int main(int argc, char **argv)
{
    self = test_path("exec_errors");
    // As an interpreter this program prints what it was given; its own path is left out.
    if (argc > 1) {
        CHECK("argv[0] is the interpreter", strstr(argv[0], "exec_errors") != NULL);
        for (int i = 1; i < argc; i++)
            say("  [%s]", argv[i]);
        return argc;
    }
    scratch("exec_errors");
    failing();
    scripts();
    too_big();
    say("still the same process after all that");
    return 0;
}
