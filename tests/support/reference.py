"""A slow and obvious reference for the arithmetic of the notification service's rows.

It remembers everything that happened and computes each row anew from all of it, in whole
microseconds and fractions. Nothing here is shared with the program.

A happening is a dict with "at" (microseconds since 1970), in order of time, and one of

    "state": "connected", "silent" (from a ping on, until something comes) or "lost"
    "frame": the text, or what it decodes to
    "snapshot": an observation query's answer, decoded; "asked" is when it was asked for, and
                "resync" says whether it was asked for again
    "stalled": until when the run saw nothing, in microseconds

"socket" is a number, 0 where it is missing; "lost" ends a socket, and "connected" after
that is another one. Choices that the specification leaves open are marked CHOICE.
"""
import bisect
import json
import math
import re
from fractions import Fraction

DEFAULT = ("oWaiting oInteracting oLongestWaiting oOnQueueUsers nOffered tWait tAbandon "
           "oServiceLevel").split()
TOPIC = re.compile(r"v2\.analytics\.queues\.([^.?]+)\.(observations|activity)", re.I)
# What an age belongs to: nobody waits where nothing is waiting.
LONGEST = {"oLongestWaiting": "oWaiting", "oLongestInteracting": "oInteracting"}
QUANTILES = (("p50", Fraction(1, 2)), ("p90", Fraction(9, 10)), ("p95", Fraction(19, 20)),
             ("p99", Fraction(99, 100)))
# What a snapshot asks for, and the statuses of agents that it leaves out where no agent has them.
QUERY = set("""oActiveUsers oAlerting oInteracting oLongestInteracting oLongestWaiting oMemberUsers
            oOffQueueUsers oOnQueueUsers oUserPresences oUserRoutingStatuses oWaiting""".split())
ON_QUEUE = ["IDLE", "INTERACTING", "COMMUNICATING", "NOT_RESPONDING"]
STATUSES = {"oOnQueueUsers": ON_QUEUE, "oUserRoutingStatuses": ON_QUEUE + ["OFF_QUEUE"]}
COUNTED = {*STATUSES, "oOffQueueUsers", "oUserPresences"}
QUIET = 2_000_000       # of events this long around a resync nobody knows which was first
UNKNOWN, UNBORN, NOBODY = None, "unborn", "nobody"
FOREVER = 1 << 62


# ---- numbers --------------------------------------------------------------------------


def number(value):
    """An int where it is whole, else the nearest double; None stays."""
    if value is None:
        return None
    value = Fraction(value)
    return value.numerator if value.denominator == 1 else float(value)


def root(value):
    """Of the variance rounded once, as 7.3 has it."""
    return Fraction(math.sqrt(float(value)))


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def milliseconds(text):
    """Milliseconds since 1970 of an ISO 8601 time in UTC."""
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z", text)
    if not match:
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    year, month = (year - 1, month + 12) if month < 3 else (year, month)
    days = (365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5
            + day - 719469)
    fraction = int(((match[7] or "") + "000")[:3])
    return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + fraction


def interval(text):
    begin, _, end = text.partition("/") if isinstance(text, str) else ("", "", "")
    begin, end = milliseconds(begin), milliseconds(end)
    return None if begin is None or end is None or begin > end else (begin, end)


# ---- what a message says --------------------------------------------------------------


class Value:
    """One number of a message; when is None for an instant, else the interval."""

    def __init__(self, media, metric, qualifier, stat, value, when=None):
        self.key = (media, metric, qualifier, stat)
        self.media, self.metric, self.value, self.when = media, metric, value, when


def stats_of(media, entry, when=None):
    metric, qualifier, stats = entry.get("metric"), entry.get("qualifier"), entry.get("stats")
    stats = stats if isinstance(stats, dict) else {}
    if not isinstance(metric, str):
        return
    if metric in LONGEST:
        # CHOICE: of these nothing but calculatedMetricValue counts, in either place.
        value = entry.get("calculatedMetricValue", stats.get("calculatedMetricValue"))
        yield Value(media, metric, None, "ageMs", value if is_number(value) and value > 0
                    else NOBODY)
        return
    for stat, value in stats.items():
        # CHOICE: a number as a string, null or NaN is no value; the rest of the frame counts.
        if is_number(value) and math.isfinite(value):
            yield Value(media, metric, qualifier, stat, value, when)


