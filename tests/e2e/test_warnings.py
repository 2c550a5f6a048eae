"""Warnings that printed numbers may be wrong: which they are, and that -s keeps them."""
import re
import time

import pytest

import frames
from harness import QUEUE, REPLAY, SAMPLE
from recordings import ONE, S, T0, at, begin, end, frame, instant, stamp

SOURCE = "--source", "notifications", "-w", "10s"


def recorded(arrival, second):
    """A frame that says `second` and that came at `arrival`."""
    return frame(arrival, frames.frame(QUEUE, at=stamp(T0 + round(second * S))))


def stream(*lines):
    return at(0, '"state":"connected","interval":"PT10S"') + "".join(lines) + end(50)


ARRIVAL = "--replay", "-", "--time", "arrival", "--lateness", "1s", "-w", "10s"


@pytest.mark.parametrize("ahead, words", [
    (-30, "are 30.000 s behind it"),
    (30, "are 30.000 s ahead of it")])
def test_most_frames_off_by_the_clock_is_one_warning(tool, ahead, words):
    lines = [recorded(n, max(n + ahead + shift, 0)) for n, shift in
             ((31, 0), (32, 0), (33, 3), (34, 0), (35, -4), (41, 0), (42, 0))]
    result = tool.run(*ARRIVAL, QUEUE, data=stream(*lines))
    told = result.warnings("clock")
    assert len(told) == 1 and words in told[0] and "5 of 5 frames in window 3" in told[0]
    assert "check the clock of the machine that recorded" in told[0]


@pytest.mark.parametrize("ahead, off", [(-30, 2), (30, 2), (0.4, 5)])
def test_no_clock_warning_for_half_of_the_frames_or_a_little_ahead(tool, ahead, off):
    lines = [recorded(31 + n, 31 + n + ahead) for n in range(off)]
    lines += [recorded(31.5 + n, 31.4 + n) for n in range(off)] if abs(ahead) > 1 else []
    result = tool.run(*ARRIVAL, QUEUE, data=stream(*lines))
    assert not result.warnings("clock")


@pytest.mark.parametrize("ahead, flags, words", [
    (-40, ["-s"], r"are 4\d\.\d{3} s behind"),
    (40, ["--time", "event", "--lateness", "100ms"], r"are (39|40)\.\d{3} s ahead of"),
    (40, [], r"are (39|40)\.\d{3} s ahead of")])
def test_live_stream_warns_of_this_machines_clock(tool, serve, ahead, flags, words):
    serve(streams=[[("call", lambda asked: frames.frame(QUEUE, at=time.time() + ahead))]])
    result = tool.run("-w", "1s", *flags, QUEUE)
    told, = result.warnings("clock")
    assert result.status == 0 and re.search(words, told)
    assert told.startswith("check the clock of this machine: ")
    assert "-s" not in flags or len(result.audit) == 1


def test_notifications_from_the_future_warn_of_the_clock(tool):
    early = "".join(frame(n, instant(n + 20, {"oWaiting": n})) for n in (1, 2, 3))
    result = tool.run(*SOURCE, "--replay", "-", "-m", "oWaiting", ONE,
                      data=begin() + early + end(10))
    assert result.rows[0]["clockSkew"] + result.rows[1]["clockSkew"] >= 3
    told, = result.warnings("clock")
    assert "frames in window 0 are 20.000 s ahead of it" in told


NO_FIELD = "--outlier: no frame had %s, so this rule dropped none"


@pytest.mark.parametrize("rules, told", [
    (["waitTime.avrg>3"], [NO_FIELD % "waitTime.avrg" + "; did you mean avg?"]),
    (["waitTime.avg>3", "state.idle>3", "agentState.busy==1"],
     [NO_FIELD % "state.idle", NO_FIELD % "agentState.busy"]),
    (["waitTime.avail>3", "abandonedCount.total>3"], [NO_FIELD % "abandonedCount.total"]),
    (["none"], [])])
def test_rule_on_a_field_that_no_frame_has_is_a_warning(tool, rules, told):
    args = [arg for rule in rules for arg in ("--outlier", rule)]
    result = tool.run("--replay", SAMPLE, "-s", "-n", 1, *args, status=0)
    assert result.warnings() == told
    result = tool.run("--replay", SAMPLE, "-n", 2, *args)
    assert result.warnings() == told + told     # after the first window, and at the end


def test_rule_on_a_field_without_frames_is_no_warning(tool):
    result = tool.run(*ARRIVAL, "--outlier", "waitTime.avrg>3", QUEUE, data=stream())
    assert result.status == 0 and result.rows and result.warnings() == []


@pytest.mark.parametrize("flags, count", [([], 1), (["-s"], 1), (["--outlier", "none"], 0),
                                          (["--outlier", "waitTime.avg>30000"], 0)])
