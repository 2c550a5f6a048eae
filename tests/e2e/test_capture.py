"""What `gc notifications channels listen` prints, replayed: notifications without `at`."""
import json

import pytest
from notice_frames import HEARTBEAT, activity, interval, observations

Q = "00000001-0000-4000-8000-000000000001"
T0 = 1764489600000                      # 2025-11-30T08:00:00Z in ms
TOTALS = observations(Q, "voice", (interval(T0), {"nOffered": 2}))


def waiting(second, count, queue=Q):
    return observations(queue, "voice", (T0 + second * 1000, {"oWaiting": count}))


CAPTURE = [HEARTBEAT, waiting(1, 1), waiting(5, 2), HEARTBEAT, TOTALS, waiting(30, 0)]


def pretty(*frames):
    return "".join(json.dumps(json.loads(frame), indent=2) + "\n" for frame in frames)


def compact(*frames):
    return "".join(frame + "\n" for frame in frames)


def joined(*frames):
    return "".join(frames)


def voice(r):
    return [row for row in r.rows if row["mediaType"] == "voice"]


@pytest.mark.parametrize("shape", [compact, pretty, joined])
@pytest.mark.parametrize("flags", [(), ("--source", "notifications", "-q", Q)])
def test_output_of_gc_replays_unchanged(tool, shape, flags):
    r = tool.run("--replay", "-", "-w", "10s", *flags, data=shape(*CAPTURE))
    assert r.status == 0 and not r.events("warning") and r.end["brokenLines"] == 0, r.err
    rows = voice(r)
    assert [(row["start"][14:19], row["end"][14:19], row["partial"], row["updates"])
            for row in rows] == [("00:01", "00:11", False, 3), ("00:11", "00:21", False, 0),
                                 ("00:21", "00:30", True, 1)]
    assert all(row["coverage"] is None and row["lagMs"] is None for row in r.rows)
    first, second, last = [row["metrics"]["oWaiting"]["count"] for row in rows]
    assert (first["last"], first["min"], first["max"], first["mean"]) == (2, 1, 2, 1.6)
    assert (second["mean"], second["carried"], second["observedMs"]) == (2, True, 10000)
    assert (last["last"], last["mean"]) == (0, 2)
    assert rows[0]["metrics"]["nOffered"]["count"]["total"] == 2


def test_count_and_window_work_with_a_capture(tool):
    r = tool.run("--replay", "-", "-w", "2s", "-n", 3, data=pretty(*CAPTURE))
    assert r.status == 0 and [row["end"][14:19] for row in voice(r)] == ["00:03", "00:05", "00:07"]
    r = tool.run("--replay", "-", "--fail-if", "oWaiting.count.max > 1", data=pretty(*CAPTURE))
    assert r.status == 1, r.err


def test_every_queue_in_a_capture_has_rows(tool):
    other = Q.replace("1", "2")
    text = pretty(waiting(1, 1), waiting(2, 5, other), waiting(12, 1))
    r = tool.run("--replay", "-", "-w", "10s", data=text)
    assert [(row["window"], row["queueId"]) for row in voice(r)] == [
        (0, Q), (0, other), (1, Q), (1, other)]
    r = tool.run("--replay", "-", "-w", "10s", "-q", Q, data=text)
    assert {row["queueId"] for row in r.rows} == {Q} and r.end["rejected"]["foreign-queue"] == 1
    many = [waiting(1, 1, "%08x-0000-4000-8000-000000000001" % n) for n in range(501)]
    r = tool.run("--replay", "-", data=compact(*many[:500], waiting(2, 1)))
    assert r.status == 0 and r.end["rows"] == 1000, r.err[-2000:]
    r = tool.run("--replay", "-", data=compact(*many))
    assert r.status == 8 and "500 queues" in r.end["message"], r.err[-2000:]


def test_time_does_not_go_back(tool):
    r = tool.run("--replay", "-", "-w", "10s", data=compact(
        waiting(1, 1), waiting(8, 3), waiting(4, 9), waiting(11, 0)))
    (row,) = voice(r)
    # the value of 4 s is told after that of 8 s, and holds from then on
    assert row["metrics"]["oWaiting"]["count"]["mean"] == pytest.approx((7 * 1 + 3 * 9) / 10)


def test_events_before_the_first_time_are_invalid(tool):
    r = tool.run("--replay", "-", "-w", "10s", data=compact(
        TOTALS, activity(Q, {"voice": {"oWaiting": 7}}), waiting(1, 1), waiting(3, 0)))
    assert r.status == 0 and r.end["rejected"]["invalid"] == 2, r.err
    (row,) = voice(r)
    assert row["metrics"]["oWaiting"]["count"]["max"] == 1


def test_capture_without_a_time_exits_with_8(tool):
    r = tool.run("--replay", "-", data=pretty(HEARTBEAT, TOTALS))
    assert r.status == 8 and "has a time" in r.end["message"], r.err
    r = tool.run("--replay", "-", data=pretty(waiting(1, 1)))
    assert r.status == 8 and "the same time" in r.end["message"], r.err


def test_broken_value_does_not_affect_others(tool):
    text = (pretty(waiting(1, 1)) + pretty(waiting(2, 2))[:60] + "\n" + pretty(waiting(3, 3))
            + pretty(waiting(4, 4)).replace(":", ";") + pretty(waiting(5, 5)))
    r = tool.run("--replay", "-", "-w", "10s", data=text)
    assert r.status == 0 and r.end["brokenLines"] == 2 and r.end["updates"] == 3, r.err
    first, second = [line["line"] for line in r.events("warning") if "line" in line]
    assert text.splitlines()[first - 1] == text.splitlines()[second - 1] == "{"


def test_cut_off_capture_counts_up_to_its_end(tool):
    text = pretty(*CAPTURE)
    r = tool.run("--replay", "-", "-w", "10s", data=text[:-40])
    assert r.status == 0 and r.end["updates"] == 3, r.err
    assert r.warnings("the last line is incomplete")


def test_wrapped_capture_without_a_snapshot_exits_with_8_and_advice(tool):
    text = '{"at":"2025-11-30T08:00:00Z","stream":0,"state":"connected"}\n' + "".join(
        '{"at":"2025-11-30T08:00:%02dZ","stream":0,"frame":%s}\n' % (n, frame)
        for n, frame in enumerate(CAPTURE))
    r = tool.run("--replay", "-", "-w", "2s", data=text)
    assert r.status == 8 and r.out == "", r.err
    assert "no snapshot" in r.end["message"] and "--no-snapshot" in r.end["message"]
    r = tool.run("--replay", "-", "-w", "2s", "--no-snapshot", data=text)
    assert r.status == 0 and len(voice(r)) == 3, r.err


def test_lines_with_and_without_at_are_not_mixed(tool):
    text = '{"at":"2025-11-30T08:00:00Z","stream":0,"state":"connected"}\n' + compact(waiting(1, 1))
    r = tool.run("--replay", "-", "--source", "notifications", "--no-snapshot", data=text
                 + '{"at":"2025-11-30T08:00:01Z","state":"end"}\n')
    assert r.status == 0 and r.end["brokenLines"] == 1 and r.end["updates"] == 0, r.err
