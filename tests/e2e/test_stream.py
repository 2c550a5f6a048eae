"""The stream: what the gateway answers and sends, and what a user gets (the real socket)."""
import json
import ssl
import subprocess
import time

import certs
import frames
import gateway
import harness
import pytest
from frames import BINARY, CONT, PING, TEXT, frame, ws_close, ws_frame
from gateway import answer
from harness import QUEUE
from listeners import Listener

FAST = ("-w", "300ms", QUEUE)
RECONNECTS = ("-w", "3s")            # time for a loss to be mended, on a machine that is busy


def test_run_prints_a_row_per_queue_and_window(tool, gate):
    r = tool.run("-w", "200ms", "-n", 3, *frames.QUEUES[:4], status=0)
    assert [(row["window"], row["queueId"]) for row in r.rows] == \
        [(w, q) for w in range(3) for q in frames.QUEUES[:4]]
    for row in r.rows:
        assert row["coverage"] == 1 and not row["partial"] and row["interval"] == "PT10S"
        assert row["endMs"] - row["startMs"] == 200
    assert sum(row["updates"] for row in r.rows) == r.end["updates"] > 0
    assert gate.payloads == [{"queueIds": frames.QUEUES[:4], "interval": "PT10S", "metrics": [
        "state", "queueState", "conversationCount", "waitTime"]}]
    assert harness.eventually(lambda: gate.closes == [1000]) and gate.errors == []


def test_queue_without_frames_has_rows(tool, serve):
    serve(streams=[[("frame",)]])
    r = tool.run(*FAST, frames.QUEUES[1], status=0)
    assert [row["updates"] for row in r.rows] == [1, 0]
    assert r.rows[1]["metrics"] == {} and r.rows[1]["lagMs"] is None


def test_row_has_every_key_in_order(tool, serve):
    serve(streams=[[("frame", None)]])
    row = tool.run(*FAST).out
    assert [key for key in json.loads(row)] == [
        "schema", "window", "start", "end", "startMs", "endMs", "partial", "coverage", "time",
        "queueId", "interval", "updates", "rejected", "clockSkew", "quantiles", "accuracy",
        "metrics", "lagMs", "updatesPerSecond"]


def test_payload_as_message(tool, gate):
    assert tool.run("--subscribe", "message", *FAST, status=0).rows[0]["updates"] > 0
    assert gate.payloads[0]["queueIds"] == [QUEUE]


@pytest.mark.parametrize("cut", [1, 20, 150])
def test_fragments_are_joined(tool, serve, cut):
    text = frame(QUEUE).encode()
    parts = [text[i:i + cut] for i in range(0, len(text), cut)]
    raw = b""
    for i, part in enumerate(parts):
        raw += ws_frame(TEXT if i == 0 else CONT, part, fin=i == len(parts) - 1)
        raw += ws_frame(PING, b"between") if i % 7 == 0 else b""
    gate = serve(streams=[[("raw", raw), ("frame",)]])
    assert tool.run(*FAST, status=0).rows[0]["updates"] == 2
    assert harness.eventually(lambda: b"between" in gate.pongs)


def test_messages_may_be_split_at_any_byte(tool, serve):
    raw = ws_frame(TEXT, frame(QUEUE)) + ws_frame(TEXT, frame(QUEUE, 1795485600.0))
    serve(streams=[[("raw", raw[i:i + 1]) for i in range(len(raw))]])
    r = tool.run("--lateness", "20s", "-w", "1s", QUEUE)
    assert r.rows[0]["updates"] + r.rows[0]["rejected"]["stale"] == 2


def test_message_with_several_json_values_counts_as_several_frames(tool, serve):
    serve(streams=[[("call", lambda a: frame(QUEUE) + "\n" + frame(frames.QUEUES[1]))]])
    r = tool.run(*FAST, frames.QUEUES[1])
    assert [row["updates"] for row in r.rows] == [1, 1]


