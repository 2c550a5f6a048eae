"""The notification service: what it answers and sends, and what a user gets (the real socket)."""
import functools
import json
import os
import pathlib
import signal
import threading
import time

import frames
import gateway
import harness
import notice_frames
import pytest
import trustme
from harness import QUEUE
from notice_frames import (answer, cut, error, forbidden, limited, not_found, observations, slow,
                           topic)

OTHER = frames.QUEUES[1]
FAST = ("-w", "200ms", QUEUE)
RECONNECTS = ("-w", "3s")            # time for a loss to be mended, on a machine that is busy
IDLE = {"rate": 0.01, "heartbeat": 60}          # nothing is published
NEEDS = "Analytics > Queue Observation > View"


@pytest.fixture
def run(tool):
    """run(…): the tool with this source."""
    return functools.partial(tool.run, "--source", "notifications")


@pytest.fixture
def idle(notify):
    """A service that publishes nothing."""
    return notify(**IDLE)


@pytest.fixture
def begin(tool):
    return functools.partial(tool.start, "--source", "notifications")


def foreign_authority(tool):
    trustme.CA().cert_pem.write_to_path(str(tool.dir / "foreign.pem"))
    return str(tool.dir / "foreign.pem")


def names(service):
    return [request["name"] for request in service.requests]


def channels(service, name):
    """The channels that requests of this name were for, in their order."""
    return [request["path"].split("/")[5] for request in service.asked(name)]


def deleted_all(service):
    """Every channel that was made has no subscription any more."""
    return harness.eventually(lambda: not any(c.topics for c in service.channels.values()))


def sums(r):
    return [row for row in r.rows if row["mediaType"] is None]


def gauge(row, name="oWaiting"):
    return row["metrics"][name]["count"]


def waiting(count, queue=QUEUE, media="voice"):
    return observations(queue, media, (int(time.time() * 1000), {"oWaiting": count}))


def later(count, queue=QUEUE, media="voice"):
    """For a script: the text is made when it is sent."""
    return "call", lambda channel: waiting(count, queue, media)


def cpu_seconds(pid):
    fields = pathlib.Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def many(tool, count):
    """Queues and their file, and the arguments to watch all of them."""
    ids = ["%08x-0000-4000-8000-00000000abcd" % n for n in range(count)]
    tool.write("ids", "\n".join(ids))
    return ids, {"queues": [notice_frames.queue(q, q) for q in ids], **IDLE}, ("-Q", "ids")


# -- the start


def test_start_makes_five_requests_in_order(run, service):
    run("-w", "200ms", "-n", 2, QUEUE, OTHER, status=0)
    assert names(service) == ["token", "create", "replace", "snapshot", "unsubscribe"]
    put = service.requests[2]
    assert put["query"] == {"ignoreErrors": "true"}
    assert json.loads(put["body"]) == [{"id": topic(queue, family)} for queue in (QUEUE, OTHER)
                                       for family in ("observations", "activity")]
    assert [c.request.match_info["id"] for c in service.connections] == \
        channels(service, "replace")
    assert service.errors == [] and service.messages == []


def test_connection_is_open_before_the_snapshot_is_requested(run, notify):
    notify(answers={"snapshot": [slow(0.5)]}, sockets=[[later(99), ("sleep", 60)]])
    r = run(*FAST, status=0)
    # what came meanwhile is newer than the answer
    assert [gauge(row)["last"] for row in r.rows if row["mediaType"] == "voice"] == [99]


def test_rows_for_each_queue_and_media_type(run, notify):
    notify(rate=20)
    r = run("-w", "400ms", "-n", 2, QUEUE, OTHER)
    assert [(row["window"], row["queueId"], row["mediaType"]) for row in r.rows] == [
        (w, q, m) for w in range(2) for q in (QUEUE, OTHER) for m in (None, *sorted(
            notice_frames.MEDIA))]
    assert [line["queues"] for line in r.events("window.flush")] == [2, 2]
    assert r.end["rows"] == len(r.rows)
    for row in r.rows:
        assert row["coverage"] == 1 and not row["partial"] and "interval" not in row
        assert row["endMs"] - row["startMs"] == 400


def test_first_window_has_values_without_any_event(run, idle):
    r = run("-w", "300ms", "-n", 2, QUEUE)
    assert r.status == 0 and idle.sent == []
    for row in sums(r):
        assert row["updates"] == 0
        agents = row["metrics"]["oOnQueueUsers"]["IDLE"]["count"]
        assert (agents["last"], agents["mean"], agents["carried"]) == (4, 4, True)
        assert gauge(row)["last"] == 0
    assert 280 < gauge(sums(r)[1])["observedMs"] <= 300


def found(count):
    return answer(200, {"results": [{"group": notice_frames.group(QUEUE, "voice"),
                                     "data": [notice_frames.metric("oWaiting", count)]}]})


def test_now_prints_0_for_states_that_the_snapshot_omits(run, notify):
    notify(answers={"snapshot": [found(7)]})
    r = run("--now", "--fail-if", "oOnQueueUsers.IDLE.last < 1", QUEUE, status=1)
    assert sums(r)[0]["metrics"]["oOnQueueUsers"]["count"]["last"] == 0
    r = run("--now", "--check", "nagios", "-C", "oOnQueueUsers.IDLE.last=1:", QUEUE)
    assert r.status == 2 and "CRITICAL" in r.out


def test_resync_corrects_values(begin, notify, run):
    service = notify(**IDLE, answers={"snapshot": [found(3), found(5)]})
    args = ("-w", "500ms", "-m", "oWaiting", QUEUE)
    process = begin("--resync", "100ms", "-n", 1000, "--record", "recording", *args)
    assert process.until("resync")["differences"] == 1
    r = process.end()
    assert r.status == 128 + signal.SIGTERM and service.errors == []
    told = [(gauge(row)["last"], gauge(row)["carried"]) for row in r.rows if row["mediaType"]]
    assert [last for last, _ in told] == sorted(last for last, _ in told)
    assert (5, False) in told and told[0] == (3, True)
    assert r.end["resync"]["differences"] == 1 and r.end["resync"]["failed"] == 0
    asked = [request["body"] for request in service.asked("snapshot")]
    assert len(set(asked)) == 1
    again = run("--replay", "recording", *args)
    # the signal has cut the last window
    assert again.out.splitlines()[:-2] == r.out.splitlines()[:-2]
    assert [line["differences"] for line in again.events("resync")][0] == 1


@pytest.mark.parametrize("failure", [
    limited(1), error(500, "internal", "Oh."), forbidden(), answer(200, "[]"), cut(),
    error(401, "bad.credentials", "No.")])
def test_failed_resync_does_not_change_the_exit_status(run, notify, failure):
    service = notify(**IDLE, answers={"snapshot": [answer(None), failure]})
    r = run("--resync", "100ms", "-w", "500ms", "-n", 10, QUEUE, status=0)
    assert len(r.events("resync.failed")) == r.end["resync"]["failed"] >= 1
    assert r.end["resync"]["done"] == 0 and names(service).count("create") == 1
    assert {gauge(row)["last"] for row in sums(r)} == {0}


