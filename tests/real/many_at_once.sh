# SPDX-License-Identifier: BSD-2-Clause
# timeout: 180
# 100 processes alive at the same time: all reach the same gate before any may leave.
cd "${TMPDIR:-/tmp}" || exit 1
mkfifo gate
i=0
while [ $i -lt 100 ]; do
    { : > here.$i; read x < gate; exit 0; } &
    i=$((i + 1))
done
n=0
while [ $n -lt 100 ]; do
    set -- here.*
    n=$#
    [ $n -lt 100 ] && sleep 0.05
done
echo "alive together: $n"
exec 3<> gate
i=0; while [ $i -lt 100 ]; do echo >&3; i=$((i + 1)); done
wait
echo "all left: $?"
i=0; while [ $i -lt 30 ]; do sleep 0.2 & i=$((i + 1)); done; wait; echo "30 sleepers"
