// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// System V message queues: msgget, msgsnd, msgrcv, msgctl; types, limits, processes that wait.
#include "tests/guest/check.h"
#include <sys/ipc.h>
#include <sys/msg.h>

struct message {
    long type;
    char text[9000];
};

static int send_text(int id, long type, const char *text, int flags)
{
    struct message m = {.type = type};

    strcpy(m.text, text);
    return msgsnd(id, &m, strlen(text) + 1, flags);
}

static void receive(const char *what, int id, size_t room, long type, int flags)
{
    struct message m = {.type = 0};
    ssize_t n = msgrcv(id, &m, room, type, flags);

    if (n < 0)
        say("%s: %s", what, err_name(errno));
    else
        say("%s: %zd bytes, type %ld, %.*s", what, n, m.type, (int)n, m.text);
}

static struct msqid_ds look(int id)
{
    struct msqid_ds ds;

    NEED(msgctl(id, IPC_STAT, &ds) == 0);
    return ds;
}

static void by_key(void)
{
    struct msqid_ds ds;
    struct msginfo info;

    scratch("msg");
    put_file("key", "", 0644);
    key_t key = ftok("key", 2);
    TRY(msgget(key, 0600));
    int id = msgget(key, IPC_CREAT | IPC_EXCL | 0640);
    NEED(id >= 0);
    CHECK("found", msgget(key, 0) == id);
    TRY(msgget(key, IPC_CREAT | IPC_EXCL | 0600));
    ds = look(id);
    say("mode %o, %lu messages, room for %lu", (unsigned)ds.msg_perm.mode,
        (unsigned long)ds.msg_qnum, (unsigned long)ds.msg_qbytes);
    CHECK("nobody yet", ds.msg_lspid == 0 && ds.msg_lrpid == 0 && ds.msg_stime == 0 &&
                            ds.msg_rtime == 0 && ds.msg_ctime != 0);
    CHECK("IPC_INFO", msgctl(0, IPC_INFO, (struct msqid_ds *)(void *)&info) >= 0);
    say("msgmax %d, msgmnb %d", info.msgmax, info.msgmnb);
    NEED(send_text(id, 1, "x", 0) == 0);
    CHECK("MSG_INFO", msgctl(0, MSG_INFO, (struct msqid_ds *)(void *)&info) >= 0);
    CHECK("there are some", info.msgpool >= 1 && info.msgmap >= 1 && info.msgtql >= 2);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        NEED(setgid(12345) == 0 && setuid(12345) == 0);
        TRY(msgctl(id, IPC_STAT, &ds));
        TRY(send_text(id, 1, "x", 0));
        receive("stranger", id, 10, 0, 0);
        TRY(msgctl(id, IPC_RMID, NULL));
        _exit(0);
    }
    wait_for(pid);
    ds.msg_perm.uid = 12345;
    ds.msg_qbytes = 100;
    TRY(msgctl(id, IPC_SET, &ds));
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        NEED(setgid(12345) == 0 && setuid(12345) == 0);
        ds.msg_qbytes = 50;
        TRY(msgctl(id, IPC_SET, &ds));
        ds.msg_qbytes = 1000000;
        TRY(msgctl(id, IPC_SET, &ds));
        _exit(0);
    }
    wait_for(pid);
    say("room for %lu", (unsigned long)look(id).msg_qbytes);
    TRY(msgctl(id, IPC_RMID, NULL));
    TRY(msgctl(id, IPC_RMID, NULL));
    TRY(send_text(id, 1, "x", 0));
}

static void types(void)
{
    static const long sent[] = {5, 3, 7, 3, 9, 5};
    int id = msgget(IPC_PRIVATE, 0600);
    char text[20];

    NEED(id >= 0);
    for (int i = 0; i < 6; i++) {
        snprintf(text, sizeof text, "number %d", i);
        NEED(send_text(id, sent[i], text, 0) == 0);
    }
    struct msqid_ds ds = look(id);
    say("%lu messages, %lu bytes", (unsigned long)ds.msg_qnum, (unsigned long)ds.msg_cbytes);
    receive("of type 3", id, 100, 3, 0);
    receive("not of type 5", id, 100, 5, MSG_EXCEPT);
    receive("any", id, 100, 0, 0);
    receive("up to 4", id, 100, -4, 0);
    receive("up to 2", id, 100, -2, IPC_NOWAIT);
    receive("of type 8", id, 100, 8, IPC_NOWAIT);
    receive("the lowest", id, 100, -100, 0);
    receive("too long", id, 4, 9, 0);
    receive("cut", id, 4, 9, MSG_NOERROR);
    receive("none", id, 100, 0, IPC_NOWAIT);
    ds = look(id);
    say("%lu messages, %lu bytes", (unsigned long)ds.msg_qnum, (unsigned long)ds.msg_cbytes);
    CHECK("by us", ds.msg_lspid == getpid() && ds.msg_lrpid == getpid() && ds.msg_stime != 0 &&
                       ds.msg_rtime != 0);
    TRY(send_text(id, 0, "x", 0));
    TRY(send_text(id, -1, "x", 0));
    TRY(send_text(-1, 1, "x", 0));
    TRY(msgsnd(id, (void *)8, 1, 0));
    TRY(msgsnd(id, &(struct message){.type = 1}, 8193, 0));
    TRY(msgsnd(id, &(struct message){.type = 1}, (size_t)-1, 0));
    TRY(msgsnd(id, &(struct message){.type = 1}, 0, 0));
    receive("empty", id, 0, 0, 0);
    receive("negative room", id, (size_t)-1, 0, IPC_NOWAIT);
    TRY(msgctl(id, IPC_RMID, NULL));
}

