# SPDX-License-Identifier: BSD-2-Clause
# Pipelines of builtins and external programs, their order, their status, and what flows through.
cd "${TMPDIR:-/tmp}" || exit 1
echo one two three | wc -w
echo hello | tr a-z A-Z
printf '3\n1\n2\n' | sort | head -n 1
printf 'b\na\nb\n' | sort | uniq -c | sed 's/^ *//'
echo "a:b:c" | cut -d: -f2
echo first | cat | cat | cat | cat
true | false; echo "true|false: $?"
false | true; echo "false|true: $?"
! false | true; echo "negated: $?"
echo lost | { read a; echo "in the pipe: $a"; }
echo "outside: [$a]"
seq 1 100 | while read n; do echo $((n * n)); done | tail -n 3
seq 1 100000 | sort -n | tail -1
seq 1 1000 | grep 7 | wc -l
{ echo x; echo y >&2; } 2>&1 | sort -r
(echo sub; exit 3) | cat; echo "status of the last: $?"
seq 5 | tac | tr '\n' ','; echo
echo end | tee copy.$$ | rev; cat copy.$$; rm copy.$$
