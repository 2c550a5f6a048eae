#include "message/notification.h"

#include <stdlib.h>
#include <string.h>

#include "message/interval.h"
#include "message/reader.h"
#include "util/base.h"
#include "util/lines.h"
#include "util/time.h"

#define QUEUE_TOPIC "v2.analytics.queues."

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

bool notifications_failed(const struct notifications *ns)
{
	return ns->failed;
}

/* --- one event ---------------------------------------------------------------------- */

/* The interval of the values from first on. */
static void set_interval(struct notifications *ns, struct notification *n, size_t first,
	struct slice interval)
{
	int64_t from_ms, to_ms;

	if (!interval.s || !interval_parse(interval.s, interval.len, &from_ms, &to_ms)) {
		for (size_t i = first; i < ns->nvalue; i++)
			if (ns->value[i].kind == VALUE_NUMBER
			    && ns->value[i].metric_kind == METRIC_TOTAL)
				reader_invalid(ns, interval.s
					? "the interval of a total is invalid"
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
	enum { INTERVAL, METRICS, MEMBERS };
	static const struct slice names[MEMBERS] = {
		READER_MEMBER("interval"), READER_MEMBER("metrics")
	};
	size_t first = ns->nvalue;
	struct slice interval = { NULL, 0 };
	struct reader_members m = { 0 };
	int member;

	if (!reader_enter(ns, '{', "an item of data is not an object"))
		return;
	while ((member = reader_member(ns, names, MEMBERS, &m)) >= 0)
		if (member == INTERVAL)
			interval = reader_string(ns);
		else
			reader_metrics(ns, false);
	set_interval(ns, n, first, interval);
}

static void take_data(struct notifications *ns, struct notification *n)
{
	if (!reader_enter(ns, '[', "data is not an array"))
		return;
	while (json_item(&ns->c))
		take_interval_data(ns, n);
}

static void take_observations(struct notifications *ns, struct notification *n)
{
	reader_observations(ns, n, take_data);
}

/* {"mediaType":"…","data":[…]} */
static void take_activity_result(struct notifications *ns)
{
	enum { MEDIA_TYPE, DATA, MEMBERS };
	static const struct slice names[MEMBERS] = {
		READER_MEMBER("mediaType"), READER_MEMBER("data")
	};
	size_t first = ns->nvalue;
	struct slice media = { NULL, 0 };
	struct reader_members m = { 0 };
	int member;

	if (!reader_enter(ns, '{', "a result is not an object"))
		return;
	while ((member = reader_member(ns, names, MEMBERS, &m)) >= 0)
		if (member == MEDIA_TYPE)
			media = reader_name(ns);
		else
			reader_metrics(ns, true);
	reader_media(ns, media, first);
}

static void take_activity(struct notifications *ns, struct notification *n)
{
	enum { GROUP, RESULTS, MEMBERS };
	static const struct slice names[MEMBERS] = {
		READER_MEMBER("group"), READER_MEMBER("results")
	};
	struct reader_members m = { 0 };
	int member;

	while ((member = reader_member(ns, names, MEMBERS, &m)) >= 0)
		if (member == GROUP)
			reader_group(ns, n);
		else if (reader_enter(ns, '[', "results is not an array"))
			while (json_item(&ns->c))
				take_activity_result(ns);
}

/* --- one message -------------------------------------------------------------------- */

/* Reads the body of a heartbeat, which may be the answer to a ping. */
static void take_metadata(struct notifications *ns, struct notification *n)
{
	static const struct slice name = READER_MEMBER("message");
	struct reader_members m = { 0 };

	while (reader_member(ns, &name, 1, &m) >= 0)
		if (slice_is_any_case(reader_string(ns), "pong"))
			n->kind = NOTIFICATION_PONG;
}

/* Returns the function that reads the body of this topic of a queue, and sets the queue. NULL: it
 * is another topic. */
static reader_data *find_queue_topic(struct slice topic, struct notification *n)
{
	const size_t head = strlen(QUEUE_TOPIC);
	reader_data *take = NULL;
	char id[UUID_LEN + 1];
	struct slice rest;

	if (!slice_has_prefix(topic, QUEUE_TOPIC) || topic.len < head + UUID_LEN + 1
	    || topic.s[head + UUID_LEN] != '.' || !text_parse_uuid(topic.s + head, UUID_LEN, id))
		return NULL;
	rest = (struct slice){ topic.s + head + UUID_LEN + 1, topic.len - head - UUID_LEN - 1 };
	if (slice_is_any_case(rest, "observations"))
		take = take_observations;
	else if (slice_is_any_case(rest, "activity"))
		take = take_activity;
	if (take)
		memcpy(n->queue_id, id, sizeof(id));
	return take;
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

/* Sets the kind and the queue. Returns the function that reads the body; NULL: skip the body. */
static reader_data *take_topic(struct slice topic, struct notification *n)
{
	reader_data *take = find_queue_topic(topic, n);

	n->kind = take ? NOTIFICATION_EVENT : system_kind(topic);
	return n->kind == NOTIFICATION_HEARTBEAT ? take_metadata : take;
}

static void take_body(struct notifications *ns, struct notification *n, struct slice topic)
{
	reader_data *take = take_topic(topic, n);

	if (!take)
		json_pass(&ns->c);
	else if (reader_enter(ns, '{', n->kind == NOTIFICATION_EVENT
	    ? "eventBody is not an object" : NULL))
		take(ns, n);
}

/* Reads a body that came before the topic. Without a body, an event is invalid. */
static void take_late_body(struct notifications *ns, struct notification *n, struct slice topic,
	struct json_cursor body)
{
	struct json_cursor end = ns->c;

	if (!body.at) {
		take_topic(topic, n);
		if (n->kind == NOTIFICATION_EVENT)
			reader_invalid(ns, "no eventBody");
		return;
	}
	ns->c = body;
	take_body(ns, n, topic);
	if (ns->c.at)
		ns->c = end;
}

/* Reads the members of a message. If the body comes before the topic, it is skipped and read
 * afterwards, because only the topic tells what is in it. */
static void take_message(struct notifications *ns, struct notification *n)
{
	enum { TOPIC_NAME, EVENT_BODY, MEMBERS };
	static const struct slice names[MEMBERS] = {
		READER_MEMBER("topicName"), READER_MEMBER("eventBody")
	};
	struct json_cursor body = { NULL, NULL };
	struct slice topic = { NULL, 0 };
	struct reader_members m = { 0 };
	bool done = false;
	int member;

	while ((member = reader_member(ns, names, MEMBERS, &m)) >= 0)
		if (member == TOPIC_NAME) {
			topic = reader_string(ns);
		} else if (topic.s && !done) {
			take_body(ns, n, topic);
			done = true;
		} else {
			body = ns->c;
			json_pass(&ns->c);
		}
	if (!done && topic.s && ns->c.at)
		take_late_body(ns, n, topic, body);
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
	reader_clear(ns, n);
	if (reader_enter(ns, '{', "not a JSON object"))
		take_message(ns, n);
	reader_finish(ns, n);
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
