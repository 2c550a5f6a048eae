"""-f prometheus: what promtool, node_exporter and Prometheus read is what rows have."""
import contextlib
import datetime
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest

import gateway
import harness
import notice_frames
from harness import QUEUE, REPLAY, SAMPLE
from recordings import ONE, begin, end, frame, instant, named

OUTLIER = "waitTime.avg>30000"      # the default, named: what it drops is no surprise then
PROMETHEUS = ("-f", "prometheus")
SUCCESS = "gsqstat_last_success_timestamp_seconds"
VALUE = re.compile(r'(\w+)(?:\{((?:\w+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)')


def tool_at(*names):
    for name in names:
        if shutil.which(name):
            return shutil.which(name)
    assert os.environ.get("CI") != "true", names[0] + " is missing"
    return pytest.skip(names[0] + " is missing")


def parse(text):
    """{(name, labels): value}, of a text in which each family stands together, told once."""
    found, families = {}, []
    for line in text.splitlines():
        if line.startswith("# HELP "):
            families.append(line.split()[2])
            assert len(line.split()) > 3
        elif line.startswith("# TYPE "):
            assert line == "# TYPE %s gauge" % families[-1]
        else:
            name, labels, value = VALUE.fullmatch(line).groups()
            labels = tuple((key, json.loads('"%s"' % text)) for key, text in
                           re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or ""))
            assert name == families[-1] and (name, labels) not in found
            found[name, labels] = float(value)
    assert len(set(families)) == len(families) and text.endswith("\n")
    return found


def snake(*keys):
    return "_".join(re.sub(r"(?<=[a-z0-9])(?=[A-Z])|\W+", "_", key) for key in keys).lower()


def is_time(metric, path, stat):
    if stat in ("carried", "events"):
        return False
    return stat == "observedMs" or (metric == "waitTime" and stat != "count") \
        or path[-1] == "ageMs" or (metric.startswith("t") and path[-1] in ("sum", "min", "max"))


def numbers(metric, node, path=()):
    """(path, statistic or None, value) of each number below a metric of a row."""
    for key, value in node.items():
        if not isinstance(value, dict):
            yield (*path, key), None, value
        elif not {"last", "delta"} & set(value):
            yield from numbers(metric, value, (*path, key))
        else:
            for stat in value:
                yield (*path, key), stat, value[stat]


DEFAULT = {"last", "mean", "max", "p95", "delta", "total"}
AGENTS = {"oOnQueueUsers": "status", "oOffQueueUsers": "status",
          "oUserRoutingStatuses": "status", "oUserPresences": "presence"}


def of_queue(row, source):
    """The numbers of a queue's row that are of no metric."""
    labels = (("queue_id", row["queueId"]), ("queue_name", row.get("queueName", "")),
              ("source", source))
    some = {"updates": row["updates"], "coverage_ratio": row["coverage"],
            "last_success_timestamp_seconds": row["endMs"] / 1000}
    for stat, value in (row["lagMs"] or {}).items():
        some["lag_%s_seconds" % stat] = value / 1000
    found = {("gsqstat_" + name, labels): value for name, value in some.items()}
    for reason, count in row["rejected"].items():
        found["gsqstat_rejected", labels + (("reason", reason),)] = count
    return found


def of_metrics(row, stats):
    media = row.get("mediaType")
    words = {"count": "samples", "total": "so_far", "observedMs": "observed"}
    for metric, node in row["metrics"].items():
        for path, stat, value in numbers(metric, node):
            if stat and stat not in stats or metric in AGENTS and len(path) == 1:
                continue
            labels = (("queue_id", row["queueId"]), ("queue_name", row.get("queueName", "")))
            labels += (("media", media),) if media else ()
            if metric in AGENTS:
                labels += ((AGENTS[metric], path[0]),)
                path = path[1:]
            time = is_time(metric, path, stat)
            name = snake(metric, *(key.removesuffix("Ms") for key in path),
                         *([words.get(stat, stat)] if stat else []))
            yield ("gsqstat_" + "media_" * bool(media) + name + "_seconds" * time, labels), \
                value / 1000 if time and value else value


def expected(rows, source="stream", stats=DEFAULT):
    """What the rows of one window come to, by another program than ours."""
    found = {}
    for row in rows:
        found.update(of_metrics(row, stats))
        if not row.get("mediaType"):
            found.update(of_queue(row, source))
    return {key: value for key, value in found.items() if value is not None}


