# SPDX-License-Identifier: BSD-2-Clause
# timeout: 180
# 500 external programs one after the other, and 200 subshells.
i=0; ok=0
while [ $i -lt 500 ]; do
    expr $i + 1 > /dev/null && ok=$((ok + 1))
    i=$((i + 1))
done
echo "programs $ok"
i=0; sum=0
while [ $i -lt 200 ]; do
    (exit $((i % 100))); sum=$((sum + $?)); i=$((i + 1))
done
echo "subshells $sum"
