"""Every message counts once, however the server cuts it into frames; both sources."""
import contextlib
import itertools
import json
import os
import pathlib
import re
import struct
import time

import frames
import harness
import pytest
from frames import CLOSE, CONT, PING, PONG, TEXT, frame, ws_close, ws_frame
from harness import QUEUE
from notice_frames import observations
from rawserver import accepted

CONTROLS = (b"", *(ws_frame(opcode, b"p" * size) for opcode in (PING, PONG) for size in (0, 125)))
MIB = 1 << 20


def sequences():
    """One to three fragments, each with bytes or not, and in each gap any control frame or none."""
    for count in 1, 2, 3:
        yield from itertools.product(itertools.product((False, True), repeat=count),
                                     itertools.product(CONTROLS, repeat=count - 1))


def fragments(text, full, gaps):
    """The bytes of the message; it is empty if no fragment is to have any."""
    data, wire, size = text.encode(), b"", -(-len(text) // max(1, sum(full)))
    for n, has_bytes in enumerate(full):
        part, data = (data[:size], data[size:]) if has_bytes else (b"", data)
        wire += ws_frame(TEXT if n == 0 else CONT, part, fin=n == len(full) - 1)
        wire += gaps[n] if n < len(gaps) else b""
    return wire


def all_messages(make, first):
    """Each sequence as one message, with the texts make(first), make(first + 1) …: what
    is to be found in the recording, and the bytes."""
    texts, wire = [], b""
    for n, (full, gaps) in enumerate(sequences()):
        text = make(first + n)
        texts.append(json.loads(text) if any(full) else "")
        wire += fragments(text, full, gaps)
    return texts, wire


def recorded(tool):
    """The messages in the recording, in their order."""
    with contextlib.suppress(FileNotFoundError):
        lines = (tool.dir / "recording").read_text().split("\n")[:-1]
        found = [json.loads(line) for line in lines]
        return [line.get("frame", line.get("text")) for line in found
                if ("frame" in line or "text" in line) and "answer" not in line]
    return []


def until_recorded(tool, count, *args):
    """Runs until the recording has so many messages; the run's result and the messages."""
    process = tool.start("-w", "1h", "--record", "recording", *args, QUEUE)
    arrived = harness.eventually(lambda: len(recorded(tool)) >= count, 20)
    r = process.end()
    assert arrived and r.status == 143, r.err
    return r, recorded(tool)


def statistics(n):
    return frame(QUEUE, at=frames.timestamp(time.time() + n * 1e-5))


def gauge(n):
    return observations(QUEUE, "voice", (int(time.time() * 1000) + n, {"oWaiting": n}))


def check_run(r, texts, messages):
    assert messages == texts
    assert r.end["messages"] == len(texts) and r.end["rejected"]["not-json"] == texts.count("")
    assert r.end["updates"] == len(texts) - texts.count("")
    assert [line["closeCode"] for line in r.events("stream.lost")] == [1001, 1005]
    assert r.end["connected"] == 3 and r.end["cutMessages"] == 0
    assert all(row["coverage"] < 1 for row in r.rows)


def test_every_sequence_of_fragments_in_the_stream(tool, raw):
    texts, wires = [], []
    for end in ws_close(1001), ws_close():
        more, wire = all_messages(statistics, len(texts))
        texts += more
        wires.append(wire + end)
    last = statistics(1000)
    wires = iter([*wires, ws_frame(TEXT, last)])
    server = raw(lambda queues: next(wires))
    r, messages = until_recorded(tool, len(texts) + 1)
    assert harness.eventually(lambda: [payload for opcode, payload in server.received
                                       if opcode == CLOSE] == [
        struct.pack("!H", 1001), b"", struct.pack("!H", 1000)]), server.received
    check_run(r, [*texts, json.loads(last)], messages)


def test_every_sequence_of_fragments_in_notifications(tool, notify):
    texts, scripts = [], []
    for end in ws_close(1001), ws_close():
        more, wire = all_messages(gauge, len(texts))
        texts += more
        scripts.append([("until", lambda s, n=len(scripts) + 1: s.count("snapshot") == n),
                        ("raw", wire + end), ("sleep", 60)])
    last = gauge(1000)
    scripts.append([("send", last), ("sleep", 60)])
    notify(sockets=scripts, rate=0.01, heartbeat=60)
    r, messages = until_recorded(tool, len(texts) + 1, "--source", "notifications")
    check_run(r, [*texts, json.loads(last)], messages)


@pytest.mark.parametrize("count", [3, 300])
def test_messages_right_after_the_101_are_not_lost(tool, raw, count):
    texts = [statistics(n) for n in range(count)]
    wire = b"".join(ws_frame(TEXT, text) for text in texts)
    raw(lambda queues: b"", lambda accept: accepted(accept) + wire)
    _, messages = until_recorded(tool, count)
    assert messages == [json.loads(text) for text in texts]


@pytest.mark.parametrize("payload", [b"", b"p", bytes(125)], ids=len)
@pytest.mark.parametrize("at", [0, 1, 2, 40])
def test_ping_is_answered_with_its_payload(tool, raw, payload, at):
    ping = ws_frame(PING, payload)
    server = raw(lambda queues: ws_frame(TEXT, statistics(0)),
                 lambda accept: [accepted(accept), ping[:at], ping[at:]])
    until_recorded(tool, 1)
    assert harness.eventually(lambda: server.received[:1])
    assert server.received[0] == (PONG, payload)


# -- messages that a lost connection cuts

@pytest.fixture(params=["stream", "notifications"])
def lose(request, tool, serve, notify):
    """lose(script, *args): a run whose first connection follows the script and is lost, and that
    ends once the second one stands."""
    def start(script, *args):
        sockets = [script, [("sleep", 60)]]
        if request.param == "stream":
            serve(streams=sockets)
        else:
            notify(sockets=sockets, rate=0.01, heartbeat=60)
        return tool.start("-w", "1h", "--source", request.param, *args, QUEUE,
                          until="stream.connected", count=2).end()
    return start


def check_cut(r):
    assert r.end["lost"] == 1 and r.end["cutMessages"] == 1, r.err
    assert r.events("warning")[-1]["message"] == \
        "1 message was cut off by a lost connection, and is in no row"


@pytest.mark.parametrize("begun", [
    b"\x01", b"\x81\x7e\x01", ws_frame(TEXT, b"x" * 300)[:50],
    ws_frame(TEXT, b"{", fin=False) + ws_frame(PING, b"p") + ws_frame(CONT, b"}")[:1]],
    ids=["first byte", "header", "payload", "second header"])
def test_message_cut_within_a_frame_is_counted(lose, begun):
    check_cut(lose([("raw", begun), ("drop",)]))


@pytest.mark.parametrize("begun", [
    ws_frame(TEXT, b"", fin=False),
    ws_frame(TEXT, b"{}", fin=False) + ws_frame(CONT, b"", fin=False) + ws_frame(PONG)],
    ids=["empty", "whole but for the end"])
@pytest.mark.parametrize("end", [("drop",), ("close", 1001), ("close", None)])
def test_message_cut_between_frames_is_counted(lose, begun, end):
    check_cut(lose([("raw", begun), end]))


@pytest.mark.parametrize("raw", [
    ws_frame(TEXT, b"{}"), ws_frame(PING, b"p" * 125)[:50], ws_frame(TEXT, b"{}") + b"\x89"])
def test_cut_ping_is_not_counted_as_a_message(lose, raw):
    r = lose([("raw", raw), ("drop",)])
    assert r.end["lost"] == 1 and r.end["cutMessages"] == 0, r.err
    assert not r.warnings("cut off by")


def test_message_that_is_too_long_counts_as_cut(lose):
    r = lose([("raw", ws_frame(TEXT, b"x" * (MIB + 1))), ("sleep", 60)])
    assert r.end["tooBig"] == r.end["cutMessages"] == 1, r.err


@pytest.mark.parametrize("code", [1007, 1009])
def test_close_by_the_service_is_not_counted_as_refused(lose, code):
    r = lose([("close", code)])
    assert r.events("stream.lost")[0]["closeCode"] == code
    assert r.end["tooBig"] == r.end["badText"] == r.end["cutMessages"] == 0


def test_idle_timeout_within_a_message(lose):
    r = lose([("raw", ws_frame(TEXT, b"{", fin=False)), ("sleep", 60)],
             "--idle-timeout", "300ms")
    assert r.end["cutMessages"] == 1, r.err


# -- floods

@pytest.mark.parametrize("plain", [False, True], ids=["TLS", "plain"])
@pytest.mark.parametrize("what", ["pings", "messages"])
def test_flood_of_messages_needs_no_memory(tool, raw, what, plain):
    """64 MiB, as fast as they go, while the server does not read."""
    one = ws_frame(PING, b"p" * 125) if what == "pings" else ws_frame(TEXT, b"x" * 300)
    count = 64 * MIB // len(one)
    wire = one * count + ws_frame(TEXT, statistics(0)) + ws_close(1001)
    raw(lambda queues: wire, plain=plain)
    process = tool.start("-w", "1h", QUEUE, until="stream.lost")
    status = pathlib.Path("/proc/%d/status" % process.pid).read_text()
    r = process.end()
    assert r.end["updates"] == 1, r.err
    assert r.end["rejected"]["not-json"] == (0 if what == "pings" else count)
    if not os.environ.get("GSQSTAT_SANITIZE"):
        assert int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) < 32 << 10


@pytest.mark.parametrize("what", [ws_frame(PING, b"p" * 125), ws_frame(TEXT, b"{}")])
def test_windows_close_during_a_flood(tool, raw, what):
    def endless(accept):
        yield accepted(accept)
        while True:
            yield what * (4 * MIB // len(what))
    raw(lambda queues: b"", endless)
    r = tool.run("-w", "300ms", "-n", 2, QUEUE)
    assert r.status == 0 and len(r.rows) == 2, r.err
    assert r.end["lost"] == 0
