#include "source/recording_entry.h"

#include <string.h>

#include "json.h"
#include "util/base.h"
#include "util/text.h"
#include "util/time.h"
#include "util/utf8.h"

#define AT_LEN 27	/* 2026-11-24T02:00:00.123456Z */
#define SCHEMA_NAME "gsqstat-recording/1"

static bool starts(const char *s, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && memcmp(s, with, n) == 0;
}

/*
 * A fast way to read the lines of recording_entry_put_message, whose members have fixed positions:
 * {"at":"…","stream":N,"frame":…}. Returns false for other lines. Checks the frame only for its
 * end.
 */
static bool read_frame(const char *s, size_t len, struct recording_entry *e)
{
	static const char at[] = "{\"at\":\"", stream[] = "\",\"stream\":", frame[] = ",\"frame\":";
	const size_t stream_at = sizeof(at) - 1 + AT_LEN, digit = stream_at + sizeof(stream) - 1;
	const size_t head = digit + sizeof(frame);

	/* no member may follow the frame: people add some by hand */
	if (len <= head + 2 || !starts(s, len, at) || s[len - 1] != '}'
	    || json_skip(s + head, s + len - 1) != s + len - 1
	    || memcmp(s + stream_at, stream, sizeof(stream) - 1) != 0
	    || s[digit] < '0' || s[digit] > '9'
	    || memcmp(s + digit + 1, frame, sizeof(frame) - 1) != 0
	    || !time_parse_us(s + sizeof(at) - 1, AT_LEN, &e->at_us))
		return false;
	e->kind = RECORDING_FRAME;
	e->verbatim = true;
	e->stream = (size_t)(s[digit] - '0');
	e->text = s + head;
	e->text_len = len - head - 1;
	return true;
}

/* The known members of a line. */
enum member {
	AT, STREAM, FRAME, TEXT, STATE, INTERVAL, BINARY, ANSWER, ASKED, UNTIL, METRICS, SCHEMA,
	SOURCE, QUEUES, MEMBERS
};

static const char *const member_names[MEMBERS] = {
	[AT] = "at", [STREAM] = "stream", [FRAME] = "frame", [TEXT] = "text", [STATE] = "state",
	[INTERVAL] = "interval", [BINARY] = "binary", [ANSWER] = "answer", [ASKED] = "asked",
	[UNTIL] = "until", [METRICS] = "metrics", [SCHEMA] = "schema", [SOURCE] = "source",
	[QUEUES] = "queues"
};

static bool key_is(const struct json_member *m, const char *key)
{
	return m->key_len == strlen(key) && memcmp(m->key, key, m->key_len) == 0;
}

static bool value_is(const struct json_member *m, const char *value)
{
	return m->value && m->value_len == strlen(value)
		&& memcmp(m->value, value, m->value_len) == 0;
}

/* Reads the members of a line, in any order and with any white space. */
static bool read_members(const char *s, const char *end, struct json_member all[MEMBERS])
{
	struct json_member m;
	int more;

	while ((more = json_walk(&s, end, &m)) > 0)
		for (size_t i = 0; i < MEMBERS; i++)
			if (key_is(&m, member_names[i]))
				all[i] = m;
	return more == 0 && json_is_blank(s, end);
}

/* Sets the text to a value as it is in the line. */
static void set_text(struct recording_entry *e, const struct json_member *m)
{
	e->text = m->value;
	e->text_len = m->value_len;
}

static const char *const states[] = {
	[RECORDING_RUN] = "run",
	[RECORDING_CONNECTED] = "connected",
	[RECORDING_LOST] = "lost",
	[RECORDING_SILENT] = "silent",
	[RECORDING_STALLED] = "stalled",
	[RECORDING_END_STATE] = "end"
};

static const char *const answers[] = {
	[ANSWER_QUEUES] = "queues",
	[ANSWER_SUBSCRIPTIONS] = "subscriptions",
	[ANSWER_SNAPSHOT] = "snapshot",
	[ANSWER_RESYNC] = "resync"
};

/* The index of a quoted word in a list, which can have gaps; n: it is not in the list. */
static size_t find_word(const struct json_member *m, const char *const *words, size_t n)
{
	size_t i = 0;

	while (i < n && !(m->value && words[i] && m->value_len == strlen(words[i]) + 2
	    && memcmp(m->value + 1, words[i], m->value_len - 2) == 0))
		i++;
	return i;
}

static bool is_time(const struct json_member *m, int64_t *us)
{
	return m->value && m->value_len >= 2
		&& time_parse_us(m->value + 1, m->value_len - 2, us);
}

/* Reads the first line of a recording. Ignores an interval that is too long. */
static const char *read_run(const struct json_member all[MEMBERS], struct buf *text,
	struct recording_entry *e)
{
	size_t source = find_word(&all[SOURCE], source_kind_names, SOURCE_UNKNOWN);

