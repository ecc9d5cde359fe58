// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Stopping and continuing: WUNTRACED, WCONTINUED, a stopped process does nothing, SIGKILL and
// SIGCONT reach it, SIGCONT discards a pending stop and runs its handler.
#include "tests/guest/check.h"

static volatile sig_atomic_t continued;

static void on_cont(int sig)
{
    continued += sig == SIGCONT;
}

static int wait_change(pid_t pid, int options)
{
    int status = 0;

    NEED(waitpid(pid, &status, options) == pid);
    return status;
}

static void stop_and_continue(void)
{
    int p[2];
    char c;
    pid_t pid;

    NEED(pipe(p) == 0);
    NEED((pid = fork()) >= 0);
    if (pid == 0) {
        install(SIGCONT, on_cont, 0);
        raise(SIGSTOP);
        c = (char)('0' + continued);
        NEED(write(p[1], &c, 1) == 1);
        pause();
        _exit(0);
    }
    say_status("stopped", wait_change(pid, WUNTRACED));
    CHECK("told once", waitpid(pid, NULL, WUNTRACED | WNOHANG) == 0);
    fcntl(p[0], F_SETFL, O_NONBLOCK);
    sleep_ms(20);
    TRY(read(p[0], &c, 1));
    fcntl(p[0], F_SETFL, 0);
    kill(pid, SIGCONT);
    say_status("continued", wait_change(pid, WCONTINUED));
    CHECK("told once", waitpid(pid, NULL, WCONTINUED | WNOHANG) == 0);
    NEED(read(p[0], &c, 1) == 1);
    say("SIGCONT handlers run: %c", c);
    kill(pid, SIGSTOP);
    say_status("stopped from outside", wait_change(pid, WUNTRACED));
    kill(pid, SIGTERM);
    sleep_ms(20);
    CHECK("TERM waits for the CONT", waitpid(pid, NULL, WNOHANG) == 0);
    kill(pid, SIGCONT);
    say_status("then", wait_for(pid));
}

static void kill_while_stopped(void)
{
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0) {
        raise(SIGSTOP);
        _exit(0);
    }
    say_status("stopped", wait_change(pid, WUNTRACED));
    kill(pid, SIGKILL);
    say_status("killed while stopped", wait_for(pid));
}

static void stop_in_a_loop(void)
{
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0)
        for (volatile unsigned long i = 0;; i++)
            ;
    kill(pid, SIGSTOP);
    say_status("computing process stops", wait_change(pid, WUNTRACED));
    kill(pid, SIGCONT);
    say_status("goes on", wait_change(pid, WCONTINUED));
    kill(pid, SIGKILL);
    say_status("and dies", wait_for(pid));
}

// Ctrl-Z's signal can be handled and ignored; SIGCONT sent to a running process is harmless.
static void tstp(void)
{
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0) {
        install(SIGTSTP, SIG_IGN, 0);
        raise(SIGTSTP);
        raise(SIGCONT);
        _exit(13);
    }
    say_status("TSTP ignored", wait_for(pid));
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        // A group with its leader's parent outside it: not orphaned, so TSTP stops.
        setpgid(0, 0);
        raise(SIGTSTP);
        _exit(14);
    }
    say_status("TSTP default", wait_change(pid, WUNTRACED));
    kill(pid, SIGCONT);
    say_status("then", wait_for(pid));
}

static void read_goes_on(void)
{
    int p[2];
    char buf[8];
    pid_t pid;

    NEED(pipe(p) == 0);
    NEED((pid = fork()) >= 0);
    if (pid == 0) {
        close(p[1]);
        _exit(read(p[0], buf, sizeof buf) == 3 ? 15 : 16);
    }
    sleep_ms(10);
    kill(pid, SIGSTOP);
    say_status("reader", wait_change(pid, WUNTRACED));
    kill(pid, SIGCONT);
    NEED(write(p[1], "abc", 3) == 3);
    say_status("its read was not broken", wait_for(pid));
}

int main(void)
{
    stop_and_continue();
    kill_while_stopped();
    stop_in_a_loop();
    tstp();
    read_goes_on();
    return 0;
}
