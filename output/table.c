#include "output/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/base.h"
#include "util/lines.h"
#include "util/term_text.h"
#include "util/text.h"
#include "util/time.h"
#include "util/utf8.h"

#define HEADER_EVERY 24		/* rows, if it is not a terminal */
#define HEADER_LINES 2
#define GAP 2
#define NUMBER 5		/* columns of a number */
#define PAIR (2 * NUMBER + 1)	/* a series has two numbers, with a blank between them */
#define LABEL 24		/* columns of a label; more if there is room */
#define TREND 8			/* windows */
#define UPDATES 4
#define COVERAGE 3
#define LAG 5
#define MEDIA_INDENT 2
#define NAME_LEAST 16		/* columns of a name, or fewer on the narrowest screens */
#define ID_LEAST 9
#define KNOWN_MAX 128		/* series; the first ones are shown */
#define MS_DAY 3600000		/* windows of this length or longer are shown with their day */

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define WARN "\033[33m"
#define PLAIN "\033[0m"

/* A series that has columns, or would have if there were room. */
struct known {
	char *metric, *path;
	char *label;
	enum row_kind kind;
	bool is_ms;
};

struct trend {			/* of a row: its first series over the last windows */
	size_t queue;
	char *media;		/* NULL: the queue's own row */
	double v[TREND];	/* the newest last; NaN: none */
	uint64_t seen;		/* the window of the newest value, as counted by table.windows */
};

struct layout {			/* widths in columns; 0: not shown */
	size_t clock, queue;
	size_t nseries, series[KNOWN_MAX];
	size_t trend, coverage, updates, lag;
	size_t used;
};

struct table {
	struct output_conf conf;
	struct term_text_signs signs;
	struct known known[KNOWN_MAX];
	size_t nknown;
	struct trend *trend;
	size_t ntrend, captrend;
	size_t last_trend;	/* search from here: rows usually come in the same order */
	uint64_t windows;
	size_t name_width;	/* of the widest name so far */
	size_t id_width;	/* columns that are enough to tell all IDs so far apart */
	struct layout layout;
	int64_t offset_ms;	/* of the times from UTC */
	char zone[TIME_ZONE_MAX];	/* of the times, and the title of their column */
	bool stale;		/* the last header was printed for another layout */
	size_t rows;		/* since the header */
	struct buf line;
};

static void *new(const struct output_conf *conf)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->conf = *conf;
	t->signs = (struct term_text_signs){ utf8_locale_new(), conf->ascii };
	t->id_width = ID_LEAST;
	t->stale = true;
	return t;
}

static void free_state(void *table)
{
	struct table *t = table;

	if (!t)
		return;
	for (size_t i = 0; i < t->nknown; i++) {
		free(t->known[i].metric);
		free(t->known[i].path);
		free(t->known[i].label);
	}
	for (size_t i = 0; i < t->ntrend; i++)
		free(t->trend[i].media);
	utf8_locale_free(t->signs.utf8);
	free(t->trend);
	buf_free(&t->line);
	free(t);
}

/* --- series ------------------------------------------------------------------------- */

/* The two numbers that are shown of each kind. */
static const struct {
	const char *title[2];
	enum row_statistic stat[2];
	enum term_text_number first;
	enum row_statistic trend;
	size_t n;
} kinds[] = {
	[ROW_SAMPLE] = { { "mean", "max" }, { STAT_MEAN, STAT_MAX }, NUMBER_MEAN, STAT_MEAN, 2 },
	[ROW_GAUGE] = { { "last", "max" }, { STAT_LAST, STAT_MAX }, NUMBER_VALUE, STAT_MEAN, 2 },
	[ROW_AGE] = { { "last", "max" }, { STAT_LAST, STAT_MAX }, NUMBER_MS, STAT_MAX, 2 },
	[ROW_TOTAL] = { { "delta", "total" }, { STAT_DELTA, STAT_TOTAL }, NUMBER_VALUE,
		STAT_DELTA, 2 },
	[ROW_PLAIN] = { { "value", "" }, { STAT_VALUE, STAT_VALUE }, NUMBER_VALUE, STAT_VALUE, 1 }
};

