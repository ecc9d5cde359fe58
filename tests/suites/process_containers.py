# SPDX-License-Identifier: BSD-2-Clause
"""Picoprocesses of an ordinary user where things are missing, as in a container: they run, or say
in one line what is missing, and end with status 2. None waits for ever."""

import os
import shutil
import tempfile

import fault_host
import paths
import proc

CONTAINER = os.path.join(paths.BUILD, "container")
LIMIT = 30.0
# A pipe, a fork whose status counts, and a kill: all that a family needs of its supervisor.
SCRIPT = ("seq 1 2000 | sort -n | tail -n 1; (exit 3); echo $?; "
          "sleep 100 & kill $!; wait $!; echo $?")
SAID = b"2000\n3\n143\n"
OTHER_USER = 64321  # of whom there is no process: limits are of a user's


class User:
    """A folder with what an ordinary user needs; run() is `ramet run` by such a one."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="ramet-user-", dir="/var/tmp")
        self.prefix = []
        os.chmod(self.folder, 0o755)
        if os.geteuid() == 0:
            if not shutil.which("setpriv"):
                raise proc.Skip("root without setpriv cannot be somebody else")
            self.prefix = self.as_user(fault_host.NOBODY)
        sources = paths.RAMET, paths.SHELL_IMAGE, CONTAINER
        self.ramet, self.image, self.container = (shutil.copy(p, self.folder) for p in sources)
        os.chmod(self.image, 0o644)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def as_user(number):
        return ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups",
                "--no-new-privs"]  # fmt: skip

    def run(self, *around, vmm="process"):
        """The script, by a command that `around` starts: words before it."""
        argv = [*self.prefix, *around, self.ramet, "run", f"--vmm={vmm}", self.image, "-c", SCRIPT]
        outcome = proc.run(argv, limit=LIMIT, env={"PATH": os.environ["PATH"]}, cwd="/")
        assert outcome.trouble() is None, outcome.trouble()
        return outcome

    def spaces(self, *options):
        """Words for namespaces of its own, or a skip where the host does not let it have them."""
        words = ["unshare", *options]
        if proc.run([*self.prefix, *words, "true"], limit=LIMIT, cwd="/").status != 0:
            raise proc.Skip("an ordinary user gets no namespaces here")
        return words


def runs(outcome, what):
    assert outcome.status == 0 and outcome.out == SAID, f"{what}: {outcome}"


def refuses(outcome, *words):
    """One line that has the words, and 2."""
    assert outcome.status == 2 and outcome.out == b"", f"{outcome}"
    assert outcome.err.startswith(b"ramet: ") and outcome.err.count(b"\n") == 1, f"{outcome.err!r}"
    for word in words:
        assert word in outcome.err, f"{outcome.err!r} without {word!r}"


def one_or_other(outcome, what):
    """It depends on the machine which of both; whether it ran."""
    if outcome.status == 0:
        runs(outcome, what)
        return True
    refuses(outcome)
    return False


def test_user():
    """Nothing is needed but the program and the image."""
    with User() as user:
        outcome = user.run()
        runs(outcome, "an ordinary user")
        assert outcome.err.count(b"\n") <= 1, f"{outcome.err!r}"


def test_spaces():
    """Its own user and PID namespaces, where it is root and process 1 of nothing."""
    with User() as user:
        runs(user.run(*user.spaces("-Urp", "--fork", "--mount-proc")), "namespaces")
        runs(user.run(*user.spaces("-Urpimunf", "--mount-proc")), "all namespaces")


def mounted(user, command):
    words = user.spaces("-Urm")
    return user.run(*words, "sh", "-c", command + ' && exec "$0" "$@"')


def test_without_proc():
    """There is no /proc at all."""
    with User() as user:
        runs(mounted(user, "mount -t tmpfs none /proc"), "no /proc")


def test_read_only():
    """Nothing can be written in /tmp, and there is no /dev, with shm or without."""
    with User() as user:
        hide = " && ".join(f"mount -t tmpfs -o ro none {folder}" for folder in ("/tmp", "/dev"))
        runs(mounted(user, hide), "nothing can be written")


def limited(user, option, numbers):
    """With each limit it runs or refuses; the least does not do, and the largest does."""
    ran = [one_or_other(user.run("sh", "-c", f'ulimit {option} {n}; exec "$0" "$@"'), n)
           for n in numbers]
    assert not ran[0] and ran[-1] and ran == sorted(ran), f"{option}: {list(zip(numbers, ran))}"


def test_descriptors():
    with User() as user:
        limited(user, "-n", [3, 4, 6, 8, 9, 10, 11, 12, 16, 64])


def test_memory():
    """Of addresses, in KB."""
    with User() as user:
        limited(user, "-v", [30000, 70000, 100000, 150000, 250000, 1000000])


def test_processes():
    """Where there can be no more processes, the first line or the guest's own says so."""
    if os.geteuid() != 0:
        raise proc.Skip("needs root, to be a user who has no processes")
    with User() as user:
        user.prefix = user.as_user(OTHER_USER)
        refuses(user.run("sh", "-c", 'ulimit -p 1; exec "$0" "$@"'), b"start a process")
        few = user.run("sh", "-c", 'ulimit -p 3; exec "$0" "$@"')
        assert few.status == 2 and few.out == b"" and b"fork" in few.err, f"{few}"
        runs(user.run("sh", "-c", 'ulimit -p 12; exec "$0" "$@"'), "twelve processes")


def test_no_seccomp():
    """Where no filter can be loaded, no picoprocess is made without one."""
    with User() as user:
        refuses(user.run(user.container, "no-seccomp"), b"seccomp")


def test_docker():
    """What Docker's default profile forbids is not needed; templates and what serves them, too."""
    with User() as user:
        runs(user.run(user.container, "docker"), "Docker's filter")
        words = [*user.prefix, user.container, "docker", user.ramet]
        template = os.path.join(user.folder, "template")
        os.chmod(user.folder, 0o777)
        made = proc.run([*words, "template", "--vmm=process", "--until", "READY", "--output",
                         template, user.image, "-c", "echo READY; " + SCRIPT],
                        limit=LIMIT, cwd="/")  # fmt: skip
        assert (made.status, made.out) == (0, b"READY\n"), f"{made}"
        begun = proc.run([*words, "run", "--template", template], limit=LIMIT, cwd="/")
        assert (begun.status, begun.out) == (0, SAID), f"{begun}"


def test_listener():
    """There can be one listener to a process' system calls, and picoprocesses have their own."""
    with User() as user:
        refuses(user.run(user.container, "listener"), b"listener")


def tests():
    """(name, function) of every test here, in the order they are written."""
    for name, function in list(globals().items()):
        if name.startswith("test_"):
            yield f"container_{name.removeprefix('test_')}", function
