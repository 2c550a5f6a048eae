"""The local notification service itself, asked by other clients than the product."""
import asyncio
import inspect
import json
import re
import ssl

import aiohttp
import harness
import notice_frames
import pytest
import websockets
from notice_frames import cut, limited, queue, slow
from notices import CLIENT_ID, SECRET, Notices, Scenario

A, B = "00000001-0000-4000-8000-000000000001", "00000002-0000-4000-8000-000000000002"
CHANNELS = "/api/v2/notifications/channels"
QUERY = "/api/v2/analytics/queues/observations/query"


class Client:
    """One session; every call is (status, body, headers)."""

    def __init__(self, service, session):
        self.service, self.session, self.token = service, session, None

    async def call(self, method, path, body=None, **more):
        headers = {"Authorization": "Bearer " + self.token} \
            if self.token and "auth" not in more else {}
        async with self.session.request(method, "https://%s%s" % (self.service.host, path),
                                        json=body, headers=headers, **more) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None, response.headers

    async def login(self, client=CLIENT_ID, secret=SECRET):
        status, body, _ = await self.call(
            "POST", "/oauth/token", data={"grant_type": "client_credentials"},
            auth=aiohttp.BasicAuth(client, secret))
        if status == 200:
            self.token = body["access_token"]
        return status, body

    async def channel(self, *topics, method="PUT", query="?ignoreErrors=true"):
        _, channel, _ = await self.call("POST", CHANNELS)
        status, listing, _ = await self.call(
            method, "%s/%s/subscriptions%s" % (CHANNELS, channel["id"], query),
            [{"id": topic} for topic in topics])
        return channel, status, listing

    def connect(self, channel):
        return websockets.connect(channel["connectUri"], ssl=context(self.service),
                                  max_queue=None)


def context(service):
    return ssl.create_default_context(cafile=service.ca)


def asking(login=True, errors=(), **scenario):
    """Makes a test of body(client, service, …): a client that is logged in to a service of this
    scenario. A parameter of the test with the name of one of the scenario's goes there too."""
    def decorate(body):
        def test(tmp_path, **given):
            async def session():
                connector = aiohttp.TCPConnector(ssl=context(service))
                async with aiohttp.ClientSession(connector=connector) as http:
                    client = Client(service, http)
                    if login:
                        assert (await client.login())[0] == 200
                    await asyncio.wait_for(body(client, service, **given), 20)
            more = {name: given[name] for name in given if hasattr(Scenario(), name)}
            with Notices(tmp_path, Scenario(**scenario, **more)) as service:
                asyncio.run(session())
            assert service.errors == list(errors)
        names = ["tmp_path", *list(inspect.signature(body).parameters)[2:]]
        test.__signature__ = inspect.Signature(
            [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names])
        return test
    return decorate


async def texts(socket, count):
    return [json.loads(await socket.recv()) for _ in range(count)]


async def closed(socket):
    """The close that a socket ends with, its frames passed over."""
    with pytest.raises(websockets.ConnectionClosed) as end:
        while True:
            await asyncio.wait_for(socket.recv(), 10)
    return end.value.rcvd and (end.value.rcvd.code, end.value.rcvd.reason)


async def refused(connection):
    """The status that an upgrade is refused with (websockets 14 renamed the exception)."""
    with pytest.raises(websockets.InvalidHandshake) as refusal:
        await connection
    failure = refusal.value
    return failure.response.status_code if hasattr(failure, "response") else failure.status_code


# -- login and what all requests have


@asking(login=False)
async def test_token_and_both_refusals(client, service):
    assert await client.login("nobody") == (400, {
        "error": "invalid_client", "description": "client not found",
        "error_description": "client not found"})
    status, refusal = await client.login(secret="wrong")
    assert (status, refusal["error_description"]) == (401, "authentication failed")
    status, token = await client.login()
    assert status == 200 and token["token_type"] == "bearer"
    assert token["expires_in"] == 86399
    assert service.requests[0]["body"] == "grant_type=client_credentials"
    assert [r["status"] for r in service.requests] == [400, 401, 200]


@asking()
async def test_bearer_missing_wrong_and_expired(client, service):
    good, client.token = client.token, None
    codes = []
    for token in (None, "other", good):
        client.token = token
        if token == good:
            service.expire_tokens()
        status, error, headers = await client.call("GET", CHANNELS)
        codes.append((status, error["code"]))
        assert error["contextId"] and error["status"] == 401
        assert headers["ININ-Correlation-Id"]
    assert codes == [(401, "authentication.required"), (401, "bad.credentials"),
                     (401, "credentials.expired")]


@asking(token_life=0)
async def test_token_ends_before_it_says(client, service):
    assert (await client.call("GET", CHANNELS))[0] == 401


