// SPDX-License-Identifier: BSD-2-Clause
// work.c: see work.h.
#include "tools/mkimage/work.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/mkimage/util.h"

#define COPY_BLOCK  65536
#define LITTLE_ROOM 65536 // bytes: a file system with less is full

static char *folder; // removed at exit
static const char *final_path;

extern char **environ;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    remove(path); // what cannot be removed stays: there is nobody left to tell
    return 0;
}

static void remove_folder(void)
{
    if (folder)
        nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void work_begin(const char *output)
{
    char *name = new_string("%s.XXXXXX", output);

    undo_at_exit(remove_folder);
    if (!mkdtemp(name))
        die("%s: %s", output, strerror(errno));
    folder = name;
    final_path = output;
}

char *work_path(const char *name)
{
    return *name == '/' ? new_string("%s", name) : new_string("%s/%s", folder, name);
}

void work_link(const char *path, const char *name)
{
    char *target = realpath(path, NULL), *link = work_path(name);

    if (!target || symlink(target, link) < 0)
        die("%s: %s", path, strerror(errno));
    free(target);
    free(link);
}

int work_create(const char *name, uint64_t size)
{
    char *path = work_path(name);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
        die("%s: %s", path, strerror(errno));
    free(path);
    return fd;
}

void work_close(const char *name, int fd)
{
    if (close(fd) < 0)
        die("%s: %s", name, strerror(errno));
}

void work_write(const char *name, const void *buf, uint64_t len)
{
    int fd = work_create(name, 0);

    write_at(name, fd, buf, len, 0);
    work_close(name, fd);
}

// Read exactly len bytes from `off`.
static void read_at(const char *path, int fd, void *buf, size_t len, uint64_t off)
{
    for (size_t done = 0; done < len;) {
        signals_check();
        ssize_t n = pread(fd, (char *)buf + done, len - done, (off_t)(off + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            die("%s: %s", path, n < 0 ? strerror(errno) : "changed while it was read");
        done += (size_t)n;
    }
}

void *work_read(const char *name, uint64_t *size)
{
    char *path = work_path(name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        die("%s: %s", path, strerror(errno));
    *size = (uint64_t)st.st_size;
    void *buf = new_zeroed(*size, 1);
    read_at(path, fd, buf, *size, 0);
    close(fd);
    free(path);
    return buf;
}

static bool all_zero(const uint8_t *p, size_t len)
{
    return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

void work_copy(const char *from_name, int from, uint64_t len, const char *to_name, int to,
               uint64_t off)
{
    static uint8_t block[COPY_BLOCK];

    for (uint64_t done = 0; done < len;) {
        size_t n = len - done < sizeof block ? len - done : sizeof block;
        read_at(from_name, from, block, n, done);
        if (!all_zero(block, n))
            write_at(to_name, to, block, n, off + done);
        done += n;
    }
}

void work_publish(const char *name)
{
    char *path = work_path(name);

    // The tools that wrote it may have given it other permissions than ours.
    if (chmod(path, output_mode()) < 0 || rename(path, final_path) < 0)
        die("%s: %s", final_path, strerror(errno));
    free(path);
}

// ---- other programs ----

// The last line of a log that has anything in it; the log is cut up.
static const char *last_line(char *log)
{
    const char *last = "";

    for (char *line = strtok(log, "\r\n"); line; line = strtok(NULL, "\r\n"))
        if (line[strspn(line, " \t")])
            last = line;
    return last;
}

// Start the program without input, its output going to the log. We hold signals back; it must not.
static void start(const char *package, char *const argv[], const char *log, pid_t *pid)
{
    posix_spawn_file_actions_t fds;
    posix_spawnattr_t attr;
    sigset_t none;

    sigemptyset(&none);
    if (posix_spawnattr_init(&attr) || posix_spawnattr_setsigmask(&attr, &none) ||
        posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK) ||
        posix_spawn_file_actions_init(&fds) || posix_spawn_file_actions_addchdir_np(&fds, folder) ||
        posix_spawn_file_actions_addopen(&fds, 0, "/dev/null", O_RDONLY, 0) ||
        posix_spawn_file_actions_addopen(&fds, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0666) ||
        posix_spawn_file_actions_adddup2(&fds, 1, 2))
        die("out of memory");
    int err = posix_spawnp(pid, argv[0], &fds, &attr, argv, environ);
    if (err == ENOENT)
        die("%s is not installed: it is in the Debian package %s", argv[0], package);
    if (err)
        die("%s: %s", argv[0], strerror(err));
    posix_spawn_file_actions_destroy(&fds);
    posix_spawnattr_destroy(&attr);
}

// Some tools say nothing, or crash, when there is no room for what they write.
static void check_room(void)
{
    struct statvfs fs;

    if (statvfs(folder, &fs) == 0 && fs.f_bavail * fs.f_frsize < LITTLE_ROOM)
        die("%s: %s", final_path, strerror(ENOSPC));
}

// Wait for the program. A signal that ends us ends it first: it writes into our folder. SIGCHLD is
// blocked since before the start, so that its end cannot slip between a look and the wait.
static int wait_for(const char *name, pid_t pid)
{
    sigset_t awaited = *signals_held();
    int status, sig;

    sigaddset(&awaited, SIGCHLD);
    for (;;) {
        pid_t got = waitpid(pid, &status, WNOHANG);
        if (got < 0)
            die("%s: %s", name, strerror(errno));
        if (got == pid)
            return status;
        if (sigwait(&awaited, &sig) == 0 && sig != SIGCHLD) {
            kill(pid, SIGTERM);
            raise(sig); // pending again, for signals_check()
            waitpid(pid, &status, 0);
            return status;
        }
    }
}

void run_tool(const char *package, char *const argv[])
{
    static const char log[] = "log";
    uint64_t size;
    sigset_t child;
    pid_t pid;

    signals_check();
    signal(SIGCHLD, SIG_DFL); // ignored, as some parents leave it, there would be no status
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    start(package, argv, log, &pid);
    int status = wait_for(argv[0], pid);
    signals_check();
    if (status != 0)
        check_room();
    if (WIFSIGNALED(status))
        die("%s: ended by signal %d", argv[0], WTERMSIG(status));
    if (WEXITSTATUS(status) != 0) {
        char *text = work_read(log, &size);
        text = grow(text, size + 1, 1);
        text[size] = '\0';
        die("%s: exit status %d: %s", argv[0], WEXITSTATUS(status), last_line(text));
    }
}
