// SPDX-License-Identifier: BSD-2-Clause
// The scheduler: which thread of the process has its processor.
//
// A thread gives it up where it waits (wait_for(), sys_word_wait()), and on the way back from the
// kernel to the program when its turn is over or an event has made another ready. Each is on its
// own stack all the time, kernel and program alike, so a switch is one of stacks. Who waits is
// BLOCKED with its struct wait, which only it can judge: whatever may have changed makes it ready,
// and it looks for itself. Who waits on a word of its own memory is PARKED and costs nothing until
// it is woken.
//
// Other members ring this one's door (kernel/window/waitq.c). The bell is read here before those
// who wait are made ready, so a ring that comes after makes them ready again: none is missed,
// whoever runs. While one runs and another waits, wakers are asked to interrupt (WAIT_ALERT).
// Neighbours: thread.c, calls.c, word.c; alarm.c (the one timer there is).

#include "kernel/thread/sched.h"
#include "kernel/api/errno.h"
#include "kernel/arch.h"
#include "kernel/entry.h"
#include "kernel/lib.h"
#include "kernel/pv.h"
#include "kernel/signal/signal.h"
#include "kernel/time/clock.h"
#include "kernel/window/lock.h"
#include "kernel/window/waitq.h"

// A turn: two threads that compute get it 100 times a second; with many it is shorter, so that one
// who has just become ready is not kept waiting for long.
#define TURN_NS     UINT64_C(10000000)
#define TURN_MIN_NS UINT64_C(1000000)
#define ROUND_NS    UINT64_C(20000000) // in which all have a turn, if they are not too many

#define BUCKETS 64u

static struct thread_queue ready, blocked, parked[BUCKETS];
static uint32_t nready;
static uint32_t bell;     // of the door, when those who are blocked were last made ready for it
static uint64_t turn_end; // of `current`, where others are ready; 0: not set
static void **impure;     // the C library's pointer to its state of the thread that runs
static int hurry;         // an event has made somebody ready: at once, not at the end of the turn

// --- queues ---

void thread_queue_push(struct thread_queue *q, struct kthread *t)
{
    t->next = NULL;
    t->prev = q->tail;
    if (q->tail)
        q->tail->next = t;
    else
        q->head = t;
    q->tail = t;
}

static void push_first(struct thread_queue *q, struct kthread *t)
{
    t->prev = NULL;
    t->next = q->head;
    if (q->head)
        q->head->prev = t;
    else
        q->tail = t;
    q->head = t;
}

void thread_queue_remove(struct thread_queue *q, struct kthread *t)
{
    *(t->prev ? &t->prev->next : &q->head) = t->next;
    *(t->next ? &t->next->prev : &q->tail) = t->prev;
}

// Words that share a bucket share its queue: whoever wakes compares the word itself.
struct thread_queue *sched_parked(const void *word)
{
    return &parked[(uintptr_t)word / sizeof(uint32_t) % BUCKETS];
}

// --- the timer ---

// There is one timer: it is set anew only for a time before the one it is set to.
void sched_want_timer(uint64_t ns)
{
    if (ns < thread_due) {
        thread_due = ns;
        timer_resume();
    }
}

static uint64_t turn_ns(void)
{
    return max_u64(TURN_MIN_NS, min_u64(TURN_NS, ROUND_NS / (nready + 1)));
}

// Whoever is ready does not wait for ever.
static void limit_turn(void)
{
    if (!turn_end && nready) {
        turn_end = pv_mono_ns() + turn_ns();
        sched_want_timer(turn_end);
    }
}

// --- states ---

static void make_ready(struct kthread *t, int first)
{
    t->state = THREAD_READY;
    if (first)
        push_first(&ready, t);
    else
        thread_queue_push(&ready, t);
    nready++;
    limit_turn();
}

// T is blocked or parked. FIRST is for who has been kept waiting long enough: a deadline, a signal.
void sched_ready(struct kthread *t, int first)
{
    thread_queue_remove(t->state == THREAD_PARKED ? sched_parked(t->word) : &blocked, t);
    make_ready(t, first);
}

