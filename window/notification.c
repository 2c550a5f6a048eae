#include "window/notification.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/lines.h"
#include "util/time.h"
#include "window/interval.h"

#define MEDIA_MAX 32		/* groups of one message */
#define EPOCH_MIN_MS 1000000000000	/* less is a duration (2001-09-09 as an epoch) */
#define TIME_MAX_MS 253402300800000	/* the year 10000 */
#define QUEUE_TOPIC "v2.analytics.queues."

/* Which o* are aggregates is not among them. */
const char *const notice_query_metrics[NOTIFICATION_QUERY_METRICS] = {
	"oActiveUsers", "oAlerting", "oInteracting", "oLongestInteracting", "oLongestWaiting",
	"oMemberUsers", "oOffQueueUsers", "oOnQueueUsers", "oUserPresences",
	"oUserRoutingStatuses", "oWaiting"
};

uint32_t notification_query_bit(struct slice metric)
{
	for (size_t i = 0; i < NOTIFICATION_QUERY_METRICS; i++)
		if (slice_is(metric, notice_query_metrics[i]))
			return UINT32_C(1) << i;
	return 0;
}

enum family { FAMILY_NONE, FAMILY_OBSERVATIONS, FAMILY_ACTIVITY };

struct interval_text {
	char text[64];
	size_t len;			/* 0: none yet */
	int64_t from_ms, to_ms;
};

struct notifications {
	notification_group *on_group;		/* NULL: nobody wants to know */
	void *on_group_arg;
	struct json_cursor c;
	bool more;
	bool whole;			/* of an answer: its results have been read to their end */
	struct lines plain;		/* strings that had escapes */
	const char *why;		/* the message is invalid */
	bool gap;			/* a metric's number or name could not be read */
	bool failed;			/* out of memory */
	struct slice media[MEDIA_MAX];
	size_t nmedia;
	struct notification_value value[NOTIFICATION_VALUES_MAX];
	size_t nvalue;
	struct interval_text last;	/* half hours are the same for many messages */
	struct json_keys keys;		/* of the stats at hand */
};

struct notifications *notifications_new(void)
{
	return calloc(1, sizeof(struct notifications));
}

void notifications_free(struct notifications *ns)
{
	if (!ns)
		return;
	lines_free(&ns->plain);
	free(ns);
}

void notifications_on_group(struct notifications *ns, notification_group *each, void *arg)
{
	ns->on_group = each;
	ns->on_group_arg = arg;
}

static void invalid(struct notifications *ns, const char *why)
{
	if (!ns->why)
		ns->why = why;
}

/* The members that are read. An object that has one twice is invalid, because nobody knows which
 * of the two values holds (RFC 8259 §4). */
enum member {
	TOPIC_NAME = 1 << 0, EVENT_BODY = 1 << 1, MESSAGE = 1 << 2, GROUP = 1 << 3, DATA = 1 << 4,
	RESULTS = 1 << 5, QUEUE_ID = 1 << 6, MEDIA_TYPE = 1 << 7, INTERVAL = 1 << 8,
	METRICS = 1 << 9, METRIC = 1 << 10, QUALIFIER = 1 << 11, STATS = 1 << 12,
	VALUE = 1 << 13, COUNT = 1 << 14
};

static void once(struct notifications *ns, unsigned *seen, enum member member)
{
	if (*seen & member)
		invalid(ns, "an object has a member twice");
	*seen |= member;
}

/* --- pieces ------------------------------------------------------------------------- */

/* A string that has escapes, without them in memory of ours. */
static __attribute__((noinline)) struct slice unescape(struct notifications *ns,
	const struct json_text *text)
{
	struct slice slice = { text->s, text->len };
	struct buf out = { 0 };

	if (!json_text_put(text, &out) && out.failed) {
		ns->failed = true;
	} else if (memchr(out.data ? out.data : "", '\0', out.len)) {
		invalid(ns, "a string holds a NUL");
	} else {
		size_t n = ns->plain.n;

		lines_add(&ns->plain, "%.*s", (int)out.len, out.data ? out.data : "");
		if (ns->plain.n > n)
			slice = (struct slice){ ns->plain.v[n], out.len };
		else
			ns->failed = true;
	}
	buf_free(&out);
	return slice;
}

