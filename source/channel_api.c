#include "source/channel_api.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "net/url.h"
#include "util/base.h"
#include "util/slice.h"
#include "util/text.h"
#include "window/observation_query.h"

#define TOPIC_HEAD "v2.analytics.queues."
#define URI_MAX 768		/* fits into the text of an event, so that it can be redacted */
#define REASON_MAX 512

static const char *const families[CHANNEL_API_TOPICS] = { "observations", "activity" };

/* A string of visible ASCII, malloc'd; NULL: another value, or out of memory (*no_memory). */
static char *take_word(struct json_cursor *c, bool *no_memory)
{
	struct buf plain = { .limit = URI_MAX };
	struct json_text text;
	bool good = json_string(c, &text) && text.len > 0 && text.len < URI_MAX
		&& json_text_put(&text, &plain) && buf_char(&plain, '\0');

	for (size_t i = 0; good && i + 1 < plain.len; i++)
		good = plain.data[i] > ' ' && plain.data[i] <= '~';
	if (good)
		return plain.data;
	*no_memory = *no_memory || plain.failed;
	buf_wipe(&plain);
	return NULL;
}

static bool is_uri(const char *uri, bool plain)
{
	struct url url;

	return url_read(uri, &url) && (strncmp(uri, "wss://", 6) == 0
		|| (plain && strncmp(uri, "ws://", 5) == 0 && url.is_loopback));
}

bool channel_api_is_failure(const char *text, size_t len)
{
	struct json_cursor c = json_start(text, text + len);
	const char *end = text + len;
	struct json_member m;

	if (json_peek(&c) != '{')
		return false;
	text = c.at;
	while (json_walk(&text, end, &m) > 0) {
		bool quoted = m.value_len > 1 && m.value[0] == '"';
		const char *value = m.value + quoted;
		size_t n = m.value_len - 2 * quoted;

		if (m.key_len == 6 && memcmp(m.key, "result", 6) == 0)
			return !(n == 3 && value[0] == '2')
				&& !(n == 7 && strncasecmp(value, "success", n) == 0);
	}
	return false;
}

/* The ID becomes part of URLs. */
static bool is_id(const char *id)
{
	return id[strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")]
		== '\0';
}

const char *channel_api_parse_channel(const char *text, size_t len, bool plain, char **id,
	char **uri)
{
	struct json_cursor c = json_start(text, text + len);
	const char *why = "it is no JSON object";
	struct json_text key;
	bool no_memory = false;

	*id = *uri = NULL;
	if (json_peek(&c) != '{')
		return why;
	json_enter(&c);
	while (json_key(&c, &key)) {
		char **to = json_text_is(&key, "id") ? id
			: json_text_is(&key, "connectUri") ? uri : NULL;

		if (to && !*to && json_peek(&c) == '"')
			*to = take_word(&c, &no_memory);
		else
			json_pass(&c);
	}
	if (c.at)
		why = !*id || !is_id(*id) ? "it has no usable id" : !*uri ? "it has no connectUri"
			: !is_uri(*uri, plain) ? "its connectUri is no wss URL" : NULL;
	if (no_memory)
		why = why_no_memory;
	if (why) {
		text_wipe(id);
		text_wipe(uri);
	}
	return why;
}

bool channel_api_put_topics(struct buf *out, const char *const *queue, size_t n)
{
	buf_char(out, '[');
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < CHANNEL_API_TOPICS; k++)
			buf_printf(out, "%s{\"id\":\"" TOPIC_HEAD "%s.%s\"}", i || k ? "," : "",
				queue[i], families[k]);
	buf_char(out, ']');
	return !out->failed;
}

bool channel_api_is_object(const char *text, size_t len)
{
	const char *end = text + len, *at = json_skip(text, end);
	struct json_cursor c = json_start(text, end);

	while (at && at < end && strchr(" \t\r\n", *at) && *at)
		at++;
	return at && at == end && json_peek(&c) == '{';
}

/* --- topics --------------------------------------------------------------------------- */

struct topic {
	char queue_id[UUID_LEN + 1];	/* empty: another kind of topic */
	size_t family;
	bool rejected, no_memory;
	struct buf reason;
};

static void take_topic_id(struct json_cursor *c, struct topic *t)
{
	const size_t head = strlen(TOPIC_HEAD);
	char *id = json_peek(c) == '"' ? take_word(c, &t->no_memory) : NULL;

	if (!id) {
		if (json_peek(c) != ',' && json_peek(c) != '}')
			json_pass(c);
		return;
	}
	if (strlen(id) > head + UUID_LEN + 1 && strncasecmp(id, TOPIC_HEAD, head) == 0
	    && id[head + UUID_LEN] == '.')
		for (size_t k = 0; k < CHANNEL_API_TOPICS; k++)
			if (strcasecmp(id + head + UUID_LEN + 1, families[k]) == 0
			    && text_parse_uuid(id + head, UUID_LEN, t->queue_id))
				t->family = k;
	free(id);
}

static void add_reason(struct json_cursor *c, struct topic *t, const char *between)
{
	struct json_text text;

	if (!json_string(c, &text)) {
		json_pass(c);
		return;
	}
	if (t->reason.len + text.len + 8 > REASON_MAX)
		return;
	buf_str(&t->reason, t->reason.len ? between : "");
	json_text_put(&text, &t->reason);
}

