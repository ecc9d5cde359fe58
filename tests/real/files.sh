# SPDX-License-Identifier: BSD-2-Clause
# Files by applets: mkdir, cp, mv, ln, rm, chmod, touch, stat, find, and globbing over them.
cd "${TMPDIR:-/tmp}" || exit 1
mkdir -p tree/a/b/c tree/d && cd tree || exit 1
echo 1 > a/one; echo 2 > a/b/two; echo 3 > a/b/c/three.txt; echo 4 > d/four.txt
find . | sort
find . -type f -name '*.txt' | sort
find . -type d | wc -l
find . -type f -exec cat {} \; | sort | tr '\n' ' '; echo
find . -type f | xargs cat | wc -l
cp a/one copy; cmp a/one copy && echo same
cp -r a a2; find a2 -type f | wc -l
mv copy moved; ls
ln moved hard; ln -s moved soft; readlink soft; cat soft
[ -L soft ] && [ -f soft ] && [ hard -ef moved ] && echo links
ls -l soft | grep -c -- '-> moved'
rm moved; cat hard; cat soft 2> /dev/null || echo dangling
chmod 750 hard; ls -l hard | cut -c1-10
chmod u-x,g=rw,o+r hard; ls -l hard | cut -c1-10
stat -c '%a %s %F' hard
touch -d '2001-02-03 04:05:06' old; [ hard -nt old ] && echo newer
rmdir a 2> /dev/null || echo "not empty"
rm -r a2 && [ ! -e a2 ] && echo removed
echo *; echo d/*; echo [a-d]; echo no*match; echo */*
mkdir many; cd many
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do : > f$i; done; echo f?; echo f1*; cd ..
set -- many/*; echo $#
dd if=/dev/zero of=zeros bs=1024 count=100 2> /dev/null; wc -c < zeros
head -c 1000 /dev/zero | md5sum
hexdump -C hard | head -n 1
rm -rf many zeros; ls | tr '\n' ' '; echo
pwd | sed 's|.*/||'; cd a/b; pwd | sed 's|.*/tree||'
cd ../..; cd - > /dev/null; pwd | sed 's|.*/tree||'
cd ../.. ; basename /x/y.c .c; dirname /x/y.c
mktemp -d tmp.XXXXXX | grep -c '^tmp\.'
ln -s loop loop; cat loop 2> /dev/null || echo "loop: $?"
