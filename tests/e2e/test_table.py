"""The table for people: on terminals and elsewhere."""
import json
import os
import re
import shlex
import shutil
import signal
import subprocess

import harness
import pytest
import screenshot
from harness import NOTICES, QUEUE, SAMPLE, TOP
from terminal import ToolTerminal as Terminal
from terminal import shown

TABLE = ("--replay", SAMPLE, "-w", "1m", "-f", "table")


def plain(text):
    return re.sub(r"\x1b\[\d*m", "", text).replace("\r", "")


def test_terminal_gives_width_and_height(tool):
    terminal = Terminal(columns=60, lines=12)
    assert terminal.finish(terminal.start(tool, *TABLE)) == 0
    lines = plain(terminal.text).splitlines()
    tool.env["COLUMNS"] = "60"
    elsewhere = tool.run(*TABLE).out.splitlines()
    assert lines[:2] == elsewhere[:2] and max(map(len, lines)) == 60
    # a screenful: two lines of header, nine rows, and the line of the cursor
    assert [i for i, line in enumerate(lines) if "queue" in line] == [1, 12, 23, 34]
    assert [line for line in lines if line not in lines[:2]] == [
        line for line in elsewhere if line not in elsewhere[:2]]


@pytest.mark.parametrize("columns, width", [
    ("200", 200), ("50", 47), ("1", 40), ("", 60), ("0", 60), ("x", 60), ("60 ", 60)])
def test_variable_columns_overrides_the_terminal_width(tool, columns, width):
    tool.env["COLUMNS"] = columns
    terminal = Terminal(columns=60)
    assert terminal.finish(terminal.start(tool, *TABLE)) == 0
    assert width - 6 <= max(map(len, plain(terminal.text).splitlines())) <= width


def test_without_a_terminal_the_table_has_80_columns(tool):
    assert 74 < max(map(len, tool.run(*TABLE).out.splitlines())) <= 80


