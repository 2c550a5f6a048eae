"""Where rows go: pipes, files, readers that stop or leave."""
import bisect
import csv
import fcntl
import io
import json
import math
import os
import pty
import random
import resource
import stat
import struct
import subprocess
import sys
import time
from fractions import Fraction

import frames
import harness
import pytest
import recordings
from frames import frame
from harness import QUEUE
from recordings import S, T0, stamp

BARE = "".join(frame(QUEUE, at="2026-11-24T02:00:%02dZ" % s, state={"active": s, "waiting": 0.1})
               + "\n" for s in range(0, 60, 5))
# Two frames with 100 s between them.
GAP = "".join(frame(QUEUE, at="2026-11-24T02:%sZ" % at) + "\n" for at in ("00:00", "01:40"))


def test_ndjson_numbers_read_back(tool):
    row = tool.run("--replay", "-", "-w", "1m", data=BARE).rows[0]
    active = row["metrics"]["state"]["active"]
    assert active == {"count": 12, "last": 55, "min": 0, "max": 55, "mean": 27.5,
                      "stddev": math.sqrt(float(Fraction(3575, 12))),
                      "p50": 25, "p90": 50, "p95": 55, "p99": 55}
    assert row["metrics"]["state"]["waiting"]["mean"] == 0.1
    assert row["metrics"]["state"]["waiting"]["stddev"] == 0


def test_csv_has_a_row_for_each_series(tool):
    text = tool.run("--replay", "-", "-w", "1m", "-f", "csv", data=BARE + frame(
        frames.QUEUES[1], at="2026-11-24T02:00:59Z", state=7) + "\n").out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert text.splitlines()[0] == (
        "window,start,end,partial,coverage,queueId,metric,count,last,min,max,mean,stddev,p50,"
        "p90,p95,p99,updates,outlier,stale,duplicate,invalid,startMs,endMs")
    assert [r["metric"] for r in rows] == [
        "state.active", "state.waiting", "queueState.active", "queueState.waiting",
        "conversationCount.total", "waitTime.avail", "waitTime.avg"]
    assert rows[0]["coverage"] == "" and rows[0]["partial"] == "true"
    assert rows[0]["mean"] == "27.5" and rows[0]["updates"] == "12"


@pytest.mark.parametrize("count", [1, 3])
def test_csv_header_is_printed_once_or_not_at_all(tool, count):
    whole = tool.run("--replay", "-", "-w", "10s", "-n", count, "-f", "csv", data=BARE).out
    bare = tool.run("--replay", "-", "-w", "10s", "-n", count, "-f", "csv", "--no-header",
                    data=BARE).out
    assert whole.splitlines()[1:] == bare.splitlines() and "window" not in bare


def test_queue_without_updates_has_one_csv_row(tool, serve):
    serve(streams=[[("sleep", 5)]])
    rows = list(csv.DictReader(io.StringIO(tool.run("-w", "200ms", "-f", "csv", QUEUE).out)))
    assert len(rows) == 1 and rows[0]["metric"] == "" and rows[0]["updates"] == "0"


def test_odd_names_are_escaped(tool):
    odd = frame(QUEUE, at="2026-11-24T02:00:00Z",
                state={'a.b': 1, 'q"uo,te': 2, "deep": {"er": {"and.er": 3}}, "new\nline": 4})
    r = tool.run("--replay", "-", "-w", "1m", "-m", "state", data=odd + "\n")
    state = r.rows[0]["metrics"]["state"]
    assert set(state) == {"a_b", 'q"uo,te', "deep", "new_line"}
    assert state["deep"]["er"]["and_er"]["last"] == 3
    text = tool.run("--replay", "-", "-w", "1m", "-m", "state", "-f", "csv",
                    data=odd + "\n").out
    assert [row["metric"] for row in csv.DictReader(io.StringIO(text, newline=""))] == [
        "state.a_b", "state.deep.er.and_er", "state.new_line", 'state.q"uo,te']


def test_quantiles_of_more_than_64_values(tool):
    many = "".join(frame(QUEUE, at="2026-11-24T02:00:00.%03dZ" % i, waitTime={"avg": i + 1})
                   + "\n" for i in range(500))
    row = tool.run("--replay", "-", "-w", "1m", data=many).rows[0]
    assert row["quantiles"] == "sketch" and row["accuracy"] == 0.01
    assert abs(row["metrics"]["waitTime"]["avg"]["p90"] - 450) <= 4.5
    assert row["metrics"]["waitTime"]["avg"]["mean"] == 250.5


