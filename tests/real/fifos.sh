# SPDX-License-Identifier: BSD-2-Clause
# Named pipes and temporary files between shells: rendezvous, a small server, tee into two.
cd "${TMPDIR:-/tmp}" || exit 1
mkfifo p q; [ -p p ] && echo fifo
echo through > p & cat p; wait
cat p > got & echo other way > p; wait; cat got
while read l; do echo "reply to $l"; done < p > q & exec 3> p 4< q
for i in 1 2 3; do echo req$i >&3; read r <&4; echo "$r"; done
exec 3>&- 4<&-; wait; echo "server ended $?"
seq 1 100 > p & wc -l < p; wait
mkfifo a b; wc -l < a > na & sort -rn < b | head -n 1 > nb & seq 1 50 | tee a > b; wait; cat na nb
rm p; [ -p p ] || echo gone
# A writer may have come, written and gone before the reader it met looks round.
mkfifo p; i=0; while [ $i -lt 30 ]; do echo through > p & cat p; wait; i=$((i + 1)); done | uniq -c