def windows(rows):
    found = {}
    for row in rows:
        if not row["partial"]:
            found.setdefault(row["window"], []).append(row)
    return list(found.values())


def check_metrics(text):
    done = subprocess.run([tool_at("promtool"), "check", "metrics"], input=text, text=True,
                          capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_output_has_the_last_window(tool):
    rows = tool.run(*REPLAY, "-s").rows
    result = tool.run(*REPLAY, *PROMETHEUS, "--outlier", OUTLIER)
    assert result.status == 0 and result.events("warning") == []
    assert parse(result.out) == expected(windows(rows)[-1])
    assert result.out.startswith("# HELP gsqstat_")
    assert (result.end["windows"], result.end["rows"]) == (10, 30)
    assert [e["queues"] for e in result.events("window.flush")] == [3] * 10


def test_promtool_accepts_all_metrics(tool):
    result = tool.run(*REPLAY, *PROMETHEUS, "-m", "state,queueState,agentState,"
                      "conversationCount,waitTime,abandonedCount")
    check_metrics(result.out)


def test_partial_window_is_not_printed(tool):
    args = "--replay", SAMPLE, "-w", "7m", "--time", "arrival"
    rows = tool.run(*args, "-s").rows
    assert rows[-1]["partial"] and not rows[0]["partial"]
    result = tool.run(*args, *PROMETHEUS)
    assert parse(result.out) == expected(windows(rows)[0])


def test_nothing_is_printed_without_a_whole_window(tool):
    tool.write("file.prom", "old\n")
    for target in (), ("-o", "file.prom"):
        result = tool.run("--replay", SAMPLE, "-w", "1h", "--outlier", OUTLIER, *PROMETHEUS,
                          *target)
        assert (result.status, result.out) == (0, "")
        assert result.warnings() == [
            "no window was complete, so nothing was written"]
    assert (tool.dir / "file.prom").read_text() == "old\n"


NAME = 'Pay "now" \\ \n\u00e4'
SHOWN = NAME.replace("\n", "\ufffd")      # a control character of the name


def recording():
    half = notice_frames.interval(1795485601000)
    text = named(ONE, NAME) + begin() + frame(1, instant(1, {"oWaiting": 7, "oInteracting": 2}))
    text += frame(2, notice_frames.observations(ONE, None, (1795485602000, {
        ("oUserRoutingStatuses", "OFF_QUEUE"): 3, ("oUserRoutingStatuses", "H"): 1,
        ("oUserPresences", "6a3af858-942f-489d-9700-5f9bcdcdae9b"): 2})))
    text += frame(3, notice_frames.observations(ONE, "voice", (half, {
        "tWait": notice_frames.times(2, 9000, 1000, 8000), "nOffered": 4,
        "oServiceLevel": notice_frames.service_level(3, 4)})))
    text += frame(4, notice_frames.activity(ONE, {"voice": {
        "oWaiting": 3, "oLongestWaiting": 1795485603000}}))
    return text + end(10)


def test_metrics_have_the_numbers_of_the_rows(tool):
    args = ("--source", "notifications", "--replay", "-", "-w", "10s", "-m", "*", ONE)
    rows = tool.run(*args, "-s", data=recording()).rows
    result = tool.run(*args, *PROMETHEUS, data=recording())
    for row in rows:
        row["queueName"] = SHOWN
    found = parse(result.out)
    assert found == expected(rows, "notifications")
    labels = (("queue_id", ONE), ("queue_name", SHOWN), ("media", "voice"))
    for name, value in (("o_longest_waiting_age_last_seconds", 7), ("t_wait_max_seconds", 8),
                        ("t_wait_sum_so_far_seconds", 9), ("n_offered_count_so_far", 4),
                        ("o_waiting_count_max", 7), ("o_service_level_ratio", 0.75)):
        assert found["gsqstat_media_" + name, labels] == value
    assert found["gsqstat_o_user_routing_statuses_count_last", labels[:2]
                 + (("status", "OFF_QUEUE"),)] == 3
    check_metrics(result.out)


def test_now_prints_queues_without_media_types(tool, service):
    result = tool.run("--source", "notifications", "--now", *PROMETHEUS, "--queue-name",
                      "Queue 01", "-m", "oWaiting", status=0)
    labels = {labels for name, labels in parse(result.out) if name.startswith("gsqstat_o_")}
    (only,) = labels
    assert dict(only) == {"queue_id": QUEUE, "queue_name": "Queue 01"}
    assert "gsqstat_media_" not in result.out


STATISTICS = ["count", "last", "min", "max", "mean", "stddev", "p50", "p90", "p95", "p99",
              "carried", "observedMs", "events", "total", "delta"]


@pytest.mark.parametrize("args, stats", [
    (("--stat", "min,p99"), {"min", "p99"}), (("--stat", "count", "--stat", "total"),
                                              {"count", "total"}),
    (("--stat", ",".join(STATISTICS)), set(STATISTICS))])
def test_stat_selects_statistics(tool, args, stats):
    notices = ("--source", "notifications", "--replay", "-", "-w", "10s", "-m", "*", ONE)
    for source, replay, data in (("stream", REPLAY, None),
                                 ("notifications", notices, recording())):
        rows = windows(tool.run(*replay, "-s", data=data).rows)[-1]
        for row in rows:
            row["queueName"] = SHOWN if source == "notifications" else ""
        result = tool.run(*replay, *PROMETHEUS, *args, data=data)
        assert parse(result.out) == expected(rows, source, stats)
        check_metrics(result.out)


@pytest.mark.parametrize("args, words", [
    (("--source", "notifications", "--list-queues", *PROMETHEUS),
     "--format 'prometheus' cannot be used with --list-queues; use ndjson, csv or table"),
    (("--stat", "last", QUEUE), "--stat 'last' needs -f prometheus or -f influx"),
    (("-f", "influx", "--stat", "last,p97", QUEUE), "--stat 'p97': must be count, last"),
    (("-f", "influx", "--stat", "last,", QUEUE), "--stat '': must be count, last"),
    (("-f", "promethes", QUEUE), "did you mean prometheus?")])
def test_bad_options_exit_with_2(tool, args, words):
    assert words in tool.run("--dry-run", *args, status=2).err


def stamp(text):
    (value,) = {value for (name, _), value in parse(text).items() if name == SUCCESS}
    return value


def test_file_is_replaced_at_each_window(tool, gate):
    """Read all the time: it is never half a file, and has each window."""
    tool.write("real.prom", "", 0o640)
    (tool.dir / "file.prom").symlink_to("real.prom")
    process = tool.start("-w", "100ms", "-n", 20, *PROMETHEUS, "-o", "file.prom", QUEUE)
    done, stamps = threading.Event(), []

    def look():
        while not done.is_set():
            text = (tool.dir / "file.prom").read_text()
            if text:        # it was empty before
                stamps.append(stamp(text) if text.endswith("\n") else -1)
    thread = threading.Thread(target=look)
    thread.start()
    result = process.finish()
    done.set()
    thread.join()
    assert result.status == 0 and result.out == "" and len(set(stamps)) > 2
    assert stamps == sorted(stamps)
    assert (tool.dir / "file.prom").is_symlink()
    assert (tool.dir / "real.prom").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tool.dir.glob("*.prom*")) == ["file.prom", "real.prom"]
    assert list(tool.dir.glob(".*.prom*")) == []


