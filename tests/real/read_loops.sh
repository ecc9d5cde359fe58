# SPDX-License-Identifier: BSD-2-Clause
# stdin: alpha beta\ngamma delta\nlast
# read in its forms, reading the script's own stdin, IFS, here-documents as input.
read first; echo "[$first]"
read a b; echo "[$b] [$a]"
sh -c 'read c; echo "child read [$c]: $?"'
read d; echo "then $? [$d]"
printf 'a:b:c\nd:e\n' | while IFS=: read x y z; do echo "$x|$y|$z"; done
printf '  lead and trail  \n' | { read l; echo "[$l]"; }
printf '  lead and trail  \n' | { IFS= read l; echo "[$l]"; }
printf 'back\\slash\n' | { read l; echo "[$l]"; }
printf 'back\\slash\n' | { read -r l; echo "[$l]"; }
printf 'joined\\\nline\n' | { read l; echo "[$l]"; }
printf 'one two three four\n' | { read a b; echo "$a / $b"; }
n=0; while read l; do n=$((n + 1)); done <<END
1
2
3
END
echo "lines $n"
printf 'no newline' | { read l; echo "$? [$l]"; }
cd "${TMPDIR:-/tmp}"; seq 1 5 > five
while read n; do sh -c 'echo "inner $0"' $n < /dev/null; done < five
{ read p; read q; } < five; echo $p $q
exec < five; read p; read q; echo $p $q; cat | wc -l
