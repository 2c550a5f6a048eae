"""Callbacks end to end: what a receiver gets, what it may answer, what a run makes of that."""
import base64
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time

import frames
import harness
import hooks
import pytest
from harness import QUEUE, REPLAY, SAMPLE, TOP
from listeners import Proxy
from manual import COOKBOOK, blocks

ONE = [*REPLAY, "-n", 1]        # of ten windows
ALLOW = "--callback-allow-private"
KEYS = ["whsec_" + base64.b64encode(bytes(range(i, i + 32))).decode() for i in (1, 2)]


@pytest.fixture
def receive(tmp_path, tool):
    """receive(answers…): a receiver whose certificate the tool trusts."""
    with contextlib.ExitStack() as stack:
        def start(*answers, **more):
            receiver = stack.enter_context(hooks.Receiver(tmp_path, *answers, **more))
            tool.env.setdefault("SSL_CERT_FILE", receiver.ca)
            return receiver
        yield start


@pytest.fixture
def hook(receive):
    """A receiver that takes everything."""
    return receive()


def to(*receivers):
    """The arguments for callbacks to them."""
    return [ALLOW, *(word for receiver in receivers for word in ("--callback", receiver.url))]


SPOOL = ["--callback-spool", "spool"]


def counts(r):
    c = r.end["callbacks"]
    assert list(c) == ["delivered", "retried", "dropped", "refused", "spooled"]
    return tuple(c[name] for name in ("delivered", "retried", "dropped", "spooled"))


def dead_url():
    """Where nobody listens."""
    return "https://localhost:%d/s3cret/dead" % harness.free_port()


# -- what arrives

def test_callback_gets_the_printed_windows(tool, hook):
    r = tool.run(*REPLAY, *to(hook), status=0)
    assert counts(r) == (10, 0, 0, 0) and hook.errors == [] and hook.connections == 1
    assert hook.places == [(n, 0) for n in range(10)]
    bodies = [request.json for request in hook.requests]
    assert [row for body in bodies for row in body["rows"]] == r.rows
    flushed = r.events("window.flush")
    for n, (request, body) in enumerate(zip(hook.requests, bodies)):
        assert list(body) == ["schema", "run", "window", "part", "parts", "meta", "rows"]
        assert (body["schema"], body["run"], body["window"]) == (
            "gsqstat-window/1", r.end["run"], n)
        assert request.place == (r.end["run"], n, 0)
        row = body["rows"][0]
        assert body["meta"] == {"start": row["start"], "end": row["end"], **{
            key: flushed[n][key] for key in ("updates", "avgLatencyUs", "updatesPerSecond",
                                             "coverage")}}
        assert request.headers["content-type"] == "application/json"
        assert "webhook-signature" not in request.headers
        assert abs(int(request.headers["webhook-timestamp"]) - request.real) < 5
        assert request.target == "/s3cret/hook?t=s3cret" and request.version == "HTTP/1.1"


def test_callback_gets_json_if_stdout_gets_csv(tool, hook):
    r = tool.run(*REPLAY, "-f", "csv", *to(hook))
    plain = tool.run(*REPLAY)
    assert r.status == 0 and r.out == tool.run(*REPLAY, "-f", "csv").out
    assert [row for q in hook.requests for row in q.json["rows"]] == plain.rows


def test_cloudevents_are_structured(tool, hook):
    r = tool.run(*ONE, *to(hook), "--callback-format", "cloudevents")
    request = hook.requests[0]
    assert request.headers["content-type"].startswith("application/cloudevents+json")
    event = request.json
    assert (event["specversion"], event["id"], event["source"], event["type"]) == (
        "1.0", request.id, "/gsqstat/" + r.end["run"], "gsqstat.window.1")
    assert event["time"] == r.rows[0]["end"] and event["data"]["rows"] == r.rows


def test_large_window_comes_in_parts(tool, receive):
    queues = ["%08x-0000-4000-8000-%012x" % (n, n) for n in range(800)]
    text = "".join(frames.frame(q, at="2026-11-24T02:00:00.000Z") + "\n" for q in queues)
    hook = receive()
    r = tool.run("--replay", "-", "-w", "10s", *to(hook), data=text)
    assert r.status == 0 and len(hook.requests) > 2
    assert all(len(q.body) <= 256 << 10 for q in hook.requests)
    assert hook.places == [(0, n) for n in range(len(hook.requests))]
    assert {q.json["parts"] for q in hook.requests} == {len(hook.requests)}
    assert [row for q in hook.requests for row in q.json["rows"]] == r.rows


