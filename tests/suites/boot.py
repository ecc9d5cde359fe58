# SPDX-License-Identifier: BSD-2-Clause
"""The boot suite: images on a stock PC (QEMU without KVM, no network), by every way in that mkimage
offers and every boot protocol the shim knows; and what a program there can be told and tells.

A test is a function that raises AssertionError with the reason, as in the fault suite.
"""

import os
import shutil
import subprocess
import tarfile
import tempfile

import boot_devices
import faults
import oracle
import paths
import proc
import proc
import qemu
import report as reporting

HELLO = b"hello from /bin/hello, one process in a VM of its own\n"
MACHINES = ("pc", "q35", "microvm")
DASH = os.path.join(paths.BUILD, "apps", "dash.stripped")
SHIM = os.path.join(paths.BUILD, "shim", "shim.elf")
MULTIBOOT_MAGIC = b"\x02\xb0\xad\x1b"
GIB = 1 << 30

scratch = None  # a TemporaryDirectory while the suite runs


# ---- helpers ----


def text(result):
    return reporting.tail(result.out + result.err, 12)


def check(result, out, status=0, exact=False):
    """The machine went off by itself, the program's output is at the end of what the console showed
    (or all of it), and QEMU and the console agree on its status."""
    assert not result.trouble(), f"{result.trouble()}\n{text(result)}"
    program, complaint = qemu.program_outcome(result)
    assert complaint is None, f"{complaint}\n{text(result)}"
    assert program.status == status, f"status {program.status}, not {status}\n{text(result)}"
    good = program.out == out if exact else program.out.endswith(out)
    assert good, f"console does not {'say' if exact else 'end with'} {out!r}\n{text(result)}"


def need(*packages):
    """Skips a test whose tools are not installed; in CI that is a failure."""
    probes = {
        "disk": "/usr/lib/grub/i386-pc/boot.img",
        "iso": shutil.which("xorriso") or "xorriso",
        "qcow2": shutil.which("qemu-img") or "qemu-img",
        "ovmf": qemu.OVMF,
    }
    absent = [p for p in packages if p in probes and not os.path.exists(probes[p])]
    if absent:
        reason = f"{probes[absent[0]]} is missing (tools/setup boot)"
        assert os.environ.get("CI") != "true", reason
        raise proc.Skip(reason)


def medium(kind):
    """A medium of this format with hello.img, made once."""
    need("disk", kind)
    path = os.path.join(scratch.name, "hello." + kind)
    if not os.path.exists(path):
        make = [paths.MKIMAGE, "-q", "--from", paths.HELLO_IMAGE, "--format", kind, "-o", path]
        subprocess.run(make, check=True, timeout=60)
    return path


def shell(script, *words, machine="microvm"):
    """dash with -c SCRIPT on the kernel command line; the script may hold no double quotes."""
    assert '"' not in script
    append = " ".join([f'-c "{script}"', *words])
    return qemu.boot(qemu.kernel(paths.SHELL_ELF, append, machine))


# ---- the ways in ----


def test_kernel():
    for machine in MACHINES:
        check(qemu.boot(qemu.kernel(paths.HELLO_ELF, machine=machine)), HELLO, exact=True)


def test_pvh():
    """Without multiboot's magic QEMU enters by the PVH note."""
    path = os.path.join(scratch.name, "pvh.elf")
    with open(paths.HELLO_ELF, "rb") as f:
        data = f.read()
    assert data[:8192].count(MULTIBOOT_MAGIC) == 1, "not one multiboot header"
    with open(path, "wb") as f:
        f.write(data.replace(MULTIBOOT_MAGIC, bytes(4), 1))
    for machine in MACHINES:
        check(qemu.boot(qemu.kernel(path, machine=machine)), HELLO, exact=True)


def test_module():
    """The bare shim, the image beside it."""
    for machine in MACHINES:
        arguments = qemu.kernel(SHIM, machine=machine)
        check(qemu.boot([*arguments, "-initrd", paths.HELLO_IMAGE]), HELLO, exact=True)


def test_nographic():
    """As people type it; the firmware writes to the same line."""
    command = [qemu.QEMU, "-nographic", "-no-reboot", "-nic", "none", "-kernel", paths.HELLO_ELF]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"status {done.returncode}"
    assert done.stdout.replace(b"\r\n", b"\n").endswith(HELLO), repr(done.stdout[-300:])


def test_raw_bios():
    """Made in one step, with a program that fails: nothing is lost on the way out of a disk."""
    need("disk")
    path = os.path.join(scratch.name, "fails.raw")
    subprocess.run(
        [paths.MKIMAGE, "-q", "-o", path, "--format", "raw", "--program", f"/bin/sh={DASH}",
         "--cmdline", "-c 'echo from a disk; exit 3'"],
        check=True, timeout=60,
    )  # fmt: skip
    check(qemu.boot(qemu.disk(path)), b"from a disk\n", status=3)