@pytest.mark.parametrize("env, colour", [
    ({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False),
    ({"TERM": ""}, False)])
def test_colour_depends_on_the_terminal_and_no_color(tool, env, colour):
    tool.env.update(env)
    terminal = Terminal()
    assert terminal.finish(terminal.start(tool, *TABLE)) == 0
    assert ("\x1b[" in terminal.text) == colour
    assert ("\x1b[33m 70%" in terminal.text.replace("\x1b[33m70%", "\x1b[33m 70%")) == colour


def test_without_a_terminal_there_is_no_colour(tool):
    tool.env["TERM"] = "xterm"
    assert "\x1b" not in tool.run(*TABLE).out
    tool.run(*TABLE, "-o", "rows")
    assert "\x1b" not in (tool.dir / "rows").read_text()


def test_ascii_prints_only_ascii(tool):
    out = tool.run("--source", "notifications", "--replay", NOTICES,
                   "--queue-name", "*", "-f", "table", "--ascii").out
    assert out.isascii() and "Support f?" in out


def test_no_header_leaves_out_the_header(tool):
    out = tool.run(*TABLE, "--no-header").out
    assert len(out.splitlines()) == 30 and "queue" not in out


# the 328th day of a year of 365 is that of the sample
@pytest.mark.parametrize("zone, args, first, titles", [
    ("UTC0", [], "09:01:02", ["UTC"] * 2),
    ("TOK-9", [], "18:01:02", ["TOK"] * 2),
    ("TOK-9", ["--utc"], "09:01:02", ["UTC"] * 2),
    ("NEW4:30", [], "04:31:02", ["NEW"] * 2),
    ("WIN-1SUM,J328/10:05,J350", [], "10:01:02", ["WIN", "SUM"])])
def test_terminal_shows_local_time(tool, zone, args, first, titles):
    tool.env["TZ"] = zone
    terminal = Terminal()
    assert terminal.finish(terminal.start(tool, *TABLE, *args)) == 0
    lines = plain(terminal.text).splitlines()
    assert [line.split()[0] for line in lines if "queue" in line] == titles
    assert lines[2].split()[0] == first
    assert any(line.startswith("11:06:02") for line in lines) == ("SUM" in titles)


def test_day_of_local_time(tool):
    tool.env["TZ"] = "TOK-15"
    terminal = Terminal()
    assert terminal.finish(terminal.start(tool, *TABLE[:2], "-w", "1h", "-f", "table")) == 0
    assert plain(terminal.text).splitlines()[2].startswith("11-25 00:10* ")


def test_without_a_terminal_times_are_utc(tool):
    wanted = tool.run(*TABLE).out
    tool.env["TZ"] = "TOK-9"
    assert tool.run(*TABLE).out == wanted
    tool.run(*TABLE, "-o", "rows")
    assert (tool.dir / "rows").read_text() == wanted
    terminal = Terminal()
    assert terminal.finish(terminal.start(tool, *TABLE[:4], "-f", "ndjson")) == 0
    assert '"end":"2026-11-24T09:01:02' in terminal.text


def test_thresholds_work_with_a_table(tool):
    r = tool.run(*TABLE, "--fail-if", "state.active.max >= 9")
    assert r.status == 1 and r.out == tool.run(*TABLE).out


def test_screen_in_the_readme_is_real(tool):
    made = "\n".join(screenshot.picture(screenshot.screen(harness.PROGRAM))) + "\n"
    assert made == (TOP / "man/table.svg").read_text()
    assert "&quot;" not in made and "Billing" in made and "66.7%" in made


# -- the overview

REPLAY = ("--replay", NOTICES, "--queue-name", "*", "-w", "1m")


def test_overview_agrees_with_rows(tool):
    tool.env["COLUMNS"] = "90"
    rows = tool.run(*REPLAY).rows
    lines = tool.run(*REPLAY, "-f", "table", "--no-header").out.splitlines()
    assert len(lines) == len(rows) > 50
    queues = [i for i, row in enumerate(rows) if row["mediaType"] is None]
    for i in queues:
        parts = [row["metrics"] for row in rows if row["window"] == rows[i]["window"]
                 and row["queueId"] == rows[i]["queueId"] and row["mediaType"]]
        offered = [m["nOffered"]["count"]["total"] for m in parts if "nOffered" in m]
        levels = [m["oServiceLevel"] for m in parts
                  if m.get("oServiceLevel", {}).get("denominator") is not None]
        wanted = "-" if not offered or None in offered else "%d" % sum(offered)
        level = "-" if not levels else "%.1f%%" % (
            100 * sum(x["numerator"] for x in levels) / sum(x["denominator"] for x in levels))
        told = re.sub(r"\s+\d\d%$", "", lines[i]).split()
        assert [told[-3], told[-1]] == [wanted, level], lines[i]
    alone = tool.run(*REPLAY, "-f", "table", "--no-header", "--media", "none").out.splitlines()
    assert alone == [lines[i] for i in queues]


def test_metrics_that_are_asked_for_are_the_columns(tool):
    tool.env["COLUMNS"] = "200"
    out = tool.run(*REPLAY, "-f", "table", "-m", "tWait,oWaiting").out
    assert re.search(r"(?m)^ +tWait .* oWaiting\b", out) and "waiting" not in out


def test_overview_of_now(tool, notify):
    notify()
    out = tool.run("--now", "-f", "table", "--queue-name", "Queue 01", status=0).out
    one, two, row = out.splitlines()
    assert one.split() == ["longest", "on"]
    assert two.split() == ["UTC", "queue", "waiting", "wait", "queue", "idle"]
    assert re.fullmatch(r"\d\d:\d\d:\d\d  Queue 01 +\d+ +\S+ +\d+ +\d+", row)


# -- the progress line

LEFT = r"0:\d\d left  \d+ frames(  lag \S+)?  connected"


def test_progress_line_is_shown_and_removed(tool, gate):
    terminal = Terminal()
    process = terminal.start(tool, "-w", "1300ms", QUEUE, stdout=subprocess.PIPE, stderr=True)
    assert terminal.finish(process) == 0
    assert re.search(LEFT, terminal.text), terminal.text
    assert 1 < terminal.text.count("frames") < 8
    # all of the progress is wiped
    warning, nothing = shown(terminal.text)
    assert warning.startswith("gsqstat: warning: --window") and nothing == ""
    assert json.loads(process.stdout.read())["updates"] > 0


def test_progress_line_has_window_and_run(tool, serve):
    serve(streams=[[("sleep", 30)]])
    terminal = Terminal()
    process = terminal.start(tool, "-w", "1h", "-n", 3, "-f", "ndjson", QUEUE, stderr=True)
    terminal.wait(r"window 1/3  59:5\d left  run 2:59:5\d left  0 frames  connected")
    process.send_signal(signal.SIGTERM)
    assert terminal.finish(process) == 143
    rows = shown(terminal.text)
    assert json.loads(rows[0])["partial"]
    assert rows[1:] == ["gsqstat: ended by signal 15 (Terminated): 1 window, 1 row, "
                        "0 reconnects, 0 frames dropped", ""]


def test_progress_line_is_removed_before_rows_and_messages(tool, serve):
    """Rows and warnings on the same terminal have separate lines."""
    serve(streams=[[("sleep", 0.8), ("frame", QUEUE), ("send", "{"), ("sleep", 0.8), ("drop",)],
                   [("run",)]])
    terminal = Terminal(columns=200)
    process = terminal.start(tool, "-w", "700ms", "-n", 4, "-f", "ndjson", QUEUE, stderr=True)
    assert terminal.finish(process) == 0
    lines = shown(terminal.text)
    assert lines.pop() == ""
    rows = [json.loads(line) for line in lines if line.startswith("{")]
    assert [row["window"] for row in rows] == [0, 1, 2, 3]
    told = [line for line in lines if not line.startswith("{")]
    assert all(line.startswith("gsqstat: warning: ") for line in told) and len(told) == 3
    assert "frames" in terminal.text and "connected" in terminal.text


@pytest.mark.parametrize("args, env, info, progress", [
    (["-s"], {}, False, False), (["-v"], {}, True, True), (["--audit", "json"], {}, True, True),
    (["--audit", "none"], {}, False, True), ([], {"TERM": "dumb"}, False, False),
    ([], {"TERM": ""}, False, False)])
def test_what_a_terminal_shows_for_stdout_and_stderr(tool, gate, args, env, info, progress):
    tool.env.update(env)
    terminal = Terminal()
    process = terminal.start(tool, "-w", "800ms", QUEUE, *args, stdout=subprocess.PIPE, stderr=True)
    assert terminal.finish(process) == 0
    assert ("window.flush" in terminal.text) == info
    assert ('"event"' in terminal.text) == ("json" in args)
    assert ("left" in terminal.text) == progress == ("\x1b" in terminal.text)


def test_without_a_terminal_there_is_no_progress_line(tool, gate):
    r = tool.run("-w", "800ms", QUEUE)
    assert "\r" not in r.err and [r.audit[0]["event"], r.end["exit"]] == ["run.start", 0]


@pytest.mark.parametrize("args", [(), ("--audit", "none"), ("--audit-file", "log")])
def test_progress_line_is_removed_before_the_error(tool, serve, args):
    gate = serve(tokens=[{"status": 503, "body": None, "headers": {}}])
    terminal = Terminal()
    process = terminal.start(tool, *args, "--retry-for", "1200ms", QUEUE, stderr=True)
    assert terminal.finish(process) == 5
    assert gate.token_requests and "0 frames  connecting" in terminal.text
    assert [line[:9] for line in shown(terminal.text)] == ["gsqstat: ", ""]


def test_blocked_terminal_does_not_block_the_run(tool, serve):
    """Nothing reads the terminal, so its buffer fills with verbose lines; the run ends in time."""
    serve(rate=2000)
    terminal = Terminal()
    process = terminal.start(tool, "-v", "-w", "1500ms", QUEUE, stdout=subprocess.PIPE, stderr=True)
    try:
        assert process.wait(timeout=3 * harness.SLACK) == 0
    finally:
        process.kill()
        os.close(terminal.fd)


def test_replay_that_waits_has_a_progress_line(tool):
    terminal = Terminal()
    process = terminal.start(tool, "--replay", "-", "--time", "arrival", stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=True)
    process.stdin.write(SAMPLE.read_bytes()[:9000])
    terminal.wait(r"window \d+  \d+ frames  lag \S+  replay")
    process.stdin.close()
    assert terminal.finish(process) == 0
    assert [line[-59:] for line in shown(terminal.text)] == [
        "standard input: the last line is incomplete and was ignored", ""]


# -- a true terminal

def tmux(tool, *args):
    return subprocess.run(["tmux", "-f", "/dev/null", "-S", str(tool.dir / "t"), *args],
                          env={"LC_ALL": "C.UTF-8", "TERM": "xterm-256color", **tool.env},
                          capture_output=True, text=True)


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
def test_screen_in_tmux_equals_the_golden_file(tool, columns):
    if not shutil.which("tmux"):
        pytest.skip("tmux is missing")
    wanted = (TOP / ("tests/golden/table-notices-%d.out" % columns)).read_text()
    words = [harness.PROGRAM, "--source", "notifications", "--replay", NOTICES,
             "--queue-name", "*", "-f", "table", "-w", "1m"]
    # two lines of header, 24 rows as elsewhere, and the line of the cursor
    r = tmux(tool, "new-session", "-d", "-x", str(columns), "-y", "27",
             " ".join(shlex.quote(str(word)) for word in words) + "; echo THE END; sleep 60")
    assert r.returncode == 0, r.stderr
    try:
        assert harness.eventually(
            lambda: "THE END" in tmux(tool, "capture-pane", "-p").stdout, 20)
        screen = tmux(tool, "capture-pane", "-p", "-S", "-").stdout
    finally:
        tmux(tool, "kill-server")
    assert screen.split("THE END")[0] == wanted
