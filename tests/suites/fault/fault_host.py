# SPDX-License-Identifier: BSD-2-Clause
"""What `ramet run` inherits or is denied by the host: signal dispositions, limits, a user who is
not root, a terminal that others use as well."""

import os
import pty
import shutil
import signal
import stat
import subprocess
import tempfile
import termios
import time

import paths
import proc
from family import Family

NOBODY = 65534


def by_shell(line, limit=20.0):
    """A line of the host's shell, with $R = ramet, $V = its options, $I = the shell's image."""
    env = {"PATH": os.environ["PATH"], "R": paths.RAMET, "I": paths.SHELL_IMAGE,
           "V": " ".join(paths.ramet_run()[2:])}  # fmt: skip
    outcome = proc.run(["sh", "-c", line], limit=limit, env=env)
    assert outcome.trouble() is None, outcome.trouble()
    return outcome


def start(script, *ignored, options=(), **streams):
    """`ramet run` with some signals ignored from its start."""

    def prepare():
        proc.default_signals()
        for sig in ignored:
            signal.signal(sig, signal.SIG_IGN)

    argv = paths.ramet_run(paths.SHELL_IMAGE, "-c", script, options=options)
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **streams}
    return subprocess.Popen(argv, start_new_session=True, preexec_fn=prepare, **streams)


def ended(process, limit=10.0):
    return proc.ended(process, limit)


def test_children_ignored():
    """Started with SIGCHLD ignored, as some daemons' children are: still sees its own die."""
    with start("(exit 1); exit 3", signal.SIGCHLD) as process:
        assert ended(process) == 3


def test_nohup():
    """A signal that whoever started us ignores stays ignored."""
    for sig in (signal.SIGHUP, signal.SIGINT):
        with start("echo ready; sleep 0.3; exit 4", sig) as process:
            process.stdout.readline()
            process.send_signal(sig)
            assert ended(process) == 4, sig.name


def test_other_signals():
    """Whatever would end a process ends the family in order, status and all."""
    for sig in (signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT):
        with start("sleep 100 & echo ready; wait") as process:
            process.stdout.readline()
            process.send_signal(sig)
            assert ended(process) == 128 + sig, sig.name


