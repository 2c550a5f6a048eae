"""Recording and replay; event time; the sample that comes with the source."""
import json
import os
import signal
import threading
import time

import frames
import harness
import pytest
import recordings
from frames import frame
from harness import NOTICES, QUEUE, SAMPLE
from recordings import at as line
from recordings import end, state



def at(second, queue=QUEUE, **data):
    whole, part = divmod(second * 1000, 60000)
    return frame(queue, at="2026-11-24T02:%02d:%06.3fZ" % (whole, part / 1000), **data)


TIMED = ("--replay", "-", "--time", "arrival")


def lines(*items):
    return "".join(item + "\n" for item in items)


def bare(name):
    """The frames of a recording of the tests, as another client would have saved them."""
    return lines(*(json.dumps(json.loads(line)["frame"])
                   for line in SAMPLE.with_name(name + ".ndjson").open()
                   if '"stream":0,"frame":' in line))


@pytest.mark.parametrize("flags", [[], ["--align"], ["-f", "csv"], ["--outlier", "none"],
                                   ["-f", "csv", "--no-header", "--align"]])
def test_replay_of_a_run_prints_the_same_bytes(tool, serve, flags):
    serve(rate=50, streams=[[("run", 0.3), ("send", "not json", "a\nb"), ("drop",)],
                            [("run",)]])
    args = ["-w", "1s", "-n", 3, *flags, *frames.QUEUES[:3]]
    live = tool.run("--record", "recording", *args, status=0)
    again = tool.run("--replay", "recording", "--time", "arrival", *args)
    assert again.status == 0 and again.out == live.out
    args = [word for word in args if word not in frames.QUEUES]
    piped = tool.run(*TIMED, *args,
                     data=(tool.dir / "recording").read_bytes())
    assert piped.out == live.out


def test_replay_of_a_run_with_an_idle_timeout_prints_the_same_bytes(tool, serve):
    serve(streams=[[("run", 0.2)], [("run",)]])
    args = ["-w", "250ms", "-n", 10, "--idle-timeout", "300ms", QUEUE]
    live = tool.run("--record", "recording", *args)
    assert live.status == 0 and len(live.events("stream.lost")) >= 1
    assert tool.run("--replay", "recording", "--time", "arrival", *args).out == live.out


@pytest.mark.parametrize("flags", [[], ["-i", "PT1M"]])
def test_row_without_updates_has_the_interval_of_the_recording(tool, serve, flags):
    over = threading.Event()
    serve(streams=[[("until", lambda s: over.is_set()), ("frame",), ("drop",)], [("sleep", 60)]])
    args = ["--time", "arrival", "-w", "1500ms", "-n", 3, *flags, *frames.QUEUES[:2]]
    process = tool.start("--record", "recording", *args, until="window.flush")
    over.set()
    live = process.finish(status=0)
    assert [row["updates"] for row in live.rows] == [0, 0, 1, 0, 0, 0]
    again = tool.run("--replay", "recording", *args)
    assert (again.status, again.out) == (0, live.out)


@pytest.mark.parametrize("member,expected", [
    ("", [None, "PT15S"]), (',"interval":"PT30S"', ["PT30S", "PT30S"]),
    (',"interval":7', [None, "PT15S"]), (',"interval":"%s"' % ("x" * 40), [None, "PT15S"])])
def test_interval_is_that_of_the_connected_line_or_else_of_the_first_frame(tool, member, expected):
    text = at(12).replace("PT10S", "PT15S")
    assert "PT15S" in text
    data = (line(0, '"stream":0,"state":"connected"' + member) + recordings.frame(12, text)
            + end(20))
    args = (*TIMED, "-w", "10s", "-n", 2)
    r = tool.run(*args, QUEUE, data=data)
    assert [row["interval"] for row in r.rows] == expected and r.end["brokenLines"] == 0
    r = tool.run(*args, "-i", "PT2M", QUEUE, data=data)
    assert [row["interval"] for row in r.rows] == ["PT2M"] * 2