def test_resync_honours_retry_after(begin, notify):
    service = notify(**IDLE, answers={"snapshot": [answer(None), limited(3), answer(None)]})
    process = begin("--resync", "100ms", "-n", 1000, *FAST)
    assert harness.eventually(lambda: service.count("snapshot") >= 3, 20)
    process.end()
    times = [request["time"] for request in service.asked("snapshot")]
    assert times[2] - times[1] >= 3


def test_resync_without_an_answer_at_the_end_is_dropped(run, notify, tool):
    notify(**IDLE, answers={"snapshot": [answer(None), slow(60)]})
    r = run("--resync", "100ms", "-w", "500ms", "-n", 8, "--record", "recording", QUEUE, status=0)
    assert r.end["resync"] == {"done": 0, "failed": 0, "differences": 0}
    assert '"resync"' not in (tool.dir / "recording").read_text()


def test_resync_0_means_one_snapshot(run, idle):
    r = run("--resync", "0", "-w", "500ms", "-n", 7, QUEUE)
    assert r.status == 0 and idle.count("snapshot") == 1


def test_no_snapshot(run, idle):
    r = run("--no-snapshot", *FAST, status=0)
    assert names(idle) == ["token", "create", "replace", "unsubscribe"]
    assert [row["metrics"] for row in r.rows] == [{}]


def test_query_asks_only_for_requested_metrics(run, idle):
    run("-m", "oOnQueueUsers,oLongestWaiting,tWait", *FAST)
    assert json.loads(idle.requests[3]["body"])["metrics"] == \
        ["oLongestWaiting", "oOnQueueUsers", "oWaiting"]


def test_no_query_is_sent_if_no_metric_needs_one(run, idle):
    r = run("-m", "tWait", *FAST, status=0)
    assert "snapshot" not in names(idle) and len(r.rows) == 1


def test_now_prints_the_snapshot_and_opens_no_connection(run, service):
    r = run("--now", QUEUE, OTHER, status=0)
    assert names(service) == ["token", "snapshot"] and service.connections == []
    assert [row["queueId"] for row in r.rows] == [QUEUE, OTHER]
    assert r.end["rows"] == r.events("window.flush")[0]["queues"] == 2
    assert gauge(r.rows[0])["last"] is not None and r.rows[0]["mediaType"] is None


def test_now_warns_of_metrics_that_no_snapshot_has(run, service):
    r = run("--now", "-m", "tWait,oWaiting", QUEUE)
    assert r.status == 0 and list(r.rows[0]["metrics"]) == ["oWaiting"], r.err
    assert len(r.warnings("tWait")) == len(r.warnings()) == 1
    assert run("--now", QUEUE, status=0).events("warning") == []


def test_now_warns_of_queues_that_are_not_in_the_snapshot(run, notify):
    absent = ["%08x-0000-4000-8000-00000000abcd" % n for n in range(3)]
    service = notify()
    r = run("--now", QUEUE, *absent)
    assert r.status == 0 and len(r.rows) == 4, r.err
    (line,) = r.events("warning")
    assert "queue %s (and 2 others): " % absent[0] in line["message"]
    r = run("--now", absent[1], status=0)
    assert len(r.warnings("no values for queue %s: " % absent[1])) == len(r.warnings()) == 1
    count = service.count("snapshot")
    r = run("--now", "-m", "tWait", absent[1])
    assert len(r.warnings("tWait")) == len(r.warnings()) == 1
    assert service.count("snapshot") == count


def test_500_queues_start_with_few_requests(run, notify, tool):
    ids, scenario, args = many(tool, 500)
    service = notify(**scenario)
    r = run("-w", "1s", *args, status=0)
    assert len(service.requests) < 20 and service.count("snapshot") == 3
    assert [row["queueId"] for row in sums(r)] == ids
    assert len(json.loads(service.requests[2]["body"])) == 1000
    assert all(gauge(row)["last"] == 0 for row in sums(r))


def test_plain_loopback(run, notify):
    service = notify(plain=True)
    run(*FAST, status=0)
    assert len(service.connections) == 1 and service.closes == [(0, 1000)]


def test_second_run_takes_the_token_from_the_cache(run, service):
    assert [run(*FAST).status for _ in range(2)] == [0, 0]
    assert service.count("token") == 1 and service.count("create") == 2


# -- the end


def test_normal_end_deletes_the_subscriptions(run, service):
    assert run(*FAST).status == 0
    assert harness.eventually(lambda: service.closes == [(0, 1000)])
    assert names(service)[-1] == "unsubscribe" and deleted_all(service)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_deletes_the_subscriptions(begin, service, number):
    process = begin("-w", "500ms", "-n", 1000, QUEUE, OTHER, until="window.flush")
    r = process.end(number, within=1 + harness.SLACK / 4, status=128 + number)
    assert [row["partial"] for row in sums(r)][-4:] == [False, False, True, True]
    assert names(service)[-1] == "unsubscribe" and deleted_all(service)
    assert harness.eventually(lambda: service.closes == [(0, 1000)])


def test_signal_ends_a_run_that_gets_no_answer(begin, notify):
    service = notify(answers={"unsubscribe": [slow(20)]})
    process = begin("-w", "60s", QUEUE, until="stream.connected")
    process.end(status=143, within=1 + harness.SLACK / 4)
    assert service.count("unsubscribe") == 1


@pytest.mark.parametrize("status, scenario, args", [
    (3, {"answers": {"snapshot": [forbidden()]}}, ()),
    (3, {"rejected": {QUEUE: ("no permission", ["a:b:c"])}}, ()),
    (5, {"answers": {"snapshot": [error(500, "x", "x")]}}, ("--retry-for", "1s")),
    (6, {"sockets": [[("close", 1008, "enough")]]}, ()),
    (6, {"answers": {"snapshot": [error(400, "bad", "x")]}}, ())])
def test_every_failure_deletes_the_subscriptions(run, notify, status, scenario, args):
    service = notify(**scenario)
    run("-w", "2s", *args, QUEUE, status=status)
    assert channels(service, "unsubscribe") == channels(service, "replace")
    assert deleted_all(service)


def test_protocol_error_deletes_the_subscriptions(run, notify):
    service = notify(sockets=[[("raw", b"\xff\xff\xff")]])
    run("-w", "9s", QUEUE, status=8)
    assert deleted_all(service) and names(service)[-1] == "unsubscribe"


# -- what is not permitted


def refusals(r):
    return {line["queueId"]: line["reason"] for line in r.events("queue.refused")}


REJECTED = {OTHER: ("not permitted", ["analytics:queueObservation:view"])}


def test_one_rejected_queue(run, notify):
    notify(rejected=REJECTED)
    r = run("-n", 2, *FAST, OTHER, status=3)
    assert [(row["window"], row["queueId"]) for row in sums(r)] == [(0, QUEUE), (1, QUEUE)]
    assert list(refusals(r)) == [OTHER]
    assert "not permitted" in refusals(r)[OTHER]
    assert "analytics:queueObservation:view" in refusals(r)[OTHER]
    assert "refused" in r.end["message"]


