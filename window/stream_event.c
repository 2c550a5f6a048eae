#include "window/stream_event.h"

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

/* The keys from the metric down to where the decoder is. */
struct path {
	char text[FIELD_NAME_MAX];
	size_t len;
	unsigned depth;
};

struct stream_events {
	struct metric metric[METRIC_MAX];
	size_t nmetric, nasked;
	const struct filter *rule;
	size_t nrule;
	struct json_cursor c;
	bool more;			/* the message has something left */
	const char *twice;		/* what is wrong with an object's keys; NULL: nothing */
	struct json_keys keys[FIELD_DEPTH_MAX];	/* of the objects that the decoder is in */
	struct buf plain;		/* of a string with escapes */
	char interval[INTERVAL_MAX];
	/* of leaves that are no plain keys */
	char path[(FIELD_MAX + FILTERS_MAX) * FIELD_NAME_MAX];
	size_t path_used;
};

struct stream_events *stream_events_new(const char *const *metric, size_t nmetric, size_t nasked,
	const struct filter *rule, size_t nrule)
{
	struct stream_events *fs = calloc(1, sizeof(*fs));

	if (!fs)
		return NULL;
	for (size_t i = 0; i < nmetric; i++)
		fs->metric[i] = (struct metric){ metric[i], strlen(metric[i]) };
	fs->nmetric = nmetric;
	fs->nasked = nasked;
	fs->rule = rule;
	fs->nrule = nrule;
	return fs;
}

void stream_events_free(struct stream_events *fs)
{
	if (!fs)
		return;
	buf_free(&fs->plain);
	free(fs);
}

void stream_events_begin(struct stream_events *fs, const char *text, size_t len)
{
	fs->c = json_start(text, text + len);
	fs->more = true;
}

/* The string without its escapes, borrowed until the next one; false: no memory. */
static bool make_plain(struct stream_events *fs, struct json_text *text)
{
	if (!text->escaped)
		return true;
	buf_clear(&fs->plain);
	if (!buf_reserve(&fs->plain, 1) || !json_text_put(text, &fs->plain))
		return false;
	*text = (struct json_text){ fs->plain.data, fs->plain.len, .renamed = true };
	return true;
}

/* --- the numbers of one metric ------------------------------------------------------- */

/* Appends a key to the path; false: that is then too long. */
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

static bool is_ruled(const struct stream_events *fs, const struct stream_event_leaf *leaf)
{
	for (size_t i = 0; i < fs->nrule; i++)
		if (filter_names(&fs->rule[i], leaf->metric, leaf->path, leaf->path_len))
			return true;
	return false;
}

/* Takes the leaf among those of its kind; one that nobody looks at takes no room there. */
static const char *leaf_put(struct stream_events *fs, struct stream_event *f,
	const struct path *path, const struct stream_event_leaf *leaf)
{
	bool asked = leaf->metric < fs->nasked;
	struct stream_event_leaf *list = asked ? f->leaf : f->ruled;
	size_t *n = asked ? &f->nleaf : &f->nruled, max = asked ? FIELD_MAX : FILTERS_MAX;

	if (!asked && !is_ruled(fs, leaf))
		return NULL;
	if (*n == max)
		return "too many fields";
	list += (*n)++;
	*list = *leaf;
	if (leaf->path == path->text) {
		list->path = memcpy(fs->path + fs->path_used, leaf->path, leaf->path_len);
		fs->path_used += leaf->path_len;
	}
	return NULL;
}

/* A key of the first level that a row shows as it stands needs no copy; else the leaf's path
 * is path's, up to the next key. */
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

static const char *take_number(struct stream_events *fs, struct stream_event *f, uint16_t metric,
	struct path *path, const struct json_text *key)
{
	struct stream_event_leaf leaf = { .metric = metric };
	const char *why;

	if (!json_number(&fs->c, &leaf.value))
		return NULL;
	if (!isfinite(leaf.value))
		return "a number is not finite";
	why = leaf_path(path, key, &leaf);
	return why ? why : leaf_put(fs, f, path, &leaf);
}

static const char *take_object(struct stream_events *fs, struct stream_event *f, uint16_t metric,
	struct path *path);

/* Over an object whose numbers would be too deep; false: it is empty, and does no harm. */
static bool pass_object(struct stream_events *fs)
{
	struct json_text key;
	bool any = false;

	json_enter(&fs->c);
	while (json_key(&fs->c, &key)) {
		any = true;
		json_pass(&fs->c);
	}
	return any;
}

/* An object below the metric, its key still to be appended. */
static const char *take_nested(struct stream_events *fs, struct stream_event *f, uint16_t metric,
	struct path *path, const struct json_text *key)
{
	size_t len = path->len;
	unsigned depth = path->depth;
	const char *why;

	if (depth + 1 == FIELD_DEPTH_MAX)
		return pass_object(fs) ? "fields nest too deep" : NULL;
	if (!push_key(path, key))
		return pass_object(fs) ? "a field's name is too long" : NULL;
	why = take_object(fs, f, metric, path);
	path->len = len;
	path->depth = depth;
	return why;
}

/* Every number below an object; why it is invalid, NULL: it is not. */
static const char *take_object(struct stream_events *fs, struct stream_event *f, uint16_t metric,
	struct path *path)
{
	const char *why = NULL, *bad;
	struct json_keys *keys = &fs->keys[path->depth];
	struct json_text key;

