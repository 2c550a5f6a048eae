"""--audit-file: the hash chain, --verify-audit, and rows that are verified by their digests."""
import fcntl
import hashlib
import hmac
import json
import os
import pathlib
import random
import re
import resource
import stat
import subprocess
import threading
import time

import frames
import harness
import pytest
import recordings
from frames import frame
from harness import BARE, QUEUE, SAMPLE

KEY = b"key of the tests \x00\xff"
LOG, CHAIN, KEYED = ["--audit-file", "log"], ["--audit-chain"], ["--audit-key-file", "key"]


# -- another implementation, out of the manual alone

END = re.compile(rb',"seq":([1-9][0-9]*),"prev":"([0-9a-f]{64})"(?:,"mac":"([0-9a-f]{64})")?}$')


def sha(data):
    return hashlib.sha256(data).hexdigest()


def verified(data, key=None):
    """Checks a log; returns its lines, the hash of the last one, and its tears."""
    assert not data or data.endswith(b"\n")
    last, torn, tears, after = "0" * 64, [], [], None
    lines = data.split(b"\n")[:-1]
    for number, line in enumerate(lines, 1):
        end = END.search(line)
        if end:
            assert int(end[1]) == number and end[2].decode() == last, number
            if key:
                mac = hmac.new(key, line[:line.index(b',"mac"')], "sha256").hexdigest()
                assert end[3].decode() == mac, number
            event = json.loads(line)
            assert list(event)[-3 if end[3] else -2:][0] == "seq"
            if torn or event["event"] == "audit.repaired":
                assert event["event"] == "audit.repaired" and event["lines"] == len(torn)
                assert event["bytes"] == len(b"\n".join(torn))
                assert event["digest"] == sha(b"\n".join(torn))
                assert event.get("after") == (after if torn else None)
                tears.append(number)
            torn = []
        else:
            after = after if torn else last
            torn.append(line)
        last = sha(line)
    assert not torn
    return len(lines), last, tears


def is_good(data, key=None):
    try:
        verified(data, key)
    except (AssertionError, AttributeError, ValueError):
        return False
    return True


@pytest.fixture
def logger(tool):
    """The tool with a key, a recording, and functions for its audit log."""
    tool.write("key", KEY + b"\n", 0o600)
    tool.write("in", BARE)

    def audited(*args, **more):
        r = tool.run("--replay", "in", "-w", "20s", *LOG, *CHAIN, *args, **more)
        assert (r.status, r.err) == (0, "")
        return r

    def broken(*args):
        """The message of --verify-audit about a changed log or changed rows."""
        r = tool.verify(*args, status=8)
        assert r.out == ""
        return r.err
    tool.audited, tool.broken = audited, broken
    tool.log = lambda: (tool.dir / "log").read_bytes()
    tool.verify = lambda *args, **more: tool.run("--verify-audit", "log", *args, **more)
    return tool


def events(data):
    return [json.loads(line) for line in data.splitlines()]


# -- the file

def test_audit_file_has_all_lines_and_stderr_none(tool):
    tool.write("in", BARE)
    there = tool.run("--replay", "in")
    r = tool.run("--replay", "in", *LOG)
    assert (r.status, r.err, r.out) == (0, "", there.out)
    text = (tool.dir / "log").read_text()
    assert [line["event"] for line in harness.parse_audit(text)] == [
        line["event"] for line in there.audit]
    assert "prev" not in text and stat.S_IMODE((tool.dir / "log").stat().st_mode) == 0o600
    (tool.dir / "log").chmod(0o640)
    tool.run("--replay", "in", *LOG)
    assert stat.S_IMODE((tool.dir / "log").stat().st_mode) == 0o640


def test_error_is_one_plain_line_on_stderr(tool, serve):
    serve(streams=[[("close", 1008, "no such queue")]])
    r = tool.run("-w", "300ms", *LOG, *CHAIN, QUEUE, status=6)
    assert r.err.startswith("gsqstat: ") and r.err.count("\n") == 1 and "no such queue" in r.err
    end = events((tool.dir / "log").read_bytes())[-1]
    assert end["event"] == "run.end" and end["exit"] == 6
    assert "gsqstat: %s\n" % end["message"] == r.err


