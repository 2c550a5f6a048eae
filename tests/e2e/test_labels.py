"""--label: where labels stand in each output, and which are refused."""
import csv
import io
import json
import os
import re

import hooks
import pytest
from harness import NOTICES, QUEUE, REPLAY, SAMPLE, TOP
from test_callback import to
from test_prometheus import check_metrics, parse

SOURCES = [("--replay", SAMPLE, "-w", "1m", "--time", "arrival", "-n", "2"),
           ("--replay", NOTICES, "-w", "1m", "-n", "2", "-m", "*")]
LABELS = {"site": "Köln", "_team2": 'a "b" \\ c; d=e, \\', "Zone": "日本 🙂"}
GIVEN = [word for name, value in LABELS.items() for word in ("--label", f"{name}={value}")]
# Characters that would change how the text around them is shown, and a line end.
UNSAFE = "a\u202eb\x1b[31m\nc\x7f"


@pytest.mark.parametrize("source", SOURCES)
def test_ndjson_has_them_last_and_only_if_given(tool, source):
    plain = tool.run(*source, "-s", status=0).out.splitlines()
    labelled = tool.run(*source, *GIVEN, "-s", status=0).out.splitlines()
    end = ',"labels":' + json.dumps(LABELS, ensure_ascii=False, separators=(",", ":")) + "}"
    assert labelled == [line[:-1] + end for line in plain] and plain
    assert list(json.loads(labelled[0])["labels"].items()) == list(LABELS.items())


def unpacked(text):
    """The labels of a cell."""
    found = {}
    for part in re.findall(r"(?:[^;\\]|\\.)+", text):
        name, value = part.split("=", 1)
        found[name] = re.sub(r"\\(.)", r"\1", value)
    return found


@pytest.mark.parametrize("source", SOURCES)
def test_csv_has_them_in_the_last_column(tool, source):
    plain = list(csv.reader(io.StringIO(tool.run(*source, "-f", "csv", "-s").out)))
    labelled = list(csv.reader(io.StringIO(tool.run(*source, "-f", "csv", "-s", *GIVEN).out)))
    assert [row[:-1] for row in labelled] == plain and labelled[0][-1] == "labels"
    assert {row[-1] for row in labelled[1:]} == {
        'site=Köln;_team2=a "b" \\\\ c\\; d=e, \\\\;Zone=日本 🙂'}
    assert unpacked(labelled[1][-1]) == LABELS
    headless = tool.run(*source, "-f", "csv", "-s", "--no-header", *GIVEN).out
    assert list(csv.reader(io.StringIO(headless))) == labelled[1:]


@pytest.mark.parametrize("source", SOURCES)
def test_every_series_of_prometheus_has_them(tool, source):
    stats = ("-s", "-f", "prometheus", "--stat", "last,mean,count,carried,total,delta")
    plain = parse(tool.run(*source, *stats, status=0).out)
    r = tool.run(*source, *stats, *GIVEN, status=0)
    check_metrics(r.out)
    assert parse(r.out) == {(name, labels + tuple(LABELS.items())): value
                            for (name, labels), value in plain.items()}


@pytest.mark.parametrize("source", SOURCES)
def test_every_line_of_influx_has_them_sorted(tool, source):
    lines = tool.run(*source, "-s", "-f", "influx", *GIVEN, status=0).out.splitlines()
    plain = tool.run(*source, "-s", "-f", "influx", status=0).out.splitlines()
    assert len(lines) == len(plain) > 10
    for line, without in zip(lines, plain):
        # a backslash at the end of a value, or before what is escaped, cannot be written
        assert ",Zone=日本\\ 🙂,_team2=a\\ \"b\"\\ \\ c;\\ d\\=e\\,\\ ," in line, line
        keys = re.findall(r"(?<!\\),(\w+)=", line.rsplit(" ", 2)[0])
        assert keys == sorted(keys) and {"Zone", "_team2", "site"} < set(keys), line
        for tag in re.findall(r",(\w+=[^,= ]+)", without.rsplit(" ", 2)[0]):
            assert "," + tag in line


@pytest.mark.parametrize("form", ["plain", "cloudevents"])
def test_callbacks_have_rows_with_them(tool, tmp_path, form):
    with hooks.Receiver(tmp_path) as hook:
        tool.env["SSL_CERT_FILE"] = hook.ca
        r = tool.run(*REPLAY, "-n", 1, *to(hook), "--callback-format", form, *GIVEN, "-f", "csv",
                     status=0)
    body = hook.requests[0].json
    body = body["data"] if form == "cloudevents" else body
    assert [row["labels"] for row in body["rows"]] == [LABELS] * 3 and r.out
    assert "labels" not in body and "labels" not in body["meta"]


def test_table_does_not_show_them(tool):
    source = (*SOURCES[0], "-f", "table", "-s")
    assert tool.run(*source, *GIVEN, status=0).out == tool.run(*source, status=0).out


def test_unsafe_characters_are_escaped_or_replaced(tool):
    def out(form):
        return tool.run(*SOURCES[0], "-s", "-f", form, "--label", "x=" + UNSAFE, status=0).out

    for form in ("ndjson", "csv", "prometheus", "influx"):
        assert not set("\u202e\x1b\x7f") & set(out(form)), form
    assert json.loads(out("ndjson").splitlines()[0])["labels"] == {"x": UNSAFE}
    safe = "a\ufffdb\ufffd[31m\ufffdc\ufffd"
    assert list(csv.reader(io.StringIO(out("csv"))))[1][-1] == "x=" + safe
    assert {dict(labels)["x"] for _, labels in parse(out("prometheus"))} == {safe}
    assert all(",x=a\ufffdb\ufffd[31m\\ c\ufffd " in line for line in out("influx").splitlines())


