"""Tests of support/reference.py, by cases small enough to be worked out by hand."""
import json
import math
import random

import notice_frames
import pytest
import reference
from notice_frames import activity, captured, data, group, interval, observations, times

Q = "00000001-0000-4000-8000-000000000001"
HALF = 1735551000000                    # 2024-12-30T09:30:00Z in ms
S = 1000000


def at(second, **what):
    """second: since the half hour began."""
    return {"at": HALF * 1000 + round(second * S), **what}


def state(second, name, socket=0):
    return at(second, state=name, socket=socket)


def event(second, metrics, media="voice", socket=0):
    """An event of gauges that took 5 ms to arrive."""
    when = HALF + round(second * 1000) - 5
    return at(second, frame=observations(Q, media, (when, metrics)), socket=socket)


def totals(second, metrics, begin=0, media="voice"):
    when = interval(HALF + begin * 1000)
    return at(second, frame=observations(Q, media, (when, metrics)))


def snapshot(second, *groups, asked=None, **more):
    results = [{"group": group(Q, media), "data": data(0, metrics)["metrics"]}
               for media, metrics in groups]
    return at(second, snapshot={"results": results, **more},
              asked=HALF * 1000 + round((second if asked is None else asked) * S))


def rows(happenings, count, length=10, begin=0, **more):
    return reference.rows(happenings, [Q], length * S, count, HALF * 1000 + begin * S, **more)


def leaves(happenings, path, count, media="voice", **more):
    """One series in each window's row of a media type; None where the row lacks it."""
    found = []
    for row in rows(happenings, count, **more):
        if row["mediaType"] == media:
            leaf = row["metrics"]
            for name in path.split("."):
                leaf = leaf.get(name) if leaf is not None else None
            found.append(leaf)
    return found


WAITING = "oWaiting.count"
FIELDS = set("last min max mean stddev p50 p90 p95 p99 carried observedMs events".split())


@pytest.mark.parametrize("happened, expected", [
    # It is weighted by time.
    ([event(0, {"oWaiting": 2}), event(4, {"oWaiting": 4})],
     {"last": [4], "min": [2], "max": [4], "mean": [3.2], "stddev": [math.sqrt(0.96)],
      "p50": [4], "p90": [4], "p95": [4], "p99": [4], "carried": [False],
      "observedMs": [10000], "events": [2]}),
    # A quantile is the nearest rank by the microsecond.
    *(([event(first, {"oWaiting": 2}), event(change, {"oWaiting": 4})], {"p50": [p50]})
      for first, change, p50 in ((0, 5, 2), (0, 4.999999, 4), (0.000001, 5, 4))),
    # A value is carried into windows without an event.
    ([event(5, {"oWaiting": 3}), event(22, {"oWaiting": 1})],
     {"carried": [False, True, False], "observedMs": [5000, 10000, 10000], "mean": [3, 3, 1.4],
      "min": [3, 3, 1], "max": [3, 3, 3], "last": [3, 3, 1]}),
    # A metric that is absent is unchanged.
    ([event(0, {"oWaiting": 3, "oInteracting": 1}), event(2, {"oInteracting": 5})],
     {"mean": [3], "events": [1]}),
    # A value that held for no time counts as an event alone.
    ([event(0, {"oWaiting": 3}), event(5, {"oWaiting": 9}), event(5, {"oWaiting": 1})],
     {"max": [3], "mean": [2], "events": [3]}),
    # Silence weighs nothing, but nothing is forgotten.
    ([event(0, {"oWaiting": 4}), state(2, "silent"), state(5, "connected")],
     {"observedMs": [7000], "last": [4]})])
def test_gauge(happened, expected):
    windows = len(list(expected.values())[0])
    found = leaves([state(0, "connected"), *happened], WAITING, windows)
    assert {key: [leaf[key] for leaf in found] for key in expected} == expected
    assert [leaf.keys() for leaf in found] == [FIELDS] * windows


def test_event_at_the_end_of_a_window_belongs_to_the_next():
    happened = [state(0, "connected"), event(0, {"oWaiting": 3}), event(10, {"oWaiting": 9})]
    assert [row["updates"] for row in rows(happened, 2)] == [0, 1, 0, 1]
    found = leaves(happened, WAITING, 2)
    assert (found[0]["last"], found[0]["events"]) == (3, 1)
    assert (found[1]["min"], found[1]["events"]) == (9, 1)


def test_value_that_is_replaced_at_once_counts_only_as_an_event():
    found = leaves([state(0, "connected"), event(0, {"oWaiting": 3}), event(5, {"oWaiting": 9}),
                    event(5, {"oWaiting": 1})], WAITING, 1)
    assert (found[0]["max"], found[0]["mean"], found[0]["events"]) == (3, 2, 3)


