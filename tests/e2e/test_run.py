"""Signals, bounds, the token's cache, and that no secret is ever told."""
import base64
import contextlib
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import stat
import subprocess
import time
import urllib.parse

import frames
import gateway
import harness
import pytest
from frames import frame
from gateway import answer
from harness import QUEUE
from listeners import Listener, Proxy, wait_for_end

FAST = ("-w", "300ms", QUEUE)


# -- signals

@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_prints_partial_rows(tool, gate, number):
    process = tool.start("-w", "1h", "-n", 5, QUEUE, frames.QUEUES[1], until="stream.connected")
    r = process.end(number, status=128 + number, within=harness.SLACK)
    assert len(r.rows) == 2 and all(row["partial"] for row in r.rows)
    assert r.rows[0]["endMs"] - r.rows[0]["startMs"] < 3600000
    assert harness.eventually(lambda: gate.closes == [1000])


def test_signal_ends_a_handshake(tool, gate):
    with socket.create_server(("127.0.0.1", 0)) as server:
        process = tool.start("-H", "localhost:%d" % server.getsockname()[1], *FAST)
        server.accept()
        process.end(status=143, within=harness.SLACK)


SLOW_RESOLVER = """
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <unistd.h>

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
	struct addrinfo **result)
{
	const char *sign = getenv("RESOLVING");

	(void)node, (void)service, (void)hints, (void)result;
	if (sign)
		close(open(sign, O_WRONLY | O_CREAT, 0600));
	sleep(20);
	return EAI_AGAIN;
}
"""


@pytest.fixture
def resolving(tool, gate):
    """Every name takes 20 s; true once one is looked up."""
    harness.preload(tool, "resolver", SLOW_RESOLVER)
    sign = tool.dir / "resolving"
    tool.env.update(RESOLVING=str(sign), GENESYS_API_HOST="gateway.invalid")
    return sign.exists


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_a_name_resolution(tool, resolving, number):
    process = tool.start(*FAST)
    assert harness.eventually(resolving)
    r = process.end(number, status=128 + number, within=harness.SLACK)
    assert r.end["exit"] == r.status


@pytest.mark.parametrize("args", [("--retry-for", "500ms"),
                                  ("--connect-timeout", "100ms", "--retry-for", "500ms"),
                                  ("--connect-timeout", "500ms", "--retry-for", "0")])
def test_slow_resolver_does_not_delay_the_end(tool, resolving, args):
    r = tool.run(*args, *FAST, within=0.5 + harness.SLACK)
    assert r.status == 5 and resolving(), r.err


def test_slow_resolver_of_the_proxy_does_not_delay_the_end(tool, resolving):
    tool.env["https_proxy"] = "http://proxy.invalid:3128"
    tool.run("--retry-for", "500ms", *FAST, status=5, within=0.5 + harness.SLACK)
    assert resolving()


def test_signal_ends_a_wait_for_the_next_attempt(tool, serve):
    serve(tokens=[answer(429, **{"Retry-After": "30"})])
    process = tool.start(*FAST, until="token.retry")
    assert process.end(status=143).out == ""


def test_signal_ends_a_wait_for_the_lock_of_another_run(tool, serve):
    gate = serve(tokens=[{**answer(), "delay": 20}])
    first = tool.start(*FAST)
    while not gate.token_requests:
        time.sleep(0.01)
    second = tool.start(*FAST, until="run.start")
    second.terminate()
    assert second.wait(timeout=10) == 143
    assert first.end().status == 143
    assert len(gate.token_requests) == 1


