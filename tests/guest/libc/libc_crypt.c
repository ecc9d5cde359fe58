// SPDX-License-Identifier: BSD-2-Clause
//
// Hashes of passwords, against those that libcrypt makes. Guest tests are linked without it on
// Linux, so there the known ones stand for it.
#include "tests/guest/check.h"

#ifdef __linux__
#define HASH(key, salt, known) known
#else
#include <crypt.h>
static struct crypt_data data;
#define HASH(key, salt, known) crypt_r(key, salt, &data)
#endif

int main(void)
{
    say("%s", HASH("password", "ab", "abJnggxhB/yWI"));
    say("%s", HASH("password", "$1$saltsalt$", "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"));
    say("%s", HASH("password", "$5$saltstring",
                   "$5$saltstring$OH4IDuTlsuTYPdED1gsuiRMyTAwNlRWyA6Xr3I4/dQ5"));
    say("%s", HASH("Hello world!", "$6$saltstring",
                   "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/"
                   "O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"));
    say("%s", HASH("pass", "$5$rounds=1400$anotherlongsalt",
                   "$5$rounds=1400$anotherlongsalt$P2xNLE11nqFrIS3t9AdHcsy5tnObsZM0JmrI0aQ.6I5"));
    say("%s", HASH("password", "$2b$05$abcdefghijklmnopqrstuu",
                   "$2b$05$abcdefghijklmnopqrstuuWG29KuyeAicPCJODk1zjyGvyQUU2awu"));
    return 0;
}
