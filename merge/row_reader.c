#include "merge/row_reader.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "merge/intern.h"
#include "util/base.h"
#include "util/shard.h"
#include "util/text.h"
#include "util/time.h"
#include "util/utf8.h"
#include "window/series.h"

#define EXACT_MAX 9007199254740992.0	/* doubles hold all integers up to this one */
#define LENGTH_MAX_MS (INT64_C(366) * 24 * 3600 * 1000 * 10)
#define DEPTH_MAX 16
#define PATH_BYTES_MAX 2048

struct label_set {
	const char *text;		/* see merge_row.label_text */
	struct row_labels labels;
	struct label_set *next;
};

struct row_reader {
	struct intern texts;
	struct label_set *label_sets;
	struct buf text, path;		/* a string without its escapes; the path of a series */
	char why[256];
	/* the row that is read */
	struct json_cursor c;
	struct merge_row *row;
	double lag_max_ms;		/* NaN: null */
	struct sketch lag;		/* without values: null */
	const char *failed;		/* what is wrong; NULL: nothing yet */
};

struct row_reader *row_reader_new(void)
{
	return calloc(1, sizeof(struct row_reader));
}

void row_reader_free(struct row_reader *r)
{
	struct label_set *set, *next;

	if (!r)
		return;
	for (set = r->label_sets; set; set = next) {
		next = set->next;
		row_labels_free(&set->labels);
		free(set);
	}
	intern_free(&r->texts);
	buf_free(&r->text);
	buf_free(&r->path);
	free(r);
}

/* --- values --------------------------------------------------------------------------- */

/* Notes what is wrong, unless something was noted before. Returns false. */
static bool fail(struct row_reader *r, const char *what, const char *why)
{
	if (r->failed)
		return false;
	if (why == why_no_memory) {
		r->failed = why_no_memory;
		return false;
	}
	snprintf(r->why, sizeof(r->why), "`%.100s` %s", what, why);
	r->failed = r->why;
	return false;
}

/* Reads a string into r->text, with a NUL behind it. */
static bool read_text(struct row_reader *r, const char *what)
{
	struct json_text text;

	buf_clear(&r->text);
	if (!json_string(&r->c, &text))
		return fail(r, what, "is not a string");
	if (!json_text_put(&text, &r->text) || !buf_char(&r->text, '\0'))
		return fail(r, what, r->text.failed ? why_no_memory : "is not a valid string");
	r->text.len--;
	if (memchr(r->text.data, '\0', r->text.len) || !utf8_valid(r->text.data, r->text.len))
		return fail(r, what, "is not valid text");
	return true;
}

/* Reads a string that is kept. */
static bool read_kept(struct row_reader *r, const char *what, const char **out)
{
	if (!read_text(r, what))
		return false;
	*out = intern_text(&r->texts, r->text.data, r->text.len);
	return *out || fail(r, what, why_no_memory);
}

static bool read_null(struct row_reader *r)
{
	if (json_peek(&r->c) != 'n')
		return false;
	json_pass(&r->c);
	return r->c.at != NULL;
}

/* Reads a finite number, or null as NaN. */
static bool read_number(struct row_reader *r, const char *what, double *out)
{
	const char first = json_peek(&r->c);

	*out = NAN;
	if (read_null(r))
		return true;
	if ((first != '-' && (first < '0' || first > '9')) || !json_number(&r->c, out)
	    || !isfinite(*out))
		return fail(r, what, "is not a finite number");
	return true;
}

/* Reads an integer that is not negative, and that a double can hold exactly. */
static bool read_integer(struct row_reader *r, const char *what, int64_t *out)
{
	double x;

	if (!read_number(r, what, &x))
		return false;
	if (!(x >= 0 && x <= EXACT_MAX) || x != floor(x))
		return fail(r, what, "is not a count");
	*out = (int64_t)x;
	return true;
}

static bool read_count(struct row_reader *r, const char *what, uint64_t *out)
{
	int64_t n = 0;
	const bool ok = read_integer(r, what, &n);

	*out = (uint64_t)n;
	return ok;
}

static bool read_bool(struct row_reader *r, const char *what, bool *out)
{
	*out = json_peek(&r->c) == 't';
	if (!*out && json_peek(&r->c) != 'f')
		return fail(r, what, "is neither true nor false");
	json_pass(&r->c);
	return r->c.at != NULL;
}