def test_gauge_is_unknown_from_a_loss_to_its_next_value():
    happened = [state(0, "connected"), event(0, {"oWaiting": 4}), state(6, "lost"),
                state(12, "connected"), event(15, {"oWaiting": 8})]
    found = leaves(happened, WAITING, 3)
    assert [leaf["observedMs"] for leaf in found] == [6000, 5000, 10000]
    assert [leaf["last"] for leaf in found] == [None, 8, 8]
    assert [leaf["mean"] for leaf in found] == [4, 8, 8]
    assert [row["coverage"] for row in rows(happened, 3) if row["mediaType"]] == [0.6, 0.8, 1]


def test_window_without_a_connection_has_nulls():
    found = leaves([state(0, "connected"), event(0, {"oWaiting": 4}), state(9, "lost")],
                   WAITING, 2)
    assert found[1] == {**dict.fromkeys(found[1]), "carried": True, "observedMs": 0, "events": 0}


def test_second_socket_during_maintenance_loses_nothing():
    happened = [state(0, "connected"), event(0, {"oWaiting": 4}), state(3, "connected", 1),
                event(4, {"oWaiting": 5}), event(4.1, {"oWaiting": 5}, socket=1),
                state(5, "lost"), event(8, {"oWaiting": 4}, socket=1)]
    happened[4]["frame"] = happened[3]["frame"]
    (leaf,) = leaves(happened, WAITING, 1)
    assert (leaf["observedMs"], leaf["events"], leaf["mean"]) == (10000, 3, 4.4)
    row = rows(happened, 1)[1]
    assert (row["coverage"], row["updates"], row["rejected"]["duplicate"]) == (1, 3, 1)


@pytest.mark.parametrize("order,duplicates", [
    ([state(0, "connected"), 1, 1], 0),
    ([state(0, "connected"), 1, state(2, "lost"), state(2, "connected"), 1], 0)])
def test_equal_frames_on_one_connection_at_a_time_all_count(order, duplicates):
    frame = observations(Q, "voice", (HALF, {"oWaiting": 1}))
    happened = [what if isinstance(what, dict) else at(n + 1, frame=frame)
                for n, what in enumerate(order)]
    row = rows(happened, 1)[1]
    assert (row["updates"], row["rejected"]["duplicate"]) == (2, duplicates)


# -- snapshots


def test_snapshot_sets_a_value_but_is_no_event():
    (leaf,) = leaves([state(-2, "connected"), snapshot(0, ("voice", {"oWaiting": 7}))],
                     WAITING, 1)
    assert (leaf["mean"], leaf["carried"], leaf["events"], leaf["observedMs"]) == (
        7, True, 0, 10000)


def test_event_after_the_query_beats_the_snapshot():
    happened = [state(-2, "connected"), event(-1.5, {"oWaiting": 1, "oInteracting": 1}),
                event(-0.5, {"oWaiting": 2}),
                snapshot(0, ("voice", {"oWaiting": 9, "oInteracting": 8}), asked=-1)]
    assert leaves(happened, WAITING, 1)[0]["min"] == 2
    assert leaves(happened, "oInteracting.count", 1)[0]["min"] == 8


def test_snapshot_asked_for_before_a_loss_is_ignored():
    happened = [state(-3, "connected"), state(-2, "lost"), state(-1, "connected"),
                snapshot(0, ("voice", {"oWaiting": 9}), asked=-2.5)]
    assert leaves(happened, WAITING, 1) == []


def test_window_0_starts_with_the_first_snapshot():
    happened = [state(-2, "connected"), snapshot(0.0015, ("voice", {"oWaiting": 7}))]
    row = reference.rows(happened, [Q], S, 1)[0]
    assert (row["startMs"], row["coverage"]) == (HALF + 1, 1)


# -- over media types


def test_minimum_over_media_is_that_of_the_sum():
    happened = [state(0, "connected"), event(0, {"oWaiting": 3}),
                event(0, {"oWaiting": 0}, "message"),
                event(4, {"oWaiting": 2}), event(6, {"oWaiting": 3}, "message")]
    (leaf,) = leaves(happened, WAITING, 1, None)
    assert (leaf["min"], leaf["max"], leaf["mean"]) == (2, 5, (3 * 4 + 2 * 2 + 5 * 4) / 10)
    assert leaf["events"] == 4
    assert [row["mediaType"] for row in rows(happened, 1)] == [None, "message", "voice"]
    assert [row["updates"] for row in rows(happened, 1)] == [0, 2, 2]


