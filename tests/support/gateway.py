"""A local gateway over TLS, for the demo and the tests: token endpoint and stream.

What it does is a Scenario: answers to the token requests, and for each connection either a
refusal or a list of actions. The last of each list is repeated. Without one it sends frames
for the queues that were asked for, as a well-behaved gateway does.
"""
import asyncio
import base64
import json
import time

from aiohttp import WSMsgType, web

import frames
from served import Connection, Scripted, nth

CLIENT_ID, SECRET, TOKEN = "demo-client", "s3cret/with+signs=", "tok-3n~._value/+=1"
STREAM = "/api/v2/routing/statistics/queues/stream"
FORM = {"grant_type": "client_credentials", "scope": "routing:statistics:view"}


def answer(status=200, body=None, **headers):
    return {"status": status, "body": body, "headers": headers}


class Scenario:
    def __init__(self, tokens=None, streams=None, expires_in=3600, rate=20):
        self.tokens = tokens or [None]
        self.streams = streams or [[("run",)]]
        self.expires_in = expires_in
        self.rate = rate


class Gateway(Scripted):
    """Runs in its own thread; its lists have what clients did."""

    def __init__(self, directory, scenario=None, plain=False):
        super().__init__(directory, plain)
        self.scenario = scenario or Scenario()
        self.token_requests, self.connections, self.errors = [], [], []
        self.closes, self.pongs, self.payloads = [], [], []
        self.tokens_given = 0
        self.issued = {TOKEN}

    def app(self):
        app = web.Application()
        app.router.add_post("/oauth/token", self._token)
        app.router.add_get(STREAM, self._stream)
        return app

    # -- token

    async def _token(self, request):
        form = dict(await request.post())
        self.token_requests.append({"time": time.monotonic(), "form": form})
        given = nth(self.scenario.tokens, len(self.token_requests) - 1)
        if given is not None:
            if given.get("delay"):
                await asyncio.sleep(given["delay"])
            body = given["body"]
            return web.Response(status=given["status"], headers=given["headers"],
                                body=body if isinstance(body, bytes)
                                else json.dumps(body or {}).encode(),
                                content_type="application/json")
        user = base64.b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode()
        if request.headers.get("Authorization") != "Basic " + user or form != FORM:
            self.errors.append(("token", dict(request.headers), form))
            return web.json_response({"error": "invalid_client"}, status=401)
        self.tokens_given += 1
        token = TOKEN if self.tokens_given == 1 else f"{TOKEN}-{self.tokens_given}"
        self.issued.add(token)
        return web.json_response({"access_token": token, "token_type": "bearer",
                                  "expires_in": self.scenario.expires_in})

    # -- stream

    async def _stream(self, request):
        script = nth(self.scenario.streams, len(self.connections))
        self.connections.append(time.monotonic())
        if isinstance(script, dict):
            return web.Response(status=script["status"], headers=script["headers"],
                                reason=script.get("reason"))
        if request.query.get("access_token") not in self.issued:
            return web.Response(status=401)
        ws = web.WebSocketResponse(autoping=False, max_msg_size=1 << 16)
        await ws.prepare(request)
        try:
            await self._play(Connection(request), ws, script)
        except (ConnectionError, asyncio.CancelledError):
            pass
        return ws

    async def _play(self, conn, ws, script):
        payload = conn.request.query.get("payload")
        if payload is None:
            message = await ws.receive(timeout=10)
            payload = message.data if message.type == WSMsgType.TEXT else "{}"
        conn.about = json.loads(payload)
        self.payloads.append(conn.about)
        reader = asyncio.ensure_future(self._read(ws))
        try:
            for action in script:
                await self.act(conn, action)
                if reader.done():
                    break
            else:
                await asyncio.wait([reader], timeout=60)
        finally:
            reader.cancel()

    async def _read(self, ws):
        while True:
            message = await ws.receive()
            if message.type == WSMsgType.CLOSE:
                self.closes.append(message.data)
            if message.type == WSMsgType.PONG:
                self.pongs.append(bytes(message.data))
            if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING,
                                WSMsgType.ERROR):
                return

    # -- actions

    async def do_run(self, conn, seconds=60):
        """Frames for every queue, at the scenario's rate for each."""
        end = time.monotonic() + seconds
        transport = conn.request.transport
        while time.monotonic() < end and transport and not transport.is_closing():
            for queue in conn.about["queueIds"]:
                await self.do_frame(conn, queue)
            await asyncio.sleep(1 / self.scenario.rate)

    async def do_frame(self, conn, queue=None, **data):
        await self.do_send(conn, frames.frame(queue or conn.about["queueIds"][0], **data))
