"""Rows of notifications: random recordings against a slow reference, then one rule each."""
import json
import math
import random

import pytest

import notice_frames
import reference
from recordings import (MS, ONE, QUEUES, S, T0, answer, at, begin, end, frame, instant, stamp,
                        state)

HALF = 30 * 60 * S
PRESENCES = {"AVAILABLE": ["6a3af858-942f-489d-9700-5f9bcdcdae9b"],
             "AWAY": ["5e5c5c66-ea97-4e7f-ac41-6424784829f2",
                      "9e9c7b1e-0c3f-4d3c-8a2f-7f0f5f0d2b11"]}


class Story:
    """A random run, for the reference and as a recording."""

    def __init__(self, seed, steps=60, early=0, more=False):
        self.chance, self.more = random.Random(seed), more      # more: stalls, resyncs
        self.at = T0 + self.chance.randrange(0, HALF)
        self.happenings, self.open, self.serial = [], {}, 0
        self.add(state="connected", socket=0)
        self.open[0] = "connected"
        asked = self.at
        for _ in range(early):      # between the question and its answer
            self.pass_time()
            self.message()
        if early:       # of two ids with one name the start's own ms is known apart alone
            self.at += 1000
        self.snapshot(asked)
        for _ in range(steps):
            self.pass_time()
            self.step()

    def add(self, **what):
        # a gap of no time at all is none, and comes with no real stream
        if what.get("state") == "connected":
            self.at += 1
        self.happenings.append({"at": self.at, **what})

    def pass_time(self):
        self.at += self.chance.choice([0, 1, 999, self.chance.randrange(1, 2_000_000),
                                       self.chance.randrange(1, 20_000_000),
                                       self.chance.choice([0, 0, 0, HALF // 2])])

    def step(self):
        choice = self.chance.random()
        if choice < 0.06:
            self.toggle()
        elif choice < 0.10 and self.open:
            self.snapshot()
        elif self.more and choice < 0.2:
            self.chance.choice([self.stall, self.resync])()
        elif choice < 0.14 and "connected" in self.open.values():
            socket = self.some("connected")
            self.open[socket] = "silent"
            self.add(state="silent", socket=socket)
        else:
            self.message()

    def some(self, state):
        return self.chance.choice([s for s, held in self.open.items() if held == state])

    def toggle(self):
        socket = self.chance.choice([0, 1])
        if socket in self.open:
            del self.open[socket]
            self.add(state="lost", socket=socket)
            if not self.open and self.chance.random() < 0.7:
                self.pass_time()
                self.toggle()
                if self.open and self.chance.random() < 0.8:
                    self.snapshot()
        else:
            self.open[socket] = "connected"
            self.add(state="connected", socket=socket)

    def live_socket(self):
        socket = self.chance.choice(list(self.open))
        if self.open[socket] == "silent":
            self.open[socket] = "connected"
            self.add(state="connected", socket=socket)
        return socket

    def message(self):
        if not self.open:
            return
        socket = self.live_socket()
        text = json.dumps(self.event())
        self.add(frame=text, socket=socket)
        if len(self.open) == 2 and self.chance.random() < 0.8:
            self.at += self.chance.choice([0, 5, 1000, 300_000])
            other = 1 - socket
            if self.open[other] == "silent":
                self.open[other] = "connected"
                self.add(state="connected", socket=other)
            self.add(frame=text, socket=other)

    def event(self):
        queue = self.chance.choice(QUEUES)
        self.serial += 1
        make = self.chance.choice([self.instant, self.instant, self.agents, self.total,
                                   self.activity])
        body, family = make(queue)
        return {"topicName": f"v2.analytics.queues.{queue}.{family}", "version": "2",
                "eventBody": body, "metadata": {"CorrelationId": str(self.serial)}}

    def media(self):
        return self.chance.choice(["voice", "chat"])

    def count(self):
        return self.chance.choice([0, 0, 1, 2, self.chance.randrange(0, 40)])

    def epoch(self):
        return self.chance.choice([
            0, None, self.at // 1000 - self.chance.randrange(0, 600_000),
            self.at // 1000 + 5000, self.chance.randrange(1, 90_000)])

    def instant(self, queue):
        at = stamp(self.at // 1000 * 1000 + self.chance.choice([-1000, 0, 0, 3000]))
        names = self.chance.sample(["oWaiting", "oInteracting", "oAlerting"], 2)
        return {"group": {"queueId": queue, "mediaType": self.media()},
                "data": [{"interval": f"{at}/{at}", "metrics": [
                    {"metric": name, "stats": {"count": self.count()}} for name in names]}]
                }, "observations"

    def agents(self, queue):
        at = stamp(self.at)
        metrics = [{"metric": "oMemberUsers", "stats": {"count": self.count()}}]
        for status in self.chance.sample(["IDLE", "OFF_QUEUE", "INTERACTING"], 2):
            metrics.append({"metric": "oOnQueueUsers", "qualifier": status,
                            "stats": {"count": self.count()}})
        for ids in self.chance.sample(sorted(PRESENCES.items()), 1):
            metrics.append({"metric": "oUserPresences", "qualifier": self.chance.choice(ids[1]),
                            "stats": {"count": self.count()}})
        return {"group": {"queueId": queue},
                "data": [{"interval": f"{at}/{at}", "metrics": metrics}]}, "observations"

    def total(self, queue):
        begin = self.at // HALF * HALF
        if self.chance.random() < 0.1:
            begin -= HALF
        when = f"{stamp(begin)}/{stamp(begin + HALF)}"
        n, seconds = self.chance.randrange(1, 200), self.chance.randrange(0, 10 ** 7)
        return {"group": {"queueId": queue, "mediaType": self.media()},
                "data": [{"interval": when, "metrics": [
                    {"metric": "nOffered", "stats": {"count": n}},
                    {"metric": "tWait", "stats": {"count": n, "sum": seconds, "min": 1,
                                                  "max": seconds}},
                    {"metric": "oServiceLevel", "stats": {"ratio": n / 200, "numerator": n,
                                                          "denominator": 200,
                                                          "target": 0.8}}]}]}, "observations"

    def activity(self, queue):
        results = []
        for media in self.chance.sample(["voice", "chat"], self.chance.choice([1, 2])):
            data = [{"metric": "oWaiting", "count": self.count()}]
            if self.chance.random() < 0.7:
                data.append({"metric": "oLongestWaiting", "count": 1,
                             "calculatedMetricValue": self.epoch()})
            results.append({"mediaType": media, "data": data})
        return {"results": results}, "activity"

    def stall(self):
        until = self.at + self.chance.randrange(2_000_001, 90_000_000)
        self.add(stalled=until)
        self.at = until

    def resync(self):
        """Asks for a snapshot unless the last resync was less than 5 s ago."""
        if self.open and all(h.get("resync") is None or h["at"] < self.at - 5_000_000
                             for h in self.happenings):
            self.snapshot()
            self.happenings[-1]["resync"] = True

    def snapshot(self, asked=None):
        asked = asked or self.at - self.chance.choice([0, 0, 1, 200_000])
        results = []
        for queue in QUEUES:
            if self.chance.random() < 0.1:
                continue
            results.append({"group": {"queueId": queue}, "data": [
                {"metric": "oOnQueueUsers", "qualifier": "IDLE",
                 "stats": {"count": self.count()}},
                {"metric": "oUserPresences", "qualifier": PRESENCES["AWAY"][0],
                 "stats": {"count": self.count()}}]})
            for media in ("voice", "chat"):
                results.append({"group": {"queueId": queue, "mediaType": media}, "data": [
                    {"metric": "oWaiting", "stats": {"count": self.count()}},
                    {"metric": "oInteracting", "stats": {"count": self.count()}},
                    {"metric": "oLongestWaiting", "stats": {
                        "calculatedMetricValue": self.epoch()}}]})
        self.add(snapshot={"results": results, "systemToOrganizationMappings": PRESENCES},
                 asked=asked)

    def recording(self, end):
        lines = []
        for h in self.happenings:
            line = {"at": stamp(h["at"])}
            if "state" in h:
                line.update(stream=h["socket"], state=h["state"])
            elif "frame" in h:
                line.update(stream=h["socket"])
                lines.append(json.dumps(line)[:-1] + ',"frame":' + h["frame"] + "}")
                continue
            elif "stalled" in h:
                line.update(state="stalled", until=stamp(h["stalled"]))
            else:
                line.update(answer="resync" if h.get("resync") else "snapshot",
                            asked=stamp(h["asked"]), frame=h["snapshot"])
            lines.append(json.dumps(line))
        lines.append(json.dumps({"at": stamp(end), "state": "end"}))
        return "\n".join(lines) + "\n"


def close(a, b, accuracy=0.0):
    """Equal to the last bit, but for quantiles of a sketch."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(
            close(a[k], b[k], accuracy if k in ("p50", "p90", "p95", "p99") else 0.0)
            for k in a)
    if accuracy and a is not None and b is not None:
        return math.isclose(a, b, rel_tol=accuracy * 1.001, abs_tol=1e-9)
    return a == b


def compare(tool, story, window_us, select, count, align=False):
    start = reference.first_start(story.happenings)
    if align:
        start = start // window_us * window_us
    end = start + count * window_us
    happenings = [h for h in story.happenings if h["at"] < end]
    truth = reference.rows(happenings, QUEUES, window_us, count, start, select=select)
    result = tool.run("--source", "notifications", "--replay", "-", "-w",
                      "%dms" % (window_us // 1000), "-n", count, "-m", ",".join(select),
                      *["--align"][:align], *QUEUES, data=story.recording(max(end, story.at)))
    assert result.status == 0, result.err
    rows = result.rows
    assert len(rows) == len(truth)
    for mine, ours in zip(truth, rows):
        where = (mine["window"], mine["queueId"][:8], mine["mediaType"])
        for key in ("window", "startMs", "endMs", "queueId", "mediaType", "coverage",
                    "updates", "clockSkew"):
            assert ours[key] == mine[key], (key, where)
        assert ours["rejected"]["duplicate"] == mine["rejected"]["duplicate"], where
        accuracy = ours["accuracy"]
        assert close(mine["lagMs"], ours["lagMs"], accuracy), where
        assert ours["metrics"].keys() == mine["metrics"].keys(), where
        for metric, leaf in mine["metrics"].items():
            assert close(leaf, ours["metrics"][metric], accuracy), (metric, where)
    history = reference.History(happenings, QUEUES, select)
    assert result.end["resync"]["differences"] == len(history.differences)


SELECT = ["oWaiting", "oInteracting", "oLongestWaiting", "oOnQueueUsers", "nOffered", "t*",
          "oServiceLevel", "oUserPresences"]


@pytest.mark.parametrize("more", [False, True], ids=["plain", "with stalls and resyncs"])
@pytest.mark.parametrize("part", range(4))
def test_rows_equal_those_of_the_reference(tool, part, more):
    for seed in range(part * 15, part * 15 + 15):
        chance = random.Random(-seed)
        compare(tool, Story(seed, more=more), chance.choice([1, 10, 60, 7 * 60]) * S, SELECT,
                chance.choice([1, 5, 40]))


@pytest.mark.parametrize("part", range(2))
def test_events_before_the_first_snapshot_are_in_the_rows(tool, part):
    """Presences get their names after their first values. With --align, a window is open by then;
    so two presence IDs with one name can be told apart only at its start."""
    for seed in range(part * 15, part * 15 + 15):
        chance = random.Random(-seed)
        align = seed % 2 == 1
        compare(tool, Story(seed, early=chance.randrange(1, 12)),
                chance.choice([1, 10, 60]) * S, SELECT[:-1] if align else SELECT,
                chance.choice([1, 5, 40]), align)


# ---- one rule each, on recordings short enough to be worked out by hand ----------------

def replay(tool, text, *args, count=1, queues=(ONE,), until=None, select="*"):
    return tool.run("--source", "notifications", "--replay", "-", "-w", "10s", "-n", count,
                    *(["-m", select] if select else []), *args, *queues,
                    data=text + end(10 * count if until is None else until))


def row_of(result, window=0, media="voice", queue=ONE):
    assert result.status == 0, result.err
    (found,) = [row for row in result.rows if row["window"] == window
                and row["mediaType"] == media and row["queueId"] == queue]
    return found


def test_captured_notifications_have_the_expected_metrics(tool):
    r = replay(tool, begin() + frame(1, notice_frames.captured("instant", ONE))
               + frame(2, notice_frames.captured("interval", ONE)), select=None)
    metrics = row_of(r)["metrics"]
    assert list(metrics) == ["oWaiting", "nOffered", "tWait", "tAbandon", "oServiceLevel"]
    assert metrics["oWaiting"]["count"]["observedMs"] == 9000
    # of a half hour long over, whose beginning nobody saw; the one under way began with 0
    assert metrics["tWait"] == {"count": {"total": 0, "delta": None}, "max": None, "min": None,
                                "sum": {"total": 0, "delta": None}}
    assert row_of(r)["updates"] == 2


def test_500_queues_have_rows_in_the_order_given(tool):
    queues = ["%08x-0000-4000-8000-%012x" % (n, n) for n in range(500, 0, -1)]
    text = begin() + "".join(frame(1 + n / 1000, instant(1, {"oWaiting": n}, queue=queue))
                           for n, queue in enumerate(queues))
    tool.write("queues", "\n".join(queues))
    r = replay(tool, text, "-Q", tool.dir / "queues", queues=())
    assert r.status == 0, r.err
    assert [row["queueId"] for row in r.rows if row["mediaType"] is None] == queues
    assert [row["metrics"]["oWaiting"]["count"]["last"] for row in r.rows
            if row["mediaType"]] == list(range(500))


# ---- zero and unknown ------------------------------------------------------------------


def result(data, media=None, queue=ONE):
    return {"group": notice_frames.group(queue, media),
            "data": [notice_frames.metric(name, count) for name, count in data.items()]}


def agents(name, **counts):
    return {(name, status): count for status, count in counts.items()}


def numbers(row, metric, stat="last"):
    return {name: leaf[stat] if name == "count" else leaf["count"][stat]
            for name, leaf in row["metrics"][metric].items()}


AWAY = PRESENCES["AWAY"]
ALL = {"IDLE", "INTERACTING", "COMMUNICATING", "NOT_RESPONDING"}
SOME = [result({**agents("oOnQueueUsers", IDLE=1, INTERACTING=2),
                **agents("oUserRoutingStatuses", IDLE=1, INTERACTING=2, OFF_QUEUE=2),
                ("oUserPresences", AWAY[0]): 1, ("oUserPresences", AWAY[1]): 2})]


def named(second, results, asked=None):
    return answer(second, results, asked).replace(
        '"results"', '"systemToOrganizationMappings":%s,"results"' % json.dumps(PRESENCES))


def test_gauge_that_a_snapshot_omits_is_zero(tool):
    later = [result({**agents("oUserRoutingStatuses", OFF_QUEUE=5), ("oUserPresences", AWAY[0]): 1,
                     "oMemberUsers": 5}), result({"oWaiting": 0}, "voice")]
    r = replay(tool, state(0, "connected") + named(0, SOME) + state(4, "lost")
               + state(5, "connected") + named(5, later), count=2)
    assert numbers(row_of(r, 0, None), "oOnQueueUsers", "max") == {
        "IDLE": 1, "INTERACTING": 2, "COMMUNICATING": 0, "NOT_RESPONDING": 0, "count": 3}
    row = row_of(r, 1, None)
    assert row["coverage"] == 1
    assert numbers(row, "oOnQueueUsers") == {**dict.fromkeys(ALL, 0), "count": 0}
    assert numbers(row, "oUserRoutingStatuses") == {**dict.fromkeys(ALL, 0), "OFF_QUEUE": 5,
                                                    "count": 5}
    assert numbers(row, "oUserPresences") == {"AWAY": 1, "count": 1}
    assert numbers(row, "oUserPresences", "observedMs")["AWAY"] == 10000
    assert "oActiveUsers" not in row["metrics"]     # never told, so it is not filled in


def test_snapshot_without_waiting_calls_ends_the_longest_wait(tool):
    first = [result({"oWaiting": 3, "oLongestWaiting": {"calculatedMetricValue": MS - 5000}},
                    "voice"), result({"oMemberUsers": 3})]
    r = replay(tool, begin(first) + answer(5, [result({"oMemberUsers": 3})]))
    leaf = row_of(r)["metrics"]
    assert leaf["oWaiting"]["count"]["last"] == 0
    assert leaf["oLongestWaiting"]["ageMs"] == {"last": None, "max": 10000}


def test_event_after_the_query_beats_the_zero_of_the_snapshot(tool):
    r = replay(tool, begin(SOME) + frame(4, instant(4, agents("oOnQueueUsers", IDLE=7), None))
               + answer(5, [result({"oMemberUsers": 3})], asked=3))
    assert numbers(row_of(r, media=None), "oOnQueueUsers") == {
        **dict.fromkeys(ALL, 0), "IDLE": 7, "count": 7}


@pytest.mark.parametrize("spoilt", [
    {"group": {"queueId": ONE}, "data": [7]}, {"group": {"queueId": "x"}, "data": []},
    {"group": {"queueId": ONE, "mediaType": "a", "queueID": 1}, "data": [
        {"metric": "x" * 200, "stats": {"count": 1}}]},
    *({"group": {"queueId": ONE}, "data": data} for data in (
        "x", {}, [{"metric": "oActiveUsers", "stats": {"count": "3"}}],
        [{"metric": "oActiveUsers", "stats": {"count": None, "ratio": 1}}],
        [{"metric": "oActiveUsers", "stats": {}}], [{"metric": "oActiveUsers", "stats": [3]}],
        [{"metric": "oActiveUsers"}], [{"metric": 3, "stats": {"count": 3}}],
        [{"stats": {"count": 3}}]))])
def test_malformed_snapshot_makes_no_gauge_zero(tool, spoilt):
    r = replay(tool, begin(SOME) + answer(5, [result({"oMemberUsers": 3}), spoilt]))
    assert numbers(row_of(r, media=None), "oOnQueueUsers")["IDLE"] == 1
    assert [line["detail"] for line in r.events("warning")] == ["the answer cannot be read"]


def test_queue_that_the_snapshot_lacks_stays_unknown(tool):
    r = replay(tool, begin(SOME) + state(4, "lost")
               + state(5, "connected") + answer(5, [result({"oMemberUsers": 3}, queue=QUEUES[1])]),
               queues=QUEUES)
    assert set(numbers(row_of(r, media=None), "oOnQueueUsers").values()) == {None}
    assert numbers(row_of(r, media=None, queue=QUEUES[1]), "oOnQueueUsers") == {
        **dict.fromkeys(ALL, 0), "count": 0}


def test_snapshot_makes_only_queried_metrics_zero(tool):
    """A recording lists the metrics that its run asked for; a replay may ask for others."""
    text = answer(0, [result({"oWaiting": 1}, "voice"), result({"oMemberUsers": 1})])
    text = text.replace('"frame"', '"metrics":["oWaiting","oMemberUsers"],"frame"')
    r = replay(tool, state(0, "connected") + text
               + frame(5, instant(5, agents("oOnQueueUsers", IDLE=2), None)))
    row = row_of(r, media=None)["metrics"]
    assert sorted(row["oOnQueueUsers"]) == ["IDLE", "count"]
    assert row["oOnQueueUsers"]["IDLE"]["count"]["min"] == 2


@pytest.mark.parametrize("first", ["snapshot", "none"])
def test_gauge_first_seen_in_an_event_was_zero_since_the_snapshot(tool, first):
    begin = answer(2, [result({"oMemberUsers": 5})]) if first == "snapshot" else ""
    flags = [] if begin else ["--no-snapshot"]
    r = replay(tool, state(0, "connected") + begin + state(16, "lost") + state(17, "connected")
               + (answer(17, [result({"oMemberUsers": 5})]) if begin else "")
               + frame(18, instant(18, {("oUserPresences", "x"): 4, **agents(
                   "oOffQueueUsers", y=4), **agents("oOnQueueUsers", IDLE=4)}, None))
               + frame(19, instant(19, {"oWaiting": 4}, "email")), *flags, count=2, until=22)
    row, media = row_of(r, 1, None)["metrics"], row_of(r, 1, "email")["metrics"]
    zero = 0 if begin else 4
    for leaf, known in ((row["oUserPresences"]["x"]["count"], 4), (media["oWaiting"]["count"], 4),
                        (row["oOffQueueUsers"]["y"]["count"], 4), (row["oWaiting"]["count"], 4),
                        (row["oOnQueueUsers"]["IDLE"]["count"], 4)):
        assert (leaf["last"], leaf["min"], leaf["max"]) == (known, zero, 4)
    whole = row["oOffQueueUsers"]["count"]
    if begin:       # window 1 is 12 to 22, of which a snapshot tells from 17 on
        assert row["oUserPresences"]["x"]["count"]["observedMs"] == 5000
        assert row["oUserPresences"]["x"]["count"]["mean"] == 3.2
        assert media["oWaiting"]["count"]["mean"] == 2.4 and whole["mean"] == 3.2
    else:
        assert (whole["last"], whole["min"], whole["observedMs"]) == (None, None, 0)


@pytest.mark.parametrize("until,window,seen,mean", [(6, 0, 7000, 8 / 7), (16, 1, 4000, 2),
                                                    (10, 1, 10000, 0.8)])
def test_gauge_first_seen_after_a_stall_was_zero_while_the_run_watched(
        tool, until, window, seen, mean):
    r = replay(tool, begin([result({"oMemberUsers": 5})])
               + at(3, '"state":"stalled","until":"%s"' % stamp(T0 + until * S))
               + frame(10 * window + 8, instant(8, {"oWaiting": 4, ("oOnQueueUsers", "x"): 4},
                                                "email")), count=2)
    for media in (None, "email"):
        row = row_of(r, window, media)
        assert row["coverage"] == seen / 10000
        for leaf in (row["metrics"]["oWaiting"]["count"],
                     row["metrics"]["oOnQueueUsers"]["x"]["count"]):
            assert (leaf["observedMs"], leaf["min"], leaf["last"]) == (seen, 0, 4)
            assert leaf["mean"] == pytest.approx(mean)


def test_count_of_agents_is_the_sum_of_all_states(tool):
    r = replay(tool, begin(SOME)
               + frame(5, instant(5, agents("oOnQueueUsers", IDLE=4), None)), count=1)
    whole = row_of(r, media=None)["metrics"]["oOnQueueUsers"]["count"]
    assert (whole["last"], whole["min"], whole["mean"], whole["events"]) == (6, 3, 4.5, 1)
    args = ["--source", "notifications", "--replay", "-", "-w", "10s", "-m", "oOnQueueUsers", ONE]
    text = begin(SOME) + end(10)
    r = tool.run(*args, "--fail-if", "oOnQueueUsers.last > 2", data=text, status=1)
    csv = tool.run(*args, "-f", "csv", data=text).out.splitlines()
    assert [line.split(",")[6:9] for line in csv if ".count" in line][-1] == [
        "oOnQueueUsers.count", "", "3"]
    text = tool.run(*args, "-f", "prometheus", data=text).out
    lines = [line for line in text.splitlines() if line.startswith("gsqstat_o_on_queue_users")]
    assert lines and all('status="' in line for line in lines)      # the sum is not among them


def test_idle_is_0_if_the_snapshot_names_no_agents(tool):
    text = begin([result({"oMemberUsers": 7}),
                                              result({"oWaiting": 7}, "voice")])
    args = ["--source", "notifications", "--replay", "-", "-w", "10s", ONE]
    text += end(10)
    assert tool.run(*args, "--fail-if", "oOnQueueUsers.IDLE.last < 1", data=text).status == 1
    r = tool.run(*args, "--check", "nagios", "-C", "oOnQueueUsers.IDLE.last=1:", data=text)
    assert r.status == 2 and "CRITICAL" in r.out
    assert "idle" in tool.run(*args, "-f", "prometheus", data=text).out.lower()


# ---- the snapshot, asked for again ------------------------------------------------------


def resync(second, results, asked=None):
    return answer(second, results, asked).replace('"snapshot"', '"resync"')


WAITS = {"oWaiting": 3, "oLongestWaiting": {"calculatedMetricValue": MS - 5000}}


@pytest.mark.parametrize("more,waits,found", [
    ("", 3, 0), ("", 5, 1), ("", None, 1),
    (frame(17.5, instant(17.5, {"oWaiting": 3})), 5, 1),
    (frame(18.2, instant(18.2, {"oWaiting": 3})), 5, 0),        # under 2 s before the question
    (frame(21.9, instant(21.9, {"oWaiting": 5})), 5, 0),        # under 2 s after the answer
    (frame(22.5, instant(22.5, {"oWaiting": 5})), 5, 1),
    (frame(21.9, instant(21.9, {"oWaiting": 5}, "chat")), 5, 1),
    (frame(21.9, instant(21.9, {"oInteracting": 5})), 5, 1)])
def test_resync_difference_counts_unless_an_event_is_close_to_the_query(tool, more, waits, found):
    lines = [state(0, "connected"), answer(0, [result(WAITS, "voice")]), more,
             resync(20, [result({"oWaiting": waits}, "voice") if waits else
                         result({"oMemberUsers": 0})], asked=19.9)]
    r = replay(tool, "".join(sorted(lines, key=lambda line: line[:33])), count=3)
    row = row_of(r, 2)["metrics"]["oWaiting"]["count"]
    assert (row["last"], row["carried"]) == (waits or 0, False)
    assert [line["differences"] for line in r.events("resync")] == [found]
    assert r.end["resync"] == {"done": 1, "failed": 0, "differences": found}
    doubts = r.warnings("a snapshot of --resync")
    assert len(doubts) == found
    if waits:
        assert row_of(r, 2)["metrics"]["oLongestWaiting"]["ageMs"]["last"] == 35000


def test_event_between_query_and_answer_beats_the_answer(tool):
    r = replay(tool, begin([result({"oWaiting": 3}, "voice")])
               + frame(4.5, instant(4.5, {"oWaiting": 4}))
               + resync(5, [result({"oWaiting": 9}, "voice")], asked=4))
    assert row_of(r)["metrics"]["oWaiting"]["count"]["last"] == 4
    assert r.end["resync"]["differences"] == 0


@pytest.mark.parametrize("value,found", [
    (MS - 5000, 0), (MS - 4000, 1), (0, 1), (25000, 0), (20000, 1),
    (23000, 0), (22999, 1), (27000, 0), (27001, 1)])
def test_resync_compares_ages_by_their_start(tool, value, found):
    again = {"oWaiting": 3, "oLongestWaiting": {"calculatedMetricValue": value}}
    r = replay(tool, begin([result(WAITS, "voice")])
               + resync(20, [result(again, "voice")]), count=3)
    assert r.end["resync"]["differences"] == found


def test_new_state_in_a_resync_is_a_difference(tool):
    r = replay(tool, begin([result({"oMemberUsers": 3})])
               + resync(5, [result({**agents("oOnQueueUsers", IDLE=2), "oMemberUsers": 3,
                                    ("oUserPresences", "x"): 2})]))
    assert r.end["resync"]["differences"] == 2
    row = row_of(r, media=None)["metrics"]
    assert row["oUserPresences"]["x"]["count"]["mean"] == 1
    assert row["oOnQueueUsers"]["count"]["mean"] == 1
    assert row["oOnQueueUsers"]["count"]["carried"] is False


def test_resync_asked_for_before_a_lost_connection_is_ignored(tool):
    r = replay(tool, begin(SOME) + state(4, "lost")
               + state(5, "connected") + resync(6, SOME, asked=3))
    assert set(numbers(row_of(r, media=None), "oOnQueueUsers").values()) == {None}
    assert r.events("resync") == []


HALF_HOURS = ("2026-11-24T02:00:00.000Z/2026-11-24T02:30:00.000Z",
              "2026-11-24T02:00:00.000Z/PT30M", "PT0.5H/2026-11-24T02:30Z",
              "2026-11-24T02:00Z/2026-11-24T02:30Z", "20261124T0200Z/20261124T0230Z",
              "2026-11-24T02:00:00.000+0000/2026-11-24T02:30:00.000+0000",
              "2026-11-24T03:00:00,5+01/2026-11-24T02:30:00Z")


@pytest.mark.parametrize("when", HALF_HOURS)
def test_interval_is_read_in_every_iso_8601_form(tool, when):
    row = row_of(replay(tool, begin() + frame(5, notice_frames.observations(
        ONE, "voice", (when, {"nOffered": 5})))))
    assert row["metrics"]["nOffered"]["count"]["total"] == 5
    assert row["rejected"]["invalid"] == 0


@pytest.mark.parametrize("when", [None, "", "2026-11-24/2026-11-25", "PT30M"])
def test_total_without_a_readable_interval_is_rejected(tool, when):
    body = {"group": notice_frames.group(ONE, "voice"), "data": [
        {**({} if when is None else {"interval": when}),
         "metrics": [notice_frames.metric("nOffered", 5)]}]}
    gauges = {**body, "data": [{**body["data"][0],
                                "metrics": [notice_frames.metric("oWaiting", 3)]}]}
    r = replay(tool, begin() + frame(5, notice_frames.notification(notice_frames.topic(ONE), body))
               + frame(6, notice_frames.notification(notice_frames.topic(ONE), gauges)))
    assert row_of(r, media=None)["rejected"]["invalid"] == r.end["rejected"]["invalid"] == 1
    assert list(row_of(r)["metrics"]) == ["oWaiting"]


@pytest.mark.parametrize("stats", ['{"count":5,"count":7}', '{"a.b":3,"a_b":4}'])
def test_event_with_a_duplicate_member_is_rejected(tool, stats):
    text = instant(1, {"oWaiting": 3}).replace('{"count":3}', stats)
    r = replay(tool, begin() + frame(1, text))
    row = row_of(r, media=None)
    assert (row["metrics"], row["rejected"]["invalid"]) == ({}, 1)
    assert r.events("frame.rejected")[0]["detail"] == "an object has a member twice"


def test_each_queue_has_one_rejection_event_per_reason(tool):
    text = "".join(frame(1, instant(1, {"oWaiting": 3}, queue=queue).replace('{"count":3}', stats))
                   for queue in QUEUES for stats in ('{"a":1,"a":2}', '{"b":1,"b":2}'))
    r = tool.run("--source", "notifications", "--replay", "-", "-w", "10s", *QUEUES,
                 data=begin() + text + end(10))
    assert [e["queueId"] for e in r.events("frame.rejected")] == list(QUEUES)
    assert r.end["rejected"]["invalid"] == 2 * len(QUEUES)


@pytest.mark.parametrize("odd", ['"7"', "null", "true", "[1]", '{"a":1}'])
def test_value_that_is_not_a_number_is_left_out(tool, odd):
    text = instant(1, {"oWaiting": 3, "oInteracting": 4}).replace('"count":3', '"count":' + odd)
    row = row_of(replay(tool, begin() + frame(1, text)))
    assert list(row["metrics"]) == ["oInteracting"]
    assert (row["updates"], row["rejected"]["invalid"]) == (1, 0)


def test_number_that_is_not_finite_is_invalid(tool):
    text = instant(2, {"oWaiting": 3}).replace('"count":3', '"count":1e400')
    assert "1e400" in text
    r = replay(tool, begin() + frame(1, instant(1, {"oWaiting": 5})) + frame(2, text))
    assert row_of(r)["metrics"]["oWaiting"]["count"]["max"] == 5
    assert row_of(r)["updates"] == row_of(r, media=None)["rejected"]["invalid"] == 1


def test_total_of_a_half_hour_in_the_far_future_is_invalid(tool):
    def half_hour(at_ms, count):
        return notice_frames.observations(ONE, "voice",
                                          (notice_frames.interval(at_ms), {"nOffered": count}))
    ahead = 30 * 60 * 1000
    r = replay(tool, begin() + frame(1, half_hour(MS, 5)) + frame(2, half_hour(MS + 2 * ahead, 1))
               + frame(3, half_hour(MS, 7)))
    assert row_of(r)["metrics"]["nOffered"]["count"] == {"total": 7, "delta": 7}
    assert row_of(r)["updates"] == 2 and row_of(r, media=None)["rejected"]["invalid"] == 1
    # a clock that is late by less is borne
    r = replay(tool, begin() + frame(1, half_hour(MS + ahead, 1)))
    assert row_of(r, media=None)["rejected"]["invalid"] == 0


def test_several_intervals_in_one_event_apply_in_order(tool):
    text = notice_frames.observations(
        ONE, "voice", (MS + 1000, {"oWaiting": 3}),
        (notice_frames.interval(MS), {"nOffered": 2}), (MS + 2000, {"oWaiting": 5}))
    row = row_of(replay(tool, begin() + frame(2, text)))
    assert row["metrics"]["oWaiting"]["count"]["last"] == 5
    assert row["metrics"]["oWaiting"]["count"]["events"] == 1
    assert row["metrics"]["nOffered"]["count"] == {"total": 2, "delta": 2}
    assert row["lagMs"]["max"] == 0


@pytest.mark.parametrize("known", [True, False])
def test_delta_of_a_long_window_is_the_sum_of_its_half_hours(tool, known):
    text = begin()
    for n in range(0 if known else -1, 7):
        when = notice_frames.interval(MS + n * 1800000)
        text += frame(max(n, 0) * 1800 + 5, notice_frames.observations(
            ONE, "voice", (when, {"nOffered": n + 2})))
    r = tool.run("--source", "notifications", "--replay", "-", "-w", "4h", "-m", "nOffered", ONE,
                 data=text + end(14400))
    leaf = row_of(r)["metrics"]["nOffered"]["count"]
    assert leaf["delta"] == (2 + 3 + 4 + 5 + 6 + 7 + 8 if known else None)


def test_unknown_metrics_and_media_types_are_printed(tool):
    r = replay(tool, begin() + frame(1, instant(1, {"oFuture": 3, ("oNew", "A.B"): 1}, "hologram")))
    row = row_of(r, media="hologram")
    assert row["metrics"]["oFuture"]["count"]["last"] == 3
    assert row["metrics"]["oNew"]["A_B"]["count"]["last"] == 1
    assert row_of(r, media=None)["metrics"]["oFuture"]["count"]["last"] == 3


def test_dot_in_a_metric_name_becomes_an_underscore(tool):
    row = row_of(replay(tool, begin() + frame(1, instant(1, {"oA.b": 3}))))
    assert list(row["metrics"]) == ["oA_b"]


@pytest.mark.parametrize("text,invalid,rejected", [
    ('{"topicName":"v2.analytics.queues.%s.observations"}' % ONE, 1, 1),
    ('{"topicName":"v2.analytics.queues.%s.observations","eventBody":7}' % ONE, 1, 1),
    (instant(1, {"oWaiting": 1}, queue=QUEUES[1]), 0, 1),
    ('{"topicName":"v2.users.%s.presence","eventBody":{"a":1}}' % ONE, 0, 0),
    (notice_frames.HEARTBEAT, 0, 0), (notice_frames.PONG, 0, 0), ("[]", 0, 1), ("7", 0, 1),
])
def test_message_that_is_not_an_event_of_the_queue_is_no_update(tool, text, invalid, rejected):
    r = replay(tool, begin() + frame(1, text))
    row = row_of(r, media=None)
    assert (row["updates"], row["rejected"]["invalid"]) == (0, invalid)
    assert len(r.events("frame.rejected")) == rejected


def test_broken_lines_are_reported_with_their_numbers(tool):
    r = replay(tool, begin() + frame(1, instant(1, {"oWaiting": 1})) + "nonsense\n"
               + frame(2, "{") + frame(3, instant(3, {"oWaiting": 2})))
    assert row_of(r)["updates"] == 2 and r.end["brokenLines"] == 2
    assert [line["line"] for line in r.events("warning") if "line" in line] == [4, 5]


@pytest.mark.parametrize("left, pong, last, observed_ms", [
    ("silent", frame(6, notice_frames.PONG), 4, 6000), ("lost", "", None, 2000)])
def test_gauges_survive_silence_but_not_a_reconnect(tool, left, pong, last, observed_ms):
    r = replay(tool, begin() + frame(0, instant(0, {"oWaiting": 4})) + state(2, left)
               + state(6, "connected") + pong)
    leaf = row_of(r)["metrics"]["oWaiting"]["count"]
    assert (leaf["last"], leaf["observedMs"], row_of(r)["coverage"]) == (last, observed_ms, 0.6)


def test_align_starts_window_0_at_a_multiple(tool):
    r = replay(tool, state(4, "connected") + answer(4) + frame(5, instant(5, {"oWaiting": 4})),
               "--align")
    row = row_of(r)
    assert (row["startMs"], row["endMs"], row["coverage"]) == (MS, MS + 10000, 0.6)
    assert row["metrics"]["oWaiting"]["count"]["observedMs"] == 5000


def test_csv_ends_with_the_columns_of_notifications(tool):
    total = notice_frames.observations(ONE, "voice", (notice_frames.interval(MS), {"nOffered": 2}))
    r = replay(tool, begin() + frame(4, instant(4, {"oWaiting": 3})) + frame(5, total), "-f", "csv",
               select="oWaiting,nOffered")
    head, *rows = [line.split(",") for line in r.out.splitlines()]
    assert head[24:] == ["mediaType", "queueName", "carried", "observedMs", "events", "total",
                         "delta"]
    assert {len(row) for row in rows} == {31}
    assert [(row[6], row[24:]) for row in rows] == [
        ("oWaiting.count", ["", "", "false", "6000", "1", "", ""]),
        ("oWaiting.count", ["voice", "", "false", "6000", "1", "", ""]),
        ("nOffered.count", ["voice", "", "", "", "", "2", "2"])]


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_unknown_value_is_null_or_an_empty_cell(tool, form):
    r = replay(tool, begin() + frame(1, instant(1, {"oWaiting": 4})) + state(2, "lost"), "-f", form,
               count=2)
    if form == "csv":
        assert r.out.splitlines()[3].split(",")[6:17] == ["oWaiting.count", *[""] * 10]
    else:
        leaf = row_of(r, 1)["metrics"]["oWaiting"]["count"]
        assert {leaf[k] for k in leaf if k not in ("carried", "observedMs", "events")} == {None}
