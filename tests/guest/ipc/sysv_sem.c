// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// System V semaphores: semget, semop, semtimedop, semctl; SEM_UNDO; processes that wait.
#include "tests/guest/check.h"
#include <sys/ipc.h>
#include <sys/sem.h>

union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
    struct seminfo *info;
};

static int op(int id, int num, int what, int flags)
{
    struct sembuf b = {(unsigned short)num, (short)what, (short)flags};

    return semop(id, &b, 1);
}

static int value(int id, int num)
{
    return semctl(id, num, GETVAL);
}

static void set_value(int id, int num, int val)
{
    NEED(semctl(id, num, SETVAL, (union semun){.val = val}) == 0);
}

// Until so many wait for the semaphore: to become more, or zero.
static void await(int id, int num, int cmd, int n)
{
    for (int i = 0; semctl(id, num, cmd) != n; i++) {
        NEED(i < 5000);
        sleep_ms(1);
    }
}

static void by_key(void)
{
    struct semid_ds ds;
    struct seminfo info;
    unsigned short all[3] = {1, 2, 3}, got[3];

    scratch("sem");
    put_file("key", "", 0644);
    key_t key = ftok("key", 1);
    TRY(semget(key, 3, 0600));
    TRY(semget(key, 0, IPC_CREAT | 0600));
    TRY(semget(key, -1, IPC_CREAT | 0600));
    int id = semget(key, 3, IPC_CREAT | IPC_EXCL | 0640);
    NEED(id >= 0);
    CHECK("found", semget(key, 0, 0) == id && semget(key, 3, 0600) == id);
    TRY(semget(key, 4, 0600));
    TRY(semget(key, 3, IPC_CREAT | IPC_EXCL));
    TRY(semctl(id, 0, IPC_STAT, (union semun){.buf = &ds}));
    say("%lu semaphores, mode %o", (unsigned long)ds.sem_nsems, (unsigned)ds.sem_perm.mode);
    CHECK("not used yet", ds.sem_otime == 0 && ds.sem_ctime != 0);
    TRY(semctl(id, 0, SETALL, (union semun){.array = all}));
    TRY(semctl(id, 0, GETALL, (union semun){.array = got}));
    say("%d %d %d", got[0], got[1], got[2]);
    all[1] = 40000;
    TRY(semctl(id, 0, SETALL, (union semun){.array = all}));
    TRY(semctl(id, 1, SETVAL, (union semun){.val = 32768}));
    TRY(semctl(id, 1, SETVAL, (union semun){.val = -1}));
    TRY(semctl(id, 3, SETVAL, (union semun){.val = 1}));
    TRY(semctl(id, 3, GETVAL));
    TRY(semctl(id, -1, GETVAL));
    TRY(semctl(id, 0, 99));
    TRY(semctl(-1, 0, GETVAL));
    TRY(semctl(id, 0, GETALL, (union semun){.array = NULL}));
    CHECK("GETPID", semctl(id, 1, GETPID) == getpid());
    TRY(semctl(id, 1, GETNCNT));
    CHECK("IPC_INFO", semctl(0, 0, IPC_INFO, (union semun){.info = &info}) >= 0);
    say("semopm %d semvmx %d semmsl %d", info.semopm, info.semvmx, info.semmsl);
    CHECK("SEM_INFO", semctl(0, 0, SEM_INFO, (union semun){.info = &info}) >= 0);
    CHECK("there are some", info.semusz >= 1 && info.semaem >= 3);
    ds.sem_perm.mode = 0604;
    TRY(semctl(id, 0, IPC_SET, (union semun){.buf = &ds}));
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        NEED(setgid(12345) == 0 && setuid(12345) == 0);
        TRY(semctl(id, 0, GETVAL));
        TRY(semctl(id, 0, SETVAL, (union semun){.val = 1}));
        TRY(op(id, 0, -1, IPC_NOWAIT));
        TRY(op(id, 0, 0, IPC_NOWAIT));
        TRY(semctl(id, 0, IPC_RMID));
        _exit(0);
    }
    wait_for(pid);
    TRY(semctl(id, 0, IPC_RMID));
    TRY(semctl(id, 0, GETVAL));
    TRY(op(id, 0, 1, 0));
}