static bool enter_object(struct row_reader *r, const char *what)
{
	if (json_peek(&r->c) != '{')
		return fail(r, what, "is not an object");
	json_enter(&r->c);
	return true;
}

/* Reads a sketch. */
static bool read_sketch(struct row_reader *r, const char *what, struct sketch *out)
{
	const char *why;

	if (!read_text(r, what))
		return false;
	why = sketch_get(r->text.data, r->text.len, out);
	if (!why || why == why_no_memory)
		return !why || fail(r, what, why);
	if (!r->failed) {
		snprintf(r->why, sizeof(r->why), "the sketch of `%.100s` is damaged: %.100s", what,
			why);
		r->failed = r->why;
	}
	return false;
}

/* --- series --------------------------------------------------------------------------- */

static unsigned stats_of(enum row_kind kind)
{
	unsigned bits = 0;

	for (enum row_statistic s = 0; s < STAT_NAMES; s++)
		bits |= row_kind_has(kind, s) ? 1u << s : 0;
	return bits;
}

/* Finds the kind that has exactly these statistics. */
static bool kind_of(unsigned bits, enum row_kind *kind)
{
	for (*kind = ROW_SAMPLE; *kind < ROW_PLAIN; (*kind)++)
		if (stats_of(*kind) == bits)
			return true;
	return false;
}

static enum row_statistic stat_named(const struct json_text *key, enum row_statistic likely)
{
	for (enum row_statistic i = 0; i < STAT_NAMES; i++) {
		const enum row_statistic s = (likely + i) % STAT_NAMES;

		if (json_text_is(key, row_stat_names[s]))
			return s;
	}
	return STAT_NAMES;
}

/* Whether the object has statistics, not series. */
static bool has_statistics(const struct row_reader *r)
{
	struct json_cursor c = r->c;
	struct json_text key;

	json_enter(&c);
	return json_key(&c, &key) && json_peek(&c) != '{'
		&& (stat_named(&key, 0) < STAT_NAMES || json_text_is(&key, "sketch"));
}

/* Says that the series has a number that its sketch does not allow. */
static bool refuse_series(struct row_reader *r, const struct merge_series *s, const char *why)
{
	char what[128];

	snprintf(what, sizeof(what), "%.60s.%.60s", s->metric, s->path);
	return fail(r, what, why);
}

/* Checks the statistics against the sketch, and completes that by them. */
static bool check_series(struct row_reader *r, struct merge_series *s)
{
	struct sample *sample = &s->sketch.sample;
	const bool by_time = s->kind == ROW_GAUGE;
	const double weight = s->kind == ROW_SAMPLE ? s->stat[STAT_COUNT]
		: by_time ? s->stat[STAT_OBSERVED_MS] * US_PER_MS : 0;

	if (s->sketch.by_time != by_time || fabs((double)sample->count - weight) > 0.5)
		return refuse_series(r, s, "has a sketch of other values");
	if (s->kind == ROW_SAMPLE && (!sample->count || isnan(s->stat[STAT_LAST])))
		return refuse_series(r, s, "has no value");
	if (by_time && (isnan(s->stat[STAT_EVENTS]) || s->stat[STAT_EVENTS] < 0))
		return refuse_series(r, s, "has no number of events");
	if (!sample->count)
		return true;
	if (!(s->stat[STAT_MIN] <= s->stat[STAT_MAX]))
		return refuse_series(r, s, "has no minimum and maximum");
	sample->min = s->stat[STAT_MIN];
	sample->max = s->stat[STAT_MAX];
	sample->last = isnan(s->stat[STAT_LAST]) ? 0 : s->stat[STAT_LAST];
	return true;
}

static bool read_statistic(struct row_reader *r, struct merge_series *series,
	enum row_statistic s)
{
	bool yes;

	if (s != STAT_CARRIED)
		return read_number(r, row_stat_names[s], &series->stat[s]);
	if (!read_bool(r, row_stat_names[s], &yes))
		return false;
	series->stat[s] = yes;
	return true;
}

