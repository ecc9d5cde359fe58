// SPDX-License-Identifier: BSD-2-Clause
// newlib's <stdlib.h> plus POSIX functions it does not declare.
#ifndef _RAMET_STDLIB_H
#define _RAMET_STDLIB_H

// newlib declares itoa() and utoa(), which no standard knows and programs define for themselves.
#define itoa __newlib_itoa
#define utoa __newlib_utoa
#include_next <stdlib.h>
#undef itoa
#undef utoa

_BEGIN_STD_C
char *realpath(const char *__restrict, char *__restrict);
char *mkdtemp(char *);
int mkstemp(char *);
int mkostemp(char *, int);
int mkstemps(char *, int);
int mkostemps(char *, int, int);
int clearenv(void);
int getloadavg(double[], int);
char *secure_getenv(const char *);
char *canonicalize_file_name(const char *);

// What random_r() and its kin work with: the caller's, first filled by initstate_r().
struct random_data {
    int *fptr, *rptr, *state;
    int rand_type, rand_deg, rand_sep;
    int *end_ptr;
};
// 0, or -1 with EINVAL. The state is the caller's and must be aligned as an int is.
int initstate_r(unsigned, char *, size_t, struct random_data *);
int setstate_r(char *, struct random_data *);
int random_r(struct random_data *, int *);
int srandom_r(unsigned, struct random_data *);

// The generator of 48 bits.
struct drand48_data {
    unsigned short __x[3], __old_x[3], __c, __init;
    unsigned long long __a;
};
// Always 0. What the state has not been told is the standard's.
int drand48_r(struct drand48_data *, double *);
int erand48_r(unsigned short[3], struct drand48_data *, double *);
int lrand48_r(struct drand48_data *, long *);
int nrand48_r(unsigned short[3], struct drand48_data *, long *);
int mrand48_r(struct drand48_data *, long *);
int jrand48_r(unsigned short[3], struct drand48_data *, long *);
int srand48_r(long, struct drand48_data *);
int seed48_r(unsigned short[3], struct drand48_data *);
int lcong48_r(unsigned short[7], struct drand48_data *);
_END_STD_C

#ifdef _LARGEFILE64_SOURCE
#define mkstemp64 mkstemp
#endif

#endif