def test_interrupted_run_replays_its_partial_window(tool, serve):
    serve(rate=50)
    process = tool.start("-w", "5s", "--record", "recording", QUEUE, until="stream.connected")
    time.sleep(0.3)
    live = process.end(signal.SIGINT)
    assert live.status == 130 and live.rows[0]["partial"]
    recording = tool.lines("recording")
    assert recording[-1]["state"] == "end" and recording[-1]["at"] <= live.end["ts"]
    again = tool.run("--replay", "recording", "--time", "arrival", "-w", "5s")
    assert (again.status, again.out) == (0, live.out), again.err


def part(minute, *texts, head=True, whole=True):
    """Ten recorded seconds of the stream; head: with a run line; whole: with an end line."""
    begin = 60 * minute
    run = '"state":"run","schema":"gsqstat-recording/1","source":"stream","queues":["%s"],' \
        '"interval":"PT10S"' % QUEUE
    return "".join([line(begin, run) if head else "", state(begin, "connected"),
                    *(recordings.frame(begin + 3, text) for text in texts),
                    end(begin + 10) if whole else ""])


ARRIVAL = (*TIMED, "-w", "30s")


@pytest.mark.parametrize("head", [True, False])
def test_second_recording_continues_the_window_numbers(tool, head):
    r = tool.run(*ARRIVAL, "-q", QUEUE, data=part(0, at(3), head=head) + part(2, at(123),
                                                                             head=head))
    assert r.status == 0 and not r.events("warning"), r.err
    assert [(row["window"], row["start"][14:19], row["end"][14:19], row["partial"],
             row["coverage"], row["updates"]) for row in r.rows] == [
        (0, "00:00", "00:10", True, 1, 1), (1, "02:00", "02:10", True, 1, 1)]
    # as by itself, but for the number
    alone = tool.run(*ARRIVAL, data=part(2, at(123))).rows
    assert [{**row, "window": 1} for row in alone] == r.rows[1:]


def test_frame_in_two_recordings_counts_in_both(tool):
    soon = part(1, at(3)).replace("T02:01:1", "T02:00:2").replace("T02:01:0", "T02:00:1")
    r = tool.run(*ARRIVAL, data=part(0, at(3)) + soon)
    assert [row["updates"] for row in r.rows] == [1, 1]


def test_recording_of_a_killed_run_ends_at_its_last_line_if_another_follows(tool):
    killed = part(0, at(3), whole=False)
    for torn in ("", "{", '{"', '{"at', '{"at":"2026-11-24T02:00:05.000000Z","stream":0,"fra'):
        r = tool.run(*ARRIVAL, data=killed + torn + part(1, at(63)))
        assert r.status == 0 and r.end["brokenLines"] == bool(torn), r.err
        assert [(row["window"], row["end"][14:19], row["partial"], row["coverage"])
                for row in r.rows] == [(0, "00:03", True, 1), (1, "01:10", True, 1)]
        assert r.warnings("has no end")


def test_last_line_needs_no_newline(tool):
    whole = tool.run(*ARRIVAL, data=part(0, at(3)) + part(1, at(63)))
    r = tool.run(*ARRIVAL, data=part(0, at(3)).rstrip() + part(1, at(63)))
    assert r.status == 0 and r.out == whole.out and not r.events("warning"), r.err


def test_recordings_out_of_order_exit_with_8(tool):
    r = tool.run(*ARRIVAL, data=part(1, at(63)) + part(0, at(3)))
    assert r.status == 8 and "line 5:" in r.end["message"] and "order" in r.end["message"]
    assert [row["window"] for row in r.rows] == [0]


def test_second_recording_may_have_other_queues(tool):
    other = frames.QUEUES[1]
    two = part(0, at(3)) + part(1, at(63), at(63, other)).replace(
        '"queues":["%s"]' % QUEUE, '"queues":["%s"]' % other)
    r = tool.run(*ARRIVAL, data=two)
    assert [(row["window"], row["queueId"], row["updates"]) for row in r.rows] == [
        (0, QUEUE, 1), (1, other, 1)]
    assert r.end["rejected"]["foreign-queue"] == 1
    r = tool.run(*ARRIVAL, "-q", QUEUE, data=two)
    assert [(row["window"], row["queueId"]) for row in r.rows] == [(0, QUEUE)]