def kind(metric, when):
    """"gauge", "total" or None where it is neither."""
    # CHOICE: n*, t* and oServiceLevel of an instant count for nothing, without an interval their
    # frame is invalid; any other o* of a real interval is a total; a name of another letter
    # follows its interval.
    spans = when is not None and when[0] < when[1]
    if metric[:1] in ("n", "t") or metric == "oServiceLevel":
        return "total" if spans else None
    return "total" if spans else "gauge"


def observations(body):
    """(groups, values, instant in ms or None) of an event; ValueError: it is invalid."""
    group, data = body.get("group", {}), body.get("data", [])
    if not isinstance(group, dict) or not isinstance(data, list):
        raise ValueError
    media, values, instant = group.get("mediaType"), [], None
    for entry in data:
        when = interval(entry.get("interval"))
        if when and when[0] == when[1]:
            instant = max(instant or 0, when[0])
        for metric in entry.get("metrics", []):
            for value in stats_of(media, metric, when):
                its = kind(value.metric, when)
                if its is None and when is None:
                    raise ValueError        # a total of nobody knows which interval
                value.when = when if its == "total" else None
                values += [value] if its else []
    # CHOICE: two entries in data are applied in their order, so that the last one stays.
    return {media}, values, instant


def activity(body):
    results, groups, values = body.get("results", []), set(), []
    if not isinstance(results, list):
        raise ValueError
    for result in results:
        media = result.get("mediaType")
        groups.add(media)
        for entry in result.get("data", []):
            stats = {"count": entry.get("count")}
            values += stats_of(media, {**entry, "stats": {**stats, **entry.get("stats", {})}})
    return groups, values, None


# ---- all that happened ----------------------------------------------------------------


