"""What a run writes beside its rows on stdout: who may be the owner, what a failure costs."""
import ctypes
import fcntl
import json
import os
import signal
import socket
import subprocess
import time

import harness
import pytest
from harness import BARE, QUEUE

OTHER, GROUP = 12345, 12346
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


def mounting(source, target):
    """For Popen's preexec_fn: a mount namespace in which target is source."""
    libc = ctypes.CDLL(None, use_errno=True)

    def mount():
        names = str(source).encode(), str(target).encode()
        if (libc.unshare(0x20000)                                   # CLONE_NEWNS
                or libc.mount(b"none", b"/", None, 0x44000, None)   # MS_REC | MS_PRIVATE
                or libc.mount(*names, None, 0x1000, None)):         # MS_BIND
            raise OSError(ctypes.get_errno(), "mount")
    return mount


def with_read_only_disk(path):
    """For Popen's preexec_fn: a mount namespace in which nothing can be made in path."""
    mount = mounting(path, path)

    def remount():
        mount()
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"none", str(path).encode(), b"tmpfs", 1, None):      # MS_RDONLY
            raise OSError(ctypes.get_errno(), "mount")
    return remount


def may_mount():
    try:
        return subprocess.run(["true"], preexec_fn=mounting("/etc/passwd", "/etc/group"),
                              check=False).returncode == 0
    except subprocess.SubprocessError:
        return False


with_mounts = pytest.mark.skipif(not may_mount(), reason="mounting is not permitted")


def put(path, text="old", mode=0o600, uid=-1, gid=-1):
    path.write_text(text)
    os.chown(path, uid, gid)
    path.chmod(mode)
    return path


# -- side files

@pytest.mark.parametrize("flag", ["--record", "--rejects"])
def test_full_disk_of_a_side_file_loses_no_row(tool, serve, flag):
    serve(rate=100)
    (tool.dir / "full").symlink_to("/dev/full")
    rule = ["--outlier", "state.active >= 0"] if flag == "--rejects" else []
    for target in ([], ["-o", "rows"]):
        r = tool.run("-w", "200ms", "-n", 4, flag, "full", *rule, *target, QUEUE, status=7)
        text = (tool.dir / "rows").read_text() if target else r.out
        rows = [json.loads(line) for line in text.splitlines()]
        assert [row["window"] for row in rows] == [0, 1, 2, 3]
        assert r.end["windows"] == r.end["rows"] == 4
        said = "%s 'full': No space left on device" % flag
        assert r.end["message"] == said
        told = [i for i, line in enumerate(r.audit) if line["event"] == "warning"
                and said in line["message"]]
        flushed = [i for i, line in enumerate(r.audit) if line["event"] == "window.flush"]
        assert len(told) == 1 and told[0] < flushed[-1]


def test_recording_that_failed_has_no_end_line(tool, serve):
    serve(rate=200)
    r = tool.run("-w", "300ms", "-n", 2, "--record", "recording", QUEUE,
                 preexec_fn=harness.limit_file_size(4000))
    assert r.status == 7 and len(r.rows) == 2 and "--record 'recording': File too large" in r.err
    recording = (tool.dir / "recording").read_bytes()
    assert len(recording) == 4000 and b'"end"' not in recording
    replay = tool.run("--replay", "recording", "-w", "300ms")
    assert replay.status == 0 and replay.warnings("the last line is incomplete")


def test_other_failures_outrank_a_failed_side_file(tool, serve):
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


def test_stuck_reader_of_a_recording_loses_no_row(tool, serve, fifo):
    serve(rate=100)
    r = tool.run("-w", "1s", "-n", 4, "--record", "fifo", QUEUE)
    assert r.status == 7 and "--record 'fifo': its reader is too slow" in r.end["message"]
    assert [row["window"] for row in r.rows] == list(range(4))
    assert all(row["updates"] > 5 for row in r.rows[1:])
    # a machine that stops the whole process for 2 s is not the reader's fault
    assert all(row["coverage"] == 1 for row in r.rows) or r.events("run.stalled")