def test_signal_is_reported_only_in_the_audit_file(tool, gate):
    tool.write("log", "")
    process = tool.start("-w", "1h", *LOG, QUEUE)
    assert harness.eventually(lambda: "stream.connected" in (tool.dir / "log").read_text())
    r = process.end()
    assert (r.status, r.err) == (143, "")
    assert events((tool.dir / "log").read_bytes())[-1]["exit"] == 143


@pytest.mark.parametrize("path", ["log", "link", "../%s/log"])
def test_symbolic_link_is_followed(logger, path):
    (logger.dir / "link").symlink_to("log")
    path = path % logger.dir.name if "%" in path else path
    r = logger.run("--replay", "in", "--audit-file", path, *CHAIN)
    assert r.status == 0 and verified(logger.log())[0] > 2
    assert (logger.dir / "link").is_symlink()


@pytest.mark.parametrize("args, words", [
    (["--audit-file", "-"], ["--audit-file '-'"]), (["--audit-file", "/"], ["directory"]),
    (["--audit-file", "no/such/dir"], ["no/such/dir"]), (["--audit-file="], ["--audit-file ''"]),
    ([*LOG, "--audit", "none"], ["--audit 'none'", "json"]),
    ([*LOG, "--audit", "logfmt"], ["--audit 'logfmt'"]),
    (CHAIN, ["--audit-chain", "--audit-file"]), ([*LOG, *KEYED], ["--audit-chain"]),
    ([*LOG, *CHAIN, "--audit-key-file", "nowhere"], ["nowhere"]),
    ([*LOG, *CHAIN, "--audit-key-file", "open"], ["group or others have access"]),
    ([*LOG, *CHAIN, "--audit-key-file", "group"], ["group or others have access"]),
    ([*LOG, *CHAIN, "--audit-key-file", "empty"], ["empty"]),
    ([*LOG, *CHAIN, "--audit-key-file", "/"], ["directory"]),
    ([*LOG, *CHAIN, "--audit-key-file", "long"], ["4096"]),
    ([*LOG, "-o", "log"], ["same file"]), ([*LOG, "--record", "log", "-n", "1"], ["same file"]),
    ([*LOG, "--rejects", "./log"], ["same file"]), (["--audit-file", "in"], ["same file"]),
    (["--audit-file", "key", *CHAIN, *KEYED], ["same file"]),
    (["--audit-file", "plain", *CHAIN], ["a new file"]),
    (["--expect", "0" * 64], ["--verify-audit"]), (["--rows", "in"], ["--verify-audit"]),
    (["--run", QUEUE], ["--verify-audit"]),
    (["--dry-run", "--audit-file", "plain", *CHAIN], ["a new file"]),
    (["--dry-run", *LOG, *CHAIN, "--audit-key-file", "open"],
     ["group or others have access"])])
def test_bad_options_exit_with_2_and_are_named(logger, args, words):
    for name, mode, text in (("open", 0o604, "k"), ("group", 0o640, "k"), ("empty", 0o600, "\n"),
                             ("long", 0o600, "k" * 4097), ("plain", 0o600, '{"event":"x"}\n')):
        logger.write(name, text, mode)
    r = logger.run("--replay", "in", *args)
    assert r.status == 2 and r.out == "" and not (logger.dir / "log").exists()
    assert all(line.startswith("gsqstat: ") for line in r.err.splitlines())
    assert [w for w in words if w not in r.err] == [], r.err
    assert (logger.dir / "plain").read_text() == '{"event":"x"}\n'


def test_stderr_is_refused_as_audit_file(logger):
    with open(logger.dir / "log", "a") as log:
        r = subprocess.run([harness.PROGRAM, "--replay", "in", *LOG], env=logger.env,
                           cwd=logger.dir, stderr=log)
    assert r.returncode == 2 and b"are the same file" in logger.log()