class History:
    """Everything, by time: what is known of each gauge, each total, and of the stream."""

    def __init__(self, happenings, queues, select=None):
        self.queues = [queue.lower() for queue in queues]
        wanted = selector(select)
        self._wants = wanted
        self.asked = {name for name in QUERY if wanted(name)} | {
            gauge for age, gauge in LONGEST.items() if wanted(age)}
        self.whole = {}         # queue: [[from, to]], where all of it is known
        self.born = {}          # key: when it was first told of, where it was 0 before that
        self.steps = {}         # (queue, media, metric, qualifier, stat): [(at, value)]
        self.touched = {}       # the same: [(at, number of the frame)]
        self.totals = {}        # the same: [(at, interval, value)]
        self.frames = []        # (at, queue, groups, "good" or "duplicate", lag µs or None, skew)
        self.groups = {}        # (queue, media): when it was first met
        self.skewed = []        # (at, queue, media): a negative age in a snapshot
        self.names = []         # (at, {presence id: name})
        self.up = []            # [from, to): connected, and seen
        self.online = []        # the same, with what was not seen
        self.confirmed = {}     # key: when a resync told of it, or left it out
        self.differences = []   # [key, at]: of resyncs
        self.invalid = 0
        self._sockets, self._seen, self._open_since, self._next = {}, {}, None, 0
        last = 0
        for happening in happenings:
            assert happening["at"] >= last, "not in order of time"
            last = happening["at"]
            if "state" in happening:
                self._state(happening)
            elif "frame" in happening:
                self._frame(happening)
            elif "stalled" in happening:
                if self.up and self.up[-1][1] == FOREVER:
                    self.up[-1][1] = last
                    self.up.append([happening["stalled"], FOREVER])
            else:
                self._snapshot(happening)

    # -- the stream

    def _state(self, happening):
        at, number, state = happening["at"], happening.get("socket", 0), happening["state"]
        if state == "connected" and number not in self._sockets:
            self._next += 1
            self._sockets[number] = {"id": self._next, "opened": at, "closed": FOREVER}
        socket = self._sockets[number]
        socket["state"] = state
        if state == "lost":
            socket["closed"] = at
            del self._sockets[number]
        states = [other["state"] for other in self._sockets.values()]
        if "connected" in states and not (self.up and self.up[-1][1] == FOREVER):
            self.up.append([at, FOREVER])
            self.online.append([at, FOREVER])
        elif "connected" not in states and self.up and self.up[-1][1] == FOREVER:
            self.up[-1][1] = self.online[-1][1] = at
        if not states:
            # CHOICE: a loss forgets every gauge until something tells it anew; a silence that
            # ends on the same socket missed nothing, and so the values are there again.
            self._open_since = None
            for key in self.steps:
                self._step(key, at, UNKNOWN)
            for spans in self.whole.values():
                spans[-1][1] = min(spans[-1][1], at)
        elif self._open_since is None:
            self._open_since = at

    def is_up(self, at):
        return any(begin <= at < end for begin, end in self.up)

    def was_up(self, begin, end):
        """Throughout."""
        return any(since <= begin and end <= until for since, until in self.online)

    # -- messages

    def _step(self, key, at, value):
        self.steps.setdefault(key, []).append((at, value))

    def _is_duplicate(self, text, number, at):
        """CHOICE: equal to one that came at most ten seconds ago on a socket that was open
        together with this one; that one is then matched, for two changes may look alike."""
        socket = self._sockets.get(number, {"id": 0, "opened": 0, "closed": FOREVER})
        earlier = self._seen.setdefault(text, [])
        for entry in earlier:
            other, since = entry
            if other["id"] != socket["id"] and other["closed"] > socket["opened"] \
                    and since >= at - 10_000_000:
                earlier.remove(entry)
                return True
        earlier.append((socket, at))
        return False

    def _frame(self, happening):
        at, frame = happening["at"], happening["frame"]
        text = frame if isinstance(frame, str) else json.dumps(frame)
        try:
            frame = json.loads(text)
            topic = TOPIC.fullmatch(frame["topicName"])
            if not topic and not TOPIC.match(frame["topicName"]):
                return          # heartbeats, pongs, system messages
            queue, family = topic[1].lower(), topic[2].lower()
            body = frame["eventBody"]
            groups, values, instant = (observations if family == "observations" else activity)(body)
            if queue not in self.queues or body.get("group", {}).get(
                    "queueId", queue).lower() != queue:
                raise ValueError
        except (ValueError, TypeError, KeyError, AttributeError):
            self.invalid += 1   # CHOICE: in no row
            return
        if self._is_duplicate(text, happening.get("socket", 0), at):
            self.frames.append((at, queue, groups, "duplicate", None, {}))
            return
        lag = None if instant is None else at - instant * 1000
        skew = {media: 1 for media in groups} if lag is not None and lag < 0 else {}
        for media in groups:
            self.groups.setdefault((queue, media), at)
        for value in values:
            key = (queue, *value.key)
            if value.when:
                self.totals.setdefault(key, []).append((at, value.when, value.value))
                continue
            if value.metric in LONGEST:
                value.value = self._epoch(value.value, at)
                # CHOICE: a negative age counts once, where its value came in.
                if value.value != NOBODY and value.value > at:
                    skew[value.media] = skew.get(value.media, 0) + 1
            self._be_born(key, at)
            self._step(key, at, value.value)
            self.touched.setdefault(key, []).append((at, len(self.frames)))
            self.differences = [[other, since] for other, since in self.differences
                                if other != key or since < at - QUIET]
        self._nobody(queue, values, at, None)
        self.frames.append((at, queue, groups, "good", lag if lag is None or lag >= 0 else None,
                            skew))

    def _be_born(self, key, at):
        """What was never told in a queue of which all is known was 0 since then."""
        spans = self.whole.get(key[0])
        if key not in self.steps and spans and spans[-1][1] == FOREVER \
                and key[2] in self.asked and key[2] not in LONGEST:
            self.born[key] = at
            self._step(key, spans[-1][0], 0)

    @staticmethod
    def _epoch(value, at):
        """In µs. CHOICE: a duration is that of the arrival, and grows from there."""
        if value == NOBODY:
            return NOBODY
        return int(value) * 1000 if value >= 10**12 else at - int(value * 1000)

    def _nobody(self, queue, values, at, asked):
        """CHOICE: oWaiting 0 ends the longest wait, unless the same message brings another one;
        the next to wait is then not taken for one who has waited since the day before."""
        for longest, waiting in LONGEST.items():
            brought = {value.media for value in values if value.metric == longest}
            for value in values:
                key = (queue, value.media, longest, None, "ageMs")
                if value.key[1:] == (waiting, None, "count") and value.value == 0 \
                        and value.media not in brought and key in self.steps \
                        and not self._newer(key, asked):
                    self._step(key, at, NOBODY)

    def _newer(self, key, asked):
        """CHOICE: what came in the same microsecond as the question counts as newer."""
        return asked is not None and any(at >= asked for at, _ in self.touched.get(key, []))

    def _snapshot(self, happening):
        at, asked, body = happening["at"], happening["asked"], happening["snapshot"]
        # CHOICE: an answer whose question was asked before a loss says nothing.
        if self._open_since is None or self._open_since > asked:
            return
        self.names.append((at, {identity: name for name, identities in body.get(
            "systemToOrganizationMappings", {}).items() for identity in identities}))
        told = {}
        for result in body.get("results", []):
            group = result.get("group", {})
            queue, media = group.get("queueId", "").lower(), group.get("mediaType")
            if queue not in self.queues:
                continue
            self.groups.setdefault((queue, media), at)
            values = []
            # CHOICE: a negative age counts, also where something newer has come meanwhile.
            for entry in result.get("data", []):
                self.skewed += [(at, queue, media) for value in stats_of(media, entry)
                                if value.metric in LONGEST and value.value != NOBODY
                                and self._epoch(value.value, at) > at]
            for entry in result.get("data", []):
                told.setdefault(queue, set()).update(
                    (queue, *value.key) for value in stats_of(media, entry))
            for entry in result.get("data", []):
                values += [value for value in stats_of(media, entry)
                           if not self._newer((queue, *value.key), asked)]
            for value in values:
                if value.metric in LONGEST:
                    value.duration = value.value != NOBODY and value.value < 10**12
                    value.value = self._epoch(value.value, at)
                self._be_born((queue, *value.key), at)
                self._take((queue, *value.key), value.value, happening,
                           value.metric in LONGEST and value.duration)
            self._nobody(queue, values, at, asked)
        for queue in told:
            self._leave_out(queue, told[queue], happening)

    def _take(self, key, value, happening, duration=False):
        """What an answer tells, which may differ from what was known."""
        at, before = happening["at"], self.steps.get(key, [(0, UNKNOWN)])[-1][1]
        if happening.get("resync"):
            self.confirmed.setdefault(key, []).append(at)
            near = (duration and isinstance(before, int) and value != NOBODY
                    and abs(value - before) <= QUIET)
            if before not in (UNKNOWN, value) and not near and not self._newer(
                    key, happening["asked"] - QUIET) and self._wants(key[2]):
                self.differences.append([key, at])
        self._step(key, at, value)

    def _leave_out(self, queue, told, happening):
        """CHOICE: a queue of which the answer does not speak stays as it is."""
        at, asked = happening["at"], happening["asked"]
        statuses = [(queue, None, metric, status, "count") for metric, names in STATUSES.items()
                    if metric in self.asked for status in names]
        by_media = {(key[0], None, *key[2:]) for key in told if key[1] is not None}
        known = [key for key in self.steps if key[0] == queue and key[2] in self.asked
                 and key[2] not in LONGEST and key not in by_media]
        for key in dict.fromkeys(known + statuses):
            if key in told or self._newer(key, asked):
                continue
            age = next(((*key[:2], age, None, "ageMs") for age, gauge in LONGEST.items()
                        if key[2:] == (gauge, None, "count")), None)
            if age in self.steps and age not in told and not self._newer(age, asked):
                self._step(age, at, NOBODY)
            self._be_born(key, at)
            self._take(key, 0, happening)
        spans = self.whole.setdefault(queue, [])
        if not spans or spans[-1][1] != FOREVER:
            spans.append([at, FOREVER])

    # -- what held at a moment

    def held(self, key, at):
        """UNBORN before the first value, UNKNOWN while the stream is down or has not told."""
        steps = self.steps[key]
        n = bisect.bisect_right(steps, at, key=lambda step: step[0])
        if n == 0:
            return UNBORN
        return steps[n - 1][1] if self.is_up(at) else UNKNOWN

    def age_start(self, key, at):
        value = self.held(key, at)
        waiting = (*key[:2], LONGEST[key[2]], None, "count")
        if value != UNBORN and waiting in self.steps and self.held(waiting, at) == 0:
            return NOBODY
        return value

    def qualifier(self, name, end):
        """CHOICE: by the newest mapping; several presences of one name are summed."""
        known = [names for at, names in self.names if at < end]
        return known[-1].get(name, name) if known else name

    # -- rows

    def segments(self, keys, begin, end, value_at, more=()):
        """(begin, end, value) of stretches in which nothing changes."""
        cuts = {begin, end, *more}
        for key in keys:
            cuts.update(at for at, _ in self.steps[key])
        for span in self.up:
            cuts.update(span)
        cuts = sorted(cut for cut in cuts if begin <= cut <= end)
        return [(a, b, value_at(a)) for a, b in zip(cuts, cuts[1:])]