static bool read_statistics(struct row_reader *r, struct merge_series *series)
{
	enum row_statistic s = 0;
	struct json_text key;
	bool sketch = false;
	unsigned bits = 0;

	json_enter(&r->c);
	while (json_key(&r->c, &key)) {
		if (json_text_is(&key, "sketch") && !sketch) {
			sketch = true;
			if (!read_sketch(r, series->metric, &series->sketch))
				return false;
			continue;
		}
		s = stat_named(&key, s);
		if (s == STAT_NAMES || bits & 1u << s)
			return refuse_series(r, series, "has an unknown statistic, or one twice");
		bits |= 1u << s;
		if (!read_statistic(r, series, s++))
			return false;
	}
	if (!r->c.at)
		return false;
	if (!kind_of(bits, &series->kind))
		return refuse_series(r, series, "lacks a statistic");
	if (!sketch)
		return refuse_series(r, series, "has no sketch: print rows with --sketch");
	return check_series(r, series);
}

static struct merge_series *add_series(struct row_reader *r, const char *metric)
{
	const char *path = intern_text(&r->texts, r->path.data, r->path.len);
	struct merge_series *s;

	if (r->row->nseries == SERIES_MAX) {
		fail(r, "metrics", "has too many numbers");
		return NULL;
	}
	s = path ? merge_row_add_series(r->row, r->row->nseries, metric, path, ROW_PLAIN) : NULL;
	if (!s)
		fail(r, metric, why_no_memory);
	return s;
}

/* Whether the row has a series with this path, or one below it. */
static bool has_path(const struct row_reader *r, const char *metric)
{
	const struct buf *path = &r->path;

	for (size_t i = 0; i < r->row->nseries; i++) {
		const struct merge_series *s = &r->row->series[i];

		if (s->metric == metric && strncmp(s->path, path->data, path->len) == 0
		    && (s->path[path->len] == '\0' || s->path[path->len] == '.'))
			return true;
	}
	return false;
}

/* Appends a key to the path. A dot in it would make another path. */
static bool add_to_path(struct row_reader *r, const char *metric, const struct json_text *key)
{
	struct buf *path = &r->path;
	const size_t from = path->len + (path->len > 0);

	if (path->len)
		buf_char(path, '.');
	if (!json_text_put(key, path))
		return fail(r, metric, path->failed ? why_no_memory : "has an invalid key");
	if (path->len == from || path->len > PATH_BYTES_MAX
	    || !text_is_key(path->data + from, path->len - from)
	    || !utf8_valid(path->data + from, path->len - from))
		return fail(r, metric, "has a key that no row has");
	return true;
}

/* Reads an object of series, or of the next part of their paths. */
static bool read_level(struct row_reader *r, const char *metric, unsigned depth)
{
	const size_t len = r->path.len;
	struct merge_series *series;
	struct json_text key;

	if (len && has_statistics(r))
		return (series = add_series(r, metric)) && read_statistics(r, series);
	if (depth == DEPTH_MAX)
		return fail(r, metric, "is nested too deep");
	if (!enter_object(r, metric))
		return false;
	while (json_key(&r->c, &key)) {
		if (!add_to_path(r, metric, &key))
			return false;
		if (has_path(r, metric))
			return fail(r, metric, "has a member twice");
		if (json_peek(&r->c) == '{') {
			if (!read_level(r, metric, depth + 1))
				return false;
		} else {
			series = add_series(r, metric);
			if (!series || !read_number(r, metric, &series->stat[STAT_VALUE]))
				return false;
		}
		r->path.len = len;
	}
	return r->c.at != NULL;
}

static bool read_metrics(struct row_reader *r, const char *what)
{
	struct json_text key;
	const char *metric;

	if (!enter_object(r, what))
		return false;
	while (json_key(&r->c, &key)) {
		buf_clear(&r->path);
		if (!add_to_path(r, what, &key))
			return false;
		metric = intern_text(&r->texts, r->path.data, r->path.len);
		if (!metric)
			return fail(r, what, why_no_memory);
		for (size_t i = 0; i < r->row->nseries; i++)
			if (r->row->series[i].metric == metric)
				return fail(r, what, "has a member twice");
		buf_clear(&r->path);
		if (!read_level(r, metric, 0))
			return false;
	}
	return r->c.at != NULL;
}

/* --- members of a row ------------------------------------------------------------------- */