	if (!value_is(&all[SCHEMA], "\"" SCHEMA_NAME "\""))
		return "its schema is not " SCHEMA_NAME;
	if (source == SOURCE_UNKNOWN)
		return "an unknown source";
	e->source = (enum source_kind)source;
	if (all[QUEUES].value && all[QUEUES].value[0] == '[')
		set_text(e, &all[QUEUES]);
	buf_clear(text);
	if (all[INTERVAL].value && json_unescape(all[INTERVAL].value, all[INTERVAL].value_len, text)
	    && text->len < sizeof(e->interval))
		memcpy(e->interval, text->data, text->len);
	return NULL;
}

static const char *read_state(const struct json_member all[MEMBERS], struct buf *text,
	struct recording_entry *e)
{
	const struct json_member *interval = &all[INTERVAL];
	size_t i = find_word(&all[STATE], states, ARRAY_LEN(states));

	if (i == ARRAY_LEN(states))
		return "an unknown state";
	e->kind = (enum recording_entry_kind)i;
	if (e->kind == RECORDING_STALLED && (!is_time(&all[UNTIL], &e->until_us)
	    || e->until_us < e->at_us))
		return "`until` is not a time at or after `at`";
	if (e->kind == RECORDING_RUN)
		return read_run(all, text, e);
	buf_clear(text);
	if (e->kind == RECORDING_CONNECTED && interval->value
	    && json_unescape(interval->value, interval->value_len, text)) {
		e->text = text->data;
		e->text_len = text->len;
	}
	return NULL;
}

static const char *read_answer(const struct json_member all[MEMBERS], struct recording_entry *e)
{
	size_t i = find_word(&all[ANSWER], answers, ARRAY_LEN(answers));

	if (i == ARRAY_LEN(answers) || !all[FRAME].value)
		return "an unknown answer";
	if (all[ASKED].value && !is_time(&all[ASKED], &e->asked_us))
		return "`asked` is not a time";
	e->kind = RECORDING_ANSWER;
	e->answer = (enum recording_entry_answer)i;
	e->metrics = all[METRICS].value;
	e->metrics_len = all[METRICS].value_len;
	set_text(e, &all[FRAME]);
	return NULL;
}

/* Makes an entry of the members. Returns what is wrong with them; NULL: nothing. */
static const char *read_members_of(const struct json_member all[MEMBERS], struct buf *text,
	struct recording_entry *e)
{
	const struct json_member *stream = &all[STREAM];

	if (!is_time(&all[AT], &e->at_us))
		return "`at` is not a time";
	if (stream->value) {
		if (stream->value_len != 1 || stream->value[0] < '0' || stream->value[0] > '9')
			return "`stream` is not a number from 0 to 9";
		e->stream = (size_t)(stream->value[0] - '0');
	}
	if (all[STATE].value)
		return read_state(all, text, e);
	if (all[ANSWER].value)
		return read_answer(all, e);
	e->kind = value_is(&all[BINARY], "true") ? RECORDING_BINARY : RECORDING_FRAME;
	if (all[FRAME].value) {
		set_text(e, &all[FRAME]);
		e->verbatim = true;
		return NULL;
	}
	buf_clear(text);
	if (!all[TEXT].value)
		return "no `frame`, `text`, `state` or `answer`";
	if (!json_unescape(all[TEXT].value, all[TEXT].value_len, text))
		return "`text` is not a string";
	e->text = text->data ? text->data : "";
	e->text_len = text->len;
	return NULL;
}

const char *recording_entry_parse(const char *s, size_t len, struct buf *text,
	struct recording_entry *e)
{
	struct json_member all[MEMBERS] = { { .key = NULL } };

	if (s[0] != '{')
		return "not a JSON object";
	if (memchr(s, '\0', len))
		return "a NUL byte";
	if (read_frame(s, len, e))
		return NULL;
	e->at_us = NO_TIME;
	e->stream = 0;
	e->verbatim = false;
	/* a bare frame is not checked here */
	if (memmem(s, len, "\"at\"", 4) && !read_members(s, s + len, all))
		return "not strict JSON";
	if (!all[AT].value) {
		e->kind = RECORDING_BARE;
		e->verbatim = true;
		e->text = s;
		e->text_len = len;
		return NULL;
	}
	return read_members_of(all, text, e);
}

bool recording_entry_has_at(const char *s, size_t len)
{
	return starts(s, len, "{\"at\"");
}

const char *recording_entry_find_run(const char *s, size_t len)
{
	static const char at[] = "{\"at\":\"", run[] = "\",\"state\":\"run\"";
	const size_t head = sizeof(at) - 1 + AT_LEN;
	const char *found = memmem(s, len, run, sizeof(run) - 1);

	if (!found || (size_t)(found - s) <= head)
		return NULL;
	found -= head;
	return starts(found, head, at) ? found : NULL;
}

/* Recognises the source by members that only its frames have. */
static enum source_kind source_of_text(const char *s, size_t len)
{
	const char *end = s + len;
	struct json_member m;

	if (!len || *s != '{')
		return SOURCE_UNKNOWN;
	while (json_walk(&s, end, &m) > 0) {
		if (key_is(&m, "topicName"))
			return SOURCE_NOTIFICATIONS;
		if (key_is(&m, "eventType"))
			return SOURCE_STREAM;
	}
	return SOURCE_UNKNOWN;
}