def test_raw_uefi():
    need("ovmf")
    variables = os.path.join(scratch.name, "vars.fd")
    shutil.copy(qemu.OVMF_VARS, variables)
    check(qemu.boot(["-M", "q35", *qemu.flash(variables), *qemu.disk(medium("raw"))]), HELLO)


def test_qcow2_bios():
    check(qemu.boot(qemu.disk(medium("qcow2"), "qcow2")), HELLO)


def test_virtio_disk_bios():
    drive = ["-drive", f"file={medium('raw')},format=raw,snapshot=on,if=virtio"]
    check(qemu.boot(["-M", "q35", *drive]), HELLO)


def with_config(commands, *files):
    """A copy of the disk with another grub.cfg, and more files, put in as the document says."""
    disk, config = os.path.join(scratch.name, "own.raw"), os.path.join(scratch.name, "grub.cfg")
    shutil.copy(medium("raw"), disk)
    with open(config, "w", encoding="ascii") as f:
        f.write("\n".join([*commands, "boot", ""]))
    for source, target in ((config, "boot/grub/grub.cfg"), *files):
        copy = ["mcopy", "-o", "-i", disk + "@@1M", source, "::/" + target]
        subprocess.run(copy, check=True, timeout=60)
    return qemu.boot(qemu.disk(disk))


def test_edited_config():
    """The command line behind the shim's name: a program's arguments, and none of GRUB's words."""
    words = 'ramet.exec=/bin/sh -c "echo \\$1" sh "two words"'
    commands = ["multiboot2 /shim.elf " + words, "module2 /sh.img"]
    result = with_config(commands, (paths.SHELL_IMAGE, "sh.img"))
    check(result, b"two words\n")


def test_grub_kernel():
    """The kernel file as GRUB's own kernel, by either multiboot protocol."""
    for command in ("multiboot", "multiboot2"):
        check(with_config([f"{command} /hello.elf"], (paths.HELLO_ELF, "hello.elf")), HELLO)


def test_iso_bios():
    check(qemu.boot(["-cdrom", medium("iso")]), HELLO)


def test_iso_uefi():
    need("ovmf")
    check(qemu.boot(["-bios", qemu.OVMF, "-cdrom", medium("iso")]), HELLO)


def test_iso_as_disk():
    check(qemu.boot(qemu.disk(medium("iso"))), HELLO)


def test_gce():
    """What Google's import asks of the archive; and the disk in it boots."""
    with tarfile.open(medium("gce"), "r:gz") as archive:
        members = archive.getmembers()
        assert [m.name for m in members] == ["disk.raw"], f"members {members}"
        assert members[0].size % GIB == 0, f"{members[0].size} bytes are not whole gigabytes"
        assert archive.format == tarfile.GNU_FORMAT or members[0].issparse(), "not in GNU's format"
    subprocess.run(["tar", "-C", scratch.name, "-Sxzf", medium("gce")], check=True, timeout=60)
    check(qemu.boot(qemu.disk(os.path.join(scratch.name, "disk.raw"))), HELLO)


# ---- what a program is told, and tells ----


def test_exit_status():
    for machine in MACHINES:
        check(shell("echo out; exit 3", machine=machine), b"out\n", status=3, exact=True)


def test_killed():
    check(shell("kill -9 $$"), b"", status=128 + 9, exact=True)
    check(shell("kill -SEGV $$"), b"", status=128 + 11, exact=True)


def test_arguments():
    result = shell("echo $#:$0:$1:$2:$3", "sh", '"two words"', '""', "last")
    check(result, b"3:sh:two words::last\n", exact=True)


def test_default_arguments():
    """None on the command line: those of the image. Options of the shim's are no arguments."""
    path = os.path.join(scratch.name, "defaults.elf")
    subprocess.run(
        [paths.MKIMAGE, "-q", "-o", path, "--format", "elf", "--program", f"/bin/sh={DASH}",
         "--cmdline", "-c 'echo $1' sh 'by default'"],
        check=True, timeout=60,
    )  # fmt: skip
    for append in (None, "ramet.env=A=1"):
        check(qemu.boot(qemu.kernel(path, append, "microvm")), b"by default\n", exact=True)
    check(qemu.boot(qemu.kernel(path, '-c "exit 6"')), b"", status=6, exact=True)


def test_environment():
    settings = ('ramet.env="GREETING=hello there"', "ramet.env=HOME=/tmp")
    result = shell("echo $GREETING-$HOME", *settings)
    check(result, b"hello there-/tmp\n", exact=True)


def test_hostname():
    check(shell("exec uname -n", "ramet.hostname=box"), b"box\n", exact=True)


def test_exec_option():
    """Another program of the image; and one that is not there."""
    append = "ramet.exec=/bin/busybox echo replaced"
    check(qemu.boot(qemu.kernel(paths.SHELL_ELF, append, "microvm")), b"replaced\n", exact=True)
    result = qemu.boot(qemu.kernel(paths.SHELL_ELF, "ramet.exec=/bin/absent", "microvm"))
    assert b"no program /bin/absent in the image" in result.out and result.status, text(result)


