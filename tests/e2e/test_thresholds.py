"""--fail-if and --fail-fast: thresholds as exit status."""
import json
import signal
import time

import notice_frames
import pytest
from harness import NOTICES, QUEUE, REPLAY, SAMPLE
from recordings import ONE, begin, end, frame, instant

OTHER = "99999999-1111-4111-8111-111111111111"     # no queue of the run


def held(result):
    return result.events("threshold.held")


def windows(result):
    return sorted({row["window"] for row in result.rows})


def number(row, path):
    """As jq would have it: 0 and 1 for booleans, None for null and what is not there."""
    for key in path.split("."):
        row = row.get(key) if isinstance(row, dict) else None
    return row


ROW_FIELDS = """window startMs endMs partial coverage updates rejected.outlier rejected.stale
rejected.duplicate rejected.invalid clockSkew accuracy lagMs.mean lagMs.max lagMs.p50 lagMs.p95
lagMs.p99 updatesPerSecond""".split()
STATS = "count last min max mean stddev p50 p90 p95 p99".split()


def expected(rows, path, least):
    return [(row["queueId"], row["window"], number(row, path)) for row in rows
            if number(row, path) is not None and number(row, path) >= least]


@pytest.mark.parametrize("path, where", [(f, f) for f in ROW_FIELDS]
                         + [("waitTime.avg." + s, "metrics.waitTime.avg." + s) for s in STATS])
