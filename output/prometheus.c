#include "output/prometheus.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "output/agent_label.h"
#include "output/output.h"
#include "util/base.h"
#include "util/lines.h"
#include "util/slice.h"
#include "util/text.h"

struct label {			/* an extra label, after those of the row; key NULL: none */
	const char *key;
	struct slice value;
};

struct metric_line {
	const struct row *row;
	const char *source;	/* a label; NULL: without it */
	struct label label;
	double value;
};

struct family {			/* the lines of one metric name */
	char *name, *help;
	struct metric_line *v;
	size_t n, cap;
};

struct families {		/* sorted by name */
	struct family *v;
	size_t n, cap;
	struct buf name, help;	/* of the current metric, with a NUL at the end */
	bool failed;
};

/* --- names -------------------------------------------------------------------------- */

static bool is_among(const char *s, size_t len, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(words[i]) == len && memcmp(words[i], s, len) == 0)
			return true;
	return false;
}

/* True for words that promtool reads as a type, or as a unit that is not a base unit. */
static bool is_reserved(const char *s, size_t len)
{
	static const char *const words[] = {
		"s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d",
		"counter", "gauge", "histogram", "summary", "untyped"
	};
	static const char *const prefixes[] = {
		"pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi",
		"mega", "mebi", "mibi", "giga", "gibi", "tera", "tebi", "peta", "pebi"
	};
	static const char *const units[] = {
		"amperes", "bits", "bytes", "calories", "celsius", "days", "fahrenheit", "grams",
		"hours", "inches", "joules", "kelvin", "kelvins", "meters", "metres", "miles",
		"minutes", "ounces", "percent", "pounds", "rankine", "seconds", "volts", "watts",
		"weeks", "yards"
	};

	if (is_among(s, len, words, ARRAY_LEN(words)) || is_among(s, len, units, ARRAY_LEN(units)))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		size_t n = strlen(prefixes[i]);

		if (len > n && memcmp(s, prefixes[i], n) == 0
		    && is_among(s + n, len - n, units, ARRAY_LEN(units)))
			return true;
	}
	return false;
}

/* Joins a reserved word to the word before. */
static void end_word(struct buf *name, size_t from)
{
	char *word;

	if (name->failed || from >= name->len || name->data[from] != '_')
		return;
	word = name->data + from;
	if (!is_reserved(word + 1, name->len - from - 1))
		return;
	memmove(word, word + 1, name->len - from - 1);
	name->len--;
}

/* In `queueState` and `OFF_QUEUE` the S and the Q begin a word, in `ACWUsers` the U. */
static bool begins_word(const char *s, size_t len, size_t i)
{
	unsigned char c = (unsigned char)s[i], before = i ? (unsigned char)s[i - 1] : '.',
		after = i + 1 < len ? (unsigned char)s[i + 1] : '.';

	if (before < 0x80 && !isalnum(before))
		return true;
	return isupper(c) && c < 0x80 && (!isupper(before) || before >= 0x80
		|| (after < 0x80 && islower(after)));
}

void prometheus_put_words(struct buf *name, const char *s, size_t len)
{
	size_t from = name->len;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x80 && !isalnum(c))
			continue;
		if (begins_word(s, len, i)) {
			end_word(name, from);
			from = name->len;
			buf_char(name, '_');
		}
		if (c >= 0x80)	/* in hex, so that different names stay different */
			buf_printf(name, "%02x", c);
		else
			buf_char(name, (char)tolower(c));
	}
	end_word(name, from);
}

/* Some endings are reserved for other metric types. */
static void end_name(struct buf *name)
{
	static const char *const taken[] = { "_total", "_count", "_sum", "_bucket" };

	for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
		size_t n = strlen(taken[i]);

		if (!name->failed && name->len > n
		    && memcmp(name->data + name->len - n, taken[i], n) == 0) {
			buf_str(name, "_value");
			break;
		}
	}
	buf_char(name, '\0');
}

/* --- families ----------------------------------------------------------------------- */

