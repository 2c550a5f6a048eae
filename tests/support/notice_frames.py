"""What the Genesys Cloud notification service says: its answers and frames, byte for byte,
and a small contact centre behind them.

The two captured bodies stand in fixtures/; every frame here has their members in their order.
"""
import collections
import datetime
import json
import pathlib
import random
import re
import uuid

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
NEEDED = "analytics:queueObservation:view"
TOPIC = re.compile(r"v2\.analytics\.queues\.([0-9a-f-]{36})\.(observations|activity)", re.I)
HALF_HOUR = 30 * 60 * 1000
MEDIA = ("voice", "message")
STATUSES = ("OFF_QUEUE", "IDLE", "INTERACTING", "NOT_RESPONDING", "COMMUNICATING")
# Organisation presences by system presence; a system presence may have several.
PRESENCES = {"AVAILABLE": ["6a3af858-942f-489d-9700-5f9bcdcdae9b"],
             "AWAY": ["5e5c5c66-ea97-4e7f-ac41-6424784829f2",
                      "9e9c7b1e-0c3f-4d3c-8a2f-7f0f5f0d2b11"],
             "ON_QUEUE": ["e08eaf1b-ee47-4fa9-a231-1200e284798f"]}
HEARTBEAT = '{"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}}'
PONG = '{"topicName":"channel.metadata","eventBody":{"message":"pong"}}'
CORRELATION = "00000000-0000-0000-0000-000000000000"


# -- answers


def answer(status=200, body=None, delay=0, **headers):
    """Instead of the true answer; body bytes go out as they are, a dict as JSON."""
    return {"status": status, "body": body, "delay": delay,
            "headers": {name.replace("_", "-"): str(value) for name, value in headers.items()}}


def slow(seconds):
    """The true answer, made at once and sent later."""
    return answer(status=None, delay=seconds)


def cut():
    """The connection ends without an answer."""
    return answer(status=0)


def error(status, code, message, params=None, **headers):
    """An ErrorBody, as all of the API has it."""
    return answer(status, {"message": message, "code": code, "status": status,
                           "messageParams": params or {}, "contextId": str(uuid.uuid4()),
                           "details": [], "errors": []}, **headers)


def limited(retry_after=None, reset=None):
    headers = {} if reset is None else {
        "inin_ratelimit_count": 301, "inin_ratelimit_allowed": 300, "inin_ratelimit_reset": reset}
    if retry_after is None:
        return error(429, "too.many.requests", "Rate limit exceeded the maximum.", **headers)
    return error(429, "too.many.requests.retry.after", "Rate limit exceeded the maximum. Retry "
                 "the request in [%s] seconds" % retry_after, Retry_After=retry_after, **headers)


def forbidden(permission=NEEDED):
    return error(403, "missing.any.permissions", "You must have at least one of the following "
                 "permissions assigned: %s" % permission, {"permissions": permission})


def not_found(what="channel"):
    return error(404, "not.found", "The requested %s was not found." % what)


def bad_request(message):
    return error(400, "bad.request", message)


def invalid_value(value, kind, allowed):
    return error(400, "invalid.value", "Value [%s] is not valid for field type [%s]. Allowable "
                 "values are: %s" % (value, kind, allowed))


def queue(identity, name, division=("0f0f0f0f-0000-4000-8000-000000000001", "Home"),
          media=("call", "callback", "chat", "email", "message")):
    settings = {"alertingTimeoutSeconds": 8,
                "serviceLevel": {"percentage": 0.8, "durationMs": 20000}}
    return {"id": identity, "name": name, "selfUri": "/api/v2/routing/queues/" + identity,
            "division": {"id": division[0], "name": division[1],
                         "selfUri": "/api/v2/authorization/divisions/" + division[0]},
            "mediaSettings": {kind: settings for kind in media}, "memberCount": 7}


# -- frames


def dumps(value):
    return json.dumps(value, separators=(",", ":"))


def iso(ms):
    moment = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (ms % 1000)


def instant(ms):
    return iso(ms) + "/" + iso(ms)