static void operations(void)
{
    int id = semget(IPC_PRIVATE, 4, 0600);
    struct sembuf b[4];
    struct sembuf many[600];
    struct timespec soon = {0, 20000000}, bad = {0, -1};

    NEED(id >= 0);
    TRY(op(id, 0, 5, 0));
    TRY(op(id, 0, -3, 0));
    say("value %d", value(id, 0));
    TRY(op(id, 0, -3, IPC_NOWAIT));
    TRY(op(id, 0, 0, IPC_NOWAIT));
    TRY(op(id, 1, 0, IPC_NOWAIT));
    TRY(op(id, 4, 1, 0));
    TRY(op(id, 0, 32766, 0));
    TRY(semop(id, b, 0));
    TRY(semop(id, NULL, 1));
    memset(many, 0, sizeof many);
    TRY(semop(id, many, 600));
    set_value(id, 0, 0);
    TRY(semop(id, many, 500));
    TRY(semop(-1, many, 1));

    // All or nothing: the second fails, the first is as if never done.
    b[0] = (struct sembuf){0, 7, 0};
    b[1] = (struct sembuf){1, -1, IPC_NOWAIT};
    TRY(semop(id, b, 2));
    say("values %d %d", value(id, 0), value(id, 1));
    b[0] = (struct sembuf){1, 1, 0};
    b[1] = (struct sembuf){1, -1, IPC_NOWAIT};
    b[2] = (struct sembuf){1, 0, IPC_NOWAIT};
    b[3] = (struct sembuf){2, 4, 0};
    TRY(semop(id, b, 4)); // each sees what the one before has done
    say("values %d %d", value(id, 1), value(id, 2));

    b[0] = (struct sembuf){3, -1, 0};
    TRY(semtimedop(id, b, 1, &soon));
    TRY(semtimedop(id, b, 1, &bad));
    TRY(semtimedop(id, b, 1, (void *)8));
    TRY(semctl(id, 0, IPC_RMID));
}

static void caught(int sig)
{
    (void)sig;
}

// Waiters: for more, for zero, for two at once; woken, interrupted, and told that the set is gone.
static void waiters(void)
{
    int id = semget(IPC_PRIVATE, 3, 0600);
    struct sembuf both[2] = {{0, -1, 0}, {1, -2, 0}};

    NEED(id >= 0);
    install(SIGUSR1, caught, SA_RESTART);
    pid_t more = fork();
    NEED(more >= 0);
    if (more == 0) {
        TRY(op(id, 0, -2, 0));
        _exit(0);
    }
    await(id, 0, GETNCNT, 1);
    TRY(semctl(id, 0, GETZCNT));
    NEED(op(id, 0, 1, 0) == 0);
    sleep_ms(20);
    TRY(semctl(id, 0, GETNCNT)); // one is not enough
    NEED(op(id, 0, 1, 0) == 0);
    say_status("more", wait_for(more));
    say("value %d, waiting %d", value(id, 0), semctl(id, 0, GETNCNT));

    set_value(id, 0, 2);
    pid_t zero = fork();
    NEED(zero >= 0);
    if (zero == 0) {
        TRY(op(id, 0, 0, 0));
        _exit(0);
    }
    await(id, 0, GETZCNT, 1);
    NEED(op(id, 0, -1, 0) == 0);
    NEED(op(id, 0, -1, 0) == 0);
    say_status("zero", wait_for(zero));

    pid_t two = fork();
    NEED(two >= 0);
    if (two == 0) {
        TRY(semop(id, both, 2));
        _exit(0);
    }
    await(id, 0, GETNCNT, 1);
    NEED(op(id, 0, 1, 0) == 0);
    await(id, 1, GETNCNT, 1);
    say("value %d while it waits for the other", value(id, 0));
    set_value(id, 1, 2);
    say_status("two", wait_for(two));
    say("values %d %d", value(id, 0), value(id, 1));

    pid_t interrupted = fork();
    NEED(interrupted >= 0);
    if (interrupted == 0) {
        TRY(op(id, 2, -1, 0)); // SA_RESTART or not
        TRY(op(id, 2, -1, 0));
        _exit(0);
    }
    await(id, 2, GETNCNT, 1);
    kill(interrupted, SIGUSR1);
    sleep_ms(20);
    await(id, 2, GETNCNT, 1);
    pid_t killed = fork();
    NEED(killed >= 0);
    if (killed == 0) {
        op(id, 2, -1, 0);
        _exit(1);
    }
    await(id, 2, GETNCNT, 2);
    kill(killed, SIGKILL);
    say_status("killed", wait_for(killed));
    TRY(semctl(id, 2, GETNCNT));
    NEED(semctl(id, 0, IPC_RMID) == 0);
    say_status("interrupted", wait_for(interrupted));
}