static struct slice plain(struct notifications *ns, const struct json_text *text)
{
	return text->escaped ? unescape(ns, text) : (struct slice){ text->s, text->len };
}

/* The string at hand; anything else is passed, and absent. */
static struct slice take_string(struct notifications *ns)
{
	struct json_text text;

	if (json_string(&ns->c, &text))
		return plain(ns, &text);
	json_pass(&ns->c);
	return (struct slice){ NULL, 0 };
}

static struct slice take_name(struct notifications *ns)
{
	struct slice name = take_string(ns);

	if (name.len > NOTIFICATION_NAME_MAX)
		invalid(ns, "a name is too long");
	return name;
}

static bool take_number(struct notifications *ns, double *x)
{
	char first = json_peek(&ns->c);

	if (first == '-' || (first >= '0' && first <= '9'))
		return json_number(&ns->c, x) && isfinite(*x);
	json_pass(&ns->c);
	return false;
}

/* Enters the object or array at hand; false: it is none, and passed. */
static bool enter(struct notifications *ns, char opener)
{
	if (json_peek(&ns->c) != opener) {
		json_pass(&ns->c);
		return false;
	}
	json_enter(&ns->c);
	return true;
}

static bool take_interval(struct notifications *ns, struct slice text, int64_t *from_ms,
	int64_t *to_ms)
{
	struct interval_text *last = &ns->last;

	if (!last->len || text.len != last->len || memcmp(text.s, last->text, last->len) != 0) {
		last->len = 0;
		if (!text.s || !interval_parse(text.s, text.len, &last->from_ms, &last->to_ms))
			return false;
		if (text.len <= sizeof(last->text))
			memcpy(last->text, text.s, last->len = text.len);
	}
	*from_ms = last->from_ms;
	*to_ms = last->to_ms;
	return true;
}

/* --- values ------------------------------------------------------------------------- */

static struct notification_value *add_value(struct notifications *ns,
	enum notification_value_kind kind)
{
	struct notification_value *v;

	if (ns->nvalue == NOTIFICATION_VALUES_MAX) {
		invalid(ns, "too many values");
		return NULL;
	}
	v = &ns->value[ns->nvalue++];
	v->kind = kind;
	v->qualifier = (struct slice){ NULL, 0 };
	v->number = 0;
	v->us = 0;
	v->has_interval = false;
	v->from_ms = v->to_ms = 0;
	return v;
}

struct metric_entry {			/* of a metric, while its members are read */
	struct slice metric, qualifier;
	bool has_since;
	enum notification_value_kind wait; /* if it has: START, AGE or NOBODY, and the value's us */
	int64_t wait_us;
	size_t first;			/* of its values */
	unsigned seen;			/* members */
};

/*
 * When the one who waits longest began to, which the service tells as an epoch in ms; a
 * number too small for one is taken for a duration. A double holds whole ones of both exactly.
 */
static void take_since(struct notifications *ns, struct metric_entry *e)
{
	double x;

	e->has_since = true;
	e->wait = VALUE_NOBODY;
	e->wait_us = 0;
	if (!take_number(ns, &x) || !(x > 0))
		return;
	if (x >= TIME_MAX_MS) {
		invalid(ns, "a time is out of range");
		return;
	}
	e->wait = x >= EPOCH_MIN_MS ? VALUE_START : VALUE_AGE;
	e->wait_us = e->wait == VALUE_START ? (int64_t)x * 1000 : (int64_t)(x * 1000);
}

/* The number at hand, unless it is none. */
static void add_number(struct notifications *ns, struct slice stat)
{
	char first = json_peek(&ns->c);
	struct notification_value *v;
	double x;

	if (!take_number(ns, &x)) {
		if (first == '-' || (first >= '0' && first <= '9'))
			invalid(ns, "a number is not finite");
		ns->gap |= slice_is(stat, "count");
		return;
	}
	v = add_value(ns, VALUE_NUMBER);
	if (!v)
		return;
	v->stat = stat;
	v->number = x;
}