def test_rejected_queue_may_be_skipped(run, notify):
    notify(rejected=REJECTED)
    r = run("--skip-refused", *FAST, OTHER, status=0)
    assert [row["queueId"] for row in sums(r)] == [QUEUE] and list(refusals(r)) == [OTHER]


@pytest.mark.parametrize("args", [(), ("--skip-refused",)])
def test_run_ends_at_once_if_all_queues_are_refused(run, notify, args):
    service = notify(rejected={QUEUE: ("no", []), OTHER: ("no", [])})
    r = run(*args, "-w", "60s", QUEUE, OTHER)
    assert r.status == 3 and r.out == "" and NEEDS in r.end["message"]
    assert sorted(refusals(r)) == [QUEUE, OTHER] and service.connections == []


def test_queue_without_the_activity_topic_is_kept(run, notify, tool):
    ids, scenario, args = many(tool, 40)
    notify(rejected={topic(q, "activity"): ("no activity", []) for q in ids}, **scenario)
    r = run("-w", "300ms", *args, status=0)
    assert len(sums(r)) == 40
    told = r.warnings("activity")
    assert len(told) == 1 and ids[0] in told[0] and "39 other" in told[0]
    assert len(r.events("token.acquired")) == 1


def test_403_for_all_topics_is_retried_in_parts(run, notify):
    service = notify(rejected=REJECTED, strict=True)
    r = run(*FAST, OTHER, frames.QUEUES[2], status=3)
    assert names(service)[2:6] == ["replace", "subscribe", "subscribe", "subscribe"]
    assert [row["queueId"] for row in sums(r)] == [QUEUE, frames.QUEUES[2]]
    assert "analytics:queueObservation:view" in refusals(r)[OTHER]
    (channel,) = service.channels.values()
    assert deleted_all(service), channel.topics


def test_403_for_the_only_queue_ends_the_run(run, notify):
    service = notify(rejected=REJECTED, strict=True)
    r = run("-w", "60s", OTHER)
    assert r.status == 3 and r.out == "" and list(refusals(r)) == [OTHER]
    assert names(service) == ["token", "create", "replace", "unsubscribe"]


@pytest.mark.parametrize("refused, most", [
    ([0], 18), ([499], 12), ([77, 78, 250, 486], 4 * 18), (list(range(100, 160)), 60 + 18)])
def test_403_for_few_of_many_queues_needs_few_requests(run, notify, tool, refused, most):
    ids, scenario, args = many(tool, 500)
    no = {ids[n]: ("not for %s" % ids[n], ["a:%d:c" % n]) for n in refused}
    service = notify(rejected=no, strict=True, **scenario)
    r = run("--skip-refused", "-w", "1s", *args, status=0)
    assert service.count("replace") == 1 and 0 < service.count("subscribe") <= most
    assert [row["queueId"] for row in sums(r)] == [q for q in ids if q not in no]
    assert [line["queueId"] for line in r.events("queue.refused")] == [ids[n] for n in refused]
    assert all("analytics:queueObservation:view" in reason for reason in refusals(r).values())
    asked = [{topic["id"] for topic in json.loads(n["body"])}
             for n in service.asked("subscribe") if n["status"] == 200]
    assert sum(map(len, asked)) == len(set().union(*asked)) == 2 * (500 - len(refused))


@pytest.mark.parametrize("count, named, words", [
    (40, 40, "all 40 queues were refused"),
    (500, 200, "all of the first 200 queues were refused; the other 300 were not tried")])
def test_403_for_each_of_many_queues_ends_the_run(run, notify, tool, count, named, words):
    ids, scenario, args = many(tool, count)
    service = notify(rejected={q: ("no", []) for q in ids}, strict=True, **scenario)
    r = run("--skip-refused", "-w", "60s", *args)
    assert r.status == 3 and r.out == "" and words in r.end["message"], r.err
    assert NEEDS in r.end["message"] and list(refusals(r)) == ids[:named]
    assert service.count("subscribe") < named + 10 and service.connections == []


def test_429_for_a_part_is_obeyed(run, notify, tool):
    ids, scenario, args = many(tool, 64)
    service = notify(rejected={ids[40]: ("no", [])}, strict=True, **scenario,
                     answers={"subscribe": [answer(None), limited(1), answer(None)]})
    r = run("--skip-refused", "-w", "500ms", *args, status=0)
    pieces = service.asked("subscribe")
    assert 1 <= pieces[2]["time"] - pieces[1]["time"] < 1 + harness.SLACK
    assert pieces[2]["body"] == pieces[1]["body"] and len(pieces) <= 14
    assert len(sums(r)) == 63 and list(refusals(r)) == [ids[40]]


def test_new_channel_does_not_subscribe_to_refused_queues(run, notify, tool):
    ids, scenario, args = many(tool, 64)
    service = notify(rejected={ids[7]: ("no", [])}, strict=True, **scenario,
                     sockets=[[("sleep", 0.1), ("evict",)], [("sleep", 60)]])
    r = run("--skip-refused", "-w", "1500ms", *args, status=0)
    assert [n["status"] for n in service.asked("replace")] == [403, 200]
    assert len(r.events("queue.refused")) == 1


def test_topics_are_compared_without_case(run, notify):
    notify(spelling=str.upper, rejected=REJECTED, rate=20)
    r = run("-w", "500ms", QUEUE, OTHER)
    assert r.status == 3 and list(refusals(r)) == [OTHER]
    assert sum(row["updates"] for row in r.rows) > 0


@pytest.mark.parametrize("name", ["create", "snapshot"])
def test_403_says_which_role_is_missing(run, notify, name):
    notify(answers={name: [forbidden()]})
    r = run("-w", "60s", QUEUE)
    assert r.status == 3 and r.out == ""
    for words in ("HTTP 403", "missing.any.permissions", "analytics:queueObservation:view",
                  "contextId", "ININ-Correlation-Id", NEEDS, "not scopes"):
        assert words in r.end["message"], words


# -- credentials


@pytest.mark.parametrize("client, secret, words", [
    ("nobody", gateway.SECRET, "client not found"),
    (gateway.CLIENT_ID, "wrong", "authentication failed")])
def test_unknown_client_and_wrong_secret_differ(run, service, tool, client, secret, words):
    tool.env.update(GENESYS_CLIENT_ID=client, GENESYS_CLIENT_SECRET=secret)
    r = run(*FAST)
    assert r.status == 3 and words in r.end["message"], r.err
    assert "GENESYS_CLIENT_ID" in r.end["message"]


UNAUTHORISED = error(401, "bad.credentials", "Invalid login credentials.")


@pytest.mark.parametrize("name", ["create", "replace", "snapshot"])
def test_401_leads_to_one_new_token(run, notify, name):
    service = notify(answers={name: [UNAUTHORISED, answer(None)]})
    r = run(*FAST, status=0)
    assert len(r.rows) > 0 and service.count("token") == 2
    assert len(r.events("token.refused")) == 1 and service.count("snapshot") >= 1


@pytest.mark.parametrize("name", ["create", "replace", "snapshot"])
def test_second_401_ends_the_run(run, notify, name):
    service = notify(answers={name: [UNAUTHORISED]})
    r = run("--retry-for", "3s", *FAST, status=3)
    assert service.count("token") == 2 and service.count(name) == 2
    assert "bad.credentials" in r.end["message"] and "GENESYS_CLIENT_ID" in r.end["message"]