def test_last_good_file_stays_if_a_run_fails(tool, serve):
    serve(streams=[[("frame",), ("sleep", 0.9), ("close", 1008, "enough")]])
    result = tool.run("-w", "200ms", "-n", 100, *PROMETHEUS, "-o", "file.prom", QUEUE, status=6)
    assert result.events("window.flush")[-1]["partial"]
    begun = datetime.datetime.fromisoformat(
        result.events("stream.connected")[0]["at"].replace("Z", "+00:00")).timestamp()
    good = (tool.dir / "file.prom").read_text()
    whole = len(result.events("window.flush")) - 1
    assert whole and stamp(good) == pytest.approx(begun + whole * 0.2, abs=0.002)
    serve(streams=[gateway.answer(403)])
    assert tool.run("--retry-for", "0", *PROMETHEUS, "-o", "file.prom", QUEUE).status == 3
    assert (tool.dir / "file.prom").read_text() == good
    assert list(tool.dir.glob(".*")) == []


def test_a_file_that_cannot_be_replaced_ends_the_run(tool, gate):
    (tool.dir / "d").mkdir()
    process = tool.start("-w", "200ms", "-n", 100, *PROMETHEUS, "-o", "d/x.prom", QUEUE)
    process.until("window.flush")
    assert harness.eventually(lambda: (tool.dir / "d/x.prom").exists())
    (tool.dir / "d").rename(tool.dir / "gone")
    assert "x.prom': cannot create a file next to it" in process.finish(status=7).end["message"]
    assert stamp((tool.dir / "gone/x.prom").read_text()) > 0


