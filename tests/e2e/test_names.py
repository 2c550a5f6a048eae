"""Names of queues that --queue-file gives: in rows of both sources, in scopes, in recordings."""
import csv
import io

import frames
import pytest
import recordings
from harness import QUEUE, SAMPLE
from notice_frames import queue
from recordings import ONE, begin, end, instant, named

OTHER, THIRD = frames.QUEUES[1:3]
STREAM = ("--replay", "-", "--time", "arrival", "-w", "10s", "-m", "waitTime")
NOTICES = ("--replay", "-", "-w", "10s", "-m", "oWaiting")


def stream(*queues):
    """A recording of ten seconds with a frame of each queue, which does not list them."""
    return recordings.state(0, "connected") + "".join(
        recordings.frame(1, frames.frame(one, at="2026-11-24T02:00:01Z")) for one in queues) \
        + end(10)


def shown(result):
    """The names of the queues that have rows."""
    return {row["queueId"]: row.get("queueName") for row in result.rows}


@pytest.mark.parametrize("text, expected", [
    ("%s Sales\n" % QUEUE, {QUEUE: "Sales"}),
    ("%s\t  Sales & \u00dcber, \"#1\" \r\n%s" % (QUEUE, OTHER),
     {QUEUE: "Sales & \u00dcber, \"#1\"", OTHER: None}),
    ("\n# %s Gone\n  # more\n%s # no name\n%s# none\n" % (THIRD, QUEUE, OTHER),
     {QUEUE: None, OTHER: None}),
    ("\ufeff%s A\n" % QUEUE.upper(), {QUEUE: "A"}),
    # CSV
    ("id,name\n%s,Sales\n" % QUEUE, {QUEUE: "Sales"}),
    ("\ufeffID, Name\r\n%s , Sales \r\n\r\n%s,\"\"" % (QUEUE, OTHER),
     {QUEUE: "Sales", OTHER: None}),
    ("# kept\ndivision,name,id\n\"a\nb\",\"Say \"\"b\"\", \nthen c\",%s\n,#1,%s\n"
     % (QUEUE, OTHER), {QUEUE: "Say \"b\", \nthen c", OTHER: "#1"}),
    ("id,name\n#%s,Gone\n%s,\" Here \",more,\n%s\n" % (THIRD, QUEUE, OTHER),
     {QUEUE: " Here ", OTHER: None}),
    ("id\n%s\n" % QUEUE, {QUEUE: None}),
    ("id,id,name,name\n%s,x,a,b\n" % QUEUE, {QUEUE: "a"}),
    ("%s n,id\n" % QUEUE, {QUEUE: "n,id"})])
def test_names_of_a_file(tool, text, expected):
    tool.write("queues", text)
    r = tool.run(*STREAM, "-Q", "queues", data=stream(QUEUE, OTHER, THIRD), status=0)
    assert shown(r) == expected and not r.events("warning"), r.err
    for row in r.rows:      # beside the ID, and only where it is known
        assert list(row)[list(row).index("queueId") + 1] == "interval"
        assert ("queueName" in row) == (expected[row["queueId"]] is not None)


@pytest.mark.parametrize("text, words", [
    (b"%s \xff\n", "line 1: the name is not UTF-8"),
    (b"\n# c\n%s a\0b\n", "line 3: the name has a NUL"),
    (b"%s " + b"\xc3\xa4" * 513, "line 1: the name is longer than 1024 bytes"),
    (b"id,name\n%s,\"a\n", "line 2: a quoted field does not end"),
    (b"name,id\n\"a\nb\",%s\n\"c\"d,x\n", "line 4: text follows a quoted field"),
    (b"id,name\n%s,\xff\nx,y\n", "line 2: the name is not UTF-8"),
    (b"id,name\n%s,a\nx,y\n", "line 3: 'x': must be a queue ID"),
    (b"name,id\n%s\n", "line 2: '': must be a queue ID"),
    (b"%s %s\n", "line 1: '%s %s': must be" % (QUEUE, QUEUE)),
    (b"%s a\nSales b\n", "line 2: 'Sales b': must be a queue ID"),
    (b"%s,Sales\n", "line 1: the first line of CSV must have the names of the columns"),
    (b"id,name\n", "contains no queue ID"), (b"# %s\n", "contains no queue ID")])
