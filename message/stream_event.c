#include "message/stream_event.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/time.h"

#define EVENT_TYPE "routing-statistics-queues"
#define INTERVAL_MAX 32		/* bytes with the NUL */

struct metric {
	const char *name;
	size_t len;
};

/* The keys from the metric down to the value being read. */
struct path {
	char text[FIELD_NAME_MAX];
	size_t len;
	unsigned depth;
};

struct stream_events {
	struct metric metric[METRIC_MAX];
	size_t nmetric, nasked;
	const struct filter *filter;
	size_t nfilter;
	struct json_cursor c;
	bool more;			/* the message has more frames */
	const char *twice;		/* the error of a repeated key; NULL: none */
	struct json_keys keys[FIELD_DEPTH_MAX];	/* of the objects being read, by depth */
	struct buf plain;		/* the last string with escapes, unescaped */
	char interval[INTERVAL_MAX];
	/* paths of leaves that could not be borrowed from the message, see leaf_path */
	char path[(FIELD_MAX + FILTERS_MAX) * FIELD_NAME_MAX];
	size_t path_used;
};

struct stream_events *stream_events_new(const char *const *metric, size_t nmetric, size_t nasked,
	const struct filter *filter, size_t nfilter)
{
	struct stream_events *es = calloc(1, sizeof(*es));

	if (!es)
		return NULL;
	for (size_t i = 0; i < nmetric; i++)
		es->metric[i] = (struct metric){ metric[i], strlen(metric[i]) };
	es->nmetric = nmetric;
	es->nasked = nasked;
	es->filter = filter;
	es->nfilter = nfilter;
	return es;
}

void stream_events_free(struct stream_events *es)
{
	if (!es)
		return;
	buf_free(&es->plain);
	free(es);
}

void stream_events_begin(struct stream_events *es, const char *text, size_t len)
{
	es->c = json_start(text, text + len);
	es->more = true;
}

/* Unescapes the string if necessary; it is borrowed until the next call. False: out of memory. */
static bool make_plain(struct stream_events *es, struct json_text *text)
{
	if (!text->escaped)
		return true;
	buf_clear(&es->plain);
	if (!buf_reserve(&es->plain, 1) || !json_text_put(text, &es->plain))
		return false;
	*text = (struct json_text){ es->plain.data, es->plain.len, .renamed = true };
	return true;
}

/* --- the numbers of one metric ------------------------------------------------------- */

/* Appends a key to the path. False: the path would be too long. */
static bool push_key(struct path *path, const struct json_text *key)
{
	size_t dot = path->depth > 0, room = sizeof(path->text) - path->len;

	if (key->len + dot + 1 > room)
		return false;
	if (dot)
		path->text[path->len++] = '.';
	path->len = (size_t)(text_put_key(path->text + path->len, key->s, key->len) - path->text);
	path->depth++;
	return true;
}

static bool is_filtered(const struct stream_events *es, const struct stream_event_leaf *leaf)
{
	for (size_t i = 0; i < es->nfilter; i++)
		if (filter_names(&es->filter[i], leaf->metric, leaf->path, leaf->path_len))
			return true;
	return false;
}

/* Stores the leaf with those of -m, or with those that filters name; drops any other. Returns the
 * error, or NULL. */
static const char *leaf_put(struct stream_events *es, struct stream_event *f,
	const struct path *path, const struct stream_event_leaf *leaf)
{
	bool asked = leaf->metric < es->nasked;
	struct stream_event_leaf *list = asked ? f->leaf : f->filtered;
	size_t *n = asked ? &f->nleaf : &f->nfiltered, max = asked ? FIELD_MAX : FILTERS_MAX;

	if (!asked && !is_filtered(es, leaf))
		return NULL;
	if (*n == max)
		return asked ? "more than 64 fields" : "more than 16 fields of --outlier";
	list += (*n)++;
	*list = *leaf;
	if (leaf->path == path->text) {
		list->path = memcpy(es->path + es->path_used, leaf->path, leaf->path_len);
		es->path_used += leaf->path_len;
	}
	return NULL;
}

/* Sets the leaf's path. It is borrowed from the message if it is a single key that rows show
 * unchanged; else it is in `path`, until the next key. Returns the error, or NULL. */