def test_signal_ends_a_run_with_a_stuck_reader_of_a_recording(tool, serve, fifo):
    serve(rate=100)
    process = tool.start("-w", "1h", "--record", "fifo", QUEUE, until="stream.connected")
    frames = asked = 0
    while frames < 60:          # the FIFO has room for 10
        process.send_signal(signal.SIGUSR1)
        asked += 1
        frames = process.until("run.status", count=asked)["frames"]
    assert process.end(status=7).rows[0]["partial"]


def test_closed_recording_is_reported_at_once(tool, gate, fifo):
    process = tool.start("-w", "1h", "--record", "fifo", QUEUE, until="stream.connected")
    os.close(fifo)
    assert "--record 'fifo': its reader has closed it" in process.until("warning")["message"]
    assert process.end(status=7).rows[0]["partial"]


def test_slow_reader_gets_the_whole_recording(tool, serve, fifo):
    serve(rate=100)
    process = tool.start("-w", "300ms", "-n", 3, "--record", "fifo", QUEUE)
    recording = b""
    os.set_blocking(fifo, True)
    while b'"state":"end"' not in recording:
        recording += os.read(fifo, 100)
    r = process.finish(status=0)
    assert tool.run("--replay", "-", "-w", "300ms", "-n", 3, "--time", "arrival",
                    data=recording).out == r.out


REJECTED = json.dumps({"eventType": "other", "data": {"pad": "x" * 600000}}) + "\n"


def test_replay_waits_for_a_slow_reader_of_rejects(tool, fifo):
    """More than may wait, which a replay writes in no time."""
    tool.write("in", REJECTED * 40 + BARE)
    process = tool.start("--replay", "in", "--rejects", "fifo", until="run.start")
    os.set_blocking(fifo, True)
    got = 0
    while some := len(os.read(fifo, 4096)):
        got += some
        if got < 2000000:
            time.sleep(0.0005)
    r = process.finish()
    assert got > 40 * 600000
    assert r.status == 0 and r.end["rejected"]["event-type"] == 40


def test_replay_does_not_wait_for_a_stuck_reader_of_rejects(tool, fifo):
    tool.write("in", REJECTED * 40 + BARE)
    r = tool.run("--replay", "in", "--rejects", "fifo")
    assert r.status == 7 and [row["window"] for row in r.rows] == [0, 1]
    assert r.end["message"] == "--rejects 'fifo': its reader is too slow: more than 16 MiB are " \
        "waiting"


def test_second_run_is_refused_the_same_recording(tool, gate):
    first = tool.start("-w", "1h", "--record", "recording", QUEUE, until="stream.connected")
    assert harness.eventually(lambda: b"frame" in (tool.dir / "recording").read_bytes())
    for flag in ("--record", "--rejects"):
        second = tool.run("-w", "200ms", flag, "recording", QUEUE)
        assert second.status == 2 and second.out == ""
        assert "%s 'recording': cannot be opened for writing: another run is writing it" % flag \
            in second.err
    assert first.end().status == 143
    recording = (tool.dir / "recording").read_bytes()
    assert recording.startswith(b'{"at":') and recording.endswith(b'"state":"end"}\n')
    assert b"\0" not in recording


# -- what is refused leaves everything as it was

@as_root
@pytest.mark.parametrize("flag", ["--record", "--rejects"])
@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_side_file_of_another_user_is_refused_and_not_emptied(tool, plain, gate, flag, more):
    theirs = put(tool.dir / "theirs", mode=0o666, uid=OTHER)
    r = plain("-w", "200ms", flag, "theirs", QUEUE, *more)
    assert r.status == 2 and "theirs': cannot be opened" in r.err and "another user" in r.err
    assert theirs.read_text() == "old" and not gate.token_requests


@pytest.mark.parametrize("late", [["--audit-file", "fifo"], ["--callback", "https://localhost/",
                                  "--callback-spool", "old"]])