def test_several_urls_get_the_same_ids(tool, receive):
    one, two = receive(), receive(503, 204)
    r = tool.run(*REPLAY, "-n", 3, *to(one, two))
    assert r.status == 0 and counts(r) == (6, 1, 0, 0)
    assert two.ids == [one.ids[0], *one.ids]


def test_every_key_signs_each_attempt(tool, receive):
    keys = tool.write("keys", "\n".join(KEYS) + "\n", 0o600)
    hook = receive((429, {"Retry-After": 1}), 204)
    r = tool.run(*ONE, *to(hook), "--callback-key-file", keys)
    assert r.status == 0 and counts(r) == (1, 1, 0, 0), r.err
    first, second = hook.requests
    for request in hook.requests:
        assert all(request.is_signed_by(key) for key in KEYS)
        assert not request.is_signed_by("whsec_" + base64.b64encode(b"x" * 32).decode())
        assert len(request.headers["webhook-signature"].split(" ")) == 2
    assert first.id == second.id and first.body == second.body
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


def test_live_windows_arrive(tool, serve, receive):
    gate, hook = serve(), receive()
    r = tool.run("-w", "200ms", "-n", 4, QUEUE, *to(hook), status=0)
    assert gate and [q.json["rows"] for q in hook.requests] == [[row] for row in r.rows]


# -- what is answered

@pytest.mark.parametrize("status", [(301, {"Location": "https://localhost:1/"}), 304, 400, 401,
                                    404, 422, 600])
def test_refusal_drops_one_delivery(tool, receive, status):
    hook = receive(status, 204)
    r = tool.run(*REPLAY, "-n", 3, *to(hook))
    assert r.status == 9 and counts(r) == (2, 0, 1, 0)
    assert hook.places == [(0, 0), (1, 0), (2, 0)] and len(r.rows) == 9
    dropped = r.events("callback.dropped")[0]
    assert dropped["httpStatus"] == (status if isinstance(status, int) else status[0])
    assert "1 callback" in r.end["message"]


def test_status_410_drops_all_later_deliveries_to_the_url(tool, receive):
    gone, other = receive(204, 410), receive()
    r = tool.run(*REPLAY, *to(gone, other))
    assert r.status == 9 and len(gone.requests) == 2 and len(other.requests) == 10
    assert counts(r) == (11, 0, 9, 0)


@pytest.mark.parametrize("answer", [408, 429, (429, {"Retry-After": "0"}), 500, 503, 599,
                                    "silence", "reset", "close", "trickle", "nonsense"])
def test_failed_delivery_is_retried(tool, receive, answer):
    hook = receive(answer, 204)
    r = tool.run(*REPLAY, "-n", 2, *to(hook), "--callback-timeout", "1500ms", status=0)
    assert hook.places == [(0, 0), (0, 0), (1, 0)] and counts(r) == (2, 1, 0, 0)
    retry = r.events("callback.retry")[0]
    assert retry["url"] == "https://localhost:%d" % hook.port and retry["attempt"] == 1
    assert retry["reason"] and 0 <= retry["waitMs"] <= 250


@pytest.mark.parametrize("answer", ["endless", "flood", "bare"])
def test_answer_without_an_end_counts_by_its_status(tool, receive, answer):
    hook = receive(answer, 204)
    r = tool.run(*REPLAY, "-n", 2, *to(hook), "--callback-timeout", "1500ms")
    assert r.status == 0 and counts(r) == (2, 0, 0, 0)


def test_retry_after_is_honoured(tool, receive):
    hook = receive((503, {"Retry-After": "1"}), 204)
    r = tool.run(*ONE, *to(hook), status=0)
    assert 1 <= hook.requests[1].time - hook.requests[0].time < 1 + harness.SLACK
    assert r.events("callback.retry")[0]["waitMs"] == 1000


def test_retry_after_longer_than_the_time_left_ends_the_delivery(tool, receive):
    hook = receive((429, {"Retry-After": "3600"}))
    r = tool.run(*REPLAY, "-n", 2, *to(hook), within=harness.SLACK)
    assert r.status == 9 and counts(r) == (0, 0, 2, 0) and len(hook.requests) == 1


