// SPDX-License-Identifier: BSD-2-Clause
// The first program of the images tools/ramet-exec makes: runs one other program in a folder, then
// puts the files it made or changed there on the scratch disk, as a tar archive (POSIX's ustar
// format). The disk comes zeroed, which is how an archive ends.
//
//     exec_init FOLDER PROGRAM ARGV0 [ARG]...
//
// Ends as the program did: by its status, or by its signal.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DISK    "/dev/vda"
#define BLOCK   512
#define AS_MADE 1 // mtime of the image's own files (mkimage --mtime)

extern char **environ;

struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
    char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};

_Static_assert(sizeof(struct header) == BLOCK, "ustar header");

static void fail(const char *what)
{
    fprintf(stderr, "ramet-exec: %s: %s\n", what, strerror(errno));
    exit(125);
}

static void put(int disk, const void *block, size_t len)
{
    if (write(disk, block, len) != (ssize_t)len)
        fail("files do not fit on the scratch disk");
}

static void put_header(int disk, const char *name, const struct stat *st)
{
    struct header h = {.type = '0', .magic = "ustar", .version = {'0', '0'}};
    unsigned sum = 0;

    memcpy(h.name, name, strlen(name)); // shorter than the field
    snprintf(h.mode, sizeof h.mode, "%07o", (unsigned)(st->st_mode & 0777));
    snprintf(h.uid, sizeof h.uid, "%07o", 0);
    snprintf(h.gid, sizeof h.gid, "%07o", 0);
    snprintf(h.size, sizeof h.size, "%011llo", (unsigned long long)st->st_size);
    snprintf(h.mtime, sizeof h.mtime, "%011llo", (unsigned long long)st->st_mtime);
    memset(h.checksum, ' ', sizeof h.checksum);
    for (size_t i = 0; i < sizeof h; i++)
        sum += ((unsigned char *)&h)[i];
    snprintf(h.checksum, sizeof h.checksum, "%06o", sum);
    put(disk, &h, sizeof h);
}

static void save(int disk, const char *name, const struct stat *st)
{
    int fd = open(name, O_RDONLY);

    if (fd < 0)
        fail(name);
    put_header(disk, name, st);
    for (off_t at = 0; at < st->st_size; at += BLOCK) {
        char block[BLOCK] = {0};
        if (read(fd, block, sizeof block) < 0)
            fail(name);
        put(disk, block, sizeof block);
    }
    close(fd);
}

static void save_changed(const char *folder)
{
    struct dirent *entry;
    struct stat st;
    DIR *dir;
    int disk = open(DISK, O_WRONLY);

    if (disk < 0)
        fail(DISK);
    if (chdir(folder) < 0 || !(dir = opendir(".")))
        fail(folder);
    while ((entry = readdir(dir)) != NULL) {
        if (lstat(entry->d_name, &st) < 0 || !S_ISREG(st.st_mode) || st.st_mtime == AS_MADE)
            continue;
        errno = ENAMETOOLONG;
        if (strlen(entry->d_name) >= sizeof((struct header *)0)->name)
            fail(entry->d_name);
        save(disk, entry->d_name, &st);
    }
    closedir(dir);
    if (fsync(disk) < 0 || close(disk) < 0)
        fail(DISK);
}

int main(int argc, char **argv)
{
    int status;
    pid_t pid;

    if (argc < 4 || chdir(argv[1]) < 0)
        fail("cannot begin");
    errno = posix_spawn(&pid, argv[2], NULL, NULL, argv + 3, environ);
    if (errno)
        fail(argv[3]);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            fail(argv[3]);
    save_changed(argv[1]);
    if (WIFSIGNALED(status))
        kill(getpid(), WTERMSIG(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
