#include "window/notification.h"

#include <stdlib.h>
#include <string.h>

#include "util/base.h"
#include "util/lines.h"
#include "util/time.h"
#include "window/interval.h"
#include "window/notification_reader.h"

#define QUEUE_TOPIC "v2.analytics.queues."

enum family { FAMILY_NONE, FAMILY_OBSERVATIONS, FAMILY_ACTIVITY };

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

bool notifications_failed(const struct notifications *ns)
{
	return ns->failed;
}

/* --- one event ---------------------------------------------------------------------- */

static bool take_interval(struct notifications *ns, struct slice text, int64_t *from_ms,
	int64_t *to_ms)
{
	struct notification_reader_interval *last = &ns->last;

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

/* Whether the metric is one of the service's conversation aggregates, which count up within an
 * interval and mean nothing without one. All of them begin with n or t, except these. */
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
				notification_reader_invalid(ns, interval.s
					? "a total's interval is unreadable"
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

	if (!notification_reader_enter(ns, '{')) {
		notification_reader_invalid(ns, "its data holds what is no object");
		return;
	}
	if (json_expect(&ns->c, "\"interval\":")) {
		notification_reader_once(ns, &seen, MEMBER_INTERVAL);
		interval = notification_reader_string(ns);
	}
	if (json_expect(&ns->c, "\"metrics\":")) {
		notification_reader_once(ns, &seen, MEMBER_METRICS);
		notification_reader_metrics(ns, false);
	}
	while (json_key(&ns->c, &key)) {
		if (json_text_is(&key, "interval")) {
			notification_reader_once(ns, &seen, MEMBER_INTERVAL);
			interval = notification_reader_string(ns);
		} else if (json_text_is(&key, "metrics")) {
			notification_reader_once(ns, &seen, MEMBER_METRICS);
			notification_reader_metrics(ns, false);
		} else {
			json_pass(&ns->c);
		}
	}
	set_interval(ns, n, first, interval);
}

static void report_group(const struct notifications *ns, const struct notification *n,
	struct slice media)
{
	if (ns->on_group)
		ns->on_group(ns->on_group_arg, n->queue_id, media);
}

static void take_data(struct notifications *ns, struct notification *n)
{
	if (!notification_reader_enter(ns, '[')) {
		notification_reader_invalid(ns, "its data is no list");
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

	report_group(ns, n, media);
	if (json_expect(&ns->c, "\"group\":")) {
		notification_reader_once(ns, &seen, MEMBER_GROUP);
		media = notification_reader_group(ns, n);
		report_group(ns, n, media);
	}
	while (json_key(&ns->c, &key)) {
		if (json_text_is(&key, "group")) {
			notification_reader_once(ns, &seen, MEMBER_GROUP);
			media = notification_reader_group(ns, n);
		} else if (json_text_is(&key, "data")) {
			notification_reader_once(ns, &seen, MEMBER_DATA);
			take_data(ns, n);
		} else {
			json_pass(&ns->c);
		}
	}
	notification_reader_media(ns, media, 0);
}

/* {"mediaType":"…","data":[…]} */
static void take_activity_result(struct notifications *ns)
{
	size_t first = ns->nvalue;
	struct slice media = { NULL, 0 };
	struct json_text key;
	unsigned seen = 0;

	if (!notification_reader_enter(ns, '{')) {
		notification_reader_invalid(ns, "a result is no object");
		return;
	}
	while (json_key(&ns->c, &key)) {
		if (json_text_is(&key, "mediaType")) {
			notification_reader_once(ns, &seen, MEMBER_MEDIA_TYPE);
			media = notification_reader_name(ns);
		} else if (json_text_is(&key, "data")) {
			notification_reader_once(ns, &seen, MEMBER_DATA);
			notification_reader_metrics(ns, true);
		} else {
			json_pass(&ns->c);
		}
	}
	notification_reader_media(ns, media, first);
}

static void take_activity(struct notifications *ns, struct notification *n)
{
	struct json_text key;
	unsigned seen = 0;

	while (json_key(&ns->c, &key)) {
		if (json_text_is(&key, "group")) {
			notification_reader_once(ns, &seen, MEMBER_GROUP);
			notification_reader_group(ns, n);
			continue;
		}
		if (!json_text_is(&key, "results")) {
			json_pass(&ns->c);
			continue;
		}
		notification_reader_once(ns, &seen, MEMBER_RESULTS);
		if (notification_reader_enter(ns, '[')) {
			while (json_item(&ns->c))
				take_activity_result(ns);
		} else {
			notification_reader_invalid(ns, "its results are no list");
		}
	}
}

/* --- one message -------------------------------------------------------------------- */

/* The family of a topic of queues, and its queue; NONE: it is another topic. */
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

/* The body of a heartbeat or of a pong. */
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
		notification_reader_once(ns, &seen, MEMBER_MESSAGE);
		if (slice_is_any_case(notification_reader_string(ns), "pong"))
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
			notification_reader_invalid(ns, "its eventBody is no object");
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

/* The body of a message whose topic comes after it; or the message has no body. */
static void take_late_body(struct notifications *ns, struct notification *n, struct slice topic,
	struct json_cursor body)
{
	struct json_cursor end = ns->c;

	if (!body.at) {
		n->kind = family_of(topic, n) ? NOTIFICATION_EVENT : system_kind(topic);
		if (n->kind == NOTIFICATION_EVENT)
			notification_reader_invalid(ns, "it has no eventBody");
		return;
	}
	ns->c = body;
	take_body(ns, n, topic);
	if (ns->c.at)
		ns->c = end;
}

/* The members of a message. The body is read once the topic is known: at once, or afterwards. */
static void take_message(struct notifications *ns, struct notification *n)
{
	struct json_cursor body = { NULL, NULL };
	struct slice topic = { NULL, 0 };
	struct json_text key;
	unsigned seen = 0;
	bool done = false;

	json_enter(&ns->c);
	if (json_expect(&ns->c, "\"topicName\":")) {
		notification_reader_once(ns, &seen, MEMBER_TOPIC_NAME);
		topic = notification_reader_string(ns);
	}
	while (json_key(&ns->c, &key)) {
		bool is_body = json_text_is(&key, "eventBody");

		if (json_text_is(&key, "topicName")) {
			notification_reader_once(ns, &seen, MEMBER_TOPIC_NAME);
			topic = notification_reader_string(ns);
			continue;
		}
		if (is_body)
			notification_reader_once(ns, &seen, MEMBER_EVENT_BODY);
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
	notification_reader_clear(ns, n);
	if (json_peek(&ns->c) == '{') {
		take_message(ns, n);
	} else {
		json_pass(&ns->c);
		notification_reader_invalid(ns, "it is no object");
	}
	notification_reader_finish(ns, n);
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
