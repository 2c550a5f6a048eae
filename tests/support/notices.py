"""A local stand-in for the Genesys Cloud notification service: login, API and streaming.

All of it is behind one port over TLS. What it does is a Scenario: answers to requests by
their route, and for each socket either a refusal or a list of actions. The last of each list
is repeated; None, or no list, is a service that behaves well.
"""
import asyncio
import base64
import datetime
import email.utils
import json
import random
import re
import time
import urllib.parse
import uuid

from aiohttp import WSMsgType, web

import frames
import notice_frames
from frames import CONT, PING, PONG, TEXT, ws_frame
from notice_frames import (answer, bad_request, error, forbidden, invalid_value, limited,
                           not_found, queue, topic_queue)
from served import Connection, Scripted, nth

CLIENT_ID, SECRET = "demo-client", "s3cret/with+signs="
SNAPSHOT_METRICS = set(
    "oActiveUsers oAlerting oInteracting oLongestInteracting oLongestWaiting oMemberUsers "
    "oOffQueueUsers oOnQueueUsers oUserPresences oUserRoutingStatuses oWaiting".split())
CHANNELS = "/api/v2/notifications/channels"
SUBSCRIPTIONS = CHANNELS + "/{id}/subscriptions"
ROUTES = (("create", "POST", CHANNELS), ("channels", "GET", CHANNELS),
          ("head", "HEAD", CHANNELS + "/{id}"), ("topics", "GET", SUBSCRIPTIONS),
          ("subscribe", "POST", SUBSCRIPTIONS), ("replace", "PUT", SUBSCRIPTIONS),
          ("unsubscribe", "DELETE", SUBSCRIPTIONS), ("queues", "GET", "/api/v2/routing/queues"),
          ("snapshot", "POST", "/api/v2/analytics/queues/observations/query"))


class Scenario:
    def __init__(self, **given):
        self.answers = {}               # by route, "token" or a name in ROUTES
        self.sockets = [[("run",)]]     # a list of actions, or answer(...) to the upgrade
        self.queues = [queue(q, "Queue %02d" % n) for n, q in enumerate(frames.QUEUES, 1)]
        self.clients = {CLIENT_ID: SECRET}
        self.rejected = {}              # queue id or topic: (reason, [missing permissions])
        self.strict = False             # a rejected topic is 403 for all, ignoreErrors or not
        self.expires_in = 86399         # as the token says
        self.token_life = None          # as it is, where that differs
        self.per_minute = 300
        self.retry_after = True         # whether a true 429 has the header
        self.max_channels, self.max_topics, self.max_page = 20, 1000, 500
        self.clock = 0                  # seconds by which the Date of answers is ahead
        self.heartbeat = 30
        self.rate = 4                   # steps a second and queue
        self.half_hour = notice_frames.HALF_HOUR
        self.longest = "stats"          # or "data": where the snapshot has calculatedMetricValue
        self.spelling = str             # of topic names in answers and frames: str.upper
        self.gone = 404                 # the upgrade to a channel that is not there
        self.second = (1000, "")        # the close that a second socket brings; None: no close
        self.overlap = "both"           # who gets frames after socket_closing: both old new split
        self.seed = 0
        for name, value in given.items():
            assert hasattr(self, name), name
            setattr(self, name, value)


class Refused(Exception):
    """args[0] is the answer"""


class Channel:
    def __init__(self, client, life=24 * 3600):
        letters = "abcdefghijklmnopqrstuvwxyz0123456789"
        self.id = "streaming-0-" + "".join(random.choices(letters, k=26))
        self.client = client
        self.topics = {}                # lower case: as it was given
        self.sockets = []
        self.expires = time.time() + life
        self.used = time.monotonic()


class Subscriber(Connection):
    def __init__(self, number, channel, request):
        super().__init__(request, channel)
        self.number, self.channel = number, channel
        self.mute = self.deaf = self.closing = False