@pytest.mark.parametrize("retry_after", [True, False])
@asking(per_minute=2)
async def test_rate_limit_is_counted_for_each_token(client, service, retry_after):
    for n in (1, 2):
        status, _, headers = await client.call("GET", CHANNELS)
        assert status == 200 and headers["inin-ratelimit-count"] == str(n)
        assert headers["inin-ratelimit-allowed"] == "2"
    status, error, headers = await client.call("GET", CHANNELS)
    assert status == 429 and 0 < int(headers["inin-ratelimit-reset"]) <= 60
    assert ("Retry-After" in headers) == retry_after
    assert error["code"].startswith("too.many.requests")
    await client.login()
    assert (await client.call("GET", CHANNELS))[0] == 200


@asking(answers={"create": [limited(retry_after=1), cut(), slow(0.01)]})
async def test_scripted_answers_in_turn(client, service):
    assert (await client.call("POST", CHANNELS))[0] == 429
    with pytest.raises(aiohttp.ClientError):
        await client.call("POST", CHANNELS)
    status, channel, headers = await client.call("POST", CHANNELS)
    assert status == 200 and channel["id"]
    assert service.count("create") == 3 and service.count() == 4
    assert service.requests[1]["path"] == CHANNELS


# -- channels and subscriptions


@asking()
async def test_channel_is_made_listed_and_found(client, service):
    _, channel, _ = await client.call("POST", CHANNELS)
    assert channel["connectUri"] == "wss://%s/channels/%s" % (service.host, channel["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z", channel["expires"])
    assert (await client.call("GET", CHANNELS))[1] == {"entities": [channel]}
    assert (await client.call("HEAD", CHANNELS + "/" + channel["id"]))[0] == 200
    assert (await client.call("HEAD", CHANNELS + "/other"))[0] == 404


@asking()
async def test_topics_are_added_replaced_and_removed(client, service):
    first, second = notice_frames.topic(A), notice_frames.topic(B, "activity")
    channel, _, listing = await client.channel(first)
    assert listing == {"entities": [{"id": first, "state": "Permitted"}]}
    path = "%s/%s/subscriptions" % (CHANNELS, channel["id"])

    async def now():
        return [entry["id"] for entry in (await client.call("GET", path))[1]["entities"]]
    await client.call("POST", path, [{"id": second}])
    assert await now() == [first, second]
    await client.call("PUT", path, [{"id": second}])
    assert await now() == [second]
    assert (await client.call("DELETE", path))[0] == 200
    assert await now() == []


@asking(rejected={B: ("no permission", ["analytics:queueObservation:view"])})
async def test_rejected_topic_by_itself_or_for_all(client, service):
    topics = [notice_frames.topic(A), notice_frames.topic(B)]
    _, status, listing = await client.channel(*topics)
    assert status == 200 and listing["entities"][0]["state"] == "Permitted"
    assert listing["entities"][1] == {
        "id": topics[1], "state": "Rejected", "rejectionReason": "no permission",
        "missingPermissions": ["analytics:queueObservation:view"]}
    channel, status, error = await client.channel(*topics, query="")
    assert status == 403 and error["code"] == "missing.any.permissions"
    assert service.channels[channel["id"]].topics == {}
    service.scenario.strict = True
    assert (await client.channel(*topics))[1] == 403
    assert (await client.channel(topics[0]))[1] == 200


@asking()
async def test_a_thousand_topics_and_no_more(client, service):
    topics = ["v2.analytics.queues.%08x-0000-4000-8000-000000000000.observations" % n
              for n in range(1001)]
    assert (await client.channel(*topics[:1000]))[1] == 200
    assert (await client.channel(*topics))[1] == 400
    assert (await client.channel(topics[0], topics[0].upper()))[1] == 200


@asking(errors=[("topic", "channel.metadata")])
async def test_invalid_topic_gets_400(client, service):
    assert (await client.channel("channel.metadata"))[1] == 400


@asking(sockets=[[]])
async def test_21st_channel_evicts_one_without_a_socket_first(client, service):
    first, _, _ = await client.channel(notice_frames.topic(A))
    async with client.connect(first) as socket:
        idle = service.fill(19)
        service.fill(1)
        assert service.evicted == idle[:1]
        assert (await client.call("HEAD", CHANNELS + "/" + idle[0]))[0] == 404
        await socket.ping()
    assert (await client.call("HEAD", CHANNELS + "/" + first["id"]))[0] == 200


@asking(sockets=[[]], max_channels=1)
async def test_evicted_connection_is_notified_and_closed(client, service):
    channel, _, _ = await client.channel(notice_frames.topic(A))
    async with client.connect(channel) as socket:
        service.fill(1)
        (told,) = await texts(socket, 1)
        assert told["topicName"] == "v2.system.no_longer_subscribed." + channel["id"]
        assert told["eventBody"]["reason"] == "another_channel_subscribed"
        assert (await closed(socket))[0] == 1001
    assert service.evicted == [channel["id"]]
    assert await refused(client.connect(channel)) == 404


# -- queues


def names(count):
    return [queue("%08x-0000-4000-8000-000000000000" % n, "Queue %03d" % n)
            for n in range(count)]


@asking(queues=names(250))
async def test_queues_in_pages(client, service):
    path, seen, pages = "/api/v2/routing/queues?pageSize=100", [], []
    while path:
        _, page, _ = await client.call("GET", path)
        seen += [q["name"] for q in page["entities"]]
        pages.append((page["pageNumber"], page["pageCount"], page["total"]))
        path = page.get("nextUri")
    assert seen == ["Queue %03d" % n for n in range(250)]
    assert pages == [(1, 3, 250), (2, 3, 250), (3, 3, 250)]
    first = page["entities"][0]
    assert first["division"]["name"] == "Home" and "voice" not in first["mediaSettings"]
    assert (await client.call("GET", "/api/v2/routing/queues?pageSize=501"))[0] == 400


@pytest.mark.parametrize("pattern,found", [
    ("queue 007", 1), ("Queue 00*", 10), ("*7", 3), ("*ue 02*", 10), ("Queue", 0), ("Q*7", 0)])
@asking(queues=names(30))
async def test_queue_names_with_asterisks_at_the_ends(client, service, pattern, found):
    _, page, _ = await client.call("GET", "/api/v2/routing/queues",
                                   params={"name": pattern, "pageSize": 100})
    assert len(page["entities"]) == page["total"] == found


def predicates(ids):
    return {"type": "or", "predicates": [
        {"type": "dimension", "dimension": "queueId", "operator": "matches", "value": id}
        for id in ids]}


@asking()
async def test_snapshot_has_groups_and_asked_metrics(client, service):
    _, found, _ = await client.call("POST", QUERY, {
        "filter": predicates([A, B]), "metrics": ["oWaiting", "oUserRoutingStatuses"]})
    assert [r["group"] for r in found["results"]] == [
        notice_frames.group(id, media) for id in (A, B) for media in (None, "voice", "message")]
    assert found["results"][0]["data"][0] == {
        "metric": "oUserRoutingStatuses", "qualifier": "IDLE", "stats": {"count": 4}}
    assert found["results"][1]["data"] == [{"metric": "oWaiting", "stats": {"count": 0}}]
    assert len(found["systemToOrganizationMappings"]["AWAY"]) == 2


@asking()
async def test_snapshot_refusals(client, service):
    async def status(filter, *metrics):
        return (await client.call("POST", QUERY, {"filter": filter, "metrics": metrics}))[0]
    assert await status(predicates([A] * 200)) == 200
    assert await status(predicates([A] * 201)) == 400
    assert await status({"type": "or", "clauses": [predicates([A] * 150)] * 2}) == 400
    assert await status({"predicates": []}) == 400
    assert await status(predicates([A]), "tWait") == 400


@pytest.mark.parametrize("place", ["stats", "data"])
def test_longest_wait_is_a_timestamp_in_stats_and_in_data(place):
    centre = notice_frames.Queue(A, length=1000)
    centre.waiting["voice"] = [1735551000000, 1735552000000]
    (result,) = centre.snapshot({"oLongestWaiting"}, place)
    held = result["data"][0] if place == "data" else result["data"][0]["stats"]
    assert held["calculatedMetricValue"] == 1735551000000


# -- frames


def test_captured_bodies_are_made_byte_for_byte():
    for name, begin in (("instant", b'[{"interval":"2024-12-30T09:46:54.839Z/'),
                        ("interval", b'[{"interval":"2024-12-30T09:30:00.000Z/')):
        data = (notice_frames.FIXTURES / ("observations-%s.json" % name)).read_bytes()[:-1]
        frame = notice_frames.captured(name, A)
        assert data.startswith(begin) and data in frame.encode()
        rebuilt = notice_frames.observations(A, "voice", *(
            (entry["interval"], {m["metric"]: m["stats"] for m in entry["metrics"]})
            for entry in json.loads(data)))
        assert rebuilt == frame


def test_totals_of_a_half_hour_only_grow():
    centre, totals, changed = notice_frames.Queue(A, seed=3), {}, set()
    begin = 1735551000000
    for second in range(1790):
        for family, body in centre.step(begin + 1000 * second):
            for entry in body.get("data", []):
                begins, ends = entry["interval"].split("/")
                for m in entry["metrics"] if begins != ends else []:
                    key = (body["group"]["mediaType"], m["metric"])
                    for stat in {"count", "sum"} & set(m["stats"]):
                        assert m["stats"][stat] >= totals.get((key, stat), 0)
                        totals[key, stat] = m["stats"][stat]
                changed |= {m["metric"] for m in entry["metrics"] if begins == ends}
    assert {"oWaiting", "oInteracting", "oUserRoutingStatuses"} <= changed
    assert totals[("voice", "nOffered"), "count"] > 100
    assert not list(centre.step(begin + 1800000))[2][1]["data"][0]["metrics"][0]["stats"][
        "count"] > 1


@asking(rate=100)
async def test_socket_brings_both_families_of_the_topics(client, service):
    channel, _, _ = await client.channel(notice_frames.topic(A),
                                         notice_frames.topic(A, "activity"))
    async with client.connect(channel) as socket:
        got = await texts(socket, 30)
    assert {frame["topicName"] for frame in got} == {
        notice_frames.topic(A), notice_frames.topic(A, "activity")}
    families = {("mediaType" in body["group"], begin == end)
                for body in (frame["eventBody"] for frame in got) if "data" in body
                for entry in body["data"] for begin, end in [entry["interval"].split("/")]}
    assert families == {(True, True), (True, False), (False, True)}
    assert [json.loads(sent["text"]) for sent in service.sent[:30]] == got


@asking(heartbeat=0.05)
async def test_heartbeat_ping_and_silence(client, service):
    channel, _, _ = await client.channel()
    async with client.connect(channel) as socket:
        assert await socket.recv() == notice_frames.HEARTBEAT
        service.do("silence", False)
        await socket.send('{"message":"ping"}')
        while await socket.recv() != notice_frames.PONG:
            pass
        service.do("silence")
        await socket.send('{"message":"ping"}')
        await socket.send("hello")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.3)
    assert service.pings == 2 and service.messages == ["hello"]
    assert harness.eventually(lambda: service.closes) == [(0, 1000)]


