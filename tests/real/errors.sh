# SPDX-License-Identifier: BSD-2-Clause
# status: 127
# What the shell says when things cannot be run: 126, 127, and failing builtins.
nosuchcommand 2> /dev/null; echo "not found: $?"
/no/such/path 2> /dev/null; echo "no path: $?"
cd "${TMPDIR:-/tmp}"; echo 'echo never' > plain; ./plain 2> /dev/null; echo "not executable: $?"
/ 2> /dev/null; echo "a directory: $?"
chmod +x plain; ./plain; echo "script without #!: $?"
printf '#!/bin/sh\necho "script $0 $1"\nexit 6\n' > script
chmod +x script; ./script arg; echo "status $?"
printf '#!/no/such/interpreter\n' > lost
chmod +x lost; ./lost 2> /dev/null; echo "lost interpreter: $?"
printf '#!/bin/sh -e\nfalse\necho never\n' > strict; chmod +x strict; ./strict; echo "strict: $?"
cd /no/such/dir 2> /dev/null; echo "cd: $?"
(. ./absent) 2> /dev/null; echo "dot: $?"
sh -c 'syntax error here (' 2> /dev/null; echo "syntax: $?"
sh absent 2> /dev/null; echo "sh absent: $?"
sh -c 'echo $0 $1' name arg
echo 'echo from stdin $1' | sh -s -- x
(exit 256) 2> /dev/null; echo "exit 256: $?"
cat nosuchfile 2> /dev/null; echo "cat: $?"
cat nosuchfile 2>&1 | sed 's/^[^:]*: //'
ls /nosuch 2> /dev/null > /dev/null; echo "ls fails: $(($? != 0))"
read x < /dev/null; echo "read: $?"
kill -0 99999 2> /dev/null; echo "kill: $?"
kill -NOSUCH $$ 2> /dev/null; echo "bad signal: $(($? != 0))"
test a -eq b 2> /dev/null; echo "test: $?"
PATH=/nonexistent; ls 2> /dev/null; echo "no PATH: $?"
nosuchcommand 2> /dev/null
