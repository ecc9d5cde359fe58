# SPDX-License-Identifier: BSD-2-Clause
"""Families kept ready: a client is like a family that was started here. What happens when something
dies is in fault_serve_death.py."""

import os
import re
import signal
import socket
import subprocess
import time

import paths
import proc
from family import Family
from fault_template import Template, refused
from server import HOLD, LIMIT, Server, ended, wait_until


def test_like_a_family_here():
    script = "echo READY; read x; echo got $x; echo bad >&2; (exit 7); echo $?; exit 3"
    with Server(script, options=["--check-leaks"]) as server:
        for word in (b"one", b"two", b"three"):
            status, out, err = server.run(word + b"\n")
            assert (status, out) == (3, b"got " + word + b"\n7\n"), f"{status} {out!r} {err!r}"
            assert err.startswith(b"bad\n") and b"leaks: none" in err, f"{err!r}"
        server.full()
        server.stop()


def test_touching_leaves_nothing():
    """Its first pages have been touched, by no instruction of the program's: all is as it was."""
    script = (
        "x=1; printf 'a\\nb\\nc\\n' > /tmp/f; exec 3< /tmp/f; echo READY;"
        " x=$((x+1)); read y <&3; echo new >> /tmp/f; echo made > /tmp/g; echo $x $y;"
        " cat /tmp/f /tmp/g"
    )
    big = "x=$(seq 100000); echo READY; y=$x$x; echo ${#y}; echo ${#x}"
    with Server(script) as server:
        for _ in range(3):
            assert server.run() == (0, b"2 a\na\nb\nc\nnew\nmade\n", b""), "not as it was"
    with Server(big) as server:
        for _ in range(3):
            assert server.run() == (0, b"1177788\n588894\n", b""), "not as it was"


def test_no_call():
    """A program that computes before its first call; and one that never makes one."""
    count = "echo READY; i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; echo $i"
    with Server(count) as server:
        assert server.run() == (0, b"30000\n", b"")
        assert server.run() == (0, b"30000\n", b"")
    with Server("echo READY; while :; do :; done") as server:
        client = server.client()
        wait_until(lambda: len(server.used()) == 1, "it is not taken")
        client.send_signal(signal.SIGTERM)
        ended(client, 128 + signal.SIGTERM)
        server.full()


def test_other_program():
    """A template of a program that is not the image's first, and forks."""
    template = Template("", paths.TESTS_IMAGE)
    argv = paths.ramet("template", "--exec", "/tests/fork_again", "--until", "nothing:",
                       "--output", template.path, template.image)  # fmt: skip
    template.made = proc.run(argv, limit=LIMIT)
    with Server("", template=template) as server:
        status, out, err = server.run()
        assert status == 0 and out.count(b"5 of 5 children") > 5, f"{status} {out!r} {err!r}"


def test_many():
    with Server("echo READY; read x; (echo child $x); exit $x") as server:
        for i in range(50):
            assert server.run(b"%d\n" % i) == (i, b"child %d\n" % i, b""), f"client {i}"
        clients = [server.client() for _ in range(20)]
        for i, client in enumerate(clients):
            out, err = client.communicate(b"%d\n" % i, timeout=paths.limit(LIMIT))
            assert (out, err) == (b"child %d\n" % i, b"") and client.returncode == i, f"{err!r}"
        server.full()


def test_options():
    with Server("echo READY") as server:
        run, path = [paths.RAMET, "run"], server.path

        def refuse(argv, word):
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=paths.limit(LIMIT), check=False)  # fmt: skip
            assert done.returncode == 2 and done.stdout == b"", f"{argv}: {done}"
            assert word in done.stderr and done.stderr.count(b"\n") == 1, f"{argv}: {done}"

        tpl, image = server.template.path, server.template.image
        serve = paths.ramet("serve")
        refuse([*run, "--trace", "--template", path], b"options are those")
        refuse([*run, "--template", path, "word"], b"--template")
        refuse([*run, "--socket", path, image], b"ramet serve")
        refuse([*serve, "--template", tpl], b"--socket")
        refuse([*serve, "--socket", path], b"--template")
        refuse([*serve, "--template", tpl, "--socket", path, image], b"--template")
        refuse([*serve, "--pool", "0", "--template", tpl, "--socket", path], b"--pool")
        refuse([*serve, "--until", "x", "--template", tpl, "--socket", path], b"ramet template")
        refuse([*serve, "--mem", "32M", "--template", tpl, "--socket", path], b"--template")
        refuse([*serve, "--template", tpl, "--socket", "/nonexistent/s"], b"No such file")
        refuse([*serve, "--template", tpl, "--socket", "s" * 200], b"too long")
        refuse([*serve, "--template", image, "--socket", path + "2"], b"not a template")
        assert os.listdir(server.template.folder.name).count("socket") == 1
        server.full()


