"""The published schemas. harness.py validates what each other test makes the program print."""
import copy
import json

import hooks
import jsonschema
import pytest
import schemas
from harness import NOTICES, QUEUE, SAMPLE


@pytest.mark.parametrize("name", sorted(schemas.FILES))
def test_schema_is_valid_and_says_what_it_is_for(name):
    schema = schemas.FILES[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"].startswith(name.replace("-1.json", "/1")) and "gsqstat(1)" in \
        schema["description"]


def change(found, path, value):
    """A copy with another value at the path; ...: without the member."""
    found = copy.deepcopy(found)
    *way, last = path.split("/")
    inner = found
    for step in way:
        inner = inner[step]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return found


ROWS = ("schema gsqstat/2", "start 2026-11-24", "coverage 1.5", "queueId x", "rejected/stale ...",
        "updates -1", "quantiles about", "lagMs/p50 ...", "metrics ...", "partial null", "extra 1")


@pytest.mark.parametrize("recording, faults", [
    (SAMPLE, ("mediaType null", "interval ...", "metrics/state/waiting/p99 ...",
              "metrics/state/waiting/sketch 2:AA==", "metrics/state/waiting 4")),
    (NOTICES, ("mediaType ...", "interval PT10S", "time event", "sketch/v 2",
               "metrics/oWaiting/count/carried 0", "metrics/oWaiting/count/last ...",
               "metrics/oWaiting/count 4"))])
def test_schema_of_rows_refuses_what_is_no_row(tool, recording, faults):
    rows = tool.run("--replay", recording, "-s", "--sketch", "-w", "1m", status=0).rows
    row = next(row for row in rows if row["lagMs"])
    schemas.check("gsqstat-1.json", row)
    for fault in ROWS + faults:
        path, text = fault.split()
        try:
            value = ... if text == "..." else json.loads(text)
        except ValueError:
            value = text
        broken = change(row, path, value)
        assert not schemas.VALIDATORS["gsqstat-1.json"].is_valid(broken), fault


def test_schema_of_audit_lines_knows_each_event(tool):
    tool.run("--replay", SAMPLE, "--audit-file", "log", "--audit-chain", "-n", "2", status=0)
    lines = tool.lines("log")
    for line in lines:
        schemas.check("gsqstat-audit-1.json", line)
        validator = schemas.VALIDATORS["gsqstat-audit-1.json"]
        assert not validator.is_valid(line | {"event": "run.begin"})
        assert not validator.is_valid(line | {"more": 1})
        assert not validator.is_valid({"ts": line["ts"], "level": "info", "event": line["event"],
                                       "run": line["run"]})
        assert validator.is_valid({"ts": line["ts"], "level": "info", "event": line["event"],
                                   "run": line["run"], "truncated": True})


def test_schema_of_audit_lines_takes_a_delivery_that_was_never_tried():
    """The run can end while it waits behind another, so the program prints no attempt."""
    line = {"ts": "2026-11-24T09:00:00.000Z", "level": "warning", "event": "callback.spooled",
            "run": "8f7c5d0e-5f0c-4b2e-8d7a-4c399e510b1f", "url": "https://localhost:1",
            "id": "8f7c5d0e-5f0c-4b2e-8d7a-4c399e510b1f-4-0", "reason": "the run ended",
            "suppressed": 0}
    for event in ("callback.spooled", "callback.dropped"):
        schemas.check("gsqstat-audit-1.json", line | {"event": event})
        schemas.check("gsqstat-audit-1.json", line | {"event": event, "attempt": 1})
    validator = schemas.VALIDATORS["gsqstat-audit-1.json"]
    assert not validator.is_valid(line | {"event": "callback.refused"})


def test_schema_of_recordings_knows_each_line(tool, gate):
    tool.run("--record", "taken", "-w", "100ms", "--interval", "PT10S", QUEUE, status=0)
    lines = tool.lines("taken")
    assert {line.get("state", "frame") for line in lines} >= {"run", "connected", "end"}
    validator = schemas.VALIDATORS["gsqstat-recording-1.json"]
    for line in lines:
        schemas.check("gsqstat-recording-1.json", line)
        assert not validator.is_valid(line | {"state": "about"})
        assert not validator.is_valid(line | {"more": 1})
    for line in NOTICES.read_text().splitlines() + SAMPLE.read_text().splitlines():
        schemas.check("gsqstat-recording-1.json", json.loads(line))


@pytest.mark.parametrize("form", ["plain", "cloudevents"])
def test_schema_of_callbacks_is_that_of_both_forms(tool, tmp_path, form):
    with hooks.Receiver(tmp_path) as hook:
        tool.env["SSL_CERT_FILE"] = hook.ca
        tool.run("--replay", SAMPLE, "-n", "1", "--callback", hook.url, "--callback-format",
                 form, "--callback-allow-private", status=0)
    body = json.loads(hook.requests[0].body)
    window = body["data"] if form == "cloudevents" else body
    validator = schemas.VALIDATORS["gsqstat-window-1.json"]
    assert validator.is_valid(window) and schemas.BODIES == [hook.requests[0].body]
    assert not validator.is_valid(window | {"part": None})
    assert not validator.is_valid(change(window, "meta/end", ...))
    window["rows"][0]["metrics"] = None
    assert not validator.is_valid(window)