def test_expired_token_of_the_cache_is_replaced(run, service):
    assert run(*FAST).status == 0
    service.expire_tokens()
    assert run(*FAST).status == 0
    assert service.count("token") == 2


# -- limits and failures


@pytest.mark.parametrize("name, headers", [
    (name, headers) for name in ("token", "create", "replace", "snapshot")
    for headers in ({"retry_after": 1}, {"reset": 1})
    if (name, headers) != ("token", {"reset": 1})])     # the login has no such header
def test_429_is_obeyed(run, notify, name, headers):
    service = notify(answers={name: [limited(**headers), answer(None)]})
    r = run(*FAST, status=0)
    first, second = [n["time"] for n in service.asked(name)][:2]
    assert 1 <= second - first < 1 + harness.SLACK
    assert not [n for n in service.requests if first < n["time"] < second]
    assert r.events("token.retry" if name == "token" else "stream.retry")[0]["waitMs"] == 1000


@pytest.mark.parametrize("name", ["create", "replace", "snapshot"])
def test_429_without_retry_after_is_retried(run, notify, name):
    notify(answers={name: [limited(), answer(None)]})
    assert run(*FAST).status == 0


@pytest.mark.parametrize("name", ["token", "create", "replace", "snapshot"])
def test_429_for_longer_than_retry_for_ends_the_run(run, notify, name):
    notify(answers={name: [limited(60)]})
    assert "--retry-for 20s" in run("--retry-for", "20s", *FAST, status=4).end["message"]


def test_429_for_the_handshake_is_obeyed(run, notify):
    notify(sockets=[answer(429, Retry_After=1), [("run",)]])
    assert run(*FAST, status=0).events("stream.retry")[0]["waitMs"] == 1000
    notify(sockets=[answer(429, Retry_After=60)])
    assert run("--retry-for", "20s", *FAST).status == 4


def test_rate_limit_of_the_service_is_obeyed(run, notify):
    notify(per_minute=2, retry_after=False)
    run("--retry-for", "2s", *FAST, status=4)


@pytest.mark.parametrize("name", ["create", "replace", "snapshot"])
@pytest.mark.parametrize("failure", [error(503, "service.unavailable", "Not now."), cut()])
def test_failures_are_retried(run, notify, name, failure):
    service = notify(answers={name: [failure, failure, answer(None)]})
    r = run(*FAST, status=0)
    # a connection that was used before and ends without an answer libcurl asks again itself
    assert service.count(name) == 3
    assert len(r.events("stream.retry")) in ((2,) if failure["status"] else (1, 2))


@pytest.mark.parametrize("failure", [limited(1), error(503, "service.unavailable", "Not now.")])
def test_snapshot_continues_with_the_query_that_failed(run, notify, tool, failure):
    _, scenario, args = many(tool, 500)
    service = notify(answers={"snapshot": [answer(None), failure, answer(None)]}, **scenario)
    r = run("-w", "1s", *args, status=0)
    assert service.count("snapshot") == 4
    assert all(gauge(row)["last"] == 0 for row in sums(r))


@pytest.mark.parametrize("name", ["create", "replace", "snapshot"])
@pytest.mark.parametrize("failure", [error(500, "internal", "Oh."), cut()])
def test_failures_for_longer_than_retry_for_end_the_run(run, notify, name, failure):
    notify(answers={name: [failure]})
    r = run("--retry-for", "1s", *FAST)
    assert r.status == 5 and r.out == "", r.err
    assert "--retry-for 1s" in r.end["message"]


def test_other_4xx_ends_the_run(run, notify):
    service = notify(answers={"create": [error(400, "odd", "Strange.")]})
    r = run(*FAST)
    assert r.status == 6 and "odd: Strange." in r.end["message"] and service.count("create") == 1


def test_host_without_the_api_exits_with_6(run, notify):
    notify(answers={"create": [not_found("page")]})
    assert "does not have the API" in run(*FAST, status=6).end["message"]


@pytest.mark.parametrize("body", [
    {"connectUri": "ws://example.org/channels/x", "id": "x"},
    {"connectUri": "ws://localhost.example.org/channels/x", "id": "x"},
    {"connectUri": "http://localhost/channels/x", "id": "x"},
    {"connectUri": "wss://localhost/channels/x"},
    {"connectUri": "wss://localhost/channels/x", "id": "../../x"},
    {"id": "x"}, [], "x", b"not JSON", b""])
@pytest.mark.parametrize("plain", [False, True])
def test_malformed_channel_ends_the_run(run, notify, body, plain):
    service = notify(plain, answers={"create": [answer(200, body)]})
    r = run(*FAST, status=8)
    assert service.count("create") == 2 and service.connections == []
    assert "malformed" in r.end["message"]


def test_malformed_topics_end_the_run(run, notify):
    service = notify(answers={"replace": [answer(200, b'{"entities":')]})
    run(*FAST, status=8)
    assert service.count("replace") == 2


@pytest.mark.parametrize("body", [
    b"", b"<html>", b"[]", b"null", b'{"results":[', b'{"results":[]} x',
    '{"results":[]}'.encode("utf-16")])
@pytest.mark.parametrize("args", [("--now",), ("-w", "200ms")])
def test_malformed_snapshots_end_the_run(run, notify, body, args):
    service = notify(answers={"snapshot": [answer(200, body)]})
    r = run(*args, QUEUE)
    assert r.status == 8 and r.out == "" and service.count("snapshot") == 2, r.err
    assert "malformed" in r.end["message"]


def test_malformed_snapshot_is_requested_again(run, notify):
    service = notify(answers={"snapshot": [answer(200, b"<html>"), answer(None)]})
    r = run("--now", QUEUE)
    assert r.status == 0 and service.count("snapshot") == 2, r.err
    assert gauge(sums(r)[0])["last"] is not None


# -- life


def test_message_that_is_not_json_is_counted_and_frames_are_kept(run, notify):
    notify(sockets=[[("send", "{"), later(3), ("send", "nonsense"), later(4), ("sleep", 60)]],
           **IDLE)
    r = run("-w", "1s", "--rejects", "refused", "--record", "recording", QUEUE, status=0)
    assert r.end["rejected"]["not-json"] == 2 and r.end["updates"] == 2
    assert gauge(sums(r)[0])["max"] == 4
    again = run("--replay", "recording", "-w", "1s", QUEUE)
    assert (again.status, again.out) == (0, r.out), again.err
    assert again.end["rejected"] == r.end["rejected"] and again.end["brokenLines"] == 0


def test_heartbeats_count_as_messages_but_not_as_frames(run, notify):
    service = notify(rate=0.01, heartbeat=0.1)
    r = run("--idle-timeout", "500ms", "-w", "1500ms", QUEUE, status=0)
    assert service.pings == 0 and len(service.sent) > 5
    assert r.end["frames"] == r.end["updates"] == 0 and sums(r)[0]["updates"] == 0
    assert sums(r)[0]["coverage"] == 1 and not any(r.end["rejected"].values())


