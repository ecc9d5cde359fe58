# SPDX-License-Identifier: BSD-2-Clause
# kill from the shell: by name and number, groups of processes, stop and continue, timeout.
for s in HUP INT QUIT ILL ABRT FPE KILL USR1 SEGV USR2 PIPE ALRM TERM; do
    sh -c "kill -$s \$\$" 2> /dev/null; echo "$s $?"
done
for n in 1 2 9 15; do sh -c "kill -$n \$\$" 2> /dev/null; echo "$n $?"; done
sleep 20 & p=$!; kill -STOP $p; kill -TERM $p; kill -CONT $p; wait $p; echo "stop, term, cont: $?"
sleep 20 & a=$!; sleep 20 & b=$!; kill $a $b; wait $a; echo $?; wait $b; echo $?
sh -c 'trap "exit 7" TERM; sleep 0.3 & wait; echo never' & p=$!
sleep 0.1; kill $p; wait $p; echo "trapped: $?"
timeout 0.2 sleep 10; echo "timeout: $?"
timeout 5 true; echo "in time: $?"
sh -c 'sleep 10 & kill -9 $!; wait $!; echo "inner $?"' 2> /dev/null
kill -l 9; kill -l 15
(sh -c 'kill -TERM $PPID'; sleep 0.5; echo never); echo "killed by its child: $?"
yes > /dev/null & p=$!; sleep 0.1; kill $p; wait $p; echo "busy writer: $?"
(while :; do :; done) & p=$!; sleep 0.05; kill -9 $p; wait $p 2> /dev/null; echo "busy shell: $?"
sleep 1.2 # busybox' timeout leaves a watchdog that looks once a second
