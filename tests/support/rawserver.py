"""A second gateway, written out on asyncio streams: no library between it and the bytes.

It shares nothing with gateway.py but the frames and the thread around it, so that no quirk of
one server is taken for the protocol; and it can answer an upgrade in ways that a library would
not.
"""
import asyncio
import base64
import hashlib
import json
import struct
import urllib.parse

import frames
from served import Served

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accepted(accept):
    """The usual answer to an upgrade, with this Sec-WebSocket-Accept."""
    return ("HTTP/1.1 101 Whatever\r\nupgrade: WebSocket\r\nCONNECTION: keep-alive, Upgrade\r\n"
            "sec-websocket-accept: %s\r\n\r\n" % accept).encode()


def one_each(queues):
    """A frame of each queue."""
    return b"".join(frames.ws_frame(frames.TEXT, frames.frame(queue)) for queue in queues)


class RawServer(Served):
    def __init__(self, directory, make_frames=one_each, answer=None, tune=None, polite=True,
                 plain=False):
        """make_frames(queues) gives the bytes to send; answer(accept) the upgrade's answer, or
        its pieces; tune(context) changes its TLS; polite: closes are answered."""
        super().__init__(directory, plain)
        self.make_frames, self.answer, self.polite = make_frames, answer or accepted, polite
        self.tls = self.authority.context()
        if tune:
            tune(self.tls)
        self.received, self.targets, self.tokens = [], [], 0

    async def listen(self):
        self.server = await asyncio.start_server(self._client, sock=self.bind(),
                                                 ssl=None if self.plain else self.tls)

    async def close(self):
        self.server.close()

    async def _client(self, reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *rest = head.split("\r\n")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in rest)}
            assert len(headers) == len(rest) - 1, "a field comes twice: " + head
            if first.startswith("POST /oauth/token "):
                await reader.readexactly(int(headers["content-length"]))
                self.tokens += 1
                body = json.dumps({"access_token": "raw-token", "token_type": "bearer",
                                   "expires_in": 3600}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
                             % (len(body), body))
                await writer.drain()
            else:
                await self._stream(first, headers, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _stream(self, first, headers, reader, writer):
        url = urllib.parse.urlsplit(first.split()[1])
        query = urllib.parse.parse_qs(url.query)
        self.targets.append((url.path, query, headers))
        accept = base64.b64encode(hashlib.sha1(
            headers["sec-websocket-key"].encode() + GUID).digest()).decode()
        answer = self.answer(accept)
        for piece in [answer] if isinstance(answer, bytes) else answer:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0 if isinstance(answer, bytes) else 0.05)
        if "payload" not in query:
            query["payload"] = [(await self._read(reader))[1].decode()]
        writer.write(self.make_frames(json.loads(query["payload"][0])["queueIds"]))
        await writer.drain()
        while True:
            opcode, payload = await self._read(reader)
            self.received.append((opcode, payload))
            if opcode == frames.CLOSE and self.polite:
                writer.write(frames.ws_frame(frames.CLOSE, payload))
                await writer.drain()
                return

    @staticmethod
    async def _read(reader):
        """One frame of the client's, which has to be masked (RFC 6455 §5.1)."""
        first, second = await reader.readexactly(2)
        assert second & 0x80 and first & 0x80 and not first & 0x70
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", await reader.readexactly(8))
        mask = await reader.readexactly(4)
        data = await reader.readexactly(length)
        return first & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(data))