def total_of(keys, at, value_of):
    """One process out of several: CHOICE: its parts are those that were ever told by then."""
    values = [value for value in (value_of(key, at) for key in keys) if value != UNBORN]
    if not values:
        return UNBORN
    return UNKNOWN if UNKNOWN in values else values


def own_first(keys, at, value_of):
    """CHOICE: what a group without a media type tells itself wins over the sum over media."""
    own = total_of([key for key in keys if key[1] is None], at, value_of)
    return own if own != UNBORN else total_of(
        [key for key in keys if key[1] is not None], at, value_of)


def gauge(history, keys, begin, end, of_all=None, cuts=()):
    def value_at(at):
        if of_all:
            return of_all(at)
        values = own_first(keys, at, history.held)
        return sum(map(Fraction, values)) if isinstance(values, list) else UNKNOWN
    # CHOICE: a value that held for no time at all is in none but `events`.
    known, last = [], UNKNOWN
    for a, b, value in history.segments(keys, begin, end, value_at, cuts):
        last = value
        if value is not UNKNOWN:
            known.append((value, b - a))
    frames = {frame for key in keys for at, frame in history.touched.get(key, [])
              if begin <= at < end}
    weight = sum(w for _, w in known)
    leaf = dict.fromkeys(("last", "min", "max", "mean", "stddev", "p50", "p90", "p95", "p99"))
    leaf["last"] = number(last)
    if known:
        mean = sum(v * w for v, w in known) / weight
        square = sum((v - mean) ** 2 * w for v, w in known) / weight
        leaf.update(min=number(min(known)[0]), max=number(max(known)[0]), mean=number(mean),
                    stddev=number(root(square)))
        for name, p in QUANTILES:
            leaf[name] = number(quantile(known, p))
    # CHOICE: observedMs has the microseconds behind its point. `events` counts frames.
    fresh = any(begin <= at < end for key in keys for at in history.confirmed.get(key, []))
    leaf.update(carried=not frames and not fresh, observedMs=number(Fraction(weight, 1000)),
                events=len(frames))
    return leaf


