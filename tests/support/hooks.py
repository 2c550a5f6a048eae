"""A receiver of callbacks, written out on asyncio streams, that checks what it is sent.

What it answers is a list: a status, (status, {header: value}), or one of `silence`, `reset`,
`close`, `trickle` (a head that never ends), `endless` (a body that does), `flood`, `nonsense`,
`bare` (lines that end in LF alone). The last one is repeated.
"""
import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import socket
import ssl
import struct
import time

import schemas
from served import Served


class Request:
    def __init__(self, number, connection, head, body):
        first, *lines = head.decode("latin-1").split("\r\n")
        self.number, self.connection, self.body = number, connection, body
        self.time, self.real = time.monotonic(), time.time()
        self.method, self.target, self.version = first.split(" ")
        self.headers = {}
        for line in lines:
            if line:
                name, _, value = line.partition(":")
                assert name.lower() not in self.headers, line
                self.headers[name.lower()] = value.strip()

    @property
    def id(self):
        return self.headers["webhook-id"]

    @property
    def place(self):
        """(run, window, part)"""
        run, window, part = self.id.rsplit("-", 2)
        return run, int(window), int(part)

    @property
    def json(self):
        return json.loads(self.body)

    def is_signed_by(self, key):
        """Standard Webhooks 1.0: HMAC-SHA-256 over id.timestamp.body."""
        text = b"%s.%s.%s" % (self.id.encode(), self.headers["webhook-timestamp"].encode(),
                              self.body)
        mac = hmac.new(base64.b64decode(key[len("whsec_"):]), text, hashlib.sha256).digest()
        return "v1," + base64.b64encode(mac).decode() in \
            self.headers["webhook-signature"].split(" ")


class Receiver(Served):
    def __init__(self, directory, *answers, plain=False, names=()):
        super().__init__(directory, plain)
        self.answers = list(answers) or [204]
        self.names, self.requests, self.connections, self.errors = names, [], 0, []

    async def listen(self):
        self.server = await asyncio.start_server(
            self._client, sock=self.bind(),
            ssl=None if self.plain else self.authority.context(*self.names))

    async def close(self):
        self.server.close()

    @property
    def url(self):
        return "%s://localhost:%d/s3cret/hook?t=s3cret" % ("http" if self.plain else "https",
                                                           self.port)

    @property
    def ids(self):
        return [r.id for r in self.requests]

    @property
    def places(self):
        return [r.place[1:] for r in self.requests]

    async def _client(self, reader, writer):
        self.connections += 1
        number = self.connections
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                request = Request(len(self.requests), number, head[:-4], b"")
                length = int(request.headers.get("content-length", "-1"))
                if request.method != "POST" or length < 0 or "expect" in request.headers \
                        or "transfer-encoding" in request.headers:
                    self.errors.append(head)
                request.body = await reader.readexactly(max(length, 0))
                self.requests.append(request)
                schemas.note(request.body)
                answer = self.answers[min(request.number, len(self.answers) - 1)]
                if not await self._answer(answer, writer):
                    break
        writer.close()

    async def _answer(self, answer, writer):
        if isinstance(answer, str):
            await getattr(self, "_" + answer)(writer)
            return False
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        lines = ["HTTP/1.1 %d Whatever" % status, *("%s: %s" % h for h in headers.items())]
        if status != 204:
            lines.append("Content-Length: 5")
        writer.write(("\r\n".join(lines) + "\r\n\r\n" + ("" if status == 204 else "hello"))
                     .encode())
        await writer.drain()
        return True

    async def _silence(self, writer):
        await self.stop.wait()

    async def _close(self, writer):
        pass

    async def _reset(self, writer):
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async def _trickle(self, writer):
        writer.write(b"HTTP/1.1 200 Fine\r\n")
        await self._drip(writer, b"X: y\r\n")

    async def _endless(self, writer):
        writer.write(b"HTTP/1.1 200 Fine\r\nContent-Length: 1000000\r\n\r\n")
        await self._drip(writer, b"x")

    async def _drip(self, writer, more):
        while not self.stop.is_set() and not writer.is_closing():
            await asyncio.sleep(0.05)
            writer.write(more)
            await writer.drain()

    async def _flood(self, writer):
        writer.write(b"HTTP/1.1 200 Fine\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(20):
            writer.write(b"x" * 50000)
            await writer.drain()
            await asyncio.sleep(0)
        await self.stop.wait()

    async def _bare(self, writer):
        writer.write(b"HTTP/1.1 200 OK\n\n")
        await writer.drain()

    async def _nonsense(self, writer):
        writer.write(b"220 smtp.example ESMTP\r\n")
        await writer.drain()
