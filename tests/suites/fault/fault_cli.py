# SPDX-License-Identifier: BSD-2-Clause
"""Files and options that cannot work: one clear line on stderr, nothing on stdout, status 2."""

import contextlib
import os
import re
import socket
import struct
import tempfile

import paths
import proc

NOBODY = 65534  # Debian's user nobody


def refused(argv, word, limit=10.0):
    """Runs argv and demands the one-line refusal, with `word` in the line."""
    outcome = proc.run(argv, limit=limit)
    shown = outcome.err.decode(errors="replace")
    assert not outcome.timed_out, "did not end"
    assert outcome.status == 2, f"status {outcome.status} instead of 2\n{shown}"
    assert outcome.out == b"", f"printed on stdout: {outcome.out[:80]!r}"
    assert shown.count("\n") == 1 and shown.endswith("\n"), f"not one line\n{shown}"
    assert word in shown, f"the line does not mention {word!r}\n{shown}"


def refused_image(data, word):
    with tempfile.NamedTemporaryFile(suffix=".img") as image:
        image.write(data)
        image.flush()
        refused(paths.ramet_run(image.name), word or os.path.basename(image.name))


def good_image():
    with open(paths.TESTS_IMAGE, "rb") as image:
        return image.read()


def refused_kvm(device):
    refused([paths.RAMET, "run", "--vmm=kvm", "--kvm", device, paths.TESTS_IMAGE], device)


def test_no_kvm():
    refused_kvm("/nonexistent")


def test_kvm_is_something_else():
    refused_kvm("/dev/null")


def test_disks():
    with tempfile.NamedTemporaryFile() as odd, tempfile.TemporaryDirectory() as folder:
        odd.write(b"x" * 513)
        odd.flush()
        for disk, word in (
            ("/nonexistent", "No such file"),
            ("/nonexistent:ro", "No such file"),
            (folder, "directory"),
            ("/dev/null", "block device"),
            (odd.name, "512"),
        ):
            refused(paths.ramet_run(paths.TESTS_IMAGE, options=["--disk", disk]), word)
        os.truncate(odd.name, 0)
        refused(paths.ramet_run(paths.TESTS_IMAGE, options=["--disk", odd.name]), "512")
        os.truncate(odd.name, 512)
        # Disks are looked at before KVM is: a wrong one is named on every machine.
        nowhere = ["--kvm", "/nonexistent", "--disk", folder]
        refused([paths.RAMET, "run", "--vmm=kvm", *nowhere, paths.TESTS_IMAGE], "directory")
        five = ["--disk", odd.name] * 5
        refused(paths.ramet_run(paths.TESTS_IMAGE, options=five), "4 disks")


def test_missing_image():
    refused(paths.ramet_run("/nonexistent.img"), "/nonexistent.img")


def test_directory_as_image():
    refused(paths.ramet_run("/"), "/")


def test_empty_image():
    refused_image(b"", None)


def test_text_as_image():
    refused_image(b"#!/bin/sh\necho this is a script\n" * 300, None)


def test_elf_as_image():
    with open(paths.RAMET, "rb") as program:
        refused_image(program.read(), None)


def test_zeros_as_image():
    refused_image(bytes(1 << 20), None)