static bool is_known(const struct known *k, const struct row_series *f)
{
	return k->kind == f->kind && strcmp(k->path, f->path) == 0
		&& strcmp(k->metric, f->metric) == 0;
}

/* The metric and path without a usual ending of the path: `oWaiting`, `oOnQueueUsers.IDLE`. */
static char *make_label(const struct row_series *f)
{
	const char *unsaid = f->kind == ROW_AGE ? ".ageMs" : ".count";
	struct buf text = { 0 };

	buf_printf(&text, "%s.%s", f->metric, f->path);
	if (text.len > strlen(unsaid)
	    && memcmp(text.data + text.len - strlen(unsaid), unsaid, strlen(unsaid)) == 0)
		text.len -= strlen(unsaid);
	buf_char(&text, '\0');
	if (text.failed)
		buf_free(&text);
	return text.data;
}

static bool learn(struct table *t, size_t at, const struct row_series *f)
{
	struct known k = { strdup(f->metric), strdup(f->path), make_label(f), f->kind,
		row_stat_is_ms(f, kinds[f->kind].stat[0]) };

	if (!k.metric || !k.path || !k.label) {
		free(k.metric);
		free(k.path);
		free(k.label);
		return false;
	}
	memmove(&t->known[at + 1], &t->known[at], (t->nknown - at) * sizeof(k));
	t->known[at] = k;
	t->nknown++;
	t->stale = t->stale || at < t->layout.nseries;
	for (size_t i = 0; at == 0 && i < t->ntrend; i++)	/* the first series changed */
		t->trend[i].seen = 0;
	return true;
}

static size_t place(const struct table *t, const struct row_series *f, size_t from, size_t to)
{
	while (from < to && !is_known(&t->known[from], f))
		from++;
	return from;
}

/* Inserts series that no row had before, each after the one that it follows in this row. */
static bool learn_row(struct table *t, const struct row *row)
{
	size_t at = 0;

	for (size_t i = 0; i < row->nseries; i++) {
		const struct row_series *f = &row->series[i];
		size_t k = place(t, f, at, t->nknown);

		if (k == t->nknown && place(t, f, 0, at) < at)
			k = place(t, f, 0, at);
		if (k < t->nknown)
			at = k + 1;
		else if (t->nknown < KNOWN_MAX && !learn(t, at++, f))
			return false;
	}
	return true;
}

static const struct row_series *find(const struct row *row, const struct known *k)
{
	for (size_t i = 0; i < row->nseries; i++)
		if (is_known(k, &row->series[i]))
			return &row->series[i];
	return NULL;
}

/* --- the trend ---------------------------------------------------------------------- */

static bool is_trend_of(const struct trend *trend, const struct row *row)
{
	return trend->queue == row->queue && !trend->media == !row->media
		&& (!row->media || strcmp(trend->media, row->media) == 0);
}

static struct trend *trend_new(struct table *t, const struct row *row)
{
	struct trend new = { .queue = row->queue }, *trend;

	if (t->ntrend == t->captrend) {
		trend = reallocarray(t->trend, 2 * t->captrend + 16, sizeof(*trend));
		if (!trend)
			return NULL;
		t->trend = trend;
		t->captrend = 2 * t->captrend + 16;
	}
	if (row->media && !(new.media = strdup(row->media)))
		return NULL;
	t->last_trend = t->ntrend;
	t->trend[t->ntrend] = new;
	return &t->trend[t->ntrend++];
}

/* NULL: out of memory. */
static struct trend *trend_of(struct table *t, const struct row *row)
{
	for (size_t i = 1; i <= t->ntrend; i++) {
		size_t at = (t->last_trend + i) % t->ntrend;

		if (is_trend_of(&t->trend[at], row)) {
			t->last_trend = at;
			return &t->trend[at];
		}
	}
	return trend_new(t, row);
}