def test_place():
    """A stale socket is replaced; a live one and what is no socket are left alone."""
    with Server("echo READY; echo on") as server:
        second = subprocess.run(server.argv, capture_output=True, timeout=paths.limit(LIMIT),
                                check=False)  # fmt: skip
        assert second.returncode == 2 and b"another server" in second.stderr, f"{second}"
        assert server.run() == (0, b"on\n", b"")
        mode = os.stat(server.path).st_mode
        assert mode & 0o777 == 0o600, f"{mode:o}"
        server.full()
        ready = [pid for pair in server.ready() for pid in pair]
        server.process.kill()
        server.process.wait()
        wait_until(lambda: not set(ready) & set(proc.descendants(os.getpid())), "ready ones stay")
        assert os.path.exists(server.path)
        client = server.client()
        ended(client, 2, b"no server")
        with open(server.path + ".new", "wb") as file:
            file.write(b"precious")
        with subprocess.Popen(server.argv, stdin=subprocess.DEVNULL) as second:
            wait_until(lambda: server.run()[0] == 0, "the stale socket is still there")
            second.terminate()
        assert not os.path.exists(server.path)
        with open(server.path + ".new", "rb") as file:
            assert file.read() == b"precious"
        with open(server.path, "wb") as file:
            file.write(b"precious")
        refused(proc.run(server.argv, limit=LIMIT), b"no socket")
        with open(server.path, "rb") as file:
            assert file.read() == b"precious"


def test_other_kinds():
    """What is neither a template nor such a socket gets a line, and nobody waits."""
    with Template("echo READY") as t:
        path = os.path.join(t.folder.name, "odd")
        run = [paths.RAMET, "run", "--template", path]
        os.mkfifo(path)
        refused(proc.run(run, limit=LIMIT), b"odd: ")
        os.unlink(path)
        os.mkdir(path)
        refused(proc.run(run, limit=LIMIT), b"irectory")
        os.rmdir(path)
        with socket.socket(socket.AF_UNIX) as stream:
            stream.bind(path)
            stream.listen()
            refused(proc.run(run, limit=LIMIT), b"not a socket of")


def test_strange_clients():
    """Connections that say nothing, or the wrong thing, get no family and keep none."""
    with Server("echo READY; echo on", pool=1) as server:
        for what in (b"", b"x", b"srv1", b"x" * 12, b"srv1" + b"\0" * 8, b"y" * 4000):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as odd:
                odd.connect(server.path)
                if what:
                    odd.send(what)
                else:
                    continue  # it closes at once
                odd.settimeout(LIMIT)
                assert odd.recv(4) == b"", "an answer"
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as silent:
            silent.connect(server.path)
            assert server.run() == (0, b"on\n", b"")
        server.full()


def test_signals():
    with Server(HOLD) as server:
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2):
            client = server.begin()
            client.send_signal(sig)
            ended(client, 128 + sig)
        server.full()

        def nohup():
            proc.default_signals()
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

        client = server.client(preexec_fn=nohup)
        assert client.stdout.readline() == b"begun\n"
        client.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        assert client.poll() is None, "it did not ignore the signal"
        client.terminate()
        ended(client, 128 + signal.SIGTERM)


def test_terminal():
    """The client's terminal is a stream to the program, and ^C on it ends the family."""
    with Server("echo READY; echo begun; read x; echo got $x; sleep 100") as server:
        run = [paths.RAMET, "run", "--template", server.path]
        with Family(run, tty=True) as client:
            client.expect("begun")
            client.send("one\n")
            client.expect("got one")
            client.send("\x03")
            assert proc.ended(client.process, LIMIT) == 128 + signal.SIGINT
        server.full()


def test_signal_while_it_waits():
    """In the queue of a server that does not come to it."""
    with Template("echo READY") as t, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as busy:
        path = os.path.join(t.folder.name, "busy")
        busy.bind(path)
        busy.listen()
        # No pipes: their ends are on the way to that server, and do not end with the client.
        client = subprocess.Popen([paths.RAMET, "run", "--template", path],
                                  stdin=subprocess.DEVNULL, preexec_fn=proc.default_signals)
        time.sleep(0.3)
        client.terminate()
        assert proc.ended(client, LIMIT) == 128 + signal.SIGTERM


