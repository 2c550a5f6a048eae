/*
 * InfluxDB output (-f influx): the rows of a closed window in the line protocol. A line for each
 * series, and one for the other numbers of each queue:
 *
 *   gsqstat,field=count,media=voice,metric=oWaiting,queue_id=…,queue_name=… last=3,mean=2.5 NS
 *
 * An agent's status or presence is a tag. Fields are statistics, always floats, in the units of
 * rows; the time is the window's end in ns. Values that are null are left out.
 */
#include "output/output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "output/agent_label.h"
#include "util/text.h"

#define NS_PER_MS "000000"

/* The length without backslashes at the end, which would escape the next character. They cannot be
 * escaped themselves, because parsers differ about that. */
static size_t trim_backslashes(const char *s, size_t len)
{
	while (len && s[len - 1] == '\\')
		len--;
	return len;
}

/* Escapes `,`, `=` and blanks; a line break becomes a blank. */
static void put_escaped(struct buf *out, const char *s, size_t len)
{
	while (len) {
		size_t n = strcspn(s, ",= \n\r");

		n = n < len ? n : len;
		text_put_safe(out, s, trim_backslashes(s, n));
		if (n < len)
			buf_printf(out, "\\%c", s[n] == '\n' || s[n] == '\r' ? ' ' : s[n]);
		n += n < len;
		s += n;
		len -= n;
	}
}

/* The tags of a line, sorted by their keys, as InfluxDB wants. */
struct tags {
	struct tag {
		const char *key;
		struct slice value;
	} v[3 + ROW_MEMBERS + ROW_LABELS_MAX];
	size_t n;
};

/* A tag without a value is left out. */
static void put_tag(struct buf *out, const struct tag *tag)
{
	const size_t len = tag->value.s ? trim_backslashes(tag->value.s, tag->value.len) : 0;

	if (!len)
		return;
	buf_printf(out, ",%s=", tag->key);
	put_escaped(out, tag->value.s, len);
}

static void add_tag(struct tags *tags, const char *key, struct slice value)
{
	size_t at = tags->n++;

	for (; at > 0 && strcmp(tags->v[at - 1].key, key) > 0; at--)
		tags->v[at] = tags->v[at - 1];
	tags->v[at] = (struct tag){ key, value };
}

/* series NULL: the tags of the row itself. */
static void put_tags(struct buf *out, const struct row *row, const struct row_series *series)
{
	const struct agent_label agents = series ? agent_label_of(series)
		: (struct agent_label){ .key = NULL };
	struct tags tags = { .n = 0 };

	add_tag(&tags, "field", slice_of(agents.field));
	add_tag(&tags, "metric", slice_of(series ? series->metric : NULL));
	for (enum row_member m = 0; m < ROW_MEMBERS; m++)
		if (row_members[m].label)
			add_tag(&tags, row_members[m].label, slice_of(row_text(row, m)));
	if (agents.key)
		add_tag(&tags, agents.key, agents.value);
	for (size_t i = 0; row->labels && i < row->labels->n; i++)
		add_tag(&tags, row->labels->v[i].name, slice_of(row->labels->v[i].value));
	buf_str(out, "gsqstat");
	for (size_t i = 0; i < tags.n; i++)
		put_tag(out, &tags.v[i]);
}

/* Appends a float. In the line protocol a number without a decimal point is a float, too. */
static void put_field(struct buf *out, char *before, const char *name, double value)
{
	if (isnan(value))
		return;
	buf_printf(out, "%c%s=", *before, name);
	json_put_double(out, value);
	*before = ',';
}

static void put_time(struct buf *out, const struct row *row)
{
	buf_printf(out, " %lld" NS_PER_MS "\n", (long long)row->end_ms);
}

static void put_series(struct buf *out, const struct row *row, const struct row_series *series,
	unsigned stats)
{
	const size_t len = out->len;
	char before = ' ';

	put_tags(out, row, series);
	for (enum row_statistic s = 0; s < STAT_NAMES; s++)
		if (stats & 1u << s)
			put_field(out, &before, row_stat_names[s], series->stat[s]);
	put_field(out, &before, "value", series->stat[STAT_VALUE]);
	if (before == ' ')	/* the series has no number, but a line needs one */
		out->len = len;
	else
		put_time(out, row);
}

/* The line of the row's numbers that belong to no series, with their names in rows. */
static void put_row(struct buf *out, const struct row *row)
{
	char before = ' ', name[64];

	put_tags(out, row, NULL);
	put_field(out, &before, "coverage", row->coverage);
	put_field(out, &before, "updates", (double)row->updates);
	for (enum verdict v = 0; v < VERDICT_REJECTS; v++) {
		snprintf(name, sizeof(name), "rejected.%s", verdict_name(v));
		put_field(out, &before, name, (double)row->rejected[v]);
	}
	for (enum row_lag s = 0; s < LAG_STATS; s++) {
		snprintf(name, sizeof(name), "lagMs.%s", row_lag_names[s]);
		put_field(out, &before, name, row->lag_ms[s]);
	}
	put_time(out, row);
}

static void *new_output(const struct output_conf *conf)
{
	unsigned *stats = malloc(sizeof(*stats));

	if (stats)
		*stats = conf->stats;
	return stats;
}

static bool put(void *state, const struct row_window *w, struct buf *out)
{
	const unsigned *stats = state;

	for (size_t i = 0; i < w->nrow && !out->failed; i++) {
		const struct row *row = &w->row[i];

		if (!row->media)
			put_row(out, row);
		for (size_t k = 0; k < row->nseries; k++)
			if (!row->series[k].sum)	/* the database can add up itself */
				put_series(out, row, &row->series[k], *stats);
	}
	return !out->failed;
}

/* Our tags, names that InfluxDB reserves, and our fields, which a query could not tell from a tag
 * of the same name. */
static const char *const own_labels[] = { "status", "presence", "metric", "field", "group", "shard",
	"time", "_field", "_measurement", "coverage", "updates", "value", NULL };

const struct output output_influx = { .new = new_output, .free = free, .put = put,
	.features = OUTPUT_STATS, .own_labels = own_labels };