// As much as a queue holds, and bytes that arrive as they were sent.
static void limits(void)
{
    static struct message m, got;
    int id = msgget(IPC_PRIVATE, 0600);
    int n = 0;

    NEED(id >= 0);
    for (int i = 0; i < 8192; i++)
        m.text[i] = (char)(i * 7 + i / 256);
    m.type = 1;
    TRY(msgsnd(id, &m, 8192, IPC_NOWAIT));
    TRY(msgsnd(id, &m, 8192, IPC_NOWAIT));
    TRY(msgsnd(id, &m, 1, IPC_NOWAIT));
    TRY(msgrcv(id, &got, sizeof got.text, 0, 0));
    CHECK("as it was sent", memcmp(m.text, got.text, 8192) == 0);
    TRY(msgrcv(id, &got, sizeof got.text, 0, 0));
    while (msgsnd(id, &m, 0, IPC_NOWAIT) == 0)
        n++;
    say("%d empty ones, %s", n, err_name(errno));
    while (msgrcv(id, &got, 0, 0, IPC_NOWAIT) == 0)
        n--;
    say("%d left, %s", n, err_name(errno));
    for (size_t len = 0; len <= 8192; len += len < 520 ? 13 : 1000) {
        m.type = (long)len + 1;
        NEED(msgsnd(id, &m, len, 0) == 0);
        memset(&got, 0, sizeof got);
        NEED(msgrcv(id, &got, sizeof got.text, m.type, 0) == (ssize_t)len);
        NEED(memcmp(m.text, got.text, len) == 0 && got.text[len] == 0);
    }
    // What is left in a queue goes with it.
    NEED(msgsnd(id, &m, 5000, 0) == 0);
    TRY(msgctl(id, IPC_RMID, NULL));
}

static void caught(int sig)
{
    (void)sig;
}

static pid_t reader(int id, long type)
{
    pid_t pid = fork();

    NEED(pid >= 0);
    if (pid == 0) {
        receive("child", id, 100, type, 0);
        receive("child", id, 100, type, 0);
        _exit(0);
    }
    sleep_ms(150);
    return pid;
}

static void waiters(void)
{
    static struct message m = {.type = 1};
    int id = msgget(IPC_PRIVATE, 0600);

    NEED(id >= 0);
    install(SIGUSR1, caught, SA_RESTART);
    pid_t pid = reader(id, 2);
    NEED(send_text(id, 1, "not for it", 0) == 0);
    NEED(send_text(id, 2, "for it", 0) == 0);
    NEED(send_text(id, 2, "and again", 0) == 0);
    say_status("reader", wait_for(pid));
    receive("left", id, 100, 0, IPC_NOWAIT);

    pid = reader(id, 0);
    kill(pid, SIGUSR1); // SA_RESTART or not
    sleep_ms(20);
    NEED(send_text(id, 1, "after a signal", 0) == 0);
    say_status("reader", wait_for(pid));

    pid = reader(id, 0);
    kill(pid, SIGKILL);
    say_status("reader", wait_for(pid));
    NEED(send_text(id, 1, "not for the dead", 0) == 0);
    receive("left", id, 100, 0, IPC_NOWAIT);

    // A writer waits for room, and is told when the queue goes.
    NEED(msgsnd(id, &m, 8000, 0) == 0 && msgsnd(id, &m, 8000, 0) == 0);
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        TRY(msgsnd(id, &m, 8000, 0));
        TRY(msgsnd(id, &m, 8000, 0));
        _exit(0);
    }
    sleep_ms(20);
    say("%lu messages", (unsigned long)look(id).msg_qnum);
    NEED(msgrcv(id, &m, sizeof m.text, 0, 0) == 8000);
    while (look(id).msg_lspid != pid)
        sleep_ms(1);
    sleep_ms(20);
    NEED(msgctl(id, IPC_RMID, NULL) == 0);
    say_status("writer", wait_for(pid));
    id = msgget(IPC_PRIVATE, 0600);
    pid = reader(id, 0);
    NEED(msgctl(id, IPC_RMID, NULL) == 0);
    say_status("reader", wait_for(pid));
}

// Three write, two read, all arrives once.
static void many(void)
{
    int id = msgget(IPC_PRIVATE, 0600);
    pid_t pids[5];
    int sum = 0;

    NEED(id >= 0);
    for (int i = 0; i < 5; i++) {
        pids[i] = fork();
        NEED(pids[i] >= 0);
        if (pids[i] == 0) {
            struct message m = {.type = 1};
            int got = 0;
            for (int k = 0; i < 3 && k < 300; k++)
                NEED(msgsnd(id, &m, (size_t)(k % 700), 0) == 0);
            while (i >= 3 && msgrcv(id, &m, sizeof m.text, 0, 0) >= 0 && m.type == 1)
                got++;
            _exit(i < 3 ? 0 : got % 256);
        }
    }
    for (int i = 0; i < 3; i++)
        say_status("writer", wait_for(pids[i]));
    for (int i = 3; i < 5; i++)
        NEED(send_text(id, 2, "enough", 0) == 0);
    for (int i = 3; i < 5; i++)
        sum += WEXITSTATUS(wait_for(pids[i]));
    say("received %d", sum % 256);
    say("%lu messages", (unsigned long)look(id).msg_qnum);
    TRY(msgctl(id, IPC_RMID, NULL));
}

int main(void)
{
    by_key();
    types();
    limits();
    waiters();
    many();
    return 0;
}
