"""A terminal of its own for a program, which takes all that comes."""
import codecs
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import unicodedata


class Terminal:
    """text: all that came."""

    def __init__(self, columns=80, lines=24):
        self.fd, self.end = pty.openpty()
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("4H", lines, columns, 0, 0))
        self.text = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")()

    def start(self, command, stdin=subprocess.DEVNULL, stdout=True, stderr=subprocess.PIPE, **more):
        """stdout, stderr: True where they are the terminal."""
        process = subprocess.Popen(
            command, stdin=stdin, stdout=self.end if stdout is True else stdout,
            stderr=self.end if stderr is True else stderr, bufsize=0, **more)
        os.close(self.end)
        return process

    def read(self):
        """What there is now; b"" at the end of it."""
        try:
            got = os.read(self.fd, 65536)
        except OSError:
            got = b""
        self.text += self.decoder.decode(got)
        return got

    def wait(self, pattern):
        while not re.search(pattern, self.text):
            assert self.read(), "ended before %s:\n%r" % (pattern, self.text)

    def finish(self, process, timeout=20):
        while self.read():
            pass
        os.close(self.fd)
        return process.wait(timeout=timeout)


class ToolTerminal(Terminal):
    """A terminal for the program with the environment of a test."""

    def start(self, tool, *args, **more):
        return super().start(tool.command(*args), env={"TERM": "xterm", **tool.env}, cwd=tool.dir,
                             **more)


def shown(text):
    """What is left on the terminal: each line as it was last written, from its start."""
    return [line.rsplit("\r\x1b[K", 1)[-1] for line in text.replace("\r\n", "\n").split("\n")]


def cells(c):
    """How many columns a terminal gives the character."""
    if unicodedata.category(c) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


class Screen:
    """What a terminal of so many columns shows of a text, with all that scrolled out of it."""

    def __init__(self, columns, text):
        self.columns, self.rows, self.at, self.style = columns, [[]], 0, ""
        for code, end, c in re.findall(r"\x1b\[(\d*)([A-Za-z])|(.)", text, re.DOTALL):
            if not c:
                self._obey(code, end)
            elif c == "\r":
                self.at = 0
            elif c == "\n":
                self._next_row()
            else:
                self._put(c)

    def _obey(self, code, end):
        assert end in "mK", end
        if end == "m":
            self.style = "" if code in ("", "0") else code
        else:
            del self.rows[-1][self.at:]

    def _next_row(self):
        self.rows.append([])

    def _put(self, c):
        row, width = self.rows[-1], cells(c)
        if not width:
            row[self.at - 1] = (row[self.at - 1][0] + c, row[self.at - 1][1])
            return
        if self.at + width > self.columns:
            self._next_row()
            row, self.at = self.rows[-1], 0
        row.extend([(" ", "")] * (self.at - len(row)))
        row[self.at:self.at + width] = [(c, self.style), ("", self.style)][:width]
        self.at += width

    def __str__(self):
        """Each row as a line; ^[[1m and the like are where the style changes."""
        lines = []
        for row in self.rows:
            line, last = "", ""
            for c, style in [*row, ("", "")]:
                line += ("^[[%sm" % (style or "0") if style != last else "") + c
                last = style
            lines.append(line)
        return "\n".join(lines)