# --- what is refused ----------------------------------------------------------------------

def refused(tool, *args):
    r = tool.run(*SOURCES[0], *args, status=2)
    assert r.out == "" and len(r.err.splitlines()) == 1, r.err
    return r.err


@pytest.mark.parametrize("label, words", [
    ("site", "must be NAME=VALUE"), ("", "must be NAME=VALUE"), ("=x", "must be NAME=VALUE"),
    ("2a=x", "does not begin with a digit"), ("a-b=x", "letters, digits and underscores"),
    ("sité=x", "letters, digits and underscores"), ("a b=x", "letters, digits"),
    ("a" * 65 + "=x", "at most 64"), ("__a=x", "__, which Prometheus reserves"),
    ("a=", "must have a value"), ("a=" + "x" * 257, "at most 256 bytes"),
    (b"a=\xff", "UTF-8"), (b"a=x\xed\xa0\x80", "UTF-8")])
def test_bad_label_is_refused_with_the_rule(tool, label, words):
    err = refused(tool, "--label", os.fsdecode(label))
    assert words in err and err.startswith("gsqstat: --label '"), err


def test_bounds_are_taken(tool):
    many = [w for n in range(31) for w in ("--label", f"a{n}={'x' * 256}")]
    r = tool.run(*SOURCES[0], *many, "--label", "a" * 64 + "=x", "-s", status=0)
    assert len(r.rows[0]["labels"]) == 32
    assert "at most 32 labels" in refused(tool, *many, "--label", "y=1", "--label", "z=1")
    assert "another label has this name" in refused(tool, "--label", "a=1", "--label", "a=1")
    tool.run(*SOURCES[0], "--label", "a=1", "--label", "A=1", "-s", status=0)


def names_in_use(tool):
    """The labels, tags and fields of what is kept and of the recordings here."""
    texts = [path.read_text(errors="replace") for path in (TOP / "tests/golden").glob("*.out")]
    texts += [tool.run(*source, "-s", "-f", form, status=0).out for source in SOURCES
              for form in ("prometheus", "influx")]
    found = set()
    for line in "\n".join(texts).splitlines():
        if re.match(r"gsqstat\w+\{", line):
            found |= set(re.findall(r'[{,](\w+)="', line))
        elif line.startswith("gsqstat,"):
            found |= set(re.findall(r"[, ](\w+)=", line))
    return found


def test_no_name_that_an_output_uses_is_taken(tool):
    used = names_in_use(tool)
    assert used > {"queue_id", "queue_name", "media", "status", "presence", "source", "reason",
                   "metric", "field", "last", "value", "coverage", "updates"}
    for name in used | {"group", "shard", "le", "quantile", "time", "_field", "_measurement",
                        "observedMs", "carried"}:
        assert "use this name themselves" in refused(tool, "--label", name + "=x"), name


def test_modes(tool):
    tool.env.update(GENESYS_CLIENT_ID="id", GENESYS_CLIENT_SECRET="s", GENESYS_API_HOST="x:1")
    for args, words in (
            (["--list-queues"], "cannot be used with --list-queues"),
            (["--check", "nagios", QUEUE], "cannot be used with --check"),
            (["--verify-audit", SAMPLE], "cannot be used with --verify-audit")):
        r = tool.run(*args, "--label", "site=x")
        assert r.status in (2, 3) and f"--label 'site=x' {words}" in r.err, r.err


def test_configuration_file_and_settings(tool):
    tool.write("gs.conf", 'label = site=Köln\nlabel "team=a b"\n')
    conf = ("--config", "gs.conf")
    r = tool.run(*SOURCES[0], *conf, status=0)
    assert r.rows[0]["labels"] == {"site": "Köln", "team": "a b"}
    assert r.events("run.start")[0]["settings"]["label"] == ["site=Köln", "team=a b"]
    found = tool.run(*SOURCES[0], *conf, "--dry-run", status=0).settings["label"]
    assert found == {"value": ["site=Köln", "team=a b"], "from": "gs.conf:2"}
    r = tool.run(*SOURCES[0], *conf, "--label", "site=Bonn", "-s", status=0)
    assert r.rows[0]["labels"] == {"site": "Bonn"}
    assert tool.run(*SOURCES[0], *conf, "--check", "nagios").status == 0
    tool.write("gs.conf", "label = site=x\nlabel = __x=y\n")
    assert tool.run(*SOURCES[0], *conf, status=2).err == (
        "gsqstat: gs.conf:2: label '__x=y': NAME must not begin with __, which Prometheus "
        "reserves\n")


def test_live_run_of_the_stream(tool, gate):
    tool.login(gate)
    r = tool.run("-w", "300ms", "-s", QUEUE, "--label", "site=Bonn", status=0)
    assert [row["labels"] for row in r.rows] == [{"site": "Bonn"}]


def test_live_run_of_notifications(tool, service):
    tool.login(service)
    r = tool.run("--now", "-s", QUEUE, "--label", "site=Bonn", status=0)
    assert [row["labels"] for row in r.rows] == [{"site": "Bonn"}]
