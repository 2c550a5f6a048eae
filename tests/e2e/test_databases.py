"""Real Prometheus, VictoriaMetrics and InfluxDB answer with the numbers that the rows have."""
import json
import pathlib
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest

import harness
from harness import NOTICES, SAMPLE, free_port
from test_prometheus import ask, query, scraping, started, tool_at

NAMES = pathlib.Path(__file__).parent.parent / "golden" / "notices-names.ndjson"
SITE = 'Köln, "A" = C:\\x'
STREAM_QUEUES = ["5f0c6b2e-8d7a-4c39-9e51-0b1f6a7c2d0%d" % n for n in (1, 2, 3)]
NOTICE_QUEUES = ["%s0000000-5b1d-4e0a-9c77-3d20c1d6a90%d" % pair
                 for pair in zip("abcd", range(4))]


def database(name, package):
    """The program; without it the test is skipped if this release has no package of it."""
    if not shutil.which(name) and shutil.which("apt-cache") \
            and subprocess.run(["apt-cache", "show", package], capture_output=True).returncode:
        pytest.skip("this release has no package " + package)
    return tool_at(name)


def jq(program, rows):
    done = subprocess.run(["jq", "-cs", program], input=rows, text=True, capture_output=True,
                          check=True)
    return json.loads(done.stdout)


# -- Prometheus

LAST = ("[.[] | select(.partial == false)] | (map(.window) | max) as $w"
        " | [.[] | select(.window == $w)]")
OWN = " | [.[] | select(.mediaType == null and .queueName != null)]"
MEDIA = " | [.[] | select(.mediaType != null)]"
OF_STREAM = " | [.[] | select(.metrics.waitTime)]"

# A query, and the same over the rows of the last whole window: {label: number}.
QUERIES = [
    ("sum by (queue_name) (gsqstat_o_waiting_count_last)", "queue_name",
     OWN + " | map({(.queueName): .metrics.oWaiting.count.last}) | add"),
    ("sum(gsqstat_o_waiting_count_last)", None,
     OWN + ' | {"": map(.metrics.oWaiting.count.last) | add}'),
    ("sum by (media) (gsqstat_media_o_waiting_count_last)", "media",
     MEDIA + " | group_by(.mediaType) | map({(.[0].mediaType):"
     " map(.metrics.oWaiting.count.last) | add}) | add"),
    ("max(gsqstat_o_longest_waiting_age_max_seconds)", None,
     OWN + ' | {"": (map(.metrics.oLongestWaiting.ageMs.max) | max / 1000)}'),
    ("sum by (status) (gsqstat_o_on_queue_users_count_last)", "status",
     OWN + " | map(.metrics.oOnQueueUsers | del(.count) | to_entries[]"
     " | select(.value.count.last != null)) | group_by(.key)"
     " | map({(.[0].key): map(.value.count.last) | add}) | add"),
    ("sum by (queue_id) (gsqstat_media_t_abandon_count_delta)", "queue_id",
     MEDIA + " | map(select(.metrics.tAbandon.count.delta != null)) | group_by(.queueId)"
     " | map({(.[0].queueId): map(.metrics.tAbandon.count.delta) | add}) | add"),
    ("min by (queue_name) (gsqstat_media_o_service_level_ratio)", "queue_name",
     MEDIA + " | map(select(.metrics.oServiceLevel.ratio != null)) | group_by(.queueName)"
     " | map({(.[0].queueName): map(.metrics.oServiceLevel.ratio) | min}) | add"),
    ("sum(gsqstat_media_n_offered_count_so_far)", None,
     MEDIA + ' | {"": map(.metrics.nOffered.count.total // 0) | add}'),
    ("max by (queue_id) (gsqstat_wait_time_avg_p95_seconds)", "queue_id",
     OF_STREAM + " | map({(.queueId): (.metrics.waitTime.avg.p95 / 1000)}) | add"),
    ("sum by (source) (gsqstat_updates)", "source",
     ' | [.[] | select((.mediaType // null) == null)]'
     ' | {stream: [.[] | select(.metrics.waitTime) | .updates] | add,'
     ' notifications: [.[] | select(.metrics.waitTime | not) | .updates] | add}'),
    ("count(gsqstat_last_success_timestamp_seconds)", None, ' | {"": 7}')]


def four_runs(tool):
    """Two sources with two lists of queues each; two queues are watched by both sources."""
    text = SAMPLE.read_text()
    for stream, notices in zip(STREAM_QUEUES[:2], NOTICE_QUEUES):
        text = text.replace(stream, notices)
    (tool.dir / "stream.ndjson").write_text(text)
    stream = ("--replay", "stream.ndjson", "--time", "arrival", "-w", "1m")
    notices = ("--replay", NOTICES, "-w", "1m")
    return [(*stream, "-q", NOTICE_QUEUES[0]),
            (*stream, "-q", "%s,%s" % (NOTICE_QUEUES[1], STREAM_QUEUES[2])),
            (*notices, "-q", "%s,%s" % tuple(NOTICE_QUEUES[:2])),
            (*notices, "-q", "%s,%s" % tuple(NOTICE_QUEUES[2:]))]


