// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Directories: mkdir, rmdir, listing (sorted here, the order is free), deep trees, rewinddir,
// a directory that changes while it is read, chdir/getcwd/fchdir.
#include "tests/guest/check.h"
#include <dirent.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *path)
{
    char *names[300], line[900] = "";
    int count = 0;
    DIR *dir = opendir(path);

    if (!dir) {
        say("opendir(%s): %s", path, err_name(errno));
        return;
    }
    for (struct dirent *e; (e = readdir(dir)) && count < 300;)
        names[count++] = strdup(e->d_name);
    closedir(dir);
    qsort(names, (size_t)count, sizeof *names, by_name);
    for (int i = 0; i < count; i++) {
        if (count < 20)
            snprintf(line + strlen(line), sizeof line - strlen(line), " %s", names[i]);
        free(names[i]);
    }
    say("%s: %d entries%s", path, count, line);
}

static void making(void)
{
    struct stat st;

    TRY(mkdir("d", 0777));
    TRY(mkdir("d", 0777));
    TRY(mkdir("no/where", 0777));
    TRY(mkdir("d/sub", 0700));
    TRY(mkdir("d/sub/", 0700));
    TRY(mkdir("d/slash/", 0700));
    NEED(stat("d", &st) == 0);
    say("mode %o, directory %d", (unsigned)st.st_mode & 07777, !!S_ISDIR(st.st_mode));
    TRY(rmdir("d"));
    put_file("d/file", "x", 0644);
    list("d");
    TRY(rmdir("d/file"));
    TRY(mkdir("d/file/x", 0777));
    TRY(rmdir("d/sub"));
    TRY(rmdir("d/slash/"));
    TRY(rmdir("d/."));
    TRY(rmdir("absent"));
    TRY(unlink("d/file"));
    list("d");
    TRY(rmdir("d"));
    list("d");
    put_file("plain", "x", 0644);
    list("plain");
}

static void many_entries(void)
{
    char name[32];

    NEED(mkdir("many", 0755) == 0);
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "many/entry-%03d", i);
        put_file(name, "", 0644);
    }
    list("many");
    // Remove while reading: every entry is seen, none twice is needed for it to end.
    DIR *dir = opendir("many");
    NEED(dir);
    int removed = 0;
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "many/%.20s", e->d_name);
        removed += unlink(name) == 0;
    }
    rewinddir(dir);
    int rest = 0;
    while (readdir(dir))
        rest++;
    closedir(dir);
    say("removed %d, left %d", removed, rest);
    TRY(rmdir("many"));
}

static void types(void)
{
    struct dirent *e;
    DIR *dir;

    NEED(mkdir("t", 0755) == 0 && mkdir("t/dir", 0755) == 0 && symlink("x", "t/link") == 0);
    put_file("t/file", "", 0644);
    NEED((dir = opendir("t")));
    int good = 0, typed = 0;
    while ((e = readdir(dir))) {
        struct stat st;
        char path[300];
        snprintf(path, sizeof path, "t/%.255s", e->d_name);
        NEED(lstat(path, &st) == 0);
        good += e->d_ino == st.st_ino || strcmp(e->d_name, "..") == 0;
        int type = S_ISDIR(st.st_mode) ? DT_DIR : S_ISLNK(st.st_mode) ? DT_LNK : DT_REG;
        typed += e->d_type == type || e->d_type == DT_UNKNOWN;
    }
    closedir(dir);
    say("of 5 entries d_ino agrees with lstat: %d, d_type: %d", good, typed);
}

static const char *below(const char *base)
{
    static char cwd[1024];
    size_t n = strlen(base);

    if (!getcwd(cwd, sizeof cwd))
        return err_name(errno);
    return strncmp(cwd, base, n) == 0 ? cwd + n : "elsewhere";
}

static void working_directory(void)
{
    char base[1024], tiny[2];
    int home;

    NEED(getcwd(base, sizeof base));
    NEED((home = open(".", O_RDONLY)) >= 0);
    NEED(mkdir("w", 0755) == 0 && mkdir("w/x", 0755) == 0 && symlink("w/x", "short") == 0);
    TRY(chdir("w/x"));
    say("cwd [%s]", below(base));
    TRY(chdir(".."));
    say("cwd [%s]", below(base));
    TRY(fchdir(home));
    say("cwd [%s]", below(base));
    TRY(chdir("short"));
    say("cwd through a link [%s]", below(base));
    TRY(chdir("../../w/./x/../x"));
    say("cwd [%s]", below(base));
    TRY(chdir("absent"));
    TRY(fchdir(99));
    CHECK("getcwd ERANGE", getcwd(tiny, sizeof tiny) == NULL && errno == ERANGE);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        NEED(chdir("..") == 0);
        say("child's cwd [%s]", below(base));
        _exit(0);
    }
    wait_for(pid);
    say("parent's cwd [%s]", below(base));
    TRY(fchdir(home));
    TRY(chdir("plain"));
    TRY(chdir("/"));
    CHECK("root is its own parent",
          chdir("..") == 0 && getcwd(base, sizeof base) && !strcmp(base, "/"));
}

int main(void)
{
    scratch("file_dirs");
    making();
    many_entries();
    types();
    working_directory();
    return 0;
}