def test_pong_keeps_the_gauges(run, idle):
    r = run("--idle-timeout", "300ms", "-w", "1s", "-n", 2, QUEUE, status=0)
    assert 3 <= idle.pings <= 7 and len(idle.connections) == 1
    assert idle.count("snapshot") == 1 and r.events("stream.silent") != []
    for row in sums(r):
        assert gauge(row)["last"] == 0 and gauge(row)["carried"]
        assert row["coverage"] == 1 and 999 <= gauge(row)["observedMs"] <= 1000
    assert r.end["connected"] == 1 and r.end["lost"] == 0


def test_connection_counts_as_up_while_a_pong_is_awaited(run, notify):
    service = notify(sockets=[[("silence", True), ("sleep", 60)]], **IDLE)
    process_args = ("--idle-timeout", "600ms", "--pong-timeout", "5s", "-w", "1200ms")
    r = run(*process_args, "--record", "recording", QUEUE, status=0)
    assert service.pings == 1 and len(r.events("stream.silent")) == 1
    assert sums(r)[0]["coverage"] == 1 and 1199 <= gauge(sums(r)[0])["observedMs"] <= 1200
    assert gauge(sums(r)[0])["last"] == 0
    assert run("--replay", "recording", "-w", "1200ms", QUEUE).out == r.out


def test_without_a_pong_the_loss_begins_at_the_last_message(tool, run, notify):
    """The cable is pulled 12 s into a window of 60 s, on a smaller scale."""
    notify(sockets=[[("until", lambda s: s.count("snapshot")), ("sleep", 0.4), later(7),
                     ("silence", True), ("sleep", 60)], [("run",)]], rate=0.01, heartbeat=0.1)
    r = run("--idle-timeout", "600ms", "--pong-timeout", "400ms", "-w", "3s", QUEUE,
            "--record", "recording", status=0)
    row, back = sums(r)[0], r.events("stream.connected")[1]
    last = [line["at"] for line in tool.lines("recording")
            if "stream" in line and "frame" in line and line["at"] < back["at"]][-1]
    assert r.events("stream.lost")[0]["at"] == last
    seconds = [frames.seconds(at) for at in (row["start"], last, back["at"], row["end"])]
    connected = seconds[1] - seconds[0] + seconds[3] - seconds[2]
    assert row["coverage"] == pytest.approx(connected / 3, abs=2e-4) and row["coverage"] < 0.7
    assert gauge(row)["observedMs"] <= connected * 1000 + 1
    assert run("--replay", "recording", "-w", "3s", QUEUE).out == r.out


@pytest.mark.parametrize("result, pong", [("404", False), ("success", True), ("200", True)])
def test_error_result_does_not_count_as_pong(run, notify, result, pong):
    words = json.dumps({"result": result, "message": "the channel has expired"})
    service = notify(sockets=[[("silence", words), ("sleep", 60)], [("run",)]], **IDLE)
    r = run("--idle-timeout", "500ms", "--pong-timeout", "500ms", "-w", "1700ms", QUEUE, status=0)
    assert (len(service.connections) == 1) == pong, r.err
    assert (sums(r)[0]["coverage"] == 1) == pong


def test_without_a_pong_the_run_reconnects_to_the_same_channel(run, notify):
    service = notify(sockets=[[("silence", True), ("sleep", 60)], [("run",)]], rate=5,
                     heartbeat=0.2)
    r = run("--idle-timeout", "400ms", "--pong-timeout", "300ms", *RECONNECTS, QUEUE, status=0)
    assert service.count("create") == 1 and service.count("replace") == 1
    assert service.count("snapshot") == 2 and len(service.connections) == 2
    assert service.connections[0].channel is service.connections[1].channel
    assert r.events("stream.retry")[0]["reason"] \
        == "no answer to a ping within --pong-timeout 300ms"
    assert 0.3 < sums(r)[0]["coverage"] < 1


@pytest.mark.parametrize("end", [
    [("rst",)], [("drop",)], [("close", 1000, "bye")], [("close", 1011, "oops")]])
def test_reconnect_requests_a_new_snapshot(run, notify, end):
    service = notify(sockets=[[("until", lambda s: s.count("snapshot")), ("sleep", 0.3), later(50),
                               ("sleep", 0.2), *end], [("sleep", 60)]], **IDLE)
    r = run(*RECONNECTS, QUEUE, status=0)
    assert names(service) == ["token", "create", "replace", "snapshot", "snapshot", "unsubscribe"]
    # the value from before the loss is not what holds
    voice = [gauge(row) for row in r.rows if row["mediaType"] == "voice"]
    assert voice[0]["last"] == 0 and voice[0]["max"] == 50
    assert 0 < sums(r)[0]["coverage"] < 1


def test_lost_connection_at_the_end_exits_with_5(run, notify):
    notify(sockets=[[("sleep", 0.1), ("drop",)], answer(503)], **IDLE)
    r = run("-w", "600ms", QUEUE)
    assert r.status == 5 and len(sums(r)) == 1, r.err
    assert gauge(sums(r)[0])["last"] is None


def test_single_attempt_has_twice_connect_timeout_in_total(run, notify):
    """60 queues, each refused after 0.2 s, and --connect-timeout holds for all of them."""
    refused = {**forbidden(), "delay": 0.2}
    service = notify(answers={"replace": [refused], "subscribe": [refused] * 100}, **IDLE)
    r = run("--retry-for", 0, "--connect-timeout", "1s", "-w", "500ms", "-n", 2,
            *frames.QUEUES)
    assert r.status == 5 and r.rows == [], r.err
    assert 0 < service.count("subscribe") < 12, names(service)
    assert "--retry-for 0" in r.end["message"]


def test_idle_close_reconnects_to_the_same_channel(run, notify):
    service = notify(sockets=[[("sleep", 0.1), ("idle_close",)], [("sleep", 60)]], **IDLE)
    r = run(*RECONNECTS, QUEUE, status=0)
    assert names(service)[3:] == ["snapshot", "head", "snapshot", "unsubscribe"]
    assert service.count("create") == 1 and "closed an idle connection" in r.err


# -- eviction


@pytest.mark.parametrize("action, asked", [("evict", 0), ("idle_close", 1)])
def test_eviction_is_explained(run, notify, action, asked):
    """1001 is one too where the channel is gone, as the service is asked then."""
    service = notify(sockets=[[("sleep", 0.1), (action,)], [("sleep", 60)]],
                     answers={"head": [not_found()]}, **IDLE)
    r = run(*RECONNECTS, QUEUE, status=0)
    assert service.count("create") == 2 and service.count("head") == asked
    assert service.count("snapshot") == 2
    assert any("evicted" in line["reason"] and "20" in line["reason"]
               for line in r.events("stream.retry"))
    assert harness.eventually(lambda: service.closes[-1][1] == 1000)


def test_unsubscribed_message_counts_as_an_eviction(run, notify):
    def text(channel):
        return notice_frames.system("no_longer_subscribed", channel.id,
                                    reason="another_channel_subscribed")
    service = notify(sockets=[[("sleep", 0.1), ("call", text), ("sleep", 60)], [("sleep", 60)]],
                     rate=0.01, heartbeat=0.1)
    r = run("-w", "2500ms", QUEUE, status=0)
    assert service.count("create") == 2 and sums(r)[0]["coverage"] < 1
    assert "evicted" in r.err