static bool read_schema(struct row_reader *r, const char *what)
{
	return read_text(r, what) && (strcmp(r->text.data, "gsqstat/1") == 0
		|| fail(r, what, "is not gsqstat/1"));
}

static bool read_start(struct row_reader *r, const char *what)
{
	return read_integer(r, what, &r->row->start_ms);
}

static bool read_end(struct row_reader *r, const char *what)
{
	return read_integer(r, what, &r->row->end_ms);
}

static bool read_partial(struct row_reader *r, const char *what)
{
	return read_bool(r, what, &r->row->partial);
}

static bool read_time(struct row_reader *r, const char *what)
{
	if (!read_text(r, what))
		return false;
	r->row->event_time = strcmp(r->text.data, "event") == 0;
	return r->row->event_time || strcmp(r->text.data, "arrival") == 0
		|| fail(r, what, "is neither event nor arrival");
}

static bool read_queue(struct row_reader *r, const char *what)
{
	char id[UUID_LEN + 1];

	if (json_peek(&r->c) != '"')
		return fail(r, what, "is not a string");
	if (!read_kept(r, what, &r->row->queue_id))
		return false;
	return (text_parse_uuid(r->text.data, r->text.len, id) && strcmp(id, r->text.data) == 0)
		|| fail(r, what, "is not a queue ID");
}

static bool read_name(struct row_reader *r, const char *what)
{
	return read_kept(r, what, &r->row->queue_name);
}

static bool read_interval(struct row_reader *r, const char *what)
{
	return read_null(r) || read_kept(r, what, &r->row->interval);
}

static bool read_media(struct row_reader *r, const char *what)
{
	r->row->notifications = true;
	return read_null(r) || read_kept(r, what, &r->row->media);
}

static bool read_updates(struct row_reader *r, const char *what)
{
	return read_count(r, what, &r->row->updates);
}

static bool read_clock_skew(struct row_reader *r, const char *what)
{
	return read_count(r, what, &r->row->clock_skew);
}

static bool read_rejected(struct row_reader *r, const char *what)
{
	struct json_text key;
	unsigned seen = 0;
	enum verdict v;

	if (!enter_object(r, what))
		return false;
	while (json_key(&r->c, &key)) {
		for (v = 0; v < VERDICT_REJECTS && !json_text_is(&key, verdict_name(v)); v++)
			;
		if (v == VERDICT_REJECTS || seen & 1u << v)
			return fail(r, what, "has an unknown member, or one twice");
		seen |= 1u << v;
		if (!read_count(r, what, &r->row->rejected[v]))
			return false;
	}
	if (r->c.at && seen != (1u << VERDICT_REJECTS) - 1)
		return fail(r, what, "lacks a member");
	return r->c.at != NULL;
}

static bool read_lag(struct row_reader *r, const char *what)
{
	struct json_text key;

	if (read_null(r))
		return true;
	if (!enter_object(r, what))
		return false;
	while (json_key(&r->c, &key))
		if (!json_text_is(&key, "max"))
			json_pass(&r->c);
		else if (!isnan(r->lag_max_ms) || !read_number(r, what, &r->lag_max_ms))
			return fail(r, what, "has a member twice");
	if (r->c.at && !(r->lag_max_ms >= 0 && r->lag_max_ms * US_PER_MS <= EXACT_MAX))
		return fail(r, what, "has no valid maximum");
	return r->c.at != NULL;
}

static bool read_us(struct row_reader *r, const char *what, int64_t *us)
{
	*us = NO_TIME;
	return read_null(r) || read_integer(r, what, us);
}

static bool read_version(struct row_reader *r, const char *what)
{
	int64_t version = 0;

	if (!read_integer(r, what, &version))
		return false;
	return version == 1 || fail(r, what, "is not 1: another version of gsqstat made the row");
}