/* The index of the name, or where to insert it. */
static size_t place(const struct families *fs, const char *name, bool *found)
{
	size_t low = 0, high = fs->n;

	*found = false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(name, fs->v[mid].name);

		if (order == 0) {
			*found = true;
			return mid;
		}
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static struct family *insert(struct families *fs, size_t at)
{
	struct family f = { .name = NULL };

	if (fs->n == fs->cap) {
		size_t cap = fs->cap ? 2 * fs->cap : 64;
		struct family *v = reallocarray(fs->v, cap, sizeof(*v));

		if (!v)
			return NULL;
		fs->v = v;
		fs->cap = cap;
	}
	f.name = strdup(fs->name.data);
	f.help = f.name ? strdup(fs->help.data) : NULL;
	if (!f.help) {
		free(f.name);
		return NULL;
	}
	memmove(fs->v + at + 1, fs->v + at, (fs->n - at) * sizeof(*fs->v));
	fs->v[at] = f;
	fs->n++;
	return &fs->v[at];
}

/* Adds a number to the family of fs->name and fs->help. */
static void add(struct families *fs, const struct metric_line *s)
{
	struct family *f;
	size_t at;
	bool found;

	fs->failed = fs->failed || fs->name.failed || fs->help.failed;
	if (fs->failed || isnan(s->value))
		return;
	at = place(fs, fs->name.data, &found);
	f = found ? &fs->v[at] : insert(fs, at);
	if (f && f->n == f->cap) {
		size_t cap = f->cap ? 2 * f->cap : 8;
		struct metric_line *v = reallocarray(f->v, cap, sizeof(*v));

		if (v) {
			f->v = v;
			f->cap = cap;
		}
	}
	fs->failed = !f || f->n == f->cap;
	if (!fs->failed)
		f->v[f->n++] = *s;
}

static void begin(struct families *fs, const char *name, const char *help)
{
	buf_clear(&fs->name);
	buf_clear(&fs->help);
	buf_add(&fs->name, name, strlen(name) + 1);
	buf_add(&fs->help, help, strlen(help) + 1);
}

static void families_free(struct families *fs)
{
	for (size_t i = 0; i < fs->n; i++) {
		free(fs->v[i].name);
		free(fs->v[i].help);
		free(fs->v[i].v);
	}
	free(fs->v);
	buf_free(&fs->name);
	buf_free(&fs->help);
}

/* --- rows ----------------------------------------------------------------------------- */

static const struct {
	enum row_statistic stat;
	const char *name, *words;
} statistics[] = {
	{ STAT_COUNT, "samples", "values in the window" },
	{ STAT_LAST, "last", "last in the window" },
	{ STAT_MIN, "min", "minimum in the window" },
	{ STAT_MAX, "max", "maximum in the window" },
	{ STAT_MEAN, "mean", "mean of the window" },
	{ STAT_STDDEV, "stddev", "standard deviation in the window" },
	{ STAT_P50, "p50", "median of the window" },
	{ STAT_P90, "p90", "90th percentile of the window" },
	{ STAT_P95, "p95", "95th percentile of the window" },
	{ STAT_P99, "p99", "99th percentile of the window" },
	{ STAT_CARRIED, "carried", "1: known only from before the window" },
	{ STAT_OBSERVED_MS, "observed", "how long it was known in the window" },
	{ STAT_EVENTS, "events", "messages in the window" },
	{ STAT_DELTA, "delta", "increase in the window" },
	{ STAT_TOTAL, "so_far", "since the half hour began" },
	{ STAT_VALUE, NULL, "of the half hour" }
};

static void begin_series(struct families *fs, const struct row *row, const struct row_series *f,
	const char *field, size_t stat)
{
	const char *name = statistics[stat].name;
	bool ms = row_stat_is_ms(f, statistics[stat].stat);
	size_t len = strlen(field);

	if (ms && len > 2 && strcmp(field + len - 2, "Ms") == 0)
		len -= 2;
	buf_clear(&fs->name);
	buf_str(&fs->name, row->media ? "gsqstat_media" : "gsqstat");
	prometheus_put_words(&fs->name, f->metric, strlen(f->metric));
	prometheus_put_words(&fs->name, field, len);
	buf_printf(&fs->name, "%s%s%s", name ? "_" : "", name ? name : "", ms ? "_seconds" : "");
	end_name(&fs->name);
	buf_clear(&fs->help);
	buf_printf(&fs->help, "%s.%s, %s%s.", f->metric, field, statistics[stat].words,
		ms ? ", in seconds" : "");
	buf_char(&fs->help, '\0');
}

static void put_series(struct families *fs, const struct row *row, const struct row_series *f,
	unsigned stats)
{
	const struct agent_label agents = agent_label_of(f);

	for (size_t i = 0; i < ARRAY_LEN(statistics); i++) {
		enum row_statistic stat = statistics[i].stat;
		double value = f->stat[stat];

		if (isnan(value) || (stat != STAT_VALUE && !(stats & 1u << stat)))
			continue;
		begin_series(fs, row, f, agents.field, i);
		add(fs, &(struct metric_line){ row, NULL, { agents.key, agents.value },
			row_stat_is_ms(f, stat) ? value / 1000 : value });
	}
}

/* Adds the queue's numbers that belong to no series. Several runs can watch one queue, each with
 * another source, so the source is a label. */
static void put_queue(struct families *fs, const struct row_window *w, const struct row *row)
{
	char lag[64];
	const struct {
		const char *name, *help;
		double value;
	} numbers[] = {
		{ "gsqstat_coverage_ratio", "Share of the window in which the source was "
			"connected.", row->coverage },
		{ "gsqstat_updates", "Frames that count in the window.", (double)row->updates },
		{ "gsqstat_last_success_timestamp_seconds", "End of the last whole window.",
			(double)w->end_ms / 1000 }
	};

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		begin(fs, numbers[i].name, numbers[i].help);
		add(fs, &(struct metric_line){ row, w->source, { .key = NULL }, numbers[i].value });
	}
	for (enum row_lag s = 0; s < LAG_STATS; s++) {
		snprintf(lag, sizeof(lag), "gsqstat_lag_%s_seconds", row_lag_names[s]);
		begin(fs, lag, "Arrival minus timestamp of the window's frames.");
		add(fs, &(struct metric_line){ row, w->source, { .key = NULL },
			row->lag_ms[s] / 1000 });
	}
	begin(fs, "gsqstat_rejected", "Frames of the window that were rejected, by reason.");
	for (enum verdict v = 0; v < VERDICT_REJECTS; v++)
		add(fs, &(struct metric_line){ row, w->source,
			{ "reason", slice_of(verdict_name(v)) }, (double)row->rejected[v] });
}

