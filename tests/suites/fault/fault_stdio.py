# SPDX-License-Identifier: BSD-2-Clause
"""The host's ends of stdin and stdout in every state: closed, full, slow, at their end, files."""

import os
import subprocess
import tempfile
import time

import paths
import proc
from fault_host import by_shell


def argv(script, *args):
    return paths.ramet_run(paths.SHELL_IMAGE, "-c", script, *args)


def start(script, **streams):
    return subprocess.Popen(
        argv(script),
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=proc.default_signals,
        **streams,
    )


def ended(process, limit=15.0):
    try:
        return proc.ended(process, limit)
    finally:
        process.stderr.close()


def test_stdin_closed():
    outcome = by_shell('"$R" run $V "$I" -c "cat; echo after" <&-')
    assert outcome.out.endswith(b"after\n"), f"{outcome.out!r} {outcome.err[:200]!r}"


def test_stdin_null():
    outcome = by_shell('"$R" run $V "$I" -c "read x; echo \\$?" < /dev/null')
    assert outcome.out == b"1\n", f"{outcome.out!r}"


def test_stdin_file():
    with tempfile.NamedTemporaryFile() as f:
        f.write(b"".join(b"line %d\n" % i for i in range(20000)))
        f.flush()
        outcome = by_shell(f'"$R" run $V "$I" -c "wc -l; cat" < {f.name}')
    assert outcome.out == b"20000\n", f"{outcome.out!r}"


def test_stdout_closed():
    outcome = by_shell('"$R" run $V "$I" -c "echo x; exit 5" >&-')
    assert outcome.status == 5, f"status {outcome.status}"


def test_all_closed():
    outcome = by_shell('"$R" run $V "$I" -c "echo x | cat; exit 4" <&- >&- 2>&-')
    assert outcome.status == 4, f"status {outcome.status}"


def test_stdout_to_head():
    outcome = by_shell('"$R" run $V "$I" -c "yes" | head -n 3')
    assert outcome.out == b"y\n" * 3, f"{outcome.out!r}"


def test_stdout_reader_gone():
    """The writer in the guest gets SIGPIPE and the shell its status."""
    process = start("yes; echo \"yes: $?\" >&2", stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    process.stdout.read(100)
    process.stdout.close()
    said = process.stderr.read()
    ended(process)
    assert b"yes: 141" in said or b"yes: 1\n" in said, f"{said[:200]!r}"


def test_stdout_full_device():
    outcome = by_shell('"$R" run $V "$I" -c "cat /etc/passwd; echo \\$? >&2" > /dev/full')
    assert outcome.err.strip().endswith(b"1"), f"{outcome.err[:200]!r}"


def test_slow_reader():
    """A full pipe blocks the writer's process only; nothing is lost."""
    script = "seq 1 100000 & sleep 0.2; echo still running >&2; wait"
    process = start(script, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    line = process.stderr.readline()
    time.sleep(0.3)
    data = process.stdout.read()
    process.stdout.close()
    status = ended(process)
    assert line == b"still running\n", f"the family waited for the reader: {line!r}"
    assert data == b"".join(b"%d\n" % i for i in range(1, 100001)), f"{len(data)} bytes"
    assert status == 0, f"status {status}"


def test_slow_writer():
    """A reader of stdin blocks alone; input arrives piece by piece and by its end."""
    script = "cat & c=$!; sleep 0.1; echo running; wait"
    process = start("exec sh -c '" + script.replace("cat &", "cat <&3 &") + "' 3<&0",
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    first = process.stdout.readline()
    for piece in (b"one ", b"two ", b"three\n"):
        process.stdin.write(piece)
        process.stdin.flush()
        time.sleep(0.05)
    process.stdin.close()
    rest = process.stdout.read()
    process.stdout.close()
    assert ended(process) == 0
    assert (first, rest) == (b"running\n", b"one two three\n"), f"{first!r} {rest!r}"


def test_large_both_ways():
    """4 MB in, the same 4 MB out, through two VMs."""
    data = os.urandom(1 << 20) * 4
    outcome = proc.run(argv("cat | cat"), stdin=data, limit=60)
    assert outcome.trouble() is None, outcome.trouble()
    assert outcome.out == data, f"{len(outcome.out)} of {len(data)} bytes, or different ones"


def test_script_on_stdin():
    script = b"echo one\nfor i in 1 2; do\necho $i | cat\ndone\nexit 6\n"
    outcome = proc.run(paths.ramet_run(paths.SHELL_IMAGE), stdin=script)
    assert (outcome.status, outcome.out) == (6, b"one\n1\n2\n"), f"{outcome.out!r}"


def test_stderr_apart():
    outcome = proc.run(argv("echo out; echo err >&2"))
    assert (outcome.out, outcome.err) == (b"out\n", b"err\n"), f"{outcome.out!r} {outcome.err!r}"


def test_exit_statuses():
    for script, status in (
        ("exit 0", 0), ("exit 1", 1), ("exit 255", 255), ("false", 1), ("nosuch", 127),
        ("kill -TERM $$", 143), ("kill -KILL $$", 137), ("kill -SEGV $$", 139), ("exec false", 1),
    ):  # fmt: skip
        outcome = proc.run(argv(script))
        assert outcome.status == status, f"{script}: {outcome.status} instead of {status}"


def test_arguments():
    outcome = proc.run(argv('printf "[%s]" "$0" "$@"', "zero", "one", "two words", "", "ü"))
    expected = "[zero][one][two words][][ü]".encode()
    assert outcome.out == expected, f"{outcome.out!r}"