def test_bad_file_is_2_with_its_line(tool, text, words):
    tool.write("queues", text.replace(b"%s", QUEUE.encode()))
    r = tool.run("--replay", SAMPLE, "-Q", "queues", status=2)
    assert r.out == "" and r.err.startswith("gsqstat: --queue-file 'queues'"), r.err
    assert words in r.err.splitlines()[0]


def test_longest_name_of_the_api_is_kept_whole(tool):
    tool.write("queues", "%s %s" % (QUEUE, "\u00e4" * 512))
    r = tool.run(*STREAM, "-Q", "queues", data=stream(QUEUE), status=0)
    assert shown(r) == {QUEUE: "\u00e4" * 512}


def test_first_of_two_names_counts(tool):
    tool.write("one", "%s\n%s Sales\n%s Sales\n" % (QUEUE, QUEUE, QUEUE))
    tool.write("two", "id,name\n%s,Sales EU\n" % QUEUE)
    r = tool.run(*STREAM, "-Q", "one", "-Q", "two", data=stream(QUEUE), status=0)
    assert shown(r) == {QUEUE: "Sales"}
    assert r.warnings("already") == ["--queue-file 'two', line 2: queue %s already has the name "
                                     "'Sales'; 'Sales EU' is ignored" % QUEUE]
    assert len(r.warnings("was given before")) == 3


def test_csv_has_a_column_only_if_a_name_is_known(tool):
    plain = tool.run(*STREAM, "-f", "csv", "-q", QUEUE, "-q", OTHER, data=stream(QUEUE, OTHER))
    tool.write("queues", "%s \"Sales\", EU\n%s\n" % (QUEUE, OTHER))
    more = tool.run(*STREAM, "-f", "csv", "-Q", "queues", data=stream(QUEUE, OTHER))
    head, *lines = csv.reader(io.StringIO(more.out))
    assert head[-1] == "queueName"
    assert {(line[head.index("queueId")], line[-1]) for line in lines} == {
        (QUEUE, '"Sales", EU'), (OTHER, "")}
    assert [line[:-1] for line in (head, *lines)] == list(csv.reader(io.StringIO(plain.out)))
    bare = tool.run(*STREAM, "-f", "csv", "--no-header", "-Q", "queues",
                    data=stream(QUEUE, OTHER))
    assert bare.out == more.out.split("\n", 1)[1]
    labels = tool.run(*STREAM, "-f", "csv", "-Q", "queues", "--label", "a=b",
                      data=stream(QUEUE, OTHER))
    assert labels.out.splitlines() == [line + (",a=b" if n else ",labels")
                                       for n, line in enumerate(more.out.splitlines())]


@pytest.mark.parametrize("form, words", [
    ("table", "Sales EU"), ("prometheus", 'queue_name="Sales EU"'),
    ("influx", "queue_name=Sales\\ EU")])
def test_outputs_show_names_of_the_stream(tool, form, words):
    tool.write("queues", "%s Sales EU" % QUEUE)
    assert words in tool.run(*STREAM, "-f", form, "-Q", "queues", data=stream(QUEUE)).out


def test_check_and_thresholds_know_names_of_the_stream(tool):
    tool.write("queues", "%s Sales\n%s Sales\n%s Billing\n" % (QUEUE, OTHER, THIRD))
    args = *STREAM, "-Q", "queues"
    data = stream(QUEUE, OTHER, THIRD)
    r = tool.run(*args, "--check", "nagios", "-W", "sales:updates=0", data=data)
    assert r.status == 1 and "updates of Sales" in r.out and "Billing" not in r.out, r.out
    r = tool.run(*args, "--fail-if", "SALES:updates >= 1", data=data)
    assert r.status == 1 and {(h["queueId"], h["queueName"])
                              for h in r.events("threshold.held")} == {
        (QUEUE, "Sales"), (OTHER, "Sales")}
    r = tool.run(*args, "--fail-if", "Nobody:updates >= 1", data=data)
    assert (r.status, r.out) == (2, "") and "no queue names" in r.end["message"]