def test_side_file_is_emptied_after_every_check(tool, gate, late):
    os.mkfifo(tool.dir / "fifo")    # nobody reads it
    for name in ("recording", "bad", "old"):
        put(tool.dir / name)
    tool.run("-w", "200ms", "--record", "recording", "--rejects", "bad", *late, QUEUE, status=2)
    assert (tool.dir / "recording").read_text() == (tool.dir / "bad").read_text() == "old"


def test_side_file_needs_no_directory_to_write_to(tool, plain, gate):
    (tool.dir / "d").mkdir()
    put(tool.dir / "d/recording")
    (tool.dir / "d").chmod(0o555)
    r = plain("-w", "200ms", "--record", "d/recording", QUEUE)
    refused = plain("-w", "200ms", "--record", "d/new", QUEUE)
    (tool.dir / "d").chmod(0o755)
    assert r.status == 0 and "frame" in (tool.dir / "d/recording").read_text()
    assert refused.status == 2 and "d/new': cannot be opened" in refused.err


# -- the file of -o

def names(tool):
    return sorted(path.name for path in tool.dir.iterdir() if "rows" in path.name)


def windows(path):
    return [json.loads(line)["window"] for line in path.read_text().splitlines()]


def test_rows_are_kept_if_the_end_fails(tool, gate):
    process = tool.start("-w", "1h", "-o", "rows", QUEUE, until="stream.connected")
    (tool.dir / "rows").mkdir()
    r = process.end()
    assert r.status == 7 and r.end["message"].startswith("rows: Is a directory; ")
    assert r.end["message"].endswith("/rows.unfinished")
    assert windows(tool.dir / "rows.unfinished") == [0]
    assert names(tool) == ["rows", "rows.unfinished"]


def test_no_message_names_rows_in_a_removed_directory(tool, gate):
    (tool.dir / "d").mkdir()
    process = tool.start("-w", "1h", "-o", "d/rows", QUEUE, until="stream.connected")
    (tool.dir / "d").rename(tool.dir / "e")
    assert process.end(status=7).end["message"] == "d/rows: No such file or directory"
    assert len(list((tool.dir / "e").iterdir())) == 1


def killed(tool, *args, event="window.flush", count=2):
    process = tool.start(*args, "-o", "rows", QUEUE, until=event, count=count)
    if event == "window.flush":     # the turn that tells of a window writes it
        assert harness.eventually(lambda: any(
            path.stat().st_size for path in tool.dir.glob(".rows*")))
    process.kill()
    process.wait()


def test_next_run_keeps_the_rows_of_a_killed_run(tool, gate):
    put(tool.dir / "rows.unfinished", "older")
    put(tool.dir / ".rows.other", "not ours")
    killed(tool, "-w", "200ms", "-n", 100)
    assert len(names(tool)) == 3
    r = tool.run("-w", "200ms", "-o", "rows", QUEUE)
    assert r.status == 0 and windows(tool.dir / "rows") == [0]
    assert windows(tool.dir / "rows.unfinished")[0] == 0
    assert names(tool) == [".rows.other", "rows", "rows.unfinished"]
    assert r.warnings("/rows.unfinished, which may end within a row")


def test_newest_of_several_killed_runs_is_kept(tool, gate):
    for length in ("100ms", "300ms"):
        killed(tool, "-w", length, "-n", 100)
        temp = next(tool.dir.glob(".rows*"))
        if length == "100ms":       # an earlier run cannot have been seen by the second
            temp.rename(tool.dir / "away")
            away = temp.name
    (tool.dir / "away").rename(tool.dir / away)
    assert tool.run("-w", "200ms", "-o", "rows", QUEUE).status == 0
    row = json.loads((tool.dir / "rows.unfinished").read_text().splitlines()[0])
    assert row["endMs"] - row["startMs"] == 300
    assert names(tool) == ["rows", "rows.unfinished"]


def test_empty_file_of_a_killed_run_is_removed(tool, gate):
    killed(tool, "-w", "1h", event="stream.connected", count=1)
    assert len(names(tool)) == 1
    r = tool.run("-w", "200ms", "-o", "rows", QUEUE)
    assert r.status == 0 and names(tool) == ["rows"]
    assert not r.warnings("unfinished")