def test_second_eviction_waits(run, notify):
    service = notify(sockets=[[("sleep", 0.05), ("evict",)]], **IDLE)
    r = run("-w", "1500ms", QUEUE, status=5)
    assert service.count("create") == 2
    waits = [line["waitMs"] for line in r.events("stream.retry")]
    assert waits[0] <= 1000 and 50000 < waits[-1] <= 60000


def test_second_eviction_ends_a_run_with_a_short_retry_for(run, notify):
    service = notify(sockets=[[("sleep", 0.05), ("evict",)]], **IDLE)
    r = run("--retry-for", "20s", "-w", "30s", QUEUE)
    assert r.status == 5 and service.count("create") == 2, r.err
    assert [row["partial"] for row in sums(r)] == [True]
    for words in ("evicted", "the next attempt is in ", "--retry-for 20s"):
        assert words in r.end["message"]


def test_other_programs_channels_evict_this_one(begin, notify):
    service = notify(max_channels=1)
    process = begin("-w", "2s", QUEUE, until="stream.connected")
    service.fill(1)
    process.until("stream.lost")
    r = process.finish(status=0)
    assert service.count("create") == 2 and "evicted" in r.err


@pytest.mark.parametrize("status", [401, 403, 404])
def test_refused_handshake_leads_to_a_new_channel(run, notify, status):
    service = notify(sockets=[answer(status), [("run",)]])
    run(*FAST, status=0)
    assert service.count("create") == 2 and service.count("token") == 1
    assert sorted(channels(service, "unsubscribe")) == sorted(channels(service, "replace"))


def test_handshakes_that_are_always_refused_end_the_run(run, notify):
    service = notify(sockets=[answer(404)])
    r = run("--retry-for", "3s", *FAST)
    assert r.status == 5 and r.events("stream.retry")[0]["httpStatus"] == 404, r.err
    assert sorted(channels(service, "unsubscribe")) == sorted(channels(service, "replace"))


# -- two sockets


@pytest.mark.parametrize("overlap", ["both", "old", "new", "split"])
def test_hand_over_counts_each_frame_once(begin, notify, overlap):
    began = threading.Event()
    service = notify(overlap=overlap, rate=20, sockets=[
        [("until", lambda s: began.is_set()), ("run", 0.3), ("socket_closing", 0.8)],
        [("run", 0.9), ("sleep", 60)]])
    process = begin("-w", "1s", "-n", 5, QUEUE, OTHER)
    process.until("window.flush")         # no frame comes before the first window
    began.set()
    r = process.finish(status=0)
    assert len(service.connections) == 2 and service.count("create") == 1
    assert service.connections[0].channel is service.connections[1].channel
    assert all(row["coverage"] == 1 for row in sums(r))
    got = sum(row["updates"] for row in r.rows)
    both = sum(row["rejected"]["duplicate"] for row in r.rows)
    texts = [s["text"] for s in service.sent if "analytics.queues" in s["text"]]
    assert got == r.end["updates"] == len(set(texts)) and (both > 0) == (overlap == "both")
    assert harness.eventually(lambda: service.closes and service.closes[-1] == (1, 1000))


def test_hand_over_opens_the_second_before_the_first_is_closed(run, notify):
    service = notify(rate=20, second=None, sockets=[
        [("run", 0.3), ("socket_closing", 1), ("sleep", 60)], [("run",)]])
    r = run("-w", "2s", QUEUE, status=0)
    lines = [line["event"] for line in r.audit if line["event"].startswith("stream.")]
    assert lines[:3] == ["stream.connected", "stream.connected", "stream.lost"]
    assert sums(r)[0]["coverage"] == 1 and service.count("snapshot") == 1


def test_hand_over_announced_during_the_snapshot(run, notify):
    service = notify(answers={"snapshot": [slow(0.5), answer(None)]}, rate=20, sockets=[
        [("socket_closing", 1)], [("run",)]])
    r = run("-w", "1500ms", QUEUE, status=0)
    assert sums(r)[0]["coverage"] == 1 and len(service.connections) == 2
    assert gauge(sums(r)[0])["observedMs"] > 1400


def test_failed_hand_over_is_a_loss(run, notify):
    service = notify(rate=10, sockets=[
        [("run", 0.3), ("socket_closing", 0.3)], answer(503), [("run",)]])
    r = run(*RECONNECTS, QUEUE, status=0)
    assert len(service.connections) == 3 and sums(r)[0]["coverage"] < 1
    assert service.count("snapshot") == 2


def test_old_connection_that_stays_open_needs_no_cpu(begin, notify):
    notify(second=None, sockets=[
        [("call", lambda c: notice_frames.socket_closing()), ("sleep", 60)],
        [("sleep", 60)]], **IDLE)
    process = begin("-w", "2500ms", QUEUE, until="stream.connected")
    time.sleep(0.5)
    before = cpu_seconds(process.pid)
    time.sleep(1.5)
    assert cpu_seconds(process.pid) - before < 0.05 * harness.SLACK
    assert process.finish().status == 0


@pytest.mark.parametrize("scenario", [
    IDLE, {**IDLE, "sockets": [[("silence", True), ("sleep", 60)]]},
    {**IDLE, "answers": {"create": [limited(20)]}},
    {**IDLE, "answers": {"snapshot": [slow(20)]}},
    {**IDLE, "answers": {"snapshot": [answer(None), error(500, "x", "x")]},
     "sockets": [[("sleep", 0.1), ("drop",)], [("sleep", 60)]]}])
def test_waiting_needs_no_cpu(begin, notify, scenario):
    notify(**scenario)
    process = begin("-w", "60s", "--idle-timeout", "800ms", QUEUE, until="token.acquired")
    time.sleep(0.6)
    before = cpu_seconds(process.pid)
    time.sleep(2)
    used = cpu_seconds(process.pid) - before
    assert process.end().status == 143
    assert used < 0.05 * harness.SLACK


# -- the next token


def test_token_is_replaced_before_it_expires(run, notify):
    service = notify(expires_in=4, rate=20)
    r = run("--token-margin", "1s", "-w", "4s", QUEUE, status=0)
    assert service.count("token") == 2 and service.count("create") == 2
    assert sums(r)[0]["coverage"] == 1 and service.count("snapshot") == 1
    made = channels(service, "replace")
    assert channels(service, "unsubscribe") == made and deleted_all(service)
    texts = [s["text"] for s in service.sent if "analytics.queues" in s["text"]]
    got = sum(row["updates"] for row in r.rows)
    assert len(set(texts)) - 12 <= got <= len(set(texts))


@pytest.mark.parametrize("name, expires_in, second, args", [
    ("token", 4, answer(None), ("--token-margin", "60s", "-w", "3s")),   # it lives too short
    *((name, 3, failure, ("--token-margin", "1s", "--retry-for", "20s", "-w", "2800ms"))
      for name, failure in (("token", error(503, "x", "x")), ("create", answer(200, b"{}"))))])