// What ends take back.
static void undo(void)
{
    int id = semget(IPC_PRIVATE, 3, 0600);
    struct gate ready = gate_make();

    NEED(id >= 0);
    set_value(id, 0, 10);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        op(id, 0, -3, SEM_UNDO);
        op(id, 0, 1, SEM_UNDO);
        op(id, 1, 5, SEM_UNDO);
        op(id, 1, -4, 0);
        op(id, 2, 1, 0);
        say("child: %d %d %d", value(id, 0), value(id, 1), value(id, 2));
        _exit(0);
    }
    wait_for(pid);
    say("after exit: %d %d %d", value(id, 0), value(id, 1), value(id, 2));
    CHECK("by the child", semctl(id, 0, GETPID) == pid);

    // Killed while it holds one that another waits for.
    set_value(id, 0, 1);
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        op(id, 0, -1, SEM_UNDO);
        pid_t child = fork(); // does not inherit it
        if (child == 0)
            _exit(0);
        wait_for(child);
        say("child: %d", value(id, 0));
        gate_open(&ready);
        for (;;)
            pause();
    }
    gate_wait(&ready);
    pid_t waiter = fork();
    NEED(waiter >= 0);
    if (waiter == 0) {
        TRY(op(id, 0, -1, 0));
        _exit(0);
    }
    await(id, 0, GETNCNT, 1);
    kill(pid, SIGKILL);
    int of_killed = wait_for(pid), of_waiter = wait_for(waiter); // its line comes before these
    say_status("killed", of_killed);
    say_status("waiter", of_waiter);
    say("value %d", value(id, 0));

    // Over exec; and SETVAL makes it void.
    for (int round = 0; round < 2; round++) {
        set_value(id, 0, 5);
        pid = fork();
        NEED(pid >= 0);
        if (pid == 0) {
            char text[20];
            op(id, 0, -5, SEM_UNDO);
            if (round == 1)
                set_value(id, 0, 3);
            snprintf(text, sizeof text, "%d", id);
            execl(test_path("sysv_sem"), "sysv_sem", text, NULL);
            _exit(9);
        }
        say_status("exec", wait_for(pid));
        say("value %d", value(id, 0));
    }
    TRY(op(id, 0, 32767, SEM_UNDO | IPC_NOWAIT));
    set_value(id, 1, 0);
    TRY(op(id, 1, 32767, SEM_UNDO));
    set_value(id, 2, 0);
    TRY(semctl(id, 0, IPC_RMID));
}

// A semaphore as a lock: no two are inside, whoever is killed.
static void mutual(void)
{
    int id = semget(IPC_PRIVATE, 2, 0600);
    pid_t pids[4];

    NEED(id >= 0);
    set_value(id, 0, 1);
    for (int i = 0; i < 4; i++) {
        pids[i] = fork();
        NEED(pids[i] >= 0);
        if (pids[i] == 0) {
            int alone = 1;
            for (int k = 0; k < 200 || i == 3; k++) { // the last one goes on until it is killed
                NEED(op(id, 0, -1, SEM_UNDO) == 0);
                NEED(op(id, 1, 1, SEM_UNDO) == 0);
                alone = alone && value(id, 1) == 1;
                NEED(op(id, 1, -1, SEM_UNDO) == 0);
                NEED(op(id, 0, 1, SEM_UNDO) == 0);
            }
            _exit(alone);
        }
    }
    for (int i = 0; i < 3; i++)
        say_status("worker", wait_for(pids[i]));
    kill(pids[3], SIGKILL);
    say_status("worker", wait_for(pids[3]));
    say("values %d %d", value(id, 0), value(id, 1));
    TRY(semctl(id, 0, IPC_RMID));
}

int main(int argc, char **argv)
{
    if (argc > 1) // after exec
        return value(atoi(argv[1]), 0);
    by_key();
    operations();
    waiters();
    undo();
    mutual();
    return 0;
}