def test_delivery_without_a_receiver_expires(tool):
    r = tool.run(*ONE, "--callback", dead_url(), ALLOW, "--retry-for", "1s")
    assert r.status == 9 and counts(r)[2] == 1 and counts(r)[1] >= 1
    assert r.events("callback.dropped")[0]["reason"]
    assert len(r.rows) == 3


def test_delivery_to_an_untrusted_certificate_expires(tool, receive):
    hook = receive(names=("other.example",))
    r = tool.run(*ONE, *to(hook), "--retry-for", "2500ms")
    assert r.status == 9 and not hook.requests and len(r.events("callback.dropped")) == 1
    # The last attempt can have too little time left to find out.
    assert "certificate" in r.events("callback.retry")[0]["reason"]


def test_cacert_applies_to_callbacks(tool, hook):
    del tool.env["SSL_CERT_FILE"]
    assert tool.run(*ONE, *to(hook), "--retry-for", "0").status == 9
    assert tool.run(*ONE, *to(hook), "--retry-for", "0",
                    "--cacert", hook.ca).status == 0


def test_retry_for_0_means_one_attempt(tool, receive):
    hook = receive(503)
    r = tool.run(*REPLAY, "-n", 2, *to(hook), "--retry-for", "0")
    assert r.status == 9 and counts(r) == (0, 0, 2, 0) and hook.places == [(0, 0), (1, 0)]


# -- where it may go

def test_name_with_a_private_address_is_refused(tool, hook):
    r = tool.run(*ONE, "--callback", hook.url)
    assert r.status == 9 and counts(r) == (0, 0, 1, 0)
    assert hook.connections == 0 and len(r.rows) == 3
    assert ALLOW in r.events("callback.dropped")[0]["reason"]


def test_connection_to_the_service_is_not_reused_for_a_callback(tool, gate):
    """The token's connection leads to a private address and is there to be used again."""
    r = tool.run("-w", "300ms", QUEUE, "--callback", "https://%s/hook" % gate.host)
    assert r.status == 9 and counts(r) == (0, 0, 1, 0)
    dropped = r.events("callback.dropped")[0]
    assert "httpStatus" not in dropped and ALLOW in dropped["reason"]


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "10.1.2.3", "2130706433", "0x7f.1",
                                  "169.254.169.254", "[::ffff:192.168.0.1]", "240.0.0.1",
                                  "198.18.0.1", "[64:ff9b::a00:1]", "[2002:a00:1::1]",
                                  "[fec0::1]", "[2001:db8::1]"])
def test_private_address_in_a_url_exits_with_2(tool, host):
    r = tool.run(*ONE, "--callback", "https://%s/s3cret" % host)
    assert r.status == 2 and host in r.err and ALLOW in r.err and "s3cret" not in r.err


def test_proxy_resolves_the_name_of_the_receiver(tool, receive):
    hook = receive(names=("hooks.example",))
    with Proxy(to=hook.port) as proxy:
        tool.env["https_proxy"] = "http://127.0.0.1:%d" % proxy.port
        tool.run(*ONE, "--callback", "https://hooks.example/s3cret", status=0)
    assert [head.split()[1] for head in proxy.seen] == ["hooks.example:443"]
    assert len(hook.requests) == 1
    assert tool.run(*ONE, "--callback", "https://10.0.0.1/").status == 2


def test_plain_http_works_only_to_loopback_and_without_a_proxy(tool, receive):
    hook = receive(plain=True)
    tool.env.update(http_proxy="http://127.0.0.1:1", all_proxy="http://127.0.0.1:1")
    r = tool.run(*ONE, *to(hook))
    assert r.status == 0 and len(hook.requests) == 1
    r = tool.run(*ONE, "--callback", "http://hooks.example/s3cret", ALLOW)
    assert r.status == 2 and "loopback" in r.err and "s3cret" not in r.err


# -- the command line

HOOK = ["--callback", "https://h.example"]