def test_rejected_messages_are_counted(tool, serve):
    serve(streams=[[("send", "not json", frame(QUEUE, event="other"),
                     frame("0000ffff-0000-4000-8000-000000000001"),
                     frame(QUEUE, queueId="x"), "{}"),
                    ("raw", ws_frame(BINARY, b"\x00\x01")), ("frame",)]])
    r = tool.run(*FAST, "--rejects", "rejects")
    assert r.status == 0 and r.rows[0]["updates"] == 1
    assert r.rows[0]["rejected"] == {"outlier": 0, "stale": 0, "duplicate": 0, "invalid": 0}
    counts = r.end["rejected"]
    assert (counts["not-json"], counts["event-type"], counts["foreign-queue"],
            counts["no-queue"], counts["binary"]) == (1, 2, 1, 1, 1)
    lines = tool.lines("rejects")
    assert [line["reason"] for line in lines] == \
        ["not-json", "event-type", "foreign-queue", "no-queue", "event-type", "binary"]
    assert lines[0]["text"] == "not json" and lines[1]["frame"]["eventType"] == "other"


def test_each_frame_is_counted_once(tool, serve):
    now = frames.timestamp()
    serve(streams=[[("send", frame(QUEUE, at=now), frame(QUEUE, at=now),
                     frame(QUEUE, at="2020-01-01T00:00:00Z"),
                     frame(QUEUE, waitTime={"avg": 30001}),
                     frame(QUEUE, timestamp="yesterday"),
                     frame(QUEUE, timestamp=...),
                     frame(QUEUE, state=7), frame(QUEUE, state=None),
                     frame(QUEUE, state={"a": {"b": {"c": {"d": {"e": 1}}}}}),
                     frame(QUEUE, state={"f%d" % i: i for i in range(65)}),
                     frame(QUEUE).replace('"total":', '"total":1e999,"x":'))]])
    r = tool.run(*FAST)
    assert r.rows[0]["rejected"] == {"outlier": 1, "stale": 1, "duplicate": 1, "invalid": 6}
    assert r.rows[0]["updates"] == 2
    assert all(line["queueId"] == QUEUE for line in r.events("frame.rejected"))


def test_lost_connection_is_replaced_and_lowers_coverage(tool, serve):
    gate = serve(streams=[[("frame",), ("sleep", 0.1), ("drop",)], [("run",)]])
    r = tool.run(*RECONNECTS, QUEUE, status=0)
    assert 0.2 < r.rows[0]["coverage"] < 1
    assert [len(r.events(e)) for e in ("stream.connected", "stream.lost", "stream.retry")] \
        == [2, 1, 1]
    assert len(gate.token_requests) == 1


@pytest.mark.parametrize("end", [
    [("rst",)], [("close", 1000, "bye")], [("close", 1011, "oops")],
    [("raw", ws_close()), ("drop",)], [("drop",)]])
def test_any_other_close_code_is_followed_by_a_reconnect(tool, serve, end):
    serve(streams=[[("frame",), *end], [("run",)]])
    assert len(tool.run(*RECONNECTS, QUEUE, status=0).events("stream.connected")) == 2


def test_after_a_reconnect_old_frames_are_duplicates(tool, serve):
    old, new = frames.timestamp(time.time() - 1), frames.timestamp()
    serve(streams=[[("send", frame(QUEUE, at=old), frame(QUEUE, at=new)), ("sleep", 0.1),
                    ("drop",)], [("send", frame(QUEUE, at=old)), ("frame",)]])
    r = tool.run(*RECONNECTS, QUEUE)
    assert r.rows[0]["rejected"]["duplicate"] == 1 and r.rows[0]["updates"] == 3


def test_silent_stream_is_reconnected_after_idle_timeout(tool, serve):
    serve(streams=[[("frame",)], [("run",)]])
    r = tool.run("--idle-timeout", "1s", *RECONNECTS, QUEUE, status=0)
    lost = r.events("stream.lost")[0]
    assert "--idle-timeout" in lost["reason"]
    assert r.rows[0]["coverage"] < 0.8
    assert lost["at"] < lost["ts"]