static void put_row(struct families *fs, const struct row_window *w, const struct row *row,
	unsigned stats)
{
	for (size_t i = 0; i < row->nseries; i++)
		if (!row->series[i].sum)	/* Prometheus can add up itself */
			put_series(fs, row, &row->series[i], stats);
	if (!row->media)
		put_queue(fs, w, row);
}

/* --- as text ------------------------------------------------------------------------ */

/* Escapes backslashes and, in labels, quotes. Line breaks are replaced. */
static void put_escaped(struct buf *out, struct slice text, bool quotes)
{
	for (size_t i = 0, from = 0; i <= text.len; i++) {
		if (i < text.len && text.s[i] != '\\' && !(quotes && text.s[i] == '"'))
			continue;
		text_put_safe(out, text.s + from, i - from);
		if (i < text.len)
			buf_printf(out, "\\%c", text.s[i]);
		from = i + 1;
	}
}

static void put_label(struct buf *out, const char *key, struct slice value)
{
	buf_printf(out, ",%s=\"", key);
	if (value.len)
		put_escaped(out, value, true);
	buf_char(out, '"');
}

static void put_labels(struct buf *out, const struct metric_line *s)
{
	const size_t at = out->len;

	for (enum row_member m = 0; m < ROW_MEMBERS; m++) {
		const struct row_member_info *member = &row_members[m];
		const char *text = row_text(s->row, m);

		if (member->label && (text || member->optional))
			put_label(out, member->label, slice_of(text));
	}
	if (s->source)
		put_label(out, "source", slice_of(s->source));
	if (s->label.key)
		put_label(out, s->label.key, s->label.value);
	for (size_t i = 0; s->row->labels && i < s->row->labels->n; i++)
		put_label(out, s->row->labels->v[i].name, slice_of(s->row->labels->v[i].value));
	buf_char(out, '}');
	if (!out->failed)
		out->data[at] = '{';	/* not a comma */
}

/* Appends the labels of a line to those of the lines before it. False: they are there already, for
 * labels that differ can be shown in one way. */
static bool add_labels(struct buf *labels, const struct metric_line *s)
{
	const size_t at = labels->len;

	put_labels(labels, s);
	buf_char(labels, '\n');
	return labels->failed
		|| !memmem(labels->data, at, labels->data + at, labels->len - at);
}

/* labels: scratch */
static void put_family(struct buf *out, const struct family *f, struct buf *labels, size_t *skipped)
{
	buf_printf(out, "# HELP %s ", f->name);
	put_escaped(out, slice_of(f->help), false);
	buf_printf(out, "\n# TYPE %s gauge\n", f->name);
	for (size_t i = 0; i < f->n; i++) {
		size_t at;

		if (!i || f->v[i].row->queue != f->v[i - 1].row->queue)
			buf_clear(labels);
		at = labels->len;
		if (!add_labels(labels, &f->v[i])) {
			++*skipped;
			continue;
		}
		buf_str(out, f->name);
		buf_add(out, labels->data + at, labels->len - at - 1);
		buf_char(out, ' ');
		json_put_double(out, f->v[i].value);
		buf_char(out, '\n');
	}
	out->failed = out->failed || labels->failed;
}

bool prometheus_put(struct buf *out, const struct row_window *w, unsigned stats, size_t *skipped)
{
	struct families fs = { .v = NULL };

	for (size_t i = 0; i < w->nrow && !fs.failed; i++)
		put_row(&fs, w, &w->row[i], stats);
	*skipped = 0;
	for (size_t i = 0; i < fs.n && !fs.failed && !out->failed; i++)
		put_family(out, &fs.v[i], &fs.name, skipped);
	families_free(&fs);
	return !fs.failed && !out->failed;
}

struct prometheus {
	unsigned stats;
	size_t skipped;		/* in the last window */
};

static void *new_output(const struct output_conf *conf)
{
	struct prometheus *p = calloc(1, sizeof(*p));

	if (p)
		p->stats = conf->stats;
	return p;
}

static bool put_output(void *state, const struct row_window *w, struct buf *out)
{
	struct prometheus *p = state;

	return prometheus_put(out, w, p->stats, &p->skipped);
}

static void warn(void *state, struct lines *warnings)
{
	const struct prometheus *p = state;

	if (p->skipped)
		lines_add(warnings, "%zu numbers are left out: others have the same name and "
			"labels", p->skipped);
}

/* Prometheus reserves le and quantile. */
static const char *const own_labels[] = { "status", "presence", "source", "reason", "le",
	"quantile", NULL };

const struct output output_prometheus = {
	.new = new_output, .free = free, .put = put_output, .warn = warn, .only_last = true,
	.features = OUTPUT_STATS, .own_labels = own_labels
};