@pytest.mark.parametrize("args, words", [
    (["--callback", "https://me:s3cret@hooks.example/"],
     ["'https://***@hooks.example'", "must not contain a user or password"]),
    (["--callback", "ftp://hooks.example/s3cret"], ["'ftp://hooks.example'", "https URL"]),
    ([*HOOK, "https://h.example/s3cret"], ["QUEUE_ID 'https://h.example'"]),
    ([*HOOK, "-q", "https://me:s3cret@h.example/"], ["--queue 'https://***@h.example'"]),
    (["--callback", "@missing"], ["--callback 'missing'", "No such file"]),
    (["--callback-spool", "s"], ["--callback-spool 's' needs --callback\n"]),
    ([ALLOW], [ALLOW + " needs --callback\n"]),
    ([*HOOK, "--callback-spool-max", "1M"],
     ["--callback-spool-max '1M' needs --callback-spool\n"]),
    ([*HOOK, "--callback-spool", "s", "--callback-spool-max", "1X"],
     ["--callback-spool-max '1X'", "1K to 1024G"]),
    ([*HOOK, "--callback-spool", "s", "--callback-spool-max", "64"],
     ["--callback-spool-max '64': has no unit; did you mean 64K, 64M or 64G?"]),
    ([*HOOK, "--callback-spool", "no/dir"], ["--callback-spool 'no/dir'", "No such file"]),
    ([*HOOK, "--callback-format", "xml"],
     ["--callback-format 'xml': must be plain or cloudevents"]),
    ([*HOOK, "--callback-key-file", "none"], ["--callback-key-file"]),
    ([*HOOK, "--callback-header-file", "none"], ["--callback-header-file 'none'"])])
def test_bad_option_exits_with_2_and_one_line(tool, args, words):
    r = tool.run(*ONE, *args)
    assert r.status == 2 and r.out == "" and r.err.count("\n") == 1, r.err
    assert all(word in r.err for word in words) and "s3cret" not in r.err, r.err


@pytest.mark.parametrize("status, rival", [
    (2, ["--source", "notifications", "--list-queues"]),
    (3, ["--replay", SAMPLE, "--check", "nagios", "-W", "waitTime.avg.mean=1"])])
def test_misplaced_callback_option_shows_no_secret(tool, status, rival):
    tool.env.update(GENESYS_CLIENT_ID="i", GENESYS_CLIENT_SECRET="s", GENESYS_API_HOST="h.example")
    r = tool.run(*rival, "--callback", "https://h.example/s3cret")
    assert r.status == status and "--callback 'https://h.example' cannot be used with" in r.err
    assert "s3cret" not in r.out + r.err
    tool.write("url", "https://h.example/s3cret")
    assert "--callback '@url' cannot" in tool.run(*rival, "--callback", "@url").err


def test_key_file_or_spool_open_to_others_exits_with_2(tool):
    keys = tool.write("keys", KEYS[0] + "\n", 0o640)
    (tool.dir / "spool").mkdir()
    (tool.dir / "spool").chmod(0o755)
    for more in ([], ["--dry-run"]):
        r = tool.run(*ONE, *more, "--callback", "https://h.example", "--callback-key-file", keys,
                     *SPOOL)
        assert r.status == 2 and r.err.count("\n") == 2
        assert "--callback-key-file" in r.err and "--callback-spool 'spool'" in r.err


def test_full_disk_of_the_spool_exits_with_7_after_the_run(tool, hook):
    plain = tool.run(*ONE).out
    r = tool.run(*ONE, *to(hook), *SPOOL, preexec_fn=harness.limit_file_size(100))
    assert (r.status, r.out) == (7, plain) and len(hook.requests) == 1
    assert r.end["message"].startswith(
        "--callback-spool 'spool': a delivery could not be saved: ")
    assert not [p for p in (tool.dir / "spool").iterdir() if p.name != "lock"]


def test_dry_run_sends_nothing_and_creates_no_file(tool, hook):
    r = tool.run(*ONE, "--dry-run", *to(hook), *SPOOL, "--callback-spool-max", "3G")
    shown = json.loads(r.out)
    assert r.status == 0 and hook.connections == 0 and not (tool.dir / "spool").exists()
    assert shown["callback"] == {"value": ["https://localhost:%d" % hook.port], "from": "flag"}
    assert shown["callback-spool-max"] == {"value": "3G", "from": "flag"}
    assert shown["callback-format"] == {"value": "plain", "from": "default"}
    assert shown["callback-timeout"] == {"value": "15s", "from": "default"}
    assert "s3cret" not in r.out + r.err


def test_run_end_has_no_callbacks_without_the_option(tool):
    assert "callbacks" not in tool.run(*ONE).end