def agents(history, keys, begin, end):
    """The sum over the qualifiers of a metric, as a gauge."""
    def value_at(at):
        if not any(since <= at < until for since, until in history.whole.get(keys[0][0], [])):
            return UNKNOWN
        values = total_of(keys, at, history.held)
        return sum(map(Fraction, values)) if isinstance(values, list) else UNKNOWN
    cuts = [at for span in history.whole.get(keys[0][0], []) for at in span]
    return gauge(history, keys, begin, end, value_at, cuts)


def quantile(weighted, p):
    """Nearest rank by time: the value at the ⌈p·W⌉-th microsecond."""
    rank, passed = math.ceil(p * sum(w for _, w in weighted)), 0
    for value, weight in sorted(weighted):
        passed += weight
        if passed >= rank:
            return value


def age(history, keys, begin, end):
    def start_at(at):
        starts = own_first(keys, at, history.age_start)
        if not isinstance(starts, list):
            return UNKNOWN
        return min((start for start in starts if start != NOBODY), default=NOBODY)
    most = last = None
    for a, b, start in history.segments(
            keys + [(*key[:2], LONGEST[key[2]], None, "count") for key in keys
                    if (*key[:2], LONGEST[key[2]], None, "count") in history.steps],
            begin, end, start_at):
        # CHOICE: in ms with the µs behind the point; the most is just before a stretch ends.
        last = None if start in (UNKNOWN, NOBODY) else max(0, Fraction(b - start, 1000))
        most = max((x for x in (most, last) if x is not None), default=None)
    return {"last": number(last), "max": number(most)}