def test_truncated_images():
    data = good_image()
    for length in (1, 8, 16, 100, 128, 4096, len(data) // 2, len(data) - 4096, len(data) - 1):
        refused_image(data[:length], None)


def test_files_that_do_not_fit():
    """More files than the window has room for: said before there is a VM, with the size needed."""
    with tempfile.TemporaryDirectory() as work:
        os.mkdir(os.path.join(work, "many"))
        for i in range(30000):
            with open(os.path.join(work, "many", f"file-{i}"), "w", encoding="ascii"):
                pass
        image = os.path.join(work, "many.img")
        program = os.path.join(paths.BUILD, "guest", "hello.elf")
        argv = [paths.MKIMAGE, "-q", "-o", image, "--program", "/hello=" + program]
        made = proc.run([*argv, "--dir", os.path.join(work, "many") + ":/many"], limit=60)
        assert made.status == 0, made.err
        refused(paths.ramet_run(image, options=["--window-size", "6M"]), "give --window-size")
        outcome = proc.run(paths.ramet_run(image), limit=60)
        assert outcome.status == 7, outcome.err  # as hello.c ends


def test_wrong_abi():
    data = bytearray(good_image())
    # struct image_header of abi/image.h: magic[8], format, abi.
    (abi,) = struct.unpack_from("<I", data, 12)
    struct.pack_into("<I", data, 12, abi + 1)
    refused_image(bytes(data), str(abi + 1))


def test_wrong_format():
    data = bytearray(good_image())
    struct.pack_into("<I", data, 8, 77)
    refused_image(bytes(data), "77")


def test_wild_offsets():
    """Each 8-byte table offset and size of the header, blown up in turn."""
    data = good_image()
    for offset in (16, 24, 32, 40, 48, 56):
        for value in (2**64 - 1, 2**63, 2**40, 3):
            broken = bytearray(data)
            struct.pack_into("<Q", broken, offset, value)
            refused_image(bytes(broken), None)


def test_bad_options():
    refused([paths.RAMET, "run"], "image")
    refused(paths.ramet_run(paths.TESTS_IMAGE, options=["--mem", "lots"]), "lots")
    refused(paths.ramet_run(paths.TESTS_IMAGE, options=["--max-procs", "0"]), "0")
    refused(paths.ramet_run(paths.TESTS_IMAGE, options=["--window-size", "1"]), "--window-size")
    refused(paths.ramet_run(paths.TESTS_IMAGE, options=["--trace=everything"]), "everything")
    for path in ("/tests/absent", "/tmp"):
        refused(paths.ramet_run(paths.TESTS_IMAGE, options=["--exec", path]), path)


def other_users_server(path, ready):
    """In a process of another user: listens, and says what comes with the first message."""
    os.setuid(NOBODY)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(path)
        listener.listen()
        os.write(ready, b"+")
        connection, _ = listener.accept()
        data, descriptors, _, _ = socket.recv_fds(connection, 64, 4)
        os.write(ready, b"%d %d" % (len(data), len(descriptors)))


def test_server_of_another_user():
    """A client hands its descriptors to no server but this user's and root's."""
    if os.getuid() != 0:
        raise proc.Skip("needs root, to have a server of another user")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        path = os.path.join(folder, "socket")
        come, ready = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                other_users_server(path, ready)
            finally:
                os._exit(0)
        os.close(ready)
        assert os.read(come, 1) == b"+", "no server"
        refused([paths.RAMET, "run", "--template", path], "another user's")
        assert os.read(come, 16) == b"0 0", "it was given something"
        os.close(come)
        with contextlib.suppress(ChildProcessError):  # proc.run() reaps whatever has ended
            os.waitpid(child, 0)


def test_unknown_option():
    outcome = proc.run(paths.ramet_run(paths.TESTS_IMAGE, options=["--no-such-option"]))
    assert outcome.status == 2, f"status {outcome.status}"
    assert b"no-such-option" in outcome.err, "the option is not named"


def test_complaints_say_who():
    """Every line begins with the program's name, getopt's too."""
    for argv in (["run", "--no-such-option"], ["run", "--mem"], ["serve", "--pool=x"],
                 ["template"]):  # fmt: skip
        outcome = proc.run([paths.RAMET, *argv])
        lines = outcome.err.decode().splitlines()
        assert outcome.status == 2 and lines, f"{argv}: {outcome.err!r}"
        assert all(line.startswith("ramet: ") for line in lines), f"{argv}: {lines}"


def test_version():
    for argv in (["--version"], ["run", "--version"]):
        outcome = proc.run([paths.RAMET, *argv])
        assert outcome.status == 0 and outcome.err == b"", f"{outcome.err!r}"
        assert re.fullmatch(rb"ramet \d+\.\d+\.\d+\n", outcome.out), f"{outcome.out!r}"


def test_template_without_kvm():
    """What is asked for by name is not replaced by something else, nor is QEMU asked."""
    need = ["--kvm", "/nonexistent", "--until", "x", "--output", "/tmp/never.tpl"]
    refused([paths.RAMET, "template", "--vmm=kvm", *need, paths.TESTS_IMAGE], "/nonexistent")
    refused([paths.RAMET, "template", "--vmm=qemu", *need, paths.TESTS_IMAGE], "--vmm=qemu")


def test_exec_of_links():
    """--exec takes what a program of the image would find there: links too."""
    for path in ("/bin/ls", "/bin/../bin/./ls", "//bin//ls"):
        argv = paths.ramet_run(paths.SHELL_IMAGE, "-d", "/bin", options=["--exec", path])
        outcome = proc.run(argv, limit=20)
        assert (outcome.status, outcome.out) == (0, b"/bin\n"), f"{path}: {outcome.err!r}"
    for path in ("/bin/ls/", "/bin/absent", "/bin", "bin/ls"):
        refused(paths.ramet_run(paths.SHELL_IMAGE, options=["--exec", path]), "no program")


def test_what_follows_the_image():
    """It is the program's, whatever it looks like."""
    argv = paths.ramet_run(paths.SHELL_IMAGE, "-c", 'echo "$@"', "sh", "--mem", "x.img", "--help")
    outcome = proc.run(argv, limit=20)
    assert outcome.out == b"--mem x.img --help\n", f"{outcome.out!r} {outcome.err!r}"


def test_help():
    outcome = proc.run([paths.RAMET, "run", "--help"])
    assert outcome.status == 0, f"status {outcome.status}"
    for option in (b"--mem", b"--max-procs", b"--window-size", b"--trace", b"--exec"):
        assert option in outcome.out, f"{option.decode()} is not explained"
    assert outcome.err == b"", "help belongs on stdout"


def test_trace_of_processes():
    """--trace=proc: a line for each way in which a VM begins, becomes another program, or ends."""
    script = "/bin/true; (:); echo a | cat"
    argv = paths.ramet_run(paths.SHELL_IMAGE, "-c", script, options=["--trace=proc"])
    outcome = proc.run(argv, limit=20)
    lines = outcome.err.decode().splitlines()
    wanted = [r"\d+ clone \d+\.\d{3} ms", r"\d+ exit status 0",
              r"\d+ spawn /bin/busybox \d+\.\d{3} ms"]  # fmt: skip
    if paths.VMM == "kvm":  # elsewhere it is the guest's own doing
        wanted.append(r"\d+ exec /bin/busybox \d+\.\d{3} ms")
    for line in ["ramet: " + line for line in wanted]:
        assert any(re.fullmatch(line, seen) for seen in lines), f"no {line!r} in {lines}"