def test_locale_does_not_change_numbers(tool):
    plain = tool.run("--replay", "-", "-w", "10s", data=BARE).out
    tool.env["LC_ALL"] = "de_DE.UTF-8"
    assert tool.run("--replay", "-", "-w", "10s", data=BARE).out == plain


# -- files

def test_output_file_is_replaced_as_a_whole(tool):
    target = tool.write("rows", "old", 0o640)
    assert tool.run("--replay", "-", "-o", "rows", "-w", "1m", data=BARE, status=0).out == ""
    assert json.loads(target.read_text())["updates"] == 12
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert [p.name for p in tool.dir.iterdir() if "rows" in p.name] == ["rows"]


def test_new_output_file_takes_its_mode_from_the_umask(tool):
    tool.run("--replay", "-", "-o", "rows", data=BARE, umask=0o027)
    assert stat.S_IMODE((tool.dir / "rows").stat().st_mode) == 0o640


def test_symbolic_link_is_written_through(tool):
    (tool.dir / "real").mkdir()
    (tool.dir / "link").symlink_to("real/file")
    assert tool.run("--replay", "-", "-o", "link", data=BARE).status == 0
    assert (tool.dir / "link").is_symlink() and (tool.dir / "real/file").read_text()


def test_output_file_stays_if_no_row_was_printed(tool):
    tool.write("rows", "old")
    assert tool.run("--replay", "-", "-o", "rows", data="nonsense\n").status == 8
    assert (tool.dir / "rows").read_text() == "old"
    assert [p.name for p in tool.dir.iterdir() if "rows" in p.name] == ["rows"]


def test_signal_replaces_the_target_with_partial_rows(tool, gate):
    process = tool.start("-w", "1h", "-o", "rows", QUEUE, until="stream.connected")
    assert process.end().status == 143
    assert json.loads((tool.dir / "rows").read_text())["partial"]


def test_output_dash_is_stdout(tool):
    assert tool.run("--replay", "-", "-o", "-", data=BARE).rows


def test_side_files_are_private(tool, gate):
    tool.write("recording", "old", 0o644)
    assert tool.run("-w", "200ms", "--record", "recording", "--rejects", "bad", QUEUE).status == 0
    for name in ("recording", "bad"):
        assert stat.S_IMODE((tool.dir / name).stat().st_mode) == 0o600
    assert "old" not in (tool.dir / "recording").read_text()


# -- readers

def test_full_disk_exits_with_7(tool):
    with open("/dev/full", "w") as full:
        assert tool.run("--replay", "-", data=BARE, stdout=full).status == 7
    assert tool.run("--replay", "-", "-o", "/dev/full", data=BARE).status == 7


def test_closed_stdout_exits_with_7_and_descriptor_1_stays_free(tool, gate):
    r = subprocess.run(["sh", "-c", '"$0" "$@" >&-', harness.PROGRAM, "-w", "200ms",
                        "--record", "recording", QUEUE],
                       env=tool.env, cwd=tool.dir, capture_output=True)
    assert r.returncode == 7
    assert not (tool.dir / "recording").exists() or (tool.dir / "recording").read_text() == ""


def test_closed_pipe_ends_the_run_at_once(tool, gate):
    process = tool.start("-w", "1h", QUEUE, until="stream.connected")
    process.leave()
    assert process.wait(timeout=3 * harness.SLACK) == 141
    assert process.until("run.end")["exit"] == 141


def test_head_ends_a_run(tool):
    tool.write("in", GAP)
    r = subprocess.run(["bash", "-c", '"$0" --replay in -w 100ms --audit none | head -n1; '
                        'echo ${PIPESTATUS[0]}', harness.PROGRAM], env=tool.env, timeout=30,
                       cwd=tool.dir, capture_output=True, text=True)
    first, status = r.stdout.splitlines()
    assert json.loads(first)["window"] == 0 and status == "141" and r.stderr == ""


def test_slow_reader_does_not_delay_the_stream(tool, serve):
    serve(rate=100)
    read, write = os.pipe()
    process = tool.start("-w", "100ms", "-n", 20, *frames.QUEUES[:5], stdout=write)
    os.close(write)
    process.until("run.end")
    result = process.finish()
    os.close(read)
    assert result.status == 7
    assert result.end["windows"] == 20 and result.end["updates"] > 0