def test_sum_over_media_is_unknown_while_one_value_is():
    happened = [state(0, "connected"), event(0, {"oWaiting": 3}),
                event(0, {"oWaiting": 1}, "message"), state(2, "lost"), state(3, "connected"),
                event(5, {"oWaiting": 3}), event(9, {"oWaiting": 1}, "message")]
    (leaf,) = leaves(happened, WAITING, 1, None)
    assert (leaf["observedMs"], leaf["mean"]) == (3000, 4)


def test_event_with_two_media_types_is_one_event_of_the_sum():
    frame = activity(Q, {"voice": {"oWaiting": 2}, "message": {"oWaiting": 1}})
    happened = [state(0, "connected"), at(0, frame=frame)]
    (leaf,) = leaves(happened, WAITING, 1, None)
    assert (leaf["events"], leaf["mean"]) == (1, 3)


def test_newest_event_of_either_topic_wins():
    happened = [state(0, "connected"), event(0, {"oWaiting": 1}),
                at(5, frame=activity(Q, {"voice": {"oWaiting": 3}}))]
    assert leaves(happened, WAITING, 1)[0]["mean"] == 2


def test_presences_get_names_and_states_keep_their_qualifiers():
    away = notice_frames.PRESENCES["AWAY"]
    happened = [state(-1, "connected"),
                snapshot(0, (None, {("oUserPresences", away[0]): 2, ("oUserPresences", "x.y"): 1}),
                         systemToOrganizationMappings=notice_frames.PRESENCES),
                event(5, {("oUserPresences", away[1]): 4,
                          ("oUserRoutingStatuses", "IDLE"): 3}, None)]
    (row,) = rows(happened, 1)
    assert row["mediaType"] is None and row["updates"] == 1
    assert sorted(row["metrics"]["oUserPresences"]) == ["AWAY", "count", "x_y"]
    assert row["metrics"]["oUserPresences"]["count"]["mean"] == 5
    assert row["metrics"]["oUserPresences"]["AWAY"]["count"]["mean"] == 4
    idle = row["metrics"]["oUserRoutingStatuses"]["IDLE"]["count"]
    assert (idle["min"], idle["mean"], idle["observedMs"]) == (0, 1.5, 10000)


# -- totals


def offered(*counts, begin=0):
    return [totals(second, {"nOffered": count}, begin) for second, count in counts]


@pytest.mark.parametrize("begin, happened, totals_and_deltas", [
    # A total is replaced, and the increase is null until a value is known.
    (0, [state(3, "connected"), *offered((4, 50), (5, 51), (13, 53), (14, 54), (35, 60))],
     [(51, None), (54, 3), (54, 0), (60, 6)]),
    # A half hour that begins while the stream is connected begins at 0.
    (-10, [state(-100, "connected"), *offered((-50, 9), (-5, 10), begin=-1800),
           *offered((1, 1), (7, 2))], [(10, 1), (2, 2), (2, 0)]),
    # The increase of a window is summed over its half hours.
    (-5, [state(-100, "connected"), *offered((-50, 9), (-2, 11), begin=-1800), *offered((1, 4)),
          *offered((2, 12), begin=-1800)], [(4, 3 + 4)]),
    # A half hour in which nothing happened has 0 where all of it was heard.
    (-10, [state(-100, "connected"), *offered((-50, 9), begin=-1800)], [(9, 0), (0, 0)]),
    # A gap within a half hour hides no increase: it comes later.
    (0, [state(0.5, "connected"), *offered((1, 5)), state(2, "lost"), state(12, "connected"),
         *offered((25, 9))], [(5, None), (5, 0), (9, 4)]),
    # A half hour that ended while nothing was heard hides it.
    (-30, [state(-100, "connected"), *offered((-50, 5), begin=-1800), state(-25, "lost"),
           state(5, "connected"), *offered((15, 2), (25, 3))],
     [(5, 0), (5, 0), (5, None), (None, None), (2, None), (3, 1)])])
def test_totals_and_deltas(begin, happened, totals_and_deltas):
    assert leaves(happened, "nOffered.count", len(totals_and_deltas), begin=begin) == [
        {"total": total, "delta": delta} for total, delta in totals_and_deltas]


def test_time_metrics_have_totals_of_count_and_sum():
    happened = [state(-1, "connected"), totals(1, {
        "tWait": times(2, 900, 300, 600),
        "oServiceLevel": {"ratio": 0.5, "numerator": 1, "denominator": 2, "target": 0.8}})]
    assert leaves(happened, "tWait", 1) == [{
        "count": {"total": 2, "delta": 2}, "sum": {"total": 900, "delta": 900},
        "min": 300, "max": 600}]
    assert leaves(happened, "oServiceLevel", 1) == [
        {"ratio": 0.5, "numerator": 1, "denominator": 2, "target": 0.8}]
    assert leaves(happened, "tWait", 1, None) == [None]