@pytest.mark.parametrize("raw, code, counted", [
    (ws_frame(TEXT, b"x" * ((1 << 20) + 1)), 1009, "tooBig"),
    (b"".join(ws_frame(TEXT if i == 0 else CONT, b"y" * 4096, fin=False)
              for i in range(300)), 1009, "tooBig"),
    (ws_frame(TEXT, b"\xff\xfe"), 1007, "badText"),
    # a close behind it changes no code
    (ws_frame(TEXT, b"x" * ((1 << 20) + 1)) + ws_close(1000), 1009, "tooBig"),
    (ws_frame(TEXT, b"\xff") + ws_close(1000), 1007, "badText"),
    # closes that are malformed: short, with codes that none may have, with such a reason
    *((raw, 1002, None) for raw in (ws_frame(8, b"\x03"), ws_close(1005), ws_close(999),
                                    ws_frame(8, b"\x03\xe8\xff")))])
def test_unacceptable_message_closes_the_connection_and_reconnects(tool, serve, raw, code, counted):
    gate = serve(streams=[[("raw", raw)], [("run",)]])
    r = tool.run(*RECONNECTS, QUEUE, status=0)
    assert harness.eventually(lambda: gate.closes[:1] == [code]), gate.closes
    assert [r.end[name] for name in ("tooBig", "badText")] == [
        int(counted == name) for name in ("tooBig", "badText")]


@pytest.mark.parametrize("code, reason", [(1000, "bye"), (1011, ""), (1013, "later"), (4999, "x")])
def test_close_is_answered_and_reported(tool, serve, code, reason):
    gate = serve(streams=[[("close", code, reason)], [("run",)]])
    r = tool.run(*RECONNECTS, QUEUE, status=0)
    assert harness.eventually(lambda: gate.closes[:1] == [code]), gate.closes
    lost = r.events("stream.lost")[0]
    assert lost["closeCode"] == code and reason in lost.get("reason", "")


@pytest.mark.parametrize("raw", [
    ws_frame(TEXT, "x", rsv=4), ws_frame(3, "x"), ws_frame(TEXT, "x", mask=b"abcd"),
    ws_frame(PING, b"p" * 126), ws_frame(CONT, "x"), ws_frame(PING, b"p", fin=False),
    ws_frame(TEXT, "x", fin=False) + ws_frame(TEXT, "y"),
    ws_frame(8, b"\x03"), ws_close(1005), ws_frame(8, b"\x03\xe8\xff")],
    ids=["rsv", "opcode", "mask", "long ping", "lone continuation", "fragmented ping",
         "text in text", "short close", "close 1005", "close reason"])
def test_second_protocol_error_exits_with_8(tool, serve, raw):
    serve(streams=[[("raw", raw)], [("run",)]])
    assert tool.run(*RECONNECTS, QUEUE).status == 0
    serve(streams=[[("raw", raw)]])
    r = tool.run("-w", "5s", QUEUE, status=8)
    assert r.rows[0]["partial"] and len(r.events("stream.connected")) == 2


# -- the table of answers

def test_401_renews_the_token_once(tool, gate):
    assert tool.run(*FAST).status == 0
    gate.issued.clear()
    r = tool.run(*FAST, status=0)
    assert len(r.events("token.cached")) == len(r.events("token.acquired")) == 1
    assert len(gate.token_requests) == 2


def test_second_401_exits_with_3(tool, serve):
    gate = serve(streams=[answer(401)])
    r = tool.run(*FAST)
    assert r.status == 3 and "GENESYS_CLIENT_SECRET" in r.end["message"]
    assert len(gate.token_requests) == 2 and r.out == ""


def login_error(status, error, words, **more):
    return answer(status, {"error": error, "description": words, "error_description": words,
                           **more}, **{"ININ-Correlation-Id": "corr-1"})


