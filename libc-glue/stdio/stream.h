// SPDX-License-Identifier: BSD-2-Clause
// What the glue's part of stdio knows of newlib's streams: inner functions that <stdio.h> does not
// declare, and what the fields of a FILE that is written mean.
//
// _bf is the buffer, _p the next free byte in it. _w is what the putc() macros look at before they
// store a byte themselves; it follows from _p, and set_used() is the one place that says how:
//   fully buffered   the room left;       _lbfsize is 0
//   line buffered    minus what is used;  _lbfsize is minus the buffer's size
//   unbuffered       0
// Neighbours: newlib's stdio/local.h and fvwrite.h, which are not installed.
#ifndef RAMET_GLUE_STREAM_H
#define RAMET_GLUE_STREAM_H

#include <errno.h>
#include <reent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Pieces of one output call (newlib: struct __siov, struct __suio).
struct piece {
    const void *base;
    size_t len;
};
struct output {
    struct piece *piece;
    int count;
    size_t left; // bytes that are not taken yet
};

void __sinit(struct _reent *re);
int __swsetup_r(struct _reent *re, FILE *f);
int __srefill_r(struct _reent *re, FILE *f);
int _fwalk_reent(struct _reent *re, int (*call)(struct _reent *, FILE *));
FILE *__sfp(struct _reent *re);
_ssize_t __sread(struct _reent *re, void *cookie, char *buf, int len);
_ssize_t __swrite(struct _reent *re, void *cookie, const char *buf, int len);
_fpos_t __sseek(struct _reent *re, void *cookie, _fpos_t off, int whence);
int __sclose(struct _reent *re, void *cookie);

// What this folder replaces.
int __sflags(struct _reent *re, const char *mode, int *open_flags);
int __sflush_r(struct _reent *re, FILE *f);
int __sfvwrite_r(struct _reent *re, FILE *f, struct output *out);
int __swbuf(int c, FILE *f);

// fflush() that keeps in the buffer whatever could not be written. Returns 0, or EOF with errno and
// the error indicator set. The caller takes out what its own call had put there, then calls
// drop_unwritable(). (flush.c)
int flush_or_keep(struct _reent *re, FILE *f);

// After a flush that failed, with errno as that left it: empties the buffer unless the error is one
// that passes by itself. (flush.c)
void drop_unwritable(struct _reent *re, FILE *f);

static inline void init_streams(struct _reent *re)
{
    if (re && !re->__sdidinit)
        __sinit(re);
}

static inline void lock_stream(FILE *f)
{
    if (!(f->_flags2 & __SNLK))
        flockfile(f);
}

static inline void unlock_stream(FILE *f)
{
    if (!(f->_flags2 & __SNLK))
        funlockfile(f);
}

// The stream's first use decides that it is one of bytes.
static inline void bytes_wanted(FILE *f)
{
    if (!(f->_flags & __SORD)) {
        f->_flags |= __SORD;
        f->_flags2 &= ~__SWID;
    }
}

// Makes F ready to be written. Returns 0, or EOF with errno and the error indicator set.
static inline int ready_to_write(struct _reent *re, FILE *f)
{
    return (f->_flags & __SWR) && f->_bf._base ? 0 : __swsetup_r(re, f);
}

static inline size_t used(const FILE *f)
{
    return (size_t)(f->_p - f->_bf._base);
}

static inline void set_used(FILE *f, size_t n)
{
    f->_p = f->_bf._base + n;
    if (f->_flags & __SLBF)
        f->_w = -(int)n;
    else
        f->_w = f->_flags & __SNBF ? 0 : f->_bf._size - (int)n;
}

#endif
