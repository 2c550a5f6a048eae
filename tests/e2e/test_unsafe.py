"""Characters from outside that would change how the text around them is shown."""
import csv
import io
import json

import pytest
import recordings
from frames import frame
from harness import QUEUE
from notice_frames import queue
from recordings import ONE, at, begin, end, instant, named

UNSAFE = "\x01\x1b\n\r\t\x7f\x85\x9b\u061c\u200e\u200f\u2028\u2029" \
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
SAFE = "\u200c\u200d\u00e4\U0001f469\u200d\U0001f680"
NAME = "=A" + UNSAFE + SAFE + "'|"
SHOWN = "=A" + "\ufffd" * len(UNSAFE) + SAFE + "'|"
FORMATS = ["ndjson", "csv", "table", "prometheus", "influx", "check"]


def assert_harmless(text):
    left = set(text.replace("\n", "")) & set(UNSAFE)
    assert not left, (left, text)


def recording():
    presences = {"results": [], "systemToOrganizationMappings": {NAME: ["id"]}}
    mappings = at(0, '"answer":"snapshot","asked":"2026-11-24T02:00:00Z","frame":'
                  + json.dumps(presences))
    metrics = {"oX" + NAME: 1, ("oUserPresences", "id"): 2}
    return named(ONE, NAME) + begin() + mappings + recordings.frame(
        1, instant(1, metrics, media="m" + NAME)) + end(10)


@pytest.mark.parametrize("form", FORMATS)
def test_names_of_a_recording(tool, form):
    flags = ["--check", "nagios", "-W", "coverage=2:"] if form == "check" \
        else ["-f", form]
    result = tool.run("--source", "notifications", "--replay", "-", "-w", "10s", "-m", "*",
                      *flags, ONE, data=recording())
    assert result.out, result.err
    assert_harmless(result.out)
    assert_harmless(result.err)
    if form == "ndjson":
        rows = result.rows
        assert rows[0]["queueName"] == NAME and rows[1]["mediaType"] == "m" + NAME
        assert "\\u202e" in result.out and "\\u2028" in result.out and SAFE in result.out
        assert [key for key in rows[1]["metrics"] if key.startswith("oX") and SAFE in key]
    elif form == "csv":
        rows = list(csv.DictReader(io.StringIO(result.out)))
        assert {row["queueName"] for row in rows} == {SHOWN}    # its = is kept
        assert {row["mediaType"] for row in rows} == {"", "m" + SHOWN}
    elif form == "prometheus":
        assert 'queue_name="%s"' % SHOWN in result.out
        assert 'media="m%s"' % SHOWN in result.out
    elif form == "influx":
        shown = "".join("\\ " if c in "\n\r" else "\\=" if c == "=" else
                        "\ufffd" if c in UNSAFE else c for c in NAME)
        assert "queue_name=%s" % shown in result.out
        assert "media=m%s" % shown in result.out
    elif form == "table":
        assert "=A\ufffd" in result.out
    else:
        shown = SHOWN.replace("|", "_")     # and in performance data no = and no '
        assert "coverage of %s is 1" % shown in result.out
        assert " '_%s coverage'=" % shown[1:].replace("'", "_") in result.out


@pytest.mark.parametrize("form", FORMATS[:5])
def test_names_in_frames_of_the_stream(tool, form):
    text = frame(QUEUE, at="2026-11-24T02:00:01Z", state={"x" + NAME: 1}, interval=NAME)
    result = tool.run("--replay", "-", "-m", "state", "-f", form, data=text + "\n", status=0)
    assert form == "prometheus" or "x=A" in result.out.replace("\\=", "="), result.out
    assert_harmless(result.out)


@pytest.mark.parametrize("form", FORMATS[:2])
def test_lists_of_queues_and_what_is_kept_of_them(tool, notify, form):
    entity = queue(ONE, NAME)
    entity["division"] = {"id": "d" + NAME, "name": NAME}
    notify(queues=[entity])
    listed = tool.run("--source", "notifications", "--list-queues", "-f", form)
    run = tool.run("--source", "notifications", "-w", "300ms", "--queue-name", "=a*",
                   "-f", form, "--record", "recording")
    wrong = tool.run("--source", "notifications", "--queue-name", "=A" + UNSAFE)
    assert listed.status == run.status == 0 and wrong.status == 2
    for text in (listed.out, run.out, wrong.err, (tool.dir / "recording").read_text()):
        assert_harmless(text)
    if form == "csv":
        row, = csv.DictReader(io.StringIO(listed.out))
        assert (row["name"], row["divisionId"], row["divisionName"]) == (SHOWN, "d" + SHOWN, SHOWN)
    else:
        assert (listed.rows[0]["name"], listed.rows[0]["divisionName"]) == (NAME, NAME)
        assert run.rows[0]["queueName"] == NAME


def test_reasons_and_what_is_rejected(tool, serve):
    serve(streams=[[("send", "no JSON: " + NAME), ("close", 1001, "gone " + NAME)], [("frame",)]])
    result = tool.run("-w", "1s", "--retry-for", "20s", "--rejects", "rejects", "--record",
                      "recording", QUEUE)
    reason = result.events("stream.lost")[0]["reason"]
    assert "gone " + NAME in reason
    files = [(tool.dir / name).read_text() for name in ("rejects", "recording")]
    for text in (result.err, *files):
        assert_harmless(text)
        assert "\\u202e" in text
    assert tool.lines("rejects")[0]["text"] == "no JSON: " + NAME


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@A1"])
def test_a_cell_that_begins_as_a_formula_stays(tool, cell):
    data = recording().replace(json.dumps(NAME), json.dumps(cell))
    result = tool.run("--source", "notifications", "--replay", "-", "-w", "10s", "-f", "csv",
                      ONE, data=data)
    assert {row["queueName"] for row in csv.DictReader(io.StringIO(result.out))} == {cell}


@pytest.mark.parametrize("name, asked, told", [
    ("Bu\u0308ro Su\u0308d", "B\u00fcro S\u00fcd",
     "U+0075 U+0308 for U+00FC, U+0075 U+0308 for U+00FC"),
    ("Second\u00a0Level", "second level", "U+00A0 for U+0020")])
def test_a_name_that_looks_the_same(tool, notify, name, asked, told):
    args = "--source", "notifications", "--queue-name", asked
    text = 'no queue has the name "%s"; "%s" (%s) looks the same but has %s' % (
        asked, name, ONE, told)
    notify(queues=[queue(ONE, name)])
    assert tool.run(*args, status=2).end["message"] == text