// A thread that was in no queue yet.
void sched_add(struct kthread *t)
{
    make_ready(t, 0);
}

static struct kthread *take_ready(void)
{
    struct kthread *t = ready.head;
    if (t) {
        thread_queue_remove(&ready, t);
        nready--;
    }
    return t;
}

// Makes all that are blocked ready: something may have changed for any of them.
static void ready_all(void)
{
    for (struct kthread *t, *next = blocked.head; (t = next);) {
        next = t->next;
        sched_ready(t, 0);
    }
}

// Those whose time is up. The next deadline of the others.
static uint64_t ready_due(struct thread_queue *q, uint64_t now)
{
    uint64_t due = PV_FOREVER;
    for (struct kthread *t, *next = q->head; (t = next);) {
        next = t->next;
        if (t->deadline <= now)
            sched_ready(t, 1);
        else
            due = min_u64(due, t->deadline);
    }
    return due;
}

static uint64_t ready_all_due(uint64_t now)
{
    uint64_t due = ready_due(&blocked, now);
    for (uint32_t i = 0; i < BUCKETS; i++)
        if (parked[i].head)
            due = min_u64(due, ready_due(&parked[i], now));
    return due;
}

// Whether a thread would act on, or waits for, one of the signals.
static int wants_signal(const struct kthread *t, uint64_t process)
{
    const uint64_t pending = process | t->directed;
    if (pending & t->awaits)
        return 1;
    return (pending & ~(t->blocked & ~SIG_UNBLOCKABLE)) != 0;
}

// Whoever is to act on signals: all that one was sent to alone, and of those that anybody may take
// one thread, `current` first.
static void ready_for_signals(void)
{
    uint64_t process = atomic_load(&proc_vm->sig_pending);
    if (current->state == THREAD_RUNNING)
        process &= atomic_load(&proc_vm->sig_blocked);
    for (struct kthread *t = thread_list; t; t = t->sibling) {
        const int idle = t->state == THREAD_BLOCKED || t->state == THREAD_PARKED;
        if (!idle || !wants_signal(t, process))
            continue;
        sched_ready(t, 1);
        process &= t->blocked;
    }
}

// What an event, or the bell, may have changed.
static void look_around(uint32_t bits)
{
    current->blocked = atomic_load(&proc_vm->sig_blocked);
    const uint32_t rung = __atomic_load_n(&window_door(lock_self_slot())->bell, __ATOMIC_SEQ_CST);
    if (rung != bell || (bits & PV_EVENT_DEVICE)) { // a device announces itself by nothing else
        bell = rung;
        ready_all();
    }
    const uint64_t now = pv_mono_ns();
    if (now >= thread_due) {
        thread_due = PV_FOREVER;
        sched_want_timer(ready_all_due(now));
        turn_end = 0;
        hurry = nready != 0;
    }
    ready_for_signals();
}

// After the events that an upcall, a wait or the way out has found.
static void after_events(uint32_t bits)
{
    const uint32_t before = nready;
    look_around(bits);
    hurry |= nready > before;
}

// --- switching ---

static void switch_to(struct kthread *to)
{
    struct kthread *from = current;
    const uint64_t now = pv_mono_ns();
    to->state = THREAD_RUNNING;
    turn_end = 0;
    limit_turn();
    if (to == from)
        return;
    from->cpu_ns = thread_cpu_ns(from);
    to->since_ns = now;
    to->asleep_ns = wait_asleep_ns;
    // The mask of who runs is the process's, in its entry.
    from->blocked = atomic_load(&proc_vm->sig_blocked);
    atomic_store(&proc_vm->sig_blocked, to->blocked);
    from->reent = *impure;
    *impure = to->reent;
    current = to;
    if (to->pointer) // a program without thread-local variables has none: on some hosts it is dear
        arch_set_thread_pointer(to->pointer);
    arch_switch(&from->sp, to->sp);
}

// The bits of PV_WAIT_* that somebody waits for.
static uint32_t consoles(void)
{
    uint32_t bits = 0;
    for (const struct kthread *t = blocked.head; t; t = t->next)
        bits |= t->wait->console;
    return bits;
}

