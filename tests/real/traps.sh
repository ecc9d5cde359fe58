# SPDX-License-Identifier: BSD-2-Clause
# status: 143
# trap: on signals, on exit, ignoring, resetting, in subshells; and statuses of killed children.
trap 'echo got USR1' USR1
kill -USR1 $$; echo after
trap '' USR1; kill -USR1 $$; echo ignored
trap - USR1
(trap 'echo subshell exit' EXIT; echo in subshell)
sh -c 'trap "echo exiting; exit 4" EXIT; exit 2'; echo "status $?"
sh -c 'kill -TERM $$'; echo "TERM: $?"
sh -c 'kill -KILL $$'; echo "KILL: $?"
sh -c 'kill -HUP $$'; echo "HUP: $?"
sh -c 'kill -PIPE $$'; echo "PIPE: $?"
sh -c 'trap "" TERM; kill -TERM $$; echo survived'; echo "$?"
sh -c 'trap "echo cleanup; exit 1" TERM; kill -TERM $$; echo not reached'; echo "$?"
sh -c 'trap "" USR1; sh -c "kill -USR1 \$\$; echo inherited ignore"'
sh -c 'trap "echo handler" USR1; sh -c "kill -USR1 \$\$"; echo "child died: $?"'
trap 'echo interrupted wait' USR1
(sleep 0.1; kill -USR1 $$) & k=$!; sleep 5 & p=$!
wait $p; echo "wait was cut: $?"
kill $p; wait $p; echo "sleeper: $?"; wait $k
n=0; trap 'n=$((n + 1))' USR2
for i in 1 2 3 4 5; do kill -USR2 $$; done; echo "handled $n"
trap
trap 'echo bye' EXIT
trap 'echo last words' TERM
trap - EXIT TERM
kill -TERM $$
echo not reached