def test_two_recordings_replay_by_event_time(tool):
    r = tool.run("--replay", "-", "-w", "2s", data=part(0, at(0.5), at(3)) + part(1, at(63)))
    assert r.status == 0, r.err
    assert [(row["window"], row["start"][14:19], row["updates"], row["partial"])
            for row in r.rows] == [(0, "00:00", 1, False), (1, "00:02", 1, False),
                                   (2, "01:03", 1, False)]


def test_source_and_queues_come_from_the_recording(tool):
    data = part(0, at(3), at(3, frames.QUEUES[1]))
    assert [row["queueId"] for row in tool.run(*ARRIVAL, data=data).rows] == [QUEUE]
    r = tool.run(*ARRIVAL, "-q", frames.QUEUES[1], data=data)
    assert r.status == 2 and "queue %s is not in the recording" % frames.QUEUES[1] in r.err
    tool.write("recording", data.replace("PT10S", "PT1M"))
    r = tool.run("--replay", "recording", "--dry-run")
    settings = r.settings
    assert settings["source"] == {"value": "stream", "from": "recording"}
    assert settings["queue"] == {"value": [QUEUE], "from": "recording"}
    assert settings["interval"] == {"value": "PT1M", "from": "recording"}
    assert settings["window"]["value"] == "1m"
    settings = tool.run("--replay", "-", "--dry-run", data=data).settings
    assert settings["source"] == settings["interval"] == {"value": None, "from": "recording"}
    assert settings["queue"] == {"value": [], "from": "recording"}
    r = tool.run("--replay", "-", "--dry-run", "--queue-name", "x", "--time", "event", data=data)
    assert r.status == 0, r.err     # whether that fits is not known before it is read


@pytest.mark.parametrize("name,other", [("sample", "notifications"), ("notices", "stream")])
@pytest.mark.parametrize("how", ["file", "pipe", "bare"])
def test_source_that_differs_from_the_recording_exits_with_8(tool, name, other, how):
    data = bare(name) if how == "bare" else SAMPLE.with_name(name + ".ndjson").read_text()
    tool.write("recording", data)
    file = "-" if how == "pipe" else "recording"
    good = "notifications" if other == "stream" else "stream"
    r = tool.run("--replay", file, "--source", other, data=data)
    assert r.status == 8 and r.out == "", r.err
    assert "use --source %s" % good in r.end["message"]
    by_itself = tool.run("--replay", file, "-w", "1m", data=data)
    assert by_itself.status == 0 and by_itself.rows, by_itself.err
    assert tool.run("--replay", file, "-w", "1m", "--source", good,
                    data=data).out == by_itself.out


def test_recordings_of_two_sources_exit_with_8(tool):
    notices = NOTICES.read_text()
    r = tool.run(*ARRIVAL, data=part(0, at(3)) + notices)
    assert r.status == 8 and "another source" in r.end["message"], r.err
    # killed runs of older versions, so neither an end nor a beginning shows
    r = tool.run(*ARRIVAL, data=part(0, at(3), head=False, whole=False) + notices)
    assert r.status == 8 and "another source" in r.end["message"], r.err
    assert [row["end"][11:19] for row in r.rows] == ["02:00:03"]
    later = part(0, at(3), head=False).replace("2026-11-24T", "2026-11-25T").replace(
        '"connected"', '"connected","interval":"PT10S"')
    r = tool.run("--replay", "-", "-w", "1m",
                 data="".join(line for line in notices.splitlines(True)
                              if '"state":"end"' not in line) + later)
    assert r.status == 8 and "another source" in r.end["message"], r.err
    assert {row["end"][:10] for row in r.rows} == {"2026-11-24"}


@pytest.mark.parametrize("first,then", [("sample", "notices"), ("notices", "sample")])
def test_bare_frames_of_two_sources_exit_with_8(tool, first, then):
    r = tool.run("--replay", "-", "-w", "1m", data=bare(first) + bare(then))
    assert r.status == 8 and "another source" in r.end["message"], r.err


@pytest.mark.parametrize("file,name,near", [
    ("notices.ndjson", "Sale", '"Sales"'), ("notices.ndjson", "Nobody*", "Nobody*")])