static const char *leaf_path(struct path *path, const struct json_text *key,
	struct stream_event_leaf *leaf)
{
	size_t len = path->len;
	unsigned depth = path->depth;

	if (!depth && !key->renamed && key->len < FIELD_NAME_MAX) {
		leaf->path = key->s;
		leaf->path_len = (uint16_t)key->len;
		return NULL;
	}
	if (!push_key(path, key))
		return "a field's name is too long";
	leaf->path = path->text;
	leaf->path_len = (uint16_t)path->len;
	path->len = len;
	path->depth = depth;
	return NULL;
}

static const char *take_number(struct stream_events *es, struct stream_event *f, uint16_t metric,
	struct path *path, const struct json_text *key)
{
	struct stream_event_leaf leaf = { .metric = metric };
	const char *why;

	if (!json_number(&es->c, &leaf.value))
		return NULL;
	if (!isfinite(leaf.value))
		return "a number is not finite";
	why = leaf_path(path, key, &leaf);
	return why ? why : leaf_put(es, f, path, &leaf);
}

static const char *take_object(struct stream_events *es, struct stream_event *f, uint16_t metric,
	struct path *path);

/* Skips an object whose fields cannot be read. False: it is empty, which is not an error. */
static bool pass_object(struct stream_events *es)
{
	struct json_text key;
	bool any = false;

	json_enter(&es->c);
	while (json_key(&es->c, &key)) {
		any = true;
		json_pass(&es->c);
	}
	return any;
}

/* Reads an object below the metric; its key becomes part of the path. */
static const char *take_nested(struct stream_events *es, struct stream_event *f, uint16_t metric,
	struct path *path, const struct json_text *key)
{
	size_t len = path->len;
	unsigned depth = path->depth;
	const char *why;

	if (depth + 1 == FIELD_DEPTH_MAX)
		return pass_object(es) ? "fields nest too deep" : NULL;
	if (!push_key(path, key))
		return pass_object(es) ? "a field's name is too long" : NULL;
	why = take_object(es, f, metric, path);
	path->len = len;
	path->depth = depth;
	return why;
}

/* Reads all numbers of an object. Returns why it is invalid; NULL: it is valid. */
static const char *take_object(struct stream_events *es, struct stream_event *f, uint16_t metric,
	struct path *path)
{
	const char *why = NULL, *bad;
	struct json_keys *keys = &es->keys[path->depth];
	struct json_text key;

	json_enter(&es->c);
	keys->n = 0;
	while (json_key(&es->c, &key)) {
		char first = json_peek(&es->c);

		bad = json_keys_add(keys, &key);
		es->twice = es->twice ? es->twice : bad;
		if (!make_plain(es, &key)) {
			bad = why_no_memory;
			json_pass(&es->c);
		} else if (first == '{') {
			bad = take_nested(es, f, metric, path, &key);
		} else if (first == '-' || (first >= '0' && first <= '9')) {
			bad = take_number(es, f, metric, path, &key);
		} else {
			json_pass(&es->c);
		}
		why = why ? why : bad;
	}
	return why;
}

static void take_metric(struct stream_events *es, struct stream_event *f, size_t metric)
{
	struct path path;
	char first = json_peek(&es->c);
	const char *why = NULL;

	path.len = path.depth = 0;	/* an initializer would clear the text, too */
	if (first == '{')
		why = take_object(es, f, (uint16_t)metric, &path);
	else
		json_pass(&es->c);
	if (first != '{' && first != 'n')
		why = "a metric is not an object";
	if (why && metric < es->nasked && !f->invalid)
		f->invalid = why;
}

/* --- one frame ---------------------------------------------------------------------- */

/* Reads a string, unescaped. False: it is another value, which is skipped, or out of memory. */
static bool take_string(struct stream_events *es, struct json_text *text)
{
	if (json_string(&es->c, text))
		return make_plain(es, text);
	json_pass(&es->c);
	return false;
}

static void take_time(struct stream_events *es, struct stream_event *f)
{
	struct json_text text;

	f->has_time = take_string(es, &text) && time_parse_us(text.s, text.len, &f->time_us);
}

static void take_queue(struct stream_events *es, struct stream_event *f)
{
	struct json_text text;

	if (take_string(es, &text) && !text_parse_uuid(text.s, text.len, f->queue_id))
		f->queue_id[0] = '\0';
}