@pytest.mark.parametrize("answer", [204, 404, 503, "nonsense", "reset"])
def test_no_secret_is_in_any_output(tool, receive, answer):
    hook = receive(answer)
    url = tool.write("url", hook.url + "\n", 0o600)
    lines = tool.write("headers", "# ours\nAuthorization: Bearer s3cret-token\nX-Team: a b\n",
                       0o600)
    keys = tool.write("keys", KEYS[0], 0o600)
    args = [*ONE, "-v", "--callback", "@url", "--callback-header-file", lines, ALLOW,
            "--callback-key-file", keys, *SPOOL, "--retry-for", "1s"]
    r = tool.run(*args, status=9 if answer == 404 else 0)
    assert hook.requests[0].headers["authorization"] == "Bearer s3cret-token"
    assert hook.requests[0].headers["x-team"] == "a b"
    dry = tool.run(*args, "--dry-run")
    names = " ".join(os.listdir(tool.dir / "spool"))
    for text in (r.out, r.err, dry.out, dry.err, names):
        assert "s3cret" not in text and KEYS[0][6:] not in text
    assert url.exists() and ("json" in names) == (answer != 204)
    logfmt = tool.run(*args, "--audit", "logfmt")
    assert "s3cret" not in logfmt.err and "callbacks=" in logfmt.err


# -- nothing waits for it

def test_blocked_callback_does_not_change_stdout(tool, receive):
    hook = receive("silence")
    for form in ([], ["-f", "csv"]):
        args = [*REPLAY, *form]
        plain = tool.run(*args)
        process = tool.start(*args, *to(hook), "--retry-for", "2s")
        out = process.stdout.read()             # to its end, which comes first
        assert process.poll() is None
        r = process.finish()
        assert out.decode() == plain.out and r.status == 9 and counts(r)[2] == 10


def test_output_file_is_replaced_before_deliveries_end(tool, receive):
    hook = receive("silence")
    process = tool.start(*REPLAY, "-o", "rows", *to(hook))
    assert harness.eventually((tool.dir / "rows").exists)
    assert process.poll() is None
    assert (tool.dir / "rows").read_text() == tool.run(*REPLAY).out
    assert process.end().status == 143


def test_blocked_callback_does_not_delay_windows(tool, serve, receive):
    serve(rate=50)
    hook = receive("silence")
    args = ["-w", "200ms", "-n", 5, QUEUE]
    plain = tool.run(*args)
    r = tool.run(*args, *to(hook), "--retry-for", "1s")
    assert plain.status == 0 and r.status == 9 and counts(r)[2] == 5
    assert len(r.rows) == 5 and all(row["coverage"] == 1 for row in r.rows)
    assert sum(row["updates"] for row in r.rows) > 0
    assert max(row["lagMs"]["max"] for row in r.rows) < 1000 * harness.SLACK


def test_failure_of_the_source_decides_the_exit_status(tool, serve, receive):
    serve(streams=[[("run", 0.3), ("drop",)], {"status": 503, "headers": {}}])
    hook = receive(404)
    r = tool.run("-w", "1s", QUEUE, *to(hook))
    assert r.status == 5 and counts(r)[2] == 1


# -- the end

def test_signal_ends_deliveries_within_a_second_and_keeps_the_spool(tool, gate, receive):
    hook = receive("silence")
    process = tool.start("-w", "200ms", "-n", 100, QUEUE, *to(hook),
                         *SPOOL, until="window.flush")
    assert harness.eventually(lambda: hook.requests)
    r = process.end(within=1 + harness.SLACK)
    assert r.status == 143 and counts(r)[3] == len(r.rows)
    assert len(list((tool.dir / "spool").glob("*.json"))) == len(r.rows)


def test_signal_leaves_half_a_second_for_the_last_window(tool, gate, hook):
    process = tool.start("-w", "1s", "-n", 100, QUEUE, *to(hook), until="window.flush")
    assert harness.eventually(lambda: hook.requests)
    r = process.end()
    assert r.status == 143 and counts(r) == (len(r.rows), 0, 0, 0)
    assert [q.json["rows"] for q in hook.requests] == [[row] for row in r.rows]
    assert r.rows[-1]["partial"]


def test_second_signal_ends_deliveries_at_once(tool, receive):
    hook = receive("silence")

    def end(signals):
        """Seconds from the last signal to the exit, while only deliveries are left."""
        process = tool.start(*REPLAY, *to(hook))
        process.stdout.read()
        for _ in range(signals):
            begin = time.monotonic()
            process.terminate()
            time.sleep(0.05)
        assert process.finish().status == 143
        return time.monotonic() - begin
    assert end(1) > 0.4
    assert min(end(2) for _ in range(5)) < 0.3      # one of them meets no load


