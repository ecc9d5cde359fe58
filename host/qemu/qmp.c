// SPDX-License-Identifier: BSD-2-Clause
// QMP: commands out, lines in. See qmp.h.

#include "host/qemu/qmp.h"
#include "host/clock.h"
#include "host/family/fdpass.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

void qmp_init(struct qmp *q, int fd)
{
    q->fd = fd;
    q->broken = 0;
    q->sent = q->answered = 0;
    q->migration = QMP_MIGRATION_NONE;
    q->error[0] = 0;
    q->len = 0;
}

uint64_t qmp_deadline(unsigned ms)
{
    return clock_ns(CLOCK_MONOTONIC) + ms * UINT64_C(1000000);
}

// The first error is kept: once a line or a byte is lost nobody knows where the next message
// begins, so no later command is tried.
static int broken(struct qmp *q, int error)
{
    if (!q->broken)
        q->broken = error;
    return q->broken;
}

// Waits until the socket can be read or written. A signal only costs another look at the clock.
static int ready(struct qmp *q, short events, uint64_t deadline_ns)
{
    for (;;) {
        struct pollfd p = {.fd = q->fd, .events = events};
        uint64_t now = clock_ns(CLOCK_MONOTONIC);
        if (now >= deadline_ns)
            return broken(q, -ETIMEDOUT);
        // Rounded up, or the last millisecond would be a busy loop.
        int n = poll(&p, 1, (int)((deadline_ns - now) / 1000000) + 1);
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return broken(q, -errno);
    }
}

// The descriptor travels with the first byte.
static int send_all(struct qmp *q, const char *text, size_t len, int pass, uint64_t deadline_ns)
{
    while (len) {
        ssize_t n = fdpass_send(q->fd, text, len, &pass, pass >= 0, MSG_DONTWAIT);
        if (n > 0) {
            text += n, len -= (size_t)n, pass = -1;
            continue;
        }
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return broken(q, -errno);
        if (ready(q, POLLOUT, deadline_ns) < 0)
            return q->broken;
    }
    return 0;
}

int qmp_send(struct qmp *q, uint64_t deadline_ns, int pass, const char *command, const char *format,
             ...)
{
    if (q->broken)
        return q->broken;
    va_list args;
    va_start(args, format);
    json_t *arguments = format ? json_vpack_ex(NULL, 0, format, args) : json_object();
    va_end(args);
    // The reference to `arguments` is given away, also when packing fails.
    json_t *all = json_pack("{s:s, s:o, s:i}", "execute", command, "arguments", arguments, "id",
                            (int)(q->sent + 1));
    char *text = all ? json_dumps(all, JSON_COMPACT) : NULL;
    json_decref(all);
    if (!text)
        return -ENOMEM;
    int r = send_all(q, text, strlen(text), pass, deadline_ns);
    free(text);
    // Several commands may be under way; qmp_finish() collects their answers, which come in order.
    if (r == 0)
        q->sent++;
    return r;
}

// QEMU sends many events; of interest is only how a migration goes. It may pass through several
// states before it completes.
static void take_event(struct qmp *q, const json_t *message)
{
    const char *status = json_string_value(json_object_get(json_object_get(message, "data"), //
                                                           "status"));
    if (strcmp(json_string_value(json_object_get(message, "event")), "MIGRATION") != 0 || !status)
        return;
    if (!strcmp(status, "completed"))
        q->migration = QMP_MIGRATION_COMPLETED;
    else if (!strcmp(status, "failed") || !strcmp(status, "cancelled"))
        q->migration = QMP_MIGRATION_FAILED;
    else
        q->migration = QMP_MIGRATION_ACTIVE;
}

static int take_answer(struct qmp *q, const json_t *message, const json_t *error)
{
    const json_t *id = json_object_get(message, "id");
    // An answer that was not asked for, or out of order, means that this is not the peer we think
    // it is.
    if (!json_is_integer(id) || json_integer_value(id) != (json_int_t)q->answered + 1 ||
        q->answered == q->sent)
        return broken(q, -EPROTO);
    q->answered++;
    if (!error)
        return 0;
    const char *said = json_string_value(json_object_get(error, "desc"));
    snprintf(q->error, sizeof q->error, "%s", said ? said : "no reason given");
    return -EREMOTEIO;
}

// One line. 0, or -EREMOTEIO for a command refused, or that the peer speaks no QMP.
static int take_line(struct qmp *q, const char *line, size_t len)
{
    json_t *message = json_loadb(line, len, 0, NULL);
    const json_t *error = json_object_get(message, "error");
    int r = 0;
    if (json_is_string(json_object_get(message, "event")))
        take_event(q, message);
    else if (error || json_object_get(message, "return"))
        r = take_answer(q, message, error);
    else if (!json_object_get(message, "QMP")) // the greeting
        r = broken(q, -EPROTO);
    json_decref(message);
    return r;
}

// Takes the lines that have come; waits for at least one.
static int take_lines(struct qmp *q, uint64_t deadline_ns)
{
    const char *end;
    int r = 0;
    if (q->broken || (r = ready(q, POLLIN, deadline_ns)) < 0)
        return q->broken;
    ssize_t n = recv(q->fd, q->line + q->len, sizeof q->line - q->len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0)
        return broken(q, n < 0 && errno != ECONNRESET ? -errno : -EPIPE);
    q->len += (size_t)n;
    while ((end = memchr(q->line, '\n', q->len))) {
        size_t used = (size_t)(end - q->line) + 1;
        int line = take_line(q, q->line, used);
        r = line < 0 ? line : r;
        memmove(q->line, q->line + used, q->len - used);
        q->len -= used;
    }
    // A line longer than anything QEMU has to say to us.
    if (q->len == sizeof q->line)
        return broken(q, -EMSGSIZE);
    return q->broken ? q->broken : r;
}

// A refused command does not end the wait: the answers to the others must be read all the same.
int qmp_finish(struct qmp *q, uint64_t deadline_ns)
{
    int refused = 0;
    while (!q->broken && q->answered != q->sent) {
        int r = take_lines(q, deadline_ns);
        refused = r < 0 ? r : refused;
    }
    return q->broken ? q->broken : refused;
}

int qmp_migrated(struct qmp *q, uint64_t deadline_ns)
{
    while (!q->broken && q->migration != QMP_MIGRATION_COMPLETED &&
           q->migration != QMP_MIGRATION_FAILED)
        take_lines(q, deadline_ns);
    if (q->broken)
        return q->broken;
    return q->migration == QMP_MIGRATION_COMPLETED ? 0 : -EREMOTEIO;
}