static void take_interval(struct stream_events *es, struct stream_event *f)
{
	struct json_text text;

	if (!take_string(es, &text) || text.len >= sizeof(es->interval)
	    || memchr(text.s, '\0', text.len))
		return;
	memcpy(es->interval, text.s, text.len);
	es->interval[text.len] = '\0';
	f->interval = es->interval;
}

/* Notes that a member was read, and an error if it was read before. `bit` stands for the member. */
static void once(struct stream_events *es, uint32_t *seen, unsigned bit)
{
	if (*seen & 1u << bit)
		es->twice = "an object has a member twice";
	*seen |= 1u << bit;
}

static void take_member(struct stream_events *es, struct stream_event *f,
	const struct json_text *key, uint32_t *seen)
{
	for (size_t i = 0; i < es->nmetric; i++)
		if (key->len == es->metric[i].len
		    && memcmp(key->s, es->metric[i].name, key->len) == 0) {
			once(es, seen, (unsigned)i);
			take_metric(es, f, i);
			return;
		}
	if (json_text_is(key, "timestamp")) {
		once(es, seen, METRIC_MAX);
		take_time(es, f);
	} else if (json_text_is(key, "queueId")) {
		once(es, seen, METRIC_MAX + 1);
		take_queue(es, f);
	} else if (json_text_is(key, "interval")) {
		once(es, seen, METRIC_MAX + 2);
		take_interval(es, f);
	} else {
		json_pass(&es->c);
	}
}

static void take_data(struct stream_events *es, struct stream_event *f)
{
	struct json_text key;
	uint32_t seen = 0;

	if (json_peek(&es->c) != '{') {
		json_pass(&es->c);
		return;
	}
	json_enter(&es->c);
	while (json_key(&es->c, &key)) {
		if (make_plain(es, &key))
			take_member(es, f, &key, &seen);
		else
			json_pass(&es->c);
	}
}

/* Reads the members of a frame, in any order: `data` may come before `eventType`. */
static void take_event(struct stream_events *es, struct stream_event *f)
{
	enum { EVENT_TYPE_BIT, DATA_BIT };
	struct json_text key, type = { .s = NULL };
	uint32_t seen = 0;
	bool is_statistics = false;

	json_enter(&es->c);
	while (json_key(&es->c, &key)) {
		if (json_text_is(&key, "eventType")) {
			once(es, &seen, EVENT_TYPE_BIT);
			if (json_string(&es->c, &type))
				is_statistics = is_statistics
					|| json_text_is(&type, EVENT_TYPE);
			else
				json_pass(&es->c);
		} else if (json_text_is(&key, "data")) {
			once(es, &seen, DATA_BIT);
			take_data(es, f);
		} else {
			json_pass(&es->c);
		}
	}
	f->kind = !is_statistics ? STREAM_EVENT_OTHER_EVENT
		: f->queue_id[0] ? STREAM_EVENT_STATISTICS
				 : STREAM_EVENT_NO_QUEUE;
}

static void frame_clear(struct stream_event *f)
{
	f->kind = STREAM_EVENT_OTHER_EVENT;
	f->queue_id[0] = '\0';
	f->interval = f->invalid = NULL;
	f->time_us = 0;
	f->has_time = false;
	f->nleaf = f->nfiltered = 0;
}

bool stream_events_next(struct stream_events *es, struct stream_event *f)
{
	const char *start = es->c.at;

	if (!es->more)
		return false;
	frame_clear(f);
	es->twice = NULL;
	es->path_used = 0;
	if (json_peek(&es->c) == '{')
		take_event(es, f);
	else
		json_pass(&es->c);
	f->text = start;
	if (!es->c.at) {
		f->kind = STREAM_EVENT_NOT_JSON;
		f->text_len = (size_t)(es->c.end - start);
		es->more = false;
		return true;
	}
	f->text_len = (size_t)(es->c.at - start);
	es->c = json_start(es->c.at, es->c.end);
	es->more = es->c.at < es->c.end;
	if (!f->invalid)
		f->invalid = es->twice;
	if (f->kind == STREAM_EVENT_STATISTICS && !f->has_time && !f->invalid)
		f->invalid = "no valid timestamp";
	return true;
}