def test_simultaneous_runs_leave_each_others_rows_alone(tool, gate):
    first = tool.start("-w", "300ms", "-n", 1000, "-o", "rows", QUEUE)
    first.until("window.flush", count=2)
    assert tool.run("-w", "200ms", "-o", "rows", QUEUE).status == 0
    assert first.end().status == 143
    assert len(windows(tool.dir / "rows")) >= 2 and names(tool) == ["rows"]


@as_root
def test_owner_and_group_are_kept(tool):
    rows = put(tool.dir / "rows", mode=0o640, uid=OTHER, gid=GROUP)
    assert tool.run("--replay", "-", "-o", "rows", data=BARE).status == 0
    st = rows.stat()
    assert (st.st_uid, st.st_gid, st.st_mode & 0o7777) == (OTHER, GROUP, 0o640)
    assert windows(rows) == [0, 1]


@as_root
@pytest.mark.parametrize("mode, kept", [(0o640, 0o600), (0o664, 0o644), (0o644, 0o644)])
def test_lost_group_gives_no_other_group_its_rights(tool, plain, mode, kept):
    rows = put(tool.dir / "rows", mode=mode, gid=GROUP)
    assert plain("--replay", "-", "-o", "rows", data=BARE).status == 0
    assert rows.stat().st_gid == os.getegid() and rows.stat().st_mode & 0o7777 == kept


@as_root
@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_file_in_a_sticky_directory_is_refused_at_the_start(tool, plain, more):
    directory = tool.dir / "d"
    directory.mkdir()
    theirs = put(directory / "rows", mode=0o666, uid=OTHER)
    os.chown(directory, OTHER, -1)
    directory.chmod(0o1777)
    r = plain("--replay", "-", "-o", "d/rows", *more, data=BARE)
    assert r.status == 2 and "d/rows': cannot be replaced in its directory" in r.err
    assert theirs.read_text() == "old" and len(list(directory.iterdir())) == 1
    directory.chmod(0o777)
    assert plain("--replay", "-", "-o", "d/rows", data=BARE).status == 0


@with_mounts
def test_mount_point_is_written_in_place(tool):
    put(tool.dir / "real", "old" * 10000, mode=0o640)
    put(tool.dir / "rows", "beneath")
    inside = {"preexec_fn": mounting(tool.dir / "real", tool.dir / "rows")}
    r = tool.run("--replay", "-", "-w", "10s", "-o", "rows", data=BARE, **inside)
    assert r.status == 0 and windows(tool.dir / "real") == list(range(6))
    assert (tool.dir / "rows").read_text() == "beneath"
    assert names(tool) == ["rows"]
    put(tool.dir / "real")
    assert tool.run("--replay", "-", "-o", "rows", data="nonsense\n", **inside).status == 8
    assert (tool.dir / "real").read_text() == "old"


@with_mounts
@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_prometheus_refuses_a_mount_point(tool, more):
    for name in ("real", "rows.prom"):
        put(tool.dir / name)
    r = tool.run("--replay", "-", "-f", "prometheus", "-o", "rows.prom", *more, data=BARE,
                 preexec_fn=mounting(tool.dir / "real", tool.dir / "rows.prom"))
    assert r.status == 2 and "rows.prom': is a mount point" in r.err
    assert (tool.dir / "real").read_text() == "old"


# -- names of our own descriptors