/* Windows without this row leave gaps, and so do those before its first window. */
static void trend_add(struct table *t, struct trend *trend, double value)
{
	uint64_t past = trend->seen ? t->windows - trend->seen : TREND;

	for (past = past < TREND ? past : TREND; past; past--) {
		memmove(trend->v, trend->v + 1, (TREND - 1) * sizeof(*trend->v));
		trend->v[TREND - 1] = NAN;
	}
	trend->v[TREND - 1] = value;
	trend->seen = t->windows;
}

static void put_trend(const struct table *t, struct buf *out, const struct trend *trend)
{
	static const char *const bars[] = { "\xE2\x96\x81", "\xE2\x96\x82", "\xE2\x96\x83",
		"\xE2\x96\x84", "\xE2\x96\x85", "\xE2\x96\x86", "\xE2\x96\x87", "\xE2\x96\x88" };
	static const char *const signs[] = { "_", ".", "-", "=", "+", "*", "%", "#" };
	double low = 0, high = 0;

	for (size_t i = 0; i < TREND; i++) {
		low = fmin(low, trend->v[i]);	/* ignores NaN */
		high = fmax(high, trend->v[i]);
	}
	for (size_t i = 0; i < TREND; i++) {
		double part = high > low ? (trend->v[i] - low) / (high - low) : 0;

		if (isnan(trend->v[i]))
			buf_char(out, ' ');
		else
			buf_str(out, (t->conf.ascii ? signs : bars)[lround(part * 7)]);
	}
}

/* --- queues ------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* True if all IDs differ when they are cut to the given columns. *ok false: out of memory. */
static bool ids_differ(const struct table *t, const struct row_window *r, size_t columns, bool *ok)
{
	struct lines ids = { 0 };
	struct buf text = { 0 };
	bool differ = true;

	for (size_t i = 0; i < r->nrow; i++) {
		if (r->row[i].media || r->row[i].queue_name)
			continue;
		buf_clear(&text);
		term_text_put(&text, &t->signs, r->row[i].queue_id, columns);
		lines_add(&ids, "%.*s", (int)text.len, text.data);
	}
	*ok = !ids.failed && !text.failed;
	if (*ok && ids.n)
		qsort(ids.v, ids.n, sizeof(*ids.v), compare);
	for (size_t i = 1; *ok && i < ids.n; i++)
		differ = differ && strcmp(ids.v[i - 1], ids.v[i]) != 0;
	lines_free(&ids);
	buf_free(&text);
	return differ;
}

/* Measures names and IDs. Their widths only grow, so that columns stay in place. */
static bool measure(struct table *t, const struct row_window *r, size_t *ids)
{
	bool ok = true;

	*ids = 0;
	for (size_t i = 0; i < r->nrow; i++) {
		const struct row *row = &r->row[i];
		size_t width = 0;

		if (row->media)
			width = MEDIA_INDENT + term_text_width(&t->signs, row->media);
		else if (row->queue_name)
			width = term_text_width(&t->signs, row->queue_name);
		else
			++*ids;
		if (width > t->name_width)
			t->name_width = width;
	}
	while (*ids > 1 && ok && t->id_width < UUID_LEN && !ids_differ(t, r, t->id_width, &ok))
		t->id_width++;
	return ok;
}

/* --- the layout --------------------------------------------------------------------- */

