# SPDX-License-Identifier: BSD-2-Clause
# Background processes: wait for one, for all, their statuses, $!, and that they run at once.
(exit 5) & wait $!; echo "status $?"
sleep 0.1 & p1=$!
(exit 3) & p2=$!
wait $p2; echo "second $?"
wait $p1; echo "first $?"
for i in 1 2 3 4 5; do (exit $i) & done; wait; echo "all: $?"
wait 99999; echo "not a child: $?"
{ sleep 0.05; echo late; } & echo early; wait
sleep 30 & kill $!; wait $!; echo "killed: $?"
sleep 30 & kill -9 $!; wait $! 2> /dev/null; echo "killed hard: $?"
sleep 30 & sleep 0.1; kill -INT $!; kill -TERM $!; wait $!
echo "background ignores INT: $?"
cd "${TMPDIR:-/tmp}"
for i in 1 2 3 4 5 6 7 8; do echo $i > part.$i & done; wait
cat part.* | sort -n | tr '\n' ' '; echo
start=$(date +%s); for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1 & done; wait
end=$(date +%s)
[ $((end - start)) -lt 6 ] && echo "ten sleeps at once"
echo data | cat & wait $!; echo "pipeline in the background $?"
read x < /dev/null & wait $!; echo "read at end of file: $?"
(sleep 0.05; exit 9) & p=$!; kill -0 $p && echo alive; wait $p; echo $?
kill -0 $p 2> /dev/null || echo gone
