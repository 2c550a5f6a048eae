"""--shard: several runs share the queues."""
import hashlib
import json
import re

import frames
import harness
import pytest
import recordings
from harness import NOTICES, QUEUE, SAMPLE
from recordings import answer, at, end, instant, named, state

FAKE = {"GENESYS_CLIENT_ID": "id", "GENESYS_CLIENT_SECRET": "secret-of-a-client",
        "GENESYS_API_HOST": "localhost:1"}
ONES, NIL = "11111111-1111-4111-8111-111111111111", "00000000-0000-0000-0000-000000000000"
MASK = 2 ** 64 - 1


def shard_of(queue, n):
    """As the manual describes it."""
    h = 0xCBF29CE484222325
    for byte in queue.encode():
        h = ((h ^ byte) * 0x100000001B3) & MASK

    def score(k):
        z = (h + (k + 1) * 0x9E3779B97F4A7C15) & MASK
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
        return z ^ z >> 31
    return max(range(n), key=lambda k: (score(k), -k))


def own(queues, k, n):
    return [queue for queue in queues if shard_of(queue, n) == k]


def digest(queues):
    return hashlib.sha256("".join(q + "\n" for q in sorted(queues)).encode()).hexdigest()


@pytest.fixture
def offline(tool):
    tool.env.update(FAKE)
    return tool


def test_the_vectors_of_the_manual():
    page = (harness.TOP / "man/gsqstat.1").read_text()
    rows = re.findall(r"^\.It ([0-9a-f-]{36}) Ta 0x[0-9A-F]{16} Ta (\d) Ta (\d)$", page, re.M)
    assert [row[0] for row in rows] == [QUEUE, ONES, NIL]
    assert all((shard_of(q, 3), shard_of(q, 10)) == (int(a), int(b)) for q, a, b in rows)


def test_dry_run_lists_the_queues_of_the_shard(offline):
    offline.write("queues", "".join(queue.upper() + "\n" for queue in frames.QUEUES))
    found = []
    for k in range(7):
        # --shard may follow the queues, and stand in the configuration file
        offline.write("config", "queue-file = queues\nshard = %d/7\n" % k)
        flags = ["-Q", "queues", "--shard", "%d/7" % k] if k % 2 else ["--config", "config"]
        settings = offline.run("--dry-run", *flags, status=0).settings
        assert settings["shard"]["value"] == "%d/7" % k
        assert settings["queue"]["value"] == own(frames.QUEUES, k, 7)
        found += settings["queue"]["value"]
    assert sorted(found) == frames.QUEUES


@pytest.mark.parametrize("env, value, words", [
    ({}, "10/10", "K must be 0 to 9"), ({}, "10", "neither JOB_COMPLETION_INDEX nor"),
    ({"JOB_COMPLETION_INDEX": "10"}, "10", "JOB_COMPLETION_INDEX is '10'"),
    ({"SLURM_ARRAY_TASK_ID": "10"}, "10", "SLURM_ARRAY_TASK_ID is '10'"),
    ({"JOB_COMPLETION_INDEX": "-1", "SLURM_ARRAY_TASK_ID": "1"}, "10", "'-1'"),
    ({"JOB_COMPLETION_INDEX": ""}, "10", "neither")])
def test_arrays_start_at_0(offline, env, value, words):
    offline.env.update(env)
    r = offline.run("--shard", value, QUEUE, status=2)
    assert words in r.err and "arrays must start at 0" in r.err and r.err.count("\n") == 1


@pytest.mark.parametrize("value", ["", "/", "1/", "/2", "0/0", "0", "10001", "0/10001", "a/3",
                                   "1/3 ", "1/2/3", "-1/3", "99999999999/3"])
def test_bad_shards(offline, value):
    offline.env["JOB_COMPLETION_INDEX"] = "0"
    r = offline.run("--shard", value, QUEUE, status=2)
    assert r.err.startswith("gsqstat: --shard '%s': " % value) and r.err.count("\n") == 1