def test_exec_without_companion():
    check(shell("exec busybox expr 6 \\* 7"), b"42\n", exact=True)


def test_fork_says_how():
    result = shell("date; echo not reached")
    program, complaint = qemu.program_outcome(result)
    assert complaint is None, complaint
    lines = program.out.decode().splitlines()
    assert lines[0].startswith("ramet: one VM alone cannot fork") and "ramet run" in lines[0], lines
    assert program.status == 2 and b"not reached" not in program.out, text(result)


def test_typed_shell():
    """A terminal on the serial line: echo, editing, a prompt, builtins, the end by ^D."""
    machine = qemu.Console(qemu.kernel(paths.SHELL_ELF, None, "microvm"), typed=b"")
    for typed, answer in (
        (None, b"# "),
        (b"echo $((6 * 7))\n", b"\n42\n# "),
        (b"x='a  b'; ecx\x7fho \"$x\"\n", b"\na  b\n# "),
        (b"cd /etc; read line < passwd; echo ${line%%:*}\n", b"\nroot\n# "),
        (b"nonsense\x15echo \"line killed\"\n", b"\nline killed\n# "),
    ):
        if typed:
            machine.type(typed)
        assert machine.read(answer, qemu.LIMIT), f"no {answer!r} in {machine.out!r}"
    machine.type(b"trap 'exit 5' EXIT\n\x04")
    check(machine.end(qemu.LIMIT), b"", status=5)


# ---- what cannot work says so ----


def refused(arguments, line, memory="256"):
    result = qemu.boot([*arguments, "-m", memory])
    assert not result.timed_out, f"hangs\n{text(result)}"
    assert line in result.out, f"does not say {line!r}\n{text(result)}"
    assert result.status != 0, "ends with status 0"


def test_no_image():
    refused(qemu.kernel(SHIM), b"ramet: no image")


def test_bad_module():
    garbage = os.path.join(scratch.name, "garbage")
    with open(paths.HELLO_IMAGE, "rb") as f:
        image = f.read()
    for data, line in (
        (b"no image" * 1024, b"ramet: the module is not a Ramet image"),
        (image[:8192], b"ramet: the image is truncated"),
        (image[:8] + b"\x07" + image[9:], b"ramet: the image has format 7"),
    ):
        with open(garbage, "wb") as f:
            f.write(data)
        refused([*qemu.kernel(SHIM), "-initrd", garbage], line)


def loop_ms(command):
    """What tests/guest/process/loop.c says of its thousand million turns."""
    out = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True
    ).stdout
    return float(out.split()[0])


def test_native_speed():
    """Where QEMU has KVM the program runs at the processor's own speed: the shim is not in the way,
    even on a KVM that emulates ring 0. The best of a few, as others use this machine as well."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        raise proc.Skip("no /dev/kvm")
    complaint = oracle.build("loop")
    assert not complaint, complaint
    host = [os.path.join(paths.ORACLE, "loop"), "time"]
    guest = [
        qemu.QEMU, "-accel", "kvm", "-cpu", "host", "-M", "microvm", "-m", "256", "-nodefaults",
        "-display", "none", "-serial", "stdio", "-no-reboot",
        "-kernel", paths.TESTS_ELF, "-append", "ramet.exec=/tests/loop time",
    ]  # fmt: skip
    here, there = (min(loop_ms(command) for _ in range(3)) for command in (host, guest))
    assert there <= 1.5 * here, f"{there} ms, on the host {here} ms"


def test_little_memory():
    refused(qemu.kernel(paths.HELLO_ELF), b"of memory are too few", memory="16")


def test_memory_above_4g():
    """Most of the memory beyond what is mapped at the start; dd goes through 32 MB and more."""
    script = "exec dd if=/dev/zero of=/tmp/f bs=1M count=50 status=noxfer"
    for machine in ("pc", "q35"):
        result = shell(script, machine=machine + ",max-ram-below-4g=32M")
        check(result, b"50+0 records in\n50+0 records out\n")


def tests():
    return [(n.removeprefix("test_"), f) for n, f in globals().items() if n.startswith("test_")]


def suite(report, _options):
    global scratch
    if not paths.boot_gate(report, "boot"):
        return
    absent = paths.missing(
        paths.MKIMAGE, paths.HELLO_ELF, paths.SHELL_ELF, paths.TESTS_ELF, SHIM, DASH
    )
    if absent:
        report.fail("boot", f"{absent} is not built (make images)")
        return
    with tempfile.TemporaryDirectory(prefix="boot-") as scratch:
        scratch = type("Scratch", (), {"name": scratch})
        for name, function in [*tests(), *boot_devices.tests()]:
            full = "boot/" + name
            if report.wants(full):
                faults.one(report, full, function)
