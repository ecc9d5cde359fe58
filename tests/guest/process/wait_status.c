// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// wait and waitpid: which child, WNOHANG, the status macros, ECHILD, waiting twice, wait3's rusage,
// waitid with WNOWAIT.
#include "tests/guest/check.h"
#include <sys/resource.h>

static pid_t child_that_exits(int status)
{
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0)
        _exit(status);
    return pid;
}

static pid_t child_that_waits(struct gate *g, int status)
{
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0) {
        gate_wait(g);
        _exit(status);
    }
    return pid;
}

static void nohang(void)
{
    struct gate g = gate_make();
    pid_t pid = child_that_waits(&g, 9);
    int status = -1;

    TRY(waitpid(pid, &status, WNOHANG));
    CHECK("status untouched", status == -1);
    TRY(waitpid(-1, &status, WNOHANG));
    gate_open(&g);
    say_status("then", wait_for(pid));
    TRY(waitpid(pid, &status, WNOHANG));
}

static void picks_the_right_one(void)
{
    pid_t a = child_that_exits(1), b = child_that_exits(2), c = child_that_exits(3);
    int status, sum = 0;

    say_status("second child", wait_for(b));
    say_status("third child", wait_for(c));
    CHECK("wait takes the one left", wait(&status) == a);
    say_status("first child", status);
    for (int i = 0; i < 5; i++)
        child_that_exits(10 + i);
    for (int i = 0; i < 5; i++) {
        NEED(wait(&status) > 0);
        sum += WEXITSTATUS(status);
    }
    say("sum of five statuses: %d", sum);
}

static void macros(void)
{
    pid_t pid = fork();
    int status;

    NEED(pid >= 0);
    if (pid == 0) {
        kill(getpid(), SIGTERM);
        _exit(1);
    }
    status = wait_for(pid);
    say("killed: exited %d signaled %d stopped %d continued %d termsig %s", !!WIFEXITED(status),
        !!WIFSIGNALED(status), !!WIFSTOPPED(status), !!WIFCONTINUED(status),
        sig_name(WTERMSIG(status)));
    say("raw status of a TERM death: 0x%x", (unsigned)status & 0x7fu);
    status = wait_for(child_that_exits(77));
    say("exited: exited %d signaled %d stopped %d status %d raw 0x%x", !!WIFEXITED(status),
        !!WIFSIGNALED(status), !!WIFSTOPPED(status), WEXITSTATUS(status), (unsigned)status);
}

static void errors(void)
{
    int status;

    TRY(wait(&status));
    TRY(waitpid(-1, &status, WNOHANG));
    TRY(waitpid(getpid(), &status, 0));
    TRY(waitpid(1 << 22, &status, 0));
    struct gate g = gate_make();
    pid_t pid = child_that_waits(&g, 0);
    TRY(waitpid(pid, &status, 0x40000));
    gate_open(&g);
    TRY(waitpid(pid, NULL, 0) == pid);
    TRY(waitpid(pid, NULL, 0));
}

static void rusage_and_waitid(void)
{
    struct rusage usage;
    siginfo_t info;
    int status;
    pid_t pid = child_that_exits(6);

    CHECK("wait4 finds it", wait4(pid, &status, 0, &usage) == pid);
    say_status("wait4", status);
    CHECK("user time is sane", usage.ru_utime.tv_sec >= 0 && usage.ru_utime.tv_sec < 5);

    pid = child_that_exits(8);
    memset(&info, 0, sizeof info);
    TRY(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
    CHECK("si_pid is the child", info.si_pid == pid);
    CHECK("CLD_EXITED", info.si_code == CLD_EXITED);
    say("si_signo %s si_status %d", sig_name(info.si_signo), info.si_status);
    say_status("WNOWAIT left it to wait for", wait_for(pid));
    TRY(waitid(P_ALL, 0, &info, WEXITED));
}

int main(void)
{
    nohang();
    picks_the_right_one();
    macros();
    errors();
    rusage_and_waitid();
    return 0;
}
