# SPDX-License-Identifier: BSD-2-Clause
# Redirections: files, descriptors, here-documents, exec, noclobber, and their failures.
cd "${TMPDIR:-/tmp}" || exit 1
echo one > f; echo two >> f; cat f
wc -l < f
cat < f > g; cat g
echo err >&2 2> /dev/null
{ echo out; echo err >&2; } > both 2>&1; cat both
{ echo out; echo err >&2; } 2> e > o; cat e o
exec 3> three; echo "to three" >&3; exec 3>&-; cat three
exec 4< f; read l1 <&4; read l2 <&4; exec 4<&-; echo "$l2 $l1"
echo closed >&3 || echo "fd 3 is closed"
cat <<END
here $((1 + 1)) $(echo doc)
	tab kept
END
cat <<'END'
quoted $HOME $(not run)
END
cat <<-END
	tabs stripped
	END
cat <<A; cat <<B
first
A
second
B
set -C; (echo x > f) 2> /dev/null || echo "noclobber holds"; echo y >| f; set +C; cat f
(echo x > no/such/dir/f) 2> /dev/null || echo "no directory: $?"
(cat < absent) 2> /dev/null || echo "no file: $?"
: > empty; [ -s empty ] || echo "truncated"
echo "swap" 3>&1 1>&2 2>&3 3>&- | cat
while read a b; do echo "$b-$a"; done < g
for i in 1 2 3; do echo $i; done > loop; cat loop
if true; then echo yes; fi > cond; cat cond
cat f - < g
# Not a file that a cat has just written to the pipe: Linux's sendfile puts pages there, not bytes.
echo y > over; echo rw 1<> over; cat over
ls -1 | sort