def test_failed_renewal_keeps_the_old_channel(run, notify, name, expires_in, second,
                                              args):
    service = notify(expires_in=expires_in, rate=10, answers={name: [answer(None), second]})
    r = run(*args, QUEUE, status=0)
    assert service.count(name) == 2 and sums(r)[0]["coverage"] == 1


def test_revoked_token_is_replaced(run, notify):
    service = notify(rate=20, sockets=[[("run", 0.3), ("token_revoked",), ("run",)], [("run",)]])
    r = run(*RECONNECTS, QUEUE, status=0)
    assert service.count("token") == 2 and service.count("create") == 2
    assert sums(r)[0]["coverage"] == 1 and deleted_all(service)
    tokens = [n["token"] for n in service.asked("create")]
    assert tokens[0] != tokens[1]


# -- secrets and recordings


def secrets(service):
    found = set(service.tokens) | set(service.channels) | set(service.evicted)
    found |= {c.request.match_info["id"] for c in service.connections}
    return found | {gateway.SECRET}


def assert_no_secret(service, *texts):
    for text in texts:
        for secret in secrets(service):
            assert secret not in text, secret
        assert "/channels/streaming" not in text


def test_no_secret_in_any_output(begin, notify, tool):
    service = notify(rate=10, expires_in=3, sockets=[
        [("run", 0.2), ("evict",)], [("run", 0.4), ("token_revoked",), ("run",)], [("run",)]])
    process = begin("-v", "-w", "3s", "--record", "recording", "--rejects", "rejects", "--no-cache",
                    "--token-margin", "1s", QUEUE, until="stream.connected")
    cmdline = pathlib.Path("/proc/%d/cmdline" % process.pid).read_text()
    r = process.finish(status=0)
    assert service.count("create") >= 3
    recording = (tool.dir / "recording").read_text()
    assert_no_secret(service, r.out, r.err, recording, cmdline, (tool.dir / "rejects").read_text())
    assert "REDACTED" in recording


@pytest.mark.parametrize("name", ["create", "replace", "snapshot"])
def test_no_secret_in_failures(run, notify, name):
    service = notify(answers={name: [error(500, "x", "x"), error(400, "y", "y")]})
    r = run("-v", "--record", "recording", *FAST, status=6)
    assert_no_secret(service, r.out, r.err)


@pytest.mark.parametrize("scenario, args", [
    ({}, ()),
    ({}, ("-f", "csv", "-m", "o*,t*")),
    ({"rejected": REJECTED}, ()),
    ({}, ("--no-snapshot",)),
    ({}, ("--align",)),
    ({"sockets": [[("run", 0.4), ("drop",)], [("run",)]]}, ()),
    ({"overlap": "both", "sockets": [[("run", 0.3), ("socket_closing", 0.5)], [("run",)]]}, ()),
    ({"sockets": [[("run", 0.3), ("silence", False), ("sleep", 60)]]},
     ("--idle-timeout", "800ms")),
    ({"longest": "data"}, ("-m", "oLongest*")),
    # events since the question are newer than the answer
    ({"answers": {"snapshot": [slow(0.8)]}}, ())])
def test_a_recording_replays_to_the_same_bytes(run, notify, tool, scenario, args):
    notify(rate=20, **scenario)
    shape = ("-w", "500ms", "-n", 3, *(() if "--idle-timeout" in args else args))
    r = run("-w", "500ms", "-n", 3, *args, "--record", "recording", QUEUE, OTHER)
    assert r.status == (3 if "rejected" in scenario else 0), r.err
    again = run("--replay", "recording", *shape, QUEUE, OTHER)
    assert again.status in (0, r.status), again.err
    assert again.out == r.out
    # what the recording says itself need not be said
    again = tool.run("--replay", "-", *shape, data=(tool.dir / "recording").read_bytes())
    assert (again.status, again.out) == (0, r.out), again.err


def test_a_run_that_a_signal_ended_replays_to_the_same_bytes(begin, notify, tool):
    notify(rate=20)
    process = begin("-w", "400ms", "-n", 100, "--record", "recording", QUEUE, OTHER)
    process.until("window.flush")
    live = process.end()
    assert live.status == 143 and live.rows[-1]["partial"], live.err
    again = tool.run("--replay", "recording", "-w", "400ms")
    assert (again.status, again.out) == (0, live.out), again.err
    assert sums(again)[-1]["coverage"] == 1


def test_recording_begins_with_queues_and_source(run, notify, tool):
    service = notify(queues=NAMED)
    r = run("--queue-name", "Support*", "-w", "200ms", "--record", "recording", status=0)
    text = (tool.dir / "recording").read_text()
    first, second = [json.loads(line) for line in text.splitlines()[:2]]
    assert first == {"at": first["at"], "state": "run", "schema": "gsqstat-recording/1",
                     "source": "notifications", "interval": None,
                     "queues": [row["queueId"] for row in sums(r)]}
    assert len(sums(r)) == 2
    assert second["answer"] == "queues" and first["at"] <= second["at"]
    assert_no_secret(service, text)


def test_second_recording_continues_the_window_numbers(run, notify, tool):
    notify(rate=20, queues=NAMED)
    for name in ("one", "two"):
        run("--queue-name", "Support*", "-w", "300ms", "-n", 2, "--record", name, status=0)
    recordings = b"".join((tool.dir / name).read_bytes() for name in ("one", "two"))
    alone = tool.run("--replay", "two", "-w", "300ms").rows
    for flags in ((), ("--queue-name", "Support*")):
        both = tool.run("--replay", "-", "-w", "300ms", *flags, data=recordings)
        assert both.status == 0 and not both.events("warning"), both.err
        assert [row["window"] for row in sums(both)] == [0, 0, 1, 1, 2, 2, 3, 3]
        assert [row for row in both.rows if row["window"] > 1] == [
            {**row, "window": row["window"] + 2} for row in alone]
    # of other windows the last one of each ends with its recording
    long = tool.run("--replay", "-", "-w", "10s", data=recordings)
    assert [(row["window"], row["partial"], row["coverage"]) for row in sums(long)] == [
        (0, True, 1), (0, True, 1), (1, True, 1), (1, True, 1)]


# -- signals and statuses


def test_usr1_prints_a_status(begin, service):
    process = begin("-w", "60s", QUEUE, until="stream.connected")
    process.send_signal(signal.SIGUSR1)
    assert process.until("run.status")["up"] is True
    assert process.end().status == 143


def test_untrusted_certificate_exits_with_8(run, service, tool):
    tool.env["SSL_CERT_FILE"] = foreign_authority(tool)
    assert "--cacert" in run(*FAST, status=8).end["message"]
    assert service.requests == []


def test_closed_port_is_retried_then_exits_with_5(run, service, tool):
    tool.env["GENESYS_API_HOST"] = "localhost:1"
    assert run("--retry-for", "1s", *FAST).status == 5


def test_closed_stdout_ends_the_run(begin, service):
    process = begin("-w", "200ms", "-n", 1000, QUEUE, until="window.flush")
    process.leave()
    r = process.finish()
    assert r.status == 141 and deleted_all(service)


