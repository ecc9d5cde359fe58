// SPDX-License-Identifier: BSD-2-Clause
// stub_blob.h: the stub (stub/) as it lies at STUB_TEXT_VA, linked into this program.
#ifndef HOST_PROCESS_STUB_BLOB_H
#define HOST_PROCESS_STUB_BLOB_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

extern const uint8_t stub_blob[], stub_blob_end[];

static inline size_t stub_blob_size(void)
{
    return (uintptr_t)stub_blob_end - (uintptr_t)stub_blob;
}

// It begins with these addresses (entry.S).
enum stub_symbol {
    STUB_BEGIN,
    STUB_CALL,
    STUB_RESTORER,
    STUB_ON_EVENT,
    STUB_ON_EXCEPTION,
    STUB_ENTER,
    STUB_RETURN
};

static inline uintptr_t stub_address(enum stub_symbol which)
{
    uint64_t at;
    memcpy(&at, stub_blob + which * sizeof at, sizeof at);
    return at;
}

#endif
