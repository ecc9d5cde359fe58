// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// System V shared memory: shmget, shmat, shmdt, shmctl, by several processes.
#include "tests/guest/check.h"
#include <sys/ipc.h>
#include <sys/shm.h>

static unsigned long attached(int id)
{
    struct shmid_ds ds;

    NEED(shmctl(id, IPC_STAT, &ds) == 0);
    return ds.shm_nattch;
}

static void by_key(void)
{
    key_t key;
    struct shmid_ds ds;
    time_t before = time(NULL);

    scratch("shm");
    put_file("key", "", 0644);
    key = ftok("key", 'a');
    CHECK("ftok gives one key", key == ftok("key", 'a') && key != ftok("key", 'b'));
    TRY(ftok("missing", 'a'));
    TRY(shmget(key, 5000, 0600));
    int id = shmget(key, 5000, IPC_CREAT | 0640);
    NEED(id >= 0);
    CHECK("the same key, the same id", shmget(key, 0, 0) == id && shmget(key, 5000, 0600) == id);
    TRY(shmget(key, 5000, IPC_CREAT | IPC_EXCL | 0600));
    TRY(shmget(key, 5001, 0600));
    TRY(shmget(IPC_PRIVATE, 0, 0600));
    TRY(shmctl(id, IPC_STAT, &ds));
    CHECK("what it says", ds.shm_perm.__key == key && ds.shm_segsz == 5000 &&
                              ds.shm_cpid == getpid() && ds.shm_lpid == 0 && ds.shm_nattch == 0 &&
                              ds.shm_atime == 0 && ds.shm_dtime == 0 && ds.shm_ctime >= before);
    say("mode %o, owner %d %d", (unsigned)ds.shm_perm.mode, ds.shm_perm.uid == geteuid(),
        ds.shm_perm.cgid == getegid());
    ds.shm_perm.mode = 0777;
    TRY(shmctl(id, IPC_SET, &ds));
    TRY(shmctl(id, IPC_STAT, &ds));
    say("mode %o", (unsigned)ds.shm_perm.mode);
    TRY(shmctl(id, IPC_STAT, NULL));
    TRY(shmctl(id, 99, &ds));
    TRY(shmctl(-1, IPC_STAT, &ds));
    TRY(shmctl(id, IPC_RMID, NULL));
    TRY(shmctl(id, IPC_RMID, NULL));
    CHECK("shmat of none", shmat(id, NULL, 0) == (void *)-1 && errno == EINVAL);
    TRY(shmget(key, 5000, 0600));
    int again = shmget(key, 100, IPC_CREAT | 0600);
    CHECK("a new one has another id", again >= 0 && again != id);
    TRY(shmctl(again, IPC_RMID, NULL));
}

static void attaches(void)
{
    struct shmid_ds ds;
    int here;
    int id = shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0600);

    NEED(id >= 0);
    char *p = shmat(id, NULL, 0);
    NEED(p != (void *)-1);
    CHECK("zeros", p[0] == 0 && p[9999] == 0 && p[12287] == 0);
    strcpy(p + 4090, "over a page");
    say("attached %lu", attached(id));

    // A child has what its parent has, and exec and exit drop it.
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        say("child: %s, attached %lu", p + 4090, attached(id));
        strcpy(p, "from the child");
        TRY(shmdt(p));
        say("child: attached %lu", attached(id));
        char *q = shmat(id, NULL, SHM_RDONLY);
        NEED(q != (void *)-1);
        say("child: %s", q);
        int fd = open("/dev/zero", O_RDONLY);
        TRY(read(fd, q, 10)); // the kernel does not write there either
        _exit(0);
    }
    say_status("child", wait_for(pid));
    say("parent: %s, attached %lu", p, attached(id));
    NEED(shmctl(id, IPC_STAT, &ds) == 0);
    CHECK("the last was the child", ds.shm_lpid == pid && ds.shm_dtime != 0);

    TRY(shmdt(p + 4096));
    TRY(shmdt(&here));
    CHECK("not aligned", shmat(id, p + 1, 0) == (void *)-1 && errno == EINVAL);
    CHECK("SHM_REMAP without a place", shmat(id, NULL, SHM_REMAP) == (void *)-1 && errno == EINVAL);

    // Removed, it lives on until the last one lets go.
    TRY(shmctl(id, IPC_RMID, NULL));
    NEED(shmctl(id, IPC_STAT, &ds) == 0);
    say("removed: mode %o, key %d, attached %lu", (unsigned)ds.shm_perm.mode,
        (int)ds.shm_perm.__key, (unsigned long)ds.shm_nattch);
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        CHECK("attached by its id all the same", shmat(id, NULL, 0) != (void *)-1);
        say("child: attached %lu", attached(id));
        _exit(0);
    }
    wait_for(pid);
    say("parent: attached %lu, %s", attached(id), p);
    TRY(shmdt(p));
    TRY(shmctl(id, IPC_STAT, &ds));
    TRY(shmdt(p));
}

