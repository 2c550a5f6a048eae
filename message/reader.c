/* Helpers that notification.c and observation_query.c share for parsing their messages. */
#include "message/reader.h"

#include <math.h>
#include <string.h>

#include "message/metric_types.h"
#include "util/base.h"
#include "util/buf.h"
#include "util/text.h"
#include "util/time.h"

#define EPOCH_MIN_MS 1000000000000	/* 2001-09-09; a smaller number is a duration */
#define TIME_MAX_MS 253402300800000	/* the year 10000 */

void reader_invalid(struct notifications *ns, const char *why)
{
	if (!ns->why)
		ns->why = why;
}

struct slice reader_unescape(struct notifications *ns, const struct json_text *text)
{
	struct slice slice = { text->s, text->len };
	struct buf out = { 0 };

	if (!json_text_put(text, &out) && out.failed) {
		ns->failed = true;
	} else if (memchr(out.data ? out.data : "", '\0', out.len)) {
		reader_invalid(ns, "a string contains a NUL");
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

void reader_clear(struct notifications *ns, struct notification *n)
{
	n->kind = NOTIFICATION_OTHER;
	n->text = NULL;
	n->text_len = 0;
	memset(n->queue_id, 0, sizeof(n->queue_id));
	n->instant_us = NO_TIME;
	n->media = ns->media;
	n->value = ns->value;
	ns->nvalue = ns->nmedia = 0;
	ns->why = NULL;
	ns->incomplete = false;
	lines_free(&ns->plain);
}

void reader_finish(struct notifications *ns, struct notification *n)
{
	n->nmedia = ns->nmedia;
	n->nvalue = ns->nvalue;
	n->incomplete = ns->incomplete;
	n->why = ns->failed ? why_no_memory : ns->why;
	if (n->why)
		n->kind = NOTIFICATION_INVALID;
}

int reader_find(struct notifications *ns, const struct slice *name, int n)
{
	struct json_text key;

	while (json_key(&ns->c, &key)) {
		for (int i = 0; i < n; i++)
			if (json_text_is_n(&key, name[i].s + 1, name[i].len - 3))
				return i;
		json_pass(&ns->c);
	}
	return -1;
}

/* --- values ------------------------------------------------------------------------- */

/* Reads a number. Skips any other value and returns NAN. */
static double take_number(struct notifications *ns)
{
	char first = json_peek(&ns->c);
	double x;

	if (first == '-' || (first >= '0' && first <= '9'))
		return json_number(&ns->c, &x) ? x : NAN;
	json_pass(&ns->c);
	return NAN;
}

static struct notification_value *add_value(struct notifications *ns,
	enum notification_value_kind kind)
{
	struct notification_value *v;

	if (ns->nvalue == NOTIFICATION_VALUES_MAX) {
		_Static_assert(NOTIFICATION_VALUES_MAX == 4096, "as in the text");
		reader_invalid(ns, "more than 4096 values");
		return NULL;
	}
	v = &ns->value[ns->nvalue++];
	/* the callers set the names; gcc would clear the whole struct by a slow instruction */
	v->qualifier = (struct slice){ NULL, 0 };
	v->kind = kind;
	v->number = 0;
	v->us = 0;
	v->has_interval = false;
	return v;
}

struct metric_entry {			/* a metric whose members are being read */
	struct slice metric, qualifier;
	bool has_since;			/* wait and wait_us are valid */
	enum notification_value_kind wait;	/* START, AGE or NOBODY */
	int64_t wait_us;
	size_t first;			/* index of its first value */
};

/*
 * Reads when the longest wait began. The service sends ms since 1970; a number too small for that
 * is read as a duration. A double holds the whole ms of both exactly.
 */
static void take_since(struct notifications *ns, struct metric_entry *e)
{
	double x = take_number(ns);

	e->has_since = true;
	e->wait = VALUE_NOBODY;
	e->wait_us = 0;
	if (!isfinite(x) || !(x > 0))
		return;
	if (x >= TIME_MAX_MS) {
		reader_invalid(ns, "a time is out of range");
		return;
	}
	e->wait = x >= EPOCH_MIN_MS ? VALUE_START : VALUE_AGE;
	e->wait_us = e->wait == VALUE_START ? (int64_t)x * 1000 : (int64_t)(x * 1000);
}

/* Reads a number and adds it as a value. Any other JSON value is skipped. */
static void add_number(struct notifications *ns, struct slice stat)
{
	double x = take_number(ns);
	struct notification_value *v;

	if (!isfinite(x)) {
		if (!isnan(x))
			reader_invalid(ns, "a number is not finite");
		ns->incomplete |= slice_is(stat, "count");
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
	static const char quoted[] = "\"count\":";
	static const struct json_text count = { .s = quoted + 1, .len = 5 };
	struct json_text key;

	if (!reader_enter(ns, '{', NULL))
		return;
	ns->keys.n = 0;
	if (json_expect(&ns->c, quoted, sizeof(quoted) - 1)) {
		ns->keys.key[ns->keys.n++] = count;
		add_number(ns, (struct slice){ "count", 5 });
	}
	while (!json_end(&ns->c) && json_key(&ns->c, &key)) {
		struct slice stat = reader_plain(ns, &key);
		const char *why = json_keys_add(&ns->keys, &key);

		if (why)
			reader_invalid(ns, why);
		if (slice_is(stat, "calculatedMetricValue") && !e->has_since) {
			take_since(ns, e);
			continue;
		}
		_Static_assert(NOTIFICATION_NAME_MAX == 128, "as in the text");
		if (stat.len > NOTIFICATION_NAME_MAX)
			reader_invalid(ns, "a name is longer than 128 bytes");
		add_number(ns, stat);
	}
}

static enum metric_kind kind_of(struct notifications *ns, struct slice metric)
{
	uint32_t kind;

	if (name_memo_get(&ns->kinds, metric, &kind))
		return kind;
	kind = metric_type_of(metric)->kind;
	name_memo_put(&ns->kinds, metric, kind);
	return kind;
}

/* Gives the numbers their names, which may have come after them. */
static void end_entry(struct notifications *ns, const struct metric_entry *e)
{
	const enum metric_kind kind = kind_of(ns, e->metric);
	const bool longest = kind == METRIC_AGE;
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
	ns->incomplete |= ns->nvalue == e->first;
	for (size_t i = e->first; i < ns->nvalue; i++) {
		ns->value[i].metric = e->metric;
		ns->value[i].metric_kind = kind;
		if (!longest && e->qualifier.len)
			ns->value[i].qualifier = e->qualifier;
	}
}

/* Reads {"metric","qualifier","stats":{…}}. The service may also put "calculatedMetricValue" and,
 * in activity events, "count" beside "stats". */
static void take_metric(struct notifications *ns, bool flat_count)
{
	enum { METRIC, QUALIFIER, STATS, VALUE, COUNT, MEMBERS };
	static const struct slice names[MEMBERS] = {
		READER_MEMBER("metric"), READER_MEMBER("qualifier"), READER_MEMBER("stats"),
		READER_MEMBER("calculatedMetricValue"), READER_MEMBER("count")
	};
	struct reader_members m = { 0 };
	struct metric_entry e = { .first = ns->nvalue };
	int member;

	if (!reader_enter(ns, '{', "a metric is not an object"))
		return;
	while ((member = flat_count ? reader_member(ns, names, MEMBERS, &m)
		: reader_member(ns, names, COUNT, &m)) >= 0)
		switch (member) {
		case METRIC:
			e.metric = reader_name(ns);
			break;
		case QUALIFIER:
			e.qualifier = reader_name(ns);
			break;
		case STATS:
			take_stats(ns, &e);
			break;
		case VALUE:
			take_since(ns, &e);
			break;
		case COUNT:
			add_number(ns, (struct slice){ "count", 5 });
			break;
		}
	end_entry(ns, &e);
}

void reader_metrics(struct notifications *ns, bool flat_count)
{
	/* null means that there are no metrics */
	ns->incomplete |= json_peek(&ns->c) != '[' && json_peek(&ns->c) != 'n';
	if (!reader_enter(ns, '[', NULL))
		return;
	while (json_item(&ns->c))
		take_metric(ns, flat_count);
}

/* --- groups ------------------------------------------------------------------------- */

void reader_media(struct notifications *ns, struct slice media, size_t first)
{
	for (size_t i = first; i < ns->nvalue; i++)
		ns->value[i].media = media;
	for (size_t i = 0; i < ns->nmedia; i++)
		if (slice_same(ns->media[i], media))
			return;
	if (ns->nmedia == READER_MEDIA)
		reader_invalid(ns, "too many media types");
	else
		ns->media[ns->nmedia++] = media;
}

static void take_queue(struct notifications *ns, struct notification *n)
{
	struct slice queue = reader_string(ns);
	char id[UUID_LEN + 1];

	if (queue.len == UUID_LEN && memcmp(queue.s, n->queue_id, UUID_LEN) == 0)
		return;
	if (!queue.s || !text_parse_uuid(queue.s, queue.len, id))
		reader_invalid(ns, "queueId is not a UUID");
	else if (!n->queue_id[0])
		memcpy(n->queue_id, id, sizeof(id));
	else if (strcmp(n->queue_id, id) != 0)
		reader_invalid(ns, "queueId is not the queue in topicName");
}

struct slice reader_group(struct notifications *ns, struct notification *n)
{
	enum { QUEUE_ID, MEDIA_TYPE, MEMBERS };
	static const struct slice names[MEMBERS] = {
		READER_MEMBER("queueId"), READER_MEMBER("mediaType")
	};
	struct slice media = { NULL, 0 };
	struct reader_members m = { 0 };
	int member;

	if (!reader_enter(ns, '{', "a group is not an object"))
		return media;
	while ((member = reader_member(ns, names, MEMBERS, &m)) >= 0)
		if (member == QUEUE_ID)
			take_queue(ns, n);
		else
			media = reader_name(ns);
	return media;
}

void reader_observations(struct notifications *ns, struct notification *n, reader_data *data)
{
	enum { GROUP, DATA, MEMBERS };
	static const struct slice names[MEMBERS] = {
		READER_MEMBER("group"), READER_MEMBER("data")
	};
	struct slice media = { NULL, 0 };
	struct reader_members m = { 0 };
	int member;

	while ((member = reader_member(ns, names, MEMBERS, &m)) >= 0)
		if (member == GROUP)
			media = reader_group(ns, n);
		else
			data(ns, n);
	reader_media(ns, media, 0);
}
