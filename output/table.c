#include "output/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/list.h"
#include "output/table_columns.h"
#include "output/trend.h"
#include "util/base.h"
#include "util/lines.h"
#include "util/term_text.h"
#include "util/text.h"
#include "util/time.h"
#include "util/utf8.h"

#define HEADER_EVERY 24		/* rows, if it is not a terminal */
#define HEADER_LINES 2
#define GAP 2
#define NUMBER TABLE_NUMBER
#define PAIR (2 * NUMBER + 1)	/* a series has two numbers, with a blank between them */
#define LABEL 24		/* columns of a label; more if there is room */
#define UPDATES 4
#define COVERAGE 3
#define LAG 5
#define MEDIA_INDENT 2
#define NAME_LEAST 16		/* columns of a name, or fewer on the narrowest screens */
#define ID_LEAST 9
#define NAME_LEAST_OVERVIEW 14
#define NAME_FIRST 18		/* columns of a name that come before second numbers */
#define TREND 8			/* windows of the trend, each one column wide */
#define MS_DAY 3600000		/* windows of this length or longer are shown with their day */

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define WARN "\033[33m"
#define PLAIN "\033[0m"

struct layout {			/* widths in columns; 0: not shown */
	size_t clock, queue;
	size_t nseries, series[TABLE_COLUMNS_MAX];
	size_t numbers[TABLE_COLUMNS_MAX];	/* of each series that are shown */
	size_t gap;			/* before each series */
	size_t trend, coverage, updates, lag;
	size_t used;
};

struct table {
	struct output_conf conf;
	struct term_text_signs signs;
	struct table_columns columns;
	struct trends trends;
	size_t name_width;	/* of the widest name so far */
	size_t id_width;	/* columns that are enough to tell all IDs so far apart */
	struct layout layout;
	int64_t offset_ms;	/* of the times from UTC */
	char zone[TIME_ZONE_MAX];	/* of the times, and the title of their column */
	bool stale;		/* the last header was printed for another layout */
	size_t rows;		/* since the header */
	struct buf line;
};

static void free_state(void *table)
{
	struct table *t = table;

	if (!t)
		return;
	table_columns_free(&t->columns);
	trends_free(&t->trends);
	utf8_locale_free(t->signs.utf8);
	buf_free(&t->line);
	free(t);
}

static void *new(const struct output_conf *conf)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->conf = *conf;
	t->signs = (struct term_text_signs){ utf8_locale_new(), conf->ascii };
	t->id_width = ID_LEAST;
	t->trends.length = TREND;
	t->stale = true;
	if (conf->overview && !table_columns_overview(&t->columns, conf->now)) {
		free_state(t);
		return NULL;
	}
	return t;
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
		term_text_put(&text, &t->signs, row_id(&r->row[i]), columns);
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