def test_signal_ends_the_last_deliveries(tool, receive):
    hook = receive("silence")
    process = tool.start(*ONE, *to(hook))
    process.stdout.read()
    assert harness.eventually(lambda: hook.requests)
    r = process.end(signal.SIGINT, within=0.5 + harness.SLACK)
    assert r.status == 130 and counts(r) == (0, 0, 1, 0)


def test_deliveries_after_the_last_window_have_retry_for_in_total(tool, receive):
    hooks_ = [receive("silence") for _ in range(2)]
    begin = time.monotonic()
    r = tool.run(*REPLAY, "--retry-for", "1s", *to(*hooks_))
    assert r.status == 9 and counts(r)[2] == 20
    assert 1 <= time.monotonic() - begin < 1 + harness.SLACK


# -- the spool

def spooled(tool, suffix=""):
    return sorted(path.name for path in (tool.dir / "spool").glob("*.json" + suffix))


def test_next_run_sends_an_expired_delivery(tool, receive):
    hook = receive(503)
    args = [*REPLAY, *to(hook), *SPOOL]
    first = tool.run(*args, "-n", 3, "--retry-for", "300ms")
    assert first.status == 0 and counts(first)[2:] == (0, 3), first.err
    assert first.events("callback.spooled")
    names = spooled(tool)
    assert len(names) == 3
    assert all(re.fullmatch(r"\d{13}-[0-9a-f-]{36}-\d{8}-\d{3}-[0-9a-f]{8}\.json", name)
               for name in names)
    assert (tool.dir / "spool").stat().st_mode & 0o777 == 0o700
    other = receive()
    r = tool.run(*ONE, *to(other), *SPOOL)
    assert r.status == 0 and spooled(tool) == names     # of a URL that it does not name
    hook.answers, tried = [204], len(hook.requests)
    second = tool.run(*args, "-n", 2)
    assert second.status == 0 and counts(second) == (5, 0, 0, 0) and spooled(tool) == []
    one, two = first.end["run"], second.end["run"]
    assert [q.place[:2] for q in hook.requests[tried:]] == [
        (one, 0), (one, 1), (one, 2), (two, 0), (two, 1)]
    assert hook.requests[tried].body == hook.requests[0].body


def test_delivery_too_large_for_the_spool_exits_with_9(tool):
    r = tool.run(*REPLAY, "--callback", dead_url(), ALLOW, *SPOOL,
                 "--callback-spool-max", "20K", "--retry-for", "300ms", status=9)
    _, _, dropped, kept = counts(r)
    assert dropped + kept == 10 and kept == len(spooled(tool)) and dropped and kept


def test_status_410_removes_a_delivery_from_the_spool(tool, receive):
    hook = receive(410)
    r = tool.run(*REPLAY, *to(hook), *SPOOL)
    assert r.status == 9 and counts(r) == (0, 0, 10, 0) and spooled(tool) == []
    assert r.end["callbacks"]["refused"] == 0


@pytest.mark.parametrize("status", [(302, {"Location": "https://localhost:1/"}), 401, 404])
def test_refused_delivery_stays_in_the_spool(tool, receive, status):
    """A receiver that was deployed with the wrong header loses nothing."""
    hook = receive(status)
    args = [*REPLAY, *to(hook), *SPOOL]
    first = tool.run(*args, "-n", 3)
    assert first.status == 9 and counts(first) == (0, 0, 0, 3), first.err
    assert first.end["callbacks"]["refused"] == 3 and hook.places == [(n, 0) for n in range(3)]
    refused = first.events("callback.refused")[0]
    assert refused["httpStatus"] == (status if isinstance(status, int) else status[0])
    assert "3" in first.end["message"] and len(spooled(tool, ".refused")) == 3
    second = tool.run(*args, "-n", 1)               # each once more, in order
    assert second.status == 9 and second.end["callbacks"]["refused"] == 4
    assert counts(second) == (0, 0, 0, 1) and len(hook.requests) == 7
    hook.answers = [204]
    third = tool.run(*args, "-n", 1)
    assert third.status == 0 and counts(third) == (5, 0, 0, 0)
    assert [q.id for q in hook.requests[3:7]] == [q.id for q in hook.requests[7:11]]
    assert list((tool.dir / "spool").iterdir()) == [tool.dir / "spool/lock"]