def running_half_hour(history, queue, media, end):
    """CHOICE: the newest that any metric of this group has had, or a later one by the clock."""
    heard = [when for key, entries in history.totals.items() if key[:2] == (queue, media)
             for at, when, _ in entries if at < end]
    begin, until = max(heard)
    length = until - begin
    while until * 1000 < end:
        begin, until = until, until + length
    return begin, until


def total(history, key, begin, end):
    entries = [entry for entry in history.totals[key] if entry[0] < end]
    running = running_half_hour(history, *key[:2], end)
    now = [value for _, when, value in entries if when == running]
    if key[4] not in ("count", "sum"):
        return number(now[-1]) if now else None
    # CHOICE: a half hour that was heard from its beginning on and brought nothing has 0.
    # CHOICE: where a window ends while nothing is seen, such a 0 is not known.
    seen = history.was_up(running[0] * 1000, end) and history.is_up(end - 1)
    so_far = now[-1] if now else 0 if seen else None
    return {"total": number(so_far), "delta": number(delta(history, entries, begin, end))}


def delta(history, entries, begin, end):
    for since, until in gaps(history, end):
        # CHOICE: every window that has a part in such a gap, once the half hour has ended;
        # a gap within one half hour hides nothing, its increase comes with the next event.
        if since < end and until > begin and ended_between(entries, since, min(until, end)):
            return None
    increase = 0
    for when in {when for at, when, _ in entries if at >= begin}:
        its = [(at, value) for at, that, value in entries if that == when]
        before = [value for at, value in its if at < begin]
        if before:
            base = before[-1]
        elif history.was_up(when[0] * 1000, its[0][0]):
            base = 0            # it began before our eyes
        else:
            return None
        increase += Fraction(its[-1][1]) - Fraction(base)
    return increase


def gaps(history, end):
    """From a loss to the next connection or the window's end."""
    ends = [span[0] for span in history.online[1:]] + [end]
    return [(span[1], until) for span, until in zip(history.online, ends) if span[1] < end]


def ended_between(entries, since, until):
    """Whether a half hour of which something was known by then ended in (since, until]."""
    heard = [when for at, when, _ in entries if at <= since]
    if not heard:
        return False
    begin, end = max(heard)
    length = (end - begin) * 1000
    end *= 1000
    while end <= since:
        end += length
    return end <= until


def put(metrics, path, leaf):
    for name in path[:-1]:
        metrics = metrics.setdefault(name.replace(".", "_"), {})
    metrics[path[-1].replace(".", "_")] = leaf