static void take_stats(struct notifications *ns, struct metric_entry *e)
{
	static const char quoted[] = "\"count\"";
	static const struct json_text count = { .s = quoted + 1, .len = 5 };
	struct json_text key;
	const char *why;

	if (!enter(ns, '{'))
		return;
	ns->keys.n = 0;
	if (json_expect(&ns->c, "\"count\":")) {
		ns->keys.key[ns->keys.n++] = count;	/* the first: nothing to compare */
		add_number(ns, (struct slice){ "count", 5 });
	}
	while (json_key(&ns->c, &key)) {
		struct slice stat = plain(ns, &key);

		why = json_keys_add(&ns->keys, &key);
		if (why)
			invalid(ns, why);
		if (slice_is(stat, "calculatedMetricValue") && !e->has_since) {
			take_since(ns, e);
			continue;
		}
		if (stat.len > NOTIFICATION_NAME_MAX)
			invalid(ns, "a name is too long");
		add_number(ns, stat);
	}
}

static bool is_longest(struct slice metric)
{
	return slice_is(metric, "oLongestWaiting") || slice_is(metric, "oLongestInteracting");
}

/* Its numbers get their names, which may have come after them. */
static void end_entry(struct notifications *ns, const struct metric_entry *e)
{
	const bool longest = is_longest(e->metric);
	struct notification_value *v;

	if (!e->metric.s || longest)
		ns->nvalue = e->first;
	if (longest) {
		v = add_value(ns, e->has_since ? e->wait : VALUE_NOBODY);
		if (!v)
			return;
		v->us = e->has_since ? e->wait_us : 0;
		v->stat = (struct slice){ "ageMs", 5 };
	}
	ns->gap |= ns->nvalue == e->first;
	for (size_t i = e->first; i < ns->nvalue; i++) {
		ns->value[i].metric = e->metric;
		if (!longest && e->qualifier.len)
			ns->value[i].qualifier = e->qualifier;
	}
}

/* Those that do not stand in the usual order. */
static void take_metric_members(struct notifications *ns, struct metric_entry *e, bool flat_count)
{
	struct json_text key;

	while (json_key(&ns->c, &key)) {
		if (json_text_is(&key, "metric")) {
			once(ns, &e->seen, METRIC);
			e->metric = take_name(ns);
		} else if (json_text_is(&key, "qualifier")) {
			once(ns, &e->seen, QUALIFIER);
			e->qualifier = take_name(ns);
		} else if (json_text_is(&key, "stats")) {
			once(ns, &e->seen, STATS);
			take_stats(ns, e);
		} else if (json_text_is(&key, "calculatedMetricValue")) {
			once(ns, &e->seen, VALUE);
			take_since(ns, e);
		} else if (flat_count && json_text_is(&key, "count")) {
			once(ns, &e->seen, COUNT);
			add_number(ns, (struct slice){ "count", 5 });
		} else {
			json_pass(&ns->c);
		}
	}
}

/* {"metric","qualifier","stats":{…}} of an event, with "count" and "calculatedMetricValue"
 * beside them in activity and in answers. */
static void take_metric(struct notifications *ns, bool flat_count)
{
	struct metric_entry e = { .first = ns->nvalue };

	if (!enter(ns, '{')) {
		invalid(ns, "a metric is no object");
		return;
	}
	if (json_expect(&ns->c, "\"metric\":")) {
		once(ns, &e.seen, METRIC);
		e.metric = take_name(ns);
	}
	if (json_expect(&ns->c, "\"qualifier\":")) {
		once(ns, &e.seen, QUALIFIER);
		e.qualifier = take_name(ns);
	}
	if (json_expect(&ns->c, "\"stats\":")) {
		once(ns, &e.seen, STATS);
		take_stats(ns, &e);
	}
	take_metric_members(ns, &e, flat_count);
	end_entry(ns, &e);
}

static void take_metrics(struct notifications *ns, bool flat_count)
{
	/* null is as good as no list */
	ns->gap |= json_peek(&ns->c) != '[' && json_peek(&ns->c) != 'n';
	if (!enter(ns, '['))
		return;
	while (json_item(&ns->c))
		take_metric(ns, flat_count);
}

/* --- one event ---------------------------------------------------------------------- */