@contextlib.contextmanager
def full_pipe():
    """The end to write to, of a pipe that takes nothing more."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    try:
        while True:
            os.write(write, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(write, True)
    yield write
    os.close(read)
    os.close(write)


@contextlib.contextmanager
def ending_before_a_full_pipe(tool):
    """A run whose rows nobody takes, just after SIGTERM."""
    with full_pipe() as stdout:
        process = tool.start("-w", "200ms", "-n", 1000, QUEUE, stdout=stdout, until="window.flush")
        process.terminate()
        yield process


def test_signal_ends_a_run_with_blocked_stdout(tool, gate):
    with ending_before_a_full_pipe(tool) as process:
        r = process.finish(within=harness.SLACK, status=143)
        assert r.warnings("bytes of rows are lost")


def test_usr1_before_the_start_is_answered_later(tool, gate):
    process = tool.start("-Q", "-", "-w", "300ms", stdin=subprocess.PIPE)
    status = "/proc/%d/status" % process.pid
    assert harness.eventually(lambda: "SigBlk:\t0000000000000200" in open(status).read())
    process.send_signal(signal.SIGUSR1)
    assert len(process.finish(QUEUE.encode(), status=0).events("run.status")) == 1


def test_usr1_at_the_end_loses_no_output(tool, gate):
    with ending_before_a_full_pipe(tool) as process:
        while process.poll() is None:
            process.send_signal(signal.SIGUSR1)
            time.sleep(0.01)
        assert process.finish(status=143).end["exit"] == 143


def test_second_signal_ends_at_once_and_leaves_no_file(tool, gate):
    process = tool.start("-w", "1h", "-o", "rows", QUEUE, until="stream.connected")
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) in (143, 130)
    assert not [p.name for p in tool.dir.iterdir() if p.name.startswith(".rows")]


def test_ignored_signal_stays_ignored(tool, gate):
    process = tool.start("-w", "500ms", QUEUE,
                         preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    process.until("stream.connected")
    assert process.end(signal.SIGHUP).status == 0


def test_usr1_prints_counts_and_the_run_continues(tool, gate):
    process = tool.start("-w", "700ms", QUEUE, until="stream.connected")
    process.send_signal(signal.SIGUSR1)
    line = process.until("run.status")
    assert line["up"] is True and "updates" in line
    assert process.finish().status == 0


def test_time_of_a_stopped_process_is_not_covered(tool, gate):
    process = tool.start("-w", "300ms", "-n", 1000, "--idle-timeout", "800ms", QUEUE)
    process.until("stream.connected")
    process.stop(1.2)       # over --idle-timeout, and too short for a stall
    process.until("stream.connected", count=2)
    r = process.end(status=128 + signal.SIGTERM)
    assert [row["window"] for row in r.rows] == list(range(len(r.rows)))
    assert len(r.rows) >= 4 and min(row["coverage"] for row in r.rows) == 0
    assert r.events("stream.lost")[0]["reason"] == "no message for --idle-timeout 800ms"


# -- bounds

@pytest.mark.parametrize("first, again", [
    (b"", b""), (b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", b" "),
    (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    (b"HTTP/1.1 503 No\r\n\r\n", b"y")],
    ids=["silent", "body", "headers", "100", "chunks", "503"])
def test_slow_token_answer_does_not_exceed_retry_for(tool, serve, first, again):
    serve(plain=True)

    def talk(client):
        client.sendall(first)
        while again:        # until the other side is gone
            client.sendall(again)
            time.sleep(0.01)
        wait_for_end(client)
    with Listener(talk) as server:
        tool.env["GENESYS_API_HOST"] = "http://127.0.0.1:%d" % server.port
        tool.run("--retry-for", "700ms", *FAST, status=5, within=0.7 + harness.SLACK)


@pytest.mark.parametrize("option, status, asked", [("--retry-for", 5, 1),
                                                   ("--connect-timeout", 0, 2)])
def test_lock_of_another_run_does_not_exceed_retry_for(tool, serve, option, status, asked):
    gate = serve(tokens=[{**answer(), "delay": 20}, None])
    first = tool.start(*FAST)
    assert harness.eventually(lambda: gate.token_requests)
    tool.run(option, "500ms", *FAST, status=status, within=1 + harness.SLACK)
    assert len(gate.token_requests) == asked
    assert first.end().status == 143


def test_signal_prints_partial_rows_of_a_replay(tool):
    process = tool.start("--replay", "-", stdin=subprocess.PIPE)
    process.stdin.write(frame(QUEUE, at="2026-11-24T02:00:00Z").encode() + b"\n")
    process.until("run.start")
    time.sleep(0.3)
    assert process.end(status=143).rows[0]["partial"]


# -- the cache

def cache_files(tool):
    return [p for p in (tool.dir / "cache/gsqstat").iterdir() if p.suffix == ""]


def test_token_is_cached_and_used_again(tool, gate):
    assert tool.run(*FAST).status == 0
    (path,) = cache_files(tool)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert tool.run(*FAST).events("token.cached")
    assert len(gate.token_requests) == 1
    assert tool.run("--no-cache", *FAST).status == 0
    assert len(gate.token_requests) == 2


@pytest.mark.parametrize("text, mode", [("{", 0o600), ("", 0o600), ("x" * 70000, 0o600),
                                        (None, 0o644)])
def test_broken_cache_file_is_renamed(tool, gate, text, mode):
    tool.run(*FAST)
    (path,) = cache_files(tool)
    if text is not None:
        path.write_text(text)
    path.chmod(mode)
    r = tool.run(*FAST)
    assert r.status == 0 and len(gate.token_requests) == 2
    assert r.warnings("was renamed to")
    assert tool.run(*FAST).events("token.cached")


def test_unusable_cache_is_one_warning(tool, gate):
    del tool.env["XDG_CACHE_HOME"], tool.env["HOME"]
    r = tool.run(*FAST, status=0)
    assert len(r.warnings("cache")) == 1


def test_short_lived_token_is_used_and_not_cached(tool, serve):
    gate = serve(expires_in=30)
    assert tool.run(*FAST).status == 0 and tool.run(*FAST).status == 0
    assert len(gate.token_requests) == 2 and cache_files(tool) == []


def test_twenty_runs_of_one_minute_make_one_request(tool, gate):
    runs = [tool.start("-w", "200ms", QUEUE) for _ in range(20)]
    assert [run.finish().status for run in runs] == [0] * 20
    assert len(gate.token_requests) == 1


# -- proxies

@pytest.fixture
def proxy(tool):
    """proxy(answer, …): a proxy of the tool's, as https_proxy says or other variables."""
    with contextlib.ExitStack() as stack:
        def start(answer=None, *variables, address="http://127.0.0.1:%d", **more):
            made = stack.enter_context(Proxy(answer, **more))
            tool.env.update(dict.fromkeys(variables or ["https_proxy"], address % made.port))
            return made
        yield start


