# SPDX-License-Identifier: BSD-2-Clause
# status: 9
# Shells in shells: depth, exit statuses on the way up, exec in place of fork, a script that runs
# itself, pipes between the levels.
sh -c 'sh -c "sh -c \"exit 4\"; exit \$((\$? + 1))"; exit $(($? + 1))'; echo "three levels: $?"
sh -c 'echo out; echo err >&2; exit 1' 2> /dev/null || echo "status $?"
cd "${TMPDIR:-/tmp}"
cat > down <<'END'
#!/bin/sh
[ "$1" -le 0 ] && { echo bottom; exit 0; }
echo "level $1"
./down $(($1 - 1)) || exit
exit $1
END
chmod +x down; ./down 8; echo "status $?"
sh -c 'exec echo replaced; echo never'
sh -c 'exec sh -c "echo twice replaced; exit 5"'; echo $?
echo 'echo one | cat | sh -c "cat | cat"' | sh
echo 'echo piped script' | sh
sh -c 'sh -c "kill -9 \$\$"; echo "inner: $?"' 2> /dev/null
(((echo deep; exit 2); exit $(($? + 1))); exit $(($? + 1))); echo $?
a=$(b=$(c=$(echo core); echo "<$c>"); echo "[$b]"); echo "$a"
sh -c 'for i in 1 2 3; do (sh -c "exit $i"); echo $?; done'
sh <<END
echo "here-document shell"
sh <<INNER
echo inner
INNER
END
exec sh -c 'exit 9'
