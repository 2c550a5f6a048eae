"""The table for people: on terminals and elsewhere."""
import fcntl
import os
import pathlib
import pty
import re
import struct
import subprocess
import termios

import harness
import pytest

HERE = pathlib.Path(__file__).parent
SAMPLE = ("--replay", HERE / "sample.ndjson", "-w", "1m", "-f", "table")


class Terminal:
    """A terminal of its own for some of a program's descriptors; text: all that came."""

    def __init__(self, columns=80, lines=24):
        self.fd, self.end = pty.openpty()
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("4H", lines, columns, 0, 0))
        self.text = ""

    def start(self, tool, *args, stdout=True, stderr=False, **more):
        """The program on it; the names say what else than the terminal they are."""
        process = subprocess.Popen(
            [harness.PROGRAM, *map(str, args)], env={"TERM": "xterm", **tool.env}, cwd=tool.dir,
            stdin=subprocess.DEVNULL, stdout=self.end if stdout is True else stdout,
            stderr=self.end if stderr is True else subprocess.PIPE, bufsize=0, **more)
        os.close(self.end)
        return process

    def read(self):
        """What there is now; "" at the end of it."""
        try:
            text = os.read(self.fd, 65536).decode()
        except OSError:
            text = ""
        self.text += text
        return text

    def finish(self, process, timeout=20):
        while self.read():
            pass
        os.close(self.fd)
        return process.wait(timeout=timeout)


def plain(text):
    return re.sub(r"\x1b\[\d*m", "", text).replace("\r", "")


def test_terminal_gives_width_and_height(tool):
    terminal = Terminal(columns=60, lines=12)
    assert terminal.finish(terminal.start(tool, *SAMPLE)) == 0
    lines = plain(terminal.text).splitlines()
    tool.env["COLUMNS"] = "60"
    elsewhere = tool.run(*SAMPLE).out.splitlines()
    assert lines[:2] == elsewhere[:2] and max(map(len, lines)) == 60
    # a screenful: two lines of header, nine rows, and the line of the cursor
    assert [i for i, line in enumerate(lines) if "queue" in line] == [1, 12, 23, 34]
    assert [line for line in lines if line not in lines[:2]] == [
        line for line in elsewhere if line not in elsewhere[:2]]


@pytest.mark.parametrize("columns, width", [
    ("200", 200), ("50", 47), ("1", 40), ("", 60), ("0", 60), ("x", 60), ("60 ", 60)])
def test_columns_beat_the_terminal(tool, columns, width):
    tool.env["COLUMNS"] = columns
    terminal = Terminal(columns=60)
    assert terminal.finish(terminal.start(tool, *SAMPLE)) == 0
    assert width - 6 <= max(map(len, plain(terminal.text).splitlines())) <= width


def test_elsewhere_it_is_80_columns(tool):
    assert 74 < max(map(len, tool.run(*SAMPLE).out.splitlines())) <= 80


@pytest.mark.parametrize("env, colour", [
    ({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False),
    ({"TERM": ""}, False)])
def test_colour_is_for_terminals_that_want_it(tool, env, colour):
    tool.env.update(env)
    terminal = Terminal()
    assert terminal.finish(terminal.start(tool, *SAMPLE)) == 0
    assert ("\x1b[" in terminal.text) == colour
    assert ("\x1b[33m 70%" in terminal.text.replace("\x1b[33m70%", "\x1b[33m 70%")) == colour


def test_elsewhere_there_is_no_colour(tool):
    tool.env["TERM"] = "xterm"
    assert "\x1b" not in tool.run(*SAMPLE).out
    tool.run(*SAMPLE, "-o", "rows")
    assert "\x1b" not in (tool.dir / "rows").read_text()


def test_ascii_is_ascii(tool):
    out = tool.run("--source", "notifications", "--replay", HERE / "notices.ndjson",
                   "--queue-name", "*", "-f", "table", "--ascii").out
    assert out.isascii() and "Support f?" in out


def test_no_header(tool):
    out = tool.run(*SAMPLE, "--no-header").out
    assert len(out.splitlines()) == 30 and "queue" not in out


def test_names_of_a_list_are_no_table(tool):
    tool.env.update(GENESYS_CLIENT_ID="i", GENESYS_CLIENT_SECRET="s", GENESYS_API_HOST="h.example")
    r = tool.run("--source", "notifications", "--list-queues", "-f", "table")
    assert r.status == 2
    assert r.err == "gsqstat: --format 'table': allowed is ndjson or csv with --list-queues\n"


def test_threshold_holds_beside_a_table(tool):
    r = tool.run(*SAMPLE, "--fail-if", "state.active.max >= 9")
    assert r.status == 1 and r.out == tool.run(*SAMPLE).out
