# SPDX-License-Identifier: BSD-2-Clause
"""An interactive session on a terminal, typed by the harness on a pseudo terminal."""

import fcntl
import os
import pty
import struct
import subprocess
import tempfile
import termios

import oracle
import paths
from family import Family

PROMPT = "% "  # set by the tests, so that they do not depend on who the shell thinks it is


def session(*options, size=(24, 80)):
    family = Family(paths.ramet_run(paths.SHELL_IMAGE, options=options), tty=True, size=size)
    # The quotes keep the echo of this line from looking like the prompt.
    family.send("PS1='%'' '\n")
    family.expect(PROMPT)
    return family


def command(family, line):
    """Types a line and returns what it printed."""
    family.send(line + "\n")
    family.expect("\n")  # the echo of the line
    return family.expect(PROMPT).replace("\r\n", "\n")


def test_commands():
    with session() as s:
        assert command(s, "echo hello") == "hello\n"
        assert command(s, "false; echo $?") == "1\n"
        assert command(s, "seq 1 100 | tail -n 1") == "100\n"
        assert command(s, "test -t 0 && test -t 1 && echo terminal") == "terminal\n"
        s.send("exit 9\n")
        assert s.finish() == 9, "the shell's status"


def test_line_editing():
    """Erase, kill and literal characters are the line discipline's business."""
    with session() as s:
        s.send("echo gone\x15echo ab\x7fc\n")
        s.expect("\n")
        got = s.expect(PROMPT).replace("\r\n", "\n")
        assert got == "ac\n", f"after ^U and erase: {got!r}"
        s.send("echo one twoo\x17two\n")
        s.expect("\n")
        got = s.expect(PROMPT).replace("\r\n", "\n")
        assert got == "one two\n", f"after ^W: {got!r}"
        s.send("exit\n")
        assert s.finish() == 0


def test_interrupt():
    """^C ends the foreground pipeline and nothing else."""
    with session() as s:
        s.send("sleep 100 & echo started\n")
        s.expect("started\r\n" + PROMPT)
        s.send("{ echo run''ning; sleep 100; } | cat\n")
        s.expect("running\r\n")
        s.wait_for_monitors(lambda pids: len(pids) >= 4, "shell, background, sleep, cat")
        s.send("\x03")
        s.expect(PROMPT)
        assert command(s, "echo $?").strip() == "130"
        assert command(s, "kill -0 $! && echo background lives") == "background lives\n"
        s.send("kill $!; exit 3\n")
        assert s.finish() == 3


def test_interrupt_busy():
    """^C reaches a program that only computes, and one that ignores it survives."""
    with session() as s:
        s.send("while :; do :; done\n")
        s.expect("\n")
        s.send("\x03")
        s.expect(PROMPT)
        s.send("sh -c 'echo run\"\"ning; yes > /dev/null'\n")
        s.expect("running\r\n")
        s.send("\x03")
        s.expect(PROMPT)
        s.send("exit\n")
        s.finish()


def test_interrupt_at_prompt():
    with session() as s:
        s.send("echo never run")
        s.expect("never run")
        s.send("\x03")
        s.expect(PROMPT)
        assert command(s, "echo fresh") == "fresh\n"
        s.send("exit\n")
        s.finish()


def test_end_of_file():
    """^D on an empty line leaves, with the last command's status; after text it only flushes."""
    with session() as s:
        s.send("cat\n")
        s.expect("\n")
        s.send("par\x04tial\n")
        s.expect("partial\r\n")
        s.send("\x04")
        s.expect(PROMPT)
        s.send("(exit 5)\n")
        s.expect(PROMPT)
        s.send("\x04")
        assert s.finish() == 5


