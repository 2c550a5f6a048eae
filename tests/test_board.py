"""The rows of the notification service against a slow reference, over random recordings."""
import datetime
import json
import math
import random

import pytest

import reference

T0 = 1795485600_000_000          # 2026-11-24T02:00:00Z, a half hour's begin, in µs
QUEUES = ["%08x-0000-4000-8000-%012x" % (n, n) for n in (1, 2)]
S = 1_000_000
HALF = 30 * 60 * S
PRESENCES = {"AVAILABLE": ["6a3af858-942f-489d-9700-5f9bcdcdae9b"],
             "AWAY": ["5e5c5c66-ea97-4e7f-ac41-6424784829f2",
                      "9e9c7b1e-0c3f-4d3c-8a2f-7f0f5f0d2b11"]}


def stamp(us):
    moment = datetime.datetime.fromtimestamp(us // 1_000_000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + ".%06dZ" % (us % 1_000_000)


class Story:
    """A random run: what came when, as the reference and as a recording have it."""

    def __init__(self, seed, steps=60, early=0):
        self.chance = random.Random(seed)
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
            else:
                line.update(answer="snapshot", asked=stamp(h["asked"]), frame=h["snapshot"])
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


SELECT = ["oWaiting", "oInteracting", "oLongestWaiting", "oOnQueueUsers", "nOffered", "t*",
          "oServiceLevel", "oUserPresences"]


@pytest.mark.parametrize("part", range(4))
def test_rows_are_those_of_the_reference(tool, part):
    for seed in range(part * 15, part * 15 + 15):
        chance = random.Random(-seed)
        compare(tool, Story(seed), chance.choice([1, 10, 60, 7 * 60]) * S, SELECT,
                chance.choice([1, 5, 40]))


@pytest.mark.parametrize("part", range(2))
def test_rows_hold_what_came_before_the_first_answer(tool, part):
    """Presences get their names after their first values; aligned, a window is under way, and
    two ids with one name are known apart alone in its beginning."""
    for seed in range(part * 15, part * 15 + 15):
        chance = random.Random(-seed)
        align = seed % 2 == 1
        compare(tool, Story(seed, early=chance.randrange(1, 12)),
                chance.choice([1, 10, 60]) * S, SELECT[:-1] if align else SELECT,
                chance.choice([1, 5, 40]), align)