static size_t names_width(const struct table *t)
{
	return at_least(t->name_width, strlen("queue"));
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

/* The columns of time and name. least: of a name. */
static struct layout begin_layout(const struct table *t, size_t width, bool has_ids, size_t least)
{
	struct layout l = { .clock = clock_width(t), .gap = GAP };

	l.queue = at_least(at_most(names_width(t), least), has_ids ? t->id_width : 0);
	l.queue = at_most(l.queue, width - l.clock - 2 - GAP - PAIR - GAP - COVERAGE);
	l.used = l.clock + 2 + l.queue;
	return l;
}

/* Takes columns in the order of importance; those that are left go to names and labels. */
static struct layout lay_out_series(const struct table *t, size_t width, bool has_ids)
{
	const struct table_columns *c = &t->columns;
	struct layout l = begin_layout(t, width, has_ids, NAME_LEAST);

	if (c->n && take(&l, width, PAIR))
		l.series[l.nseries++] = PAIR;
	l.coverage = take(&l, width, COVERAGE);
	if (l.nseries && t->conf.trend)
		l.trend = take(&l, width, TREND);
	l.updates = take(&l, width, UPDATES);
	l.lag = take(&l, width, LAG);
	while (l.nseries && l.nseries < c->n) {
		size_t columns = at_least(PAIR, at_most(LABEL,
			term_text_width(&t->signs, c->v[l.nseries].label)));

		/* on a narrow screen a cut label is better than none */
		if (!take(&l, width, columns)) {
			columns = PAIR;
			if (l.nseries > 1 || !take(&l, width, columns))
				break;
		}
		l.series[l.nseries++] = columns;
	}
	grow(&l, width, &l.queue, names_width(t));
	for (size_t i = 0; i < l.nseries; i++) {
		size_t label = term_text_width(&t->signs, c->v[i].label);
		size_t beside = i == 0 && l.trend ? GAP + TREND : 0;

		l.numbers[i] = c->v[i].n;
		grow(&l, width, &l.series[i], label > beside ? label - beside : 0);
	}
	return l;
}

/* The columns that a series of the overview takes if it shows one number. */
static size_t narrow_width(const struct table_column *column)
{
	return at_least(NUMBER, at_least(strlen(column->narrow[0]), strlen(column->narrow[1])));
}

/* Takes one number of each series, with a gap of 1 if not all fit with the usual one. */
static void take_overview(const struct table_columns *c, struct layout *l, size_t width)
{
	size_t all = 0;

	for (size_t i = 0; i < c->n; i++)
		all += GAP + narrow_width(&c->v[i]);
	l->gap = l->used + all <= width ? GAP : 1;
	while (l->nseries < c->n) {
		size_t columns = narrow_width(&c->v[l->nseries]);

		if (l->used + l->gap + columns > width)
			break;
		l->used += l->gap + columns;
		l->series[l->nseries] = columns;
		l->numbers[l->nseries++] = 1;
	}
}

/* Takes one number of each series, then the trend, then the second numbers. */
static struct layout lay_out_overview(const struct table *t, size_t width, bool has_ids)
{
	const struct table_columns *c = &t->columns;
	struct layout l = begin_layout(t, width, has_ids, NAME_LEAST_OVERVIEW);

	if (!t->conf.now)
		l.coverage = take(&l, width, COVERAGE);
	take_overview(c, &l, width);
	if (l.gap == GAP && t->conf.trend)
		l.trend = take(&l, width, TREND);
	grow(&l, width, &l.queue, at_most(names_width(t), NAME_FIRST));
	for (size_t i = 0; l.gap == GAP && i < l.nseries; i++) {
		size_t more = at_least(PAIR, strlen(c->v[i].label)) - l.series[i];

		if (c->v[i].n < 2 || l.used + more > width)
			continue;
		grow(&l, width, &l.series[i], l.series[i] + more);
		l.numbers[i] = 2;
	}
	if (l.gap == GAP && !t->conf.now) {
		l.updates = take(&l, width, UPDATES);
		l.lag = take(&l, width, LAG);
	}
	grow(&l, width, &l.queue, names_width(t));
	return l;
}

static void lay_out(struct table *t, size_t width, bool has_ids)
{
	struct layout l = t->columns.overview ? lay_out_overview(t, width, has_ids)
		: lay_out_series(t, width, has_ids);

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

/* Whether the series is of the overview and shows one number, so that its title may have two
 * lines. */
static bool is_alone(const struct layout *l, const struct table_column *column, size_t i)
{
	return column->narrow[1] && l->numbers[i] == 1;
}

/* Says how many series are not shown, in the header above the last columns. */
static void put_more(const struct table *t, struct buf *out)
{
	const struct layout *l = &t->layout;
	size_t room = l->updates + l->coverage + l->lag
		+ GAP * (size_t)(!!l->updates + !!l->coverage + !!l->lag);
	char text[48];
	snprintf(text, sizeof(text), "+%zu more", t->columns.n - l->nseries);
	if (strlen(text) + GAP > room)
		*strchr(text, ' ') = '\0';
	if (t->columns.n > l->nseries && strlen(text) + GAP <= room)
		put_right(out, text, room);
}

static void put_labels(struct table *t, struct buf *out)
{
	const struct layout *l = &t->layout;

	term_text_blanks(&t->line, l->clock + 2 + l->queue);
	for (size_t i = 0; i < l->nseries; i++) {
		const struct table_column *column = &t->columns.v[i];
		const size_t trend = i == 0 && l->trend ? GAP + TREND : 0;

		term_text_blanks(&t->line, l->gap);
		if (is_alone(l, column, i)) {
			put_right(&t->line, column->narrow[0], l->series[i]);
			term_text_blanks(&t->line, trend);
		} else {
			put_left(t, &t->line, column->label, l->series[i] + trend);
		}
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
		const struct table_column *column = &t->columns.v[i];

		term_text_blanks(line, l->gap);
		if (is_alone(l, column, i)) {
			put_right(line, column->narrow[1], l->series[i]);
		} else {
			put_right(line, column->number[0].title, NUMBER);
			put_right(line, column->n > 1 ? column->number[1].title : "", NUMBER + 1);
			term_text_blanks(line, l->series[i] - PAIR);
		}
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

static const char *number_text(char out[TERM_TEXT_NUMBER_MAX], const struct table_column *column,
	enum term_text_number form, double x)
{
	if (!column->is_ratio || !isfinite(x) || fabs(x) >= 10)
		return term_text_number(out, form, x, NUMBER);
	snprintf(out, TERM_TEXT_NUMBER_MAX, "%.1f%%", 100 * x);
	return out;
}

static void put_series(struct table *t, const struct row_window *r, const struct row *row,
	size_t i)
{
	const struct layout *l = &t->layout;
	const struct table_column *column = &t->columns.v[i];
	const bool alone = is_alone(l, column, i);
	const size_t first = alone ? column->alone : 0;
	char text[TERM_TEXT_NUMBER_MAX];
	size_t used = 0;

	term_text_blanks(&t->line, l->gap);
	for (size_t s = first; s < first + l->numbers[i]; s++) {
		const struct table_number *number = &column->number[s];
		const size_t columns = alone ? l->series[i] : NUMBER + s;

		put_right(&t->line, column->of_agents && row->media ? "" : number_text(text, column,
			number->form, table_column_value(column, r, row, number->stat)), columns);
		used += columns;
	}
	term_text_blanks(&t->line, l->series[i] - used);
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
	put_time(t, line, row->end_ms + t->offset_ms);
	buf_str(line, *dim ? PLAIN : "");
	put_coloured(line, screen->colour && row->partial ? WARN : "", row->partial ? "*" : " ", 1);
	buf_char(line, ' ');
	if (row->media)
		term_text_blanks(line, MEDIA_INDENT);
	put_left(t, line, row->media ? row->media : row_title(row),
		l->queue - (row->media ? MEDIA_INDENT : 0));
	for (size_t i = 0; i < l->nseries; i++) {
		put_series(t, r, row, i);
		if (i == 0 && l->trend) {
			gap(line, 0);
			trend_put_bars(trend->v, TREND, t->conf.ascii, line);
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
		const struct table_column *first = t->columns.n ? &t->columns.v[0] : NULL;
		const struct trend *trend = trends_add(&t->trends, row,
			first ? table_column_value(first, r, row, first->trend) : NAN);

		if (!trend)
			return false;
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
	size_t ids, from = SIZE_MAX;

	t->trends.windows++;
	set_zone(t, r->end_ms, screen->local_time);
	for (size_t i = 0; i < r->nrow; i++)
		if (!table_columns_learn(&t->columns, &r->row[i], &from))
			return false;
	t->stale = t->stale || from < t->layout.nseries;
	if (from == 0)		/* the first series changed */
		trends_clear(&t->trends);
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

const struct output output_table = {
	.new = new, .free = free_state, .put = put, .put_list = list_put_table
};