/* The member `sketch` of a row. */
static bool read_row_sketch(struct row_reader *r, const char *what)
{
	enum { VERSION = 1, CONNECTED = 2, LAG = 4, SINCE = 8 };
	struct json_text key;
	unsigned seen = 0;

	if (!enter_object(r, what))
		return false;
	while (json_key(&r->c, &key)) {
		const unsigned bit = json_text_is(&key, "v") ? VERSION
			: json_text_is(&key, "connectedUs") ? CONNECTED
			: json_text_is(&key, "lag") ? LAG : json_text_is(&key, "since") ? SINCE : 0;
		bool ok = true;

		if (seen & bit)
			return fail(r, what, "has a member twice");
		seen |= bit;
		if (bit == VERSION)
			ok = read_version(r, "sketch.v");
		else if (bit == CONNECTED)
			ok = read_us(r, "sketch.connectedUs", &r->row->connected_us);
		else if (bit == LAG)
			ok = read_null(r) || read_sketch(r, "lagMs", &r->lag);
		else if (bit == SINCE)
			ok = read_us(r, "sketch.since", &r->row->since_us);
		else
			json_pass(&r->c);
		if (!ok)
			return false;
	}
	if (r->c.at && (seen & (VERSION | CONNECTED | LAG)) != (VERSION | CONNECTED | LAG))
		return fail(r, what, "lacks a member");
	return r->c.at != NULL;
}

static bool read_sources(struct row_reader *r, const char *what)
{
	return read_count(r, what, &r->row->sources)
		&& (r->row->sources || fail(r, what, "is not a number of rows"));
}

/* `K/N`. */
static bool read_shard(struct row_reader *r, const char *what)
{
	struct shard shard;

	if (!read_text(r, what))
		return false;
	if (!shard_parse(r->text.data, &shard))
		return fail(r, what, "is not a shard K/N");
	r->row->shard = shard.k;
	r->row->shards = shard.n;
	return true;
}

/* The labels with the text that is now in r->path, which are added if they are new. */
static struct label_set *label_set_of(struct row_reader *r, const char *text,
	struct row_labels *labels)
{
	struct label_set *set = r->label_sets;

	while (set && set->text != text)
		set = set->next;
	if (set)
		return set;
	set = calloc(1, sizeof(*set));
	if (!set)
		return NULL;
	*set = (struct label_set){ text, *labels, r->label_sets };
	*labels = (struct row_labels){ .n = 0 };
	r->label_sets = set;
	return set;
}

static bool read_label(struct row_reader *r, const struct json_text *name,
	struct row_labels *labels)
{
	const size_t at = r->path.len;
	const char *why;

	if (!json_text_put(name, &r->path) || memchr(r->path.data + at, '=', r->path.len - at)
	    || !read_text(r, "labels"))
		return fail(r, "labels", "has an invalid name");
	if (!buf_char(&r->path, '=') || !buf_add(&r->path, r->text.data, r->text.len + 1))
		return fail(r, "labels", why_no_memory);
	why = row_labels_add(labels, r->path.data + at);
	return !why || fail(r, "labels", why == why_no_memory ? why
		: "has a label that --label does not take");
}

static bool read_labels(struct row_reader *r, const char *what)
{
	struct row_labels labels = { .n = 0 };
	struct json_text key;
	struct label_set *set;
	const char *text;
	bool ok = enter_object(r, what);

	buf_clear(&r->path);
	while (ok && json_key(&r->c, &key))
		ok = read_label(r, &key, &labels);
	for (size_t i = 0; ok && r->c.at && i < r->path.len; i++)
		if (!r->path.data[i])
			r->path.data[i] = '\xFF';	/* which is in no label */
	if (ok && r->c.at && labels.n) {
		text = intern_text(&r->texts, r->path.data, r->path.len);
		set = text ? label_set_of(r, text, &labels) : NULL;
		ok = set || fail(r, what, why_no_memory);
		r->row->labels = set ? &set->labels : NULL;
		r->row->label_text = text;
	}
	row_labels_free(&labels);
	return ok && r->c.at;
}

static const struct {
	const char *name;
	bool (*read)(struct row_reader *r, const char *what);
	bool optional;
} members[] = {		/* in the order of rows */
	{ "schema", read_schema, false }, { "startMs", read_start, false },
	{ "endMs", read_end, false }, { "partial", read_partial, false },
	{ "time", read_time, false }, { "queueId", read_queue, false },
	{ "interval", read_interval, true }, { "queueName", read_name, true },
	{ "mediaType", read_media, true }, { "updates", read_updates, false },
	{ "rejected", read_rejected, false }, { "clockSkew", read_clock_skew, false },
	{ "metrics", read_metrics, false }, { "lagMs", read_lag, false },
	{ "shard", read_shard, true }, { "sources", read_sources, true },
	{ "sketch", read_row_sketch, false }, { "labels", read_labels, true }
};
enum { START_MEMBER = 1, INTERVAL_MEMBER = 6, MEDIA_MEMBER = 8, SKETCH_MEMBER = 16 };