static size_t at_most(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t at_least(size_t a, size_t b)
{
	return a > b ? a : b;
}

static size_t clock_width(const struct table *t)
{
	return t->conf.window_ms < 1000 ? strlen("00:00:00.000")
		: t->conf.window_ms < MS_DAY ? strlen("00:00:00") : strlen("12-31 00:00");
}

/* Takes the columns if that many are left, else none. */
static size_t take(struct layout *l, size_t width, size_t columns)
{
	if (l->used + GAP + columns > width)
		return 0;
	l->used += GAP + columns;
	return columns;
}

static void grow(struct layout *l, size_t width, size_t *column, size_t wish)
{
	size_t more = wish > *column ? at_most(wish - *column, width - l->used) : 0;

	*column += more;
	l->used += more;
}

/* Takes columns in the order of importance; those that are left go to names and labels. */
static void lay_out(struct table *t, size_t width, bool has_ids)
{
	size_t names = at_least(t->name_width, strlen("queue"));
	struct layout l = { .clock = clock_width(t) };

	l.queue = at_least(at_most(names, NAME_LEAST), has_ids ? t->id_width : 0);
	l.queue = at_most(l.queue, width - l.clock - 2 - GAP - PAIR - GAP - COVERAGE);
	l.used = l.clock + 2 + l.queue;
	if (t->nknown && take(&l, width, PAIR))
		l.series[l.nseries++] = PAIR;
	l.coverage = take(&l, width, COVERAGE);
	if (l.nseries && t->conf.trend)
		l.trend = take(&l, width, TREND);
	l.updates = take(&l, width, UPDATES);
	l.lag = take(&l, width, LAG);
	while (l.nseries && l.nseries < t->nknown) {
		size_t columns = at_least(PAIR, at_most(LABEL,
			term_text_width(&t->signs, t->known[l.nseries].label)));

		/* on a narrow screen a cut label is better than none */
		if (!take(&l, width, columns)) {
			columns = PAIR;
			if (l.nseries > 1 || !take(&l, width, columns))
				break;
		}
		l.series[l.nseries++] = columns;
	}
	grow(&l, width, &l.queue, names);
	for (size_t i = 0; i < l.nseries; i++) {
		size_t label = term_text_width(&t->signs, t->known[i].label);
		size_t beside = i == 0 && l.trend ? GAP + TREND : 0;

		grow(&l, width, &l.series[i], label > beside ? label - beside : 0);
	}
	if (has_ids && l.queue < UUID_LEN && width - l.used >= UUID_LEN - l.queue)
		grow(&l, width, &l.queue, UUID_LEN);
	if (memcmp(&l, &t->layout, sizeof(l)) != 0)
		t->stale = true;
	t->layout = l;
}

/* --- lines -------------------------------------------------------------------------- */

static void put_right(struct buf *out, const char *text, size_t columns)
{
	buf_printf(out, "%*s", (int)columns, text);
}

static void gap(struct buf *out, size_t columns)
{
	term_text_blanks(out, GAP + columns);
}

static void put_left(const struct table *t, struct buf *out, const char *text, size_t columns)
{
	term_text_blanks(out, columns - term_text_put(out, &t->signs, text, columns));
}

/* Removes blanks at the end of the line. */
static void end_line(struct buf *line, struct buf *out)
{
	while (line->len && line->data[line->len - 1] == ' ')
		line->len--;
	buf_add(out, line->data, line->len);
	out->failed = out->failed || line->failed;
	buf_char(out, '\n');
	buf_clear(line);
}

/* Says how many series are not shown, in the header above the last columns. */
static void put_more(const struct table *t, struct buf *out)
{
	const struct layout *l = &t->layout;
	size_t room = l->updates + l->coverage + l->lag
		+ GAP * (size_t)(!!l->updates + !!l->coverage + !!l->lag);
	char text[48];
	snprintf(text, sizeof(text), "+%zu more", t->nknown - l->nseries);
	if (strlen(text) + GAP > room)
		*strchr(text, ' ') = '\0';
	if (t->nknown > l->nseries && strlen(text) + GAP <= room)
		put_right(out, text, room);
}

static void put_labels(struct table *t, struct buf *out)
{
	const struct layout *l = &t->layout;

	term_text_blanks(&t->line, l->clock + 2 + l->queue);
	for (size_t i = 0; i < l->nseries; i++) {
		size_t columns = l->series[i] + (i == 0 && l->trend ? GAP + TREND : 0);

		gap(&t->line, 0);
		put_left(t, &t->line, t->known[i].label, columns);
	}
	put_more(t, &t->line);
	end_line(&t->line, out);
}

static void put_titles(struct table *t, struct buf *out)
{
	const struct layout *l = &t->layout;
	struct buf *line = &t->line;

	put_left(t, line, t->zone, l->clock + 2);
	put_left(t, line, "queue", l->queue);
	for (size_t i = 0; i < l->nseries; i++) {
		enum row_kind kind = t->known[i].kind;

		gap(line, 0);
		put_right(line, kinds[kind].title[0], NUMBER);
		put_right(line, kinds[kind].title[1], NUMBER + 1);
		term_text_blanks(line, l->series[i] - PAIR);
		if (i == 0 && l->trend)
			buf_str(line, "  trend   ");
	}
	if (l->updates)
		put_right(line, "upd", GAP + UPDATES);
	if (l->coverage)
		put_right(line, "cov", GAP + COVERAGE);
	if (l->lag)
		put_right(line, "lag", GAP + LAG);
	end_line(line, out);
}

static void put_header(struct table *t, const struct table_screen *screen, struct buf *out)
{
	buf_str(out, screen->colour ? BOLD : "");
	if (t->layout.nseries)
		put_labels(t, out);
	put_titles(t, out);
	/* ends bold before the newline */
	if (screen->colour && !out->failed) {
		out->len--;
		buf_str(out, PLAIN "\n");
	}
	t->stale = false;
	t->rows = 0;
}

static void put_time(const struct table *t, struct buf *out, int64_t local_ms)
{
	char text[TIME_TEXT_MAX];	/* 2026-11-24T02:00:00.000Z */

	time_format_ms(text, local_ms);
	text[10] = ' ';
	buf_add(out, text + (t->conf.window_ms < MS_DAY ? 11 : 5), t->layout.clock);
}

static void put_coloured(struct buf *out, const char *colour, const char *text, size_t columns)
{
	put_right(out, "", columns - strlen(text));
	buf_printf(out, "%s%s%s", colour, text, *colour ? PLAIN : "");
}

/* Appends the coverage, or nothing if it is full. */
static void put_coverage(struct buf *out, double coverage, bool colour)
{
	char text[8] = "-";

	if (coverage > 0 && coverage < 0.01)
		memcpy(text, "<1%", sizeof("<1%"));
	else if (!isnan(coverage))
		snprintf(text, sizeof(text), "%d%%", (int)(coverage * 100 + 1e-9));
	if (coverage >= 1)
		gap(out, COVERAGE);
	else
		put_coloured(out, colour && !isnan(coverage) ? WARN : "", text, GAP + COVERAGE);
}

static void put_series(struct table *t, const struct row *row, size_t i)
{
	const struct known *k = &t->known[i];
	const struct row_series *f = find(row, k);
	char text[TERM_TEXT_NUMBER_MAX];

	gap(&t->line, 0);
	for (size_t s = 0; s < kinds[k->kind].n; s++) {
		double x = f ? f->stat[kinds[k->kind].stat[s]] : NAN;
		enum term_text_number kind = k->is_ms ? NUMBER_MS
			: s == 0 ? kinds[k->kind].first : NUMBER_VALUE;

		put_right(&t->line, term_text_number(text, kind, x, NUMBER), NUMBER + s);
	}
	term_text_blanks(&t->line, t->layout.series[i]
		- (kinds[k->kind].n == 2 ? PAIR : NUMBER));
}

static void put_row(struct table *t, const struct row_window *r, const struct row *row,
	const struct trend *trend, const struct table_screen *screen, struct buf *out)
{
	const struct layout *l = &t->layout;
	const char *dim = screen->colour && row != r->row ? DIM : "";
	struct buf *line = &t->line;
	char text[TERM_TEXT_NUMBER_MAX];

	/* all rows have the same time, so those after the first are dim */
	buf_str(line, dim);
	put_time(t, line, r->end_ms + t->offset_ms);
	buf_str(line, *dim ? PLAIN : "");
	put_coloured(line, screen->colour && r->partial ? WARN : "", r->partial ? "*" : " ", 1);
	buf_char(line, ' ');
	if (row->media)
		term_text_blanks(line, MEDIA_INDENT);
	put_left(t, line, row->media ? row->media : row->queue_name ? row->queue_name
		: row->queue_id, l->queue - (row->media ? MEDIA_INDENT : 0));
	for (size_t i = 0; i < l->nseries; i++) {
		put_series(t, row, i);
		if (i == 0 && l->trend) {
			gap(line, 0);
			put_trend(t, line, trend);
		}
	}
	if (l->updates)
		put_right(line, term_text_number(text, NUMBER_VALUE, (double)row->updates, UPDATES),
			GAP + UPDATES);
	if (l->coverage)
		put_coverage(line, row->coverage, screen->colour);
	if (l->lag)
		put_right(line, term_text_number(text, NUMBER_MS, row->lag_ms[LAG_MEAN], LAG),
			GAP + LAG);
	end_line(line, out);
	t->rows++;
}

/* On a screen the header is repeated so often that it is always visible. The cursor needs the last
 * line. */
static bool is_header_due(const struct table *t, const struct table_screen *screen)
{
	size_t rows = !screen->height ? HEADER_EVERY
		: screen->height > 2 * HEADER_LINES + 1 ? screen->height - HEADER_LINES - 1
		: HEADER_LINES;

	return t->conf.header && (t->stale || t->rows >= rows);
}

static bool put_rows(struct table *t, const struct row_window *r,
	const struct table_screen *screen, struct buf *out)
{
	for (size_t i = 0; i < r->nrow; i++) {
		const struct row *row = &r->row[i];
		const struct row_series *f = t->nknown ? find(row, &t->known[0]) : NULL;
		struct trend *trend;

		trend = trend_of(t, row);
		if (!trend)
			return false;
		trend_add(t, trend, f ? f->stat[kinds[f->kind].trend] : NAN);
		if (is_header_due(t, screen))
			put_header(t, screen, out);
		put_row(t, r, row, trend, screen, out);
	}
	return !out->failed;
}

static void set_zone(struct table *t, int64_t end_ms, bool local_time)
{
	char zone[TIME_ZONE_MAX] = "UTC";

	t->offset_ms = local_time ? time_local_offset_ms(end_ms, zone) : 0;
	if (strcmp(zone, t->zone) != 0)
		t->stale = true;
	memcpy(t->zone, zone, sizeof(zone));
}

bool table_render(struct table *t, const struct row_window *r, const struct table_screen *screen,
	struct buf *out)
{
	size_t ids;

	t->windows++;
	set_zone(t, r->end_ms, screen->local_time);
	for (size_t i = 0; i < r->nrow; i++)
		if (!learn_row(t, &r->row[i]))
			return false;
	if (!measure(t, r, &ids))
		return false;
	lay_out(t, at_least(screen->width, TABLE_WIDTH_MIN), ids > 0);
	return put_rows(t, r, screen, out);
}

/* --- as an output --------------------------------------------------------------------- */

static bool put(void *table, const struct row_window *w, struct buf *out)
{
	const struct output_conf *conf = &((struct table *)table)->conf;
	struct table_screen terminal = { .width = TABLE_WIDTH };
	size_t columns = 0;

	bool on_terminal = writer_terminal(conf->writer, &columns, &terminal.height);

	terminal.colour = on_terminal && conf->colour;
	terminal.local_time = on_terminal && !conf->utc;
	if (columns)
		terminal.width = columns;
	if (conf->columns)
		terminal.width = conf->columns;
	return table_render(table, w, &terminal, out);
}

const struct output output_table = { .new = new, .free = free_state, .put = put };
