# SPDX-License-Identifier: BSD-2-Clause
"""The gdb suite: stock gdb, and a small client of its protocol for what gdb does not do on demand,
debug tests/guest/process/debuggee.c in a VM."""

import contextlib
import os
import shutil
import socket
import subprocess
import time

import faults
import paths
import proc
from family import Family

ELF = os.path.join(paths.BUILD, "guest", "debuggee.elf")
LIMIT = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(port, mode="run", slot=""):
    flags = ["--gdb", f"{port}{slot}", "--exec", "/tests/debuggee"]
    return Family(paths.ramet_run(paths.TESTS_IMAGE, mode, options=flags))


@contextlib.contextmanager
def waiting(mode="run", slot=""):
    """A family one VM of which waits for gdb: (family, port)."""
    port = free_port()
    with start(port, mode, slot) as family:
        family.expect("waits for gdb")
        yield family, port


def gdb(port, *commands):
    """Runs gdb's commands in one session; returns all it said."""
    script = []
    for command in (f"target remote 127.0.0.1:{port}", *commands):
        script += ["-ex", command]
    done = subprocess.run(
        ["gdb", "-nx", "-batch", *script, ELF],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=paths.limit(LIMIT),
        check=False,
    )
    return done.stdout + done.stderr


def in_order(said, *words):
    at = 0
    for word in words:
        found = said.find(word, at)
        assert found >= 0, f"gdb did not say {word!r} here\n{said}"
        at = found + len(word)


class Client:
    """gdb's side of the protocol, in acknowledged mode."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=paths.limit(10))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def byte(self):
        data = self.socket.recv(1)
        assert data, "the monitor closed the connection"
        return data

    def send(self, text):
        self.socket.sendall(f"${text}#{sum(text.encode()) % 256:02x}".encode())
        assert self.byte() == b"+", "not acknowledged"

    def receive(self):
        while self.byte() != b"$":
            pass
        text = b""
        while (byte := self.byte()) != b"#":
            text += byte
        self.byte(), self.byte()
        self.socket.sendall(b"+")
        return text.decode()

    def ask(self, text):
        self.send(text)
        return self.receive()

    def interrupt(self):
        self.socket.sendall(b"\x03")
        return self.receive()

    def register(self, number):
        return int.from_bytes(bytes.fromhex(self.ask(f"p{number:x}")), "little")


RIP, RSP = 16, 7


def test_break_and_look():
    """Breakpoints, backtraces, memory, steps, and variables that are changed."""
    with waiting() as (family, port):
        said = gdb(
            port, "break main", "continue", "backtrace", "x/4gx $sp", "stepi", "info reg rip",
            "break climb if depth == 3", "continue", "backtrace", "print here",
            "set var bonus = 100", "info registers mxcsr", "delete", "finish", "continue",
        )
        in_order(
            said, "Breakpoint 1, main", "#0  main", "rip ", "Breakpoint 2, climb (", "#0  climb",
            "#1 ", "in climb", "#3 ", "in climb", "#4 ", "in main", "mxcsr          0x1f80",
            "Value returned is $2 = 103", "exited normally",
        )
        family.expect("sum 106")
        family.expect("child exits 5")
        assert family.finish() == 0


def test_clone_is_free():
    """A clone of a debugged VM has no breakpoint in its text: it runs and exits as ever."""
    with waiting() as (family, port):
        said = gdb(port, "break in_child", "break fork", "continue", "continue")
        in_order(said, "Breakpoint 2, ", "exited normally")
        family.expect("child exits 5")
        assert family.finish() == 0


def test_debug_a_child():
    """--gdb PORT:2 is for the VM in slot 2: it waits at the fork, its parent waits for it."""
    with waiting(slot=":2") as (family, port):
        said = gdb(
            port, "break in_child", "continue", "backtrace", "next", "set var code = 6", "continue"
        )
        in_order(said, "Breakpoint 1, in_child", "#1 ", "in main", "exited with code 06")
        family.expect("child exits 6")
        assert family.finish() == 0


def test_fault():
    """A fault stops the VM in gdb first; the program gets it then, and dies by default."""
    with waiting("fault") as (family, port):
        said = gdb(port, "continue", "print nowhere", "continue")
        in_order(said, "received signal SIGSEGV", "main", "$1 = (int * volatile) 0x0", "terminated",
                 "SIGSEGV")
        assert family.finish() == 139


def test_fault_handled():
    """The program's handler gets the fault that gdb passes on."""
    with waiting("handle") as (family, port):
        said = gdb(port, "break handle", "continue", "continue", "backtrace", "continue")
        in_order(said, "received signal SIGSEGV", "handle (sig=11)", "exited with code 011")
        family.expect("handler got signal 11")
        assert family.finish() == 9


def test_interrupt_busy():
    """^C stops a VM that never leaves the guest; it goes on and can be stopped again."""
    with waiting("spin") as (family, port), Client(port) as client:
        for _ in range(3):
            client.send("c")
            time.sleep(0.1)
            assert client.interrupt().startswith("T02"), "no SIGINT"
            assert client.register(RIP) >= 0x200000, "stopped outside the program"
        client.send("k")
        assert family.finish() == 137, "k ends the VM"