def test_delivery_to_a_private_address_stays_in_the_spool(tool, hook):
    args = [*ONE, "--callback", hook.url, *SPOOL]
    assert tool.run(*args).status == 9 and len(spooled(tool, ".refused")) == 1
    r = tool.run(*args, ALLOW)
    assert r.status == 0 and counts(r) == (2, 0, 0, 0)


def test_full_spool_loses_the_oldest_refused_delivery_first(tool, receive):
    hook = receive(404)
    args = [*REPLAY, *to(hook), *SPOOL]
    tool.run(*args, "-n", 3)
    names = spooled(tool, ".refused")
    size = sum((tool.dir / "spool" / name).stat().st_size for name in names)
    hook.answers = [503]
    r = tool.run(*args, "-n", 1, "--callback-spool-max", size + 100, "--retry-for", "300ms")
    assert r.status == 9 and counts(r)[2] == 1, r.err
    assert spooled(tool, ".refused") == names[1:] and len(spooled(tool)) == 1
    assert "the spool is full" in r.err


COUNT_SYNCS = """
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int count(int fd)
{
    char link[64], path[4096];
    int log = open(getenv("SYNCS"), O_WRONLY | O_APPEND | O_CREAT, 0600);
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path) - 1);
    if (n > 0) {
        path[n] = '\\n';
        n = write(log, path, n + 1);
    }
    close(log);
    return n < 0 ? -1 : 0;
}

int fsync(int fd) { return count(fd); }
int fdatasync(int fd) { return count(fd); }
int syncfs(int fd) { return count(fd); }
"""


def test_spool_is_synced_once_for_many_deliveries(tool, gate, receive):
    """Where a sync takes a second, a signal must not wait for one a delivery."""
    hooks_ = [receive("silence") for _ in range(4)]
    harness.preload(tool, "syncs", COUNT_SYNCS)
    tool.env["SYNCS"] = str(tool.dir / "log")
    process = tool.start("-w", "300ms", "-n", 100, QUEUE, *SPOOL, *to(*hooks_))
    process.until("window.flush", count=3)
    r = process.end()
    assert r.status == 143 and counts(r)[3] == 4 * len(r.rows) == len(spooled(tool))
    syncs = [path for path in (tool.dir / "log").read_text().splitlines()
             if path.startswith(str(tool.dir / "spool"))]
    assert 1 <= len(syncs) <= len(r.events("window.flush")), syncs


def test_closed_stdout_does_not_shorten_deliveries(tool, receive):
    hook = receive((503, {"Retry-After": "1"}), 204)
    process = tool.start(*ONE, "-f", "ndjson", *to(hook))
    process.leave()
    r = process.finish()
    assert r.status == 141 and counts(r) == (1, 1, 0, 0), r.err


def test_outage_and_a_kill_lose_no_window(tool, serve, receive):
    """60 windows: the first run is killed, the second one meets the end of the outage."""
    serve(rate=50)
    hook = receive(503)
    args = ["-w", "100ms", QUEUE, *to(hook), *SPOOL]
    process = tool.start(*args, "-n", 100, until="window.flush", count=25)
    first = process.end(signal.SIGKILL)
    killed = len(spooled(tool))
    # rows go out first: of the last one the kill may have been before the disk
    assert killed >= len(first.out.splitlines()) - 1 and killed >= 24
    again = tool.start(*args, "-n", 35, until="callback.retry")
    hook.answers, tried = [204], len(hook.requests)
    second = again.finish()
    assert second.status == 0 and spooled(tool) == [], second.err
    run = [first.events("window.flush")[0]["run"], second.end["run"]]
    arrived = [q.place for q in hook.requests[tried:]]
    if arrived[0] != (run[0], 0, 0):            # its answer was under way when that changed
        arrived.insert(0, hook.requests[tried - 1].place)
    assert arrived == [(run[0], n, 0) for n in range(killed)] + [
        (run[1], n, 0) for n in range(35)]
    assert counts(second)[0] == killed + 35


def test_two_runs_share_a_spool(tool, receive):
    """Only the run with the lock sends deliveries of earlier runs; each sends its own."""
    hook = receive(503)
    args = [*REPLAY, *to(hook), *SPOOL]
    left = tool.run(*args, "-n", 1, "--retry-for", "0")
    assert counts(left) == (0, 0, 0, 1)
    holder = tool.start(*args, "-n", 3, until="callback.retry")
    other = tool.run(*args, "-n", 2, "--retry-for", "0")
    assert other.status == 0 and counts(other) == (0, 0, 0, 2)
    assert len(spooled(tool)) == 1 + 3 + 2
    hook.answers, tried = [204], len(hook.requests)
    r = holder.finish()
    assert r.status == 0 and counts(r)[0] == 4
    runs = [q.place[0] for q in hook.requests[tried:]]
    assert other.end["run"] not in runs and len(spooled(tool)) == 2
    last = tool.run(*args, "-n", 1)
    assert counts(last) == (3, 0, 0, 0) and spooled(tool) == []


