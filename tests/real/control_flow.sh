# SPDX-License-Identifier: BSD-2-Clause
# status: 3
# The language itself: conditions, loops, case, functions, arithmetic, test, getopts, set -e.
if [ 1 -lt 2 ] && [ abc = abc ]; then echo and; fi
if [ 1 -gt 2 ]; then echo no; elif [ 2 -gt 1 ]; then echo elif; else echo no; fi
for w in a 'b c' d; do echo "<$w>"; done
i=0; while [ $i -lt 5 ]; do i=$((i + 1)); [ $i = 2 ] && continue; [ $i = 4 ] && break; echo $i; done
until [ $i -le 0 ]; do i=$((i - 2)); done; echo "until $i"
for x in apple 42 -v '' file.tar.gz; do
    case $x in
    [0-9]*) echo number ;;
    *.tar.* | *.zip) echo archive ;;
    -?) echo option ;;
    '') echo empty ;;
    *) echo other ;;
    esac
done
fact() { if [ $1 -le 1 ]; then echo 1; else echo $(($1 * $(fact $(($1 - 1))))); fi; }
fact 10
fib() { [ $1 -lt 2 ] && { echo $1; return; }; echo $(($(fib $(($1 - 1))) + $(fib $(($1 - 2))))); }
fib 8
echo $((7 / 2)) $((-7 % 3)) $((1 << 10)) $((0x1f)) $((010)) $((5 > 3 ? 10 : 20)) $((!0)) $((~5))
a=5; echo $((a += 3)) $((a * 2)) $a
test -z "" && test -n x && test ! -e /nonexistent && test -d / && echo test
[ 10 -eq 10 ] && [ a != b ] && [ -f /nonexistent ] || echo "last was false"
set -- -a -b value -c rest; while getopts ab:c o; do echo "opt $o ${OPTARG-}"; done
shift $((OPTIND - 1)); echo "rest: $*"
set -- 1 2 3 4 5 6 7 8 9 ten; echo ${10} $# "$*"; shift 3; echo "$1 $#"
v=/usr/local/lib/file.tar.gz
echo ${v##*/} ${v%/*} ${v%%.*} ${v#*/} ${#v} ${none:-default} ${v:+set} ${none-unset}
: ${assigned:=value}; echo $assigned
IFS=:; set -- a:b:c; echo $1 $#; x=1:2:3; for p in $x; do printf '[%s]' $p; done; echo; unset IFS
eval 'e=evaluated'; echo $e
readonly ro=1; (ro=2) 2> /dev/null || echo "readonly: $?"
local_test() { local l=inner; echo $l; }; l=outer; local_test; echo $l
printf '%s %d %5.1f|%-5s|%05d\n' str 42 3.14159 left 7
(set -e; false; echo not reached); echo "set -e: $?"
(set -u; echo $undefined) 2> /dev/null; echo "set -u: $?"
(set -e; if false; then :; fi; false || true; echo reached)
command -v echo; command -v nosuch || echo "not found"
type cd | head -n 1
alias hi='echo aliased'; eval hi
echo "$-" | grep -c c
umask 027; umask; umask 022
exit 3