// Attached by children that are killed, or exec.
static void ends(void)
{
    int id = shmget(IPC_PRIVATE, 4096, 0600);
    struct gate ready = gate_make();

    NEED(id >= 0);
    for (int round = 0; round < 3; round++) {
        pid_t pid = fork();
        NEED(pid >= 0);
        if (pid == 0) {
            char *p = shmat(id, NULL, 0);
            NEED(p != (void *)-1);
            p[0]++;
            gate_open(&ready);
            if (round == 0)
                for (;;)
                    pause();
            if (round == 1)
                execl(test_path("sysv_shm"), "sysv_shm", "exec", NULL);
            _exit(7);
        }
        gate_wait(&ready);
        if (round == 0) {
            say("attached %lu", attached(id));
            kill(pid, SIGKILL);
        }
        say_status("child", wait_for(pid));
        say("attached %lu", attached(id));
    }
    char *p = shmat(id, NULL, 0);
    NEED(p != (void *)-1);
    say("counted %d", p[0]);
    TRY(shmctl(id, IPC_RMID, NULL));
    // The parent's end removes it.
}

static void others(void)
{
    int id = shmget(IPC_PRIVATE, 100, 0640);
    struct shmid_ds ds;

    NEED(id >= 0);
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        NEED(setgid(12345) == 0 && setuid(12345) == 0);
        TRY(shmctl(id, IPC_STAT, &ds));
        CHECK("not to read", shmat(id, NULL, SHM_RDONLY) == (void *)-1 && errno == EACCES);
        TRY(shmctl(id, IPC_RMID, NULL));
        TRY(shmctl(id, IPC_SET, &ds));
        TRY(shmctl(id, SHM_LOCK, NULL));
        _exit(0);
    }
    wait_for(pid);
    NEED(shmctl(id, IPC_STAT, &ds) == 0);
    ds.shm_perm.uid = 12345;
    ds.shm_perm.mode = 0400;
    TRY(shmctl(id, IPC_SET, &ds));
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        NEED(setgid(12345) == 0 && setuid(12345) == 0);
        CHECK("to read", shmat(id, NULL, SHM_RDONLY) != (void *)-1);
        CHECK("not to write", shmat(id, NULL, 0) == (void *)-1 && errno == EACCES);
        TRY(shmctl(id, IPC_RMID, NULL));
        _exit(0);
    }
    wait_for(pid);
    TRY(shmctl(id, IPC_STAT, &ds));
}

static void figures(void)
{
    struct shm_info info;
    struct shminfo limits;
    struct shmid_ds ds;
    int id = shmget(IPC_PRIVATE, 5 * 4096, 0600);

    NEED(id >= 0);
    int top = shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&info);
    CHECK("SHM_INFO", top >= 0 && info.used_ids >= 1 && info.shm_tot >= 5);
    CHECK("IPC_INFO", shmctl(0, IPC_INFO, (struct shmid_ds *)(void *)&limits) == top &&
                          limits.shmmin == 1 && limits.shmmni >= 100 && limits.shmmax >= 4096);
    int seen = 0;
    for (int i = 0; i <= top; i++)
        seen += shmctl(i, SHM_STAT, &ds) == id && ds.shm_segsz == 5 * 4096;
    say("seen %d", seen);
    TRY(shmctl(id, SHM_LOCK, NULL));
    NEED(shmctl(id, IPC_STAT, &ds) == 0);
    say("locked: mode %o", (unsigned)ds.shm_perm.mode);
    TRY(shmctl(id, SHM_UNLOCK, NULL));
    TRY(shmctl(id, IPC_RMID, NULL));
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) // after exec: nothing is attached
        return 8;
    by_key();
    attaches();
    ends();
    others();
    figures();
    return 0;
}