@pytest.mark.parametrize("token, status, words", [
    (answer(401), 3, "GENESYS_CLIENT_ID"),
    (login_error(400, "invalid_client", "client not found"), 3,
     "HTTP 400 invalid_client: client not found, ININ-Correlation-Id corr-1; check the region "
     "first (GENESYS_API_HOST): a client is known only in its own region; then check "
     "GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET"),
    (login_error(401, "invalid_client", "authentication failed", contextId="ctx-1"), 3,
     "HTTP 401 invalid_client: authentication failed, contextId ctx-1, ININ-Correlation-Id "
     "corr-1; check GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET"),
    (answer(403), 3, "routing:statistics:view"),
    (answer(400, {"error": "invalid_request"}), 6, "rejected"),
    (answer(404, {"code": "not.found", "message": "No such path", "contextId": "ctx-2"}), 6,
     "HTTP 404 not.found: No such path, contextId ctx-2; this host has no token endpoint: check "
     "GENESYS_API_HOST"),
    (answer(409), 6, "HTTP 409")])
def test_refused_token_request_exits_with_its_status(tool, serve, token, status, words):
    gate = serve(tokens=[token])
    r = tool.run(*FAST)
    assert r.status == status and words in r.end["message"], r.end["message"]
    assert "%s: HTTP %d" % (gate.host, token["status"]) in r.end["message"]
    assert len(gate.token_requests) == 1 and not gate.connections


def test_login_error_has_status_code_and_ids(tool, serve):
    gate = serve(tokens=[answer(503, {"code": "service.unavailable", "message": "Try later",
                                      "contextId": "ctx-3"}, **{"ININ-Correlation-Id": "c-3"})])
    r = tool.run("--retry-for", "1s", *FAST, status=5)
    words = gate.host + ": HTTP 503 service.unavailable: Try later, contextId ctx-3, " \
        "ININ-Correlation-Id c-3"
    assert words in r.end["message"] and words in r.events("token.retry")[0]["reason"]


def test_login_error_does_not_show_the_secret(tool, serve):
    encoded = gateway.SECRET.replace("/", "%2F").replace("+", "%2B")
    for words in (gateway.SECRET, "no " + gateway.SECRET[:9], "x" * 500, encoded + " is wrong",
                  encoded[:17], encoded[:16], encoded[:14] + "...", gateway.SECRET[:14] + "."):
        serve(tokens=[login_error(401, "invalid_client", words)])
        r = tool.run("--no-cache", *FAST)
        assert r.status == 3 and "s3cret/wi" not in r.err and "s3cret%2F" not in r.err, r.err
        assert "HTTP 401 invalid_client" in r.end["message"]


@pytest.mark.parametrize("bad", [
    answer(302, Location="https://elsewhere.example/"), answer(200, b"{"),
    answer(200, {"access_token": "x" * 10, "token_type": "mac", "expires_in": 5}),
    answer(200, {"access_token": "a b", "token_type": "bearer", "expires_in": 5}),
    answer(200, {"access_token": "abc", "token_type": "bearer", "expires_in": "5"}),
    answer(200, {"access_token": "abc", "token_type": "bearer"}),
    answer(200, b" " * 70000)])
def test_second_malformed_token_answer_exits_with_8(tool, serve, bad):
    serve(tokens=[bad, None])
    assert tool.run(*FAST).status == 0
    gate = serve(tokens=[bad])
    tool.run("--no-cache", *FAST, status=8)
    assert len(gate.token_requests) == 2


@pytest.mark.parametrize("where", ["tokens", "streams"])
def test_429_for_longer_than_retry_for_exits_with_4(tool, serve, where):
    serve(**{where: [answer(429)]})
    tool.run("--retry-for", "3s", *FAST, status=4)


@pytest.mark.parametrize("where", ["tokens", "streams"])
def test_retry_after_longer_than_the_time_left_ends_at_once(tool, serve, where):
    gate = serve(**{where: [answer(429, **{"Retry-After": "3600"})]})
    r = tool.run(*FAST)
    assert r.status == 4 and len(gate.token_requests) == 1
    assert "the service asks to wait 1h, longer than the rest of" in r.end["message"], r.err