def test_replay_waits_for_its_reader(tool):
    process = tool.start("--replay", "-", "-w", "100ms", stdin=subprocess.PIPE)
    process.give(GAP)
    time.sleep(1.5)
    assert process.poll() is None
    assert len(process.finish(status=0).rows) == 1001


def test_failed_poll_at_the_end_is_reported(tool):
    """It is not the reader's fault. poll(2) takes no more descriptors than may be open."""
    # a leak checker could open none either
    tool.env["ASAN_OPTIONS"] = tool.env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    process = tool.start("--replay", "-", "-w", "5s", stdin=subprocess.PIPE)
    fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
    process.give(GAP)
    process.until("window.flush", count=21)
    hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (1, hard))
    assert process.until("run.end")["message"] \
        == "cannot wait for input or output: poll: Invalid argument"
    assert process.finish().status == 7


def test_rows_are_printed_when_their_window_closes(tool, gate):
    process = tool.start("-w", "300ms", "-n", 50, QUEUE, until="window.flush")
    assert json.loads(process.stdout.readline())["window"] == 0
    process.kill()
    process.wait()


# -- what may hold a run up

def recorded(seconds, **data):
    """A recording's lines: one frame of each moment."""
    return "".join(recordings.frame(second, frame(QUEUE, at=stamp(T0 + second * S), **data))
                   for second in seconds)


def test_signal_ends_a_run_on_a_blocked_terminal(tool):
    tool.write("in", recorded(range(600)))
    terminal, end = pty.openpty()
    process = tool.start("--replay", "in", "--time", "arrival", "-w", "1s", stdout=end)
    os.close(end)
    process.until("window.flush")
    time.sleep(0.5)
    process.terminate()
    try:
        assert process.wait(timeout=3 * harness.SLACK) == 143
    finally:
        process.kill()
        os.close(terminal)


def test_terminal_that_hangs_up_ends_the_run(tool, gate):
    terminal, end = pty.openpty()
    process = tool.start("-w", "1h", QUEUE, stdout=end)
    os.close(end)
    process.until("stream.connected")
    os.close(terminal)
    assert process.wait(timeout=3 * harness.SLACK) == 7
    assert process.until("run.end")["exit"] == 7


def test_fifo_of_rejects_without_a_reader_exits_with_7(tool):
    tool.write("in", frame(QUEUE, at="2026-11-24T02:00:00Z") + "\n" * 2 + (
        frame(QUEUE, at="2026-11-24T02:00:00Z") + "\n") * 1000)
    os.mkfifo(tool.dir / "bad")
    read = os.open(tool.dir / "bad", os.O_RDONLY | os.O_NONBLOCK)
    assert tool.run("--replay", "in", "--rejects", "bad").status == 7
    os.close(read)


def test_file_takes_more_windows_than_a_pipe(tool):
    tool.run("--replay", "-", "--time", "arrival", "-w", "100ms", "-o", "rows", "--audit",
             "none", data=recorded([0, 4200], state=None), status=0)
    assert (tool.dir / "rows").stat().st_size > 16 << 20
    with open(tool.dir / "rows") as rows:
        assert sum(1 for row in rows) == 42001


@pytest.mark.parametrize("path, words", [
    ("new/", "must be a file"), ("in/", "must be a file"), ("no/file", "cannot be")])
@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_output_file_that_cannot_be_created_exits_with_2(tool, path, words, more):
    tool.write("in", BARE)
    assert words in tool.run("--replay", "in", "-o", path, *more, status=2).err
    assert [p.name for p in tool.dir.iterdir()] == ["in"]


def test_full_disk_keeps_the_old_file_and_the_rows_written(tool):
    tool.write("in", recorded(range(60)))
    tool.write("rows", "old")
    r = tool.run("--replay", "in", "--time", "arrival", "-w", "1s", "-o", "rows",
                 preexec_fn=harness.limit_file_size(4096))
    assert r.status == 7 and "--output 'rows': File too large" in r.end["message"]
    assert (tool.dir / "rows").read_text() == "old"
    assert sorted(p.name for p in tool.dir.iterdir()) == ["in", "rows", "rows.unfinished"]
    assert (tool.dir / "rows.unfinished").stat().st_size == 4096
    assert r.end["message"].endswith("the rows that were written are in %s"
                                     % (tool.dir / "rows.unfinished"))


