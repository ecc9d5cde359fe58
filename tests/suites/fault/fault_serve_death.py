# SPDX-License-Identifier: BSD-2-Clause
"""Families kept ready, when a client, the server or one of their processes ends: the others go on
and nothing is left."""

import os
import signal

import paths
import proc
from fault_template import Template
from server import HOLD, LIMIT, Server, ended, wait_until


def test_client_dies():
    with Server(HOLD) as server:
        client = server.begin()
        client.kill()
        client.communicate(timeout=paths.limit(LIMIT))
        server.full()


def test_server_dies():
    """The ready families end with it, those in use do not."""
    with Server("echo READY; echo begun; read x; echo got $x") as server:
        client = server.begin()
        wait_until(lambda: len(server.ready()) == 2, "no other is ready")
        ready = [pid for pair in server.ready() for pid in pair]
        server.process.kill()
        server.process.wait()
        wait_until(lambda: not set(ready) & set(proc.descendants(os.getpid())), "ready ones stay")
        out, err = client.communicate(b"on\n", timeout=paths.limit(LIMIT))
        assert (client.returncode, out, err) == (0, b"got on\n", b""), f"{out!r} {err!r}"


def test_server_ends():
    """SIGTERM and SIGINT: no process, no file; a family in use goes on."""
    for sig in (signal.SIGTERM, signal.SIGINT):
        with Server("echo READY; echo begun; read x; echo got $x") as server:
            client = server.begin()
            wait_until(lambda: len(server.ready()) == 2, "no other is ready")
            ready = [pid for pair in server.ready() for pid in pair]
            server.stop(sig)
            assert not set(ready) & set(proc.descendants(os.getpid())), "ready ones are left"
            assert sorted(os.listdir(server.template.folder.name)) == ["shell.img", "shell.tpl"]
            out, err = client.communicate(b"on\n", timeout=paths.limit(LIMIT))
            assert (client.returncode, out, err) == (0, b"got on\n", b""), f"{out!r} {err!r}"


def test_ready_ones_die():
    with Server("echo READY; echo on") as server:
        for which in (0, 1, 0, 1):
            victims = server.ready()[0]
            os.kill(victims[which], signal.SIGKILL)
            wait_until(lambda gone=victims: not set(gone) & set(proc.descendants(os.getpid())),
                       "its other process stays")
            server.full()
            assert server.run() == (0, b"on\n", b"")


def test_used_ones_die():
    with Server(HOLD) as server:
        for which, status, word in ((1, 128 + signal.SIGKILL, b""), (0, 2, b"no status")):
            client = server.begin()
            supervisor = server.used()[0]
            monitor = proc.monitors(supervisor)[0]
            os.kill((supervisor, monitor)[which], signal.SIGKILL)
            ended(client, status, word)
            server.full()


def test_cannot_be_ready():
    """A template that was good when the server was started, and is not."""
    with Template("echo READY") as t:
        with open(t.path, "r+b") as file:
            file.truncate(os.path.getsize(t.path) - 4096)
        path = os.path.join(t.folder.name, "socket")
        outcome = proc.run(paths.ramet("serve", "--template", t.path, "--socket", path),
                           limit=LIMIT)
        assert outcome.status == 2 and b"ramet: " in outcome.err, f"{outcome}"
        assert not os.path.exists(path)