# -- ages


def longest(second, value, media="voice", **metrics):
    return at(second, frame=activity(Q, {media: {**metrics, "oLongestWaiting": value}}))


AGE = "oLongestWaiting.ageMs"


# What comes first: one who has waited since the half hour's begin is told of at 1 s.
WAITS = [state(0, "connected"), longest(1, HALF)]


@pytest.mark.parametrize("happened, last_and_max", [
    # An age is that of the window's end, and its maximum.
    ([state(0, "connected"), longest(1, HALF - 3000), longest(4.5, HALF + 4000)],
     [(6000, 7500), (16000, 16000)]),
    # Nobody waits.
    *(([*WAITS, nobody], [(None, 4000), (None, None)]) for nobody in (
        longest(4, 0), longest(4, None), event(4, {"oWaiting": 0}))),
    # The next one to wait has not waited since the one before.
    ([*WAITS, event(2, {"oWaiting": 0}), event(3, {"oWaiting": 1})], [(None, 2000)]),
    ([*WAITS, event(2, {"oWaiting": 0}), longest(2.9, HALF + 2900), event(3, {"oWaiting": 1})],
     [(7100, 7100)]),
    # An age that comes with oWaiting 0 shows once somebody waits.
    ([state(0, "connected"), longest(1, HALF, oWaiting=0)], [(None, None)]),
    ([state(0, "connected"), longest(1, HALF, oWaiting=0), event(4, {"oWaiting": 1})],
     [(10000, 10000)]),
    # A duration grows from its arrival.
    ([state(0, "connected"), longest(4, 1500)], [(7500, 7500)])])
def test_age(happened, last_and_max):
    assert leaves(happened, AGE, len(last_and_max)) == [
        {"last": last, "max": most} for last, most in last_and_max]


def test_age_over_media_is_the_highest_and_unknown_while_lost():
    happened = [state(0, "connected"), longest(1, HALF - 3000),
                longest(2, HALF - 9000, "message"), longest(3, 0, "message"), state(12, "lost")]
    assert leaves(happened, AGE, 2, None) == [
        {"last": 13000, "max": 13000}, {"last": None, "max": 15000}]


def longest_in_snapshot(place, since):
    """A snapshot with the age in `stats` or beside it."""
    value = {"calculatedMetricValue": since}
    return at(0, asked=HALF * 1000, snapshot={"results": [{"group": group(Q, "voice"), "data": [
        {"metric": "oLongestWaiting", **(value if place == "data" else {"stats": value})}]}]})


@pytest.mark.parametrize("happening, age, skew", [
    (longest_in_snapshot("stats", HALF - 1000), 11000, 0),
    (longest_in_snapshot("data", HALF - 1000), 11000, 0),
    # a negative age is 0, and a clock that differs
    (longest_in_snapshot("stats", HALF + 60000), 0, 1), (longest(4, HALF + 60000), 0, 1)])
def test_age_of_a_snapshot_allows_for_clock_skew(happening, age, skew):
    happened = [state(-1, "connected"), happening]
    assert leaves(happened, AGE, 1) == [{"last": age, "max": age}]
    assert [row["clockSkew"] for row in rows(happened, 1)] == [0, skew]


# -- the rest of a row


def test_captured_notifications_have_the_expected_rows():
    begin = 1735552014839               # 09:46:54.839
    second = (begin - HALF) / 1000
    happened = [state(0, "connected"), at(second + 0.2, frame=captured("instant", Q)),
                at(second + 0.3, frame=captured("interval", Q))]
    row = reference.rows(happened, [Q], 10 * S, 1, begin * 1000)[1]
    assert (row["updates"], row["clockSkew"]) == (2, 0)
    assert row["lagMs"] == {"mean": 200, "max": 200, "p50": 200, "p95": 200, "p99": 200}
    assert row["metrics"]["oAlerting"]["count"]["observedMs"] == 9800
    assert row["metrics"]["tAbandon"] == {"count": {"total": 2, "delta": 2},
                                          "sum": {"total": 86168, "delta": 86168},
                                          "min": 11781, "max": 74387}
    assert row["metrics"]["oServiceLevel"]["target"] == 0.5
    assert len(row["metrics"]) == 10
    (row,) = reference.rows(happened, [Q], 10 * S, 1, begin * 1000, select=["tA*"])[1:]
    assert sorted(row["metrics"]) == ["tAbandon", "tAcd", "tAlert"]