def test_interrupt_blocked():
    """^C stops a VM that sleeps in the monitor, in the kernel's code that called for it."""
    with waiting("block") as (family, port):
        with Client(port) as client:
            client.send("c")
            family.expect("sum 6")
            time.sleep(0.3)
            assert client.interrupt().startswith("T02")
            assert client.register(RIP) >= 0x200000, "stopped in the call page"
        # The connection is closed without a word: the VM is let go, and gdb may come back.
        time.sleep(0.1)
        said = gdb(port, "backtrace", "detach")
        in_order(said, "pause", "main", "detached")
        with Client(port) as client:
            client.send("k")
        assert family.finish() == 137


def test_step_across_calls():
    """Instruction steps go through paravirtual calls, whose port write leaves the guest."""
    with waiting() as (family, port), Client(port) as client:
        for _ in range(2000):
            reply = client.ask("s")
            assert reply.startswith("T05"), reply
        assert client.ask("D") == "OK"
        family.expect("child exits 5")
        assert family.finish() == 0


def test_hostile_client():
    """Nonsense is answered by an error or nothing; the VM and its monitor are none the worse."""
    top = "ffffffffffffffff"
    with waiting() as (family, port), Client(port) as client:
        for text in (f"m{top},8", f"m0,{top}", "m", "mx,y", f"M{top},4:00000000", "M200000,4:zz",
                     f"Z0,{top},1", "Z0,0,1", "G00", "pffff", "P10", "P10=zz"):
            assert client.ask(text) == "E01", text
        for text in ("", "vMustReplyEmpty", "Z1,200000,1", "qXfer:features:read:x.xml:0,10", "!"):
            assert client.ask(text) == "", text
        for i in range(300):  # more than there is room for
            client.ask(f"Z0,{0x200000 + i:x},1")
        assert client.ask("?").startswith("T05")
        client.socket.sendall(b"$g#00")
        assert client.byte() == b"-", "a wrong checksum was accepted"
        client.socket.sendall(b"\x03\x03$" + b"x" * 100000 + b"#00")
        assert client.byte() == b"-", "an endless packet was accepted"
        rsp = client.register(RSP)
        assert len(client.ask(f"m{rsp:x},10")) == 32
        assert client.ask("D") == "OK"
        family.expect("child exits 5")
        assert family.finish() == 0


def test_exec():
    """A new program in the debugged VM stops at its first instruction, without old breakpoints."""
    port = free_port()
    flags = ["--gdb", str(port)]
    script = "echo before; exec echo after"
    with Family(paths.ramet_run(paths.SHELL_IMAGE, "-c", script, options=flags)) as family:
        family.expect("waits for gdb")
        with Client(port) as client:
            first = client.register(RIP)
            assert client.ask("s").startswith("T05")
            assert client.ask(f"Z0,{first:x},1") == "OK"
            assert client.ask("c").startswith("T05"), "no stop at exec"
            family.expect("before")
            # Whatever lies there now has no breakpoint: going on over it does not stop.
            assert client.ask("c") == "W00"
        family.expect("after")
        assert family.finish() == 0


def test_port_taken():
    """A port that is in use is refused in one line before anything starts."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with start(port) as family:
            family.expect(f"ramet: --gdb {port}: Address already in use")
            assert family.finish() == 2


def test_on_qemu():
    """A VM of QEMU has QEMU's own server. It sees the VM, ring 0 included, no program's end."""
    if not shutil.which("qemu-system-x86_64"):
        raise proc.Skip("no qemu-system-x86_64")
    port = free_port()
    flags = ["--vmm=qemu", "--accel=tcg", "--gdb", str(port), "--exec", "/tests/debuggee"]
    command = [paths.RAMET, "run", *flags, paths.TESTS_IMAGE, "run"]
    with Family(command) as family:
        family.expect("waits for gdb")
        said = gdb(port, "hbreak main", "continue", "hbreak climb if depth == 3", "continue",
                   "backtrace", "print depth", "finish", "delete", "detach")  # fmt: skip
        in_order(said, "Breakpoint 1, main", "Breakpoint 2, climb", "#3", "$1 = 3",
                 "Value returned")  # fmt: skip
        assert family.finish() == 0, "the program did not end well after gdb left"


def suite(report, _options):
    unbuilt = paths.unbuilt(paths.RAMET, paths.TESTS_IMAGE, ELF)
    if unbuilt or not shutil.which("gdb"):
        report.fail("gdb", unbuilt or "gdb is not installed")
        return
    has_kvm = paths.kvm_gate(report, "gdb")
    for name, function in list(globals().items()):
        if not name.startswith("test_"):
            continue
        full = "gdb/" + name.removeprefix("test_")
        if (paths.rest() if function is test_on_qemu else has_kvm) and report.wants(full):
            faults.one(report, full, function)