static size_t member_named(const struct json_text *key, size_t likely)
{
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		const size_t m = (likely + i) % ARRAY_LEN(members);

		if (json_text_is(key, members[m].name))
			return m;
	}
	return ARRAY_LEN(members);
}

/* --- a row ----------------------------------------------------------------------------- */

/* Gives the row its lag, of which the sketch and the maximum were read. */
static bool settle_lag(struct row_reader *r)
{
	struct sample *lag = &r->lag.sample;

	if (isnan(r->lag_max_ms) != !lag->count || r->lag.by_time)
		return fail(r, "lagMs", "and its sketch do not belong together");
	lag->max = lag->count ? nearbyint(r->lag_max_ms * US_PER_MS) : 0;
	r->row->lag_us = *lag;
	r->lag.sample = (struct sample){ 0 };
	return true;
}

static bool settle(struct row_reader *r, unsigned seen)
{
	struct merge_row *row = r->row;
	const int64_t length_ms = row->end_ms - row->start_ms;

	if (!(seen & 1u << SKETCH_MEMBER) && !r->failed) {
		r->failed = "the row has no sketch: print rows with --sketch";
		return false;
	}
	for (size_t m = 0; m < ARRAY_LEN(members); m++)
		if (!members[m].optional && !(seen & 1u << m))
			return fail(r, members[m].name, "is missing");
	if (!(seen & 1u << MEDIA_MEMBER) == !(seen & 1u << INTERVAL_MEMBER))
		return fail(r, "mediaType", "shows notifications, and `interval` the stream; the "
			"row must have one of them");
	if (length_ms <= 0 || length_ms > LENGTH_MAX_MS)
		return fail(r, "endMs", "is out of range");
	if (row->connected_us != NO_TIME && row->connected_us > length_ms * US_PER_MS)
		return fail(r, "sketch.connectedUs", "is longer than the window");
	row->covered_ms = length_ms;
	row->last_start_ms = row->start_ms;
	for (size_t i = 0; i < row->nseries; i++)
		row->series[i].start_ms = row->start_ms;
	return settle_lag(r);
}

static bool read_row(struct row_reader *r)
{
	struct json_text key;
	unsigned seen = 0;
	size_t m = 0;

	if (json_peek(&r->c) != '{')
		return false;
	json_enter(&r->c);
	while (json_key(&r->c, &key)) {
		m = member_named(&key, m);
		if (m == ARRAY_LEN(members)) {
			json_pass(&r->c);
			continue;
		}
		if (seen & 1u << m)
			return fail(r, members[m].name, "is there twice");
		seen |= 1u << m;
		if (!members[m].read(r, members[m].name))
			return false;
		m++;
	}

	return r->c.at && json_is_blank(r->c.at, r->c.end) && settle(r, seen);
}

const char *row_reader_read(struct row_reader *r, const char *line, size_t len,
	struct merge_row *row)
{
	bool ok;

	*row = MERGE_ROW_NONE;
	r->row = row;
	r->c = json_start(line, line + len);
	r->lag = (struct sketch){ .arrival_us = NO_TIME };
	r->lag_max_ms = NAN;
	r->failed = NULL;
	ok = read_row(r);
	sketch_free(&r->lag);
	if (ok)
		return NULL;
	return r->failed ? r->failed : "it is not a whole JSON object";
}

bool row_reader_find_start(const char *line, size_t len, int64_t *start_ms)
{
	struct json_cursor c = json_start(line, line + len);
	struct json_text key;
	double x;

	if (json_peek(&c) != '{')
		return false;
	json_enter(&c);
	while (json_key(&c, &key)) {
		const char first = json_peek(&c);

		if (!json_text_is(&key, members[START_MEMBER].name)) {
			json_pass(&c);
			continue;
		}
		if (first < '0' || first > '9' || !json_number(&c, &x) || !(x <= EXACT_MAX)
		    || x != floor(x))
			return false;
		*start_ms = (int64_t)x;
		return true;
	}
	return false;
}