static void take_topic(struct json_cursor *c, struct topic *t)
{
	struct json_text key, state;

	json_enter(c);
	while (json_key(c, &key)) {
		if (json_text_is(&key, "id")) {
			take_topic_id(c, t);
		} else if (json_text_is(&key, "state") && json_peek(c) == '"') {
			t->rejected = json_string(c, &state) && !json_text_is(&state, "Permitted");
		} else if (json_text_is(&key, "rejectionReason")) {
			add_reason(c, t, "; ");
		} else if (json_text_is(&key, "missingPermissions") && json_peek(c) == '[') {
			const char *between = "; missing permissions: ";

			json_enter(c);
			for (; json_item(c); between = ", ")
				add_reason(c, t, between);
		} else {
			json_pass(c);
		}
	}
}

static bool report_topic(struct topic *t, channel_api_refused *each, void *arg)
{
	struct channel_api_refusal refusal = { t->queue_id, t->family == 0, "" };
	bool ok = !t->no_memory;

	if (ok && t->rejected && t->queue_id[0]) {
		ok = buf_char(&t->reason, '\0');
		if (ok)
			text_clean(t->reason.data);
		refusal.reason = ok ? t->reason.data : "";
		ok = ok && each(arg, &refusal);
	}
	buf_free(&t->reason);
	return ok;
}

static const char *take_entities(struct json_cursor *c, channel_api_refused *each, void *arg)
{
	json_enter(c);
	while (json_item(c)) {
		struct topic t = { .rejected = false };

		if (json_peek(c) == '{')
			take_topic(c, &t);
		else
			json_pass(c);
		if (!report_topic(&t, each, arg))
			return why_no_memory;
	}
	return NULL;
}

const char *channel_api_parse_topics(const char *text, size_t len, channel_api_refused *each,
	void *arg)
{
	struct json_cursor c = json_start(text, text + len);
	const char *why = "it has no entities";
	struct json_text key;

	if (!json_skip(text, text + len) || json_peek(&c) != '{')
		return "it is no JSON object";
	json_enter(&c);
	while (json_key(&c, &key)) {
		if (json_text_is(&key, "entities") && json_peek(&c) == '[')
			why = take_entities(&c, each, arg);
		else
			json_pass(&c);
		if (why == why_no_memory)
			break;
	}
	return why;
}

bool channel_api_put_refusal(struct buf *out, const char *queue_id, const char *reason, size_t len)
{
	buf_printf(out, "{\"entities\":[{\"id\":\"" TOPIC_HEAD "%s.%s\",\"state\":\"Rejected\","
		"\"rejectionReason\":", queue_id, families[0]);
	json_put_string(out, reason, len);
	buf_str(out, "}]}");
	return !out->failed;
}

/* --- the query ------------------------------------------------------------------------ */

static bool is_wanted(const char *metric, const char *const *pattern, size_t npattern)
{
	for (size_t i = 0; i < npattern; i++)
		if (text_matches(pattern[i], metric, strlen(metric)))
			return true;
	return false;
}

/* The longest waiting time needs also how many wait, which tells whether anybody does. */
static bool is_asked(const char *metric, const char *const *pattern, size_t npattern)
{
	return is_wanted(metric, pattern, npattern)
		|| (strcmp(metric, "oWaiting") == 0
		    && is_wanted("oLongestWaiting", pattern, npattern))
		|| (strcmp(metric, "oInteracting") == 0
		    && is_wanted("oLongestInteracting", pattern, npattern));
}

uint32_t channel_api_query_metrics(const char *const *pattern, size_t npattern)
{
	uint32_t asked = 0;

	for (size_t i = 0; i < OBSERVATION_QUERY_METRICS; i++)
		if (is_asked(observation_query_metrics[i], pattern, npattern))
			asked |= UINT32_C(1) << i;
	return asked;
}

bool channel_api_query_has(const char *pattern)
{
	return channel_api_query_metrics(&pattern, 1) != 0;
}

bool channel_api_put_metrics(struct buf *out, uint32_t asked)
{
	char between = '[';

	for (size_t i = 0; i < OBSERVATION_QUERY_METRICS; i++)
		if (asked & UINT32_C(1) << i) {
			buf_printf(out, "%c\"%s\"", between, observation_query_metrics[i]);
			between = ',';
		}
	buf_str(out, asked ? "]" : "[]");
	return !out->failed;
}

uint32_t channel_api_parse_metrics(const char *text, size_t len)
{
	struct json_cursor c = json_start(text, text + len);
	struct json_text name;
	uint32_t asked = 0;

	if (json_peek(&c) != '[')
		return 0;
	json_enter(&c);
	while (json_item(&c)) {
		if (json_string(&c, &name))
			asked |= observation_query_bit((struct slice){ name.s, name.len });
		else
			json_pass(&c);
	}
	return asked;
}

bool channel_api_put_query(struct buf *out, const char *const *queue, size_t n,
	const char *const *pattern, size_t npattern, bool *any)
{
	uint32_t asked = channel_api_query_metrics(pattern, npattern);

	*any = asked != 0;
	buf_str(out, "{\"filter\":{\"type\":\"or\",\"predicates\":[");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s{\"type\":\"dimension\",\"dimension\":\"queueId\","
			"\"operator\":\"matches\",\"value\":\"%s\"}", i ? "," : "", queue[i]);
	buf_str(out, "]},\"metrics\":");
	channel_api_put_metrics(out, asked);
	buf_str(out, "}");
	return !out->failed;
}