enum source_kind recording_entry_source_of(const struct recording_entry *e)
{
	switch (e->kind) {
	case RECORDING_RUN:
		return e->source;
	case RECORDING_FRAME:
	case RECORDING_BARE:
		return source_of_text(e->text, e->text_len);
	case RECORDING_CONNECTED:
		return e->text ? SOURCE_STREAM : SOURCE_UNKNOWN;
	case RECORDING_ANSWER:
		return SOURCE_NOTIFICATIONS;
	default:
		return SOURCE_UNKNOWN;
	}
}

void recording_entry_queues(const struct recording_entry *e, struct lines *queues)
{
	struct json_cursor c;
	char id[UUID_LEN + 1];
	struct json_text text;

	if (!e->text)
		return;
	c = json_start(e->text, e->text + e->text_len);
	json_enter(&c);
	while (json_item(&c)) {
		if (!json_string(&c, &text))
			json_pass(&c);
		else if (text_parse_uuid(text.s, text.len, id))
			lines_add(queues, "%s", id);
	}
}

/* --- writing ------------------------------------------------------------------------ */

static void put_head(struct buf *out, int64_t at_us)
{
	buf_str(out, "{\"at\":");
	if (at_us == NO_TIME)
		buf_str(out, "null");
	else
		json_put_time_us(out, at_us);
}

/* Writes the message as `frame` if it is strict JSON on one line, otherwise as `text`. */
static void put_message(struct buf *out, const char *text, size_t len)
{
	const char *end = json_skip(text, text + len);
	bool frame = end && json_is_blank(end, text + len) && !memchr(text, '\n', len)
		&& !memchr(text, '\r', len) && utf8_valid(text, len);

	buf_str(out, frame ? ",\"frame\":" : ",\"text\":");
	if (frame)
		buf_add(out, text, len);
	else
		json_put_string(out, text, len);
	buf_str(out, "}\n");
}

void recording_entry_put_message(struct buf *out, int64_t at_us, size_t stream, bool binary,
	const char *text, size_t len)
{
	put_head(out, at_us);
	buf_printf(out, ",\"stream\":%zu", stream);
	if (!binary) {
		put_message(out, text, len);
		return;
	}
	buf_str(out, ",\"binary\":true,\"text\":");
	json_put_string(out, text, len);
	buf_str(out, "}\n");
}

void recording_entry_put_state(struct buf *out, int64_t at_us, size_t stream,
	enum recording_entry_kind state, const char *interval)
{
	put_head(out, at_us);
	buf_printf(out, ",\"stream\":%zu,\"state\":\"%s\"", stream, states[state]);
	if (state == RECORDING_CONNECTED && interval) {
		buf_str(out, ",\"interval\":");
		json_put_string(out, interval, strlen(interval));
	}
	buf_str(out, "}\n");
}

void recording_entry_put_run(struct buf *out, int64_t at_us, enum source_kind source,
	const struct lines *queues, const char *interval)
{
	put_head(out, at_us);
	buf_printf(out, ",\"state\":\"run\",\"schema\":\"" SCHEMA_NAME "\",\"source\":\"%s\","
		"\"queues\":[", source_kind_names[source]);
	for (size_t i = 0; i < queues->n; i++)
		json_put_quoted(out, i ? "," : "", queues->v[i]);
	buf_str(out, "],\"interval\":");
	if (interval)
		json_put_string(out, interval, strlen(interval));
	else
		buf_str(out, "null");
	buf_str(out, "}\n");
}

void recording_entry_put_answer(struct buf *out, int64_t at_us, int64_t asked_us,
	enum recording_entry_answer answer, const char *metrics, const char *text, size_t len)
{
	put_head(out, at_us);
	buf_printf(out, ",\"answer\":\"%s\"", answers[answer]);
	if (asked_us != NO_TIME) {
		buf_str(out, ",\"asked\":");
		json_put_time_us(out, asked_us);
	}
	if (metrics)
		buf_printf(out, ",\"metrics\":%s", metrics);
	put_message(out, text, len);
}

void recording_entry_put_stall(struct buf *out, int64_t from_us, int64_t until_us)
{
	put_head(out, from_us);
	buf_str(out, ",\"state\":\"stalled\",\"until\":");
	json_put_time_us(out, until_us);
	buf_str(out, "}\n");
}

void recording_entry_put_end(struct buf *out, int64_t at_us)
{
	put_head(out, at_us);
	buf_str(out, ",\"state\":\"end\"}\n");
}

void recording_entry_put_reject(struct buf *out, int64_t at_us, bool in_row, int64_t window,
	const char *queue_id, const char *reason, const char *text, size_t len)
{
	put_head(out, at_us);
	if (in_row)
		buf_printf(out, ",\"window\":%lld", (long long)window);
	else
		buf_str(out, ",\"window\":null");
	if (queue_id)
		buf_printf(out, ",\"queueId\":\"%s\"", queue_id);
	else
		buf_str(out, ",\"queueId\":null");
	buf_printf(out, ",\"reason\":\"%s\"", reason);
	put_message(out, text, len);
}