def test_four_files_side_by_side_in_one_textfile_directory(tool):
    textfiles = tool.dir / "textfile"
    textfiles.mkdir()
    rows = []
    for n, args in enumerate(four_runs(tool)):
        rows.append(tool.run(*args, "-s").out)
        assert rows[-1] and tool.run(*args, "-s", "-f", "prometheus", "--label", "run=%d" % n,
                                     "-o", textfiles / ("%d.prom" % n)).status == 0
    with scraping(tool, textfiles, "500ms") as (_, two):
        assert harness.eventually(lambda: query(two, "gsqstat_updates"), 30), \
            (tool.dir / "prometheus.log").read_text()
        assert "inconsistent" not in (tool.dir / "exporter.log").read_text()
        assert query(two, "node_textfile_scrape_error")[0][1] == 0
        for expression, label, program in QUERIES:
            last = [row for text in rows for row in jq(LAST, text)]
            wanted = jq("." + program, "\n".join(json.dumps(row) for row in last))
            found = {labels.get(label, "") if label else "": value
                     for labels, value in query(two, expression)}
            assert found == pytest.approx(wanted) and wanted, expression
        found = query(two, "count by (run) (gsqstat_updates)")
        assert {labels["run"]: value for labels, value in found} == {
            "0": 1, "1": 2, "2": 2, "3": 2}


# -- the line protocol

def post(port, path, body=b""):
    request = urllib.request.Request("http://127.0.0.1:%d%s" % (port, path), data=body,
                                     method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def lines(tool, *args):
    """The lines of the recording with all its odd names, and its rows."""
    replay = ("--replay", NAMES, "-w", "10s", "-n", 1, "-m", "oWaiting", *args, "-s")
    return tool.run(*replay, "-f", "influx").out.encode(), tool.run(*replay).rows


def waiting(rows):
    """{(queue's name, media type): the last number}; a control character is U+FFFD."""
    return {(row["queueName"].replace("\u202e", "\ufffd"), row["mediaType"] or ""):
            row["metrics"]["oWaiting"]["count"]["last"] for row in rows}


def is_ready(port, path):
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=5):
            return True
    except (urllib.error.URLError, ConnectionError):
        return False


def test_victoriametrics_has_the_numbers(tool):
    port = free_port()
    text, rows = lines(tool, "--label", "site=" + SITE)
    with started(tool.dir / "victoria.log", database("victoria-metrics", "victoria-metrics"),
                 "-storageDataPath=%s" % (tool.dir / "victoria"), "-retentionPeriod=100y",
                 "-httpListenAddr=127.0.0.1:%d" % port, "-search.latencyOffset=0s"):
        assert harness.eventually(lambda: is_ready(port, "/health"), 30), \
            (tool.dir / "victoria.log").read_text()
        post(port, "/write", text)
        ask(port, "/internal/force_flush")
        path = "/api/v1/query?time=%d.999&query=%s" % (
            rows[0]["endMs"] // 1000, urllib.parse.quote('gsqstat_last{metric="oWaiting"}'))
        found = {(one["metric"]["queue_name"], one["metric"].get("media", "")):
                 float(one["value"][1]) for one in json.loads(ask(port, path))["data"]["result"]
                 if one["metric"]["site"] == SITE}
    assert found == waiting(rows) and len(found) == len(rows)


def test_influxdb_has_the_numbers(tool, monkeypatch):
    port, other = free_port(), free_port()
    for name, value in (("META_DIR", tool.dir / "meta"), ("DATA_DIR", tool.dir / "data"),
                        ("DATA_WAL_DIR", tool.dir / "wal"), ("REPORTING_DISABLED", "true"),
                        ("HTTP_BIND_ADDRESS", "127.0.0.1:%d" % port),
                        ("BIND_ADDRESS", "127.0.0.1:%d" % other)):
        monkeypatch.setenv("INFLUXDB_" + name, str(value))
    text, rows = lines(tool, "--label", "site=" + SITE)
    (tool.dir / "influx.conf").write_text("")
    with started(tool.dir / "influx.log", database("influxd", "influxdb"), "run", "-config",
                 tool.dir / "influx.conf"):
        assert harness.eventually(lambda: is_ready(port, "/ping"), 30), \
            (tool.dir / "influx.log").read_text()
        post(port, "/query", b"q=CREATE DATABASE queues")
        post(port, "/write?db=queues&precision=ns", text)
        asked = "SELECT last FROM gsqstat WHERE metric = 'oWaiting' " \
                "GROUP BY queue_name, media, site"
        answer = ask(port, "/query?db=queues&epoch=ms&q=" + urllib.parse.quote(asked))
        series = json.loads(answer)["results"][0]["series"]
    found = {(one["tags"]["queue_name"], one["tags"]["media"]): one["values"][0][1]
             for one in series if one["tags"]["site"] == SITE}
    assert found == waiting(rows) and len(found) == len(rows)
    assert {one["values"][0][0] for one in series} == {rows[0]["endMs"]}
