# SPDX-License-Identifier: BSD-2-Clause
# Command substitution, subshells and what they may and may not change.
cd "${TMPDIR:-/tmp}" || exit 1
x=$(echo inner); echo "[$x]"
echo "nested: $(echo $(echo deep $(echo deeper)))"
echo `echo old style \`echo nested\``
y=$(printf 'trailing newlines go\n\n\n'); echo "[$y]"
lines=$(printf 'a\nb\nc'); echo "$lines"; echo $lines
v=outer; (v=inner; echo "in: $v"); echo "out: $v"
(cd /; pwd); [ "$(pwd)" != / ] && echo "cwd unchanged"
(exit 42); echo "subshell status $?"
z=$(exit 7); echo "assignment status $?"
set -- $(echo c b a); echo "$# $1 $3"
echo $(seq 1 20 | sort -r | head -n 3)
f() { echo "f got $#: $*"; return 5; }
r=$(f 1 2 3); echo "$r status $?"
echo "$(cat <<END
here-document in a substitution
END
)"
big=$(seq 1 20000); echo ${#big}
echo "$(echo "quotes \"inside\"")"
a=$( (echo double subshell) ); echo "$a"
n=0; for i in $(seq 1 10); do n=$((n + $(echo $i))); done; echo $n
