"""--list-metrics, and what the manual says of each metric."""
import csv
import io
import json
import re

import harness
import pytest
import terminal
from harness import NOTICES, QUEUE, SAMPLE, TOP

MANUAL = (TOP / "man/gsqstat.1").read_text()


def listed(tool, *args):
    return [json.loads(line) for line in tool.run("--list-metrics", *args).out.splitlines()]


def test_manual_has_the_metrics_of_the_list(tool):
    section = MANUAL.split(".Sh METRICS")[1].split(".Sh ")[0]
    told = re.findall(r"\.It Li (\w+) Pq (\w+), (\w+)\n(.*)\.\n", section)
    metrics = listed(tool)
    assert told == [(m["metric"], m["kind"], m["unit"], m["meaning"]) for m in metrics]
    assert len(metrics) > 90
    stream, notifications = section.split(".Ss Metrics of the ")[1:]
    assert re.findall(r"\.It Li (\w+)", stream) == [
        m["metric"] for m in metrics if m["source"] == "stream"]


def test_list_needs_nothing(tool):
    tool.env = {"HOME": "/nonexistent"}
    assert len(listed(tool)) > 90


def test_formats_say_the_same(tool):
    metrics = listed(tool)
    rows = list(csv.DictReader(io.StringIO(tool.run("--list-metrics", "-f", "csv").out)))
    assert [{**row, "statistics": row["statistics"].split(" ")} for row in rows] == metrics
    tool.env["COLUMNS"] = "300"
    head, *lines = tool.run("--list-metrics", "-f", "table").out.splitlines()
    cells = [re.split(r" {2,}", line) for line in lines]
    assert head.split() == ["metric", "kind", "unit", "alarm", "source", "numbers", "meaning"]
    assert [cell[:5] + cell[6:] for cell in cells] == [
        [m[key] for key in ("metric", "kind", "unit", "alarm", "source", "meaning")]
        for m in metrics]


def test_filters(tool):
    assert [m["metric"] for m in listed(tool, "--source", "stream")] == [
        "state", "queueState", "agentState", "conversationCount", "waitTime", "abandonedCount"]
    some = listed(tool, "-m", "oLong*,waitTime", "-m", "tWait")
    assert [m["metric"] for m in some] == [
        "waitTime", "oLongestInteracting", "oLongestWaiting", "tWait"]
    assert [m["kind"] for m in some] == ["value", "age", "age", "total"]


def test_configuration_of_runs_changes_nothing(tool):
    wanted = tool.run("--list-metrics").out
    tool.write("conf", "metric oWaiting\nformat influx\nsource notifications\ncount 3\n")
    assert tool.run("--list-metrics", "--config", "conf").out == wanted


def test_table_fits_the_width_of_the_terminal(tool):
    for columns in (40, 60, 80, 120, 200):
        tool.env["COLUMNS"] = str(columns)
        lines = tool.run("--list-metrics", "-f", "table").out.splitlines()
        assert max(map(len, lines)) <= max(columns, 46)
        assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize("source", ["stream", "notifications"])
def test_fail_if_takes_what_is_listed(tool, source):
    tool.env.update(GENESYS_CLIENT_ID="i", GENESYS_CLIENT_SECRET="s", GENESYS_API_HOST="h.example")
    metrics = listed(tool, "--source", source)
    paths = [path for m in metrics for path in (*m["statistics"], m["alarm"])]
    rules = [word for path in paths for word in ("--fail-if", path + " > 1")]
    tool.run("--source", source, "--dry-run", QUEUE, "-m", ",".join(m["metric"] for m in metrics),
             *rules)
    # it does look at them
    r = tool.run("--source", source, "--dry-run", QUEUE, "-m",
                 ",".join(m["metric"] for m in metrics), *rules, "--fail-if", "tWait.sum.p95 > 1",
                 status=2)
    assert "p95" in r.err or source == "stream"


def test_no_alarm_on_a_total_grows_with_the_half_hour_or_the_traffic(tool):
    totals = {m["metric"]: m["alarm"] for m in listed(tool) if m["kind"] == "total"}
    counted = {name: path for name, path in totals.items() if path != name + ".max"}
    assert {name for name, path in counted.items() if not path.endswith((".delta", ".ratio"))} == {
        "oServiceTarget"} and len(totals) > 70
    assert [path for path in totals.values() if "sum" in path] == []
    assert all(name[0] == "t" for name in totals if name not in counted)


def paths(value, name=""):
    if not isinstance(value, dict):
        return {name}
    return set().union(*(paths(v, name + "." + key if name else key) for key, v in value.items()))


@pytest.mark.parametrize("args", [
    ("--replay", SAMPLE, "-m", "state,queueState,conversationCount,waitTime"),
    ("--source", "notifications", "--replay", NOTICES, "--queue-name", "*", "-m", "*")])
def test_rows_have_the_statistics_of_the_list(tool, args):
    known = {path for m in listed(tool) for path in m["statistics"]}
    met = set()
    for line in tool.run(*args, "-w", "1m").out.splitlines():
        met |= paths(json.loads(line)["metrics"])
    general = {re.sub(r"^(\w+Users|oUserRoutingStatuses)\.[A-Z_]+\.", r"\1.STATUS.", re.sub(
        r"^(oUserPresences)\.(?!count)[^.]+\.", r"\1.PRESENCE.", path)) for path in met}
    assert len(general) > 30 and general - known == set()


def test_terminal_gets_a_table(tool):
    tool.env["TERM"] = "xterm"
    tty = terminal.Terminal(columns=120)
    assert tty.finish(tty.start([harness.PROGRAM, "--list-metrics"], env=tool.env)) == 0
    lines = tty.text.replace("\r", "").splitlines()
    assert lines[0].startswith("\x1b[1mmetric ") and lines[0].endswith("meaning\x1b[0m")
    assert max(map(len, lines[1:])) <= 120 and "\x1b" not in "".join(lines[1:])
    assert any(re.match(r"oWaiting +gauge  count  oWaiting.max +Conversations that wait", line)
               for line in lines)
