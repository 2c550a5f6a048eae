"""--media: which rows of media types are printed, exposed and delivered."""
import csv
import io
import json
import re

import hooks
import pytest
from harness import NOTICES

REPLAY = ("--replay", NOTICES, "-w", "1m")


def types(rows):
    return {row["mediaType"] for row in rows}


@pytest.fixture
def rows(tool):
    found = tool.run(*REPLAY, "-s", status=0).rows
    assert types(found) == {None, "voice", "message"}
    return found


@pytest.mark.parametrize("words, shown", [
    (["none"], []), (["all"], ["voice", "message"]), (["voice"], ["voice"]),
    (["chat,message"], ["message"]), (["voice", "message"], ["voice", "message"]), (["chat"], [])])
def test_rows_of_queues_stay_and_those_of_media_types_are_chosen(tool, rows, words, shown):
    args = [word for value in words for word in ("--media", value)]
    found = tool.run(*REPLAY, *args)
    assert found.status == 0 and found.rows == [
        row for row in rows if row["mediaType"] in (None, *shown)]
    assert found.end["rows"] == len(found.rows)


def test_every_form_of_output_has_the_chosen_rows(tool):
    voice = (*REPLAY, "--media", "voice", "-s", "-f")
    cells = list(csv.DictReader(io.StringIO(tool.run(*voice, "csv").out)))
    assert {row["mediaType"] for row in cells} == {"", "voice"}
    table = tool.run(*voice, "table", "-n", 1).out
    assert "  voice" in table and "message" not in table and "Sales" in table
    for form, label in (("prometheus", r'media="(\w+)"'), ("influx", r",media=(\w+),")):
        text = tool.run(*voice, form).out
        assert set(re.findall(label, text)) == {"voice"} and "Sales" in text


def test_thresholds_and_checks_compare_all_rows(tool):
    none = (*REPLAY, "--media", "none")
    held = tool.run(*none, "--fail-if", "/voice:oWaiting.max >= 0", status=1)
    assert types(held.rows) == {None}
    assert types(held.events("threshold.held")) == {"voice"}
    found = tool.run(*none, "-n", 1, "--check", "nagios", "-W", "/voice:oWaiting.last=@0:")
    assert found.status == 1 and "'Sales/voice oWaiting.last'=" in found.out


def test_callback_gets_the_rows_that_are_printed(tool, tmp_path):
    with hooks.Receiver(tmp_path) as hook:
        tool.env["SSL_CERT_FILE"] = hook.ca
        for form in ("ndjson", "csv"):
            hook.requests.clear()
            found = tool.run(*REPLAY, "--media", "message", "-f", form, "--callback", hook.url,
                             "--callback-allow-private", status=0)
            sent = [row for request in hook.requests for row in request.json["rows"]]
            assert types(sent) == {None, "message"}
            assert form == "csv" or sent == found.rows


def test_audit_proves_the_bytes_that_were_printed(tool):
    args = ("--audit-file", "audit", "--audit-chain", "-o", "rows")
    tool.run(*REPLAY, "--media", "voice", *args, status=0)
    tool.run("--verify-audit", "audit", "--rows", "rows", status=0)
    rows = (tool.dir / "rows").read_bytes()
    lines = [json.loads(line) for line in (tool.dir / "audit").read_text().splitlines()]
    flushed = [line for line in lines if line["event"] == "window.flush"]
    assert sum(line["rowsBytes"] for line in flushed) == len(rows)
    assert lines[-1]["rows"] == rows.count(b"\n")


@pytest.mark.parametrize("args, words", [
    (["--media", "voic"], "--media 'voic': must be none, all, voice, callback, chat, email, "
     "message, cobrowse, internalmessage, screenmonitoring, screenshare, video or unknown; did you "
     "mean voice?"),
    (["--media", "voice,"], "--media '': must be none, all,"),
    (["--media", "none,voice"], "--media 'none' cannot be used with other words"),
    (["--media", "voice", "--media", "all"], "--media 'all' cannot be used with other words"),
    (["--media", "voice", "--source", "stream"],
     "--media 'voice' cannot be used with --source stream"),
    (["--media", "voice", "--now"], "--media 'voice' cannot be used with --now")])
def test_bad_media_exits_with_2_and_one_line(tool, args, words):
    tool.env.update(GENESYS_CLIENT_ID="i", GENESYS_CLIENT_SECRET="s", GENESYS_API_HOST="h.example")
    found = tool.run("11111111-1111-4111-8111-111111111111", *args, status=2)
    assert found.err.count("\n") == 1 and words in found.err, found.err


def test_live_run_of_a_queue_by_its_name(tool, notify):
    notify()
    found = tool.run("--queue-name", "Queue 01", "--media", "none", "-w", "300ms", "-n", 2,
                     status=0)
    assert types(found.rows) == {None} and len(found.rows) == 2