@asking(rate=50)
async def test_second_socket_drops_the_first(client, service):
    channel, _, _ = await client.channel(notice_frames.topic(A))
    async with client.connect(channel) as first, client.connect(channel) as second:
        assert await closed(first) == (1000, "")
        assert await texts(second, 2)


@pytest.mark.parametrize("overlap", ["both", "old", "new", "split"])
@asking(rate=100, sockets=[[("run", 0.1), ("socket_closing", 0.5)], [("run",)]])
async def test_socket_closing_leaves_time_for_a_second(client, service, overlap):
    channel, _, _ = await client.channel(notice_frames.topic(A))
    async with client.connect(channel) as first:
        while "socket_closing" not in (await texts(first, 1))[0]["topicName"]:
            pass
        async with client.connect(channel) as second:
            await asyncio.sleep(0.2)
            assert (await closed(first)) == (1001, "maintenance")
            await asyncio.sleep(0.1)
            await second.ping()
    by = [{s["text"] for s in service.sent if s["socket"] == n} for n in (0, 1)]
    assert by[0] and by[1]
    if overlap == "both":
        assert len(by[0] & by[1]) > 3
    else:
        assert not by[0] & by[1]


@pytest.mark.parametrize("sockets,end", [
    ([[("idle_close",)]], (1001, "idle timeout")), ([[("close", 1011, "oops")]], (1011, "oops")),
    ([[("drop",)]], None), ([[("rst",)]], None)])
