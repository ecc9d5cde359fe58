// SPDX-License-Identifier: BSD-2-Clause
//
// /proc/sysvipc: the objects there are, in Linux's columns.
#include "tests/guest/check.h"
#include <dirent.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

// The file's title, and the line of an object by its key with what differs from run to run left
// out: id, processes, times.
static void show(const char *name, key_t key, int first_time)
{
    char path[60], line[400];

    snprintf(path, sizeof path, "/proc/sysvipc/%s", name);
    FILE *f = fopen(path, "r");
    NEED(f && fgets(line, sizeof line, f));
    line[strcspn(line, "\n")] = '\0';
    say("%s:%s", name, line);
    while (fgets(line, sizeof line, f)) {
        long columns[20];
        int n = 0, width = (int)strcspn(line, "\n"), at = 0, used;
        while (n < 20 && sscanf(line + at, "%ld%n", &columns[n], &used) == 1) {
            at += used;
            n++;
        }
        if (columns[0] != key)
            continue;
        say("%d columns, %d characters, mode %ld, %ld", n, width, columns[2], columns[3]);
        CHECK("changed", columns[first_time] > 1000000000);
    }
    fclose(f);
}

// Short reads give the same bytes as one.
static void in_pieces(void)
{
    static char all[20000], piece[20000];
    int fd = open("/proc/sysvipc/shm", O_RDONLY), slow = open("/proc/sysvipc/shm", O_RDONLY);
    ssize_t n = 0, got = 0, r;

    NEED(fd >= 0 && slow >= 0);
    while ((r = read(fd, all + n, sizeof all - (size_t)n)) > 0)
        n += r;
    while ((r = read(slow, piece + got, 37)) > 0)
        got += r;
    CHECK("in pieces", n == got && n > 300 && memcmp(all, piece, (size_t)n) == 0);
    close(fd);
    close(slow);
}

int main(void)
{
    scratch("sysvproc");
    put_file("key", "", 0644);
    key_t key = ftok("key", 'p');
    int shm = shmget(key, 5000, IPC_CREAT | 0640);
    int sem = semget(key, 7, IPC_CREAT | 0604);
    int msg = msgget(key, IPC_CREAT | 0600);
    NEED(shm >= 0 && sem >= 0 && msg >= 0);
    NEED(msgsnd(msg, &(long[]){1, 0}, 8, 0) == 0);
    show("shm", key, 13);
    show("sem", key, 9);
    show("msg", key, 13);
    in_pieces();
    DIR *d = opendir("/proc/sysvipc");
    NEED(d);
    int names = 0;
    while (readdir(d))
        names++;
    say("%d names", names);
    closedir(d);
    TRY(chdir("/proc/sysvipc"));
    char cwd[100];
    say("%s", getcwd(cwd, sizeof cwd));
    TRY(shmctl(shm, IPC_RMID, NULL));
    TRY(semctl(sem, 0, IPC_RMID));
    TRY(msgctl(msg, IPC_RMID, NULL));
    return 0;
}
