#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_mkimage.sh: mkimage from the outside, on programs the real linker made.
# Usage: test_mkimage.sh MKIMAGE (CC from the environment, default gcc). Prints
# "mkimage: N passed, N failed" and exits non-zero on a failure, like the unit tests in C.
set -u
mkimage=$(realpath "$1")
abi=$(sed -n 's/^#define PV_ABI_VERSION *\([0-9]*\).*/\1/p' "$(dirname "$0")/../../../abi/pv.h")
cc=${CC:-gcc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
unset SOURCE_DATE_EPOCH
passed=0
failed=0

ok() { # ok TEXT STATUS: count one result
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "mkimage: failed: $1" >&2
    fi
}

has() { # has FILE TEXT: the file has a line that contains TEXT
    grep -qF -- "$2" "$1"
    ok "'$2' in $1: $(cat "$1")" $?
}

# refuses TEXT ARGS...: exit status 2, one line with TEXT on stderr, nothing written.
refuses() {
    want=$1
    shift
    "$mkimage" -o bad.img "$@" >out.txt 2>err.txt
    [ $? -eq 2 ]
    ok "status of mkimage $*" $?
    [ "$(wc -l <err.txt)" -eq 1 ]
    ok "one line on stderr: $(cat err.txt)" $?
    has err.txt "$want"
    [ -z "$(ls bad.img* 2>/dev/null)" ]
    ok "no output left behind" $?
}

# program OUT ABI OWNER LINKER-FLAGS...: an ELF with a note, code, data, bss and TLS.
program() {
    out=$1 abi=$2 owner=$3
    shift 3
    $cc -nostdlib -Wl,-z,separate-code,-Ttext-segment=0x200000,--build-id=none \
        -x assembler - -x none -o "$out" "$@" <<END
        .section .note.ramet, "a", @note
        .long 2f - 1f, 4f - 3f, 1
1:      .asciz "$owner"
2:      .balign 4
3:      .long $abi, 0, 5
4:      .text
        .globl _start
_start: jmp _start
        .data
        .ascii "some data"
        .section .tdata, "awT", @progbits
        .long 7
        .section .tbss, "awT", @nobits
        .zero 100
        .bss
        .zero 70000
        .section .note.GNU-stack, "", @progbits
END
    ok "link $out" $?
}

good_images() {
    "$mkimage" -o a.img --program /bin/sh=sh.elf --program /bin/busybox=box.elf \
        --file motd:/etc/motd --file big:/usr/share/big:0600 --dir tree:/opt \
        --link /bin/ls=busybox --links list=/bin/busybox --mkdir /tmp:1777 \
        --cmdline "-c 'echo \"hi\"' a\\ b" >report.txt
    ok "build an image" $?
    "$mkimage" --list a.img >list.txt
    ok "and list it" $?
    has list.txt "p 0755 0:0"
    has list.txt "- 0600 0:0       5000"
    has list.txt "- 0644 0:0          8"
    has list.txt "d 1777 0:0          0"
    has list.txt " /bin/ls -> busybox"
    has list.txt " /usr/bin/env -> /bin/busybox"
    has list.txt " /opt/lib/link -> ../data"
    has list.txt "start /bin/sh '-c' 'echo \"hi\"' 'a b'"
    has list.txt "program /bin/busybox: entry 0x201000, drivers net console"
    has list.txt "r-x file"
    has list.txt " /usr/bin"
    has report.txt "program /bin/sh: "
    has report.txt "started first"
    has report.txt "drivers linked: net console"
    # Hard links on the host and names of one file share their contents.
    [ "$(grep -c '^program' list.txt)" -eq 2 ]
    ok "two programs in the table" $?
    [ "$(stat -c %a a.img)" = "$(printf %o $((0666 & ~$(umask))))" ]
    ok "the image has the usual permissions" $?

    mkdir again && (cd again && cp -a ../sh.elf ../box.elf ../motd .)
    for mtime in "" "--mtime 12345"; do
        for where in . again; do
            # shellcheck disable=SC2086
            (cd $where && "$mkimage" -q -o x.img $mtime --mkdir /var --program /bin/sh=sh.elf \
                --file motd:/etc/motd --program /bin/b=box.elf)
        done
        cmp x.img again/x.img
        ok "same inputs, same bytes ($mtime)" $?
    done
    "$mkimage" --list x.img | grep -q '1970-01-01 03:25:45 /bin/sh$'
    ok "--mtime sets the time" $?
    SOURCE_DATE_EPOCH=12345 "$mkimage" -q -o y.img --mkdir /var --program /bin/sh=sh.elf \
        --file motd:/etc/motd --program /bin/b=box.elf
    cmp x.img y.img
    ok "SOURCE_DATE_EPOCH is its default" $?

    "$mkimage" -q -o x.img --dir tree:/ --link /init=/opt/../x --link /go=bin/tool --entry /go
    [ $? -eq 0 ] && "$mkimage" --list x.img | grep -q '^start /go$'
    ok "the entry may be a link to a program of a tree" $?
    head -c 8192 a.img >short.img
    "$mkimage" --list short.img 2>err.txt
    [ $? -eq 2 ] && grep -q '^mkimage: short.img: truncated image: 8192 of' err.txt
    ok "a truncated image: $(cat err.txt)" $?
}

special_files() {
    p="--program /bin/sh=sh.elf"
    "$mkimage" -o x.img $p --dir special:/x --mkdir /proc --mkdir /dev >report.txt 2>err.txt
    ok "FIFOs and sockets in a tree" $?
    [ "$(cat err.txt)" = "mkimage: special/socket: a socket, left out" ]
    ok "a line for the socket: $(cat err.txt)" $?
    has report.txt "7 names: 1 programs, 0 files with 0 B, 5 directories, 0 links, 1 FIFOs"
    "$mkimage" --list x.img >list.txt
    has list.txt "| 0640 0:0          0"
    grep -q socket list.txt
    [ $? -eq 1 ]
    ok "no socket in the image" $?
    mkdir nodes
    mknod nodes/null c 1 3 2>/dev/null || return
    refuses "nodes/null: a device of this machine" $p --dir nodes:/x
}

# What could steer a terminal is printed in octal, by --list, the report and error messages.
hostile_names() {
    esc=$(printf 'a\033[2Jb\n')
    mkdir odd
    touch "odd/$esc" "odd/$(printf 'c1\302\233x')" "odd/$(printf 'raw\233x')" 'odd/back\slash' \
        "odd/$(printf 'gr\303\274n \342\202\254 \360\237\214\261')"
    "$mkimage" -o x.img --program "/bin/$esc=sh.elf" --dir odd:/x --link "/y=$esc" \
        --cmdline "$esc" >report.txt
    ok "names with control characters" $?
    "$mkimage" --list x.img >list.txt
    has report.txt 'program /bin/a\033[2Jb: '
    has list.txt ' /x/a\033[2Jb'
    has list.txt 'c1\302\233x'
    has list.txt 'raw\233x'
    has list.txt 'back\134slash'
    has list.txt "$(printf 'gr\303\274n \342\202\254 \360\237\214\261')"
    has list.txt '/y -> a\033[2Jb'
    has list.txt 'program /bin/a\033[2Jb: entry'
    has list.txt "start /bin/a\\033[2Jb 'a\\033[2Jb'"
    "$mkimage" -q -o x.img --program "/bin/$esc=motd" --dir "$esc:/" 2>err.txt
    "$mkimage" -q -o x.img --program /bin/sh=sh.elf --dir "$esc:/" 2>>err.txt
    has err.txt 'a\033[2Jb: No such file'
    cat report.txt list.txt err.txt | LC_ALL=C grep -q "$(printf '\033')"
    [ $? -eq 1 ]
    ok "no escape character is printed" $?
}

# ended_by SIGNAL PATTERN ARGS...: a signal while the temporary PATTERN is there ends mkimage as a
# signal does, and nothing is left.
ended_by() {
    sig=$1 pattern=$2
    shift 2
    # A background job of a shell without job control ignores SIGINT: env takes that back.
    env --default-signal=INT "$mkimage" -q "$@" 2>err.txt &
    pid=$!
    for _ in $(seq 500); do
        # shellcheck disable=SC2086
        ls -d $pattern >/dev/null 2>&1 && break
        sleep 0.01
    done
    kill -s "$sig" $pid
    wait $pid
    status=$?
    [ "$(kill -l $status)" = "$sig" ]
    ok "SIG$sig while $pattern is there: status $status $(cat err.txt)" $?
    [ -z "$(ls -d sig.* 2>/dev/null)" ]
    ok "SIG$sig: nothing is left behind: $(ls -d sig.* 2>/dev/null)" $?
}

signals() {
    mkdir slow bin
    truncate -s 2G slow/data # a hole: quick to have, slow to copy
    for sig in HUP INT TERM; do
        ended_by $sig 'sig.img.??????' -o sig.img --program /bin/sh=sh.elf --dir slow:/x
        ended_by $sig 'sig.raw.??????' -o sig.raw --program /bin/sh=sh.elf --dir slow:/x \
            --format elf
    done
    # While another program works for us: it is ended first.
    "$mkimage" -q -o from.img --program /bin/sh=sh.elf
    printf '#!/bin/sh\necho $$ >%s/tool.pid\nexec sleep 100\n' "$dir" >bin/grub-mkimage
    chmod +x bin/grub-mkimage
    PATH=$dir/bin:$PATH ended_by TERM 'tool.pid' -o sig.raw --from from.img --format raw
    ! kill -0 "$(cat "$dir/tool.pid")" 2>/dev/null
    ok "SIGTERM ends the tool as well" $?
    # Ignored signals stay ignored, though they are blocked meanwhile.
    truncate -s 200M slow/data
    (trap '' HUP && exec "$mkimage" -q -o sig.img --program /bin/sh=sh.elf --dir slow:/x) &
    until ls -d sig.img* >/dev/null 2>&1; do sleep 0.01; done
    kill -s HUP $! 2>/dev/null
    wait $!
    ok "an ignored signal does not end it" $?
    rm -rf slow sig.img
}

# Every bootable format; that they boot is for tests/suites/boot.py to say.
formats() {
    "$mkimage" -q -o f.img --mtime 12345 --program /bin/sh=sh.elf
    "$mkimage" -o one.elf --mtime 12345 --program /bin/sh=sh.elf --format elf >report.txt
    ok "a bootable file in one step" $?
    has report.txt "one.elf: "
    has report.txt "qemu-system-x86_64 "
    "$mkimage" -q -o two.elf --from f.img --format elf
    cmp one.elf two.elf
    ok "the same from an image" $?
    [ "$(readelf -lW one.elf | grep -c LOAD)" -ge 2 ]
    ok "its segments" $?
    tail -c "$(stat -c %s f.img)" one.elf | cmp - f.img
    ok "the image is its end" $?
    command -v grub-mkimage >/dev/null && command -v xorriso >/dev/null || {
        echo "mkimage: no GRUB or xorriso: disks and CDs are not tried" >&2
        return
    }
    for kind in raw qcow2 iso gce; do
        "$mkimage" -q -o 1.$kind --from f.img --format $kind
        ok "format $kind" $?
        sleep 1 # a clock that got into the output has moved, in FAT's steps of two seconds as well
        [ $kind = raw ] && sleep 1
        "$mkimage" -q -o 2.$kind --from f.img --format $kind
        cmp 1.$kind 2.$kind
        ok "same inputs, same bytes ($kind)" $?
        rm 2.$kind
    done
    # Names that mean a drive, a host, an offset or an assignment to one of the tools.
    cp f.img 'c:x=y@@1 z.img'
    for kind in raw iso gce; do
        "$mkimage" -q -o "c:o=p@@1 q.$kind" --from 'c:x=y@@1 z.img' --format $kind
        cmp "c:o=p@@1 q.$kind" 1.$kind
        ok "an odd name ($kind)" $?
    done
    [ ! -e log ] && [ ! -e core.img ] && [ ! -e disk.raw ]
    ok "intermediate files stay in their folder" $?
    [ "$(tar -tzf 1.gce)" = disk.raw ]
    ok "the cloud image holds disk.raw" $?
    full_disk
    mkdir none
    PATH=$dir/none "$mkimage" -o bad.raw --from f.img --format raw 2>err.txt
    [ $? -eq 2 ]
    ok "status without GRUB's tools" $?
    has err.txt "grub-mkimage is not installed: it is in the Debian package grub-"
}

# A limit on file sizes stands for a full disk: what was begun is gone, in one line.
full_disk() {
    for kind in elf raw iso; do
        # shellcheck disable=SC3045 # dash knows ulimit -f
        (ulimit -f 20 && "$mkimage" -o bad.$kind --from f.img --format $kind 2>err.txt)
        [ $? -eq 2 ]
        ok "no room for $kind: status" $?
        [ "$(wc -l <err.txt)" -eq 1 ]
        ok "no room for $kind: one line: $(cat err.txt)" $?
    done
    [ -z "$(ls -d bad.* 2>/dev/null)" ]
    ok "nothing is left behind: $(ls -d bad.* 2>/dev/null)" $?
}

refusals() {
    p="--program /bin/sh=sh.elf"
    refuses "missing.elf: No such file" --program /bin/sh=missing.elf
    refuses "missing: No such file" $p --file missing:/x
    refuses "missing: No such file" $p --dir missing:/x
    refuses "missing: No such file" $p --links missing=/x
    refuses "motd: not an ELF file" --program /bin/sh=motd
    refuses "foreign.elf: no Ramet note" --program /bin/sh=foreign.elf
    refuses "other.elf: built for Ramet ABI 77, this is ABI" --program /bin/sh=other.elf
    refuses "other.elf: built for Ramet ABI 77, this is ABI" $p --file other.elf:/x
    refuses "dynamic.elf: dynamically linked: build it with ramet-cc" --program /bin/sh=dynamic.elf
    refuses "pie.elf: dynamically linked: build it with ramet-cc" --program /bin/sh=pie.elf
    refuses "static.elf: no Ramet note: build it with ramet-cc" --program /bin/sh=static.elf
    refuses "object.o: not a linked executable (ELF type 1): link it with ramet-cc" \
        --program /bin/sh=object.o
    refuses "/dev: must be a directory" $p --file motd:/dev
    refuses "/dev: must be a directory" $p --link /dev=/tmp
    refuses "/proc: must be a directory" $p --link /proc=/tmp
    refuses "/dev: must be a directory" $p --program /dev=box.elf
    refuses "/bin/sh: given twice" $p $p
    refuses "/bin/sh: given twice" $p --file motd:/bin//sh
    refuses "/bin/sh: given twice" $p --link /bin/sh=/x
    refuses "/tmp: given twice" $p --mkdir /tmp --mkdir /tmp/
    refuses "both a file and a directory" $p --file motd:/bin/sh/motd
    refuses "both a file and a directory" $p --file motd:/opt/lib --dir tree:/opt
    refuses "does not start with '/'" --program bin/sh=sh.elf
    refuses "does not start with '/'" $p --file motd:etc/motd
    refuses "'..' component" $p --file motd:/etc/../motd
    refuses "'.' component" $p --mkdir /./tmp
    refuses "longer than 255 bytes" $p --mkdir "/$(printf '%0256d' 0)"
    refuses "longer than 4095 bytes" $p --mkdir "$(printf '/%0200d%.0s' $(seq 42))"
    refuses "not an octal mode" $p --file motd:/x:9
    refuses "not an octal mode" $p --mkdir /x:77777
    refuses "wrong form" --program /bin/sh
    refuses "wrong form" $p --file motd
    refuses "is a directory" $p --file tree:/x
    refuses "not a directory" $p --dir motd:/x
    refuses "not a regular file" $p --file special/fifo:/x
    refuses "quote left open" $p --cmdline "a 'b"
    refuses "not a number" $p --mtime soon
    refuses "entry /x: no such file" $p --entry /x
    refuses "entry /bin: not a program" $p --entry /bin
    refuses "entry /a: not a program" $p --link /a=/b --link /b=/a --entry /a
    refuses "no program to start" --mkdir /tmp
    refuses "unexpected argument" $p motd
    refuses "unrecognized option" --nonsense
    refuses "'vmdk' is none of image, elf, raw, qcow2, iso, gce" $p --format vmdk
    refuses "motd: not a Ramet image" --from motd --format raw
    refuses "missing: No such file" --from missing --format elf
    refuses "--from needs a --format" --from f.img
    refuses "--from takes the image as it is" --from f.img --format elf $p
    refuses "--from takes the image as it is" --from f.img --format elf --cmdline x
    refuses "absent/x: No such file" $p --format elf -o absent/x
    "$mkimage" $p 2>err.txt
    [ $? -eq 2 ] && has err.txt "no output file"
    echo old >kept.img
    "$mkimage" -o kept.img --program /bin/sh=motd 2>/dev/null
    [ "$(cat kept.img)" = old ]
    ok "a failure keeps the old image" $?
}

"$mkimage" --help | grep -q '^Usage: mkimage'
ok "--help" $?
program sh.elf "$abi" Ramet -static -no-pie
program box.elf "$abi" Ramet -static -no-pie
program other.elf 77 Ramet -static -no-pie
program foreign.elf "$abi" Penguin -static -no-pie
program pie.elf "$abi" Ramet -pie
echo 'f: ret' | $cc -nostdlib -shared -x assembler - -o libf.so
program dynamic.elf "$abi" Ramet -no-pie -Wl,--no-as-needed libf.so
echo welcome >motd
chmod 644 motd
head -c 5000 /dev/zero >big
mkdir -p tree/bin tree/lib special
ln box.elf tree/bin/tool
ln -s ../data tree/lib/link
mkfifo -m 640 special/fifo
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("special/socket")'
echo 'int main(void) { return 0; }' | $cc -static -x c - -o static.elf
echo 'int x;' | $cc -x c - -c -o object.o
printf '/usr/bin/env\n\n# a comment\n/bin/cat\n' >list

good_images
special_files
hostile_names
signals
formats
refusals
echo "mkimage: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
