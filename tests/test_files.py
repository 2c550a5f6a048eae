"""What a run writes beside its rows on stdout: who may be the owner, what a failure costs."""
import ctypes
import fcntl
import json
import os
import signal

import harness
import pytest
from frames import frame
from harness import QUEUE, Reader

OTHER, GROUP = 12345, 12346
BARE = "".join(frame(QUEUE, at="2026-11-24T02:00:%02dZ" % s) + "\n" for s in range(0, 60, 5))
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


def without_capabilities():
    """For Popen's preexec_fn: root's rights are then those of any user."""
    libc = ctypes.CDLL(None)
    for capability in range(64):
        libc.prctl(24, capability, 0, 0, 0)     # PR_CAPBSET_DROP


@pytest.fixture
def plain(tool):
    """The program without root's right to pass permissions by."""
    # the leak checker would need CAP_SYS_PTRACE
    tool.env["ASAN_OPTIONS"] = tool.env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"

    def run(*args, **more):
        return tool.run(*args, preexec_fn=without_capabilities, **more)
    return run


def put(path, text="old", mode=0o600, uid=-1, gid=-1):
    path.write_text(text)
    os.chown(path, uid, gid)
    path.chmod(mode)
    return path


# -- side files

@pytest.mark.parametrize("flag", ["--record", "--rejects"])
def test_full_disk_under_a_side_file_costs_no_row(tool, serve, flag):
    serve(rate=100)
    (tool.dir / "full").symlink_to("/dev/full")
    rule = ["--outlier", "state.active >= 0"] if flag == "--rejects" else []
    for target in ([], ["-o", "rows"]):
        r = tool.run("-w", "200ms", "-n", 4, flag, "full", *rule, *target, QUEUE)
        assert r.status == 7, r.err
        text = (tool.dir / "rows").read_text() if target else r.out
        rows = [json.loads(line) for line in text.splitlines()]
        assert [row["window"] for row in rows] == [0, 1, 2, 3]
        assert r.end["windows"] == r.end["rows"] == 4
        said = "%s full: No space left on device" % flag
        assert r.end["message"] == said
        told = [i for i, line in enumerate(r.audit) if line["event"] == "warning"
                and said in line["message"]]
        flushed = [i for i, line in enumerate(r.audit) if line["event"] == "window.flush"]
        assert len(told) == 1 and told[0] < flushed[-1]


def test_recording_that_failed_has_no_end(tool, serve):
    serve(rate=200)
    r = tool.run("-w", "300ms", "-n", 2, "--record", "tape", QUEUE,
                 preexec_fn=harness.limit_file_size(4000))
    assert r.status == 7 and len(r.rows) == 2 and "--record tape: File too large" in r.err
    tape = (tool.dir / "tape").read_bytes()
    assert len(tape) == 4000 and b'"end"' not in tape
    replay = tool.run("--replay", "tape", "-w", "300ms")
    assert replay.status == 0 and any("cut off" in w["message"] for w in replay.events("warning"))


def test_worse_ends_stay_worse_than_a_side_file(tool, serve):
    serve(streams=[[("frame",), ("sleep", 0.3), ("close", 1008, "enough")]])
    assert tool.run("-w", "1h", "--record", "/dev/full", QUEUE).status == 6