def test_partial_window_has_the_coverage_of_its_real_length():
    happened = [state(0, "connected"), event(1, {"oWaiting": 1}), state(9.99999, "lost")]
    assert rows(happened, 1)[0]["coverage"] == 0.9999
    found = rows(happened, 3, end=HALF * 1000 + 4 * S + 999)
    assert [(row["endMs"], row["partial"]) for row in found] == [(HALF + 4000, True)] * 2
    assert found[1]["metrics"]["oWaiting"]["count"]["observedMs"] == 3000


def test_messages_that_are_no_event_of_the_queue_are_in_no_row():
    other = Q.replace("1", "2")
    happened = [state(0, "connected")] + [at(1, frame=frame) for frame in (
        notice_frames.HEARTBEAT, notice_frames.PONG, notice_frames.socket_closing(), "no JSON",
        '{"result":"200","status":"subscribed"}', observations(other, "voice"),
        json.dumps({"topicName": notice_frames.topic(Q)}),
        notice_frames.notification(notice_frames.topic(Q), {"group": group(other)}))]
    assert [(row["updates"], row["metrics"]) for row in rows(happened, 1)] == [(0, {})]
    assert reference.History(happened, [Q]).invalid == 5


def test_rows_end_with_the_values_of_the_simulated_queue():
    centre = notice_frames.Queue(Q, seed=5)
    happened = [state(-1, "connected"), at(0, asked=HALF * 1000, snapshot={
        "results": centre.snapshot({"oWaiting", "oUserRoutingStatuses"})})]
    for second in range(1, 100):
        for family, body in centre.step(HALF + second * 1000):
            happened.append(at(second, frame=notice_frames.notification(
                notice_frames.topic(Q, family), body)))
    for media in notice_frames.MEDIA:
        assert leaves(happened, WAITING, 1, media, length=100)[0]["last"] == len(
            centre.waiting[media])
        assert leaves(happened, AGE, 1, media, length=100)[0]["last"] == (
            HALF + 100000 - centre.waiting[media][0] if centre.waiting[media] else None)
        assert leaves(happened, "nOffered.count", 1, media, length=100)[0] == dict.fromkeys(
            ("total", "delta"), centre.totals[media, "nOffered"]["count"])
    row = rows(happened, 1, length=100)[0]["metrics"]["oUserRoutingStatuses"]
    assert row.pop("count")["last"] == sum(centre.agents.values())
    assert {name: row[name]["count"]["last"] for name in row} == {
        name: centre.agents[name] for name in row} and len(row) > 2


def random_run(seed):
    chance, happened, now, up, count = random.Random(seed), [state(0, "connected")], 0, True, 0
    for _ in range(60):
        now += chance.choice((0, 0.000001, 0.4, 1.7, 3))
        if chance.random() < 0.1:
            up = not up
            happened.append(state(now, "connected" if up else "lost"))
        elif up and chance.random() < 0.1:
            happened.append(snapshot(now, ("voice", {"oWaiting": chance.randint(0, 9)})))
        elif up and chance.random() < 0.3:
            count += chance.randint(0, 3)
            happened.append(totals(now, {"nOffered": count}))
        elif up:
            happened.append(event(now, {"oWaiting": chance.randint(0, 9)},
                                  chance.choice(("voice", "message"))))
    return happened


@pytest.mark.parametrize("seed", range(20))
def test_short_windows_add_up_to_long_ones(seed):
    happened = random_run(seed)
    for media in (None, "voice"):
        whole = leaves(happened, WAITING, 1, media, length=120)[0]
        parts = [leaf for leaf in leaves(happened, WAITING, 40, media, length=3) if leaf]
        held = [leaf for leaf in parts if leaf["observedMs"]]
        assert sum(leaf["observedMs"] for leaf in parts) == pytest.approx(whole["observedMs"])
        assert sum(leaf["events"] for leaf in parts) == whole["events"]
        assert min(leaf["min"] for leaf in held) == whole["min"]
        assert max(leaf["max"] for leaf in held) == whole["max"]
        assert sum(leaf["mean"] * leaf["observedMs"] for leaf in held) == pytest.approx(
            whole["mean"] * whole["observedMs"])
    parts = leaves(happened, "nOffered.count", 40, length=3)
    known = [leaf for leaf in parts if leaf and leaf["delta"] is not None]
    first = next((h["frame"] for h in happened if "nOffered" in h.get("frame", "")), None)
    base = [leaf["total"] - leaf["delta"] for leaf in known[:1]]
    if first:
        assert sum(leaf["delta"] for leaf in known) == known[-1]["total"] - base[0]