@pytest.mark.parametrize("env, k", [
    ({"JOB_COMPLETION_INDEX": "2", "SLURM_ARRAY_TASK_ID": "1"}, 2),
    ({"JOB_COMPLETION_INDEX": "", "SLURM_ARRAY_TASK_ID": "1"}, 1)])
def test_number_of_an_array(offline, env, k):
    offline.env.update(env)
    settings = offline.run("--dry-run", "--shard", "3", *frames.QUEUES[:9], status=0).settings
    assert settings["shard"] == {"value": "%d/3" % k, "from": "flag"}
    assert settings["queue"]["value"] == own(frames.QUEUES[:9], k, 3)


@pytest.mark.parametrize("flags, words", [
    (["--list-queues"], "--shard '0/3' cannot be used with --list-queues"),
    (["--list-metrics"], "--shard '0/3' cannot be used with --list-metrics")])
def test_modes_without_shards(offline, flags, words):
    assert words in offline.run("--shard", "0/3", *flags, status=2).err


# --- live runs --------------------------------------------------------------------------


def test_limits_are_those_of_the_shard(offline):
    for count, status in ((49, 0), (51, 2)):
        queues = ["%08x-1111-4111-8111-111111111111" % i for i in range(2000)]
        mine = own(queues, 3, 10)[:count]
        offline.write("queues", "\n".join(mine + [q for q in queues if shard_of(q, 10) != 3]))
        r = offline.run("--shard", "3/10", "-Q", "queues", "--dry-run", status=status)
        assert status or r.settings["queue"]["value"] == mine
        assert not status or "51 queues; the stream takes 50" in r.err


def test_a_run_watches_its_queues_and_says_which(tool, serve):
    gate = serve(rate=50)
    queues = frames.QUEUES[:20]
    mine = own(queues, 1, 3)
    r = tool.run("--shard", "1/3", "-w", "500ms", "--sketch", *queues, status=0)
    assert [row["queueId"] for row in r.rows] == mine
    assert {row["shard"] for row in r.rows} == {"1/3"}
    begun = r.events("run.start")[0]
    assert begun["shard"] == "1/3" and begun["queues"] == len(mine)
    assert begun["queuesSha256"] == digest(mine)
    assert len(gate.connections) == 1
    plain = tool.run("--shard", "1/3", "-w", "500ms", *queues, status=0)
    assert not any("shard" in row for row in plain.rows)


def test_names_are_resolved_first(tool, notify):
    notify()
    mine = own(frames.QUEUES[:9], 1, 3)
    r = tool.run("--shard", "1/3", "-w", "500ms", "-m", "oWaiting", "--media", "none",
                 "--queue-name", "Queue 0*", status=0)
    assert [row["queueId"] for row in r.rows] == mine
    assert "queues" not in r.events("run.start")[0]
    shard = r.events("run.shard")[0]
    assert (shard["queues"], shard["queuesSha256"]) == (len(mine), digest(mine))
    tool.run("--shard", "1/3", "--queue-name", "Nobody*", status=2)


# --- an empty shard ------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["ndjson", "csv", "table", "prometheus", "html"])
def test_an_empty_shard_makes_no_request(tool, serve, format):
    gate = serve()
    tool.write("rows", "old rows\n")
    r = tool.run("--shard", "4/10", "-o", "rows", "-f", format, ONES, status=0)
    assert r.out == "" and (tool.dir / "rows").read_text() == ""
    assert r.warnings("--shard 4/10: the shard has no queue")
    assert not gate.token_requests and not gate.connections
    assert r.events("run.start")[0]["queuesSha256"] == hashlib.sha256().hexdigest()
    assert sorted(path.name for path in tool.dir.iterdir() if "rows" in path.name) == ["rows"]


def test_an_empty_shard_is_unknown_to_a_check(offline):
    r = offline.run("--shard", "4/10", "--check", "nagios", "-s", ONES, status=3)
    assert r.out.startswith("GSQSTAT UNKNOWN - ")