class Notices(Scripted):
    """Runs in its own thread; its lists have what clients did.

    requests: dicts of name method path query headers body time token status. sent: dicts of
    channel socket text time. messages: texts from clients but pings, which are counted.
    """

    def __init__(self, directory, scenario=None, plain=False):
        super().__init__(directory, plain)
        self.scenario = scenario or Scenario()
        self.requests, self.connections, self.sent, self.messages = [], [], [], []
        self.closes, self.errors, self.evicted = [], [], []
        self.pings = 0
        self.tokens = {}                # token: [client, end, begin of the minute, requests]
        self.channels = {}
        self.centre = {}

    # -- for tests, from their own thread

    def asked(self, name):
        return [request for request in self.requests if request["name"] == name]

    def count(self, *names):
        return sum(not names or request["name"] in names for request in self.requests)

    def do(self, action, *args, socket=-1):
        """An action on a socket of now, as if it stood in the script."""
        run = getattr(self, "do_" + action)(self.connections[socket], *args)

        async def safely():
            try:
                await run
            except ConnectionError:
                pass
        return asyncio.run_coroutine_threadsafe(safely(), self.loop).result(20)

    def expire_tokens(self):
        for token in self.tokens.values():
            token[1] = 0

    def fill(self, count, client=CLIENT_ID):
        """Another program with the same client makes this many channels."""
        async def make():
            return [self._new_channel(client).id for _ in range(count)]
        return asyncio.run_coroutine_threadsafe(make(), self.loop).result(20)

    # -- the server

    def app(self):
        app = web.Application()
        app.router.add_post("/oauth/token", self._handler("token"))
        for name, method, path in ROUTES:
            app.router.add_route(method, path, self._handler(name))
        app.router.add_get("/channels/{id}", self._socket)
        return app

    async def listen(self):
        await super().listen()
        publisher = asyncio.ensure_future(self._publish())
        publisher.add_done_callback(lambda task: task.cancelled() or self.errors.append(
            ("publisher", task.exception())))

    # -- requests

    def _handler(self, name):
        async def handle(request):
            body = await request.read()
            log = {"name": name, "method": request.method, "path": request.path,
                   "query": dict(request.query), "headers": dict(request.headers),
                   "body": body.decode(), "time": time.monotonic(), "token": None}
            self.requests.append(log)
            script = self.scenario.answers.get(name)
            given = nth(script, self.count(name) - 1) if script else None
            headers = {"ININ-Correlation-Id": str(uuid.uuid4()),
                       "Date": email.utils.formatdate(time.time() + self.scenario.clock,
                                                      usegmt=True)}
            if given is None or given["status"] is None:
                delay = given["delay"] if given else 0
                try:
                    client = None
                    if name != "token":
                        client = self._authenticate(request, log, headers)
                    given = answer(body=getattr(self, "_" + name)(request, client, body))
                except Refused as refusal:
                    given = refusal.args[0]
                await asyncio.sleep(delay)
            else:
                await asyncio.sleep(given["delay"])
            log["status"] = given["status"]
            if given["status"] == 0:
                request.transport.abort()
            body = given["body"]
            if not isinstance(body, bytes):
                body = b"" if body is None else notice_frames.dumps(body).encode()
            return web.Response(status=given["status"] or 500, body=body, headers={
                "Content-Type": "application/json", **headers, **given["headers"]})
        return handle

    def _token(self, request, client, body):
        def refuse(status, kind, text):
            raise Refused(answer(status, {"error": kind, "description": text,
                                          "error_description": text}))
        form = dict(urllib.parse.parse_qsl(body.decode()))
        method, _, basic = request.headers.get("Authorization", "").partition(" ")
        client, _, secret = base64.b64decode(basic + "==").decode("latin-1").partition(":")
        if method.lower() != "basic" or client not in self.scenario.clients:
            refuse(400, "invalid_client", "client not found")
        if self.scenario.clients[client] != secret:
            refuse(401, "invalid_client", "authentication failed")
        if form.get("grant_type") != "client_credentials":
            refuse(400, "unsupported_grant_type", "unsupported grant type")
        life = self.scenario.token_life
        return {"access_token": self.new_token(client, life), "token_type": "bearer",
                "expires_in": self.scenario.expires_in}

    def new_token(self, client=CLIENT_ID, life=None):
        """One more token, also for GENESYSCLOUD_ACCESS_TOKEN."""
        token = "ntok-3n~._value/+=%d" % (len(self.tokens) + 1)
        life = self.scenario.expires_in if life is None else life
        self.tokens[token] = [client, time.monotonic() + life, 0, 0]
        return token

    def _authenticate(self, request, log, headers):
        """The client's id; counts the request in its token's minute."""
        method, _, value = request.headers.get("Authorization", "").partition(" ")
        log["token"] = value
        if method.lower() != "bearer":
            raise Refused(error(401, "authentication.required", "No authentication bearer token "
                                "specified in authorization header."))
        if value not in self.tokens:
            raise Refused(error(401, "bad.credentials", "Invalid login credentials."))
        token, now = self.tokens[value], time.monotonic()
        if now >= token[1]:
            raise Refused(error(401, "credentials.expired", "Your session has expired."))
        if now - token[2] >= 60:
            token[2:] = now, 0
        token[3] += 1
        reset = int(token[2] + 60 - now) + 1
        headers.update({"inin-ratelimit-count": str(token[3]), "inin-ratelimit-reset": str(reset),
                        "inin-ratelimit-allowed": str(self.scenario.per_minute)})
        if token[3] > self.scenario.per_minute:
            raise Refused(limited(reset if self.scenario.retry_after else None))
        return token[0]

    # -- channels

    def _new_channel(self, client):
        mine = [c for c in self.channels.values() if c.client == client]
        if len(mine) >= self.scenario.max_channels:
            self._evict(min(mine, key=lambda c: (bool(c.sockets), c.used)))
        channel = Channel(client)
        self.channels[channel.id] = channel
        return channel

    def _evict(self, channel):
        del self.channels[channel.id]
        self.evicted.append(channel.id)
        text = notice_frames.system("no_longer_subscribed", channel.id,
                                    oauthClientId=channel.client,
                                    reason="another_channel_subscribed",
                                    message="Another channel was created")
        for conn in list(channel.sockets):
            asyncio.ensure_future(self._end(conn, (1001, ""), text))

    async def _end(self, conn, close, text=None):
        try:
            if text:
                await self.do_send(conn, text)
            if close:
                await self.do_close(conn, *close)
            await self.do_drop(conn)
        except ConnectionError:
            pass

    def _show(self, channel):
        moment = datetime.datetime.fromtimestamp(channel.expires, datetime.timezone.utc)
        return {"connectUri": "%s://localhost:%d/channels/%s" % (
                    "ws" if self.plain else "wss", self.port, channel.id),
                "id": channel.id,
                "expires": moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"}

    def _create(self, request, client, body):
        return self._show(self._new_channel(client))

    def _channels(self, request, client, body):
        return {"entities": [self._show(c) for c in self.channels.values() if c.client == client]}

    def _channel(self, request, client):
        channel = self.channels.get(request.match_info["id"])
        if not channel or channel.client != client:
            raise Refused(not_found())
        channel.used = time.monotonic()
        return channel

    def _head(self, request, client, body):
        self._channel(request, client)

    def _topics(self, request, client, body):
        return self._listing(self._channel(request, client).topics.values())

    def _subscribe(self, request, client, body):
        channel = self._channel(request, client)
        return self._put(request, channel, body, dict(channel.topics))

    def _replace(self, request, client, body):
        return self._put(request, self._channel(request, client), body, {})

    def _unsubscribe(self, request, client, body):
        self._channel(request, client).topics.clear()

    def _put(self, request, channel, body, topics):
        try:
            asked = [entry["id"] for entry in json.loads(body)]
        except (ValueError, TypeError, KeyError):
            raise Refused(bad_request("The request body is not a list of topics.")) from None
        for name in asked:
            if not topic_queue(name):
                self.errors.append(("topic", name))
                raise Refused(bad_request("Invalid topic: %s" % name))
        ignore = request.query.get("ignoreErrors", "false").lower() == "true"
        permitted = [name for name in asked if not self._rejection(name)]
        if len(permitted) < len(asked) and (self.scenario.strict or not ignore):
            raise Refused(forbidden())
        topics.update((name.lower(), name) for name in permitted)
        if len(topics) > self.scenario.max_topics:
            raise Refused(bad_request("The maximum of %d topics is exceeded."
                                      % self.scenario.max_topics))
        channel.topics = topics
        channel.expires = time.time() + 24 * 3600
        return self._listing(asked)

    def _rejection(self, name):
        rejected = self.scenario.rejected
        return rejected.get(name.lower()) or rejected.get(topic_queue(name)[0])

    def _listing(self, names):
        entities = []
        for name in names:
            entry, rejection = {"id": self.scenario.spelling(name)}, self._rejection(name)
            entry["state"] = "Rejected" if rejection else "Permitted"
            if rejection:
                entry.update(rejectionReason=rejection[0], missingPermissions=rejection[1])
            entities.append(entry)
        return {"entities": entities}

    # -- queues and their snapshot

    def _queues(self, request, client, body):
        query = request.query
        try:
            size, number = int(query.get("pageSize", 25)), int(query.get("pageNumber", 1))
        except ValueError:
            size = 0
        if not 0 < size <= self.scenario.max_page or number < 1:
            raise Refused(invalid_value(query.get("pageSize"), "pageSize", "a page's size"))
        found = sorted((q for q in self.scenario.queues if self._named(q, query.get("name"))),
                       key=lambda q: q["name"].lower())
        pages = max(1, -(-len(found) // size))

        def uri(page):
            rest = {"name": query["name"]} if "name" in query else {}
            return "/api/v2/routing/queues?" + urllib.parse.urlencode(
                {"pageSize": size, "pageNumber": page, **rest})
        return {"entities": found[(number - 1) * size:number * size], "pageSize": size,
                "pageNumber": number, "total": len(found), "firstUri": uri(1),
                "lastUri": uri(pages), "selfUri": uri(number),
                **({"nextUri": uri(number + 1)} if number < pages else {}),
                **({"previousUri": uri(number - 1)} if number > 1 else {}), "pageCount": pages}

    @staticmethod
    def _named(item, pattern):
        """An asterisk is special only at either end, as the reference of the API says."""
        if pattern is None:
            return True
        core = re.escape(pattern.strip("*"))
        return re.fullmatch((".*" if pattern.startswith("*") else "") + core
                            + (".*" if pattern.endswith("*") else ""), item["name"], re.I)

    def _snapshot(self, request, client, body):
        def predicates(filter):
            if filter.get("type") not in ("and", "or"):
                raise Refused(invalid_value(filter.get("type", ""), "QueryFilterType",
                                            "and, or"))
            inner = [p for clause in filter.get("clauses", []) for p in predicates(clause)]
            return filter.get("predicates", []) + inner
        try:
            query = json.loads(body)
            asked = predicates(query["filter"])
            wanted = set(query.get("metrics") or SNAPSHOT_METRICS)
            ids = [p["value"].lower() for p in asked if p["dimension"] == "queueId"]
        except (ValueError, TypeError, KeyError, AttributeError):
            raise Refused(bad_request("The query could not be read.")) from None
        if len(asked) > 200:
            raise Refused(bad_request("Max 200 query predicates, %d given." % len(asked)))
        if wanted - SNAPSHOT_METRICS:
            raise Refused(invalid_value(", ".join(wanted - SNAPSHOT_METRICS),
                                        "QueueObservationMetric", ", ".join(SNAPSHOT_METRICS)))
        known = {q["id"].lower() for q in self.scenario.queues} - set(self.scenario.rejected)
        return {"systemToOrganizationMappings": notice_frames.PRESENCES,
                "results": [result for id in dict.fromkeys(ids) if id in known for result in
                            self._queue(id).snapshot(wanted, self.scenario.longest)]}

    def _queue(self, id):
        if id not in self.centre:
            self.centre[id] = notice_frames.Queue(id, self.scenario.seed, self.scenario.half_hour)
        return self.centre[id]

    # -- sockets

    async def _socket(self, request):
        script = nth(self.scenario.sockets, len(self.connections))
        channel = self.channels.get(request.match_info["id"])
        conn = Subscriber(len(self.connections), channel, request)
        self.connections.append(conn)
        if isinstance(script, dict):
            return web.Response(status=script["status"], headers=script["headers"])
        if channel is None:
            return web.Response(status=self.scenario.gone)
        ws = web.WebSocketResponse(autoping=False, max_msg_size=1 << 16)
        await ws.prepare(request)
        for old in channel.sockets:
            if not old.closing:
                asyncio.ensure_future(self._end(old, self.scenario.second))
        channel.sockets.append(conn)
        channel.used = time.monotonic()
        tasks = [asyncio.ensure_future(self._read(ws, conn)), asyncio.ensure_future(
            self._beat(conn)), asyncio.ensure_future(self._play(conn, script))]
        try:
            # Reading ends with the socket; a script that is over leaves the socket open.
            await tasks[0]
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            for task in tasks:
                task.cancel()
            channel.sockets.remove(conn)
        return ws

    async def _play(self, conn, script):
        try:
            for action in script:
                await self.act(conn, action)
        except ConnectionError:
            pass

    async def _read(self, ws, conn):
        while True:
            message = await ws.receive()
            if message.type == WSMsgType.CLOSE:
                self.closes.append((conn.number, message.data))
            if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING,
                                WSMsgType.ERROR):
                return
            if message.type == WSMsgType.PING:
                await conn.write(ws_frame(PONG, message.data))
            elif message.type == WSMsgType.TEXT:
                await self._told(conn, message.data)

    async def _told(self, conn, text):
        try:
            ping = json.loads(text) == {"message": "ping"}
        except ValueError:
            ping = False
        if not ping:
            self.messages.append(text)
            return
        self.pings += 1
        if isinstance(conn.deaf, str):
            await self.do_send(conn, conn.deaf)
        elif not conn.deaf:
            await self.do_send(conn, notice_frames.PONG)

    async def _beat(self, conn):
        while True:
            await asyncio.sleep(self.scenario.heartbeat)
            if not conn.mute:
                await self.do_send(conn, notice_frames.HEARTBEAT)

    async def _publish(self):
        """The centre's changes, to every socket whose script is at ("run",)."""
        while True:
            await asyncio.sleep(1 / self.scenario.rate)
            steps, now = {}, int(time.time() * 1000)
            for channel in list(self.channels.values()):
                running = [c for c in channel.sockets if c.running]
                for name in list(channel.topics) if running else ():
                    id, family = topic_queue(name)
                    if id not in steps:
                        steps[id] = list(self._queue(id).step(now))
                    for kind, body in steps[id]:
                        # while one was sent the subscription may have been deleted
                        if (name in channel.topics and kind == family
                                and body.get("data", True)):
                            await self._deliver(running, channel.topics[name], body)

    async def _deliver(self, conns, name, body):
        running = [conn for conn in conns if conn.running]      # none behind its close frame
        text = notice_frames.notification(self.scenario.spelling(name), body,
                                          correlation=str(uuid.uuid4()))
        if len(running) > 1:
            running = {"both": running, "old": running[:1], "new": running[-1:],
                       "split": [running[len(self.sent) % len(running)]]}[self.scenario.overlap]
        for conn in running:
            try:
                await self.do_send(conn, text)
            except ConnectionError:
                conn.running = False

    # -- actions

    async def do_run(self, conn, seconds=600):
        """Changes of the queues whose topics the channel has, at the scenario's rate."""
        conn.running = True
        await asyncio.sleep(seconds)
        conn.running = False

    async def do_send(self, conn, *texts):
        for text in texts:
            await super().do_send(conn, text)
            self.sent.append({"channel": conn.channel.id, "socket": conn.number, "text": text,
                              "time": time.monotonic()})

    async def do_fragments(self, conn, text, count=3):
        """One message in pieces, cut at any byte, with a ping in between."""
        data = text.encode()
        cuts = [len(data) * n // count for n in range(count + 1)]
        for n in range(count):
            await conn.write(ws_frame(TEXT if n == 0 else CONT, data[cuts[n]:cuts[n + 1]],
                                      fin=n == count - 1))
            if n < count - 1:
                await conn.write(ws_frame(PING, b"between"))

    async def do_silence(self, conn, deaf=True):
        """No event and no heartbeat any more; deaf: no pong either, or that text instead."""
        conn.running, conn.mute, conn.deaf = False, True, deaf

    async def do_socket_closing(self, conn, bound=1, code=1001):
        """Maintenance: announces the close now, and closes at bound; events continue until then."""
        conn.running = conn.closing = True
        await self.do_send(conn, notice_frames.socket_closing())
        await asyncio.sleep(bound)
        await self.do_close(conn, code, "maintenance")

    async def do_token_revoked(self, conn):
        await self.do_send(conn, notice_frames.system("token_revoked", conn.channel.id,
                                                      reason="user_tokens_revoked"))

    async def do_evict(self, conn):
        self._evict(conn.channel)

    async def do_idle_close(self, conn):
        await self.do_close(conn, 1001, "idle timeout")
