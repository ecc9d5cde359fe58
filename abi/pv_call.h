// SPDX-License-Identifier: BSD-2-Clause
// The argument structs of abi/pv.h as an implementer receives them: one at a time, by its number.
#ifndef RAMET_ABI_PV_CALL_H
#define RAMET_ABI_PV_CALL_H

#include "abi/pv.h"

union pv_call_args {
    struct pv_call call;
    struct pv_exit exit;
    struct pv_wait wait;
    struct pv_kick kick;
    struct pv_set_timer set_timer;
    struct pv_console console;
    struct pv_fork fork;
    struct pv_exec exec; // and SPAWN
    struct pv_kill kill;
    struct pv_release release;
    struct pv_protect protect;
    struct pv_set_tp set_tp;
    struct pv_notify notify;
};

static const uint8_t pv_call_size[PV_CALL_NR_END] = {
    [PV_CALL_EXIT] = sizeof(struct pv_exit),
    [PV_CALL_WAIT] = sizeof(struct pv_wait),
    [PV_CALL_KICK] = sizeof(struct pv_kick),
    [PV_CALL_SET_TIMER] = sizeof(struct pv_set_timer),
    [PV_CALL_CONSOLE] = sizeof(struct pv_console),
    [PV_CALL_FORK] = sizeof(struct pv_fork),
    [PV_CALL_EXEC] = sizeof(struct pv_exec),
    [PV_CALL_SPAWN] = sizeof(struct pv_exec),
    [PV_CALL_KILL] = sizeof(struct pv_kill),
    [PV_CALL_RELEASE] = sizeof(struct pv_release),
    [PV_CALL_PROTECT] = sizeof(struct pv_protect),
    [PV_CALL_SET_TP] = sizeof(struct pv_set_tp),
    [PV_CALL_NOTIFY] = sizeof(struct pv_notify),
};

#endif