@pytest.mark.parametrize("flags", [[], ["--source", "notifications"], ["--fail-if",
                                   "oWaiting.count.last>0"]])
def test_queue_name_that_matches_nothing_exits_with_2(tool, file, name, near, flags):
    r = tool.run("--replay", SAMPLE.with_name(file), "--queue-name", name, *flags)
    assert r.status == 2 and r.out == "" and near in r.end["message"], r.err


def test_queue_name_exits_with_2_if_the_recording_has_no_names(tool):
    notices = NOTICES.read_text()
    r = tool.run("--replay", "-", "--queue-name", "Sales",
                 data=notices[notices.index("\n") + 1:])
    assert r.status == 2 and r.end["message"] == "--queue-name 'Sales': the recording in " \
        "standard input has no queue names; name queues by ID with --queue", r.err


@pytest.mark.parametrize("flags,data,words", [
    ([], state(0, "connected"), "use --time arrival"),
    (["--time", "arrival"], lines(at(0)), "use --time event"),
    (["-q", frames.QUEUES[1]], lines(at(0)), "are of other queues than those that were named"),
    (["--time", "arrival"], end(0), "no window begins, because it has no valid")])
def test_replay_without_windows_exits_with_8_and_suggests_an_option(tool, flags, data, words):
    assert words in tool.run("--replay", "-", *flags, data=data, status=8).end["message"]


OTHER = "99999999-0000-4000-8000-000000000001"


@pytest.mark.parametrize("name", ["sample", "notices"])
@pytest.mark.parametrize("captured", [False, True])
def test_recording_without_a_frame_of_the_queue_exits_with_8(tool, name, captured):
    data = bare(name) if captured else SAMPLE.with_name(name + ".ndjson").read_text()
    flags = ["--time", "arrival"] if name == "sample" and not captured else []
    r = tool.run("--replay", "-", "-w", "1m", "-q", OTHER, *flags, data=data)
    assert r.status == 8, r.err
    assert "are of other queues than those that were named" in r.end["message"]


@pytest.mark.parametrize("source", ["stream", "notifications"])
def test_recorded_queue_without_frames_has_rows(tool, source):
    if source == "stream":
        data = part(0, at(3)).replace('"queues":["%s"]' % QUEUE,
                                      '"queues":["%s","%s"]' % (QUEUE, OTHER))
    else:
        data = NOTICES.read_text().replace(
            '"entities":[', '"entities":[{"id":"%s","name":"Quiet"},' % OTHER, 1)
    flags = ["--time", "arrival"] if source == "stream" else []
    r = tool.run("--replay", "-", "-w", "1m", "-q", OTHER, *flags, data=data)
    assert r.status == 0 and r.rows[0]["queueId"] == OTHER, r.err


@pytest.mark.parametrize("data, window, coverage", [
    (recordings.frame(0, at(0)) + end(10), "5s", [None, None]),     # an end alone says nothing
    # moments that go back are no earlier end
    (state(0, "connected") + state(300, "connected") + state(60, "connected") + end(300), "5m",
     [1])])
def test_coverage_of_odd_recordings(tool, data, window, coverage):
    r = tool.run(*TIMED, "-w", window, QUEUE, data=data)
    assert [row["coverage"] for row in r.rows] == coverage


def test_line_from_another_millennium_is_broken(tool):
    far = recordings.frame(1, at(1)).replace("2026", "2926", 1)
    r = tool.run(*TIMED, "-w", "10s", QUEUE, data=state(0, "connected") + far
                 + recordings.frame(2, at(2)) + end(10))
    assert r.status == 0 and r.end["brokenLines"] == 1, r.err
    assert [row["updates"] for row in r.rows] == [1]


def test_recording_has_the_documented_lines(tool, serve):
    serve(streams=[[("frame",), ("send", "not json")]])
    tool.run("-w", "300ms", "--record", "recording", QUEUE)
    recording = tool.lines("recording")
    run = recording.pop(0)
    assert run == {"at": run["at"], "state": "run", "schema": "gsqstat-recording/1",
                   "source": "stream", "queues": [QUEUE], "interval": "PT10S"}
    assert run["at"] <= recording[0]["at"]
    assert recording[0]["state"] == "connected" and recording[0]["at"].endswith("000Z")
    assert recording[0]["interval"] == "PT10S"
    assert recording[1]["frame"]["data"]["queueId"] == QUEUE and recording[1]["stream"] == 0
    assert recording[2]["text"] == "not json"
    assert recording[-1]["state"] == "end" and "stream" not in recording[-1]