# -- an independent reference

GAMMA = 1.01 / 0.99


def rounded(ratio):
    """A Fraction above zero as (m, e) with 2^52 <= m < 2^53, nearest, ties to even."""
    e = ratio.numerator.bit_length() - ratio.denominator.bit_length() - 52
    if ratio < Fraction(2) ** (e + 52):
        e -= 1
    return round(ratio / Fraction(2) ** e), e


def reference_stddev(values):
    total, squares, n = sum(values), sum(x * x for x in values), len(values)
    variance = Fraction(n * squares - total * total, n * n)
    if not variance:
        return 0
    m, e = rounded(variance)
    return math.ldexp(math.sqrt(m << e % 2), e // 2)


def reference_bounds():
    up, down = [1.0], [1.0]
    while math.isfinite(up[-1]):
        up.append(up[-1] * GAMMA)
    while down[-1] >= sys.float_info.min:
        down.append(down[-1] / GAMMA)
    return down[:0:-1] + up, len(down) - 1


BOUNDS, ONE = reference_bounds()


def bucket(x, level):
    """(negative, index) of DDSketch at a level, None for the zero bucket."""
    if abs(x) < sys.float_info.min:
        return None
    i = bisect.bisect_left(BOUNDS, abs(x)) - ONE
    return x < 0, -(-i >> level)


def reference_quantiles(values):
    n, ordered = len(values), sorted(values)
    ranks = [ordered[-(-n * p // 100) - 1] for p in (50, 90, 95, 99)]
    if n <= 64:
        return ranks, 0, 0
    level, accuracy = 0, 0.01
    while len({bucket(x, level) for x in values} - {None}) > 1024:
        level, accuracy = level + 1, 2 * accuracy / (1 + accuracy ** 2)
    gamma = Fraction(GAMMA) ** 2 ** level
    for i, x in enumerate(ranks):
        of = bucket(x, level)
        below = Fraction(BOUNDS[ONE + (of[1] - 1 << level)]) if of else 0
        told = 2 * below * gamma / (1 + gamma) * (-1 if of and of[0] else 1)
        ranks[i] = float(min(max(told, Fraction(ordered[0])), Fraction(ordered[-1])))
    return ranks, accuracy, 1e-10


def any_double(chance):
    x = math.nan
    while not math.isfinite(x):
        x = struct.unpack("d", struct.pack("Q", chance.getrandbits(64)))[0]
    return x


SHAPES = {
    "integers": lambda c: c.randrange(-5, 100),
    "decimals": lambda c: round(c.uniform(0, 9000), 3),
    "close": lambda c: 1e9 + c.random() * 1e-6,
    "beyond_2_53": lambda c: c.randrange(2 ** 52, 2 ** 54),
    "huge": lambda c: c.choice((1, -1)) * c.uniform(0.5, 1.797) * 1e308,
    "highest": lambda c: c.uniform(1.76, 1.7976) * 1e308,
    "subnormal": lambda c: c.choice((1, -1)) * c.randrange(1 << 20) * 5e-324,
    "wide": lambda c: c.choice((1, -1)) * c.uniform(1, 2) * 10.0 ** c.randrange(-300, 300),
    "any": any_double,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", [1, 2, 64, 65, 1500])
def test_statistics_equal_exact_arithmetic(tool, shape, count):
    chance = random.Random("%s %d" % (shape, count))
    values = [float(SHAPES[shape](chance)) for i in range(count)]
    data = "".join(frame(QUEUE, at="2026-11-24T02:00:00.%06dZ" % i, state={"x": x}) + "\n"
                   for i, x in enumerate(values))
    row = tool.run("--replay", "-", "-w", "1m", "-m", "state", "--outlier", "none",
                   data=data).rows[0]
    got = row["metrics"]["state"]["x"]
    quantiles, accuracy, error = reference_quantiles(values)
    assert got["count"] == row["updates"] == count and row["accuracy"] == accuracy
    assert row["quantiles"] == ("sketch" if accuracy else "exact")
    assert (got["last"], got["min"], got["max"]) == (values[-1], min(values), max(values))
    assert got["mean"] == float(sum(map(Fraction, values)) / count)
    assert got["stddev"] == reference_stddev(list(map(Fraction, values)))
    assert [got[p] for p in ("p50", "p90", "p95", "p99")] == pytest.approx(
        quantiles, rel=error, abs=0)
