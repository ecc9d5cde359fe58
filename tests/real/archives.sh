# SPDX-License-Identifier: BSD-2-Clause
# timeout: 120
# tar and gzip round trips, checksums over a tree, a find | xargs | sha256sum | sort pipeline.
cd "${TMPDIR:-/tmp}" || exit 1
mkdir -p src/sub && cd src || exit 1
seq 1 5000 > numbers; head -c 100000 /dev/zero > zeros; echo text > sub/text; ln -s text sub/link
chmod 640 sub/text
cd ..
find src -type f | sort | xargs sha256sum
find src -type f | xargs sha256sum | sort | wc -l
tar cf a.tar src; tar tf a.tar | sort
mkdir out; tar xf a.tar -C out; diff -r src out/src && echo identical
ls -l out/src/sub/text | cut -c1-10; readlink out/src/sub/link
gzip -c src/numbers > n.gz; gzip -dc n.gz | cmp - src/numbers && echo "gzip round trip"
tar cf - src | gzip | gunzip | tar tf - | wc -l
tar czf b.tgz src; mkdir out2; tar xzf b.tgz -C out2; cat out2/src/sub/text
gzip src/numbers; ls src/numbers.gz; gunzip src/numbers.gz; wc -l < src/numbers
[ $(wc -c < n.gz) -lt $(wc -c < src/numbers) ] && echo smaller
echo corrupt > bad.gz; gzip -dc bad.gz 2> /dev/null || echo "corrupt: refused"
(cd src && tar cf - .) | (mkdir -p copy && cd copy && tar xf -); find copy -type f | wc -l
md5sum src/zeros > sums; md5sum -c sums
find src | cpio -o -H newc 2> /dev/null | cpio -t 2> /dev/null | sort | head -n 3