static void add_media(struct notifications *ns, struct slice media, size_t first)
{
	for (size_t i = first; i < ns->nvalue; i++)
		ns->value[i].media = media;
	for (size_t i = 0; i < ns->nmedia; i++)
		if (ns->media[i].len == media.len && !ns->media[i].s == !media.s
		    && (!media.s || memcmp(ns->media[i].s, media.s, media.len) == 0))
			return;
	if (ns->nmedia == MEDIA_MAX)
		invalid(ns, "too many media types");
	else
		ns->media[ns->nmedia++] = media;
}

static void take_queue(struct notifications *ns, struct notification *n)
{
	struct slice queue = take_string(ns);
	char id[UUID_LEN + 1];

	if (queue.len == UUID_LEN && memcmp(queue.s, n->queue_id, UUID_LEN) == 0)
		return;
	if (!queue.s || !text_parse_uuid(queue.s, queue.len, id))
		invalid(ns, "its queueId is no UUID");
	else if (!n->queue_id[0])
		memcpy(n->queue_id, id, sizeof(id));
	else if (strcmp(n->queue_id, id) != 0)
		invalid(ns, "its queueId is not the topic's");
}

/* `group`: the media type, and the queue, which has to be the topic's where that names one. */
static struct slice take_group(struct notifications *ns, struct notification *n)
{
	struct slice media = { NULL, 0 };
	struct json_text key;
	unsigned seen = 0;

	if (!enter(ns, '{')) {
		invalid(ns, "its group is no object");
		return media;
	}
	if (json_expect(&ns->c, "\"queueId\":")) {
		once(ns, &seen, QUEUE_ID);
		take_queue(ns, n);
	}
	while (json_key(&ns->c, &key)) {
		if (json_text_is(&key, "mediaType")) {
			once(ns, &seen, MEDIA_TYPE);
			media = take_name(ns);
		} else if (json_text_is(&key, "queueId")) {
			once(ns, &seen, QUEUE_ID);
			take_queue(ns, n);
		} else {
			json_pass(&ns->c);
		}
	}
	return media;
}

/* What counts up within an interval: nothing without one. Names of the service's conversation
 * aggregates; all begin with n or t, but these. */
static bool is_total(struct slice metric)
{
	static const char *const others[] = {
		"oAudioMessageCount", "oCallbackServiceLevel", "oExternalAudioMessageCount",
		"oExternalMediaCount", "oMediaCount", "oMessageCount", "oMessageSegmentCount",
		"oMessageTurn", "oServiceLevel", "oServiceTarget", "oSkillExpressionApplications"
	};

	if (!metric.len || metric.s[0] == 'n' || metric.s[0] == 't')
		return metric.len > 0;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (slice_is(metric, others[i]))
			return true;
	return false;
}

/* The interval of the values from first on. */
static void set_interval(struct notifications *ns, struct notification *n, size_t first,
	struct slice interval)
{
	int64_t from_ms, to_ms;

	if (!take_interval(ns, interval, &from_ms, &to_ms)) {
		for (size_t i = first; i < ns->nvalue; i++)
			if (ns->value[i].kind == VALUE_NUMBER && is_total(ns->value[i].metric))
				invalid(ns, interval.s ? "a total's interval is unreadable"
					: "a total has no interval");
		return;
	}
	for (size_t i = first; i < ns->nvalue; i++) {
		ns->value[i].has_interval = true;
		ns->value[i].from_ms = from_ms;
		ns->value[i].to_ms = to_ms;
	}
	if (from_ms == to_ms && (n->instant_us == NO_TIME || n->instant_us < from_ms * 1000))
		n->instant_us = from_ms * 1000;
}

/* {"interval":"…/…","metrics":[…]} */
static void take_interval_data(struct notifications *ns, struct notification *n)
{
	size_t first = ns->nvalue;
	struct slice interval = { NULL, 0 };
	struct json_text key;
	unsigned seen = 0;

	if (!enter(ns, '{')) {
		invalid(ns, "its data holds what is no object");
		return;
	}
	if (json_expect(&ns->c, "\"interval\":")) {
		once(ns, &seen, INTERVAL);
		interval = take_string(ns);
	}
	if (json_expect(&ns->c, "\"metrics\":")) {
		once(ns, &seen, METRICS);
		take_metrics(ns, false);
	}
	while (json_key(&ns->c, &key)) {
		if (json_text_is(&key, "interval")) {
			once(ns, &seen, INTERVAL);
			interval = take_string(ns);
		} else if (json_text_is(&key, "metrics")) {
			once(ns, &seen, METRICS);
			take_metrics(ns, false);
		} else {
			json_pass(&ns->c);
		}
	}
	set_interval(ns, n, first, interval);
}