@pytest.mark.parametrize("where", ["tokens", "streams"])
@pytest.mark.parametrize("when", ["0", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_retry_after_0_is_retried_with_pauses(tool, serve, where, when):
    gate = serve(**{where: [answer(429, **{"Retry-After": when})]})
    tool.run("--retry-for", "3s", *FAST, status=4)
    assert 2 <= len(gate.token_requests if where == "tokens" else gate.connections) < 40


@pytest.mark.parametrize("where", ["tokens", "streams"])
def test_retry_after_is_honoured(tool, serve, where):
    gate = serve(**{where: [answer(429, **{"Retry-After": "1"}),
                            None if where == "tokens" else [("run",)]]})
    r = tool.run(*FAST, status=0)
    times = gate.connections if where == "streams" else \
        [request["time"] for request in gate.token_requests]
    assert times[1] - times[0] >= 0.99
    retry = r.events("token.retry" if where == "tokens" else "stream.retry")[0]
    assert retry["waitMs"] == 1000


def test_retry_after_may_be_a_date(tool, serve):
    when = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 3600))
    serve(streams=[answer(429, **{"Retry-After": when})])
    assert tool.run(*FAST).status == 4


def test_retry_after_as_a_date_is_waited_for(tool, serve):
    when = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2))
    gate = serve(tokens=[answer(429, **{"Retry-After": when}), None])
    r = tool.run(*FAST, status=0)
    wait = r.events("token.retry")[0]["waitMs"]
    assert wait in (1000, 2000) or wait <= 250      # where the date was over by then
    assert len(gate.token_requests) == 2


def test_retry_after_is_not_cut(tool, serve):
    serve(streams=[answer(429, **{"Retry-After": "36000"})])
    process = tool.start("--retry-for", "24h", *FAST)
    assert process.until("stream.retry")["waitMs"] == 36000000
    assert process.end().status == 143


@pytest.mark.parametrize("where, then", [("tokens", None), ("streams", [("run",)])])
@pytest.mark.parametrize("status", [408, 503])
def test_temporary_failures_are_retried_then_exit_with_5(tool, serve, where, then, status):
    serve(**{where: [answer(status), then]})
    assert tool.run(*FAST).status == 0
    serve(**{where: [answer(status)]})
    r = tool.run("--no-cache", "--retry-for", "1s", *FAST, status=5)
    assert "HTTP %d" % status in r.end["message"]


def test_status_counts_even_if_the_error_page_is_too_long(tool, serve):
    page = b"x" * 70000
    serve(tokens=[answer(503, page), answer(502, page), None])
    tool.run(*FAST, status=0)
    serve(tokens=[answer(401, page)])
    assert tool.run("--no-cache", *FAST).status == 3


@pytest.mark.parametrize("refusal, status, words", [
    (answer(409), 6, "409"), (answer(403), 3, "routing:statistics:view"), (answer(404), 6, "404"),
    (answer(400), 6, "50 queues"), (answer(414), 6, "--subscribe message"),
    (answer(431), 6, "--subscribe message")])
def test_refused_handshake_exits_with_its_status(tool, serve, refusal, status, words):
    gate = serve(streams=[refusal])
    r = tool.run(*FAST)
    assert r.status == status and words in r.end["message"]
    # the limits are the likely cause of a bad request alone
    assert ("50 queues" in r.end["message"]) == (refusal["status"] == 400)
    assert len(gate.connections) == 1


def test_error_of_a_refused_handshake_has_host_status_and_id(tool, serve):
    gate = serve(streams=[answer(403, **{"ININ-Correlation-Id": "corr-9"})])
    r = tool.run(*FAST, status=3)
    assert "%s: HTTP 403 Forbidden, ININ-Correlation-Id corr-9; " % gate.host in r.end["message"]