@pytest.fixture
def fifo(tool):
    """A FIFO of one page, which the test reads or does not."""
    os.mkfifo(tool.dir / "fifo")
    reader = os.open(tool.dir / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    yield reader
    try:
        os.close(reader)
    except OSError:
        pass


def test_reader_of_a_recording_that_stops_costs_no_row(tool, serve, fifo):
    serve(rate=100)
    r = tool.run("-w", "300ms", "-n", 5, "--record", "fifo", QUEUE)
    assert r.status == 7 and "--record fifo: its reader is too slow" in r.end["message"]
    assert [row["window"] for row in r.rows] == list(range(5))
    assert all(row["coverage"] == 1 and row["updates"] > 5 for row in r.rows[1:])


def test_reader_of_a_recording_that_stops_keeps_no_signal_away(tool, serve, fifo):
    serve(rate=100)
    process = tool.start("-w", "1h", "--record", "fifo", QUEUE)
    reader = Reader(process)
    reader.wait("stream.connected")
    frames = asked = 0
    while frames < 60:          # the FIFO has room for 10
        process.send_signal(signal.SIGUSR1)
        asked += 1
        frames = reader.wait("run.status", count=asked)["frames"]
    process.terminate()
    r = reader.finish()
    assert r.status == 7 and r.rows[0]["partial"]


def test_reader_of_a_recording_that_leaves_is_told_at_once(tool, serve, fifo):
    serve()
    process = tool.start("-w", "1h", "--record", "fifo", QUEUE)
    reader = Reader(process)
    reader.wait("stream.connected")
    os.close(fifo)
    assert "--record fifo: its reader has left" in reader.wait("warning")["message"]
    process.terminate()
    r = reader.finish()
    assert r.status == 7 and r.rows[0]["partial"]


def test_reader_that_is_slow_gets_the_whole_recording(tool, serve, fifo):
    serve(rate=100)
    process = tool.start("-w", "300ms", "-n", 3, "--record", "fifo", QUEUE)
    tape = b""
    os.set_blocking(fifo, True)
    while b'"state":"end"' not in tape:
        tape += os.read(fifo, 100)
    r = tool.finish(process)
    assert r.status == 0
    assert tool.run("--replay", "-", "-w", "300ms", "-n", 3, "--time", "arrival",
                    data=tape).out == r.out


def test_recording_is_one_runs_alone(tool, serve):
    serve()
    first = tool.start("-w", "1h", "--record", "tape", QUEUE)
    Reader(first).wait("stream.connected")
    assert harness.eventually(lambda: b"frame" in (tool.dir / "tape").read_bytes())
    for flag in ("--record", "--rejects"):
        second = tool.run("-w", "200ms", flag, "tape", QUEUE)
        assert second.status == 2 and second.out == ""
        assert "%s tape: cannot be opened for writing: another run is writing it" % flag \
            in second.err
    first.terminate()
    assert tool.finish(first).status == 143
    tape = (tool.dir / "tape").read_bytes()
    assert tape.startswith(b'{"at":') and tape.endswith(b'"state":"end"}\n')
    assert b"\0" not in tape


# -- what is refused leaves everything as it was

@as_root
@pytest.mark.parametrize("flag", ["--record", "--rejects"])
@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_side_file_of_another_user_is_refused_and_not_emptied(tool, plain, serve, flag, more):
    gate = serve()
    theirs = put(tool.dir / "theirs", mode=0o666, uid=OTHER)
    r = plain("-w", "200ms", flag, "theirs", QUEUE, *more)
    assert r.status == 2 and "theirs: cannot be opened" in r.err and "another user" in r.err
    assert theirs.read_text() == "old" and not gate.token_requests


@pytest.mark.parametrize("late", [["--audit-file", "fifo"], ["--callback", "https://localhost/",
                                  "--callback-spool", "old"]])
def test_side_file_is_emptied_after_every_check(tool, serve, late):
    serve()
    os.mkfifo(tool.dir / "fifo")    # nobody reads it
    for name in ("tape", "bad", "old"):
        put(tool.dir / name)
    r = tool.run("-w", "200ms", "--record", "tape", "--rejects", "bad", *late, QUEUE)
    assert r.status == 2, r.err
    assert (tool.dir / "tape").read_text() == (tool.dir / "bad").read_text() == "old"


def test_side_file_needs_no_directory_to_write_to(tool, plain, serve):
    serve()
    (tool.dir / "d").mkdir()
    put(tool.dir / "d/tape")
    (tool.dir / "d").chmod(0o555)
    r = plain("-w", "200ms", "--record", "d/tape", QUEUE)
    refused = plain("-w", "200ms", "--record", "d/new", QUEUE)
    (tool.dir / "d").chmod(0o755)
    assert r.status == 0 and "frame" in (tool.dir / "d/tape").read_text()
    assert refused.status == 2 and "d/new: cannot be opened" in refused.err