@pytest.fixture
def refusing(proxy):
    """refusing(status): a proxy that gives this answer, and the words that tell of it."""
    def start(status):
        made = proxy(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n",
                     address="http://user:hidden-password@127.0.0.1:%d")
        return made.seen, "the proxy (https_proxy: 127.0.0.1:%d) refused the connection: HTTP %s" \
            % (made.port, status[:3].decode())
    return start


def test_proxy_is_used_and_does_not_see_the_query(tool, gate, proxy):
    seen = proxy().seen
    tool.run(*FAST, status=0)
    assert len(seen) == 2 and not any("access_token" in head for head in seen)


@pytest.mark.parametrize("status", [b"429 No", b"502 Bad Gateway"])
def test_proxy_that_fails_exits_with_5(tool, gate, refusing, status):
    seen, words = refusing(status)
    r = tool.run("--retry-for", "1s", *FAST, status=5)
    assert not gate.token_requests and words in r.end["message"]
    assert len(seen) > 1 and "hidden" not in r.err


@pytest.mark.parametrize("how", ["token", "stream", "names", "channel"])
@pytest.mark.parametrize("status, end, advice", [
    (b"407 Proxy Authentication Required", 3, "check the user and the password in https_proxy"),
    (b"401 No", 3, "check the user and the password in https_proxy"),
    (b"403 No", 6, "allow the host in the proxy, or check no_proxy and https_proxy")])
def test_refusal_by_the_proxy_is_not_retried(tool, serve, notify, refusing, how,
                                             status, end, advice):
    args = FAST
    if how in ("names", "channel"):
        notify()
        args = ("--source", "notifications", *FAST)
    else:
        serve()
    if how != "token":
        assert tool.run(*args).status == 0      # the token is in the cache
    if how == "names":
        args = (*args, "--queue-name", "Queue 02")
    seen, words = refusing(status)
    r = tool.run(*args, *(["--no-cache"] if how == "token" else []), status=end)
    assert len(seen) == 1 and words in r.end["message"]
    assert advice in r.end["message"] and "hidden" not in r.err
    assert not r.events("token.retry") and not r.events("stream.retry")


def test_proxy_that_fails_for_the_stream_exits_with_5(tool, gate, refusing):
    assert tool.run(*FAST).status == 0
    seen, words = refusing(b"502 Bad Gateway")
    r = tool.run("--retry-for", "1s", *FAST, status=5)
    assert words in r.end["message"]
    assert len(seen) > 1 and len(gate.connections) == 1
    assert r.events("token.cached")