@asking()
async def test_ends_of_a_socket(client, service, sockets, end):
    channel, _, _ = await client.channel()
    async with client.connect(channel) as socket:
        assert await closed(socket) == end


IN_PIECES = notice_frames.activity(A, {"voice": {"oWaiting": 2, "oLongestWaiting": None}})


@asking(sockets=[[("fragments", IN_PIECES, 5), ("send", "no JSON"),
                  ("call", lambda channel: sorted(channel.topics)),
                  ("until", lambda service: service.pings == 1), ("token_revoked",)]])
async def test_fragments_garbage_and_scripts(client, service):
    channel, _, _ = await client.channel(notice_frames.topic(A).upper().replace("V2", "v2"))
    async with client.connect(channel) as socket:
        assert await socket.recv() == IN_PIECES
        assert await socket.recv() == "no JSON"
        assert await socket.recv() == notice_frames.topic(A)
        await socket.send('{"message":"ping"}')
        told = await texts(socket, 2)
    assert told[1]["eventBody"]["systemTopicType"] == "token_revoked"
    assert told[1]["eventBody"]["reason"] == "user_tokens_revoked"


@asking(sockets=[notice_frames.answer(401), []])
async def test_upgrade_can_be_refused(client, service):
    channel, _, _ = await client.channel()
    for status in (401, 404):
        assert await refused(client.connect(channel)) == status
        service.channels.clear()
