"""Frames as the gateway sends them, and WebSocket frames byte by byte (RFC 6455 §5.2)."""
import datetime
import json
import random
import struct
import time

TEXT, BINARY, CLOSE, PING, PONG, CONT = 1, 2, 8, 9, 10, 0
QUEUES = ["%08x-0000-4000-8000-%012x" % (n, n) for n in range(1, 61)]


def timestamp(at=None):
    moment = datetime.datetime.fromtimestamp(at or time.time(), datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


def seconds(text):
    """Since 1970, of a timestamp with or without a fraction."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def frame(queue, at=None, event="routing-statistics-queues", **data):
    """One statistics frame; members given replace the ordinary ones, None takes one away."""
    chance = random.Random(str(at or time.time_ns()) + queue)
    body = {
        "queueId": queue,
        "interval": "PT10S",
        "timestamp": at if isinstance(at, str) else timestamp(at),
        "state": {"active": chance.randint(0, 12), "waiting": chance.randint(0, 6)},
        "queueState": {"active": chance.randint(0, 12), "waiting": chance.randint(0, 6)},
        "conversationCount": {"total": chance.randint(0, 40)},
        "waitTime": {"avail": chance.randint(0, 5000), "avg": chance.randint(0, 9000)},
    }
    body.update(data)
    body = {key: value for key, value in body.items() if value is not Ellipsis}
    return json.dumps({"eventType": event, "data": body}, separators=(",", ":"))


def ws_frame(opcode, payload=b"", fin=True, rsv=0, mask=None):
    payload = payload.encode() if isinstance(payload, str) else payload
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if mask else 0
    if len(payload) < 126:
        head += bytes([bit | len(payload)])
    elif len(payload) < 65536:
        head += struct.pack("!BH", bit | 126, len(payload))
    else:
        head += struct.pack("!BQ", bit | 127, len(payload))
    if mask:
        head += mask
        payload = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    return head + payload


def ws_close(code=None, reason=""):
    return ws_frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason.encode())
