// SPDX-License-Identifier: BSD-2-Clause
// A thousand threads at a time; streams and memory used by many; an exit while one reads.
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>

#include "tests/guest/check.h"

#define MANY 1000

static pthread_barrier_t barrier;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int total;

static void *meets(void *arg)
{
    pthread_barrier_wait(&barrier);
    pthread_mutex_lock(&lock);
    total += (int)(intptr_t)arg;
    pthread_mutex_unlock(&lock);
    return arg;
}

static void a_thousand(void)
{
    static pthread_t t[MANY];
    pthread_attr_t a;
    pthread_attr_init(&a);
    MUST(pthread_attr_setstacksize(&a, 16384) == 0);
    pthread_barrier_init(&barrier, NULL, MANY);
    for (intptr_t i = 0; i < MANY; i++)
        NEED(pthread_create(&t[i], &a, meets, (void *)i) == 0);
    for (int i = 0; i < MANY; i++)
        MUST(pthread_join(t[i], NULL) == 0);
    say("total %d", total);
}

static FILE *file;

static void *prints(void *arg)
{
    for (int i = 0; i < 50; i++) {
        char *p = malloc(100 + (size_t)i * 10);
        memset(p, 'a' + (int)(intptr_t)arg, 60);
        p[60] = 0;
        fprintf(file, "%s %d %g\n", p, i, 0.5 * i);
        free(p);
        if (i % 10 == 0)
            sched_yield();
    }
    return NULL;
}

// Lines are whole, and none is missing.
static void streams(void)
{
    pthread_t t[8];
    char line[200];
    int lines = 0, whole = 0;
    file = tmpfile();
    NEED(file);
    for (intptr_t i = 0; i < 8; i++)
        NEED(pthread_create(&t[i], NULL, prints, (void *)i) == 0);
    for (int i = 0; i < 8; i++)
        MUST(pthread_join(t[i], NULL) == 0);
    rewind(file);
    while (fgets(line, sizeof line, file)) {
        lines++;
        size_t same = strspn(line, (char[]){line[0], 0});
        int i;
        double x;
        whole += same == 60 && sscanf(line + 60, " %d %lf", &i, &x) == 2 && x == 0.5 * i;
    }
    say("lines %d, whole %d", lines, whole);
    flockfile(file);
    MUST(ftrylockfile(file) == 0);
    funlockfile(file);
    funlockfile(file);
    fclose(file);
}

static sem_t begun;

static void *reads(void *arg)
{
    FILE *f = fdopen((int)(intptr_t)arg, "r");
    sem_post(&begun);
    getc(f);
    return NULL;
}

int main(void)
{
    pthread_t t;
    int ends[2];
    a_thousand();
    streams();
    sem_init(&begun, 0, 0);
    NEED(pipe(ends) == 0);
    NEED(pthread_create(&t, NULL, reads, (void *)(intptr_t)ends[0]) == 0);
    sem_wait(&begun);
    usleep(2000);
    printf("flushed\n");
    exit(0); // with a stream locked, for ever
}
