"""A terminal of its own for a program, which takes all that comes."""
import codecs
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios


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
    """What is left on the terminal: each line as it was last written, from its begin."""
    return [line.rsplit("\r\x1b[K", 1)[-1] for line in text.replace("\r\n", "\n").split("\n")]