	json_enter(&fs->c);
	keys->n = 0;
	while (json_key(&fs->c, &key)) {
		char first = json_peek(&fs->c);

		bad = json_keys_add(keys, &key);
		fs->twice = fs->twice ? fs->twice : bad;
		if (!make_plain(fs, &key)) {
			bad = why_no_memory;
			json_pass(&fs->c);
		} else if (first == '{') {
			bad = take_nested(fs, f, metric, path, &key);
		} else if (first == '-' || (first >= '0' && first <= '9')) {
			bad = take_number(fs, f, metric, path, &key);
		} else {
			json_pass(&fs->c);
		}
		why = why ? why : bad;
	}
	return why;
}

static void take_metric(struct stream_events *fs, struct stream_event *f, size_t metric)
{
	struct path path = { .len = 0 };
	char first = json_peek(&fs->c);
	const char *why = NULL;

	if (first == '{')
		why = take_object(fs, f, (uint16_t)metric, &path);
	else
		json_pass(&fs->c);
	if (first != '{' && first != 'n')
		why = "a metric is no object";
	if (why && metric < fs->nasked && !f->invalid)
		f->invalid = why;
}

/* --- one frame ---------------------------------------------------------------------- */

/* The value as a plain string; false: it is none, and passed. */
static bool take_string(struct stream_events *fs, struct json_text *text)
{
	if (json_string(&fs->c, text))
		return make_plain(fs, text);
	json_pass(&fs->c);
	return false;
}

static void take_time(struct stream_events *fs, struct stream_event *f)
{
	struct json_text text;

	f->has_time = take_string(fs, &text) && time_parse_us(text.s, text.len, &f->time_us);
}

static void take_queue(struct stream_events *fs, struct stream_event *f)
{
	struct json_text text;

	if (take_string(fs, &text) && !text_parse_uuid(text.s, text.len, f->queue_id))
		f->queue_id[0] = '\0';
}

static void take_interval(struct stream_events *fs, struct stream_event *f)
{
	struct json_text text;

	if (!take_string(fs, &text) || text.len >= sizeof(fs->interval)
	    || memchr(text.s, '\0', text.len))
		return;
	memcpy(fs->interval, text.s, text.len);
	fs->interval[text.len] = '\0';
	f->interval = fs->interval;
}

/* A member that is read, by a bit of its own. */
static void once(struct stream_events *fs, uint32_t *seen, unsigned bit)
{
	if (*seen & 1u << bit)
		fs->twice = "an object has a member twice";
	*seen |= 1u << bit;
}

static void take_member(struct stream_events *fs, struct stream_event *f,
	const struct json_text *key, uint32_t *seen)
{
	for (size_t i = 0; i < fs->nmetric; i++)
		if (key->len == fs->metric[i].len && *key->s == *fs->metric[i].name
		    && memcmp(key->s, fs->metric[i].name, key->len) == 0) {
			once(fs, seen, (unsigned)i);
			take_metric(fs, f, i);
			return;
		}
	if (json_text_is(key, "timestamp")) {
		once(fs, seen, METRIC_MAX);
		take_time(fs, f);
	} else if (json_text_is(key, "queueId")) {
		once(fs, seen, METRIC_MAX + 1);
		take_queue(fs, f);
	} else if (json_text_is(key, "interval")) {
		once(fs, seen, METRIC_MAX + 2);
		take_interval(fs, f);
	} else {
		json_pass(&fs->c);
	}
}

static void take_data(struct stream_events *fs, struct stream_event *f)
{
	struct json_text key;
	uint32_t seen = 0;

	if (json_peek(&fs->c) != '{') {
		json_pass(&fs->c);
		return;
	}
	json_enter(&fs->c);
	while (json_key(&fs->c, &key)) {
		if (make_plain(fs, &key))
			take_member(fs, f, &key, &seen);
		else
			json_pass(&fs->c);
	}
}

/* The members of the message, in whatever order: `data` is read before it is known whether
 * the event is one of ours. */
static void take_event(struct stream_events *fs, struct stream_event *f)
{
	enum { EVENT_TYPE_BIT, DATA_BIT };
	struct json_text key, type = { .s = NULL };
	uint32_t seen = 0;
	bool ours = false;

	json_enter(&fs->c);
	while (json_key(&fs->c, &key)) {
		if (json_text_is(&key, "eventType")) {
			once(fs, &seen, EVENT_TYPE_BIT);
			if (json_string(&fs->c, &type))
				ours = ours || json_text_is(&type, EVENT_TYPE);
			else
				json_pass(&fs->c);
		} else if (json_text_is(&key, "data")) {
			once(fs, &seen, DATA_BIT);
			take_data(fs, f);
		} else {
			json_pass(&fs->c);
		}
	}
	f->kind = !ours		 ? STREAM_EVENT_OTHER_EVENT
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
	f->nleaf = f->nruled = 0;
}

bool stream_events_next(struct stream_events *fs, struct stream_event *f)
{
	const char *start = fs->c.at;

	if (!fs->more)
		return false;
	frame_clear(f);
	fs->twice = NULL;
	fs->path_used = 0;
	if (json_peek(&fs->c) == '{')
		take_event(fs, f);
	else
		json_pass(&fs->c);
	f->text = start;
	if (!fs->c.at) {
		f->kind = STREAM_EVENT_NOT_JSON;
		f->text_len = (size_t)(fs->c.end - start);
		fs->more = false;
		return true;
	}
	f->text_len = (size_t)(fs->c.at - start);
	fs->c = json_start(fs->c.at, fs->c.end);
	fs->more = fs->c.at < fs->c.end;
	if (!f->invalid)
		f->invalid = fs->twice;
	if (f->kind == STREAM_EVENT_STATISTICS && !f->has_time && !f->invalid)
		f->invalid = "no valid timestamp";
	return true;
}
