# SPDX-License-Identifier: BSD-2-Clause
# Programs that are copies: cp of a program, run by name, by path, in a pipeline and by a script.
cd "${TMPDIR:-/tmp}" || exit 1
mkdir -p copies && cd copies || exit 1
program=$(readlink -f "$(command -v cat)")
cp "$program" busybox-z && ls -l busybox-z | cut -c1-10
./busybox-z echo hi
seq 1 5 | ./busybox-z cat | ./busybox-z wc -l
PATH=$PWD:$PATH; busybox-z echo by name
printf '#!%s/busybox-z cat\nin the script\n' "$PWD" > script; chmod +x script; ./script | tail -n 1
mv busybox-z busybox-y; ln -s busybox-y echo; ./echo by its link
chmod a-x busybox-y; ./busybox-y echo no 2> /dev/null; echo $?
chmod +x busybox-y
for i in 1 2 3; do ./busybox-y echo $i & wait; done
cp "$(readlink -f "$(command -v sh)")" z
./z -c 'echo from a copied shell; (exit 4); echo $?; ./busybox-y true && exit 3'; echo $?
cd ..; rm -r copies