def test_an_empty_shard_of_names_only_looks_them_up(tool, notify):
    service = notify()
    tool.write("rows", "old rows\n")
    k = next(k for k in range(10) if k != shard_of(QUEUE, 10))
    r = tool.run("--shard", "%d/10" % k, "--queue-name", "Queue 01", "-o", "rows", status=0)
    assert (tool.dir / "rows").read_text() == "" and r.warnings("the shard has no queue")
    assert {request["name"] for request in service.requests} <= {"token", "queues"}


# --- files of IDs --------------------------------------------------------------------------


def test_large_files(offline):
    queues = ["%08x-1111-4111-8111-%012x" % (i, i) for i in range(300000)]
    text = "\n".join(queues)
    assert len(text) > 4 << 20
    offline.write("queues", text)
    assert "too long" in offline.run("-Q", "queues", "--dry-run", status=2).err
    r = offline.run("-Q", "queues", "--shard", "7/9999", "--dry-run", status=0)
    mine = r.settings["queue"]["value"]
    assert 10 < len(mine) < 50 and all(shard_of(queue, 9999) == 7 for queue in mine)
    offline.write("twice", text + "\n" + r.settings["queue"]["value"][0])
    again = offline.run("-Q", "twice", "--shard", "7/9999", "--dry-run", status=0)
    assert "was given before" in again.err and again.err.count("\n") == 1
    assert again.settings["queue"]["value"] == r.settings["queue"]["value"]
    queues[200000] = "bad"
    offline.write("bad", "\n".join(queues))
    r = offline.run("-Q", "bad", "--shard", "7/9999", "--dry-run", status=2)
    assert r.err.startswith("gsqstat: --queue-file 'bad', line 200001: 'bad': must be a queue ID")
    assert r.err.count("\n") == 1
    offline.write("worse", "bad\n" * 100000)
    assert offline.run("-Q", "worse", "--shard", "7/9999", status=2).err.count("\n") <= 100


# --- replay ------------------------------------------------------------------------------


def text_of(*lines):
    return "".join(lines)


def stream(second, queue, **data):
    moment = recordings.stamp(recordings.T0 + round(second * recordings.S))
    return frames.frame(queue, at=moment, **data)


def recorded(second, queue, stamp=None, **data):
    return recordings.frame(second, stream(second if stamp is None else stamp, queue, **data))


def odd_stream(queues):
    """Late, early, invalid and repeated frames; a gap in the middle, and a lone last window."""
    lines = [state(0, "connected")]
    for i, queue in enumerate(queues):
        lines.append(recorded(1 + i / 100, queue, waitTime={"avg": i or 99999}))
        lines.append(recorded(2 + i / 100, queue, stamp=30 + i))
        lines.append(recorded(3 + i / 100, queue, stamp=1))
        lines.append(recordings.frame(4 + i / 100, stream(4, queue, timestamp="never")))
    lines.append(state(40, "lost"))
    lines.append(state(70, "connected"))
    lines += [recorded(100 + i, queue) for i, queue in enumerate(queues[::2])]
    lines.append(recorded(110, queues[0], stamp=200.0))
    lines.append(at(111, '"stream":0,"frame":' + json.dumps({"eventType": "other", "data": {}})))
    return text_of(*lines)


def head(queues, source):
    return at(0, '"state":"run","schema":"gsqstat-recording/1","source":"%s","queues":%s,'
              '"interval":"PT10S"' % (source, json.dumps(queues)))


def odd_notices(queues):
    lines = [state(0, "connected"), answer(0, [])]
    for i, queue in enumerate(queues):
        for second in (1, 12, 47):
            lines.append(recordings.frame(second + i / 100, instant(
                second + i / 100, {"oWaiting": i}, queue=queue)))
    return text_of(*lines, end(60))