def test_frames_dropped_by_the_default_rule_are_reported_at_the_end(tool, flags, count):
    result = tool.run(*REPLAY, *flags)
    dropped = sum(row["rejected"]["outlier"] for row in result.rows)
    told = result.warnings("use --outlier none to keep them")
    assert len(told) == count
    if count:
        assert told[0].startswith("%d frames were dropped by the default --outlier "
                                  "'waitTime.avg>30000'; " % dropped) and dropped > 1
    if "-s" in flags:
        assert len(result.audit) == 1


def notices(tool, *flags, windows=2, waits="oWaiting"):
    return tool.run(*SOURCE, "-n", windows, "--replay", "-", *flags, ONE,
                    data=begin() + frame(1, instant(1, {waits: 1})) + frame(
                        11, instant(11, {waits: 2})) + end(20))


UNKNOWN = ("--metric 'oWating': the service sent no values for it, and the name is not a known "
           "metric; did you mean oWaiting?")


def test_an_unknown_metric_is_a_warning_at_the_first_window_and_at_the_end(tool):
    result = notices(tool, "-m", "oWating,oWaiting")
    lines = [line["event"] for line in result.audit if line["event"] == "window.flush"
             or line.get("message") == UNKNOWN]
    assert lines == ["window.flush", "warning", "window.flush", "warning"]
    assert result.warnings().count(UNKNOWN) == 2 and result.status == 0


@pytest.mark.parametrize("flags, windows", [([], 1), (["-s"], 2), (["-s"], 1)])
def test_unknown_metric_warns_once_for_one_window_or_with_s(tool, flags, windows):
    result = notices(tool, "-m", "oWating", *flags, windows=windows)
    assert result.warnings().count(UNKNOWN) == 1


@pytest.mark.parametrize("metric, told", [
    ("oBrandNew", "oBrandNew"), ("nNone*", "oBrandNew"), ("oWaiting", "tHandle"),
    ("tTalk*", "oWaiting"), ("*", "oWaiting"), ("nNothingLikeIt", "oWaiting")])
def test_known_or_received_metrics_are_no_warning(tool, metric, told):
    result = notices(tool, "-m", metric, windows=1, waits=told)
    text = result.warnings("not a known metric")
    if metric in ("nNone*", "nNothingLikeIt"):
        assert text == ["--metric '%s': the service sent no values for it, and the name "
                        "is not a known metric" % metric]
    else:
        assert text == []


def test_now_warns_of_an_unknown_metric_once(tool, service):
    result = tool.run("--source", "notifications", "--now", "-s", "-m", "oWating,oWaiting", QUEUE)
    assert result.status == 0 and result.warnings() == [UNKNOWN]


def test_warnings_with_check_or_without_audit_lines(tool):
    result = notices(tool, "-m", "oWating", "-s", "--check", "nagios")
    assert result.warnings() == [UNKNOWN] and result.out.startswith("GSQSTAT ")
    result = notices(tool, "-m", "oWating", "-s", "--audit", "none")
    assert result.err == ""
    result = notices(tool, "-m", "oWating", "-s", "--audit", "logfmt")
    assert "level=warning event=warning" in result.err and "oWaiting?" in result.err
    result = notices(tool, "-m", "oWating", "-s", "--audit-file", "log")
    assert UNKNOWN in (tool.dir / "log").read_text() and result.err == ""


@pytest.mark.parametrize("host, near", [
    ("mypurecloud.cmo", "mypurecloud.com"), ("wss://api.mypurecloud.dee", "mypurecloud.de"),
    ("https://MyPureCluod.com:443/", "mypurecloud.com"), ("https://mypurecloud.jp/", None),
    ("api.usw3.pure.cloud", "usw2.pure.cloud"),
    ("eu_central_1", None), ("US-EAST-1", None), ("api.mypurecloud.de", None),
    ("MyPureCloud.com", None), ("gateway.example", None), ("localhost", None)])
def test_host_that_is_nearly_a_domain_of_the_service_has_a_warning(tool, host, near):
    tool.env.update(GENESYS_CLIENT_ID="i", GENESYS_CLIENT_SECRET="s")
    run = tool.run("--dry-run", "-H", host, QUEUE, status=0)
    wanted = ("gsqstat: warning: --host '%s': this is no domain of Genesys Cloud; did you mean "
              "%s?\n" % (host, near) if near else "")
    assert run.err == wanted


def test_region_that_is_misspelt_has_a_suggestion(tool):
    tool.env.update(GENESYS_CLIENT_ID="i", GENESYS_CLIENT_SECRET="s")
    run = tool.run("--dry-run", "-H", "eu-west-9", QUEUE, status=2)
    assert run.err.endswith("URL; did you mean eu-west-1?\n")