# -- beside real servers

NGINX = """
daemon off;
pid %(dir)s/nginx.pid;
error_log %(dir)s/error.log;
events {}
http {
    log_format seen '$server_protocol $request_method $http_content_length $content_type '
                    '$http_expect $http_webhook_id $connection $status';
    access_log %(dir)s/access.log seen;
    client_body_temp_path %(dir)s/body;
    proxy_temp_path %(dir)s/proxy;
    fastcgi_temp_path %(dir)s/fastcgi;
    uwsgi_temp_path %(dir)s/uwsgi;
    scgi_temp_path %(dir)s/scgi;
    server {
        listen 127.0.0.1:%(port)d ssl%(h2)s;
        ssl_certificate %(dir)s/server.pem;
        ssl_certificate_key %(dir)s/server.key;
        location / { return 204; }
    }
}
"""


@pytest.mark.parametrize("h2, protocol", [("", "HTTP/1.1"), (" http2", "HTTP/2.0")])
def test_nginx_accepts_callbacks(tool, h2, protocol):
    nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if not nginx:
        pytest.skip("nginx is missing")
    import certs
    authority = certs.Authority(tool.dir)
    cert = certs.certificate("localhost", "127.0.0.1")
    tool.write("server.key", cert.private_key_pem.bytes())
    tool.write("server.pem", b"".join(b.bytes() for b in cert.cert_chain_pems))
    port = harness.free_port()
    tool.write("nginx.conf", NGINX % {"dir": tool.dir, "port": port, "h2": h2})
    server = subprocess.Popen([nginx, "-p", tool.dir, "-c", tool.dir / "nginx.conf"],
                              stderr=subprocess.DEVNULL)
    try:
        assert harness.eventually(lambda: harness.listens(port))
        tool.env["SSL_CERT_FILE"] = authority.path
        r = tool.run(*REPLAY, "--callback", "https://localhost:%d/s3cret" % port, ALLOW)
        assert r.status == 0 and counts(r) == (10, 0, 0, 0), r.err
    finally:
        server.terminate()
        server.wait()
    lines = [line.split(" ") for line in (tool.dir / "access.log").read_text().splitlines()]
    assert len(lines) == 10 and len({line[6] for line in lines}) == 1
    for n, (version, method, length, kind, expect, id_, _, status) in enumerate(lines):
        assert (version, method, kind, expect, status) == (protocol, "POST", "application/json",
                                                           "-", "204")
        assert int(length) > 1000 and id_ == "%s-%d-0" % (r.end["run"], n)


# The cookbook's, but for the place and the time.
(DASHBOARD,) = [text for text in blocks(COOKBOOK) if "--callback @url" in text]


def test_recipe_of_a_dashboard(tool, serve, receive):
    if not shutil.which("openssl"):
        pytest.skip("openssl is missing")
    serve()
    hook = receive()
    tool.write("queues.csv", "id\n%s\n%s\n" % tuple(frames.QUEUES[:2]))
    (tool.dir / "bin").mkdir()
    tool.write("bin/gsqstat", '#!/bin/sh\nexec %s "$@" -w 200ms -n 3 %s\n'
                              % (harness.PROGRAM, ALLOW), 0o755)
    tool.env.update(PATH="%s:%s" % (tool.dir / "bin", tool.env["PATH"]), DASHBOARD_TOKEN="t0k")
    text = DASHBOARD.replace("https://dashboard.example.com/hooks/queues", "'%s'" % hook.url)
    for runs in (1, 2):
        r = subprocess.run(["bash", "-eo", "pipefail", "-c", text], env=tool.env, cwd=tool.dir,
                           capture_output=True, text=True, timeout=30)
        assert r.returncode == 0, r.stderr
        assert len(hook.requests) == 3 * runs
    key = (tool.dir / "keys").read_text().strip()
    assert all(q.is_signed_by(key) and q.headers["authorization"] == "Bearer t0k"
               and len(q.json["rows"]) == 2 for q in hook.requests)