def metrics_of(history, queue, media, begin, end, wanted):
    metrics, parts, counted = {}, {}, {}
    for key, steps in history.steps.items():
        # CHOICE: of a gauge's stats nothing but count is summed over media.
        mine = key[1] == media or media is None and key[4] in ("count", "ageMs")
        if key[0] == queue and mine and history.born.get(key, steps[0][0]) < end \
                and wanted(key[2]):
            name = key[3] and history.qualifier(key[3], end)
            parts.setdefault((key[2], name, key[4]), []).append(key)
            # CHOICE: a number of agents is that of the row's own group.
            if key[1] == media and key[2] in COUNTED and key[3] and key[4] == "count":
                counted.setdefault(key[2], []).append(key)
    # CHOICE: once told, a gauge is in every later row, with nulls where it is not known.
    for (metric, qualifier, stat), keys in parts.items():
        leaf = (age if metric in LONGEST else gauge)(history, keys, begin, end)
        put(metrics, [metric, *([qualifier] if qualifier else []), stat], leaf)
    for metric, keys in counted.items():
        if (metric, None, "count") not in parts:
            put(metrics, [metric, "count"], agents(history, keys, begin, end))
    for key, entries in history.totals.items():
        if key[:2] == (queue, media) and entries[0][0] < end and wanted(key[2]):
            name = key[3] and history.qualifier(key[3], end)
            put(metrics, [key[2], *([name] if name else []), key[4]],
                total(history, key, begin, end))
    return metrics


def lag_ms(lags):
    if not lags:
        return None
    lags = sorted(Fraction(lag, 1000) for lag in lags)
    leaf = {"mean": number(sum(lags) / len(lags)), "max": number(lags[-1])}
    for name, p in QUANTILES:
        if name != "p90":
            leaf[name] = number(lags[math.ceil(p * len(lags)) - 1])
    return leaf


def row(history, queue, media, begin, end, wanted):
    """CHOICE: `updates` of the row without a media type is that group's own frames alone."""
    mine = [frame for frame in history.frames
            if frame[1] == queue and media in frame[2] and begin <= frame[0] < end]
    good = [frame for frame in mine if frame[3] == "good"]
    return {"queueId": queue, "mediaType": media, "updates": len(good),
            "rejected": {"duplicate": len(mine) - len(good)},
            "clockSkew": sum(frame[5].get(media, 0) for frame in good) + sum(
                skew[1:] == (queue, media) and begin <= skew[0] < end
                for skew in history.skewed),
            "metrics": metrics_of(history, queue, media, begin, end, wanted),
            "lagMs": lag_ms([frame[4] for frame in good if frame[4] is not None])}


def coverage(history, begin, end):
    time = sum(max(0, min(end, until) - max(begin, since)) for since, until in history.up)
    return number(Fraction(time * 10000 // (end - begin), 10000))


def selector(patterns):
    """-m: names, or beginnings with a * at their end; None is everything."""
    def wanted(metric):
        return patterns is None or any(
            metric.startswith(p[:-1]) if p.endswith("*") else metric == p for p in patterns)
    return wanted


def first_start(happenings):
    """Window 0: when the first snapshot's answer is in, else when the stream is connected."""
    for sort in ("snapshot", "state"):
        for happening in happenings:
            if sort in happening:
                return happening["at"] // 1000 * 1000
    return None


def rows(happenings, queues, length, count, start=None, end=None, select=None):
    """The rows of a run: length, start and end in µs; end is where a signal or an error
    ended it. CHOICE: the last window then ends at that moment cut to ms, and what came in the
    rest of that millisecond is in no row."""
    history, wanted = History(happenings, queues, select), selector(select)
    start = first_start(happenings) if start is None else start // 1000 * 1000
    found = []
    for n in range(count):
        begin, until, partial = start + n * length, start + (n + 1) * length, False
        if end is not None and begin >= end:
            break
        if end is not None and until > end:
            partial, until = True, max(end // 1000 * 1000, begin + 1000)
        for queue in history.queues:
            # CHOICE: a media type is known from any frame or snapshot, whatever -m selects.
            media = sorted(m for (q, m), at in history.groups.items()
                           if q == queue and m is not None and at < until)
            for name in [None, *media]:
                found.append({"window": n, "startMs": begin // 1000, "endMs": until // 1000,
                              "partial": partial, "coverage": coverage(history, begin, until),
                              **row(history, queue, name, begin, until, wanted)})
    return found