def test_live_stream_has_names_and_records_them(tool, serve):
    serve(rate=50)
    tool.write("queues", "%s Sales\n%s\n" % (QUEUE, OTHER))
    live = tool.run("-w", "300ms", "-Q", "queues", "--record", "recording", "--fail-if",
                    "Sales:updates < 0", status=0)
    assert shown(live) == {QUEUE: "Sales", OTHER: None}
    assert tool.lines("recording")[1]["frame"] == {"entities": [{"id": QUEUE, "name": "Sales"}]}
    args = "--replay", "recording", "--time", "arrival", "-w", "300ms"
    assert tool.run(*args, status=0).out == live.out
    assert tool.run(*args, "--fail-if", "Sales:updates >= 0", status=1).out == live.out
    r = tool.run(*args, "--fail-if", "Sale:updates >= 0", status=2)
    assert "no queue of this run has the name 'sale'" in r.end["message"]
    # the names of today's file are newer
    tool.write("queues", "%s Sales EU\n%s Billing\n" % (QUEUE, OTHER))
    assert shown(tool.run(*args, "-Q", "queues", status=0)) == {
        QUEUE: "Sales EU", OTHER: "Billing"}


def test_name_in_a_scope_that_nobody_gives_is_2(tool, gate):
    tool.write("queues", "%s Sales" % QUEUE)
    r = tool.run("-Q", "queues", "--fail-if", "Sale:updates < 1", status=2)
    assert "the stream has no queue names, and no --queue-file has this one" in r.err


def test_list_of_queues_is_a_queue_file(tool, notify):
    entities = [queue(QUEUE, 'Sales "EU", north'), queue(OTHER, "Billing")]
    notify(queues=entities)
    listed = tool.run("--list-queues", "-f", "csv", status=0)
    tool.write("queues", listed.out)
    r = tool.run(*STREAM, "-Q", "queues", data=stream(QUEUE, OTHER), status=0)
    assert shown(r) == {QUEUE: 'Sales "EU", north', OTHER: "Billing"}
    assert not r.events("warning")


def test_names_of_a_file_need_no_request(tool, notify):
    service = notify(queues=[queue(QUEUE, "Sales EU")])
    tool.write("queues", "%s Sales" % QUEUE)
    args = ("--source", "notifications", "-w", "300ms", "-m", "oWaiting", "-Q", "queues",
            "--fail-if", "Sales:coverage >= 0")
    r = tool.run(*args, "--record", "recording", status=1)
    assert set(shown(r).values()) == {"Sales"} and service.count("queues") == 0
    assert {h["queueName"] for h in r.events("threshold.held")} == {"Sales"}
    again = tool.run("--replay", "recording", "-w", "300ms", "-m", "oWaiting", status=0)
    assert again.out == r.out
    # the name that the service gives is shown, but the file's is still one
    tool.run("--list-queues", status=0)
    r = tool.run(*args, status=1)
    assert set(shown(r).values()) == {"Sales EU"}
    assert {h["queueName"] for h in r.events("threshold.held")} == {"Sales EU"}


def test_replay_of_notifications_takes_names_of_a_file(tool):
    tool.write("queues", "%s File\n" % ONE)
    text = begin() + recordings.frame(1, instant(1, {"oWaiting": 1})) + end(10)
    args = ("--source", "notifications", *NOTICES, "-Q", "queues")
    assert set(shown(tool.run(*args, data=text, status=0)).values()) == {"File"}
    r = tool.run(*args, data=named(ONE, "Service") + text, status=0)
    assert set(shown(r).values()) == {"Service"}
    assert set(shown(tool.run(*args, data=named(OTHER, "x") + text)).values()) == {"File"}