def test_bare_frames_replay_by_event_time(tool):
    r = tool.run("--replay", "-", "-w", "10s", data=lines(at(0), at(12), at(9), at(21)), status=0)
    assert [row["updates"] for row in r.rows] == [2, 1, 1]
    assert [row["partial"] for row in r.rows] == [False, False, True]
    assert all(row["time"] == "event" and row["coverage"] is None and row["lagMs"] is None
               and row["clockSkew"] == 0 for row in r.rows)


def test_replay_without_queue_options_prints_all_queues(tool):
    r = tool.run("--replay", "-", "-w", "10s", "--lateness", "1ms",
                 data=lines(at(0), at(11), at(12, frames.QUEUES[1]), at(25)))
    assert [(row["window"], row["queueId"]) for row in r.rows] == [
        (0, QUEUE), (1, QUEUE), (1, frames.QUEUES[1]), (2, QUEUE), (2, frames.QUEUES[1])]


def test_replay_has_at_most_10000_queues(tool):
    many = [at(0, "%08x-0000-4000-8000-000000000001" % n) for n in range(10001)]
    r = tool.run("--replay", "-", "-w", "10s", data=lines(*many[:-1]))
    assert r.status == 0 and r.end["rows"] == 10000, r.err
    r = tool.run("--replay", "-", "-w", "10s", data=lines(*many))
    assert r.status == 8 and "10000 queues" in r.end["message"], r.err[-2000:]


def test_broken_lines_are_reported_with_their_numbers(tool):
    r = tool.run("--replay", "-", data=lines(at(0), "nonsense", '{"at":"never","frame":{}}',
                                             at(1), "{not json"))
    assert r.status == 0 and r.end["brokenLines"] == 3 and r.end["updates"] == 2
    assert [line["line"] for line in r.events("warning") if "line" in line] == [2, 3, 5]


@pytest.mark.parametrize("asked, ruled", [("state", "waitTime"), ("waitTime", "state")])
@pytest.mark.parametrize("avg, updates", [(1, 1), (99999, 0)])
def test_fields_for_outlier_do_not_count_towards_the_limit(tool, asked, ruled, avg, updates):
    fields = {"f%d" % n: n for n in range(60)}
    r = tool.run("--replay", "-", "-m", asked, "-q", QUEUE, "--outlier", ruled + ".avg>30000",
                 data=lines(at(1, **{asked: fields, ruled: {**fields, "avg": avg}})))
    assert r.rows[0]["updates"] == updates and r.rows[0]["partial"]
    assert r.rows[0]["rejected"] == {"outlier": 1 - updates, "stale": 0, "duplicate": 0,
                                     "invalid": 0}


def test_control_characters_in_field_names_are_replaced(tool):
    data = at(0, state={"\x1b[31mred\x07": 1, "a": {"b\n": 2}}, waitTime=...)
    args = ["--replay", "-", "-m", "state"]
    assert list(tool.run(*args, data=data + "\n").rows[0]["metrics"]["state"]) == [
        "_[31mred_", "a"]
    text = tool.run(*args, "-f", "csv", data=data + "\n").out
    assert [line.split(",")[6] for line in text.splitlines()] == [
        "metric", "state._[31mred_", "state.a.b_"]


@pytest.mark.parametrize("twice", [
    '"conversationCount":{"total":5},"conversationCount":{"total":7}',
    '"conversationCount":{"total":5,"total":7}', '"conversationCount":{"a.b":3,"a_b":4}'])
def test_frame_with_a_duplicate_member_is_invalid(tool, twice):
    good = at(1, conversationCount={"total": 4})
    bad = at(2, conversationCount={"total": 4}).replace('"conversationCount":{"total":4}', twice)
    assert bad != at(2, conversationCount={"total": 4})
    r = tool.run("--replay", "-", "-w", "10s", data=lines(good, bad))
    (row,) = r.rows
    assert (row["updates"], row["rejected"]["invalid"]) == (1, 1)
    assert row["metrics"]["conversationCount"]["total"]["max"] == 4
    assert r.events("frame.rejected")[0]["detail"] == "an object has a member twice"