def test_close_code_1008_exits_with_6_and_its_reason(tool, serve):
    serve(streams=[[("frame",), ("close", 1008, "too many queues")]])
    r = tool.run("-w", "5s", QUEUE, status=6)
    assert "too many queues" in r.end["message"] and "50 queues" in r.end["message"]
    assert r.rows[0]["partial"] and r.rows[0]["updates"] == 1


@pytest.mark.parametrize("refusal", [answer(302, Location="https://x.example/"), answer(200),
                                     answer(600), answer(999)])
def test_handshake_with_an_unexpected_status_is_a_protocol_error(tool, serve, refusal):
    gate = serve(streams=[refusal])
    r = tool.run(*FAST)
    assert r.status == 8 and len(gate.connections) == 2
    words = "%s: the answer to the upgrade is %d " % (gate.host, refusal["status"])
    assert words in r.end["message"] and "x.example" not in r.err, r.err
    assert ("(a redirect, which is not followed)" in r.err) == (refusal["status"] == 302)


def test_error_of_a_redirected_login_has_its_text(tool, serve):
    gate = serve(tokens=[answer(302, {"code": "moved", "message": "Look there"},
                                Location="https://x.example/")])
    r = tool.run(*FAST)
    assert r.status == 8 and "%s: HTTP 302 (a redirect, which is not followed) moved: Look " \
        "there" % gate.host in r.end["message"], r.err


def test_untrusted_certificate_exits_with_8(tool, gate, tmp_path):
    del tool.env["SSL_CERT_FILE"]
    r = tool.run(*FAST)
    assert r.status == 8 and "the certificate of %s could" % gate.host in r.end["message"]
    assert "to trust its certificate authority, use --cacert" in r.end["message"]
    assert tool.run("--cacert", gate.ca, *FAST).status == 0


@pytest.fixture
def with_tls(tool, raw):
    """with_tls(tune, …): a run against a server with other TLS, and that server's host."""
    def run(tune, *args):
        host = raw(tune=tune).host
        return tool.run(*args, *FAST, status=8), host
    return run


def dated(directory, begin, end):
    return lambda context: context.load_cert_chain(certs.certificate_at(directory, begin, end))


@pytest.mark.parametrize("source", ["stream", "notifications"])
@pytest.mark.parametrize("begin, end, words", [(1, 2, "is not yet valid"), (-2, -1, "expired")])
def test_certificate_not_valid_now_suggests_the_clock_first(with_tls, tmp_path, source, begin, end,
                                                            words):
    r, host = with_tls(dated(tmp_path, begin, end), "--source", source)
    message = r.end["message"]
    assert words in message and host in message
    assert message.index("check this machine's clock, which says 20") < \
        message.index("--cacert")
    assert not r.events("token.retry")


def test_certificate_for_another_name_is_named_as_the_cause(with_tls):
    r, host = with_tls(certs.certificate("other.example").configure_cert)
    assert host in r.end["message"] and "--cacert" not in r.end["message"]
    assert "it is for another host name: check the host" in r.end["message"]


def test_cacert_is_not_suggested_if_it_cannot_help(with_tls, tmp_path):
    key, made = tmp_path / "key.pem", tmp_path / "made.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", made,
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-addext", "extendedKeyUsage=clientAuth"], check=True, capture_output=True)
    r, host = with_tls(lambda context: context.load_cert_chain(made, key), "--cacert", made)
    assert host in r.end["message"]
    assert "unsuitable certificate purpose; the certificate must be replaced; trusting another " \
        "certificate authority does not help" in r.end["message"]


def test_server_without_tls_is_named(tool):
    def talk(client):
        client.recv(4096)
        client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    tool.env.update(GENESYS_CLIENT_ID="i", GENESYS_CLIENT_SECRET="hidden-value")
    with Listener(talk) as server:
        host = "localhost:%d" % server.port
        r = tool.run("-H", host, "--retry-for", "0", *FAST, status=5)
    assert host + ": TLS connect error" in r.end["message"]