// Nobody is ready: the member sleeps, on the stack of who was the last to wait. The next deadline
// of those who wait on.
static uint64_t sleep_all(void)
{
    wait_set_alert(WAIT_ASLEEP);
    const uint64_t from = pv_mono_ns(), due = ready_all_due(from);
    const uint32_t console = consoles();
    uint32_t holds = 0;
    if (!nready && !*(volatile uint32_t *)&pv_shared->pending)
        holds = (uint32_t)pv_wait(bell, due, console);
    wait_asleep_ns += pv_mono_ns() - from;
    wait_set_alert(WAIT_ALERT);
    if (holds & console)
        ready_all();
    if (*(volatile uint32_t *)&pv_shared->pending)
        wait_hooks.events();
    else
        look_around(0);
    return ready_all_due(pv_mono_ns());
}

// The caller has noted its own state and queue. Returns when it is its turn again.
void sched_switch(void)
{
    struct kthread *to = take_ready();
    if (!to) {
        uint64_t due;
        do
            due = sleep_all();
        while (!(to = take_ready()));
        sched_want_timer(due); // it may run for long
    }
    switch_to(to);
}

// Gives up the processor; returns when it is the calling thread's turn again.
static void give_turn(void)
{
    make_ready(current, 0);
    sched_switch();
}

// --- hooks ---

// On the way to the program. The kernel is not left by a thread whose turn is over.
static void next_turn(void)
{
    if (!nready)
        return;
    if (hurry || (turn_end && pv_mono_ns() >= turn_end)) {
        hurry = 0;
        give_turn();
    }
    limit_turn();
}

static int yield_turn(void)
{
    if (!nready)
        return 0;
    give_turn();
    return 1;
}

// One thread has run alone, and has had the door for itself: whoever waits looks again.
static void rejoin(void)
{
    wait_enter(&(struct wait){.nqueues = 0});
    wait_set_alert(WAIT_ALERT);
    ready_all();
}

// wait_for() with others to run meanwhile.
static int wait_threaded(const struct wait *w)
{
    for (;;) {
        int r = wait_look(w);
        if (r || pv_mono_ns() >= w->deadline)
            return r;
        wait_enter(w);
        wait_set_alert(WAIT_ALERT);
        r = wait_look(w);
        if (r)
            return r;
        current->wait = w;
        current->deadline = w->deadline;
        current->state = THREAD_BLOCKED;
        thread_queue_push(&blocked, current);
        if (nready)
            sched_want_timer(w->deadline);
        sched_switch();
        current->wait = NULL;
    }
}

// Only those that wait in this queue, as far as that is known.
static void wake_own(struct waitq *q)
{
    for (struct kthread *t, *next = blocked.head; (t = next);) {
        next = t->next;
        for (uint32_t i = 0; i < t->wait->nqueues; i++)
            if (t->wait->queues[i] == q) {
                sched_ready(t, 0);
                break;
            }
    }
}

static const struct wait_threads waits = {wait_threaded, wake_own};
static const struct thread_hooks hooks = {
    .events = after_events,
    .turn = next_turn,
    .yield = yield_turn,
    .left = thread_left,
    .forget = thread_forget_signals,
    .keep_file = thread_keep_file,
    .ended = thread_calls_end,
    .rejoin = rejoin,
    .cpu_time = thread_time,
};

// The second thread is about to be. The queues may have been a parent's before a fork.
void sched_begin(void **reent)
{
    impure = reent;
    memset(&ready, 0, sizeof ready);
    memset(&blocked, 0, sizeof blocked);
    memset(parked, 0, sizeof parked);
    nready = 0;
    turn_end = 0;
    hurry = 0;
    bell = __atomic_load_n(&window_door(lock_self_slot())->bell, __ATOMIC_SEQ_CST);
    current->since_ns = pv_mono_ns();
    current->asleep_ns = wait_asleep_ns;
    wait_threads = &waits;
    thread_hooks = &hooks;
}