@pytest.mark.parametrize("source", [[], ["--no-snapshot"]])
def test_line_that_is_not_utf8_is_broken(tool, source):
    text = '{"topicName":"x","micro":1}' if source else at(0, state={"micro": 1})
    good, bad = [recordings.frame(0, text).encode().replace(b"micro", micro)
                 for micro in (b"\xc2\xb5", b"\xb5")]
    first, last = (state(0, "connected"), end(1)) if source else ("", "")
    r = tool.run("--replay", "-", *source,
                 data=good + bad + first.encode() + good + last.encode())
    assert r.status == 0 and r.end["messages"] == 2 and r.end["brokenLines"] == 1
    assert [(w["line"], w["detail"]) for w in r.events("warning") if "line" in w] == [
        (2, "not UTF-8")]


def test_unknown_members_after_the_frame_are_ignored(tool):
    for note in ('"mine"', '{"x":1}'):
        r = tool.run(*TIMED, data=line(0, '"stream":0,"frame":%s,"note":%s' % (at(0), note)))
        assert r.rows[0]["updates"] == 1 and r.end["brokenLines"] == 0


def test_line_with_two_frame_values_is_broken(tool):
    text = recordings.frame(0, at(0))
    r = tool.run(*TIMED, data=text + text[:-2] + " " + at(1) + "}\n")
    assert r.rows[0]["updates"] == 1 and r.end["brokenLines"] == 1


@pytest.mark.parametrize("begun", [False, True])
def test_sigterm_ends_a_replay_that_waits_for_a_fifo(tool, begun):
    os.mkfifo(tool.dir / "in")
    process = tool.start("--replay", "in")
    writer = os.open(tool.dir / "in", os.O_WRONLY)
    if begun:       # by the first frame, which says what the recording is of
        os.write(writer, lines(at(0)).encode())
        process.until("run.start")
    process.terminate()
    try:
        assert process.wait(timeout=3 * harness.SLACK) == 143
    finally:
        process.kill()
        os.close(writer)


def test_incomplete_last_line_is_a_warning(tool, gate):
    tool.run("-w", "400ms", "--record", "recording", QUEUE)
    whole = (tool.dir / "recording").read_bytes()
    cut = whole[:whole.rindex(b'{"at"', 0, -60) + 40]
    r = tool.run(*TIMED, "-w", "400ms", QUEUE, data=cut)
    assert r.status == 0 and r.rows[0]["partial"]
    assert r.warnings("the last line is incomplete")


@pytest.mark.parametrize("data", ["", "nonsense\n", "{x\n[]\n", '{"a":1}\n',
                                  '{"schema":"gsqstat/1","window":0}\n'])
def test_input_without_a_valid_line_exits_with_8(tool, data):
    assert tool.run("--replay", "-", data=data).status == 8


def test_fewer_windows_than_count_is_a_warning(tool):
    r = tool.run("--replay", "-", "-n", 5, "-w", "10s", data=lines(at(0), at(12)))
    assert r.status == 0 and len(r.rows) == 2
    assert r.warnings("fewer")


def test_count_ends_a_replay(tool):
    r = tool.run("--replay", "-", "-n", 1, "-w", "10s", data=lines(at(0), at(120)))
    assert r.status == 0 and len(r.rows) == 1 and not r.rows[0]["partial"]


def test_align_starts_windows_at_a_multiple(tool):
    r = tool.run("--replay", "-", "-w", "1m", "--align", data=lines(at(61.5)))
    assert r.rows[0]["start"] == "2026-11-24T02:01:00.000Z"


def test_arrival_time_exits_with_8_if_lines_have_no_at(tool):
    assert tool.run(*TIMED, data=lines(at(0))).status == 8


