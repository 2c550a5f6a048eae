#include "source/channel_api.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "message/metric_types.h"
#include "message/observation_query.h"
#include "net/url.h"
#include "util/base.h"
#include "util/slice.h"
#include "util/text.h"

#define TOPIC_HEAD "v2.analytics.queues."
#define URI_MAX 768		/* fits into the text of an event, so that it can be redacted */
#define REASON_MAX 512
#define ANSWER_MAX 65536	/* bytes of a new channel, or of the list of channels */
#define TOPICS_MAX (2u << 20)	/* bytes of the answer to topics: 1000 of 2 KiB */

static const char *const families[CHANNEL_API_TOPICS] = { "observations", "activity" };

/* Whether a value is a string of visible ASCII. */
static bool is_word(const char *s)
{
	return s && text_is_visible(s, URI_MAX - 1);
}

/* What is wrong with a connectUri; NULL: nothing. */
static const char *uri_fault(const char *uri, bool plain)
{
	struct url url;
	const char *why;

	if (!is_word(uri))
		return "it has no connectUri";
	why = url_read(uri, &url);
	if (why == why_no_memory)
		return why;
	return !why && (strncmp(uri, "wss://", 6) == 0
		|| (plain && strncmp(uri, "ws://", 5) == 0 && url.is_loopback))
		? NULL : "its connectUri is not a wss URL";
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

/* Whether the ID can be part of a URL without escaping. */
static bool is_id(const char *id)
{
	return id[strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")]
		== '\0';
}

const char *channel_api_parse_channel(const char *text, size_t len, bool plain, char **id,
	char **uri)
{
	const char *why;
	struct cJSON *channel = json_document(text, len, ANSWER_MAX, &why);
	const char *its_id = json_value_string(json_member(channel, "id"));
	const char *its_uri = json_value_string(json_member(channel, "connectUri"));

	*id = *uri = NULL;
	if (channel)
		why = !is_word(its_id) || !is_id(its_id) ? "no valid id"
			: uri_fault(its_uri, plain);
	if (!why) {
		*id = strdup(its_id);
		*uri = strdup(its_uri);
		if (!*id || !*uri)
			why = why_no_memory;
	}
	if (why) {
		text_wipe(id);
		text_wipe(uri);
	}
	json_document_free(channel);
	return why;
}

const char *channel_api_count_channels(const char *text, size_t len, size_t *n)
{
	const char *why;
	struct cJSON *answer = json_document(text, len, ANSWER_MAX, &why);
	const struct cJSON *entities = json_member(answer, "entities");

	*n = 0;
	if (answer)
		why = json_is_array(entities) ? NULL : "it has no entities";
	for (const struct cJSON *e = json_first_item(entities); e; e = json_next_item(e))
		++*n;
	json_document_free(answer);
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
	const char *end = text + len, *after = json_skip(text, end);
	struct json_cursor c = json_start(text, end);

	return after && json_is_blank(after, end) && json_peek(&c) == '{';
}

/* --- topics --------------------------------------------------------------------------- */

/* Reads the ID of a topic. Returns false if it is not a topic of a queue. */
static bool parse_topic(const char *id, char queue_id[UUID_LEN + 1], size_t *family)
{
	const size_t head = strlen(TOPIC_HEAD);

	if (!is_word(id) || strlen(id) <= head + UUID_LEN + 1
	    || strncasecmp(id, TOPIC_HEAD, head) != 0 || id[head + UUID_LEN] != '.')
		return false;
	for (*family = 0; *family < CHANNEL_API_TOPICS; ++*family)
		if (strcasecmp(id + head + UUID_LEN + 1, families[*family]) == 0)
			return text_parse_uuid(id + head, UUID_LEN, queue_id);
	return false;
}

static void add_reason(struct buf *reason, const char *between, const struct cJSON *value)
{
	const char *text = json_value_string(value);

	between = reason->len ? between : "";
	if (!text || reason->len + strlen(between) + strlen(text) > REASON_MAX)
		return;
	buf_str(reason, between);
	buf_str(reason, text);
}

/* Reports the topic of an entity if it was rejected. False: out of memory. */
static bool report_topic(const struct cJSON *entity, channel_api_refused *each, void *arg)
{
	const char *state = json_value_string(json_member(entity, "state"));
	const char *between = "; missing permissions: ";
	char queue_id[UUID_LEN + 1];
	struct buf reason = { 0 };
	size_t family;
	bool ok;

	if (!state || strcmp(state, "Permitted") == 0
	    || !parse_topic(json_value_string(json_member(entity, "id")), queue_id, &family))
		return true;
	add_reason(&reason, "", json_member(entity, "rejectionReason"));
	for (const struct cJSON *item = json_first_item(json_member(entity, "missingPermissions"));
	     item; item = json_next_item(item), between = ", ")
		add_reason(&reason, between, item);
	ok = buf_char(&reason, '\0');
	if (ok) {
		text_clean(reason.data);
		ok = each(arg, &(struct channel_api_refusal){ queue_id, family == 0,
			reason.data });
	}
	buf_free(&reason);
	return ok;
}

const char *channel_api_parse_topics(const char *text, size_t len, channel_api_refused *each,
	void *arg)
{
	const char *why;
	struct cJSON *answer = json_document(text, len, TOPICS_MAX, &why);
	const struct cJSON *entities = json_member(answer, "entities");

	if (answer)
		why = json_is_array(entities) ? NULL : "it has no entities";
	for (const struct cJSON *entity = json_first_item(entities); entity && !why;
	     entity = json_next_item(entity))
		if (!report_topic(entity, each, arg))
			why = why_no_memory;
	json_document_free(answer);
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

/* With oLongestWaiting, asks also for oWaiting, because the longest wait has a meaning only if
 * somebody waits. The same goes for oLongestInteracting. */
static bool is_asked(const char *metric, const char *const *pattern, size_t npattern)
{
	const struct metric_type *type = metric_type_of(slice_of(metric));

	return is_wanted(metric, pattern, npattern)
		|| (type->kind == METRIC_GAUGE && type->beside
		    && is_wanted(type->beside, pattern, npattern));
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
