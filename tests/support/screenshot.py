#!/usr/bin/python3
"""Writes man/table.svg: a recording of `make demo SOURCE=notifications` on a terminal."""
import html
import os
import pathlib
import re
import shlex
import subprocess
import sys

from terminal import Terminal, cells

TOP = pathlib.Path(__file__).parent.parent.parent
COMMAND = "gsqstat --replay tests/demo.ndjson --media none -w 2s -s -f table"
COLUMNS, LINES, WIDTH, HEIGHT, MARGIN = 80, 40, 8.4, 19, 14
STYLES = {"1": 'font-weight="bold"', "2": 'opacity="0.55"', "33": 'fill="#e5c07b"', "0": ""}


def screen(program, command=COMMAND):
    """Standard output on a terminal; the warnings on standard error would fill the picture."""
    terminal = Terminal(COLUMNS, LINES)
    process = terminal.start([program, *shlex.split(command)[1:]], stderr=subprocess.DEVNULL,
                             cwd=TOP,
                             env={"PATH": os.environ["PATH"], "TERM": "xterm", "TZ": "UTC"})
    if terminal.finish(process):
        sys.exit("%s: status %d" % (command, process.returncode))
    return terminal.text.replace("\r\n", "\n")


def columns(text):
    return sum(map(cells, text))


def runs(text):
    """(line, column, style, words) of the screen: what is set apart by blanks is told apart."""
    style = ""
    for row, line in enumerate(text.rstrip("\n").split("\n")):
        at = 0
        for piece in re.split(r"(\x1b\[\d*m)", line):
            code = re.fullmatch(r"\x1b\[(\d*)m", piece)
            if code:
                style = STYLES[code[1] or "0"]
                continue
            for words in re.finditer(r"\S+(?: \S+)*", piece):
                yield row, at + columns(piece[:words.start()]), style, words[0]
            at += columns(piece)


def picture(text, command=COMMAND):
    text = "$ %s\n%s" % (command, text)
    lines = text.rstrip("\n").count("\n") + 1
    width, height = COLUMNS * WIDTH + 2 * MARGIN, lines * HEIGHT + 2 * MARGIN
    yield '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d">' % (width, height)
    yield '<rect width="100%" height="100%" rx="6" fill="#1e2127"/>'
    yield ('<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" '
           'fill="#d7dae0">')
    for row, column, style, words in runs(text):
        # the length keeps columns in place whatever font there is
        yield ('<text x="%.1f" y="%d" textLength="%.1f" lengthAdjust="spacingAndGlyphs"%s>'
               '%s</text>') % (
            MARGIN + column * WIDTH, MARGIN + row * HEIGHT + 14, columns(words) * WIDTH,
            style and " " + style, html.escape(words))
    yield "</g>\n</svg>"


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else str(TOP / "gsqstat")
    (TOP / "man/table.svg").write_text("\n".join(picture(screen(program))) + "\n")


if __name__ == "__main__":
    main()
