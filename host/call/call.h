// SPDX-License-Identifier: BSD-2-Clause
// The paravirtual calls, one function each; the interface and its errors are in abi/pv.h. What a
// call needs of a back end is behind backend.h.
#ifndef HOST_CALL_H
#define HOST_CALL_H

#include "abi/pv.h"
#include "host/family/member.h"

// What a handler returns when whoever made the call is not there any more: the VM runs another
// program now, or this process has become another member. Nothing is written back.
#define CALL_REPLACED INT64_MAX

// Handles the call whose argument struct is at `addr`. Returns whether its result was written.
int call_dispatch(struct member *m, struct gaddr addr);

int64_t call_exit(struct member *m, struct pv_exit *c);
int64_t call_wait(struct member *m, struct pv_wait *c);
int64_t call_kick(struct member *m, struct pv_kick *c);
int64_t call_set_timer(struct member *m, struct pv_set_timer *c);
int64_t call_console(struct member *m, struct pv_console *c);
int64_t call_fork(struct member *m, struct pv_fork *c);
int64_t call_exec(struct member *m, struct pv_exec *c);
int64_t call_spawn(struct member *m, struct pv_exec *c);
int64_t call_kill(struct member *m, struct pv_kill *c);
int64_t call_set_tp(struct member *m, struct pv_set_tp *c);

extern const char *const call_names[PV_CALL_NR_END];

#endif