def test_dry_run_creates_no_file_and_hides_the_key(logger):
    r = logger.run("--replay", "in", *LOG, *CHAIN, *KEYED, "--dry-run")
    settings = r.settings
    assert r.status == 0 and not (logger.dir / "log").exists()
    assert settings["audit-key-file"] == {"value": "key", "from": "flag"}
    assert settings["audit-file"]["value"] == "log" and "key of" not in r.out


# -- the chain

def test_chain_continues_over_runs(logger):
    logger.audited()
    logger.audited("-f", "csv")
    logger.audited("-s")
    logger.audited("-w", "1m", *KEYED)
    lines, last, tears = verified(logger.log())
    assert len({line["run"] for line in events(logger.log())}) == 4 and not tears
    r = logger.verify()
    assert (r.status, r.out, r.err) == (0, "lines %d last %s\n" % (lines, last), "")
    assert logger.run("--verify-audit", "-", data=logger.log()).out == r.out


def test_silent_run_can_be_verified_too(logger):
    plain = [line["event"] for line in events(logger.audited("-f", "csv") and logger.log())]
    (logger.dir / "log").unlink()
    r = logger.audited("-s")
    logger.write("rows", r.out)
    assert logger.verify("--rows", "rows", status=0).err == ""
    assert [line["event"] for line in events(logger.log())] == plain


def test_signed_file_refuses_a_run_with_another_key(logger):
    logger.audited(*KEYED)
    whole = logger.log()
    logger.write("other", b"k" * 32, 0o600)
    for args in ([], ["--audit-key-file", "other"]):
        r = logger.run("--replay", "in", *LOG, *CHAIN, *args)
        assert r.status == 2 and "a new file" in r.err and r.out == "", r.err
    assert logger.log() == whole
    logger.audited(*KEYED)
    assert logger.verify(*KEYED).status == 0


def test_chain_is_refused_in_a_file_without_one(logger):
    for text in ("a,b\n1,2\n", "hello", "{\"tsx\":1", "[]\n"):
        logger.write("log", text)
        r = logger.run("--replay", "in", *LOG, *CHAIN)
        assert r.status == 2 and "a new file" in r.err, (text, r.err)
        assert (logger.dir / "log").read_text() == text
    for torn in ("{", '{"ts":"2026', "\0\0\0"):
        logger.write("log", torn)
        assert logger.run("--replay", "in", *LOG, *CHAIN).status == 0
        assert logger.verify().status == 0


def test_key_signs_every_line(logger):
    logger.audited(*KEYED)
    lines, last, tears = verified(logger.log(), KEY)
    r = logger.verify(*KEYED)
    assert (r.status, r.out) == (0, "lines %d last %s\n" % (lines, last))
    assert KEY.decode("latin-1") not in logger.log().decode("latin-1")
    logger.write("key", KEY[:-1])
    assert "line 1 " in logger.broken(*KEYED)


def test_longest_line_keeps_the_chain(logger):
    queues = [word for queue in frames.QUEUES[:50] for word in ("-q", queue)]
    logger.audited(*KEYED, *queues, "-v", "--outlier", "waitTime.avg>%s1" % ("0" * 3000))
    assert max(map(len, logger.log().splitlines(True))) <= 4096
    assert any(line.get("truncated") for line in events(logger.log()))
    verified(logger.log(), KEY)
    assert logger.verify(*KEYED).status == 0


def damaged(kind, data, chance):
    """The tampered log, and the number of the first line that differs."""
    lines = data.splitlines(True)
    i = chance.randrange(len(lines) - 1)
    if kind == "edit":
        line = bytearray(lines[i])
        line[chance.randrange(len(line) - 1)] ^= 1 << chance.randrange(7)
        lines[i] = bytes(line)
    elif kind == "number":      # what a forger would do: a figure is another, all is valid JSON
        i = chance.choice([k for k in range(len(lines) - 1) if b'"updates":' in lines[k]])
        lines[i] = re.sub(rb'"updates":(\d)', b'"updates":9\\1', lines[i])
    elif kind == "cut":
        del lines[i:i + chance.randint(1, len(lines) - 1 - i)]
    elif kind == "swap":
        lines[i], lines[i + 1] = lines[i + 1], lines[i]
    elif kind == "repeat":
        lines.insert(i + 1, lines[chance.randint(0, i)])
        i += 1
    elif kind == "head":
        del lines[:i + 1]
        i = 0
    elif kind == "foreign":
        lines.insert(i, b'{"event":"run.end","exit":0}\n')
    elif kind == "renumber":    # the members in another place, and a chain in a string
        lines[i] = lines[i].replace(b'{"ts"', b'{"seq":%d,"ts"' % (i + 1)).replace(
            b',"seq":%d,' % (i + 1), b',"was":%d,' % (i + 1))
    return b"".join(lines), i + 1


