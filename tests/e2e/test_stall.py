"""A run that stands still for a while: what it did not see is neither connected nor observed."""
import contextlib
import datetime
import json
import os
import random
import signal
import threading
import time

import harness
import pytest
import recordings
from gateway import Gateway
from gateway import Scenario as GatewayScenario
from harness import QUEUE
from notices import Notices
from notices import Scenario as NoticesScenario

SOURCES = ["stream", "notifications"]
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
# How many processes are stopped at random, and how often each; more for make check-slow.
PROCESSES, STOPS = (26, 12) if os.environ.get("GSQSTAT_SLOW") else (10, 3)


def microseconds(text):
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment - EPOCH) // datetime.timedelta(microseconds=1)


@pytest.fixture
def tool_of(tmp_path):
    """tool_of(source): the tool, logged in to a server of that source."""
    with contextlib.ExitStack() as stack:
        def start(source):
            directory = tmp_path / source
            directory.mkdir()
            server = (Gateway(directory, GatewayScenario()) if source == "stream"
                      else Notices(directory, NoticesScenario(rate=20)))
            return harness.Tool(directory).login(stack.enter_context(server))
        yield start


def states(recording):
    """(spans in which the run was connected, spans in which it stood still), in microseconds."""
    up, stalls, since = [], [], None
    for line in map(json.loads, recording.read_text().splitlines()):
        at, state = microseconds(line["at"]), line.get("state")
        if state == "connected" and since is None:
            since = at
        elif state in ("lost", "end") and since is not None:
            # a row that a signal ends is cut at a whole ms, which may be the next one
            up.append((since, at if state == "lost" else -(-at // 1000) * 1000))
            since = None
        elif state == "stalled":
            stalls.append((at, microseconds(line["until"])))
    return up, stalls


def overlap(spans, begin, end):
    return sum(max(0, min(b, end) - max(a, begin)) for a, b in spans)


def numbers_of(value, name):
    """Every number of that name in a row's metrics."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == name:
                yield inner
            else:
                yield from numbers_of(inner, name)


def check_rows(rows, recording):
    """Coverage is what was connected and seen, and no figure was observed for longer."""
    up, stalls = states(recording)
    assert rows
    for row in rows:
        begin, end = microseconds(row["start"]), microseconds(row["end"])
        seen = overlap(up, begin, end)
        for span in stalls:
            seen -= overlap([(max(a, span[0]), min(b, span[1])) for a, b in up], begin, end)
        assert row["coverage"] == seen * 10000 // (end - begin) / 10000, row
        for observed in numbers_of(row["metrics"], "observedMs"):
            assert observed * 1000 <= seen + 1, row
    return stalls


def check_replay(tool, source, recording, window, rows):
    flags = ["--time", "arrival"] if source == "stream" else []
    again = tool.run("--source", source, *flags, "--replay", recording, "-w", window, QUEUE,
                     status=0)
    different = [(a, b) for a, b in zip(again.out.splitlines(), rows.splitlines()) if a != b]
    assert different == [] and len(again.out) == len(rows)


@pytest.mark.parametrize("source", SOURCES)
def test_stopped_process_reports_how_long_it_stood_still(tool_of, source):
    tool = tool_of(source)
    process = tool.start("--source", source, "-w", "300ms", "-n", 13, "--record", "recording",
                         "--idle-timeout", "5s", QUEUE, until="window.flush")
    process.stop(2.6)
    process.until("run.stalled")
    r = process.finish(status=0)
    assert (r.end["connected"], r.end["lost"], len(r.events("run.stalled"))) == (1, 0, 1)
    stalls = check_rows(r.rows, tool.dir / "recording")
    assert r.end["stalledMs"] == (stalls[0][1] - stalls[0][0]) // 1000 >= 2600
    assert r.events("run.stalled")[0]["stalledMs"] == r.end["stalledMs"]
    assert sum(row["coverage"] == 0 for row in r.rows) >= 6 and r.rows[-1]["coverage"] > 0
    check_replay(tool, source, "recording", "300ms", r.out)


@pytest.mark.parametrize("source", SOURCES)
def test_time_of_a_stall_is_not_silence(tool_of, source):
    """The connection goes on: what came meanwhile is there, though it is over --idle-timeout."""
    tool = tool_of(source)
    process = tool.start("--source", source, "-w", "500ms", "-n", 1000, "--record", "recording",
                         "--idle-timeout", "1500ms", "-v", QUEUE, until="window.flush")
    process.stop(2.6)
    process.until("run.stalled")
    process.until("stream.message", count=len([line for line in process.text.splitlines()
                                             if b'"stream.message"' in line]) + 3)
    r = process.end()
    assert (r.end["connected"], r.end["lost"]) == (1, 0), r.err
    assert r.events("stream.silent") == []
    check_rows(r.rows, tool.dir / "recording")
    check_replay(tool, source, "recording", "500ms", r.out)


def test_windows_that_ended_before_a_signal_are_whole(tool_of):
    tool = tool_of("stream")
    process = tool.start("-w", "500ms", "-n", 100, "--record", "recording", QUEUE,
                         until="window.flush")
    process.send_signal(signal.SIGSTOP)
    time.sleep(1.2)
    process.send_signal(signal.SIGTERM)
    r = process.end(signal.SIGCONT, status=128 + signal.SIGTERM)
    assert [row["partial"] for row in r.rows] == [False] * (len(r.rows) - 1) + [True]
    assert len(r.rows) >= 4


def test_recording_that_ends_with_a_stall_lasts_until_its_end(tool):
    text = recordings.state(0, "connected") + recordings.at(
        5, '"state":"stalled","until":"2026-11-24T02:00:25.000000Z"')
    r = tool.run("--replay", "-", "--time", "arrival", "-w", "10s", QUEUE, data=text)
    assert [(row["coverage"], row["partial"], row["end"][17:19]) for row in r.rows] == [
        (0.5, False, "10"), (0, False, "20"), (0, True, "25")], r.err


class Stopped(threading.Thread):
    """A run that is stopped at random moments, for 0.1 to 5 s each."""

    def __init__(self, tool, source, number):
        super().__init__()
        self.tool, self.source, self.chance = tool, source, random.Random(number)
        self.window = self.chance.choice([200, 500, 900, 1700])
        self.name, self.stops = "%s %d" % (source, number), []
        longest = 5 if STOPS > 3 else 2.9
        plan = [(self.chance.uniform(0.05, 0.9),
                 self.chance.choice([self.chance.uniform(0.1, 1), self.chance.uniform(1, longest),
                                     self.chance.uniform(2.1, longest)]))
                for _ in range(STOPS)]
        self.plan = plan
        self.count = int((sum(map(sum, plan)) + 1.5) * 1000) // self.window + 1
        self.recording, self.result = self.name.replace(" ", "-"), None

    def run(self):
        process = self.tool.start("--source", self.source, "-w", "%dms" % self.window, "-n",
                                  self.count, "--record", self.recording, QUEUE)
        process.until("stream.connected")
        taker = threading.Thread(target=self._take, args=(process,))
        taker.start()
        for run, stop in self.plan:
            time.sleep(run)
            process.send_signal(signal.SIGSTOP)
            begin = time.time()
            time.sleep(stop)
            self.stops.append((begin, time.time()))
            process.send_signal(signal.SIGCONT)
        taker.join()

    def _take(self, process):
        self.result = process.finish(within=120)


def test_rows_of_processes_that_are_stopped_at_random(tool_of):
    tools = {source: tool_of(source) for source in SOURCES}
    runs = [Stopped(tools[source], source, n) for n in range(PROCESSES // 2) for source in SOURCES]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    for run in runs:
        r = run.result
        assert r and r.status == 0 and len(r.rows) >= run.count, run.name
        assert (r.end["connected"], r.end["lost"]) == (1, 0), (run.name, r.err)
        stalls = check_rows(r.rows, run.tool.dir / run.recording)
        for begin, end in run.stops:
            if end - begin > 2.1 and end * 1e6 < microseconds(r.rows[-1]["end"]):
                assert any(a <= begin * 1e6 + 5e4 and b >= end * 1e6 - 5e4 for a, b in stalls), (
                    run.name, begin, end, stalls)
        check_replay(run.tool, run.source, run.recording, "%dms" % run.window, r.out)