@pytest.mark.parametrize("variable", ["https_proxy", "all_proxy", "HTTPS_PROXY"])
@pytest.mark.parametrize("scheme", ["", "http://", "https://", "socks5h://"])
def test_error_of_a_proxy_that_is_down_names_the_proxy(tool, gate, variable, scheme):
    for host in ("127.0.0.1:1", "proxy.invalid:3128"):
        tool.env[variable] = scheme + host
        r = tool.run("--retry-for", "1s", *FAST, status=5)
        looked_up = r.events("token.retry") or "no token came" not in r.end["message"]
        if looked_up or host == "127.0.0.1:1":
            assert "the proxy (%s: %s)" % (variable, host) in r.end["message"], r.err


def test_wss_proxy_is_named_for_the_stream(tool, gate):
    tool.env["WSS_PROXY"] = "127.0.0.1:1"
    r = tool.run("--retry-for", "3s", *FAST)
    assert r.status == 5 and r.events("token.acquired"), r.err
    assert "the proxy (WSS_PROXY: 127.0.0.1:1)" in r.end["message"]


def test_errors_behind_a_proxy_do_not_name_the_proxy(tool, gate, proxy):
    proxy()
    del tool.env["SSL_CERT_FILE"]
    r = tool.run(*FAST, status=8)
    assert "the certificate of localhost" in r.end["message"]
    assert "use --cacert" in r.end["message"] and "proxy" not in r.end["message"]


@pytest.mark.parametrize("answers", [[b"\x05\xff"], [b"\x05\x02", b"\x01\x01"]])
def test_socks_proxy_that_refuses_the_user_exits_with_3(tool, gate, answers):
    seen = []

    def refuse(client):
        seen.append(client)
        for text in answers:
            client.recv(65536)
            client.sendall(text)
        wait_for_end(client)
    with Listener(refuse) as server:
        tool.env["all_proxy"] = "socks5h://u:hidden@127.0.0.1:%d" % server.port
        r = tool.run(*FAST, status=3)
    assert len(seen) == 1 and "hidden" not in r.err
    assert "check the user and the password in all_proxy" in r.end["message"]


def test_hanging_proxy_does_not_exceed_retry_for(tool, gate, proxy):
    seen = proxy(b"", "all_proxy").seen
    tool.run("--retry-for", "500ms", *FAST, status=5, within=0.5 + harness.SLACK)
    before = len(seen)
    assert before
    process = tool.start(*FAST)
    assert harness.eventually(lambda: len(seen) > before)
    assert process.end().status == 143


@pytest.mark.parametrize("source", ["stream", "notifications"])
@pytest.mark.parametrize("cached", [True, False])
def test_error_of_a_hanging_proxy_names_the_proxy(tool, serve, notify, proxy, source, cached):
    (serve if source == "stream" else notify)()
    args = ("--source", source, *FAST)
    if cached:
        assert tool.run(*args).status == 0
    port = proxy(b"").port
    r = tool.run(*args, "--retry-for", "500ms", "--connect-timeout", "200ms", status=5)
    assert "the proxy (https_proxy: 127.0.0.1:%d)" % port in r.end["message"], r.err


def test_no_proxy_is_obeyed(tool, gate, proxy):
    seen = proxy(b"").seen
    tool.env["no_proxy"] = "localhost"
    assert tool.run(*FAST).status == 0 and not seen


def test_plain_http_never_uses_a_proxy(tool, serve, proxy):
    serve(plain=True)
    seen = proxy(b"", "http_proxy", "all_proxy", "WS_PROXY", "ws_proxy").seen
    assert tool.run(*FAST).status == 0 and not seen


def over_tls(gate, *names):
    """For proxy(): it is spoken to over TLS, with a certificate of the gateway's authority."""
    return {"tls": gate.authority.context(*names), "address": "https://localhost:%d"}


def test_ssl_cert_file_applies_to_a_proxy(tool, serve, proxy):
    seen = proxy(**over_tls(serve())).seen
    tool.run(*FAST, status=0)
    assert len(seen) == 2