def test_stop_and_continue():
    """^Z stops the foreground job; fg brings it back."""
    with session() as s:
        s.send("cat\n")
        s.expect("\n")
        # Its answer shows that it is the terminal's foreground job: before that, ^Z is the shell's.
        s.send("there\n")
        s.expect("there\r\nthere\r\n")
        s.send("\x1a")
        s.expect(PROMPT)
        assert "Stopped" in command(s, "jobs")
        s.send("fg\n")
        s.expect("cat\r\n")
        s.send("back\n")
        s.expect("back\r\nback\r\n")
        s.send("\x04")
        s.expect(PROMPT)
        s.send("exit 0\n")
        assert s.finish() == 0


def test_window_size():
    with session(size=(40, 132)) as s:
        assert command(s, "stty size") == "40 132\n"
        fcntl.ioctl(s.master, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 99, 0, 0))
        assert command(s, "sleep 0.1; stty size") == "30 99\n"
        s.send("exit\n")
        s.finish()


def test_raw_mode():
    """A program that turns echo and line mode off gets each key by itself, and sets things back."""
    with session() as s:
        read_keys = "dd bs=1 count=3 2> /dev/null"
        s.send(f"stty -echo -icanon min 1; echo go''ne raw; {read_keys}; stty sane\n")
        s.expect("gone raw\r\n")
        s.send("xyz")
        s.expect("xyz")
        s.expect(PROMPT)
        assert command(s, "echo echo is back") == "echo is back\n"
        s.send("exit\n")
        s.finish()


def test_type_ahead():
    """What is typed faster than it is read waits, however much it is: no line is lost."""
    with session() as s:
        assert command(s, "stty -echo") == ""
        s.send("sleep 1; wc\n")
        s.send("".join(f"{i:058d} \n" for i in range(200)))
        s.send("\x04")
        got = s.expect(PROMPT).split()
        assert got == ["200", "200", "12000"], f"of 200 lines of 60 bytes: {got}"
        s.send("exit\n")
        s.finish()


def test_flow_control_into_a_file():
    """tcflow() asks the terminal, wherever standard output goes."""
    master, slave = pty.openpty()
    argv = paths.ramet_run(paths.TESTS_IMAGE, options=["--exec", "/tests/tty_flow"])
    with tempfile.TemporaryFile() as out:
        program = subprocess.Popen(
            argv, stdin=slave, stdout=out, stderr=slave, preexec_fn=Family.new_terminal
        )
        os.close(slave)
        assert program.wait(paths.limit(15)) == 0
        out.seek(0)
        text = out.read()
    sent = os.read(master, 4096)
    os.close(master)
    assert text.startswith(b"tcflow(fd, TCIOFF) = 0\n"), text
    assert b"\x13" in sent and b"\x11" in sent, sent


def test_background_queues():
    """A background process that flushes, stops or drains the terminal is told so, as on Linux."""
    complaint = oracle.build("tty_background")
    assert not complaint, complaint
    texts = []
    for argv in (
        [os.path.join(paths.ORACLE, "tty_background")],
        paths.ramet_run(paths.TESTS_IMAGE, options=["--exec", "/tests/tty_background"]),
    ):
        with Family(argv, tty=True) as family:
            texts.append(family.expect("end\r\n"))
            assert family.finish() == 0
    assert texts[0] == texts[1], f"Linux: {texts[0]}\nhere: {texts[1]}"


def test_terminal_restored():
    """However the family ends, the host's terminal is as it was."""
    for end in ("exit", "kill"):
        with session() as s:
            if end == "exit":
                s.send("stty raw -echo; exit\n")
            else:
                s.kill(s.process.pid, 15)
            s.finish()
            # Both ends of a pseudo terminal answer for the same settings.
            after = termios.tcgetattr(s.master)
            assert after[:4] == s.before[:4], f"after {end}: {after[:4]} instead of {s.before[:4]}"


def test_hangup():
    """The terminal goes away: the family ends and leaves nothing."""
    with session() as s:
        s.send("sleep 100\n")
        s.expect("\n")
        os.close(s.master)
        s.master = os.open("/dev/null", os.O_RDWR)
        status = s.finish()
        assert status != 0, "a hang-up is not a success"