static void tell_group(const struct notifications *ns, const struct notification *n,
	struct slice media)
{
	if (ns->on_group)
		ns->on_group(ns->on_group_arg, n->queue_id, media);
}

static void take_data(struct notifications *ns, struct notification *n)
{
	if (!enter(ns, '[')) {
		invalid(ns, "its data is no list");
		return;
	}
	while (json_item(&ns->c))
		take_interval_data(ns, n);
}

static void take_observations(struct notifications *ns, struct notification *n)
{
	struct slice media = { NULL, 0 };
	struct json_text key;
	unsigned seen = 0;

	tell_group(ns, n, media);
	if (json_expect(&ns->c, "\"group\":")) {
		once(ns, &seen, GROUP);
		media = take_group(ns, n);
		tell_group(ns, n, media);
	}
	while (json_key(&ns->c, &key)) {
		if (json_text_is(&key, "group")) {
			once(ns, &seen, GROUP);
			media = take_group(ns, n);
		} else if (json_text_is(&key, "data")) {
			once(ns, &seen, DATA);
			take_data(ns, n);
		} else {
			json_pass(&ns->c);
		}
	}
	add_media(ns, media, 0);
}

/* {"mediaType":"…","data":[…]} */
static void take_activity_result(struct notifications *ns)
{
	size_t first = ns->nvalue;
	struct slice media = { NULL, 0 };
	struct json_text key;
	unsigned seen = 0;

	if (!enter(ns, '{')) {
		invalid(ns, "a result is no object");
		return;
	}
	while (json_key(&ns->c, &key)) {
		if (json_text_is(&key, "mediaType")) {
			once(ns, &seen, MEDIA_TYPE);
			media = take_name(ns);
		} else if (json_text_is(&key, "data")) {
			once(ns, &seen, DATA);
			take_metrics(ns, true);
		} else {
			json_pass(&ns->c);
		}
	}
	add_media(ns, media, first);
}

static void take_activity(struct notifications *ns, struct notification *n)
{
	struct json_text key;
	unsigned seen = 0;

	while (json_key(&ns->c, &key)) {
		if (json_text_is(&key, "group")) {
			once(ns, &seen, GROUP);
			take_group(ns, n);
			continue;
		}
		if (!json_text_is(&key, "results")) {
			json_pass(&ns->c);
			continue;
		}
		once(ns, &seen, RESULTS);
		if (enter(ns, '[')) {
			while (json_item(&ns->c))
				take_activity_result(ns);
		} else {
			invalid(ns, "its results are no list");
		}
	}
}

/* --- one message -------------------------------------------------------------------- */

/* The family of a queue's topic, and the queue; NONE: no queue's, or another one's topic. */
static enum family family_of(struct slice topic, struct notification *n)
{
	const size_t head = strlen(QUEUE_TOPIC);
	enum family family = FAMILY_NONE;
	char id[UUID_LEN + 1];
	struct slice rest;

	if (!slice_has_prefix(topic, QUEUE_TOPIC) || topic.len < head + UUID_LEN + 1
	    || topic.s[head + UUID_LEN] != '.' || !text_parse_uuid(topic.s + head, UUID_LEN, id))
		return FAMILY_NONE;
	rest = (struct slice){ topic.s + head + UUID_LEN + 1, topic.len - head - UUID_LEN - 1 };
	if (slice_is_any_case(rest, "observations"))
		family = FAMILY_OBSERVATIONS;
	else if (slice_is_any_case(rest, "activity"))
		family = FAMILY_ACTIVITY;
	if (family != FAMILY_NONE)
		memcpy(n->queue_id, id, sizeof(id));
	return family;
}

static enum notification_kind system_kind(struct slice topic)
{
	static const struct {
		const char *topic;
		enum notification_kind kind;
	} topics[] = {
		{ "v2.system.socket_closing", NOTIFICATION_CLOSING },
		{ "v2.system.no_longer_subscribed", NOTIFICATION_UNSUBSCRIBED },
		{ "v2.system.token_revoked", NOTIFICATION_REVOKED },
		{ "channel.metadata", NOTIFICATION_HEARTBEAT }
	};