def test_untrusted_certificate_of_a_proxy_suggests_ssl_cert_file(tool, gate, proxy):
    seen = proxy(**over_tls(gate)).seen
    del tool.env["SSL_CERT_FILE"]
    r = tool.run("--cacert", gate.ca, *FAST, status=8)
    assert not seen and "use SSL_CERT_FILE (--cacert does not apply" in r.end["message"]
    assert "the certificate of the proxy (https_proxy: localhost:" in r.end["message"]


def test_certificate_of_a_proxy_for_another_name_is_an_error(tool, serve, proxy):
    seen = proxy(**over_tls(serve(), "other.example")).seen
    r = tool.run(*FAST, status=8)
    assert not seen and "--cacert" not in r.end["message"]
    assert "it is for another host name: check the host in https_proxy" in r.end["message"]


def test_ssl_cert_dir_is_honoured(tool, gate):
    if not shutil.which("openssl"):
        pytest.skip("openssl, which makes such a directory, is missing")
    certificates, nothing = tool.dir / "certificates", tool.dir / "nothing"
    certificates.mkdir()
    nothing.mkdir()
    shutil.copy(gate.ca, certificates / "ours.pem")
    subprocess.run(["openssl", "rehash", certificates], check=True)
    del tool.env["SSL_CERT_FILE"]
    tool.env["SSL_CERT_DIR"] = str(nothing)
    assert tool.run(*FAST).status == 8
    tool.env["SSL_CERT_DIR"] = str(certificates)
    assert tool.run(*FAST).status == 0


# -- descriptors

@pytest.mark.parametrize("limit", range(4, 16))
def test_too_few_descriptors_are_named_as_the_cause(tool, gate, limit):
    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    r = tool.run("--retry-for", "3s", "--no-cache", *FAST, preexec_fn=lower)
    assert r.status in (0, 5), r.err
    if r.status == 5:
        message = r.end["message"] if r.err[0] == "{" else r.err
        assert "out of file descriptors: raise the limit" in message and "cacert" not in message


# -- secrets

def forms(secret):
    return {secret, urllib.parse.quote(secret, safe=""), base64.b64encode(secret.encode()).decode()}


SECRETS = forms(gateway.SECRET) | forms(gateway.TOKEN) | {
    base64.b64encode(("%s:%s" % (gateway.CLIENT_ID, gateway.SECRET)).encode()).decode()}

ECHOES = {
    "fine": dict(),
    "close reason": dict(streams=[[("close", 1008, "no " + gateway.TOKEN)]]),
    "close reason, again": dict(streams=[[("close", 1011, gateway.TOKEN)], [("run",)]]),
    "phrase": dict(streams=[{**answer(503), "reason": "sorry " + gateway.TOKEN}]),
    "header": dict(streams=[answer(429, **{"Retry-After": gateway.TOKEN})]),
    "location": dict(streams=[answer(302, Location="https://x/?t=" + gateway.TOKEN)]),
    "token error": dict(tokens=[answer(400, {"error": "invalid_client",
                                             "error_description": gateway.SECRET})]),
    "unauthorised": dict(streams=[answer(401)]),
    "event type": dict(streams=[[("send", frame(QUEUE, event=gateway.TOKEN))]]),
}


@pytest.mark.parametrize("name", ECHOES)
@pytest.mark.parametrize("audit", ["json", "logfmt", "none"])
def test_no_secret_is_printed(tool, serve, name, audit):
    gate = serve(**ECHOES[name])
    r = tool.run("-v", "--audit", audit, "--retry-for", "1s", "-o", "rows", *FAST)
    texts = [r.out, r.err] + [p.read_text() for p in tool.dir.rglob("*")
                              if p.is_file() and "cache" not in p.parts]
    for secret in SECRETS:
        assert not any(secret in text for text in texts), (secret, r.err)
    assert not any("access_token=" in text for text in texts)
    assert gate.port


def test_process_shows_no_secret(tool, gate):
    process = tool.start("-w", "1h", QUEUE, until="stream.connected")
    shown = (pathlib.Path("/proc/%d/cmdline" % process.pid).read_bytes()
             + pathlib.Path("/proc/%d/environ" % process.pid).read_bytes())
    limits = pathlib.Path("/proc/%d/limits" % process.pid).read_text()
    process.end()
    assert not any(secret.encode() in shown for secret in SECRETS)
    assert [line.split()[4] for line in limits.splitlines() if "core file" in line] == ["0"]


