# SPDX-License-Identifier: BSD-2-Clause
# Variables into and out of child processes: export, prefix assignments, env, PATH, $$ and $PPID.
plain=1; export exported=2
sh -c 'echo "[$plain] [$exported]"'
prefix=3 sh -c 'echo "[$prefix]"'; echo "[$prefix]"
env -i A=1 B='two words' env | sort
env exported=9 sh -c 'echo $exported'; echo $exported
unset exported; sh -c 'echo "[$exported]"'
export a=1 b=2; export -p | grep -c -E "^export (a|b)="
sh -c 'exported=changed'; echo "[$exported]"
[ $$ -gt 0 ] && echo pid; sh -c '[ $PPID -gt 0 ] && echo ppid'
s=$$; (t=$$; [ "$s" = "$t" ] && echo 'subshell keeps $$')
sh -c "[ \$\$ != $$ ] && echo 'child has its own'"
big=$(seq 1 5000 | tr '\n' ' '); export big; sh -c 'echo ${#big}'
cd "${TMPDIR:-/tmp}"; mkdir bin
printf '#!/bin/sh\necho "my own: $*"\n' > bin/mine; chmod +x bin/mine
PATH=$PWD/bin:$PATH; mine a b
(PATH=; mine x) 2> /dev/null; echo $?
HOME=/; cd; pwd; echo ~
x=1; x=2 true; echo $x; y=5 eval 'echo $y'
set -a; auto=yes; set +a; sh -c 'echo $auto'