	for (size_t i = 0; i < ARRAY_LEN(topics); i++)
		if (slice_has_prefix(topic, topics[i].topic))
			return topics[i].kind;
	return NOTIFICATION_OTHER;
}

/* A heartbeat's body, or a pong's. */
static enum notification_kind take_metadata(struct notifications *ns)
{
	enum notification_kind kind = NOTIFICATION_HEARTBEAT;
	struct json_text key;
	unsigned seen = 0;

	while (json_key(&ns->c, &key)) {
		if (!json_text_is(&key, "message")) {
			json_pass(&ns->c);
			continue;
		}
		once(ns, &seen, MESSAGE);
		if (slice_is_any_case(take_string(ns), "pong"))
			kind = NOTIFICATION_PONG;
	}
	return kind;
}

static void take_body(struct notifications *ns, struct notification *n, struct slice topic)
{
	enum family family = family_of(topic, n);

	n->kind = family == FAMILY_NONE ? system_kind(topic) : NOTIFICATION_EVENT;
	if (json_peek(&ns->c) != '{') {
		if (family != FAMILY_NONE)
			invalid(ns, "its eventBody is no object");
		json_pass(&ns->c);
		return;
	}
	if (family == FAMILY_NONE && n->kind != NOTIFICATION_HEARTBEAT) {
		json_pass(&ns->c);
		return;
	}
	json_enter(&ns->c);
	if (family == FAMILY_OBSERVATIONS)
		take_observations(ns, n);
	else if (family == FAMILY_ACTIVITY)
		take_activity(ns, n);
	else
		n->kind = take_metadata(ns);
}

/* The body of a message whose topic came behind it, or that has none. */
static void take_late_body(struct notifications *ns, struct notification *n, struct slice topic,
	struct json_cursor body)
{
	struct json_cursor end = ns->c;

	if (!body.at) {
		n->kind = family_of(topic, n) ? NOTIFICATION_EVENT : system_kind(topic);
		if (n->kind == NOTIFICATION_EVENT)
			invalid(ns, "it has no eventBody");
		return;
	}
	ns->c = body;
	take_body(ns, n, topic);
	if (ns->c.at)
		ns->c = end;
}

/* The members of a message. The body is read when the topic is known: at once, or again. */
static void take_message(struct notifications *ns, struct notification *n)
{
	struct json_cursor body = { NULL, NULL };
	struct slice topic = { NULL, 0 };
	struct json_text key;
	unsigned seen = 0;
	bool done = false;

	json_enter(&ns->c);
	if (json_expect(&ns->c, "\"topicName\":")) {
		once(ns, &seen, TOPIC_NAME);
		topic = take_string(ns);
	}
	while (json_key(&ns->c, &key)) {
		bool is_body = json_text_is(&key, "eventBody");

		if (json_text_is(&key, "topicName")) {
			once(ns, &seen, TOPIC_NAME);
			topic = take_string(ns);
			continue;
		}
		if (is_body)
			once(ns, &seen, EVENT_BODY);
		if (is_body && topic.s && !done) {
			take_body(ns, n, topic);
			done = true;
			continue;
		}
		if (is_body)
			body = ns->c;
		json_pass(&ns->c);
	}
	if (!done && topic.s && ns->c.at)
		take_late_body(ns, n, topic, body);
}

static void clear(struct notifications *ns, struct notification *n)
{
	*n = (struct notification){ .kind = NOTIFICATION_OTHER,
		.instant_us = NO_TIME,
		.media = ns->media,
		.value = ns->value };
	ns->nvalue = ns->nmedia = 0;
	ns->why = NULL;
	ns->gap = false;
	lines_free(&ns->plain);
}

static void finish(struct notifications *ns, struct notification *n)
{
	n->nmedia = ns->nmedia;
	n->nvalue = ns->nvalue;
	n->gap = ns->gap;
	n->why = ns->failed ? why_no_memory : ns->why;
	if (n->why)
		n->kind = NOTIFICATION_INVALID;
}

void notifications_begin(struct notifications *ns, const char *text, size_t len)
{
	ns->c = json_start(text, text + len);
	ns->more = true;
}

