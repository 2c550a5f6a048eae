"""Recordings line by line, whose times are in seconds from 2026-11-24T02:00:00Z on."""
import datetime
import json

import notice_frames

T0 = 1795485600_000_000         # in µs since 1970; a half hour begins then
S = 1_000_000
MS = T0 // 1000
QUEUES = ["%08x-0000-4000-8000-%012x" % (n, n) for n in (1, 2)]
ONE = QUEUES[0]


def stamp(us):
    moment = datetime.datetime.fromtimestamp(us // S, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + ".%06dZ" % (us % S)


def at(second, rest):
    """A line with these members."""
    return '{"at":"%s",%s}\n' % (stamp(T0 + round(second * S)), rest)


def state(second, name, socket=0):
    return at(second, '"stream":%d,"state":"%s"' % (socket, name))


def frame(second, text, socket=0):
    return at(second, '"stream":%d,"frame":%s' % (socket, text))


def answer(second, results=(), asked=None):
    return at(second, '"answer":"snapshot","asked":"%s","frame":%s' % (
        stamp(T0 + round((second if asked is None else asked) * S)),
        json.dumps({"results": list(results)})))


def named(queue, name, second=0):
    """The answer to the question for queues."""
    return at(second, '"answer":"queues","frame":' + json.dumps(
        {"entities": [{"id": queue, "name": name}]}))


def begin(results=()):
    """Notifications: the connection and the snapshot."""
    return state(0, "connected") + answer(0, results)


def end(second):
    return at(second, '"state":"end"')


def instant(second, metrics, media="voice", queue=ONE):
    """The text of a notification of that moment."""
    return notice_frames.observations(queue, media, (MS + round(second * 1000), metrics))