def parts_equal_the_whole(tool, data, n, *args):
    whole = tool.run("--replay", "-", *args, data=data, status=0)
    assert whole.out
    parts = [tool.run("--replay", "-", "--shard", "%d/%d" % (k, n), *args, data=data, status=0)
             for k in range(n)]
    assert sorted(sum((part.out.splitlines() for part in parts), [])) \
        == sorted(whole.out.splitlines())
    for k, part in enumerate(parts):
        assert {shard_of(row["queueId"], n) for row in part.rows} <= {k}
    assert sum(part.end["frames"] for part in parts) >= whole.end["updates"]
    assert sum(part.end["updates"] for part in parts) == whole.end["updates"]
    assert all(part.end["rejected"]["foreign-queue"] == 0 for part in parts)
    return parts


@pytest.mark.parametrize("recording", [SAMPLE, NOTICES])
@pytest.mark.parametrize("flags", [(), ("--align",), ("--time", "arrival"), ("-n", "2")])
def test_shards_of_a_recording_are_the_whole(tool, recording, flags):
    data = recording.read_bytes()
    parts_equal_the_whole(tool, data, 3, "-w", "1m", *flags)
    parts_equal_the_whole(tool, data + data.replace(b'"2026-11-24T', b'"2026-11-25T'), 2,
                          "-w", "2m", *flags)


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("flags", [
    (), ("--align",), ("--time", "arrival"), ("--outlier", "none"), ("-w", "7s"), ("-n", "3"),
    ("--lateness", "40s"), ("-w", "7s", "--lateness", "1ms")])
def test_shards_of_odd_frames_are_the_whole(tool, listed, flags):
    queues = frames.QUEUES[:6]
    data = (head(queues, "stream") if listed else "") + odd_stream(queues)
    parts_equal_the_whole(tool, data, 4, "-w", "10s", *flags)
    bare = text_of(*(json.dumps(json.loads(line)["frame"]) + "\n" for line in data.splitlines()
                     if '"frame"' in line))
    if "arrival" not in flags:
        parts_equal_the_whole(tool, bare, 4, "-w", "10s", *flags)


def test_a_frame_of_another_shard_counts_nowhere(tool):
    queue = frames.QUEUES[0]
    other = next(q for q in frames.QUEUES if shard_of(q, 2) != shard_of(queue, 2))
    data = text_of(state(0, "connected"), recorded(1, other), recorded(2, other, waitTime=3),
                   recorded(3, queue), recorded(14, other), end(20))
    k = shard_of(queue, 2)
    r = tool.run("--replay", "-", "--shard", "%d/2" % k, "-w", "10s", "--rejects", "rejects",
                 data=data, status=0)
    assert [row["updates"] for row in r.rows] == [1, 0]
    assert r.end["frames"] == 1 and not any(r.end["rejected"].values())
    assert not r.events("frame.rejected") and (tool.dir / "rejects").read_text() == ""


def test_a_replay_of_named_queues(tool):
    queues = frames.QUEUES[:6]
    data = head(queues, "stream") + odd_stream(queues)
    k = shard_of(queues[0], 3)
    r = tool.run("--replay", "-", "--shard", "%d/3" % k, "-w", "10s", *queues, data=data, status=0)
    assert {row["queueId"] for row in r.rows} == set(own(queues, k, 3))
    assert "is not in the recording" in tool.run(
        "--replay", "-", "--shard", "3/10", ONES, data=data, status=2).err


@pytest.mark.parametrize("format", ["ndjson", "csv", "prometheus"])
def test_a_replay_without_a_queue_of_the_shard(tool, format):
    data = text_of(state(0, "connected"), recorded(1, QUEUE), end(20))
    k = next(k for k in range(10) if k != shard_of(QUEUE, 10))
    tool.write("rows", "old rows\n")
    r = tool.run("--replay", "-", "--shard", "%d/10" % k, "-w", "10s", "-f", format, "-o", "rows",
                 data=data, status=0)
    assert (tool.dir / "rows").read_text() == "" and r.warnings("the shard has no queue")


def test_a_recording_of_notifications_with_names(tool):
    data = named(QUEUE, "Sales") + odd_notices(frames.QUEUES[:5])
    parts_equal_the_whole(tool, data, 3, "-w", "10s", "--source", "notifications")