def interval(ms, length=HALF_HOUR):
    """The half hour that a moment is in."""
    begin = ms - ms % length
    return iso(begin) + "/" + iso(begin + length)


def topic(queue, family="observations"):
    return "v2.analytics.queues.%s.%s" % (queue, family)


def topic_queue(name):
    """Its queue and family, or None for what is no such topic."""
    match = TOPIC.fullmatch(name)
    return match and (match[1].lower(), match[2].lower())


def notification(name, body, version="2", correlation=CORRELATION):
    """A frame; body as JSON text or value, version and correlation None: without them."""
    body = body if isinstance(body, str) else dumps(body)
    return "".join(('{"topicName":', dumps(name),
                    "" if version is None else ',"version":' + dumps(version),
                    ',"eventBody":', body,
                    "" if correlation is None else
                    ',"metadata":{"CorrelationId":%s}' % dumps(correlation), "}"))


def group(queue, media=None):
    return {"queueId": queue, **({"mediaType": media} if media else {})}


def captured(name, queue, media="voice"):
    """A frame around a captured body, whose bytes stay: "instant" or "interval"."""
    data = (FIXTURES / ("observations-%s.json" % name)).read_text().rstrip("\n")
    return notification(topic(queue), '{"group":%s,"data":%s}' % (dumps(group(queue, media)), data))


def metric(name, stats):
    """name is "oWaiting" or ("oUserRoutingStatuses", "IDLE"); stats a count or a dict."""
    name, qualifier = (name, None) if isinstance(name, str) else name
    return {"metric": name, **({"qualifier": qualifier} if qualifier else {}),
            "stats": stats if isinstance(stats, dict) else {"count": stats}}


def data(when, metrics):
    """One entry of eventBody.data; when is an interval's text, or ms for an instant."""
    return {"interval": when if isinstance(when, str) else instant(when),
            "metrics": [metric(name, stats) for name, stats in metrics.items()]}


def observations(queue, media, *entries, **more):
    """entries are pairs of a time and {metric: stats}; media None: agent states."""
    body = {"group": group(queue, media), "data": [data(*entry) for entry in entries]}
    return notification(topic(queue), body, **more)


def times(count, total, least, most):
    return {"count": count, "sum": total, "min": least, "max": most}


def service_level(good, of, target=0.8):
    return {"ratio": good / of if of else 0, "numerator": good, "denominator": of,
            "target": target}


def activity_body(media):
    """{media: {metric: count}}; the longest are given as their value, None: without one."""
    results = []
    for name, metrics in media.items():
        entries = []
        for key, value in metrics.items():
            key_of_value = "calculatedMetricValue" if key.startswith("oLongest") else "count"
            entries.append({"metric": key, **({} if value is None else {key_of_value: value})})
        results.append({"mediaType": name, "data": entries})
    return {"results": results}


def activity(queue, media, **more):
    return notification(topic(queue, "activity"), activity_body(media), **more)


def socket_closing(text="Websocket closing soon"):
    return notification("v2.system.socket_closing", {"message": text}, None, None)


def system(kind, channel, **body):
    """no_longer_subscribed, token_revoked"""
    return notification("v2.system.%s.%s" % (kind, channel),
                        {"channelId": channel, "systemTopicType": kind, **body}, None, None)


