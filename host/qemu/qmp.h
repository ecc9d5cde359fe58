// SPDX-License-Identifier: BSD-2-Clause
// A client of QMP, the monitor protocol of QEMU (its docs/interop/qmp-spec): one JSON object a
// line, answers and events mixed. Only what cloning a VM needs. QEMU is not believed: a guest may
// have taken it over. Lines and waits are bounded, and after anything that is not QMP the client
// answers nothing but that error.
#ifndef HOST_QMP_H
#define HOST_QMP_H

#include <stddef.h>
#include <stdint.h>

#define QMP_LINE_MAX 16384u // bytes; the longest expected is a greeting of a few hundred

// What the last MIGRATION event said, of saving or of loading a VM.
enum qmp_migration {
    QMP_MIGRATION_NONE,
    QMP_MIGRATION_ACTIVE, // anything before its end
    QMP_MIGRATION_COMPLETED,
    QMP_MIGRATION_FAILED,
};

struct qmp {
    int fd;                       // a connected stream socket
    int broken;                   // 0, or -errno of every operation from now on
    unsigned sent, answered;      // commands; answers come in the same order
    enum qmp_migration migration; // set to NONE by whoever starts one
    char error[128];              // what QEMU said of the last command that failed
    size_t len;                   // bytes in `line`
    char line[QMP_LINE_MAX];
};

void qmp_init(struct qmp *q, int fd);

// Sends a command without waiting for its answer, its arguments made by jansson's json_pack() from
// `format` (NULL: none). `pass` is a descriptor to go with it, or -1. 0 or -errno. `deadline_ns`,
// here and below, is CLOCK_MONOTONIC; -ETIMEDOUT when it has passed.
int qmp_send(struct qmp *q, uint64_t deadline_ns, int pass, const char *command, const char *format,
             ...);

// Waits for the answers to all commands sent. 0; -EREMOTEIO when QEMU refused one, with the reason
// in q->error; -EPIPE when it is gone; -EMSGSIZE, -EPROTO for what is not QMP.
int qmp_finish(struct qmp *q, uint64_t deadline_ns);

// Waits until a migration has ended: 0 if it was completed, -EREMOTEIO if it failed, or as above.
int qmp_migrated(struct qmp *q, uint64_t deadline_ns);

// `ms` from now, for deadlines.
uint64_t qmp_deadline(unsigned ms);

#endif