@pytest.mark.parametrize("kind", ["edit", "number", "cut", "swap", "repeat", "head", "foreign",
                                  "renumber"])
@pytest.mark.parametrize("key", [[], KEYED], ids=["chain", "key"])
def test_tampering_exits_with_8_and_names_the_line(logger, kind, key):
    chance = random.Random(kind)
    logger.audited(*key)
    logger.audited("-w", "7s", *key)
    data = logger.log()
    secret = KEY if key else None
    for _ in range(6):
        bad, line = damaged(kind, data, chance)
        assert not is_good(bad, secret)
        logger.write("log", bad)
        text = logger.broken(*key)
        assert "line %d " % line in text and text.count("\n") == 1, (line, text)


def test_changed_end_is_found_with_a_key_and_a_cut_with_expect(logger):
    logger.audited(*KEYED)
    data = logger.log()
    lines, last, _ = verified(data, KEY)
    assert logger.verify("--expect", last.upper()).status == 0
    logger.write("log", data.replace(b'"exit":0', b'"exit":1'))
    assert logger.verify().status == 0
    for args in (KEYED, ["--expect", last]):
        assert "line" in logger.broken(*args)
    logger.write("log", b"".join(data.splitlines(True)[:-1]))
    assert logger.verify(*KEYED).status == 0
    assert "has the hash" in logger.broken(*KEYED, "--expect", last)


def test_file_that_is_not_an_audit_log_fails_in_line_1(logger):
    logger.write("log", "")
    r = logger.verify()
    assert (r.status, r.out) == (0, "lines 0 last %s\n" % ("0" * 64))
    for text in ("x" * 200000, "\n", "{}", BARE, "\0" * 5000 + "\n"):
        logger.write("log", text)
        assert "line 1 " in logger.broken(), text[:9]


# -- crashes

def test_crash_at_any_byte_is_repaired_and_reported(logger):
    logger.audited(*KEYED)
    data = logger.log()
    start = data.rindex(b"\n", 0, -1) + 1
    chance = random.Random(8)
    whole = len(data) - 1
    for cut in {start + 1, whole - 1, whole, *chance.sample(range(start + 1, whole), 5)}:
        logger.write("log", data[:cut])
        assert logger.verify(*KEYED).status == 8
        logger.audited(*KEYED)
        assert logger.log().startswith(data[:cut] + b"\n")
        lines, last, (repaired,) = verified(logger.log(), KEY)
        r = logger.verify(*KEYED)
        assert (r.status, r.out) == (0, "lines %d last %s\n" % (lines, last))
        assert r.err.startswith("gsqstat: warning: log: line ") and r.err.count("\n") == 1
        assert "line %d " % (repaired - 1 if cut < whole else repaired) in r.err.replace(":", " ")
        again = logger.log()[:cut] + b"\n" + logger.log()[cut + 1:].replace(
            b"audit.repaired", b"audit.Repaired")
        logger.write("log", again)
        assert logger.verify(*KEYED).status == 8


def test_log_continues_after_a_kill(logger, serve):
    serve(rate=200)
    for _ in range(3):
        process = logger.start("-w", "100ms", "-n", 1000, "-v", *LOG, *CHAIN, QUEUE)
        before = len(logger.log()) if (logger.dir / "log").exists() else 0
        assert harness.eventually(lambda: (logger.dir / "log").exists()
                                  and len(logger.log()) > before + 8000)
        process.kill()
        process.communicate()
    logger.audited()
    verified(logger.log())
    assert logger.verify().status == 0