bool notifications_next(struct notifications *ns, struct notification *n)
{
	const char *start = ns->c.at;

	if (!ns->more)
		return false;
	clear(ns, n);
	if (json_peek(&ns->c) == '{') {
		take_message(ns, n);
	} else {
		json_pass(&ns->c);
		invalid(ns, "it is no object");
	}
	finish(ns, n);
	n->text = start;
	if (!ns->c.at) {
		n->kind = NOTIFICATION_NOT_JSON;
		n->text_len = (size_t)(ns->c.end - start);
		ns->more = false;
		return true;
	}
	n->text_len = (size_t)(ns->c.at - start);
	ns->c = json_start(ns->c.at, ns->c.end);
	ns->more = ns->c.at < ns->c.end;
	return true;
}

/* --- an answer ---------------------------------------------------------------------- */

/* To the value of the answer's member, *n of which there are; false: there is none, or the
 * answer is no object. */
static bool find_member(struct json_cursor *c, const char *name, unsigned *n)
{
	struct json_cursor found = { NULL, NULL };
	struct json_text key;

	*n = 0;
	if (json_peek(c) != '{')
		return false;
	json_enter(c);
	while (json_key(c, &key)) {
		if (json_text_is(&key, name) && (*n)++ == 0)
			found = *c;
		json_pass(c);
	}
	if (c->at && *n)
		*c = found;
	return c->at && *n;
}

void notifications_begin_answer(struct notifications *ns, const char *text, size_t len)
{
	const char *end = text + len, *behind = json_skip(text, end);
	unsigned n = 0;

	ns->c = json_start(text, end);
	ns->whole = behind && json_peek(&ns->c) == '{';
	/* without results it is an answer about nothing */
	ns->more = ns->whole && find_member(&ns->c, "results", &n) && json_peek(&ns->c) == '[';
	if (n > 1 || (n && !ns->more && json_peek(&ns->c) != 'n'))
		ns->whole = ns->more = false;
	if (ns->more)
		json_enter(&ns->c);
}

bool notifications_answer_is_whole(const struct notifications *ns)
{
	return ns->whole;
}

bool notifications_next_result(struct notifications *ns, struct notification *n)
{
	struct slice media = { NULL, 0 };
	struct json_text key;
	unsigned seen = 0;

	if (!ns->more || !json_item(&ns->c)) {
		ns->more = false;
		return false;
	}
	clear(ns, n);
	n->text = ns->c.at;
	n->kind = NOTIFICATION_EVENT;
	if (enter(ns, '{')) {
		while (json_key(&ns->c, &key)) {
			if (json_text_is(&key, "group")) {
				once(ns, &seen, GROUP);
				media = take_group(ns, n);
			} else if (json_text_is(&key, "data")) {
				once(ns, &seen, DATA);
				take_metrics(ns, false);
			} else {
				json_pass(&ns->c);
			}
		}
	}
	add_media(ns, media, 0);
	if (!n->queue_id[0])
		invalid(ns, "a result names no queue");
	finish(ns, n);
	n->text_len = ns->c.at ? (size_t)(ns->c.at - n->text) : 0;
	return true;
}

bool notifications_presences(struct notifications *ns, const char *text, size_t len,
	notification_presence *each, void *arg)
{
	struct json_text key;
	unsigned n;

	lines_free(&ns->plain);
	ns->keys.n = 0;
	ns->why = NULL;
	ns->c = json_start(text, text + len);
	if (!find_member(&ns->c, "systemToOrganizationMappings", &n) || !enter(ns, '{'))
		return true;
	while (n == 1 && json_key(&ns->c, &key)) {
		struct slice name = plain(ns, &key), id;
		const char *why = json_keys_add(&ns->keys, &key);

		ns->failed = ns->failed || why == why_no_memory;
		if (why)
			return false;
		if (!enter(ns, '['))
			continue;
		while (json_item(&ns->c)) {
			id = take_string(ns);
			if (id.s && name.s && !each(arg, id, name))
				return false;
		}
	}
	return n == 1 && ns->c.at && !ns->failed && !ns->why;
}

bool notifications_failed(const struct notifications *ns)
{
	return ns->failed;
}