def test_after_a_signal_stdout_has_the_last_whole_window(tool, gate):
    process = tool.start("-w", "300ms", "-n", 1000, *PROMETHEUS, QUEUE, until="window.flush")
    result = process.end(status=128 + signal.SIGTERM)
    whole = [e for e in result.events("window.flush") if not e["partial"]]
    updates = [v for (name, _), v in parse(result.out).items() if name == "gsqstat_updates"]
    assert updates == [whole[-1]["updates"]]


def test_pipe_gets_only_the_last_window(tool):
    os.mkfifo(tool.dir / "pipe")
    reader = os.open(tool.dir / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with open(reader) as pipe:
        assert tool.run(*REPLAY, *PROMETHEUS, "-o", "pipe").status == 0
        assert parse(pipe.read()) == parse(tool.run(*REPLAY, *PROMETHEUS).out)


def test_thresholds_work_with_prometheus(tool):
    assert parse(tool.run(*REPLAY, *PROMETHEUS, "--fail-if", "coverage < 1", status=1).out)


# -- the real ones


def ask(port, path):
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=5) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, ConnectionError):
        return ""


def query(port, expression):
    text = ask(port, "/api/v1/query?query=" + urllib.parse.quote(expression))
    return [(r["metric"], float(r["value"][1])) for r in json.loads(text)["data"]["result"]] \
        if text.startswith("{") else []


@contextlib.contextmanager
def started(log, *command):
    with open(log, "w") as out:
        process = subprocess.Popen([*map(str, command)], stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def scraping(tool, textfiles, every):
    """The ports of a node_exporter of that directory, and of a Prometheus that scrapes it."""
    exporter, server = tool_at("prometheus-node-exporter", "node_exporter"), tool_at("prometheus")
    one, two = harness.free_port(), harness.free_port()
    tool.write(
        "prometheus.yml",
        "scrape_configs:\n- job_name: queues\n  scrape_interval: %s\n  scrape_timeout: %s\n"
        "  static_configs: [{targets: ['127.0.0.1:%d']}]\n" % (every, every, one))
    with started(tool.dir / "exporter.log", exporter, "--collector.disable-defaults",
                 "--collector.textfile", "--collector.textfile.directory=%s" % textfiles,
                 "--web.listen-address=127.0.0.1:%d" % one), \
            started(tool.dir / "prometheus.log", server,
                    "--config.file=%s" % (tool.dir / "prometheus.yml"),
                    "--storage.tsdb.path=%s" % (tool.dir / "data"),
                    "--web.listen-address=127.0.0.1:%d" % two):
        yield one, two


def test_node_exporter_and_prometheus_have_the_numbers(tool, serve):
    serve()
    textfiles = tool.dir / "textfile"
    textfiles.mkdir()
    # as the README has it, but for how long a window is
    process = tool.start("-w", "300ms", "-n", 1000, *PROMETHEUS, "-o", textfiles / "gsqstat.prom",
                         "-s", QUEUE)
    with scraping(tool, textfiles, "200ms") as (one, two):
        wanted = 'gsqstat_wait_time_avg_max_seconds{queue_id="%s"}' % QUEUE
        assert harness.eventually(lambda: query(two, wanted), 14), \
            (tool.dir / "prometheus.log").read_text()
        ((labels, value),) = query(two, wanted)
        assert 0 < value < 60 and labels["queue_id"] == QUEUE
        ((_, stamp_seen),) = query(two, "max_over_time(%s[1m])" % SUCCESS)
        assert harness.eventually(
            lambda: query(two, "max_over_time(%s[1m])" % SUCCESS)[0][1] > stamp_seen)
        # it ages, as the alert of the README asks
        assert query(two, "time() - %s > 3600" % SUCCESS) == []
        assert len(query(two, "time() - %s < 60" % SUCCESS)) == 1
        assert [v for _, v in query(two, "node_textfile_scrape_error")] == [0]
        assert query(two, "max_over_time(node_textfile_scrape_error[1m])")[0][1] == 0
        assert process.end().status == 128 + signal.SIGTERM
        assert "gsqstat_updates{" in ask(one, "/metrics")
