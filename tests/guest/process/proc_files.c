// SPDX-License-Identifier: BSD-2-Clause
// needs: family
//
// /proc of others: a zombie is listed until somebody has waited for it, and the time since the
// start, and of a process's start, is one for all programs, however each was started.
#include "tests/guest/check.h"
#include <dirent.h>
#include <spawn.h>
#include <sys/sysinfo.h>

static int listed(pid_t pid)
{
    char name[16];
    int found = 0;
    DIR *d = opendir("/proc");
    NEED(d);
    snprintf(name, sizeof name, "%d", (int)pid);
    for (struct dirent *e; (e = readdir(d));)
        found |= strcmp(e->d_name, name) == 0;
    closedir(d);
    return found;
}

static size_t text_of(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY);
    NEED(fd >= 0);
    ssize_t n = read(fd, text, size - 1);
    NEED(n >= 0);
    close(fd);
    text[n] = '\0';
    return (size_t)n;
}

static double uptime(void)
{
    char text[64];
    text_of("/proc/uptime", text, sizeof text);
    return atof(text);
}

// Seconds from the system's start to this process's.
static double started(void)
{
    char text[1024];
    text_of("/proc/self/stat", text, sizeof text);
    char *at = strrchr(text, ')');
    NEED(at);
    for (int field = 2; field < 22; field++) {
        at = strchr(at + 1, ' ');
        NEED(at);
    }
    return atof(at) / 100;
}

static void zombie(void)
{
    char path[40], text[1024];
    siginfo_t info;
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0)
        _exit(3);
    NEED(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
    say("a zombie is listed: %d", listed(pid));
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    text_of(path, text, sizeof text);
    char *state = strrchr(text, ')');
    NEED(state);
    say("its state is %c", state[2]);
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    say("its command line has %zu bytes", text_of(path, text, sizeof text));
    say_status("zombie", wait_for(pid));
    say("reaped: %d", listed(pid));
}

// A minute of leeway: machines are slow, but not that slow, and no clock is a minute old by luck.
static void times(const char *who, double before)
{
    struct sysinfo info;
    double now = uptime(), start = started();
    NEED(sysinfo(&info) == 0);
    say("%s: time goes on %d, by little %d", who, now >= before, now < before + 60);
    say("  it started before now %d, and lately %d", start <= now + 0.02, start > now - 60);
    say("  sysinfo() agrees %d", info.uptime >= (long)now - 1 && info.uptime < (long)now + 60);
}

int main(int argc, char **argv)
{
    char before[40], *words[] = {argv[0], before, NULL};
    if (argc > 1) {
        times("spawned", atof(argv[1]));
        return 0;
    }
    zombie();
    times("first", uptime());
    sleep_ms(300); // a clock that began with the next one's VM would show less than this
    snprintf(before, sizeof before, "%.2f", uptime());
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        times("forked", atof(before));
        _exit(0);
    }
    wait_for(pid);
    NEED(posix_spawn(&pid, test_path("proc_files"), NULL, NULL, words, environ) == 0);
    say_status("spawned", wait_for(pid));
    return 0;
}
