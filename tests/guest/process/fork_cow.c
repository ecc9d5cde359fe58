// SPDX-License-Identifier: BSD-2-Clause
//
// needs: family
//
// Memory is copied by fork: data, bss, heap, stack and large blocks part ways, in both directions.
#include "tests/guest/check.h"

#define BIG (3u << 20)

static int in_data = 11;
static int in_bss;
static char page_in_bss[64 * 1024];
static const char in_rodata[] = "read only";

struct view {
    int data, bss, heap, stack, page, big, literal;
};

static void show(const char *who, const struct view *v)
{
    say("%s: data %d bss %d heap %d stack %d page %d big %d literal %d", who, v->data, v->bss,
        v->heap, v->stack, v->page, v->big, v->literal);
}

static struct view look(const int *heap, const int *stack, const char *big)
{
    return (struct view){
        in_data, in_bss, *heap, *stack, page_in_bss[40000], big[BIG / 2], strlen(in_rodata) == 9};
}

static void scribble(int *heap, int *stack, char *big, int with)
{
    in_data = in_bss = *heap = *stack = with;
    memset(page_in_bss, with, sizeof page_in_bss);
    memset(big, with, BIG);
}

// With many children, each one's copy is its own and the parent's stays as it was at each fork.
static void fan_out(void)
{
    int *cell = malloc(sizeof *cell);
    pid_t pids[8];
    int good = 0;

    NEED(cell);
    for (int i = 0; i < 8; i++) {
        *cell = i * 100;
        pids[i] = fork();
        NEED(pids[i] >= 0);
        if (pids[i] == 0) {
            *cell += i;
            _exit(*cell == i * 101 ? 1 : 0);
        }
        *cell = -1;
    }
    for (int i = 0; i < 8; i++)
        good += WEXITSTATUS(wait_for(pids[i]));
    say("children that saw their own value: %d of 8", good);
    free(cell);
}

int main(void)
{
    int *heap = malloc(sizeof *heap), stack = 44;
    char *big = malloc(BIG);
    struct view v;

    NEED(heap && big);
    in_bss = 22;
    *heap = 33;
    memset(page_in_bss, 55, sizeof page_in_bss);
    memset(big, 66, BIG);

    struct gate parent_wrote = gate_make(), child_wrote = gate_make();
    pid_t pid = fork();
    NEED(pid >= 0);
    if (pid == 0) {
        gate_wait(&parent_wrote);
        v = look(heap, &stack, big);
        show("child after the parent wrote", &v);
        scribble(heap, &stack, big, 7);
        v = look(heap, &stack, big);
        show("child after its own writes", &v);
        gate_open(&child_wrote);
        free(big);
        _exit(0);
    }
    scribble(heap, &stack, big, 99);
    gate_open(&parent_wrote);
    gate_wait(&child_wrote);
    say_status("child", wait_for(pid));
    v = look(heap, &stack, big);
    show("parent after the child wrote", &v);

    int wrong = 0;
    for (size_t i = 0; i < BIG; i++)
        wrong += big[i] != 99;
    say("wrong bytes in the parent's %u: %d", BIG, wrong);
    free(big);
    free(heap);
    fan_out();
    return 0;
}
