"""The same against a server that is unlike the first; upgrades that no library would answer."""
import contextlib
import json
import struct

import frames
import harness
import pytest
from frames import CONT, PING, TEXT, frame, ws_frame
from harness import QUEUE
from rawserver import RawServer

FAST = ("-w", "300ms", QUEUE)


def one_each(queues):
    return b"".join(ws_frame(TEXT, frame(queue)) for queue in queues)


@pytest.fixture
def raw(tmp_path, tool):
    @contextlib.contextmanager
    def start(make_frames=one_each, answer=None):
        with RawServer(tmp_path, make_frames, answer) as server:
            tool.login(server)
            yield server
    return start


def test_run_against_it(tool, raw):
    with raw() as server:
        r = tool.run("-w", "300ms", *frames.QUEUES[:3])
        assert r.status == 0, r.err
        assert [row["updates"] for row in r.rows] == [1, 1, 1]
        assert harness.eventually(lambda: server.received)
    path, query, headers = server.targets[0]
    assert path == "/api/v2/routing/statistics/queues/stream"
    assert query["access_token"] == ["raw-token"]
    assert json.loads(query["payload"][0])["queueIds"] == frames.QUEUES[:3]
    assert headers["sec-websocket-version"] == "13" and "sec-websocket-extensions" not in headers
    assert server.received == [(frames.CLOSE, struct.pack("!H", 1000))]


def test_payload_as_first_message(tool, raw):
    with raw() as server:
        r = tool.run("--subscribe", "message", *FAST)
        assert r.status == 0 and r.rows[0]["updates"] == 1
    assert "access_token" in server.targets[0][1]


def test_fragments_and_pings(tool, raw):
    def pieces(queues):
        text = frame(queues[0]).encode()
        return (ws_frame(TEXT, text[:9], fin=False) + ws_frame(PING, b"1")
                + ws_frame(CONT, b"", fin=False) + ws_frame(CONT, text[9:]))
    with raw(pieces) as server:
        r = tool.run(*FAST)
        assert r.status == 0 and r.rows[0]["updates"] == 1
        assert harness.eventually(lambda: (frames.PONG, b"1") in server.received)


def upgrade(accept, *lines):
    return "\r\n".join(("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket",
                        "Connection: Upgrade", *lines, "", "")).encode()


@pytest.mark.parametrize("connection", [
    "upgrade", "keep-alive, Upgrade", "Upgrade , keep-alive", "keep-alive\r\nConnection: UPGRADE"])
def test_connection_is_a_list(tool, raw, connection):
    with raw(answer=lambda accept: upgrade(accept, "Sec-WebSocket-Accept: " + accept).replace(
            b"Connection: Upgrade", b"Connection: " + connection.encode())):
        r = tool.run(*FAST)
    assert r.status == 0, r.err


@pytest.mark.parametrize("answer", [
    lambda accept: upgrade(accept, "Sec-WebSocket-Accept: " + accept).replace(
        b"Connection: Upgrade", b"Connection: no-upgrade"),
    lambda accept: upgrade(accept, "Sec-WebSocket-Accept: " + accept).replace(
        b"Connection: Upgrade", b"X: Upgrade"),
    lambda accept: upgrade(accept, "Sec-WebSocket-Accept: " + accept[::-1]),
    lambda accept: upgrade(accept),
    lambda accept: upgrade(accept, "Sec-WebSocket-Accept: " + accept,
                           "Sec-WebSocket-Extensions: permessage-deflate"),
    lambda accept: upgrade(accept, "Sec-WebSocket-Accept: " + accept,
                           "Sec-WebSocket-Protocol: chat"),
    lambda accept: upgrade(accept, "Sec-WebSocket-Accept: " + accept).replace(
        b"Upgrade: websocket", b"Upgrade: h2c"),
    lambda accept: b"I am no HTTP\r\n\r\n"],
    ids=["connection", "no connection", "wrong accept", "no accept", "extension", "protocol", "upgrade", "no HTTP"])
def test_wrong_upgrade_is_a_breach(tool, raw, answer):
    with raw(answer=answer) as server:
        r = tool.run(*FAST)
    assert r.status == 8 and len(server.targets) == 2, r.err
    assert r.out == ""
