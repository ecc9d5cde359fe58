// SPDX-License-Identifier: BSD-2-Clause
// The texts of regular expression errors, worded as on Linux. The engine is musl's, see
// tools/build-regex.
#include <regex.h>
#include <stdio.h>

// The size that the whole text needs, NUL included, is returned also when it was cut (XSH
// regerror()).
size_t regerror(int code, const regex_t *restrict re, char *restrict buf, size_t len)
{
    static const char *const texts[] = {
        [REG_NOERROR] = "Success",
        [REG_NOMATCH] = "No match",
        [REG_BADPAT] = "Invalid regular expression",
        [REG_ECOLLATE] = "Invalid collation character",
        [REG_ECTYPE] = "Invalid character class name",
        [REG_EESCAPE] = "Trailing backslash",
        [REG_ESUBREG] = "Invalid back reference",
        [REG_EBRACK] = "Unmatched [, [^, [:, [., or [=",
        [REG_EPAREN] = "Unmatched ( or \\(",
        [REG_EBRACE] = "Unmatched \\{",
        [REG_BADBR] = "Invalid content of \\{\\}",
        [REG_ERANGE] = "Invalid range end",
        [REG_ESPACE] = "Memory exhausted",
        [REG_BADRPT] = "Invalid preceding regular expression",
    };
    (void)re;
    int known = code >= 0 && (size_t)code < sizeof texts / sizeof *texts;
    return (size_t)snprintf(buf, len, "%s", known ? texts[code] : "Unknown error") + 1;
}