def test_every_number_of_a_row_can_be_a_threshold(tool, path, where):
    rows = tool.run(*REPLAY, "-s").rows
    values = sorted(number(row, where) for row in rows if number(row, where) is not None)
    least = values[len(values) // 2]
    result = tool.run(*REPLAY, "--fail-if", "%s >= %r" % (path, float(least)))
    assert result.status == 1 and result.rows == rows
    found = {(h["queueId"], h["window"], h["value"]) for h in held(result)}
    assert found == set(expected(rows, where, least)) and found


@pytest.mark.parametrize("op, values", [(">", [2]), (">=", [1, 2]), ("<", [0]), ("<=", [0, 1]),
                                        ("==", [1]), ("!=", [0, 2])])
def test_each_operator(tool, op, values):
    result = tool.run(*REPLAY, "-n", 3, "--fail-if", "window%s1" % op)
    assert {h["window"] for h in held(result)} == set(values)


def test_threshold_that_never_holds_exits_with_0(tool):
    result = tool.run(*REPLAY, "--outlier", "none", "--fail-if", "waitTime.avg.max > 1e9")
    assert (result.status, held(result), result.events("warning")) == (0, [], [])


def test_number_that_no_row_has_is_a_warning(tool):
    result = tool.run(*REPLAY, "--fail-if", "waitTime.median.max > 0", status=0)
    assert "'waitTime.median.max > 0': no row has" in result.events("warning")[1]["message"]


def test_error_names_queue_window_and_value(tool):
    result = tool.run(*REPLAY, "--fail-if", "coverage < 1", "--audit", "none")
    row = next(r for r in result.rows if r["coverage"] < 1)
    assert result.status == 1
    assert result.err == ("gsqstat: --fail-if 'coverage < 1' held: queue %s, window %d, value %s\n"
                          % (row["queueId"], row["window"], row["coverage"]))


def test_scope_is_a_queue(tool):
    rows = tool.run(*REPLAY, "-s").rows
    queue = rows[1]["queueId"]
    result = tool.run(*REPLAY, "-q", queue.upper(), "--fail-if", queue.upper() + ":window >= 8")
    assert [(h["queueId"], h["window"]) for h in held(result)] == [(queue, 8), (queue, 9)]


def bare(*values):
    """Frames of one queue, one a window of a second; None: no value in it."""
    for i, value in enumerate(values):
        data = {"queueId": QUEUE, "interval": "PT10S",
                "timestamp": "2026-11-24T02:00:%02d.500Z" % i,
                "waitTime": {} if value is None else {"avg": value}}
        yield json.dumps({"eventType": "routing-statistics-queues", "data": data}) + "\n"


@pytest.mark.parametrize("values, found", [
    ((9, 9, 9, 1), [1, 2]), ((9, 1, 9, 1), []), ((9, None, 9, 9), [3]), ((1, 9, 9, 9), [2, 3])])
def test_for_counts_windows_in_a_row_without_nulls(tool, values, found):
    result = tool.run("--replay", "-", "-w", "1s", "--fail-if", "waitTime.avg.last > 5 for 2",
                      data="".join(bare(*values)))
    assert [h["window"] for h in held(result)] == found
    assert result.status == (1 if found else 0)


def test_fail_fast_ends_with_the_whole_window(tool):
    rows = tool.run(*REPLAY, "-s").rows
    first = next(r["window"] for r in rows if r["coverage"] < 1)
    result = tool.run(*REPLAY, "--fail-if", "coverage < 1", "--fail-fast", status=1)
    assert result.rows == [r for r in rows if r["window"] <= first]
    assert result.end["message"].startswith("--fail-if 'coverage < 1' held")


def test_fail_fast_ends_a_live_run_and_its_recording_replays(tool, serve, tmp_path):
    recording = tmp_path / "recording"
    serve()
    result = tool.run("-w", "100ms", "-n", 1000, "--record", recording, "--fail-if",
                      "updates > 0 for 2", "--fail-fast", QUEUE)
    assert result.status == 1 and windows(result)[-1] < 900
    again = tool.run("--replay", recording, "--time", "arrival", "-w", "100ms", QUEUE)
    assert (again.status, again.out) == (0, result.out)


def test_partial_rows_count_but_the_signal_gives_the_status(tool, gate):
    process = tool.start("-w", "1h", "--fail-if", "partial == 1", QUEUE, until="stream.connected")
    result = process.end(status=128 + signal.SIGTERM)
    assert [h["value"] for h in held(result)] == [1]


@pytest.mark.parametrize("expr, words", [
    ("waitTime.avg.maxx > 1", "'maxx' is not a statistic; use count, last"),
    ("abandonedCount.max > 1",
     "--metric does not ask for 'abandonedCount'; add it to --metric or use "),
    ("covrage < 1", "'covrage' is not a metric or field; did you mean coverage?"),
    ('"Support:coverage < 1', "has no closing quote and colon after"),
    ("a.b:coverage < 1", "'a.b' has a blank, a dot or an operator"),
    ("99999999-1111-4111-8111-111111111111:coverage < 1", "is not a queue of this run"),
    ("coverage < 1 four 2", "'four 2' cannot follow the number"),
    ("coverage < 1 for 0", "'0' is not a number of windows"),
    ("coverage < 1 for 1x", "'1x' is not a number of windows"),
    ("coverage 1", "'coverage 1' has no operator: use > >= < <= == or !="),
    ("coverage < one", "'one' is not a number"), ("coverage <", "'' is not a number"),
    ("< 1", "'' is not a metric with a statistic"),
    (".max < 1", "'.max' is not a metric with a statistic"),
    ("waitTime..max < 1", "'waitTime..max' is not a metric with a statistic")])
def test_bad_expressions_name_the_part_that_is_wrong(tool, expr, words):
    result = tool.run("--replay", SAMPLE, "-q", QUEUE, "--fail-if", expr, status=2)
    assert result.err.startswith("gsqstat: --fail-if '%s': " % expr) and words in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("flags, words", [
    (["--count", "1"], "--count gives 1"), (["--now", "--source", "notifications"],
                                            "--now has only 1"),
    ([], "without --count a run has 1; give --count 3 or more")])
def test_for_more_windows_than_the_run_has_is_refused(tool, flags, words):
    result = tool.run(*flags, "--fail-if", "updates > 0 for 3", QUEUE, status=2)
    assert "'updates > 0 for 3': `for 3` needs 3 windows, but %s\n" % words in result.err


def test_scope_is_a_queue_of_the_service_by_its_name(tool):
    replay = ("--source", "notifications", "--replay", NOTICES, "--queue-name", "*", "-w", "1m")
    rows = [row for row in tool.run(*replay, "-s").rows if row["mediaType"] is None]
    name = rows[0]["queueName"]
    most = max(number(row, "metrics.oWaiting.count.max") or 0 for row in rows
               if row["queueName"] == name)
    result = tool.run(*replay, "--fail-if", '"%s":oWaiting.max >= %d' % (name.upper(), most))
    assert result.status == 1
    assert {h["queueName"] for h in held(result)} == {name}
    assert {h["value"] for h in held(result)} == {most}
    result = tool.run(*replay, "--fail-if", "Nobody:oWaiting.max >= 0")
    assert (result.status, result.out) == (2, "") and result.end["message"] \
        == "--fail-if 'Nobody:oWaiting.max >= 0': no queue of this run has the name 'nobody'"


def test_names_are_refused_if_the_recording_has_none(tool):
    text = begin() + frame(1, instant(1, {"oWaiting": 1})) + end(10)
    args = "--source", "notifications", "--replay", "-", "-w", "10s", ONE
    result = tool.run(*args, "--fail-if", "Sale:oWaiting.max > 0", data=text)
    assert (result.status, result.out) == (2, "")
    assert result.end["message"] == "--fail-if 'Sale:oWaiting.max > 0': the recording in " \
        "standard input has no queue names; write the queue's ID before the colon"
    assert tool.run(*args, "--fail-if", ONE + ":oWaiting.max > 0", data=text).status == 1


def test_names_of_scopes_are_looked_up(tool, notify):
    run = "--source", "notifications", "-w", "300ms", "-m", "oWaiting"
    notify()
    result = tool.run(*run, QUEUE, "--fail-if", '"queue 01":coverage >= 0')
    assert result.status == 1 and held(result)[0]["queueName"] == "Queue 01"
    assert {row["queueName"] for row in result.rows} == {"Queue 01"}
    by_name = "--queue-name", "Queue 01"
    for queue, scope, words in (
            ([QUEUE], '"Queue 02"', "has the name 'queue 02'"),         # not watched
            (by_name, "Sale", "has the name 'sale'"), (by_name, OTHER, "the ID '%s'" % OTHER),
            ([QUEUE], '"Queue\u00a001"',
             '; "Queue 01" (%s) looks the same but has U+0020 for U+00A0' % QUEUE)):
        result = tool.run(*run, *queue, "--fail-if", scope + ":coverage >= 0", status=2)
        assert result.out == "" and words in result.end["message"]


def test_names_that_cannot_be_looked_up_end_the_run(tool, notify):
    notify(answers={"queues": [notice_frames.forbidden("routing:queue:view")]})
    result = tool.run("--source", "notifications", "--retry-for", "0", QUEUE, "--fail-if",
                      "Sale:coverage<1", status=3)
    assert "Routing > Queue > View" in result.end["message"]


def test_fail_fast_without_fail_if_is_refused(tool):
    result = tool.run("--replay", SAMPLE, "--fail-fast")
    assert (result.status, result.err) == (
        2, "gsqstat: --fail-fast needs --fail-if\n")


def test_failed_output_outranks_a_threshold(tool):
    for args in (["-o", "/dev/full"], ["-f", "csv", "-o", "/dev/full"]):
        assert tool.run(*REPLAY, "--fail-if", "updates >= 0", *args).status == 7


def test_replay_with_fail_if_waits_for_a_slow_reader(tool):
    """What waits for the reader is more than a pipe holds and all that the run has left."""
    process = tool.start(*REPLAY, "-w", "3s", "--fail-if", "updates >= 0", "--audit", "none")
    time.sleep(1.5)
    assert len(process.finish(status=1).rows) == 600


def test_totals_are_checked_in_each_media_row(tool, notify):
    notify()
    path = "nOffered.count.total"
    result = tool.run("--source", "notifications", "-w", "400ms", "-n", 1000, "--fail-fast",
                      "-m", "nOffered,oWaiting", QUEUE, "--fail-if", path + " >= 0")
    wanted = [(row["window"], row["mediaType"], number(row, "metrics." + path))
              for row in result.rows if number(row, "metrics." + path) is not None]
    assert result.status == 1 and wanted and None not in {media for _, media, _ in wanted}
    assert [(h["window"], h["mediaType"], h["value"]) for h in held(result)] == wanted


@pytest.mark.parametrize("args, hidden", [
    (["--fail-if", "waitTime.avg.mean > 40000"], True),
    (["--fail-if", "waitTime.avg.max >= 30000"], True),
    (["--check", "nagios", "-W", "waitTime.avg.max=:60000"], True),
    (["--fail-if", "waitTime.avg.mean > 40000", "--outlier", "none"], False),
    (["--fail-if", "waitTime.avg.mean > 29999"], False),
    (["--fail-if", "waitTime.avg.mean < 40000"], False),
    (["--fail-if", "waitTime.avg.count > 40000"], False),
    (["--fail-if", "waitTime.avail.max > 40000"], False),
    (["--check", "nagios", "-W", "waitTime.avg.max=@0:60000"], False)])
def test_alarm_that_the_default_outlier_hides_has_a_warning(tool, args, hidden):
    r = tool.run("--replay", SAMPLE, "-n", "1", "-s", *args)
    assert [e for e in r.events("warning") if "stays silent; give --outlier none" in e["message"]
            ] == r.events("warning") and len(r.events("warning")) == hidden


@pytest.mark.parametrize("expr, count, warned", [
    ("nOffered.delta > 1000", "1", True), ("nOffered.delta > 1000", "2", False),
    ("nOffered.total > 1000", "1", False)])
def test_alarm_on_a_delta_of_one_window_has_a_warning(tool, expr, count, warned):
    r = tool.run("--replay", NOTICES, "-w", "1m", "-n", count, "-s", "--fail-if", expr)
    assert [e["message"] for e in r.events("warning")] == [
        "--fail-if '%s': %s" % (expr, text) for text in (
            "the first window that has the total has no delta, unless its half hour began during "
            "the run; give --count 2 or more",
            "no row has this number, so it never held")] * warned