def test_process_is_not_dumpable(tool, serve):
    """Then its files in /proc are root's, whoever runs it (proc(5))."""
    serve(plain=True)  # who is not root may not see the authority's file
    del tool.env["SSL_CERT_FILE"]
    more = {}
    if os.geteuid() == 0:
        tool.dir.chmod(0o777)
        more = {"user": 65534, "group": 65534, "extra_groups": []}
        tool.env.update(XDG_CACHE_HOME="", HOME="")
    # by a name without directories, which others may not be let through
    shutil.copy(harness.PROGRAM, tool.dir / "copy")
    process = tool.start("--no-cache", "-w", "1h", QUEUE, executable="./copy", **more)
    process.until("run.start")
    owner = pathlib.Path("/proc/%d/environ" % process.pid).stat().st_uid
    process.end()
    assert owner == 0


# -- the audit

def test_logfmt_lines(tool, gate):
    r = tool.run("--audit", "logfmt", *FAST)
    assert all(line.startswith("ts=2") and " event=" in line for line in r.err.splitlines())


def test_audit_none_has_one_plain_line_for_the_error(tool, serve):
    serve(streams=[answer(403)])
    r = tool.run("--audit", "none", *FAST, status=3)
    assert len(r.err.splitlines()) == 1 and r.err.startswith("gsqstat: ")


def test_silent_prints_only_errors(tool, gate):
    assert tool.run("-s", *FAST).err == ""


@pytest.mark.parametrize("form", ["json", "logfmt"])
@pytest.mark.parametrize("count", [50, 500])
def test_settings_fit_into_their_line_however_many_queues(tool, count, form):
    tool.write("in", frames.frame(QUEUE, "2026-11-24T02:00:00Z") + "\n")
    tool.write("queues", "".join("%08x-0000-4000-8000-%012x\n" % (n, n)
                                 for n in range(count)))
    r = tool.run("--replay", "in", "-Q", "queues", "-w", "17s", "--audit", form)
    line = r.err.splitlines()[0]
    assert r.status == 0 and "truncated" not in line and len(line) < 4096
    if form == "json":
        settings = r.events("run.start")[0]["settings"]
        assert settings["window"] == "17s" and settings["outlier"] in (1, ["waitTime.avg>30000"])
        assert settings["queue"] == 500 if count == 500 else len(settings["queue"]) == 50


def test_text_from_outside_is_escaped_in_audit_lines(tool, serve):
    serve(streams=[[("close", 1008, 'a"b\\c\n\x1b[31m\u202e\u0085end')]])
    r = tool.run(*FAST)
    assert "\x1b" not in r.err and "\u202e" not in r.err and "\u0085" not in r.err
    assert r.status == 6 and 'a"b' in r.end["message"]


def test_rejected_frames_are_reported_once_a_second(tool, serve):
    serve(streams=[[("send", *["nonsense"] * 50)]])
    r = tool.run(*FAST)
    assert len(r.events("frame.rejected")) == 1
    assert r.end["rejected"]["not-json"] == 50 and r.end["suppressed"] == 49


def test_pipes_shared_with_others_do_not_block_the_run(tool, gate):
    """Another may take the room that poll(2) saw: the run's own descriptors do not wait, those
    that it shares are left as they are."""
    process = tool.start("-w", "1h", QUEUE, until="stream.connected")
    own = set()
    try:
        for fd in pathlib.Path("/proc/%d/fd" % process.pid).iterdir():
            info = (fd.parent.parent / "fdinfo" / fd.name).read_text()
            waits = not int(re.search(r"flags:\s*(\d+)", info)[1], 8) & os.O_NONBLOCK
            for stream in (process.stdout, process.stderr):
                if os.path.samestat(fd.stat(), os.fstat(stream.fileno())):
                    assert waits == (int(fd.name) <= 2)
                    own |= {stream} if not waits else set()
    except PermissionError:
        pytest.skip("the files of a process that is not dumpable are root's")
    finally:
        process.end()
    assert len(own) == 2


def test_full_stderr_does_not_block_the_run(tool, gate):
    process = tool.start("-w", "100ms", "-n", 20, QUEUE)
    time.sleep(0.1)
    out = process.stdout.read()
    assert len(out.splitlines()) == 20
    process.wait(timeout=10)