class Queue:
    """One queue's conversations and agents; what it publishes are their changes."""

    def __init__(self, queue, seed=0, length=HALF_HOUR):
        self.id, self.length = queue, length
        self.random = random.Random("%s %s" % (seed, queue))
        self.waiting = {media: [] for media in MEDIA}
        self.talking = {media: [] for media in MEDIA}
        self.agents = collections.Counter({"IDLE": 4, "OFF_QUEUE": 3})
        self.presences = collections.Counter(
            {ids[0]: count for ids, count in zip(PRESENCES.values(), (2, 1, 4))})
        self.since, self.totals = None, {}

    def gauges(self, media):
        return {"oWaiting": len(self.waiting[media]), "oInteracting": len(self.talking[media])}

    def longest(self, media):
        """The starts of the oldest wait and conversation, 0 where there is none."""
        return {"oLongestWaiting": min(self.waiting[media], default=0),
                "oLongestInteracting": min(self.talking[media], default=0)}

    def people(self):
        everyone = sum(self.agents.values())
        on_queue = {("oOnQueueUsers", status): count for status, count in self.agents.items()
                    if status != "OFF_QUEUE"}
        return {"oActiveUsers": everyone, "oMemberUsers": everyone, **on_queue,
                **{("oUserRoutingStatuses", s): n for s, n in self.agents.items()},
                **{("oUserPresences", s): n for s, n in self.presences.items()}}

    def _count(self, media, name, took=None):
        key = (media, name)
        if took is None:
            self.totals.setdefault(key, {"count": 0})["count"] += 1
        elif key not in self.totals:
            self.totals[key] = times(1, took, took, took)
        else:
            old = self.totals[key]
            self.totals[key] = times(old["count"] + 1, old["sum"] + took, min(old["min"], took),
                                     max(old["max"], took))
        return name

    def _level(self, media):
        offered = self.totals.get((media, "nOffered"), {"count": 0})["count"]
        answered = self.totals.get((media, "tAnswered"), {"count": 0})["count"]
        self.totals[media, "oServiceLevel"] = service_level(min(answered, offered), offered)
        return "oServiceLevel"

    def _happen(self, media, now):
        """Something happens to a conversation; the totals that it changes."""
        chance, waiting, talking = self.random, self.waiting[media], self.talking[media]
        event = chance.choice(("arrive", "arrive", "answer", "answer", "abandon", "end"))
        if event == "answer" and waiting:
            took = now - waiting.pop(0)
            talking.append(now)
            return [self._count(media, name, took) for name in ("tWait", "tAcd", "tAnswered")]
        if event == "abandon" and waiting:
            took = now - waiting.pop(chance.randrange(len(waiting)))
            return [self._count(media, name, took) for name in ("tWait", "tAcd", "tAbandon")]
        if event == "end" and talking:
            took = now - talking.pop(0)
            return [self._count(media, name, took) for name in ("tTalk", "tHandle")]
        waiting.append(now)
        return [self._count(media, "nOffered")]

    def step(self, now):
        """Bodies that are published now, as (family, body): only changes, in three families."""
        begin = now - now % self.length
        if begin != self.since:
            self.since, self.totals = begin, {}
        media = self.random.choice(MEDIA)
        before, people = self.gauges(media), self.people()
        counted = self._happen(media, now)
        counted.append(self._level(media))
        after = self.gauges(media)
        changed = {name: count for name, count in after.items() if count != before[name]}
        yield "observations", self._body(media, now, changed)
        yield "activity", activity_body({media: {**after, **self.longest(media)}})
        yield "observations", self._body(media, interval(now, self.length), {
            name: self.totals[media, name] for name in counted})
        if self.random.random() < 0.3:
            old, new = self.random.sample(STATUSES, 2)
            if self.agents[old]:
                self.agents[old] -= 1
                self.agents[new] += 1
            yield "observations", self._body(None, now, {
                name: count for name, count in self.people().items() if people.get(name) != count})

    def _body(self, media, when, metrics):
        return {"group": group(self.id, media), "data": [data(when, metrics)]}

    def snapshot(self, wanted, place="stats"):
        """Its part of an observation query's results; place: where the longest ones stand."""
        def named(name):
            return (name if isinstance(name, str) else name[0]) in wanted
        results = [{"group": group(self.id),
                    "data": [metric(name, n) for name, n in self.people().items() if named(name)]}]
        for media in MEDIA:
            entries = [metric(name, n) for name, n in self.gauges(media).items() if named(name)]
            for name, value in self.longest(media).items():
                if named(name) and value:
                    held = {"calculatedMetricValue": value}
                    entries.append({"metric": name, **(held if place == "data" else {}),
                                    "stats": {"count": 1, **(held if place == "stats" else {})}})
            results.append({"group": group(self.id, media), "data": entries})
        return [result for result in results if result["data"]]
