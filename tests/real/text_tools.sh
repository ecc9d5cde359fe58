# SPDX-License-Identifier: BSD-2-Clause
# awk, sed, grep, tr, cut, sort and friends on generated data.
cd "${TMPDIR:-/tmp}" || exit 1
seq 1 10 | awk '{ s += $1; q += $1 * $1 } END { print NR, s, q, s / NR }'
printf 'a 1\nb 2\na 3\nc 4\nb 5\n' | awk '{ n[$1] += $2 } END { for (k in n) print k, n[k] }' | sort
echo 'x=1;y=2' | awk -F'[=;]' '{ print $2 + $4 }'
awk 'BEGIN { for (i = 0; i < 5; i++) printf "%d:%s ", i, substr("abcdef", i + 1, 2)
    print length("hello"), toupper("up"), index("haystack", "st") }'
awk 'BEGIN { while (("echo from awk" | getline line) > 0) print "got", line
    system("echo system"); printf "%.3f %x\n", 22 / 7, 255 }'
awk 'BEGIN { print "to a pipe" | "cat"; close("cat"); split("a,b,c", p, ","); print p[3]
    s = "foo"; print gsub(/o/, "0", s), s; print match("abc123", /[0-9]+/), RSTART, RLENGTH }'
echo 'hello world' | sed 's/o/0/; s/\(w.*\)/[\1]/'
seq 1 10 | sed -n '3,5p;$p'
seq 1 6 | sed '2d;4s/.*/four/;5q'
printf 'a\nb\nc\n' | sed -e '1!G;h;$!d'
echo 'one two' | sed 's/\([a-z]*\) \([a-z]*\)/\2 \1/'
printf 'b 2\na 10\nc 1\n' | sort -k2 -n
printf '1\n10\n9\n' | sort -n -r
printf 'x\nx\ny\n' | sort -u
printf 'apple\nbanana\ncherry\n' | grep -n an
printf 'apple\nbanana\ncherry\n' | grep -v an | tr '\n' ' '; echo
printf 'foo.c\nbar.h\n' | grep -E '\.(c|h)$' | wc -l
echo abc | grep -q b && echo found; echo abc | grep -q z || echo "not found $?"
echo 'Hello' | tr 'A-Za-z' 'N-ZA-Mn-za-m'
echo aabbcc | tr -s abc; echo a1b2 | tr -d 0-9
printf 'l1\nl2\nl3\nl4\n' | head -n 2; printf 'l1\nl2\nl3\nl4\n' | tail -n 2
expr 6 \* 7; expr length abcd; expr abc : 'a\(.\)'
printf 'a\tb\n' | expand -t 4; echo 'long line of words to fold' | fold -w 10
seq 1 3 > one.$$; seq 3 5 > two.$$; cmp one.$$ two.$$ > /dev/null || echo differ
diff one.$$ two.$$ | grep '^[<>]'; rm one.$$ two.$$
echo 123456 | cut -c2-4; echo hello | rev; seq 3 | nl | sed 's/^ *//;s/\t/ /'
printf '\110\151\n'; echo 'base' | base64; echo 'YmFzZQo=' | base64 -d
seq 1 500 | awk '{ print $1 % 7, $1 }' | sort -n -k1,1 -k2,2 | awk '$1 != p { print; p = $1 }'
