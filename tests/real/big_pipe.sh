# SPDX-License-Identifier: BSD-2-Clause
# timeout: 120
# Volume through pipelines: five stages, early readers that leave, and producers that never end.
seq 1 200000 | cat | tr 0-9 a-j | tr a-j 0-9 | tail -n 1
head -c 4000000 /dev/zero | tr '\0' x | wc -c
yes | head -n 5 | wc -l
yes 'no end' | head -n 1
seq 1 1000000 | head -n 3 | tail -n 1
yes | sed 5q | tail -n 1
(yes; echo "never here" >&2) | head -c 10 | wc -c
cat /dev/zero | head -c 100000 | md5sum
dd if=/dev/zero bs=1000 count=1000 2> /dev/null | wc -c
seq 1 50000 | sort -r -n | sort -n | md5sum
i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i + 1)); done | grep -c 'line 1'
seq 1 300 | while read n; do echo $n; done | awk '{ s += $1 } END { print s }'
seq 1 3000 | xargs -n 100 echo | wc -l
seq 1 20 | xargs -n 1 -P 4 echo | sort -n | tr '\n' ' '; echo