def test_nobody_listens():
    """Nobody reads stderr any more: what the supervisor has to say there does not end it."""
    script = "exec 2> /dev/null; sleep 100 & echo ready; wait $!; exit 5"
    with start(script, options=["--trace"], stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stderr.close()
        os.kill(proc.monitors(process.pid)[-1], signal.SIGKILL)
        assert ended(process) == 5


def test_nobody_reads():
    """stderr is a full pipe: the supervisor does not wait for a reader when it is told to end. (The
    monitors do, so the first program cannot be asked. It must not be over by then, either.)"""
    script = "sleep 100 & echo ready; wait; sleep 100"
    options = ["--trace", "--stop-timeout", "0"]
    with start(script, options=options, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        pipe = os.open(f"/proc/self/fd/{process.stderr.fileno()}", os.O_WRONLY | os.O_NONBLOCK)
        try:
            while True:
                os.write(pipe, b"x")
        except BlockingIOError:
            os.close(pipe)
        os.kill(proc.monitors(process.pid)[-1], signal.SIGKILL)
        time.sleep(0.1)
        process.terminate()
        assert ended(process) == 143


def test_cannot_start():
    """What keeps the first program from starting is one line and status 2."""
    run = paths.ramet_run(paths.SHELL_IMAGE, "-c", ":")
    cases = {
        "files": ["sh", "-c", 'ulimit -n 7; exec "$@"', "sh", *run],
        "memory": ["sh", "-c", 'ulimit -v 100000; exec "$@"', "sh", *run],
        "arguments": run + ["x" * 60000] * 3,
    }
    for what, argv in cases.items():
        outcome = proc.run(argv)
        assert outcome.status == 2, f"{what}: status {outcome.status} {outcome.err[:200]!r}"
        assert outcome.err.count(b"\n") == 1, f"{what}: {outcome.err[:300]!r}"


def test_deep_chain():
    """Each process the child of the one before: a monitor's stack does not grow with ancestors."""
    script = "g() { if [ $1 = 0 ]; then echo deep; else g $(($1-1)) & wait; fi; }; g 150"
    outcome = by_shell(f"ulimit -s 96; \"$R\" run $V \"$I\" -c '{script}'", limit=60)
    assert outcome.out == b"deep\n", f"{outcome.out!r} {outcome.err[:200]!r}"


def test_descriptors_of_a_chain():
    """The last of many generations has as many descriptors as the first."""
    script = (
        'g() { if [ $1 = 0 ]; then echo last; sleep 100; else g $(($1-1)) & wait; fi; }; '
        "echo ready; g 60"
    )
    with Family(paths.ramet_run(paths.SHELL_IMAGE, "-c", script)) as f:
        f.expect("last")
        pids = f.wait_for_monitors(lambda pids: len(pids) >= 62, "the chain")
        counts = {len(os.listdir(f"/proc/{pid}/fd")) for pid in pids}
        assert len(counts) == 1, f"different numbers of descriptors: {counts}"


def test_image_truncated():
    """An image file cut while in use: a VM that needs what is gone dies by SIGBUS, in order. With
    QEMU the family has a copy of it."""
    for size in (0, 4096):
        with tempfile.NamedTemporaryFile(suffix=".img") as image:
            shutil.copyfile(paths.SHELL_IMAGE, image.name)
            script = "echo ready; read x; ls / | cat; seq 1 10 | sort -n"
            with Family(paths.ramet_run(image.name, "-c", script)) as f:
                f.expect("ready")
                os.truncate(image.name, size)
                expected = 0 if paths.VMM == "qemu" else 135
                assert f.finish() == expected, "the status of SIGBUS"


# ---- the terminal ----


def test_hangup_ignored():
    """A terminal that went away costs a family that stays no processor time."""
    master, slave = pty.openpty()
    script = 'trap "" HUP; echo ready >&2; sleep 3 & wait; sleep 3'
    with start(script, signal.SIGHUP, stdin=slave, stdout=slave, stderr=subprocess.PIPE) as process:
        os.close(slave)
        process.stderr.readline()
        time.sleep(0.2)
        os.close(master)
        before = cpu_time(process.pid)
        time.sleep(0.6)
        used = cpu_time(process.pid) - before
        process.terminate()
        assert ended(process) == 143
        assert used < 0.15, f"the supervisor used {used:.2f} s of 0.6"


def cpu_time(pid):
    with open(f"/proc/{pid}/stat", "rb") as f:
        fields = f.read().rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_terminal_after_signals():
    """Restored after signals that are nobody's usual way to end a program, and a dead first VM."""
    for how in ("ALRM", "HUP", "QUIT", "first"):
        with Family(paths.ramet_run(paths.SHELL_IMAGE, "-c", "sleep 100; :"), tty=True) as f:
            pids = f.wait_for_monitors(lambda pids: len(pids) >= 2, "the sleeper")
            wait_for_raw(f.master)
            if how == "first":
                f.kill(pids[0])
            else:
                f.kill(f.process.pid, getattr(signal, "SIG" + how))
            f.finish()
            after = termios.tcgetattr(f.master)
            assert after[:4] == f.before[:4], f"after {how}: {after[:4]} instead of {f.before[:4]}"


def is_raw(fd):
    return not termios.tcgetattr(fd)[3] & termios.ICANON


def wait_for_raw(fd):
    deadline = time.monotonic() + paths.limit(5)
    while not is_raw(fd):
        assert time.monotonic() < deadline, "the terminal does not become raw"
        time.sleep(0.01)


def test_terminal_after_stop():
    """Stopped and continued, as by a shell's `fg`, it takes the terminal back to what it needs."""
    with Family(paths.ramet_run(paths.SHELL_IMAGE, "-c", "sleep 100"), tty=True) as f:
        wait_for_raw(f.master)
        f.kill(f.process.pid, signal.SIGSTOP)
        time.sleep(0.05)
        termios.tcsetattr(f.master, termios.TCSANOW, f.before)
        assert not is_raw(f.master), "the test itself"
        f.kill(f.process.pid, signal.SIGCONT)
        wait_for_raw(f.master)
        f.kill(f.process.pid, 15)
        assert f.finish() == 143


def test_terminal_shared():
    """Somebody else reads the same terminal: the supervisor never waits in a read."""
    with Family(paths.ramet_run(paths.SHELL_IMAGE, "-c", "sleep 100"), tty=True) as f:
        wait_for_raw(f.master)
        assert termios.tcgetattr(f.master)[6][termios.VMIN] in (0, b"\0"), "read() may block"
        f.kill(f.process.pid, 15)
        assert f.finish() == 143


# ---- a user who is not root ----


class Ordinary:
    """A folder with ramet, an image and a KVM device that an ordinary user may use. Picoprocesses
    need no device."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="ramet-user-")
        os.chmod(self.folder, 0o755)
        self.ramet = shutil.copy(paths.RAMET, self.folder)
        self.image = shutil.copy(paths.SHELL_IMAGE, self.folder)
        os.chmod(self.image, 0o644)
        self.vmm = "--vmm=process" if paths.VMM == "process" else "--kvm=" + self.device()
        return self

    def device(self):
        path = os.path.join(self.folder, "kvm")
        try:
            os.mknod(path, stat.S_IFCHR | 0o600, os.stat("/dev/kvm").st_rdev)
            os.chown(path, NOBODY, NOBODY)
        except OSError as error:
            raise proc.Skip(f"cannot make a device for another user: {error}") from None
        return path

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, script, limits=""):
        return proc.run(
            ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
             "--no-new-privs", "sh", "-c", f'{limits} exec "$0" run "$1" "$2" -c "$3"',
             self.ramet, self.vmm, self.image, script],
            limit=60, env={"PATH": os.environ["PATH"]}, cwd="/",
        )  # fmt: skip


def ordinary():
    if os.geteuid() != 0:
        raise proc.Skip("not root: all the other tests run as an ordinary user already")
    if not shutil.which("setpriv"):
        raise proc.Skip("no setpriv")
    return Ordinary()


def test_ordinary_user():
    """Nothing but the right to open KVM is needed; families leave nothing behind."""
    with ordinary() as user:
        script = (
            "seq 1 5000 | sort -n | tail -n 1; (exit 3); echo $?; sleep 100 & kill -9 $!; "
            'wait $!; echo $?; i=0; while [ $i -lt 60 ]; do (:); i=$((i+1)); done; echo "n $i"'
        )
        outcome = user.run(script)
        assert outcome.trouble() is None, outcome.trouble()
        assert outcome.out == b"5000\n3\n137\nn 60\n", f"{outcome.out!r} {outcome.err[:300]!r}"
        assert outcome.status == 0, f"status {outcome.status}"


def test_process_limit():
    """The host's limit on processes is the guest's EAGAIN, and the family lives on."""
    with ordinary() as user:
        bomb = "i=0; while [ $i -lt 30 ]; do sleep 100 & i=$((i+1)); done; echo never"
        script = f"({bomb}) 2> /tmp/said; cat < /tmp/said; echo on"
        outcome = user.run(script, limits=f"ulimit -p {12 + processes_of(NOBODY)};")
        assert outcome.trouble() is None, outcome.trouble()
        assert b"never" not in outcome.out, "the limit did not hold"
        assert outcome.out.endswith(b"on\n"), f"{outcome.out!r} {outcome.err[:300]!r}"


def processes_of(uid):
    count = 0
    for name in os.listdir("/proc"):
        try:
            count += name.isdigit() and os.stat(f"/proc/{name}").st_uid == uid
        except OSError:
            pass
    return count