def through_socket(run):
    """What comes out of a socket whose other end run(theirs) is given."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        run(theirs)
        theirs.close()
        with ours.makefile("rb") as received:
            return received.read()


@pytest.mark.parametrize("name", ["/dev/stdout", "/proc/self/fd/1", "link"])
@pytest.mark.parametrize("form", ["ndjson", "prometheus"])
def test_dev_stdout_works_for_a_socket(tool, name, form):
    (tool.dir / "link").symlink_to("/dev/stdout")
    args = ["--replay", "-", "-w", "10s", "-f", form]
    expected = tool.run(*args, data=BARE).out
    assert through_socket(lambda theirs: tool.run(
        *args, "-o", name, data=BARE, stdout=theirs, status=0)).decode() == expected


def test_dev_stdout_is_appended_to(tool):
    put(tool.dir / "rows", "before\n")
    with open(tool.dir / "rows", "a") as rows:
        assert tool.run("--replay", "-", "-o", "/dev/stdout", data=BARE, stdout=rows).status == 0
    lines = (tool.dir / "rows").read_text().splitlines()
    assert lines[0] == "before" and [json.loads(line)["window"] for line in lines[1:]] == [0, 1]


def test_side_file_may_be_an_inherited_socket(tool, gate):
    recording = through_socket(lambda theirs: tool.run(
        "-w", "200ms", "--record", "/dev/fd/%d" % theirs.fileno(), QUEUE,
        pass_fds=[theirs.fileno()], status=0))
    assert recording.endswith(b'"state":"end"}\n')


def test_socket_in_the_file_system_is_refused(tool):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tool.dir / "s"))
        r = tool.run("--replay", "-", "-o", "s", data=BARE)
    assert r.status == 2 and "s': cannot be written: a socket cannot be opened by its name" in r.err


# -- the audit file

@as_root
@pytest.mark.parametrize("to", ["mine", "none"])
@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_audit_file_follows_no_link_of_another_user(tool, to, more):
    directory = tool.dir / "d"
    directory.mkdir()
    directory.chmod(0o1777)
    mine = put(tool.dir / "mine", "")
    (directory / "log").symlink_to(tool.dir / to)
    (directory / "deep").symlink_to(tool.dir)
    for name in ("log", "deep"):
        os.lchown(directory / name, OTHER, -1)
    for path in ("d/log", "d/deep/" + to):
        r = tool.run("--replay", "-", "--audit-file", path, *more, data=BARE)
        assert r.status == 2 and r.out == ""
        assert "%s': cannot be appended to: it is reached by a symbolic link of another user" \
            % path in r.err
    assert mine.read_text() == "" and not (tool.dir / "none").exists()
    for owner in (0, -1):
        os.lchown(directory / "log", owner, -1)
        assert tool.run("--replay", "-", "--audit-file", "d/log", *more, data=BARE).status == 0
    assert more or "run.end" in (tool.dir / to).read_text()


@as_root
def test_audit_file_that_becomes_a_link_of_another_user_ends_the_run(tool, gate):
    process = tool.start("-w", "200ms", "-n", 1000, "--audit-file", "log", QUEUE)
    assert json.loads(process.stdout.readline())
    mine = put(tool.dir / "mine", "")
    (tool.dir / "link").symlink_to("mine")
    os.lchown(tool.dir / "link", OTHER, -1)
    (tool.dir / "link").rename(tool.dir / "log")
    assert "--audit-file 'log': it is reached by a symbolic link" in process.finish(status=7).err
    assert mine.read_text() == ""


def test_audit_file_may_be_an_inherited_socket(tool):
    got = through_socket(lambda theirs: tool.run(
        "--replay", "-", "--audit-file", "/dev/fd/%d" % theirs.fileno(), data=BARE,
        pass_fds=[theirs.fileno()], status=0))
    assert json.loads(got.splitlines()[-1])["event"] == "run.end"


# -- the cache

@with_mounts
@pytest.mark.parametrize("variable, path", [("HOME", "/.cache/gsqstat"),
                                            ("XDG_CACHE_HOME", "/gsqstat")])
def test_cache_that_cannot_be_created_is_reported_with_the_reason(tool, gate, variable, path):
    home = tool.dir / "home"
    home.mkdir()
    del tool.env["XDG_CACHE_HOME"]
    tool.env[variable] = str(home)
    r = tool.run("-w", "200ms", QUEUE, preexec_fn=with_read_only_disk(home), status=0)
    assert "no token cache in %s%s: Read-only file system; each run requests a new token" \
        % (home, path) in r.warnings()
