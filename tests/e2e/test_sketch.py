"""--sketch: what is added to rows, read by somebody who has only the manual."""
import base64
import json
import random
import re

import frames
import pytest
import recordings
from harness import NOTICES, SAMPLE, TOP
from recordings import ONE, T0
from sketches import PERCENT, Sketch, statistics


def without(found):
    """A copy without any member `sketch`."""
    if not isinstance(found, dict):
        return found
    return {name: without(value) for name, value in found.items() if name != "sketch"}


@pytest.mark.parametrize("recording", [SAMPLE, NOTICES])
@pytest.mark.parametrize("args", [(), ("-w", "3m"), ("--label", "site=Berlin")])
def test_only_members_are_added(tool, recording, args):
    plain = tool.run("--replay", recording, *args, "-s", status=0).rows
    rows = tool.run("--replay", recording, *args, "-s", "--sketch", status=0).rows
    assert [without(row) for row in rows] == plain
    assert all(list(row)[-2 if args[:1] == ("--label",) else -1] == "sketch" for row in rows)


def check(row):
    """Recomputes every figure of a row that comes from a sketch. Returns how many sketches."""
    n = 0
    for path, stats in statistics(row):
        sketch = Sketch(stats["sketch"])
        n += 1
        gauge = "observedMs" in stats
        assert sketch.by_time == gauge
        if "mean" not in stats:		# of an age or a total
            assert sketch.weight == 0
            continue
        assert sketch.weight == (round(stats["observedMs"] * 1000) if gauge else stats["count"])
        if not sketch.weight:
            assert stats["mean"] is None
            continue
        assert stats["mean"] == sketch.mean(), path
        assert stats["stddev"] == sketch.stddev(), path
        assert [stats[f"p{p}"] for p in PERCENT] == sketch.quantiles(stats["min"], stats["max"])
        if sketch.values is not None:
            assert (sketch.values[0][0], sketch.values[-1][0]) == (stats["min"], stats["max"])
    if row["lagMs"] is None:
        assert row["sketch"]["lag"] is None
        return n
    lag = Sketch(row["sketch"]["lag"])
    assert lag.mean(1000) == row["lagMs"]["mean"]
    quantiles = dict(zip(PERCENT, lag.quantiles(0, row["lagMs"]["max"] * 1000)))
    assert all(row["lagMs"][f"p{p}"] == quantiles[p] / 1000 for p in (50, 95, 99))
    return n + 1


@pytest.mark.parametrize("recording", [SAMPLE, NOTICES])
def test_every_figure_of_a_row_can_be_computed_from_its_sketches(tool, recording):
    rows = tool.run("--replay", recording, "-w", "5m", "-s", "--sketch", status=0).rows
    assert sum(check(row) for row in rows) > len(rows)
    for row in rows:
        length_us = (row["endMs"] - row["startMs"]) * 1000
        connected = row["sketch"]["connectedUs"]
        assert row["coverage"] == connected * 10000 // length_us / 10000


def test_buckets_have_the_figures_too(tool, tmp_path):
    chance = random.Random(7)
    path = tmp_path / "recording"
    path.write_text(recordings.state(0, "connected") + "".join(
        recordings.frame(i / 100, frames.frame(
            ONE, at=recordings.stamp(T0 + i * 10000), state={
                "active": round(chance.lognormvariate(4, 1), 3),
                "waiting": chance.choice((0, 1e-320, -1e5, 1e150))}))
        for i in range(3000)))
    row, = tool.run("--replay", path, "-w", "1h", "-s", "--sketch", status=0).rows
    assert row["quantiles"] == "sketch"
    sketches = [Sketch(stats["sketch"]) for _, stats in statistics(row)]
    assert all(sketch.values is None for sketch in sketches) and check(row)
    assert any(sketch.negative and sketch.zero and sketch.positive for sketch in sketches)


def test_without_a_recorded_arrival_there_is_none(tool, tmp_path):
    path = tmp_path / "frames"
    lines = [json.loads(line) for line in open(SAMPLE)]
    path.write_text("".join(json.dumps(line["frame"]) + "\n" for line in lines
                            if "frame" in line))
    rows = tool.run("--replay", path, "-s", "--sketch", status=0).rows
    found = [Sketch(stats["sketch"]) for row in rows for _, stats in statistics(row)]
    assert found and all(sketch.arrival is None for sketch in found)
    assert all(row["sketch"] == {"v": 1, "connectedUs": None, "lag": None} for row in rows)


def test_the_row_of_a_queue_says_since_when_it_is_complete(tool):
    rows = tool.run("--replay", NOTICES, "-s", "--sketch", status=0).rows
    for row in rows:
        assert ("since" in row["sketch"]) == (row["mediaType"] is None)
    assert all(row["sketch"]["since"] <= row["endMs"] * 1000 for row in rows
               if row["mediaType"] is None and row["sketch"]["since"] is not None)
    assert any(row["sketch"].get("since") for row in rows)


def test_the_example_of_the_manual(tool):
    page = (TOP / "man/gsqstat-rows.5").read_text().split(".Sh EXAMPLES")[1]
    data = bytes.fromhex("".join(re.findall(r"(?m)^((?:[0-9a-f]{2} )+)", page)))
    found = Sketch("1:" + base64.b64encode(data).decode())
    assert (found.arrival, found.weight, found.s1, found.s2) == (1764550000000000, 3, 9, 35)
    assert found.values == [(1, 1), (3, 1), (5, 1)]


@pytest.mark.parametrize("form", ["csv", "table", "prometheus", "influx"])
def test_other_formats_are_refused(tool, form):
    run = tool.run("--replay", SAMPLE, "--sketch", "-f", form, status=2)
    assert "--sketch needs -f ndjson" in run.err