def test_reformatted_recording_replays(tool, gate):
    live = tool.run("-w", "400ms", "--record", "recording", QUEUE)
    loose = "".join(json.dumps(dict(sorted(json.loads(line).items()))) + "\r\n"
                    for line in (tool.dir / "recording").read_text().splitlines())
    r = tool.run(*TIMED, "-w", "400ms", "-n", 1, QUEUE, data=loose)
    assert r.rows == live.rows


def test_live_run_by_event_time_waits_for_late_frames(tool, serve):
    serve(streams=[[("call", lambda a: frame(QUEUE, at=time.time() - 0.5)), ("frame",),
                    ("sleep", 0.5), ("call", lambda a: frame(QUEUE, at=time.time() - 0.45))]])
    r = tool.run("--time", "event", "-w", "400ms", "--lateness", "600ms", QUEUE)
    assert r.status == 0 and r.rows[0]["time"] == "event"
    assert r.rows[0]["updates"] == 3, r.err


def test_live_run_by_event_time_rejects_future_timestamps(tool, serve):
    serve(streams=[[("call", lambda a: frame(QUEUE, at=time.time() + 60))]])
    r = tool.run("--time", "event", "-w", "200ms", "--lateness", "200ms", QUEUE)
    assert r.rows[0]["rejected"]["invalid"] == 1


def test_sample_shows_a_reconnect_outliers_and_a_silent_queue(tool):
    r = tool.run("--replay", SAMPLE, "-w", "1m", "--time", "arrival")
    assert r.status == 0 and r.rows[-1]["window"] == 9
    assert any(row["coverage"] < 1 for row in r.rows)
    assert sum(row["rejected"]["outlier"] for row in r.rows) > 0
    assert any(row["updates"] == 0 for row in r.rows)


def test_recording_without_an_end_line_is_a_warning(tool):
    data = state(0, "connected") + state(60, "lost")
    killed = tool.run(*TIMED, QUEUE, data=data, status=0)
    assert killed.warnings("killed")
    whole = tool.run(*TIMED, QUEUE, data=data + end(60))
    assert whole.status == 0 and not whole.events("warning")
    assert whole.out == killed.out


def test_many_empty_windows_wait_for_a_slow_reader(tool):
    """One line closes 72,000 windows, nearly 30 MiB of rows, while nothing reads them."""
    process = tool.start(*TIMED, "-w", "100ms", "--audit", "none", QUEUE, stdin=-1)
    process.give(state(0, "connected") + state(7200, "lost"))
    time.sleep(0.3)
    r = process.finish(status=0)
    assert r.out.count("\n") == 72000 and len(r.out) > 25_000_000


def test_names_that_come_after_events_are_assigned_to_the_right_queues(tool):
    """The events are of the second queue of the list."""
    first, second = recordings.QUEUES
    names = {"entities": [{"id": first, "name": "Early"}, {"id": second, "name": "Late"},
                          {"id": second, "name": "Late"}]}
    text = recordings.begin() + recordings.frame(1, recordings.instant(
        1, {"oWaiting": 7}, queue=second))
    text += line(2, '"answer":"queues","frame":' + json.dumps(names))
    text += recordings.frame(3, recordings.instant(3, {"oWaiting": 8}, queue=second)) + end(10)
    r = tool.run("--source", "notifications", "--replay", "-", "-w", "10s", "-m", "oWaiting",
                 data=text, status=0)
    found = {(row["queueId"], row["queueName"]) for row in r.rows}
    assert (second, "Late") in found and found <= {(second, "Late"), (first, "Early")}


def test_second_recording_keeps_or_changes_a_queue_name(tool):
    def later(second, *names):
        return recordings.at(second, '"state":"run","schema":"gsqstat-recording/1",'
                             '"source":"notifications","queues":["%s"],"interval":null'
                             % recordings.ONE) \
            + "".join(recordings.named(recordings.ONE, name, second) for name in names) \
            + state(second, "connected") + recordings.answer(second) + end(second + 10)

    text = later(0, "Sales") + later(60) + later(120, "Sales EU") + later(180)
    r = tool.run("--replay", "-", "-w", "10s", "-m", "oWaiting", data=text, status=0)
    assert [(row["window"], row["queueName"]) for row in r.rows] == [
        (0, "Sales"), (1, "Sales"), (2, "Sales EU"), (3, "Sales EU")]