def test_descriptors():
    """No client's in another family, nor the server's: of its files the used one has none."""
    with Server(HOLD) as server:
        clients = [server.begin() for _ in range(2)]
        seen, everything = [], set()
        for supervisor in server.used():
            monitor = proc.monitors(supervisor)[0]
            for pid in (supervisor, monitor):
                folder = f"/proc/{pid}/fd"
                names = [os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder)]
                pipes = {os.readlink(os.path.join(folder, fd)) for fd in "012"}
                assert len(pipes) == 3, f"{names}"
                seen.append(pipes)
                everything |= {(supervisor, name) for name in names}
                kept = r"pipe:|/dev/kvm$|anon_inode:kvm-|socket:|/memfd:ramet-text |" + re.escape(
                    server.template.image)  # fmt: skip
                if pid == monitor:
                    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
                        assert "\nSeccomp:\t2\n" in status.read(), "it is not confined"
                    strange = [name for name in names if not re.match(kept, name)]
                    assert not strange, f"monitor has {strange}"
                    sockets = 0 if paths.VMM == "process" else 2
                    assert sum("socket:" in name for name in names) == sockets, f"{names}"
                    assert {name for name in names if "pipe:" in name} == pipes, f"{names}"
        assert seen[0] == seen[1] and seen[2] == seen[3] and not seen[0] & seen[2], f"{seen}"
        for name in seen[0] | seen[2]:
            assert sum(name == other for _, other in everything) == 1, f"{name} is in both"
        for client in clients:
            client.terminate()
            ended(client, 128 + signal.SIGTERM)
        server.full()


def test_closed_descriptors():
    with Server("echo READY; read x; echo $?; echo bad >&2; exit 4") as server:
        argv = [paths.RAMET, "run", "--template", server.path]
        for close, out in (("<&-", b"1\n"), (">&-", b""), ("2>&-", b"1\n")):
            done = subprocess.run(["sh", "-c", f'exec "$@" {close}', "sh", *argv],
                                  stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=paths.limit(LIMIT),
                                  check=False)  # fmt: skip
            assert (done.returncode, done.stdout) == (4, out), f"{close}: {done}"


def serve_once(argv, path):
    """A server of what may be no good, and a client of it: both end when they are asked to."""
    server = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: os.path.exists(path) or server.poll() is not None, "no server")
        if server.poll() is None:
            run = [paths.RAMET, "run", "--template", path]
            null = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL,
                    "stderr": subprocess.DEVNULL}  # fmt: skip
            client = subprocess.Popen(run, preexec_fn=proc.default_signals, **null)
            try:
                client.wait(0.5)
            except subprocess.TimeoutExpired:
                client.terminate()  # the program in it may do anything, a loop is one of them
            assert proc.ended(client, LIMIT) < 128 + 64
            server.terminate()
        assert proc.ended(server, LIMIT) in (0, 2)
    finally:
        server.kill()
        server.wait()


def test_damaged():
    """A byte of the template changed: the server refuses it, or its families do what the VM in it
    does, when its pages are touched and afterwards; nobody hangs or crashes."""
    with Template("echo READY; x=1; (echo a); echo b") as t:
        with open(t.path, "rb") as f:
            whole = f.read()
        path = os.path.join(t.folder.name, "socket")
        argv = paths.ramet("serve", "--pool", "1", "--template", t.path, "--socket", path)
        end = len(whole)
        for at in [*range(0, 360, 11), *range(4200, 4600, 13), *range(8192, end, 9001),
                   *range(end - 400, end, 31)]:  # fmt: skip
            with open(t.path, "wb") as f:
                f.write(whole[:at] + bytes([whole[at] ^ 0x81]) + whole[at + 1 :])
            serve_once(argv, path)


def test_clock_and_seed():
    """The date and the random numbers of now, not of when the family was made ready."""
    with Server("echo READY; date +%s; head -c 16 /dev/urandom | od -An -tx1") as server:
        seen = set()
        for _ in range(3):
            time.sleep(1.1)
            before = int(time.time())
            status, out, err = server.run()
            date, numbers = out.split(b"\n", 1)
            assert status == 0 and before <= int(date) <= int(time.time()), f"{out!r} {err!r}"
            seen.add(numbers)
        assert len(seen) == 3, "the same random numbers twice"


def test_timer():
    """A sleep that began before the family was taken, and one after, take what they should."""
    with Server("echo READY; sleep 0.3; echo slept") as server:
        time.sleep(1)
        begin = time.monotonic()
        assert server.run() == (0, b"slept\n", b"")
        assert 0.3 <= time.monotonic() - begin < 5
