// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// stdio across fork: an unflushed buffer is part of the copied memory, so it comes out twice; a
// flushed one once. Line buffering, and the shared offset of unbuffered input.
#include "tests/guest/check.h"

int main(void)
{
    scratch("fork_stdio");
    setvbuf(stdout, NULL, _IOFBF, 4096);

    printf("before the fork, unflushed: twice\n");
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        printf("the child's own line\n");
        exit(0);
    }
    wait_for(pid);
    printf("the parent's own line\n");
    fflush(stdout);

    printf("flushed before the fork: once\n");
    fflush(stdout);
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0)
        exit(0);
    wait_for(pid);

    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("line buffered: ");
    printf("only the part after the newline\nis copied: ");
    fflush(stdout);
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        printf("child\n");
        exit(0);
    }
    wait_for(pid);
    printf("parent\n");

    put_file("numbers", "1\n2\n3\n4\n5\n", 0644);
    FILE *in = fopen("numbers", "r");
    NEED(in);
    setvbuf(in, NULL, _IONBF, 0);
    char line[8];
    NEED(fgets(line, sizeof line, in));
    printf("parent read %s", line);
    fflush(stdout);
    pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        NEED(fgets(line, sizeof line, in));
        printf("child read %s", line);
        exit(0);
    }
    wait_for(pid);
    NEED(fgets(line, sizeof line, in));
    printf("unbuffered input shares the offset: parent read %s", line);
    fclose(in);
    return 0;
}