# -- many, moved, full, locked

def test_runs_at_the_same_time_share_a_file(logger):
    def many():
        for _ in range(3):
            logger.audited(*KEYED)
    threads = [threading.Thread(target=many) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    lines = events(logger.log())
    verified(logger.log(), KEY)
    assert sum(line["event"] == "run.end" for line in lines) == 12
    r = logger.verify(*KEYED)
    assert r.status == 0 and r.out.startswith("lines %d " % len(lines))


def test_rotated_file_starts_a_new_chain(logger, gate):
    process = logger.start("-w", "200ms", "-n", 15, *LOG, *CHAIN, QUEUE)
    assert harness.eventually(lambda: (logger.dir / "log").exists()
                              and b"window.flush" in logger.log())
    os.rename(logger.dir / "log", logger.dir / "log.1")
    assert process.finish().status == 0
    old = (logger.dir / "log.1").read_bytes()
    assert verified(old)[0] > 2 and verified(logger.log())[0] > 2
    assert stat.S_IMODE((logger.dir / "log").stat().st_mode) == 0o600
    assert events(old)[0]["run"] == events(logger.log())[0]["run"]
    assert events(logger.log())[0]["seq"] == 1


def test_full_disk_exits_with_7_and_keeps_rows_whole(logger):
    there = logger.run("--replay", "in", "-w", "20s").out
    for where in ("/dev/full", "log"):
        r = logger.run("--replay", "in", "-w", "20s", "-o", "rows", "--audit-file", where,
                       *CHAIN, preexec_fn=harness.limit_file_size(8192))
        if where == "log":      # the rows fit, the log is filled up first
            assert r.status == 0
            logger.write("log", b"")
            while len(logger.log()) < 8000:
                logger.run("--replay", "in", *LOG, *CHAIN)
            (logger.dir / "rows").unlink()
            r = logger.run("--replay", "in", "-w", "20s", "-o", "rows", *LOG, *CHAIN,
                           preexec_fn=harness.limit_file_size(len(logger.log()) + 100))
        assert r.status == 7 and r.err.startswith("gsqstat: --audit-file '%s': " % where)
        assert r.err.count("\n") == 1
        assert (logger.dir / "rows").read_text() == there
    # what was left there is a torn line, and the next run goes on behind it
    logger.audited()
    assert logger.verify().status == 0 and len(verified(logger.log())[2]) == 1


def test_rows_on_stdout_are_whole_if_the_audit_file_fails(logger, gate):
    os.mkdir(logger.dir / "logs")
    process = logger.start("-w", "200ms", "-n", 50, "--audit-file", "logs/log", QUEUE)
    rows = [json.loads(process.stdout.readline())]
    os.rename(logger.dir / "logs", logger.dir / "gone")     # it can't be made anew
    r = process.finish()
    assert r.status == 7 and "logs/log" in r.err and r.err.count("\n") == 1
    rows += r.rows
    assert [row["window"] for row in rows] == list(range(len(rows))) and len(rows) < 50


def test_file_locked_for_more_than_a_second_exits_with_7(logger):
    logger.audited()
    before = logger.log()
    with open(logger.dir / "log") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        start = time.monotonic()
        r = logger.run("--replay", "in", "-o", "rows", *LOG, *CHAIN)
        assert 1 <= time.monotonic() - start < 1 + 2 * harness.SLACK
    assert r.status == 7 and "locked" in r.err and logger.log() == before
    assert (logger.dir / "rows").exists()


def test_run_waits_for_the_lock_of_another_process(logger):
    logger.audited()
    with open(logger.dir / "log") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        threading.Timer(0.3, lambda: fcntl.flock(log, fcntl.LOCK_UN)).start()
        logger.audited()
    verified(logger.log())


def test_verify_audit_takes_no_lock(logger):
    logger.audited()
    with open(logger.dir / "log") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        assert logger.verify().status == 0


def test_fifo_without_a_reader_exits_with_7_in_time(logger):
    os.mkfifo(logger.dir / "pipe")
    assert logger.run("--replay", "in", "--audit-file", "pipe").status == 2
    read = os.open(logger.dir / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    args = ["--replay", "in", "--audit-file", "pipe", *CHAIN]
    assert logger.run(*args).status == 0
    verified(os.read(read, 65536))
    logger.write("in", BARE + frame(QUEUE, at="2026-11-24T02:10:00Z") + "\n")
    r = logger.run(*args, "-w", "1s")
    os.close(read)
    assert r.status == 7 and "reader" in r.err


# -- rows

@pytest.mark.parametrize("args", [[], ["-f", "csv"], ["-f", "csv", "--no-header"]])
def test_rows_digest_is_that_of_the_printed_bytes(tool, args):
    r = tool.run("--replay", SAMPLE, "-w", "1m", *args)
    data, at = r.out.encode(), 0
    for line in r.events("window.flush"):
        part = data[at:at + line["rowsBytes"]]
        assert line["rowsDigest"] == sha(part)
        at += len(part)
    assert at == len(data) and r.out.startswith("window,") == (args == ["-f", "csv"])


def test_rows_of_notifications_have_a_digest(tool):
    tool.write("in", recordings.state(0, "connected") + recordings.end(9))
    r = tool.run("--replay", "in", "--source", "notifications", "--no-snapshot", QUEUE)
    (line,) = r.events("window.flush")
    assert r.out and (line["rowsDigest"], line["rowsBytes"]) == (sha(r.out.encode()), len(r.out))


def test_rows_of_all_runs_or_of_one_are_verified(logger):
    parts = [logger.audited(*args).out for args in ([], ["-f", "csv"], ["-w", "7s"])]
    runs = list(dict.fromkeys(line["run"] for line in events(logger.log())))
    logger.write("rows", "".join(parts))
    good = logger.verify().out
    r = logger.verify("--rows", "rows")
    assert (r.status, r.out, r.err) == (0, good, "")
    for part, run in zip(parts, runs):
        assert logger.run("--verify-audit", "log", "--rows", "-", "--run", run.upper(),
                          data=part).out == good
    for other in ("".join(parts[:2]), "".join(parts)[:-1], "".join(parts) + "\n",
                  "".join(parts[::-1]), "".join(parts).replace("partial", "Partial", 1), ""):
        logger.write("rows", other)
        assert logger.broken("--rows", "rows").startswith("gsqstat: rows: ")
    assert "has no line of this run" in logger.broken("--rows", "rows", "--run", QUEUE)


def test_mixed_rows_of_simultaneous_runs_are_reported(logger, gate):
    first = logger.start("-w", "1h", *LOG, *CHAIN, QUEUE)
    log = logger.dir / "log"
    assert harness.eventually(lambda: log.exists() and b'"stream.connected"' in log.read_bytes())
    second = logger.run("-w", "200ms", *LOG, *CHAIN, QUEUE)
    rows = first.end().out
    logger.write("rows", second.out + rows)
    assert logger.verify("--rows", "rows").status == 0      # as their windows ended
    logger.write("rows", rows + second.out)
    assert "mixed rows of several runs" in logger.broken("--rows", "rows")
    logger.write("rows", rows.replace("partial", "Partial"))
    run = json.loads(log.read_bytes().splitlines()[0])["run"]
    assert "mixed" not in logger.broken("--rows", "rows", "--run", run)


def test_rows_of_partial_windows_are_verified(logger, serve):
    serve(streams=[[("run", 0.3), ("close", 1008, "no")]])
    r = logger.run("-w", "200ms", "-n", 9, *LOG, *CHAIN, QUEUE)
    assert r.status == 6 and r.rows[-1]["partial"]
    assert logger.run("--verify-audit", "log", "--rows", "-", data=r.out).status == 0


# -- the mode

@pytest.mark.parametrize("args, words", [
    ([QUEUE], ["QUEUE_ID"]), (["-q", QUEUE], ["--queue"]), (["--replay", "in"], ["--replay"]),
    (["-o", "x"], ["--output"]), (["-v"], ["--verbose"]), (["--dry-run"], ["--dry-run"]),
    (["--audit-file", "x"], ["--audit-file"]), (["--audit", "json"], ["--audit 'json'"]),
    (CHAIN, ["--audit-chain"]), (["--source", "notifications"], ["--source"]),
    (["-m", "oWaiting"], ["--metric 'oWaiting' cannot be used with --verify-audit"]),
    (["-m", "nonsense"], ["--metric 'nonsense' cannot be used with --verify-audit"]),
    (["--fail-if", "oWaiting.max>1"], ["--fail-if 'oWaiting.max>1' cannot be used with --verify"]),
    (["--expect", "0" * 63], ["--expect", "64 hex"]), (["--expect", "g" * 64], ["--expect"]),
    (["--run", QUEUE], ["--run", "--rows"]), (["--rows", "log", "--run", "x"], ["UUID"]),
    (["--rows", "nowhere"], ["nowhere"]), (["--audit-key-file", "nowhere"], ["nowhere"]),
    (["--verify-audit", "nowhere"], ["nowhere"]), (["--verify-audit", "/"], ["directory"]),
    (["--verify-audit", "-", "--rows", "-"], ["stdin"])])
def test_verify_audit_refuses_options_of_a_run(logger, args, words):
    logger.write("log", "")
    r = logger.verify(*args)
    assert r.status == 2 and r.out == "" and not (logger.dir / "x").exists()
    assert r.err.startswith("gsqstat: ") and [w for w in words if w not in r.err] == [], r.err


def test_verify_audit_needs_no_credentials_and_reports_a_full_disk(logger):
    logger.audited()
    logger.env.update(SSL_CERT_FILE="nowhere", GENESYSCLOUD_REGION="mars", HOME="/nonexistent")
    assert logger.verify().status == 0
    with open("/dev/full", "w") as full:
        assert logger.verify(stdout=full).status == 7
    with open(logger.dir / "log", "a") as log:
        assert logger.verify(stdout=log).status == 2
    verified(logger.log())


def test_verify_audit_needs_little_memory(logger):
    logger.audited()
    data, many = logger.log().splitlines()[1], []
    body, last = END.sub(b"", data), "0" * 64
    for n in range(1, 60001):
        many.append(body + b',"seq":%d,"prev":"%s"}' % (n, last.encode()))
        last = sha(many[-1])
    logger.write("log", b"\n".join(many) + b"\n")

    def most():
        resource.setrlimit(resource.RLIMIT_DATA, (8 << 20, 8 << 20))
    r = logger.verify(preexec_fn=None if os.environ.get("GSQSTAT_SANITIZE") else most)
    assert (r.status, r.out) == (0, "lines 60000 last %s\n" % last)


# -- the recipe of the cookbook

RECIPE = """\
(umask 077; openssl rand -base64 32 >audit.key)
gsqstat --replay in -w 1m --audit-file audit.log --audit-chain --audit-key-file audit.key >rows
gsqstat --verify-audit audit.log --audit-key-file audit.key --rows rows | tee proof
gsqstat --verify-audit audit.log --expect "$(sed 's/.* //' proof)"
"""


def test_recipe_for_auditors_works(logger):
    logger.env["PATH"] = "%s:%s" % (pathlib.Path(harness.PROGRAM).parent, logger.env["PATH"])
    r = subprocess.run(["bash", "-eo", "pipefail", "-c", RECIPE], env=logger.env, cwd=logger.dir,
                       capture_output=True, text=True)
    assert r.returncode == 0 and r.stderr == "", r.stderr
    first, second = r.stdout.splitlines()
    assert first == second and first.startswith("lines ")
    # the same, without the tool: HMAC of a line by openssl
    line = (logger.dir / "audit.log").read_bytes().splitlines()[0]
    key = (logger.dir / "audit.key").read_bytes().rstrip(b"\n")
    r = subprocess.run(["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt",
                        "hexkey:" + key.hex()], input=line[:line.index(b',"mac"')],
                       capture_output=True)
    assert r.stdout.split()[-1] == END.search(line)[3]