def old_tls(context):
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_refused_tls_version_exits_with_8_without_retries(tool, tmp_path):
    context = certs.Authority(tmp_path).context()
    old_tls(context)
    tool.env.update(GENESYS_CLIENT_ID="i", GENESYS_CLIENT_SECRET="hidden-value",
                    SSL_CERT_FILE=str(tmp_path / "ca.pem"))
    # asyncio's server sends no alert
    with Listener(lambda client: context.wrap_socket(client, server_side=True)) as server:
        host = "localhost:%d" % server.port
        r = tool.run("-H", host, *FAST, status=8)
        tool.env["https_proxy"] = "https://" + host
        behind = tool.run("-H", "localhost:1", *FAST, status=8)
    assert not r.events("token.retry")
    assert host + " does not support TLS 1.2 or newer" in r.end["message"]
    assert "the proxy (https_proxy: %s) does not support TLS 1.2" % host in behind.end["message"]


def test_lost_stream_at_the_end_exits_with_5_and_all_rows(tool, serve):
    serve(streams=[[("frame",), ("drop",)], answer(503)])
    r = tool.run("-n", 2, *FAST, status=5)
    assert len(r.rows) == 2 and not any(row["partial"] for row in r.rows)


def test_stream_lost_for_longer_than_retry_for_exits_with_5(tool, serve):
    serve(streams=[[("frame",), ("drop",)], answer(503)])
    r = tool.run("-w", "30s", "--retry-for", "3s", QUEUE)
    assert r.status == 5 and r.rows[0]["partial"] and r.rows[0]["updates"] == 1


def test_no_connection_exits_with_5(tool, gate):
    for host in ("localhost:1", "nonexistent.invalid"):
        assert tool.run("-H", host, "--retry-for", "1s", *FAST, status=5).out == ""


def test_retry_for_0_makes_one_request_and_one_handshake(tool, serve):
    gate = serve(streams=[answer(503)])
    tool.run("--retry-for", "0", *FAST, status=5)
    assert (len(gate.token_requests), len(gate.connections)) == (1, 1)


def test_refused_cached_token_is_replaced_with_retry_for_0_too(tool, serve):
    gate = serve(streams=[[("run",)], answer(401), [("run",)], answer(401)])
    assert tool.run(*FAST).status == 0 and len(gate.token_requests) == 1
    r = tool.run("--retry-for", "0", *FAST, status=0)
    assert (len(gate.token_requests), len(gate.connections)) == (2, 3)
    r = tool.run("--retry-for", "0", "--no-cache", *FAST)
    assert r.status == 3 and "GENESYS_CLIENT_SECRET" in r.end["message"], r.err
    assert (len(gate.token_requests), len(gate.connections)) == (3, 4)


def test_connect_timeout_limits_a_handshake(tool, serve):
    serve(tokens=[{**answer(), "delay": 30}])
    tool.run("--connect-timeout", "300ms", "--retry-for", "0", *FAST, status=5, within=2 + 4)


def test_plain_http_works_only_to_loopback(tool, serve):
    gate = serve(plain=True)
    assert tool.run(*FAST).status == 0
    tool.env["GENESYS_API_HOST"] = "http://example.com"
    assert tool.run(*FAST).status == 2
    assert gate.errors == []


def test_stream_takes_at_most_50_queues(tool, gate):
    assert len(tool.run("-w", "300ms", *frames.QUEUES[:50], status=0).rows) == 50
    assert tool.run("-w", "300ms", *frames.QUEUES[:51]).status == 2


def test_audit_lines_describe_the_run(tool, gate):
    r = tool.run("-n", 2, *FAST)
    assert [line["event"] for line in r.audit] == [
        "run.start", "warning", "token.acquired", "stream.connected", "window.flush",
        "window.flush", "stream.closed", "run.end"]
    assert r.end["exit"] == 0 and r.end["rows"] == 2