def test_retry_for_0_is_one_attempt_of_each(run, notify):
    service = notify(answers={"create": [error(503, "x", "x"), answer(None)]})
    run("--retry-for", "0s", *FAST, status=5)
    assert service.count("create") == 1 and service.count("token") == 1
    notify()
    assert run("--retry-for", "0s", *FAST).status == 0


# -- queues by name


NAMED = [notice_frames.queue(q, name) for q, name in zip(
    frames.QUEUES, ("Sales", "Support EN", "Support DE", "Billing"))]


def test_queues_by_name(run, notify):
    service = notify(queues=NAMED)
    r = run("--queue-name", "support*", "--queue-name", "Billing", "-w", "200ms", status=0)
    assert [(row["queueId"], row["queueName"]) for row in sums(r)] == [
        (frames.QUEUES[2], "Support DE"), (frames.QUEUES[1], "Support EN"),
        (frames.QUEUES[3], "Billing")]
    assert names(service)[:2] == ["token", "queues"]


def test_names_are_cached_for_the_next_run(run, notify):
    service = notify(queues=NAMED)
    for _ in range(2):
        assert run("--queue-name", "Sales", "-w", "200ms").status == 0
    assert service.count("queues") == 1
    r = run("--queue-name", "Sale", "-w", "200ms")
    assert r.status == 2 and "Sales" in r.err and service.count("queues") == 2


def test_cached_names_are_used_for_queues_by_id(run, notify):
    service = notify(queues=NAMED)
    known = NAMED[0]["id"]
    assert "queueName" not in run("--now", known).out
    assert run("--list-queues").status == 0
    asked = service.count("queues")
    assert [row["queueName"] for row in run("--now", known).rows] == ["Sales"]
    r = run("-w", "200ms", known, "00000009-0000-4000-8000-00000000abcd", "--record", "recording")
    assert [row.get("queueName") for row in sums(r)] == ["Sales", None], r.err
    assert service.count("queues") == asked
    again = run("--replay", "recording", "-w", "200ms", known,
                "00000009-0000-4000-8000-00000000abcd")
    assert (again.status, again.out) == (0, r.out), again.err
    assert "queueName" not in run("--now", "--no-cache", known).out


def test_no_cache_asks_again(run, notify, tool):
    service = notify(queues=NAMED)
    for _ in range(2):
        assert run("--no-cache", "--queue-name", "Sales", "-w", "200ms").status == 0
    assert service.count("queues") == 2 and not (tool.dir / "cache").exists()


def test_name_on_a_later_page_is_found(run, notify):
    many = [notice_frames.queue("%08x-0000-4000-8000-0000000000aa" % n, "Q%04d" % n)
            for n in range(1200)]
    service = notify(queues=many, **IDLE)
    r = run("--queue-name", "Q0999", "-w", "200ms", status=0)
    assert [row["queueName"] for row in sums(r)] == ["Q0999"] and service.count("queues") <= 4
    r = run("--queue-name", "Q*", "-w", "200ms")
    assert r.status == 2 and "500" in r.err and service.count("create") == 1


@pytest.mark.parametrize("args", [(), ("-f", "csv")])
def test_list_queues(run, notify, args):
    service = notify(queues=NAMED)
    r = run("--list-queues", *args, status=0)
    lines = r.out.splitlines()
    if args:
        assert lines.pop(0) == "id,name,divisionId,divisionName,mediaTypes"
        assert [line.split(",")[1] for line in lines] == [
            "Billing", "Sales", "Support DE", "Support EN"]
    else:
        assert [json.loads(line)["name"] for line in lines] == [
            "Billing", "Sales", "Support DE", "Support EN"]
    assert names(service) == ["token", "queues"] and service.connections == []
    assert r.end["message"] == "every queue was listed"


def test_failures_of_the_name_look_up_end_the_run(run, notify):
    args = ("--queue-name", "Sales", "-w", "200ms")
    notify(answers={"queues": [forbidden("routing:queue:view")]})
    assert "Routing > Queue > View" in run(*args, status=3).end["message"]
    notify(answers={"queues": [limited(60)]})
    assert run("--retry-for", "20s", *args).status == 4
    notify(answers={"queues": [error(500, "x", "x")]})
    assert run("--retry-for", "1s", *args).status == 5
    service = notify(queues=NAMED, answers={"queues": [UNAUTHORISED, answer(None)]})
    assert run(*args).status == 0 and service.count("token") == 2


@pytest.mark.parametrize("name, failure, status, words, asked", [
    ("token", UNAUTHORISED, 3, "GENESYS_CLIENT_SECRET", 0),
    ("queues", UNAUTHORISED, 3, "GENESYS_CLIENT_ID", 2),
    ("queues", not_found("page"), 6, "does not have the API", 1),
    ("queues", error(400, "odd", "Strange."), 6, "odd: Strange.", 1),
    ("queues", answer(302, b""), 8, "redirect", 2),
    ("queues", answer(200, b'{"entities":'), 8, "", 2)])
def test_look_up_ends_at_permanent_failures(run, notify, name, failure, status, words, asked):
    service = notify(answers={name: [failure]})
    r = run("--list-queues", "--no-cache", status=status)
    assert words in r.end["message"] and r.out == ""
    assert service.count("queues") == asked and set(names(service)) <= {"token", "queues"}


def test_common_beginning_of_channel_ids_is_not_redacted(run, notify):
    service = notify(rejected={QUEUE: ("the streaming-0- team of streaming.example may not", [])})
    r = run("--skip-refused", "-w", "300ms", QUEUE, frames.QUEUES[1])
    assert "the streaming-0- team of streaming.example may not" in r.err
    assert r.events("run.start") and not [c for c in service.channels if c in r.err]


def test_name_look_up_with_an_untrusted_certificate_exits_with_8(run, service, tool):
    tool.env["GENESYSCLOUD_ACCESS_TOKEN"] = service.new_token()     # so it meets the API first
    tool.env["SSL_CERT_FILE"] = foreign_authority(tool)
    r = run("--queue-name", "Sales", "-w", "200ms")
    assert r.status == 8 and "--cacert" in r.end["message"] and r.out == "", r.err
    assert service.requests == []


def test_recording_of_names_replays(run, notify):
    notify(queues=NAMED)
    args = ("--queue-name", "Support*", "-w", "300ms")
    r = run(*args, "--record", "recording", status=0)
    again = run("--replay", "recording", *args)
    assert (again.status, again.out) == (0, r.out), again.err


def test_access_token_of_the_environment(run, service, tool):
    for name in ("GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET", "GENESYS_API_HOST"):
        del tool.env[name]
    tool.env["GENESYSCLOUD_ACCESS_TOKEN"] = service.new_token()
    assert run("-H", service.host, *FAST).status == 0
    assert "token" not in names(service)
    tool.env["GENESYSCLOUD_ACCESS_TOKEN"] = "of-nobody"
    r = run("-H", service.host, *FAST)
    assert r.status == 3 and "of-nobody" not in r.err + r.out
    assert "check GENESYSCLOUD_ACCESS_TOKEN" in r.end["message"]
    assert "GENESYS_CLIENT" not in r.end["message"]
